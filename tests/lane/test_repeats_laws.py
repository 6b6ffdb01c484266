"""What is sent again is never answered twice, and what can be proven to have no answer is never dropped.

What a lane remembers of its inputs ends with a take-over; from then on the state tells, and what was refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.events import (
    OFFER_KINDS,
    MemberEvent,
    RecordEvent,
    RecordEventKind,
    Target,
)
from service.core.rule_sets import Entry
from service.lane import positions
from service.lane.positions import BLOCK, KEPT_MS, Positions
from service.lane.repeats import CLOCKS_MS, CONTENTS, Fate, Repeats
from service.limits import DAY_MS, HOUR_MS, Limits
from service.store.keys import kind_of
from service.wire.inputs import LaneInput, read_input
from service.wire.messages import Position
from tests.core.build import START_MS, Division, created, event, planted, pool, rules, updated
from tests.lane.build import LANE, SMALL, TOPICS, World, input_of
from tests.log_reader import Seen, read_log

KINDS = get_args(RecordEventKind)
TELLS = st.sampled_from(["version", "time", "both"])


def raises(fact: object) -> bool:
    """A criterion with a bug."""
    raise ZeroDivisionError("planted")


def broken(world: World) -> None:
    """From now on deciding by the rules raises."""
    bug = planted("field", raises)
    world.configure(pool("ann"), rule_sets=rules(Entry("bug", Target("pool", "sales"), (bug,))))


def place(offset: int, epoch: int = 0) -> tuple[int, str, int, int]:
    return (epoch, "crm.records", 0, offset)


def fate_after_a_take_over(told: RecordEvent, division: Division, refused: Positions | None = None) -> Fate:
    """What a lane that has just been taken over makes of an input below its mark."""
    raw = input_of(told, place(3))
    received = read_input(raw)
    assert isinstance(received, LaneInput)
    states = {"main": (division.state, division.config)}
    return Repeats(refused or Positions()).fate(received, states)


def when(tells: str, at: int) -> Mapping[str, int]:
    """What an event says of its order. Version and time agree, as they do where one system tells both."""
    version, time = {"version": at}, {"time_ms": START_MS + at}
    return {"version": version, "time": time, "both": version | time, "neither": {}}[tells]


@st.composite
def histories(draw: st.DrawFn) -> list[RecordEvent]:
    """Events of a few records in any order, of every kind, more of them than a record keeps the ids of.

    They come of one CRM, which tells version or time or both, if it tells any.
    """
    told, tells = [], draw(TELLS)
    for number in range(draw(st.integers(1, 30))):
        more: dict[str, Any] = dict(when(draw(st.sampled_from([tells, tells, "neither"])), draw(st.integers(0, 30))))
        kind = draw(st.sampled_from(KINDS))
        if kind in OFFER_KINDS:
            more["offer"] = draw(st.sampled_from(["gold", "silver"]))  # such an event names one
        owner = draw(st.sampled_from([None, "pool:sales", "pool:gone", "user:ann", "user:zoe", "user:ghost"]))
        status = draw(st.sampled_from([None, None, "open", "closed"]))
        record = draw(st.sampled_from(["lead/1", "lead/1", "contact/1"]))
        told.append(event(kind, record, owner, id=f"e{number}", status=status, facts={"score": number % 3}, **more))
    return told


@given(histories())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_was_heard_is_never_lost(told: list[RecordEvent]) -> None:
    """The law: whatever came of an event, and whatever came after it, it is no dead letter when it is sent again."""
    division = Division(pool("ann", "bob"), defaults={"lead": Target("pool", "sales")}, closed_when={})
    for number, each in enumerate(told):
        division.send(each)
        division.later(minutes=number % 3)
    assert all(fate_after_a_take_over(each, division) != "lost" for each in told)


@given(histories(), st.sampled_from(KINDS), st.sampled_from(["version", "time", "both"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_is_provably_new_is_lost(told: list[RecordEvent], kind: RecordEventKind, tells: str) -> None:
    """The contrary: about a record that nobody heard of, or of which all is known that it heard."""
    division = Division(pool("ann", "bob"))
    for each in told:
        division.send(each)
    assert fate_after_a_take_over(event(kind, "lead/3", None, **dict(when(tells, 0))), division) == "lost"
    times = Counter(each.record for each in told)
    for name in ("lead/1", "contact/1"):
        if times[name] < 8:
            assert fate_after_a_take_over(event(kind, name), division) == "lost"


def test_what_is_newer_than_all_that_was_heard_is_lost() -> None:
    """Where the ids of a record are not all there any more, its order tells; an event without it may be a repeat."""
    division = Division(pool("ann", "bob"))
    for version in range(12):
        division.send(updated("lead/1", version=version))
    assert fate_after_a_take_over(updated("lead/1", version=12), division) == "lost"
    assert fate_after_a_take_over(updated("lead/1", version=2), division) == "repeat"
    assert fate_after_a_take_over(updated("lead/1"), division) == "unknown"
    assert fate_after_a_take_over(updated("lead/1", status="closed"), division) == "unknown"


def test_what_was_heard_of_an_offer_of_a_deleted_record_is_not_lost() -> None:
    """A tombstone takes no note of its order: it may have heard any of them."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)
    division.delete("lead/1", version=2)
    offers = [event("ordered", "lead/1", version=version) for version in range(3, 13)]
    for each in offers:
        division.send(each)
    assert {fate_after_a_take_over(each, division) for each in offers} == {"repeat"}


