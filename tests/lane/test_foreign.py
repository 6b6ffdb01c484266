"""Somebody else writes into a lane's topics: it does not count, is named once, and the lane goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.core.events import MemberEvent
from service.lane import strangers
from service.lane.surroundings import InputSeen
from service.telemetry.metrics import METERS
from service.wire.dead_letters import DETAIL
from service.wire.messages import Message
from service.wire.seals import SEAL_BYTES, sealed
from tests.core.build import created
from tests.lane.build import INPUT, LOG, TOPICS, World, input_of
from tests.simulation.accidents import FOREIGN


def counted(topic: str) -> float:
    """How many foreign records of a topic were counted so far."""
    return METERS.registry.get_sample_value("fairlead_foreign_records_total", {"topic": topic}) or 0


def named(lines: list[Any]) -> list[tuple[str, int]]:
    """Topic and offset of each foreign record that was named."""
    return [(line["topic"], line["offset"]) for line in lines if line["event"] == "record.passed_over"]


async def test_foreign_records_of_the_log_are_stepped_over() -> None:
    """The gap that they leave is read and is no claim; a take-over and a rebuild read on behind them."""
    world, before = World(), counted(TOPICS.log)
    owner = await world.owner()
    with capture_logs() as lines:
        for number, value in enumerate(FOREIGN):
            world.broker.write(LOG, [Message("", b"", value)])
            world.send(created(f"lead/{number}", "pool:sales"))
            await owner.work(2)
        strangers_of_one = len(named(lines))
        world.store.lanes.clear()
        await world.owner("two")
    assert (len(world.owners), strangers_of_one) == (len(FOREIGN), len(FOREIGN))
    assert len(set(named(lines))) == len(FOREIGN)
    assert counted(TOPICS.log) - before == 2 * len(FOREIGN)
    world.check()


async def test_however_many_foreign_records_there_were_the_next_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence would look as if whoever writes there had stopped."""
    monkeypatch.setattr(strangers, "NAMED_AT_MOST", 2)
    world = World()
    owner = await world.owner()
    for _ in range(5):
        world.put(b"garbage")
    with capture_logs() as lines:
        await owner.work(6)
    assert [offset for _, offset in named(lines)] == [0, 1, 2, 3, 4]
    assert dict(owner.lane.noticed.recent())["foreign_record"].times == 5


async def test_a_lane_names_a_foreign_record_once() -> None:
    """However often it claims again and reads the log anew."""
    world = World()
    await (await world.owner()).work()
    world.broker.write(LOG, [Message("", b"", b"garbage")])
    lane = world.lane("two")
    with capture_logs() as lines:
        for _ in range(3):
            world.store.lanes.clear()
            await lane.take_over()
    assert named(lines) == [(TOPICS.log, 2)]


def foreign_input(at: list[Any]) -> bytes:
    """An input like those of ingest, at a position where ingest has never read."""
    found = json.loads(input_of(created("lead/9", "pool:sales"), (0, "crm.records", 0, 0)))
    del found["seal"]
    return sealed(json.dumps({**found, "at": at}).encode())


@pytest.mark.parametrize(
    "at",
    [
        [7, "crm.records", 0, 3],
        [10**18, "crm.records", 0, 3],
        [0, "crm.records", 0, 1e300],
        [0, "crm.records", 0, -1],
        [0, "crm.records", "zero", 3],
        [],
    ],
    ids=["an epoch that nobody began", "a huge epoch", "a huge offset", "a negative offset", "a text", "nothing"],
)
async def test_an_input_at_no_position_of_ours_is_a_dead_letter(at: list[Any]) -> None:
    """It must not poison the marks: everything that comes after it would count as taken before."""
    world = World()
    world.newest_epoch = 3
    world.send(created("lead/1", "pool:sales"))
    world.broker.write(INPUT, [Message("", b"", foreign_input(at))])
    world.send(created("lead/2", "pool:sales"))
    with capture_logs() as lines:
        await (await world.owner()).work(3)
    assert world.owners == ["ann", "bob"]
    assert ("dead_letter", "unreadable_event") in world.outcomes
    assert named(lines) == [(TOPICS.events, 1)]


