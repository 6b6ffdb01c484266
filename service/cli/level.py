"""Raise the level of the lanes: what a new release added to what is remembered is used from then on, for good.

Until then any process may be put back to the release before. Afterwards a process that does not know the level claims
no lane, and says so. What was agreed on can be taken back as far as no lane was raised yet: its log says so.
"""

from __future__ import annotations

from typing import Final

import typer

from service.cli.exits import WrongUsage
from service.cli.reach import KafkaAddress, Reach, Yes, agreed, in_reach
from service.cli.speech import OUT, AsJson, write_json
from service.config.history import sources_record
from service.config.sources import AgreedLevel
from service.core.parts import PARTS
from service.core.state import LEVEL
from service.kafka.transport import KafkaTransport
from service.lane.folding import level_of
from service.lane.takeover import LEVEL_REMEDY
from service.wire.log_records import NewerLog

command = typer.Typer()

WHAT_RAISING_DOES: Final = """\
The lanes go from level {before} to level {after}, each with its next batch; processes need not be stopped.
There is no way back: a process of a release that does not know level {after} owns none of these lanes any more. So let
all processes be of this release, or a later one, first."""
WHAT_LOWERING_DOES: Final = """\
It was agreed to raise the lanes to level {before}, and no log of a lane is above level {after}: this is what is agreed
on again.
A process of a release that knows level {before} may raise a lane until it hears of this; stop such processes first."""


@command.command("show")
def show(as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Show which level the lanes are raised to, which this release knows, and what is off until then."""

    async def tell(reach: Reach) -> None:
        async with reach.feed() as feed:
            level = feed.history.source_state.level
        off = sorted(place for place, part in PARTS.items() if part.level > level)
        if as_json:
            write_json({"level": level, "newest": LEVEL, "off": off})
        else:
            OUT.print(f"the lanes are raised to level {level}; this release knows level {LEVEL}", markup=False)
            if off:
                OUT.print(f"off below it: {', '.join(off)}", markup=False)
            if level > LEVEL:
                OUT.print(f"processes of this release claim no lane: {LEVEL_REMEDY}", markup=False, style="yellow")

    in_reach(tell, kafka)


@command.command("raise")
def raise_lanes(yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Raise the lanes to the newest level that this release knows, once no older process is left."""

    async def agree(reach: Reach) -> None:
        async with reach.feed() as feed:
            state = feed.history.source_state
            before = state.level
            if before < LEVEL:
                if not as_json:
                    OUT.print(WHAT_RAISING_DOES.format(before=before, after=LEVEL), markup=False)
                if not yes:
                    raise WrongUsage("nothing was changed: say --yes to do it")
                await feed.publish([sources_record(AgreedLevel(LEVEL, before))])
        if as_json:
            write_json({"before": before, "level": state.level})
        elif before < LEVEL:
            OUT.print(f"the lanes are raised to level {state.level}", style="green")
        else:
            OUT.print(f"nothing to do: the lanes are raised to level {before} already")

    in_reach(agree, kafka)


@command.command("lower")
def lower_lanes(yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Take back a level that was agreed on by mistake, as far as no lane was raised to it."""

    async def agree(reach: Reach) -> None:
        async with reach.feed() as feed:
            state = feed.history.source_state
            before = state.level
            reached = max([await _reached(reach, lane) for lane in range(agreed(feed).lanes)])
            if before > reached:
                if not as_json:
                    OUT.print(WHAT_LOWERING_DOES.format(before=before, after=reached), markup=False)
                if not yes:
                    raise WrongUsage("nothing was changed: say --yes to do it")
                await feed.publish([sources_record(AgreedLevel(reached, before))])
        if as_json:
            write_json({"before": before, "level": state.level})
        elif before > reached:
            OUT.print(f"the lanes are to be raised to level {state.level}", style="green")
        else:
            OUT.print(f"nothing to do: there are lanes at level {before}, and none goes back")

    in_reach(agree, kafka)


async def _reached(reach: Reach, lane: int) -> int:
    """The level that a lane's log carries. Raises `WrongUsage` where this release does not know it."""
    transport = KafkaTransport(reach.connection, lane, reach.topics)
    try:
        return await level_of(transport)
    except NewerLog as error:
        raise WrongUsage(f"lane {lane} was raised, and no lane goes back: {error}") from error
    finally:
        await transport.close()