REFUSED = ["decide_raised", "no_configuration", "taken_before"]


async def refuse(world: World, reason: str) -> bytes:
    """An event ends as a dead letter for this reason, and what refused it is mended; the input."""
    owner = await world.owner()
    await owner.work()
    lead = input_of(created("lead/1"), place(3), "west" if reason == "no_configuration" else None)
    if reason == "decide_raised":
        broken(world)
    if reason == "taken_before":
        world.put(input_of(created("lead/9", "pool:sales"), place(9)))
    await owner.work(2)
    world.put(lead)
    await owner.work(2)
    assert world.outcomes[-1] == ("dead_letter", reason)
    world.configure(pool("ann", "bob"))
    world.configure(pool("dia"), division="west")
    await owner.work(3)
    return lead


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("is_taken_over", [False, True])
async def test_a_dead_letter_is_an_answer(reason: str, is_taken_over: bool) -> None:
    """It left no record behind, and is sent again all the same: there is one letter, also when the memory is lost."""
    world = World()
    lead = await refuse(world, reason)
    if is_taken_over:
        world.store.lanes.clear()
    owner = await world.owner("two")
    for _ in range(2):
        world.put(lead)
        await owner.work(2)
    assert world.outcomes[-2:] == [("dropped", "")] * 2
    assert [letter.key for letter in world.published(TOPICS.dead_letters)] == [b"0/crm.records/0/3"]
    log = [Seen(TOPICS.log, LANE, each.offset, each.key, each.value) for each in world.published(TOPICS.log)]
    assert not read_log(LANE, log).found


async def test_what_was_lost_at_one_place_is_told_once() -> None:
    """In the same tenure too, and apart from other content at the same place, and from what was never taken."""
    world = World()
    world.put(input_of(created("lead/0", "pool:sales"), place(0)))
    world.put(input_of(created("lead/9", "pool:sales"), place(9)))
    owner = await world.owner()
    await owner.work(2)
    contents = [input_of(created(f"lead/{number}", "pool:sales"), place(9)) for number in range(1, CONTENTS)]
    between = input_of(created("lead/40", "pool:sales"), place(4))
    for _ in range(2):
        for each in (*contents, between):
            world.put(each)
        await owner.work()
    world.put(input_of(created("lead/9", "pool:sales", id="other"), place(9)))
    await owner.work()
    assert Counter(world.outcomes)["dead_letter", "taken_before"] == CONTENTS + 1
    assert Counter(world.outcomes)["dropped", ""] == CONTENTS


async def test_a_forgotten_record_proves_nothing() -> None:
    """What it heard may be sent again: also what told a time of its own that was ahead of the broker's."""
    limits = replace(SMALL, sweep_every_ms=HOUR_MS, deleted_ms=DAY_MS, closed_ms=2 * DAY_MS, untouched_ms=2 * DAY_MS)
    world = World()
    ahead = START_MS + CLOCKS_MS - 1
    inputs = [input_of(created("lead/1", "pool:sales", status="closed", time_ms=ahead), place(0))]
    inputs.append(input_of(created("lead/2", "pool:sales"), place(1)))
    for each in inputs:
        world.put(each)
    owner = await world.owner(limits=limits)
    await owner.work(2)
    world.now_ms += 2 * DAY_MS
    for _ in range(2):
        world.now_ms += HOUR_MS
        world.send(MemberEvent("m", "ann", "available"))
        await owner.work(100)
    assert not any(kind_of(key) == "record" for key in world.state)
    owner = await world.owner("two", limits=limits)
    for each in inputs:
        world.put(each)
    await owner.work(2)
    assert world.outcomes[-2:] == [("dropped", "unknown")] * 2
    assert not world.published(TOPICS.dead_letters)


def test_so_long_a_record_is_kept_at_least() -> None:
    """Whichever of the three is shortest; records note full minutes."""
    for name in ("deleted_ms", "closed_ms", "untouched_ms"):
        assert Limits(**{name: DAY_MS}).kept_least_ms == DAY_MS - 60_000


@pytest.mark.interpreted
def test_what_was_refused_and_forgotten_leaves_how_far_it_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """By age or by number, and for whoever takes over: below it nothing is proven, above it all is."""
    monkeypatch.setattr(positions, "MAX_BLOCKS", 2)
    refused, stored = Positions(), dict[str, bytes | None]()
    for number, offset in enumerate((10, BLOCK, 5 * BLOCK)):
        refused.remember(Position(*place(offset)), START_MS + number)
    refused.remember(Position(0, "crm.members", 0, 0), START_MS + KEPT_MS + 1)
    stored.update(refused.take_changes())
    other = Positions()
    for field, value in stored.items():
        if value is not None:
            other.absorb(field, value)
    for memory in (refused, other):
        assert [memory.may_have_held(Position(*place(offset))) for offset in (0, 2 * BLOCK - 1, 2 * BLOCK)] == [
            True,
            True,
            False,
        ]
        assert memory.holds(Position(*place(5 * BLOCK)))
        assert not memory.holds(Position(*place(10)))
        assert fate_after_a_take_over(created("lead/1"), Division(pool("ann")), memory) == "unknown"
