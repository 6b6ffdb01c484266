"""Change knowingly how the CRM's topics are read: from their beginning once more, or past what no client can read.

`reset` is for when positions are out of range, or topics were made anew, so that offsets mean something else. `skip` is
for when a record or a compressed batch cannot be read by this program at all, which `/ready` names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer
from aiokafka.errors import KafkaError

from service.app.sources import reset_positions
from service.cli.exits import WrongUsage
from service.cli.reach import KafkaAddress, Reach, Yes, agreed, in_reach
from service.cli.speech import OUT, AsJson, write_json
from service.config.history import sources_record
from service.config.sources import LONGEST_LEAP, Skip, Sources, SourceTopic
from service.kafka.configuration import ConfigurationFeed
from service.kafka.probing import Readable, Unreadable, probe
from service.nouns import counted

command = typer.Typer()

TopicName = Annotated[
    str, typer.Option("--topic", metavar="NAME", help="Only this topic; else all of them.", show_default=False)
]
Above = Annotated[
    int,
    typer.Option(
        "--above",
        metavar="EPOCH",
        min=0,
        max=LONGEST_LEAP,
        help="Of all topics: begin above this epoch, which `/ready` names.",
        show_default=False,
    ),
]
WhereToSkip = Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="As `/ready` names it.")]

WHAT_RESET_DOES: Final = """\
A new epoch of {whose}, {epoch} after {before}:
  1. the group {group} is put to the beginning of each partition of {topics};
  2. the epoch is written to {config}, and counts from each process's next start.
Everything that {whose} still hold is read again. Lanes do not recognise it by its position any more, only by its
content: an event id seen lately or an older record version changes nothing, a record that is created again is an
update. What is held no more stays unread. All processes must be stopped first, and started again afterwards."""

WHAT_SKIP_DOES: Final = """\
{offsets} of {partition} cannot be read by this program: {error}
That is passed: whoever has the partition goes on at {stop}, and a dead letter says what was passed. Nobody decides it.
Processes need not be stopped."""


@command.command("reset")
def reset(
    topic: TopicName = "", above: Above = 0, yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = ""
) -> None:
    """Read the CRM's topics, or one of them, from the beginning, as a new epoch."""
    if topic and above:
        raise WrongUsage("--above is for all topics: leave --topic out")

    async def begin(reach: Reach) -> None:
        async with reach.feed() as feed:
            epoch, topics = max(feed.history.source_state.next_epoch, above + 1), _chosen(topic, reach)
            if not as_json:
                OUT.print(_explained(feed, epoch, topic, reach), markup=False)
            after = None if topic else _next(feed, epoch, reach)
            if not yes:
                raise WrongUsage("nothing was changed: say --yes to do it")
            found = await _reset_positions(reach, topics)
            records = [SourceTopic(topic, found.get(topic, ""), epoch)] if after is None else [after]
            await feed.publish([sources_record(record) for record in records])
            if feed.history.source_state.next_epoch != epoch + 1:
                raise WrongUsage("somebody else began an epoch at the same moment: look at it, then try again")
            await _confirm(reach, topics, epoch)
        if as_json:
            write_json({"epoch": epoch, "topics": topics})
        else:
            OUT.print(f"\nepoch {epoch} begins: {', '.join(topics)} are at their beginning", style="green")

    in_reach(begin, kafka)


