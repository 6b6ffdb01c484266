"""Accept: whom a pool gives a record has it for a while, and takes it, or loses it to the next (D15, D50)."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.calendar import DAY_MINUTES, Block, WorkCalendar, WorkingTime
from service.core.configuration import User
from service.core.events import Target
from service.core.holding import reservations
from service.core.holding.membership import switch_steps
from service.core.limit_spec import Limit
from service.core.model import Assigned, Nothing, Outcome, Pending, Released
from service.core.pool_spec import Accepting, Membership, PoolSpec
from service.core.rule_sets import Entry
from service.core.state import Timer
from tests.core.build import (
    MINUTE_MS,
    START_MS,
    Division,
    closed,
    created,
    pool,
    predicate,
    rules,
    updated,
)


def asking(*members: str | Membership, minutes: int = 5, hand_on: int = 3, **settings: Any) -> PoolSpec:
    """A pool whose members have so many minutes to accept what they get."""
    ask_again = settings.pop("ask_again", False)
    return pool(*members, accepting=Accepting(minutes * MINUTE_MS, hand_on, ask_again), **settings)


def by(minutes: int) -> int:
    """So many minutes after the beginning."""
    return START_MS + minutes * MINUTE_MS


def outcomes(division: Division, record: str = "lead/1") -> list[Outcome]:
    """All that was decided of a record so far, in order."""
    return [each.outcome for each in division.decisions if each.record == record]


def owner(division: Division, record: str = "lead/1") -> str:
    return division.record(record).owner


def test_an_offer_is_an_assignment_that_says_by_when_it_is_to_be_accepted() -> None:
    """D15 D50 An offered record counts as open, and who is to accept it is told so."""
    division = Division(asking("ann", "bob"))

    assert division.create() == Assigned("ann", "sales", 1, by(5))
    assert division.open_items("ann") == 1
    assert [(each.kind, each.person) for each in division.last().notifications] == [("offered", "ann")]


def test_what_was_accepted_stays() -> None:
    division = Division(asking("ann", "bob"))
    division.create()

    assert division.accept("lead/1", "ann") == Nothing("accepted", "ann")
    division.later(minutes=60)
    division.away("ann")

    assert owner(division) == "ann"
    assert not division.state.reservations
    assert not division.state.handings, "nothing is remembered of a record that nobody declined"


def test_c4_each_offer_has_its_timer_and_they_are_bounded() -> None:
    """c4 5m, `hand_on: 3`: A, B, C, D, each five minutes, then the end."""
    division = Division(asking("ann", "bob", "cem", "dia", "eve"))
    division.create()
    division.later(minutes=20)

    assert outcomes(division) == [
        Assigned("ann", "sales", 1, by(5)),
        Released("ann", "sales", "not_accepted"),
        Assigned("bob", "sales", 2, by(10)),
        Released("bob", "sales", "not_accepted"),
        Assigned("cem", "sales", 3, by(15)),
        Released("cem", "sales", "not_accepted"),
        Assigned("dia", "sales", 4, by(20)),
        Released("dia", "sales", "not_accepted"),
        Pending("sales", "not_accepted"),
    ]
    excluded = {each.person: each.excluded for each in division.last().trace.candidates}
    assert excluded == dict.fromkeys(("ann", "bob", "cem", "dia"), "declined") | {"eve": "handed_on"}
    assert all(division.open_items(person) == 0 for person in ("ann", "bob", "cem", "dia"))


def test_f6_who_lost_a_record_unanswered_is_told_and_so_is_the_next() -> None:
    """f6 What a timer decides is told like what an event decides."""
    division = Division(asking("ann", "bob"))
    division.create()
    division.decisions.clear()
    division.later(minutes=5)

    told = [(each.kind, each.person) for decision in division.decisions for each in decision.notifications]
    assert told == [("withdrawn", "ann"), ("offered", "bob")]


def test_who_declines_is_not_told_of_it() -> None:
    """f4 Nobody is told of what they did themselves."""
    division = Division(asking("ann", "bob"))
    division.create()
    division.decisions.clear()

    assert division.decline("lead/1", "ann", reason="on the road") == (
        Released("ann", "sales", "declined", "on the road"),
        Assigned("bob", "sales", 2, by(5)),
    )
    told = [(each.kind, each.person) for decision in division.decisions for each in decision.notifications]
    assert told == [("offered", "bob")]


def test_c1_what_was_declined_is_taken_back_at_once_and_keeps_its_age() -> None:
    """c1 A declines and nobody else is there: no owner, no open item; B gets it first when they come."""
    division = Division(asking("ann", "bob"))
    division.away("bob")
    division.create("lead/1")
    division.away("ann")
    division.back("ann")
    division.later(minutes=2)
    division.decline("lead/1", "ann")
    assert owner(division) == ""
    assert division.state.open == {}
    assert division.state.parked["lead/1"].since_ms == START_MS

    division.away("ann")
    division.create("lead/2")
    division.later(minutes=60)
    division.back("bob")
    assert [each.record for each in division.decisions if isinstance(each.outcome, Assigned)][-2:] == [
        "lead/1",
        "lead/2",
    ]


def test_c2_what_the_only_one_declined_does_not_hold_up_what_is_behind() -> None:
    """c2 Nobody else is there: the line goes on behind it."""
    division = Division(asking(Membership("ann", max_open=1)))
    division.create("lead/1")
    division.create("lead/2")
    division.create("lead/3")
    assert division.decline("lead/1", "ann")[-1] == Pending("sales", "nobody_eligible")

    assert [owner(division, name) for name in ("lead/1", "lead/2", "lead/3")] == ["", "ann", ""]
    division.decline("lead/2", "ann")
    assert [owner(division, name) for name in ("lead/1", "lead/2", "lead/3")] == ["", "", "ann"]


@pytest.mark.parametrize("availability", ["away", "off_shift", "leave"])
def test_c3_who_goes_loses_what_they_have_not_accepted(availability: str) -> None:
    """c3 At that moment, and it is no decline."""
    division = Division(asking("ann", "bob", minutes=15))
    division.create("lead/1")
    division.create("lead/2")
    division.create("lead/3")
    division.accept("lead/3", "ann")
    division.later(minutes=2)
    division.tell("ann", availability)

    assert outcomes(division)[-2:] == [Released("ann", "sales", "not_there"), Assigned("bob", "sales", 4, by(17))]
    assert owner(division, "lead/3") == "ann"
    assert division.state.handings["lead/1"].passed == ()


def test_who_went_may_be_asked_again_and_it_counts_as_handing_on() -> None:
    """D50 Both count for `hand_on`."""
    division = Division(asking("ann", hand_on=1))
    division.create()
    for _ in range(2):
        division.away("ann")
        assert owner(division) == ""
        division.back("ann")
        division.later(minutes=1)

    assert [each for each in outcomes(division) if isinstance(each, Assigned)] == [
        Assigned("ann", "sales", 1, by(5)),
        Assigned("ann", "sales", 2, by(5)),
    ]


def test_only_ask_again_opens_a_second_round_and_no_third() -> None:
    division = Division(asking("ann", "bob", ask_again=True))
    division.create()
    division.later(minutes=60)

    assert [each.owner for each in outcomes(division) if isinstance(each, Assigned)] == ["ann", "bob", "ann", "bob"]
    assert outcomes(division)[-1] == Pending("sales", "nobody_eligible")


@pytest.mark.parametrize("is_at_limit", [True, False])
def test_a_second_round_begins_when_somebody_can_be_asked_again(is_at_limit: bool) -> None:
    """D50 D3 When that is, time alone decides: a limit of a time has room, or a shift begins."""
    if is_at_limit:
        division = Division(asking(Membership("ann", limits=(Limit(1, 60 * MINUTE_MS),)), ask_again=True))
        division.create()
        division.decline("lead/1", "ann")
    else:
        first = START_MS // MINUTE_MS % DAY_MINUTES
        shifts = WorkCalendar(
            "UTC", tuple(Block(day, first + at, first + at + 6) for day in range(7) for at in (0, 60))
        )
        division = Division(asking("ann", ask_again=True), users=[User("ann", time=WorkingTime(shifts))])
        division.create()
        division.now_ms += 7 * MINUTE_MS  # nothing went off meanwhile: the time to answer and the shift are over
        division.tell("bob", "away")
    assert outcomes(division)[2] == Pending("sales", "nobody_eligible", by(60))
    division.later(ms=by(60) - division.now_ms)

    assert outcomes(division)[-1] == Assigned("ann", "sales", 2, by(65))


def test_a_second_round_is_begun_by_who_gives_and_not_by_who_looks() -> None:
    """D50 What waits is looked at before it leaves its line; the pool that asks nobody twice does not then either."""
    once = asking("ann", fallback=Target("pool", "late"))
    at_limit = Membership("bob", limits=(Limit(1, 60 * MINUTE_MS),))
    again = asking(at_limit, id="late", ask_again=True)
    division = Division(once, again)
    division.create()
    division.decline("lead/1", "ann")
    division.decline("lead/1", "bob")
    assert outcomes(division)[-1] == Pending("sales", "nobody_eligible", by(60))
    division.later(minutes=60)

    assert [each.owner for each in outcomes(division) if isinstance(each, Assigned)] == ["ann", "bob", "bob"]


def test_who_declined_is_passed_over_for_this_record_for_good() -> None:
    """D50 Also where a person gives it to the pool once more; other records are theirs."""
    division = Division(asking("ann", "bob"))
    division.create("lead/1")
    division.decline("lead/1", "ann")
    division.accept("lead/1", "bob")
    division.give("lead/1", "user:zoe")
    division.away("bob")

    assert division.give("lead/1", "pool:sales")[-1] == Pending("sales", "nobody_eligible")
    assert division.create("lead/2") == Assigned("ann", "sales", 3, by(5))


@pytest.mark.parametrize("ends", ["chosen", "pool", "closed", "deleted", "removed"])
def test_a_human_a_deletion_and_closing_end_the_offer(ends: str) -> None:
    """D50 Nothing lapses afterwards."""
    division = Division(asking("ann", "bob"), pool("eve", id="other"))
    division.create()
    if ends == "closed":
        division.send(closed())
    elif ends == "deleted":
        division.delete("lead/1")
    else:
        division.give("lead/1", {"chosen": "user:zoe", "pool": "pool:other", "removed": None}[ends])

    assert not division.state.reservations
    decided = len(division.decisions)
    division.later(minutes=60)
    assert len(division.decisions) == decided


def test_c3_whose_shift_ends_loses_it_at_that_moment() -> None:
    """c3 By their calendar; until then is when they have to answer."""
    evening = WorkingTime(WorkCalendar("UTC", (Block(1, 22 * 60, 22 * 60 + 15),)))
    division = Division(asking("ann", "bob"), users=[User("ann", time=evening)])

    assert division.create() == Assigned("ann", "sales", 1, by(2))
    division.later(minutes=2)
    assert outcomes(division)[1:] == [Released("ann", "sales", "not_there"), Assigned("bob", "sales", 2, by(7))]


def test_who_has_gone_by_now_is_offered_nothing_however_late_timers_go_off() -> None:
    """c3 D28 Both fell due while nobody was looking: the answer of one, then the leave of the other began."""
    division = Division(asking("ann", "bob", minutes=5))
    division.create()
    division.tell("bob", "leave", begins_ms=by(7), until_ms=by(60))
    division.now_ms = by(10)

    division.create("lead/2", None)
    assert outcomes(division)[1:] == [
        Released("ann", "sales", "not_accepted"),
        Pending("sales", "nobody_eligible", by(60)),
    ]


def test_an_echo_of_an_offer_is_no_answer() -> None:
    division = Division(asking("ann", "bob"))
    division.create()

    assert division.give("lead/1", "user:ann") == (Nothing("echo", "ann"),)
    division.later(minutes=5)
    assert owner(division) == "bob"


def test_that_the_crm_took_the_owner_away_as_we_told_it_is_an_echo() -> None:
    """D44 In between nobody had it, by our choice: it is not taken from the next."""
    division = Division(asking("ann", "bob"))
    division.create()
    division.give("lead/1", "user:ann")
    division.later(minutes=5)

    assert division.give("lead/1", None) == (Nothing("echo"),)
    assert division.give("lead/1", "user:bob") == (Nothing("echo", "bob"),)
    assert division.give("lead/1", None) == (Released("bob", "sales", "owner_removed"),)


def test_who_goes_from_one_owner_to_the_next_does_not_tell_of_nobody() -> None:
    """So a person who takes the owner away afterwards is heard."""
    division = Division(asking("ann", "bob"))
    division.create()
    division.give("lead/1", "user:ann")
    division.later(minutes=5)
    division.give("lead/1", "user:bob")

    assert division.give("lead/1", None) == (Released("bob", "sales", "owner_removed"),)


def test_fields_that_are_told_during_an_offer_count_for_the_next() -> None:
    """D31 All fields are kept as long as nobody has accepted the record."""
    german = Membership("bob", domain=predicate("language = de"))
    entry = Entry("late", Target("user", "zoe"), criteria=(predicate("country = FR"),))
    division = Division(asking("ann", german), rule_sets=rules(entry))
    division.create(facts={"language": "fr", "country": "FR"})
    division.send(updated(facts={"language": "de"}))
    division.later(minutes=5)
    assert owner(division) == "bob"

    division.configure(pool("eve", id="other"))
    division.later(minutes=5)
    assert owner(division) == "zoe", "where the pool is gone the rules are asked, and see everything"


def test_without_the_pool_asking_any_more_a_lapsed_offer_is_given_for_good() -> None:
    division = Division(asking("ann", "bob"))
    division.create()
    division.configure(pool("ann", "bob"))
    division.later(minutes=5)

    assert outcomes(division)[-1] == Assigned("bob", "sales", 2)


def test_d33_a_reopened_record_is_offered_to_nobody() -> None:
    """D33 Closing ends the offer, and the owner stays: a record that is open again is theirs."""
    division = Division(asking("ann", "bob"))
    division.create()
    division.send(closed())
    division.send(updated(status="open"))
    division.later(minutes=60)

    assert owner(division) == "ann"


def test_an_offer_goes_on_with_the_chain_of_its_record() -> None:
    division = Division(asking("ann", "bob"))
    division.send(created(owner="pool:sales", correlation_id="import-7", depth=2))
    division.later(minutes=5)

    assert (division.last().correlation_id, division.last().depth) == ("import-7", 2)


def test_many_offers_are_taken_back_in_steps_that_fit_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "TAKEN_PER_FIRING", 3)
    division = Division(asking("ann", minutes=60))
    for number in range(10):
        division.create(f"lead/{number}")
    division.away("ann")

    assert not division.state.reservations
    assert len(division.state.parked) == 10


def test_a_configuration_has_offers_looked_at_whose_records_are_not_loaded() -> None:
    """D50 The record is not in memory at a switch, and nothing is written of it."""
    division = Division(asking("ann", "bob"))
    division.create()
    division.state.unload("lead/1")
    config = Division(asking("bob")).config
    changes = [step.changes() for step in switch_steps(division.state, config, division.now_ms)]
    assert [each["timer"] for each in changes if "timer" in each] == [{"offer/lead/1": Timer(division.now_ms)}]
    assert not any("record" in each for each in changes)
