"""People who are away, records that wait, and time that passes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from service.core.decide import decide
from service.core.events import MemberEvent
from service.core.model import (
    Assigned,
    Nothing,
    Pending,
    Rejected,
    Released,
)
from service.core.parked import UNSCORED
from service.core.pool_spec import Membership
from tests.core.build import MINUTE_MS, START_MS, Division, pool, turns_of, updated, users


def test_an_absent_member_is_skipped_and_nobody_gets_a_double_share() -> None:
    """D2 The neighbour of an absent person gets no more than the others."""
    division = Division(pool("ann", "bob", "cat", "dan"))
    division.away("bob")

    assert division.serve(*(f"lead/{n}" for n in range(6))) == ["ann", "cat", "dan", "ann", "cat", "dan"]


def test_who_comes_back_is_not_flooded() -> None:
    """D1 D2 After a long absence they catch up one turn, not all they missed."""
    division = Division(pool("ann", "bob", "cat"))
    division.away("bob")
    division.serve(*(f"lead/{n}" for n in range(100)))
    division.back("bob")

    owners = division.serve(*(f"lead/new-{n}" for n in range(9)))

    assert owners[0] == "bob"
    assert 3 <= owners.count("bob") <= 4
    assert abs(owners.count("ann") - owners.count("cat")) <= 1


def test_off_shift_is_a_reason_of_its_own() -> None:
    """D16 The trace tells away from off shift."""
    division = Division(pool("ann", "bob", "cat"))
    division.away("ann")
    division.away("bob", off_shift=True)
    division.create("lead/1")

    reasons = {each.person: each.excluded for each in division.last().trace.candidates}
    assert reasons == {"ann": "away", "bob": "off_shift", "cat": None}


def test_a_record_nobody_can_take_waits_and_says_so() -> None:
    """D3 Parked is an event with its reason; it uses no turn and owns nobody."""
    division = Division(pool("ann", "bob"))
    division.away("ann")
    division.away("bob")

    assert division.create("lead/1") == Pending("sales", "nobody_eligible")
    assert turns_of(division.decisions) == []


def test_a_waiting_record_knows_when_it_is_tried_again() -> None:
    """D3 The next try is the first known return."""
    division = Division(pool("ann", "bob", "cat"))
    division.away("ann", until_minutes=90)
    division.away("bob", until_minutes=30, off_shift=True)
    division.away("cat")

    assert division.create("lead/1") == Pending("sales", "nobody_eligible", START_MS + 30 * MINUTE_MS)


def test_who_comes_back_gets_what_waits() -> None:
    """D3 No further event is needed."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1")
    division.back("ann")

    assert division.last().outcome == Assigned("ann", "sales", 1)
    assert division.last().trace.question == "parked"


def test_a_known_return_needs_no_event() -> None:
    """D3 D12 Time alone brings them back, at the minute they named and not before."""
    division = Division(pool("ann"))
    division.away("ann", until_minutes=30)
    division.create("lead/1")
    division.later(minutes=30, ms=-1)
    assert division.record().parked

    division.later(ms=1)

    assert division.record().owner == "ann"


def test_a_longer_absence_replaces_the_return_that_was_known() -> None:
    """D3 The last word counts."""
    division = Division(pool("ann"))
    division.away("ann", until_minutes=30)
    division.away("ann", until_minutes=60)
    division.create("lead/1")
    division.later(minutes=59)
    assert division.record().parked

    division.later(minutes=1)

    assert division.record().owner == "ann"


def test_an_absence_without_end_cancels_the_return_that_was_known() -> None:
    """D3 Who is away until further notice does not come back by themselves."""
    division = Division(pool("ann"))
    division.away("ann", until_minutes=30)
    division.away("ann")
    division.create("lead/1")
    division.later(minutes=600)

    assert division.record().parked


