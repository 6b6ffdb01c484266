"""What `adopt` and `restore` have in common: look at a halted lane, show how it stands, and act only when told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import typer

from service.cli.exits import WrongUsage
from service.cli.reach import Reach, agreed
from service.cli.speech import OUT, table_of
from service.kafka.configuration import ConfigurationFeed
from service.kafka.transport import KafkaTransport
from service.lane.recovery import FATES, Patient, RecoveryRefused, Summary, Survey, survey
from service.printable import printable
from service.wire.log_records import NewerLog

LaneNumber = Annotated[int, typer.Argument(metavar="LANE", min=0, help="Its number, as the service names it.")]

AFTERWARDS: Final = "Start the process that halted again: it claims the lane, rebuilds its memory and goes on."
NOT_DONE: Final = "nothing was changed: say --yes to do it"


@asynccontextmanager
async def patient_in_reach(reach: Reach, lane: int) -> AsyncIterator[tuple[Patient, ConfigurationFeed]]:
    """The lane with its connections, and the configuration. What recovery refuses is wrong usage, with its reason."""
    async with reach.feed() as feed, reach.store() as store:
        lanes = agreed(feed).lanes
        if lane >= lanes:
            raise WrongUsage(f"there is no lane {lane}: they are 0 to {lanes - 1}")
        transport = KafkaTransport(reach.connection, lane, reach.topics)
        try:
            state = feed.history.source_state
            lives = state.lives(reach.topics.events)
            yield Patient(lane, reach.topics, transport, store, state.newest_epoch, lives), feed
        except (RecoveryRefused, NewerLog) as error:
            raise WrongUsage(str(error)) from error
        finally:
            await transport.close()


async def look(patient: Patient, *, as_json: bool) -> Survey:
    """How the lane stands, shown to people before anything is done."""
    found = await survey(patient)
    if not as_json:
        _print(patient.lane, found)
    return found


def stands(found: Survey) -> dict[str, Any]:
    """A survey as JSON."""
    return {
        "memory": _said(found.memory),
        "log": _said(found.log),
        "log_bounds": found.log_bounds,
        "input_bounds": found.input_bounds,
        "input": found.input_fate,
        "belong_together": found.belong_together,
    }


def _said(summary: Summary | None) -> dict[str, Any] | None:
    return None if summary is None else {**summary._asdict(), "place": summary.place._asdict()}


def _print(lane: int, found: Survey) -> None:
    sides = ("memory (Redis)", "log (Kafka)")
    table = table_of("", *sides, right=sides, title=f"lane {lane}")
    for name, memory, log in _rows(found.memory, found.log):
        table.add_row(name, memory, log)
    OUT.print(table)
    OUT.print(f"log      offsets {found.log_bounds[0]} to {found.log_bounds[1]}; {_relation(found)}")
    OUT.print(f"input    offsets {found.input_bounds[0]} to {found.input_bounds[1]}; {FATES[found.input_fate]}")


def _relation(found: Survey) -> str:
    if found.log is None:
        return "its beginning is gone and it holds no complete snapshot"
    return "the memory's last batch is in it" if found.belong_together else "the memory's last batch is not in it"


def _rows(memory: Summary | None, log: Summary | None) -> list[tuple[str, str, str]]:
    pools = sorted({*(memory.turns if memory else ()), *(log.turns if log else ())})
    both = [_column(summary, pools) for summary in (memory, log)]
    names = ["last batch", "next input", "records", "waiting", *(printable(f"turns of {pool}") for pool in pools)]
    return list(zip(names, *both, strict=True))


def _column(summary: Summary | None, pools: list[str]) -> list[str]:
    if summary is None:
        return ["nothing", *("" for _ in range(3 + len(pools)))]
    numbers = (summary.revision, summary.place.offset, summary.records, summary.waiting)
    first, *others = [*map(str, numbers), *(str(summary.turns.get(pool, 0)) for pool in pools)]
    return ["none" if summary.revision < 0 else first, *others]
