"""Limits of what is open, or was given within a time: as a member, over all pools, and of a pool as a whole."""

from __future__ import annotations

from typing import Final

import pytest

from service.core.configuration import User
from service.core.events import Target
from service.core.given import slot_field
from service.core.limit_spec import Limit, Per
from service.core.model import Assigned, LimitCount, Pending
from service.core.parts import at
from service.core.pool_spec import Membership
from service.core.reasons import ExclusionReason
from service.core.rule_sets import Entry
from tests.core.build import MINUTE_MS, Division, created, pool, rules

HOUR_MS: Final = 60 * MINUTE_MS


def limited(person: str, *limits: tuple[int, Per]) -> Membership:
    """A member with limits."""
    return Membership(person, limits=tuple(Limit(at_most, per) for at_most, per in limits))


def named(person: str) -> Entry:
    """An entry that gives everything to one person."""
    return Entry("named", Target("user", person))


def excluded(division: Division, record: str) -> dict[str, ExclusionReason | None]:
    """Why each candidate of the last decision about a record was left out."""
    return {each.person: each.excluded for each in division.last(record).trace.candidates}


def test_n_of_n_within_a_window_is_full_and_a_moment_later_there_is_room() -> None:
    """D14 D55 Limit 2, two members, five records: 2 and 2, the fifth waits; 3,601 s later there is room again."""
    division = Division(pool(limited("ann", (2, HOUR_MS)), limited("bob", (2, HOUR_MS))))

    assert division.serve(*(f"lead/{n}" for n in range(1, 6))) == ["ann", "bob", "ann", "bob", ""]
    assert excluded(division, "lead/5") == {"ann": "limit", "bob": "limit"}
    assert isinstance(division.last("lead/5").outcome, Pending)
    division.later(ms=HOUR_MS - 1)
    assert not division.record("lead/5").owner
    division.later(ms=1)
    assert division.record("lead/5").owner == "ann"
    division.later(ms=1_000)
    assert division.serve("lead/6") == ["bob"]


def test_what_waits_for_a_window_knows_its_next_try() -> None:
    """D3 D14 It is the earliest moment at which somebody has room, and a timer wakes the line then."""
    division = Division(pool(limited("ann", (1, HOUR_MS)), limited("bob", (1, HOUR_MS))))
    began_ms = division.now_ms
    division.serve("lead/1")
    division.later(minutes=10)
    division.serve("lead/2")
    waits = division.create("lead/3")

    assert isinstance(waits, Pending)
    assert waits.next_try_ms == began_ms + HOUR_MS == division.state.timers["drain/sales"].due_ms
    division.create("lead/4")
    division.later(minutes=50)
    assert (division.record("lead/3").owner, division.record("lead/4").owner) == ("ann", "")
    assert division.state.timers["drain/sales"].due_ms == began_ms + HOUR_MS + 10 * MINUTE_MS
    division.later(minutes=10)
    assert division.record("lead/4").owner == "bob"


def test_entries_of_70_and_50_minutes_ago_count_as_one_within_an_hour() -> None:
    """D14"""
    division = Division(pool(limited("ann", (3, HOUR_MS))))
    division.serve("lead/1")
    division.later(minutes=20)
    division.serve("lead/2")
    division.later(minutes=50)
    division.serve("lead/3")

    (ann,) = division.last("lead/3").trace.candidates
    assert ann.limits == (LimitCount("member", "1h", 1, 3),)


def test_several_windows_hold_together() -> None:
    """D14 The largest of them says how many times are kept."""
    division = Division(pool(limited("ann", (1, MINUTE_MS), (3, HOUR_MS))))

    assert division.serve("lead/1", "lead/2") == ["ann", ""]
    division.later(minutes=1)
    assert division.record("lead/2").owner == "ann"
    division.later(minutes=1)
    assert division.serve("lead/3") == ["ann"]
    division.later(minutes=1)
    assert division.serve("lead/4") == [""]
    division.later(minutes=57)
    assert division.record("lead/4").owner == "ann"
    assert len(division.state.slots) == 3


