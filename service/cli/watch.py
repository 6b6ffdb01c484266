"""Show decisions as they are published, one a line, until Ctrl-C or a number of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Annotated, Final

import typer
from rich.text import Text

from service.cli.reach import KafkaAddress, OneDivision, Reach, in_reach
from service.cli.speech import ERRORS, OUT, AsJson, tell_foreign, write_json
from service.kafka.reading import follow_topic
from service.printable import printable
from service.views.published import Foreign, Published, read_published

COLOURS: Final[Mapping[str, str]] = {"assigned": "green", "pending": "yellow", "rejected": "red", "released": "cyan"}
"""By outcome; any other is dim."""


def command(
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="End after so many; 0: never.")] = 0,
    division: OneDivision = "",
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Show assignments as they happen."""

    async def watch(reach: Reach) -> None:
        left = count
        ERRORS.print(f"watching {reach.topics.assignments} at {reach.connection.bootstrap}; Ctrl-C ends", style="dim")
        async with aclosing(follow_topic(reach.connection, reach.topics.assignments)) as arriving:
            async for record in arriving:
                published = read_published(record)
                if isinstance(published, Foreign):
                    tell_foreign(*published)
                    continue
                if division and published.division != division:
                    continue
                show(published, as_json=as_json)
                left -= 1
                if left == 0:
                    return

    try:
        in_reach(watch, kafka)
    except KeyboardInterrupt:
        return


def show(published: Published, *, as_json: bool) -> None:
    """One decision in one line."""
    if as_json:
        write_json(published.as_json())
        return
    outcome = published.decision.outcome
    what, rest = outcome.words(str)
    line = Text(f"{printable(published.time[11:23])}  ")
    if published.division != "main":
        line.append(f"{printable(published.division)}  ", style="dim")
    line.append(printable(published.decision.record), style="bold")
    line.append(" → ").append(printable(what), style=COLOURS.get(outcome.name, "dim"))
    line.append(f"   {printable(rest)}" if rest else "", style="dim")
    OUT.print(line)
