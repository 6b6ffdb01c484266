"""Limits of what is open, or was given within a time: as a member, over all pools, and of a pool as a whole."""

from __future__ import annotations

from typing import Final

import pytest

from service.core.configuration import User
from service.core.events import RecordEvent, Target
from service.core.given import slot_field
from service.core.limit_spec import Limit, Per
from service.core.model import Assigned, LimitCount, Pending
from service.core.parts import at
from service.core.pool_spec import Membership
from service.core.reasons import ExclusionReason
from service.core.rule_sets import Entry
from tests.core.build import MINUTE_MS, Division, closed, created, pool, reopened, rules, updated

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


SIZES: Final = {"lead": "effort", "deal": "account.effort"}


def weighing(effort: object, record: str = "lead/1") -> RecordEvent:
    """The record's field says another weight."""
    return updated(record, facts={"effort": effort})


def test_work_on_hold_takes_no_place_and_resuming_may_exceed() -> None:
    """D55 b6"""
    division = Division(pool(limited("ann", (3, "open"))), sizes=SIZES)
    for n in range(1, 5):
        division.create(f"lead/{n}", facts={"effort": 1})
    assert not division.record("lead/4").owner

    division.send(weighing(0))
    assert division.record("lead/4").owner == "ann"
    division.send(weighing(1))
    assert division.open_items("ann") == 4
    assert division.serve("lead/5") == [""]


@pytest.mark.parametrize(
    ("open_now", "size", "against"),
    [
        (0, 1, None),
        (2, 1, None),
        (3, 1, "full"),
        (1, 2, None),
        (2, 2, "full"),
        (0, 3, None),
        (0, 4, "too_large"),
        (3, 4, "too_large"),
        (3, 0, None),
        (9, 0, None),
    ],
)
@pytest.mark.parametrize("of", ["member", "person", "pool"])
def test_a_record_fits_in_with_all_that_it_weighs(of: str, open_now: int, size: int, against: str | None) -> None:
    """D55 An open limit of three, of a member, a person or a pool: what weighs more than is left is given to nobody; on
    hold it fits in wherever any may be open.
    """
    bounds = {of: (Limit(3, "open"),)}
    ann = Membership("ann", limits=bounds.get("member", ()))
    sales = pool(ann, limits=bounds.get("pool", ()))
    division = Division(sales, users=[User("ann", limits=bounds.get("person", ()))], sizes=SIZES)
    division.create("lead/1", facts={"effort": 1})
    division.send(weighing(open_now))
    division.create("lead/2", facts={"effort": size})

    told = "pool_limit" if against is not None and of == "pool" else against
    assert division.record("lead/2").owner == ("" if against else "ann")
    assert division.last("lead/2").trace.size == size
    assert division.last("lead/2").trace.candidates[0].excluded == told


def test_where_nothing_may_be_open_nothing_is_given_that_is_on_hold() -> None:
    """D55 None at all is none."""
    division = Division(pool(limited("ann", (0, "open"))), sizes=SIZES)
    division.create(facts={"effort": 0})
    assert excluded(division, "lead/1") == {"ann": "full"}


def test_what_is_too_large_now_holds_up_nothing_behind_it_and_is_given_when_there_is_room() -> None:
    """D3 D55 What weighs less is given meanwhile, and what can never be is given by a last resort only."""
    division = Division(pool(limited("ann", (3, "open"))), sizes=SIZES)
    for record, effort, score in (("lead/1", 3, 0), ("lead/large", 2, 9), ("lead/small", 1, 1), ("lead/huge", 7, 10)):
        division.create(record, facts={"effort": effort, "score": score})
    division.send(weighing(2))
    assert [division.record(f"lead/{each}").owner for each in ("large", "small", "huge")] == ["", "ann", ""]
    division.send(closed("lead/1"))
    assert [division.record(f"lead/{each}").owner for each in ("large", "huge")] == ["ann", ""]
    division.configure(pool(limited("ann", (3, "open")), assign_anyway=True), sizes=SIZES)
    assert division.record("lead/huge").owner == "ann"


@pytest.mark.parametrize(
    ("told", "size"),
    [
        (0, 0),
        (3, 3),
        ("2", 2),
        (0.5, 1),
        (-1, 1),
        (None, 1),
        ("much", 1),
        (True, 1),
        (5_000, 1_000),
        ("nan", 1),
        ([], 1),
    ],
    ids=str,
)
def test_what_a_field_says_is_what_a_record_weighs(told: object, size: int) -> None:
    """D26 What is no number from 0 on weighs as much as without the field."""
    division = Division(pool("ann"), sizes=SIZES)
    division.create(facts={"effort": told})
    assert division.open_items("ann") == size


def test_a_weight_is_taken_off_as_it_was_counted() -> None:
    """D26 Whatever the field and the configuration say by then; handed over it weighs what is known of it."""
    division = Division(pool("ann", "bob"), sizes=SIZES)
    division.create(facts={"effort": 3})
    division.configure(pool("ann", "bob"), sizes={})
    division.send(weighing(7))
    assert division.open_items("ann") == 3
    division.configure(pool("bob"), sizes=SIZES)
    division.give("lead/1", "zoe")
    assert division.state.open["lead/zoe"].open_items == 1, "nothing is known of a field that was not kept"
    division.delete("lead/1")
    assert not division.state.open
    assert not division.state.sizes


def test_what_weighs_nothing_keeps_no_seat_of_who_left() -> None:
    """D26 And the seat is there again when it weighs something."""
    division = Division(pool("ann"), sizes=SIZES)
    division.create(facts={"effort": 0})
    division.configure(pool("bob"))
    assert "sales/ann" not in division.state.seats
    division.send(weighing(2))
    assert division.open_items("ann") == 2


def test_a_record_that_waited_weighs_what_it_said() -> None:
    """D26 D31"""
    division = Division(pool(limited("ann", (1, "open"))), sizes={"deal": "x"})
    division.create("lead/1")
    division.create("lead/2", facts={"effort": 4})
    division.configure(pool(limited("ann", (4, "open"))), sizes=SIZES)
    division.delete("lead/1")
    assert division.open_items("ann") == 4
    division.send(updated("lead/2", facts={"other": 1}))
    assert division.open_items("ann") == 4


def test_closing_and_opening_again_count_the_weight() -> None:
    """D33"""
    division = Division(pool("ann"), sizes=SIZES)
    division.create(facts={"effort": 5})
    division.send(closed())
    assert division.open_items("ann") == 0
    division.send(reopened(facts={"effort": 2}))
    assert division.open_items("ann") == 2