def test_none_means_always_room_and_0_never() -> None:
    """D14 Nobody waits for a time that never comes."""
    division = Division(
        pool(limited("ann", (0, HOUR_MS)), limited("bob", (0, "day")), limited("cem", (0, "open")), "dia")
    )

    assert division.serve(*(f"lead/{n}" for n in range(20))) == ["dia"] * 20
    division.configure(pool(limited("ann", (0, HOUR_MS))))
    waits = division.create("lead/99")
    assert isinstance(waits, Pending)
    assert waits.next_try_ms is None


@pytest.mark.parametrize("after", [limited("ann", (2, HOUR_MS)), "ann"], ids=["raised", "removed"])
def test_raising_or_removing_a_limit_wakes_what_waits(after: Membership | str) -> None:
    """D14"""
    division = Division(pool(limited("ann", (1, HOUR_MS))))
    division.serve("lead/1", "lead/2")

    division.configure(pool(after))
    assert division.record("lead/2").owner == "ann"


def test_a_lower_limit_holds_for_what_was_given_before() -> None:
    """D14 And slots that are too many by then go with the next ones."""
    division = Division(pool(limited("ann", (5, HOUR_MS))))
    division.serve(*(f"lead/{n}" for n in range(5)))
    division.configure(pool(limited("ann", (2, HOUR_MS))))

    assert division.serve("lead/5") == [""]
    division.later(minutes=60)
    division.serve("lead/6")
    division.later(minutes=60)
    division.serve("lead/7", "lead/8")
    assert len(division.state.slots) == 2


def test_a_ring_of_1000_goes_round() -> None:
    """D14 Nothing is cut, and a slot is used again when its time is no longer counted."""
    division = Division(pool(limited("ann", (1_000, HOUR_MS))))
    assert division.serve(*(f"lead/{n}" for n in range(1_001))) == ["ann"] * 1_000 + [""]
    division.later(minutes=60)

    assert division.record("lead/1000").owner == "ann"
    assert len(division.state.slots) == 1_000
    assert division.state.slots[slot_field("member/sales/ann", 1_000)].at_ms == division.now_ms


def test_what_is_not_counted_any_more_is_forgotten() -> None:
    """D14 With the limit, the member or the pool, in the switch that takes it away."""
    division = Division(pool(limited("ann", (2, HOUR_MS)), limited("bob", (2, "day"))))
    division.serve("lead/1", "lead/2")
    assert {*division.state.given} == {"member/sales/ann", "member/sales/bob"}

    division.configure(pool("ann", limited("bob", (3, "week"))))
    assert {*division.state.given} == {"member/sales/bob"}
    assert not division.state.slots
    division.configure()
    assert not division.state.given


def test_what_people_do_themselves_counts_in_no_period_and_may_exceed() -> None:
    """D55 Periods count what was given, not what was taken; hand-overs by people are not bound."""
    division = Division(
        pool(limited("ann", (1, HOUR_MS), (2, "open"))),
        pool("ann", id="desk", strategy="take"),
        pool(id="none"),
    )
    division.create("lead/1", owner="queue:desk")
    division.give("lead/1", "ann")
    division.give("lead/2", "ann")
    division.give("lead/3", "ann")
    assert not division.state.given
    assert division.serve("lead/4") == [""]
    assert excluded(division, "lead/4") == {"ann": "full"}


def test_what_is_given_back_was_given() -> None:
    """D55 b1 Closing, deleting, merging and handing on give nothing back."""
    division = Division(pool(limited("ann", (3, HOUR_MS))), users=[User("bob")])
    division.serve("lead/1", "lead/2", "lead/3")
    division.delete("lead/1")
    division.delete("lead/2", merged_into="3")
    division.give("lead/3", "bob")

    assert division.serve("lead/4") == [""]


def test_a_persons_limit_counts_over_all_pools_and_rules() -> None:
    """D14 D26 Of the types that it names, or of all; whoever gives."""
    ann = User("ann", limits=(Limit(3, HOUR_MS), Limit(1, HOUR_MS, ("deal",))))
    division = Division(
        pool("ann"),
        pool("ann", id="inbound"),
        pool("ann", id="deals", record_type="deal"),
        users=[ann],
        rule_sets=rules(named("ann")),
    )
    assert division.serve("lead/1") == ["ann"]
    division.create("lead/2", owner="pool:inbound")
    division.create("deal/1", owner="pool:deals")
    division.create("deal/2", owner="pool:deals")

    assert division.record("deal/1").owner == "ann"
    assert excluded(division, "deal/2") == {"ann": "limit"}
    assert division.serve("lead/3") == [""]
    assert division.last("lead/3").trace.candidates[0].limits == (LimitCount("person", "1h", 3, 3),)
    division.later(minutes=60)
    assert division.record("lead/3").owner == "ann"
    assert division.record("deal/2").owner == "ann"


