"""What waits, in the order in which it leaves, why, and until when: compared with what the core then does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import Target
from service.core.model import Assigned, Nothing
from service.core.pool_spec import Accepting, Escalation, Membership, PoolSpec
from service.core.rule_sets import Entry
from service.core.state import KINDS
from service.core.traits import Trait
from service.lane.changed import stored
from service.store.keys import LAYOUT, MARK
from service.store.memory import LaneMemory, MemoryStore
from service.store.port import Head
from service.views.waiting import WHY, Waiting, WaitingLine, Why, waiting
from service.wire.lanes import lane_of
from tests.core.build import MINUTE_MS, START_MS, Division, planted, pool, rules, users
from tests.core.test_steps import BY_MANAGER, Climbing, told


async def seen(division: Division, limit: int = 100) -> Waiting:
    """What the view shows of a division."""
    content = {key: {MARK: b"0"} for key in LAYOUT.keys}
    memory = LaneMemory(head=Head(revision=1), generation=b"0", content=content)
    for kind in KINDS:
        memory.write(LAYOUT.placed(stored(kind, "main", division.state.of_kind(kind))))
    store = MemoryStore()
    store.lanes[lane_of("main", 4)] = memory
    return await waiting(store, {"main": division.config}, 4, division.now_ms, limit)


async def line_of(division: Division, limit: int = 100) -> WaitingLine:
    """The one line in which something waits."""
    (line,) = (await seen(division, limit)).lines
    return line


async def test_nothing_waits_where_everybody_is_served() -> None:
    division = Division(pool("ann"))
    division.create()
    assert await seen(division) == Waiting((), {})


async def test_a_line_says_who_waits_since_when_and_why_nobody_takes_it() -> None:
    """D4: whoever asks is told how many are left out for which reason, and when the first is back."""
    limited = Membership("dan", max_open=1)
    division = Division(pool("ann", "bob", "eve", limited), users=users("eve", active=False))
    division.serve("lead/1", "lead/2", "lead/3")
    division.away("ann", until_minutes=90)
    division.away("bob", until_minutes=30, off_shift=True)
    division.create("lead/4", facts={"score": 2})
    division.later(minutes=5)
    line = await line_of(division)
    assert (line.division, line.pool, line.why, line.count) == ("main", "sales", "nobody_eligible", 1)
    assert line.excluded == {"away": 1, "off_shift": 1, "inactive": 1, "full": 1}
    assert line.next_try_ms == START_MS + 30 * MINUTE_MS
    assert [(each.record, each.since_ms, each.score, each.queued) for each in line.records] == [
        ("lead/4", START_MS, 2.0, False)
    ]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
async def test_records_are_shown_in_the_order_in_which_they_leave(scores: Sequence[int]) -> None:
    """D3: best score first, then oldest. The view and the core must agree, whatever the scores."""
    division = Division(pool("ann", drain_per_minute=100))
    division.away("ann")
    for number, score in enumerate(scores):
        division.create(f"lead/{number}", facts={"score": score})
    line = await line_of(division)
    first = await line_of(division, limit=3)
    decided = len(division.decisions)
    division.back("ann")
    left = [each.record for each in division.decisions[decided:] if isinstance(each.outcome, Assigned)]
    assert [each.record for each in line.records] == left
    assert [each.record for each in first.records] == left[:3]
    assert (first.count, len(first.records)) == (len(scores), min(3, len(scores)))


async def test_what_waits_for_the_next_minute_is_tried_then() -> None:
    """D3: waiting records are given out at a pace."""
    division = Division(pool("ann", drain_per_minute=1))
    division.away("ann")
    division.serve("lead/1", "lead/2")
    division.later(minutes=10, ms=5)
    division.back("ann")
    line = await line_of(division)
    assert (line.why, line.excluded, line.count) == ("nobody_eligible", {"paced": 1}, 1)
    assert line.next_try_ms == START_MS + 11 * MINUTE_MS


async def test_an_empty_pool_and_a_queue_say_so() -> None:
    """Nobody can be waited for in the one, and members take from the other: there is no next try."""
    division = Division(pool(), pool("bob", id="hot", strategy="take"))
    division.create("lead/1")
    division.create("lead/2", "pool:hot")
    hot, sales = (await seen(division)).lines
    assert (hot.pool, hot.why, hot.next_try_ms, hot.records[0].queued) == ("hot", "queued", None, True)
    assert (sales.pool, sales.why, sales.next_try_ms, sales.records[0].queued) == ("sales", "empty_pool", None, False)


async def test_members_with_a_domain_of_their_own_are_counted_as_such() -> None:
    """S76: only the record's fields would say whether they take it."""
    picky = Membership("ann", domain=planted("country", lambda country: country == "DE"))
    division = Division(pool(picky, "bob"))
    division.away("bob")
    division.create(facts={"country": "FR"})
    line = await line_of(division)
    assert (line.why, line.excluded) == ("nobody_eligible", {"away": 1, "domain": 1})