def test_waiting_records_leave_by_score_then_by_age() -> None:
    """D3 S63 The better score goes first, equal ones in the order in which they came."""
    division = Division(pool(Membership("ann", max_open=1)))
    division.create("lead/first")
    for name, score in [("low", 5), ("old", 50), ("young", 50), ("none", None), ("high", 90.5)]:
        division.create(f"lead/{name}", facts={} if score is None else {"score": score})

    left = []
    while division.state.parked:
        holder = next(name for name, record in division.state.records.items() if record.owner == "ann")
        division.give(holder, "user:zoe")
        left.append(division.decisions[-1].record)

    assert left == ["lead/high", "lead/old", "lead/young", "lead/low", "lead/none"]


@pytest.mark.parametrize("score", ["high", True, None, float("nan"), float("inf"), 10**400, [1]])
def test_a_score_that_is_no_number_counts_as_none(score: object) -> None:
    """D3 A mistake in a field neither raises nor jumps the line."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1", facts={"score": score})

    assert division.state.parked["lead/1"].score == UNSCORED


def test_news_of_a_score_move_a_waiting_record() -> None:
    """D3 The score that counts is the newest, also when an older update arrives late."""
    division = Division(pool(Membership("ann", max_open=1)))
    division.create("lead/0")
    division.create("lead/1", facts={"score": 10}, version=1)
    division.create("lead/2", facts={"score": 20}, version=1)
    division.send(updated("lead/1", facts={"score": 30}, version=3))
    division.send(updated("lead/1", "pool:sales", facts={"score": 5}, version=2))
    division.send(updated("lead/2", facts={"city": "Rome"}, version=2))
    division.give("lead/0", "user:zoe")

    assert division.record("lead/1").owner == "ann"


def test_the_first_to_log_in_is_not_flooded() -> None:
    """D3 Nobody gets more than so many waiting records a minute."""
    division = Division(pool("ann", "bob", drain_per_minute=2))
    division.away("ann")
    division.away("bob")
    for number in range(7):
        division.create(f"lead/{number}")

    division.back("ann")
    assert division.open_items("ann") == 2
    division.later(minutes=1)
    assert division.open_items("ann") == 4
    division.back("bob")
    assert division.open_items("bob") == 2
    division.later(minutes=1)
    assert not division.state.parked
    assert turns_of(division.decisions) == list(range(1, 8))


def test_the_pace_holds_nobody_back_from_new_records() -> None:
    """D3 Only what waited is paced; what arrives is decided in arrival order."""
    division = Division(pool("ann", drain_per_minute=1))
    division.away("ann")
    for number in range(3):
        division.create(f"lead/{number}")
    division.back("ann")

    assert division.create("lead/new") == Assigned("ann", "sales", 2)
    assert len(division.state.parked) == 2


def test_a_long_line_moves_in_several_firings() -> None:
    """D3 One timer moves a bounded number of records, and goes off again until the line is empty."""
    division = Division(pool("ann", drain_per_minute=1_000))
    division.away("ann")
    for number in range(120):
        division.create(f"lead/{number}")
    division.back("ann")

    assert division.open_items("ann") == 120


def test_a_place_that_gets_free_is_filled_from_the_line() -> None:
    """D3 D5 All were full; a human takes one record over, and the oldest that waits moves up."""
    division = Division(pool(Membership("ann", max_open=1), Membership("bob", max_open=1)))
    assert division.serve("lead/1", "lead/2", "lead/3", "lead/4") == ["ann", "bob", "", ""]

    division.give("lead/2", "user:zoe")

    assert division.record("lead/3").owner == "bob"
    assert division.record("lead/4").parked


def test_a_deleted_record_frees_its_place() -> None:
    """D3 S38 Deletion is a release as well."""
    division = Division(pool(Membership("ann", max_open=1)))
    division.serve("lead/1", "lead/2")
    division.delete("lead/1")

    assert division.record("lead/2").owner == "ann"


def test_a_higher_limit_moves_the_line() -> None:
    """D3 A new configuration may make room."""
    division = Division(pool(Membership("ann", max_open=1)))
    division.serve("lead/1", "lead/2")
    division.configure(pool(Membership("ann", max_open=2)))

    assert division.record("lead/2").owner == "ann"


def test_somebody_switched_on_again_gets_what_waits() -> None:
    """D3 So does a user who becomes active."""
    division = Division(pool("ann"), users=users("ann", active=False))
    division.create("lead/1")
    division.configure(pool("ann"), users=users("ann", active=True))

    assert division.record().owner == "ann"


def test_the_first_member_of_an_empty_pool_gets_what_waits() -> None:
    """D3 S18 An empty pool keeps its records for whoever joins."""
    division = Division(pool())
    division.create("lead/1")
    division.configure(pool("ann"))

    assert division.record().owner == "ann"


def test_a_removed_pool_sends_away_who_waits_in_it() -> None:
    """D3 D24 Never silent, never lost: each is rejected with the reason."""
    division = Division(pool("ann"), pool("bob", id="other"))
    division.away("ann")
    division.serve("lead/1", "lead/2")
    division.configure(pool("bob", id="other"))

    for name in ("lead/1", "lead/2"):
        outcome = division.last(name).outcome
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "unknown_pool"
        assert not division.record(name).parked
    assert division.state.timers == {}


def test_a_pool_that_changes_its_record_type_sends_away_who_waits_in_it() -> None:
    """S12 D3 Types never mix, not even by way of the line."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1")
    division.configure(pool("ann", record_type="contact"))
    division.back("ann")

    outcome = division.last().outcome
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "wrong_record_type"


