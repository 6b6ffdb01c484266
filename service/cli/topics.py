"""Compare the broker's topics with what the service needs, or create those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import typer

from service.cli.exits import FoundProblems
from service.cli.reach import KafkaAddress, Reach, agreed, in_reach
from service.cli.speech import OUT, AsJson, write_json
from service.kafka import topics as topic_list
from service.kafka.topics import TopicProblem, Wanted

command = typer.Typer()


@command.command("check")
def check(as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Compare topics with what is wanted; 1 where something differs."""

    async def look(reach: Reach) -> None:
        wanted = await _wanted(reach)
        problems = await topic_list.check(reach.connection, wanted)
        _tell(len(wanted), [], problems, as_json=as_json)

    in_reach(look, kafka)


@command.command("create")
def create(as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Create the topics that are missing; 1 where one cannot be. What is there is left as it is."""

    async def make(reach: Reach) -> None:
        wanted = await _wanted(reach)
        created = await topic_list.create(reach.connection, wanted)
        _tell(len(wanted), created.topics, created.problems, as_json=as_json)

    in_reach(make, kafka)


async def _wanted(reach: Reach) -> list[Wanted]:
    """As the settings say; the embedded broker has a number of lanes of its own."""
    settings = reach.settings.kafka
    lanes = settings.lanes
    if reach.connection.embedded:
        async with reach.feed() as feed:
            lanes = agreed(feed).lanes
    return topic_list.read_wanted(reach.topics, lanes, settings.replication_factor)


def _tell(wanted: int, created: Sequence[str], problems: Sequence[TopicProblem], *, as_json: bool) -> None:
    if as_json:
        write_json({"created": created, "problems": [asdict(problem) for problem in problems]})
    else:
        for topic in created:
            OUT.print(f"created {topic}", style="green")
        for problem in problems:
            OUT.print(str(problem), markup=False, style="red")
        if not problems:
            OUT.print(f"all {wanted} topics are there" + ("" if created else ", nothing to do"))
    if problems:
        raise FoundProblems