def reopened(spec: PoolSpec) -> Division:
    """A division whose one member was full when a record came, with another configuration before the lane looks."""
    division = Division(pool(Membership("ann", max_open=1)))
    division.serve("lead/1", "lead/2")
    division.config = Division(spec).config
    return division


@pytest.mark.parametrize(
    ("spec", "why"),
    [(pool("ann"), "its_turn"), (pool("bob", id="other"), "no_pool")],
    ids=["its_turn", "no_pool"],
)
async def test_a_newer_configuration_may_let_the_line_move(spec: PoolSpec, why: Why) -> None:
    """It is published, and the lane has not looked yet."""
    assert (await line_of(reopened(spec))).why == why


@pytest.mark.parametrize("what", ["skill", "required", "declined", "size"])
async def test_what_nobody_free_can_have_is_not_said_to_be_about_to_leave(what: str) -> None:
    """D3 S6 It was looked at in vain, and stands until something changes."""
    german = Trait("skill", "german")
    entry = Entry("e", Target("pool", "sales"), requires=(german,))
    division = Division(
        pool(
            Membership("ann", max_open=3),
            requires=(german,) if what == "skill" else (),
            accepting=Accepting(MINUTE_MS) if what == "declined" else None,
        ),
        rule_sets=rules(entry) if what == "required" else {},
        sizes={"lead": "effort"} if what == "size" else {},
    )
    division.create(owner=None if what == "required" else "pool:sales", facts={"effort": 5})
    if what == "declined":
        division.decline("lead/1", "ann")
    line = await line_of(division)
    assert (line.why, line.next_try_ms) == ("unsuited", None)


async def test_a_memory_that_means_nothing_is_named() -> None:
    """While it is rebuilt, and before the lane has decided anything."""
    store = MemoryStore()
    division = Division(pool("ann"))
    empty = await waiting(store, {"main": division.config}, 4, START_MS, 10)
    store.lanes[lane_of("main", 4)] = LaneMemory(head=Head(building=True))
    rebuilding = await waiting(store, {"main": division.config}, 4, START_MS, 10)
    assert (empty.unready, rebuilding.unready) == ({"main": "empty"}, {"main": "rebuilding"})


def test_every_reason_has_its_words() -> None:
    """Closed sets, each with a table beside its readers."""
    assert set(WHY) == set(get_args(Why))


async def test_a_line_says_which_steps_its_records_have_reached_and_when_the_next_begins() -> None:
    """D56 S6 What has no wait says why, too."""
    users = {"ann": {}, "off": {"active": False}}
    pools = {name: {"record_type": "lead", "members": [who]} for name, who in (("none", "off"), ("emea", "ann"))}
    steps = [{"pool": "none", "wait": "1h"}, {"pool": "emea", "wait": "15m"}, {"user": "ann"}]
    division = Climbing(steps, pools, users=users)
    division.away("ann")
    division.new()
    (record,) = (await line_of(division)).records

    assert [told(step) for step in record.steps] == ["pool:none 0 nobody", "pool:emea 0", "user:ann 15 ahead"]


async def test_the_line_of_a_person_says_that_each_waits_for_whom_it_names() -> None:
    division = Climbing([{"user": {"field": "manager"}, "wait": "1h"}, {"user": "ann"}], users=["ann", "bob", "eve"])
    division.away("bob")
    division.new(manager="bob")
    line = await line_of(division)

    assert (line.pool, line.why) == (BY_MANAGER, "one_by_one")
    assert [told(step) for step in line.records[0].steps] == ["user:{manager} 0", "user:ann 60 ahead"]


async def test_a_line_says_of_what_is_not_escalated_why() -> None:
    """D3 The people who look at the line are who can change it."""
    nobody = Target("user", "gone")
    division = Division(pool("ann", escalation=Escalation(30 * MINUTE_MS, nobody)))
    division.away("ann")
    division.create()
    assert (await line_of(division)).records[0].unfit == ""
    division.later(minutes=30)

    assert "no user gone" in (await line_of(division)).records[0].unfit
    assert division.decisions[-1].outcome == Nothing("not_escalated", "there is no user gone")
    division.configure(pool("ann", escalation=Escalation(30 * MINUTE_MS, Target("user", "zoe"))))
    assert division.last().outcome == Assigned("zoe")