def test_a_human_who_takes_a_waiting_record_ends_its_waiting() -> None:
    """D5 Its place in the line is gone, no turn is used."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1")

    assert division.give("lead/1", "user:ann") == (Released("", "sales", "owner_chosen"),)
    division.back("ann")

    assert division.record() == replace(division.record(), owner="ann", by_us=False, parked=False)
    assert turns_of(division.decisions) == []


def test_a_waiting_record_given_to_its_pool_again_keeps_its_place() -> None:
    """D20 Parked there already is nothing to do."""
    division = Division(pool("ann"))
    division.away("ann")
    division.serve("lead/1", "lead/2")

    assert division.give("lead/1", "pool:sales") == (Nothing("parked_already", "sales"),)
    assert division.state.parked["lead/1"].number == 1


def test_a_waiting_record_can_be_given_to_another_pool() -> None:
    """D20 It leaves the first line and takes a turn in the second."""
    division = Division(pool("ann"), pool("bob", id="other"))
    division.away("ann")
    division.create("lead/1")

    assert division.give("lead/1", "pool:other") == (
        Released("", "sales", "given_to_pool"),
        Assigned("bob", "other", 1),
    )


def test_the_chain_of_a_waiting_record_is_not_forgotten() -> None:
    """D3 D7 The decision that ends the waiting belongs to the chain of the event that began it."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1", correlation_id="campaign-7", depth=2)
    division.back("ann")

    assert (division.last().correlation_id, division.last().depth) == ("campaign-7", 2)


def test_a_return_wakes_every_pool_of_the_person() -> None:
    """D3 One person, two lines."""
    division = Division(pool("ann"), pool("ann", "bob", id="other"), users=users("bob", active=False))
    division.away("ann")
    division.create("lead/1", owner="pool:sales")
    division.create("lead/2", owner="pool:other")
    division.back("ann")

    assert [division.record(name).owner for name in ("lead/1", "lead/2")] == ["ann", "ann"]


def test_a_return_wakes_no_other_pool() -> None:
    """D3 Who is not a member cannot take what waits there."""
    division = Division(pool("ann"), pool("bob", id="other"))
    division.away("ann")
    division.create("lead/1")

    verdict = decide(MemberEvent("event-back", "bob", "available"), division.state, division.config, division.now_ms)

    assert list(verdict.changes) == ["person"]