@command.command("skip")
def skip(where: WhereToSkip, yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Pass what cannot be read, and nothing else. A dead letter says what was passed."""

    async def let_pass(reach: Reach) -> None:
        topic, partition, offset = _where(where, reach)
        async with reach.feed() as feed:
            agreed(feed)
            state = feed.history.source_state
            known = state.skip_at(topic, partition, offset)
            if known is None:
                known = await _unreadable(reach, where, state.epoch_of(topic), as_json)
                if not yes:
                    raise WrongUsage("nothing was changed: say --yes to do it")
                await feed.publish([sources_record(known)])
                if state.skip_at(topic, partition, offset) is None:
                    raise WrongUsage("the sources were changed at the same moment: look at them, then try again")
                told = f"{_offsets(known.start, known.stop)} of {topic}/{partition}: passed"
            else:
                told = f"nothing to do: {_offsets(known.start, known.stop)} passed already"
        if as_json:
            write_json(known._asdict())
        else:
            OUT.print(told, style="green", markup=False)

    in_reach(let_pass, kafka)


def _chosen(topic: str, reach: Reach) -> Sequence[str]:
    if topic and topic not in reach.topics.sources:
        raise WrongUsage(f"{topic} is not one of the CRM's topics, which are {', '.join(reach.topics.sources)}")
    return [topic] if topic else reach.topics.sources


def _next(feed: ConfigurationFeed, epoch: int, reach: Reach) -> Sources:
    before, expected = agreed(feed), feed.history.source_state.expected_epoch
    lanes = before.lanes if reach.connection.embedded else reach.settings.kafka.lanes
    if lanes != before.lanes:
        raise WrongUsage(
            f"the topics were begun with {counted(before.lanes, 'lane')}, the settings say {lanes}: each division's "
            "state lies in its lane and is not moved by a new epoch. Put FAIRLEAD_KAFKA__LANES back"
        )
    return Sources(epoch, reach.settings.ingest.division_attribute, lanes, expected)


def _explained(feed: ConfigurationFeed, epoch: int, topic: str, reach: Reach) -> str:
    state, before = feed.history.source_state, agreed(feed)
    told = WHAT_RESET_DOES.format(
        whose=f"the topic {topic}" if topic else "the sources",
        epoch=epoch,
        before=state.epoch_of(topic) if topic else before.epoch,
        group=_group(reach),
        topics=", ".join(_chosen(topic, reach)),
        config=reach.topics.config,
    )
    attribute = reach.settings.ingest.division_attribute
    if topic or attribute == before.division_attribute:
        return told
    return (
        f"{told}\nThe division is read from {attribute!r} instead of {before.division_attribute!r}: "
        "records that another division has decided are new to theirs."
    )


def _group(reach: Reach) -> str:
    return f"{reach.settings.kafka.group}.ingest"


async def _reset_positions(reach: Reach, topics: Sequence[str]) -> Mapping[str, str]:
    try:
        return await reset_positions(reach.connection, _group(reach), topics)
    except KafkaError as error:
        raise WrongUsage(
            f"the positions of {_group(reach)} cannot be set ({type(error).__name__}): stop all processes of the group "
            "first. Nothing was changed"
        ) from error


async def _confirm(reach: Reach, topics: Sequence[str], epoch: int) -> None:
    """Put the positions to the beginning once more. Whoever came in between has read on in the epoch before."""
    try:
        await reset_positions(reach.connection, _group(reach), topics)
    except KafkaError as error:
        raise WrongUsage(
            f"epoch {epoch} has begun, but a process of {_group(reach)} was started at the same moment, and may have "
            "read on in the epoch before: stop all processes, and do it once more"
        ) from error


def _where(text: str, reach: Reach) -> tuple[str, int, int]:
    topic, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise WrongUsage(f"{text} is not TOPIC/PARTITION/OFFSET, as in {reach.topics.sources[0]}/0/4711")
    _chosen(topic, reach)
    return topic, int(partition), int(offset)


def _offsets(start: int, stop: int) -> str:
    return f"offset {start}" if stop == start + 1 else f"offsets {start} to {stop - 1}"


async def _unreadable(reach: Reach, where: str, epoch: int, as_json: bool) -> Skip:
    """How far it cannot be read. Raises `WrongUsage` where it can."""
    topic, partition, offset = _where(where, reach)
    match await probe(reach.connection, topic, partition, offset):
        case Unreadable(start, stop, error):
            explained = WHAT_SKIP_DOES.format(
                offsets=_offsets(start, stop), stop=stop, partition=f"{topic}/{partition}", error=error
            )
            if not as_json:
                OUT.print(explained, markup=False)
            return Skip(epoch, topic, partition, start, stop)
        case Readable(why):
            raise WrongUsage(f"{where} is not skipped: {why}")
