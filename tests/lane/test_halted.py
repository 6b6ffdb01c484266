"""Whatever a lane halts for, `/ready` names the remedy that works, and it is tried here: one row per cause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, get_args

import pytest

from service.core.events import Target
from service.core.rule_sets import Entry
from service.core.state import LEVEL
from service.kafka.memory import MemoryTransport
from service.lane import folding, sealing
from service.lane.raising import MAX_RAISED_IN_A_ROW
from service.lane.recovery import Patient, RecoveryRefused, adopt, restore
from service.lane.surprise import REMEDIES, HaltCause, Halted
from service.store.memory import MemoryStore
from service.wire.log_records import Claim, NewerLog, Opening, encode
from service.wire.messages import Message
from tests.core.build import created, planted, pool, rules
from tests.lane.build import INPUT, LANE, LOG, TOPICS, World
from tests.lane.test_bounds import telling, until_idle

Case = Callable[[pytest.MonkeyPatch], Awaitable[str]]
"""Halts a lane, does what helps, and sees that it decides again. Returns words of the remedy that it followed."""


def raises(fact: object) -> bool:
    """A criterion with a bug."""
    raise ZeroDivisionError("planted")


async def worked(*, records: int = 3) -> World:
    """A world whose lane has decided so many."""
    world = World()
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(records)))
    await until_idle(await world.owner())
    return world


async def goes_on(world: World) -> bool:
    """Whether a new owner decides what comes."""
    before = len(world.owners)
    world.send(created("lead/after", "pool:sales"))
    await until_idle(await world.owner("after"))
    return len(world.owners) == before + 1


async def halts(world: World, cause: HaltCause) -> None:
    with pytest.raises(Halted) as halted:
        await until_idle(await world.owner("halting"))
    assert halted.value.cause == cause


def patient(world: World) -> Patient:
    return Patient(LANE, TOPICS, MemoryTransport(world.broker, LANE, TOPICS), world.store)


async def a_memory_of_another_life(monkeypatch: pytest.MonkeyPatch) -> str:
    """It knows a claim that the log has not."""
    world = await worked()
    await world.store.fence(LANE, 10_000)
    await halts(world, "two_lives")
    await adopt(patient(world))
    assert await goes_on(world)
    return "`fairlead adopt LANE`"


async def a_log_of_another_life(monkeypatch: pytest.MonkeyPatch) -> str:
    """Kafka was lost, and somebody has claimed the lane since."""
    world = await worked()
    world.broker.partitions[LOG].records.clear()
    await halts(world, "two_lives")
    await restore(patient(world), "tests", {"main"})
    assert await goes_on(world)
    return "where Kafka lost the log, `fairlead restore LANE`"


async def a_log_cut_behind_the_memory(monkeypatch: pytest.MonkeyPatch) -> str:
    """Adopting is refused: nothing could be rebuilt."""
    world = await worked()
    transport = MemoryTransport(world.broker, LANE, TOPICS)
    await transport.truncate_log((await transport.log_bounds())[1])
    await halts(world, "log_cut")
    with pytest.raises(RecoveryRefused):
        await adopt(patient(world))
    await restore(patient(world), "tests", {"main"})
    assert await goes_on(world)
    return "run `fairlead restore LANE`"


async def a_log_cut_and_a_memory_lost(monkeypatch: pytest.MonkeyPatch) -> str:
    """A backup of Redis, however old, is what is left of the lane."""
    world = await worked()
    backup, world.store = world.store, MemoryStore()
    transport = MemoryTransport(world.broker, LANE, TOPICS)
    await transport.truncate_log((await transport.log_bounds())[1])
    await halts(world, "log_cut")
    for recover in (adopt(patient(world)), restore(patient(world), "tests", {"main"})):
        with pytest.raises(RecoveryRefused):
            await recover
    world.store = backup
    await restore(patient(world), "tests", {"main"})
    assert await goes_on(world)
    return "after putting back a backup of Redis"


async def outputs_cut_from_the_last_batch(monkeypatch: pytest.MonkeyPatch) -> str:
    """The memory's last batch is there, and no claim gets past it: what it has to publish again is gone."""
    monkeypatch.setattr(sealing, "MAX_RECORD_BYTES", 200_000)
    monkeypatch.setattr(sealing, "PART_BYTES", 100_000)
    world = World()
    queue, users = telling(*(f"person-{number:04}" for number in range(1_000)))
    world.configure(queue, users=users)
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await until_idle(owner)
    await MemoryTransport(world.broker, LANE, TOPICS).truncate_log(owner.tenure.head.revision)
    await halts(world, "log_cut")
    await restore(patient(world), "tests", {"main"})
    await until_idle(await world.owner("after"))
    return "run `fairlead restore LANE`"


