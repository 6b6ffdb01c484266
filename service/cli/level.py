"""Raise the level of the lanes: what a new release added to what is remembered is used from then on, for good.

Until then any process may be put back to the release before. Afterwards a process that does not know the level claims
no lane, and says so. What was agreed on can be taken back as far as no lane was raised yet: its log says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import typer

from service.cli.exits import WrongUsage
from service.cli.reach import KafkaAddress, Reach, Yes, agreed, in_reach
from service.cli.speech import OUT, AsJson, write_json
from service.config.history import sources_record
from service.config.sources import AgreedLevel
from service.core.parts import PARTS
from service.core.state import LEVEL
from service.kafka.configuration import ConfigurationFeed
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

    async def newest(reach: Reach, feed: ConfigurationFeed) -> _Change:
        before = feed.history.source_state.level
        nothing = "nothing to do: the lanes are raised to level {before} already"
        done = "the lanes are raised to level {after}"
        return _Change(before, max(before, LEVEL), WHAT_RAISING_DOES, done, nothing)

    in_reach(_agreeing(newest, yes=yes, as_json=as_json), kafka)


@command.command("lower")
def lower_lanes(yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = "") -> None:
    """Take back a level that was agreed on by mistake, as far as no lane was raised to it."""

    async def highest_of_lanes(reach: Reach, feed: ConfigurationFeed) -> _Change:
        before = feed.history.source_state.level
        reached = max([await _reached(reach, lane) for lane in range(agreed(feed).lanes)])
        nothing = "nothing to do: there are lanes at level {before}, and none goes back"
        done = "the lanes are to be raised to level {after}"
        return _Change(before, min(before, reached), WHAT_LOWERING_DOES, done, nothing)

    in_reach(_agreeing(highest_of_lanes, yes=yes, as_json=as_json), kafka)


class _Change(NamedTuple):
    """From which level to which, and what is said of it: before it is done, when it is, and where there is none."""

    before: int
    after: int
    explained: str
    done: str
    nothing: str


def _agreeing(
    find: Callable[[Reach, ConfigurationFeed], Awaitable[_Change]], *, yes: bool, as_json: bool
) -> Callable[[Reach], Awaitable[None]]:
    """Agree on another level, after it was said what that does."""

    async def agree(reach: Reach) -> None:
        async with reach.feed() as feed:
            change = await find(reach, feed)
            levels = {"before": change.before, "after": change.after}
            is_same = change.before == change.after
            if not is_same:
                if not as_json:
                    OUT.print(change.explained.format(**levels), markup=False)
                if not yes:
                    raise WrongUsage("nothing was changed: say --yes to do it")
                await feed.publish([sources_record(AgreedLevel(change.after, change.before))])
            levels["after"] = feed.history.source_state.level
        if as_json:
            write_json({"before": change.before, "level": levels["after"]})
        elif is_same:
            OUT.print(change.nothing.format(**levels))
        else:
            OUT.print(change.done.format(**levels), style="green")

    return agree


async def _reached(reach: Reach, lane: int) -> int:
    """The level that a lane's log carries. Raises `WrongUsage` where this release does not know it."""
    transport = KafkaTransport(reach.connection, lane, reach.topics)
    try:
        return await level_of(transport)
    except NewerLog as error:
        raise WrongUsage(f"lane {lane} was raised, and no lane goes back: {error}") from error
    finally:
        await transport.close()
