"""Begin a new epoch of the sources, knowingly: the CRM's topics are read from their beginning once more.

For when positions are out of range, or the CRM's topics were made anew, so that offsets mean something else.
"""

from __future__ import annotations

from typing import Final

import typer
from aiokafka.errors import KafkaError

from service.app.sources import reset_positions
from service.cli.exits import WrongUsage
from service.cli.reach import KafkaAddress, Reach, Yes, agreed, in_reach
from service.cli.speech import OUT, AsJson, write_json
from service.config.history import Sources, sources_record

command = typer.Typer()

WHAT_IT_DOES: Final = """\
A new epoch of the sources, {epoch} after {before}:
  1. the group {group} is put to the beginning of each partition of {topics};
  2. the epoch is written to {config}, and counts from each process's next start.
Everything that the CRM's topics still hold is read again. Lanes do not recognise it by its position any more, only by
its content: an event id seen lately or an older record version changes nothing, a record that is created again is an
update. What the topics hold no more stays unread. All processes must be stopped first, and started again afterwards."""


@command.command("reset")
def reset(yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Read the CRM's topics from their beginning, as a new epoch."""

    async def begin(reach: Reach) -> None:
        async with reach.feed() as feed:
            before = agreed(feed)
            after = _next(before, reach)
            if not as_json:
                OUT.print(_explained(before, after, reach), markup=False)
            if not yes:
                raise WrongUsage("nothing was changed: say --yes to do it")
            partitions = await _reset_positions(reach)
            await feed.publish([sources_record(after)])
            if feed.history.sources != after:
                raise WrongUsage("somebody else began an epoch at the same moment: look at it, then try again")
        if as_json:
            write_json({"epoch": after.epoch, "partitions": partitions})
        else:
            OUT.print(f"\nepoch {after.epoch} begins: {partitions} partitions are at their beginning", style="green")

    in_reach(begin, kafka)


def _next(before: Sources, reach: Reach) -> Sources:
    lanes = before.lanes if reach.connection.embedded else reach.settings.kafka.lanes
    if lanes != before.lanes:
        raise WrongUsage(
            f"the topics were begun with {before.lanes} lanes, the settings say {lanes}: each division's state lies in "
            "its lane and is not moved by a new epoch. Put FAIRLEAD_KAFKA__LANES back"
        )
    return Sources(before.epoch + 1, reach.settings.ingest.division_attribute, lanes)


def _explained(before: Sources, after: Sources, reach: Reach) -> str:
    told = WHAT_IT_DOES.format(
        epoch=after.epoch,
        before=before.epoch,
        group=_group(reach),
        topics=", ".join(reach.topics.sources),
        config=reach.topics.config,
    )
    if after.division_attribute == before.division_attribute:
        return told
    return (
        f"{told}\nThe division is read from {after.division_attribute!r} instead of {before.division_attribute!r}: "
        "records that another division has decided are new to theirs."
    )


def _group(reach: Reach) -> str:
    return f"{reach.settings.kafka.group}.ingest"


async def _reset_positions(reach: Reach) -> int:
    try:
        return await reset_positions(reach.connection, _group(reach), reach.topics.sources)
    except KafkaError as error:
        raise WrongUsage(
            f"the positions of {_group(reach)} cannot be set ({type(error).__name__}): stop all processes of the group "
            "first. Nothing was changed"
        ) from error