@pytest.mark.parametrize(
    "wrong", [{"until_ms": "tomorrow"}, {"until_ms": 1e300}, {"person": 7}, {"availability": None}, {"id": []}]
)
async def test_an_input_with_a_wrong_type_is_a_dead_letter(wrong: dict[str, object]) -> None:
    """A time that is a text raised in each later decision that read it."""
    world = World()
    away = json.loads(input_of(MemberEvent(id="e", person="ann", availability="away"), (0, "crm.members", 0, 0)))
    away["member"] |= wrong
    world.put(json.dumps(away).encode())
    world.send(created("lead/1", "pool:sales"))
    await (await world.owner()).work(3)
    assert world.owners == ["ann"]
    assert ("dead_letter", "unreadable_event") in world.outcomes


async def test_an_epoch_that_was_just_begun_is_heard_of_in_time() -> None:
    """Ingest may be quicker than what this process reads of the sources."""
    world, reads = World(), 0
    owner = await world.owner()

    async def read_up() -> None:
        nonlocal reads
        reads += 1
        world.newest_epoch, world.input = 1, InputSeen(lives={"", "new"})

    world.newest_epoch = 0
    owner.lane._strangers.around = owner.lane.around = replace(owner.lane.around, read_up=read_up)
    told = input_of(created("lead/1", "pool:sales"), (1, "crm.records", 0, 0))
    world.put(sealed(unsealed(told), "new"))
    await owner.work(2)
    assert (world.owners, reads) == (["ann"], 1)


def unsealed(value: bytes) -> bytes:
    """An input as it is before ingest seals it."""
    return b"{" + value[SEAL_BYTES + 1 :]


REAL = input_of(created("lead/2", "pool:sales"), (0, "crm.records", 0, 5_000))
"""An input of ours, in so far as it says what ingest writes, at a place that ingest has not reached."""


@pytest.mark.parametrize(
    "forged",
    [
        unsealed(REAL),
        REAL.replace(b"5000", b"5001"),
        REAL.replace(b"crm.records", b"crm.recordz"),
        REAL.replace(b'["event"', b'["Event"'),
        json.dumps(json.loads(REAL)).encode(),
        sealed(unsealed(REAL), "the topic of another deployment"),
        b'{"seal":"0000000000000000",' + unsealed(REAL)[1:],
        b'{"seal":7,' + unsealed(REAL)[1:],
        b'{"seal":"',
    ],
    ids=["by hand", "moved", "of a mirror", "changed", "written anew", "of others", "a guess", "a number", "cut"],
)
async def test_a_plausible_place_that_ingest_did_not_write_moves_no_mark(forged: bytes) -> None:
    """Each later event up to that place would count as taken before, and be dropped."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    world.put(forged)
    world.send(*(created(f"lead/{number}", "pool:sales") for number in (3, 4)))
    owner = await world.owner()
    with capture_logs() as lines:
        await owner.work(3)
    assert world.owners == ["ann", "bob", "cem"]
    assert world.outcomes.count(("dead_letter", "unreadable_event")) == 1
    assert named(lines) == [(TOPICS.events, 1)]
    assert dict(owner.lane.noticed.recent()) == {"foreign_record": (1, f"{TOPICS.events}/0/1")}


async def test_what_ingest_of_a_newer_release_wrote_is_no_strangers() -> None:
    """It is a dead letter that says what to do, moves no mark, and nobody looks for who writes there."""
    world = World()
    world.put(sealed(b'{"at":[0,"crm.records",0,5000],"origin":["e","","",""],"tomorrows":{"kind":"unheard_of"}}'))
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    with capture_logs() as lines:
        await owner.work(2)
    assert world.owners == ["ann"]
    (letter,) = world.published(TOPICS.dead_letters)
    assert b"Redrive it once no older process is left" in (dict(letter.headers)[DETAIL] or b"")
    assert (named(lines), dict(owner.lane.noticed.recent())) == ([], {})