def test_a_persons_open_limit_covers_all_types_unless_it_names_some() -> None:
    """D26"""
    ann = User("ann", limits=(Limit(2, "open"),))
    bob = User("bob", limits=(Limit(1, "open", ("lead",)),))
    deals = pool("ann", "bob", id="deals", record_type="deal")
    division = Division(pool("ann", "bob"), deals, users=[ann, bob])
    for n in range(4):
        division.create(f"deal/{n}", owner="pool:deals")

    assert division.serve("lead/1", "lead/2") == ["bob", ""]
    assert excluded(division, "lead/2") == {"ann": "full", "bob": "full"}


def test_a_place_that_is_freed_in_one_type_wakes_what_waits_in_another() -> None:
    """D26 b5"""
    ann = User("ann", limits=(Limit(1, "open"),))
    division = Division(pool("ann"), pool("ann", id="deals", record_type="deal"), users=[ann])
    division.create("deal/1", owner="pool:deals")
    division.serve("lead/1")
    assert not division.record("lead/1").owner

    division.delete("deal/1")
    assert division.record("lead/1").owner == "ann"


def test_a_pool_as_a_whole_has_limits() -> None:
    """D14 Nobody in it is given more, and it is looked at when there is room."""
    division = Division(pool("ann", "bob", limits=(Limit(3, HOUR_MS), Limit(5, "open"))))

    assert division.serve(*(f"lead/{n}" for n in range(4))) == ["ann", "bob", "ann", ""]
    assert excluded(division, "lead/3") == {"ann": "pool_limit", "bob": "pool_limit"}
    assert division.last("lead/3").trace.limits == (LimitCount("pool", "1h", 3, 3), LimitCount("pool", "open", 3, 5))
    division.later(minutes=60)
    assert division.record("lead/3").owner == "bob"
    assert division.serve("lead/4", "lead/5") == ["ann", ""]
    division.configure(pool("bob", limits=(Limit(5, "open"),)))
    division.delete("lead/0")
    assert division.record("lead/5").owner == "bob", "what ann has from the pool counts though they left it"


def test_an_entry_that_names_somebody_at_their_limit_is_passed_over() -> None:
    """D30 D55 The next entry is asked; where nobody else takes the record they get it after all: a last resort."""
    ann = User("ann", limits=(Limit(1, HOUR_MS),))
    division = Division(pool("bob"), users=[ann], rule_sets=rules(named("ann"), Entry("rest", Target("pool", "sales"))))
    division.create("lead/1", owner=None)
    division.create("lead/2", owner=None)
    assert [division.record(f"lead/{n}").owner for n in (1, 2)] == ["ann", "bob"]
    assert [each.unresolved for each in division.last("lead/2").trace.tried] == ["limit", None]

    division.configure(pool("bob"), rule_sets=rules(named("ann")))
    division.create("lead/3", owner=None)
    assert division.record("lead/3").owner == "ann"


def test_below_its_level_no_limit_of_a_time_is_there_and_nothing_is_remembered() -> None:
    """D14 But `max_open` is."""
    member = Membership("ann", max_open=3, limits=(Limit(1, HOUR_MS),))
    division = Division(pool(member, limits=(Limit(1, "day"),)), users=[User("ann", limits=(Limit(1, "week"),))])
    whole, below = division.config, at(division.config, 2)
    assert at(whole, 3) is whole
    assert not below.limits.remembered
    assert below.pools["sales"].members[0].all_limits == (Limit(3, "open"),)


def test_a_turn_is_counted_in_the_step_that_picks() -> None:
    """D14 What one event gives is seen by the next, and by whatever the same event gives later."""
    division = Division(pool(limited("ann", (1, HOUR_MS)), "bob"))
    outcomes = [division.send(created(f"lead/{n}", "pool:sales"))[0] for n in range(3)]
    assert [each.owner for each in outcomes if isinstance(each, Assigned)] == ["ann", "bob", "bob"]