async def an_input_that_lost_events(monkeypatch: pytest.MonkeyPatch) -> str:
    """The sources were reset, and nobody knows a new identity of the lanes' topic: the lane halts again."""
    world = await worked()
    world.broker.partitions[INPUT].records.clear()
    await halts(world, "input_lost")
    await restore(patient(world), "tests", {"main"})
    assert await goes_on(world)
    return "A lane that halts again for it needs `fairlead restore LANE`, too"


async def a_piece_too_large_for_a_record(monkeypatch: pytest.MonkeyPatch) -> str:
    """Neither log nor memory is wrong; a release that has it mended goes on."""
    world = await worked()
    world.configure(pool("ann", "bob"))
    owner = await world.owner()
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "MAX_RECORD_BYTES", 10)
        owner.lane._sealing.max_bytes = 1
        with pytest.raises(Halted) as halted:
            await owner.work()
    assert halted.value.cause == "indivisible"
    assert await goes_on(world)
    return "a release that has it mended"


async def too_many_raises(monkeypatch: pytest.MonkeyPatch) -> str:
    """The configuration is mended, and the lane goes on behind the dead letters."""
    world = World()
    world.configure(pool("ann"), rule_sets=rules(Entry("bug", Target("pool", "sales"), (planted("field", raises),))))
    world.send(*(created(f"lead/{number}") for number in range(MAX_RAISED_IN_A_ROW)))
    await halts(world, "raises")
    world.configure(pool("ann"))
    assert await goes_on(world)
    return "mend what raised (a configuration: `fairlead config rollback`), then start the process again"


async def a_newer_release(monkeypatch: pytest.MonkeyPatch) -> str:
    """It has raised the lane's level."""
    world = await worked()
    token = world.broker.partitions[LOG].end
    raising = Opening(token, {}, level=LEVEL + 1)
    world.broker.write(LOG, [Message("", b"", encode(each)) for each in (Claim("newer", LEVEL), raising)])
    with pytest.raises(NewerLog):
        await world.owner("older")
    monkeypatch.setattr(folding, "LEVEL", LEVEL + 1)
    assert await goes_on(world)
    return "let it own the lane again"


ROWS: Final[Mapping[HaltCause, tuple[Case, ...]]] = {
    "two_lives": (a_memory_of_another_life, a_log_of_another_life),
    "log_cut": (a_log_cut_behind_the_memory, a_log_cut_and_a_memory_lost, outputs_cut_from_the_last_batch),
    "input_lost": (an_input_that_lost_events,),
    "indivisible": (a_piece_too_large_for_a_record,),
    "raises": (too_many_raises,),
    "newer_log": (a_newer_release,),
}


@pytest.mark.parametrize(
    ("cause", "case"),
    [(cause, case) for cause, cases in ROWS.items() for case in cases],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_the_remedy_that_is_named_works(cause: HaltCause, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await case(monkeypatch) in REMEDIES[cause]


def test_each_cause_has_its_row() -> None:
    assert set(ROWS) == set(REMEDIES) == set(get_args(HaltCause))


@pytest.mark.parametrize("cause", ["indivisible", "raises", "newer_log"])
def test_log_and_memory_are_left_alone_where_neither_is_wrong(cause: HaltCause) -> None:
    """Adopting or restoring would lose decisions, and halt again."""
    assert "adopt" not in REMEDIES[cause]
    assert "restore" not in REMEDIES[cause]
