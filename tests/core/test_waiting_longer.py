"""What nobody can take (D3): helpers, last resorts, escalation, and an age that beats every score."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.configuration import Config
from service.core.events import Target
from service.core.model import AskedPool, Assigned, Nothing, Outcome, Pending, Queued, Released
from service.core.parts import at
from service.core.pool_spec import Accepting, Escalation, Membership, PoolSpec
from tests.core.build import MINUTE_MS, START_MS, Division, closed, pool, predicate
from tests.core.test_accepting import asking, by, outcomes, owner

BOSS = Target("user", "zoe")
WORLD = Target("pool", "world")


def escalating(*members: str | Membership, minutes: int = 30, to: Target = BOSS, **settings: Any) -> PoolSpec:
    """A pool that has what waits so long given to somebody else."""
    return pool(*members, escalation=Escalation(minutes * MINUTE_MS, to), **settings)


def last(division: Division, record: str = "lead/1") -> Outcome:
    return outcomes(division, record)[-1]


def test_a_pool_that_has_nobody_is_helped_out() -> None:
    """D3 The other pool's turn counts there, and the trace tells both."""
    division = Division(pool("ann", fallback=WORLD), pool("eve", id="world"))
    division.away("ann")

    assert division.create() == Assigned("eve", "world", 1)
    assert division.last().trace.asked == (AskedPool("sales", "nobody_eligible"),)
    assert division.last().trace.target == WORLD


def test_c6_pools_that_help_each_other_out_are_asked_once_each() -> None:
    """c6 Both empty: one pending event, both reasons; the second gets a member: served."""
    first = pool(id="sales", fallback=WORLD)
    division = Division(first, pool(id="world", fallback=Target("pool", "sales")))

    assert division.create() == Pending("sales", "empty_pool")
    assert division.last().trace.asked == (AskedPool("sales", "empty_pool"), AskedPool("world", "empty_pool"))
    assert len(outcomes(division)) == 1

    division.configure(first, pool("eve", id="world", fallback=Target("pool", "sales")))
    assert last(division) == Assigned("eve", "world", 1)


@pytest.mark.parametrize("who", ["ann", "eve"])
def test_what_waits_goes_to_whoever_of_both_pools_can_first(who: str) -> None:
    division = Division(pool("ann", fallback=WORLD), pool("eve", id="world"))
    division.away("ann")
    division.away("eve")
    division.create("lead/1")
    division.back(who)

    assert owner(division) == who


def test_a_freed_place_in_the_helping_pool_wakes_the_line() -> None:
    """D26 D3 b5 Who waits is served at that moment."""
    division = Division(pool("ann", fallback=WORLD), pool(Membership("eve", max_open=1), id="world"))
    division.away("ann")
    division.create("lead/1")
    division.create("lead/2")
    division.send(closed("lead/1"))

    assert owner(division, "lead/2") == "eve"


def test_a_record_that_the_helping_pool_does_not_want_is_not_asked_there() -> None:
    foreign = pool("eve", id="world", domain=predicate("country = FR"))
    division = Division(pool("ann", fallback=WORLD), foreign)
    division.away("ann")

    assert division.create("lead/1", facts={"country": "DE"}) == Pending("sales", "nobody_eligible")
    assert division.create("lead/2", facts={"country": "FR"}) == Assigned("eve", "world", 1)
    assert owner(division, "lead/1") == ""


def test_a_person_or_a_queue_may_help_out() -> None:
    division = Division(
        pool("ann", fallback=BOSS),
        pool("bob", id="second", fallback=Target("queue", "rest")),
        pool("eve", id="rest", strategy="take"),
    )
    division.away("ann")
    division.away("bob")

    assert division.create("lead/1") == Assigned("zoe")
    assert division.create("lead/2", owner="pool:second") == Queued("rest")


def test_assign_anyway_gives_in_turn_though_nobody_is_there_or_has_room() -> None:
    """D55 Limits bind giving, last resorts excepted; who is switched off or does not want it gets none all the same."""
    members = Membership("ann", max_open=0), Membership("bob", domain=predicate("country = FR")), "eve"
    division = Division(pool(*members, assign_anyway=True))
    division.away("eve")

    assert division.serve("lead/1", "lead/2", "lead/3") == ["ann", "eve", "ann"]


def test_assign_anyway_gives_nothing_to_who_declined_it() -> None:
    division = Division(asking("ann", "bob", hand_on=0, assign_anyway=True))
    division.create()
    division.decline("lead/1", "ann")

    assert last(division) == Assigned("bob", "sales", 2), "for good, for it was offered often enough"
    assert not division.state.reservations


def test_assign_anyway_beside_accept_offers_first_and_gives_for_good_at_the_end() -> None:
    """D15 D50 D55 Offered as long as somebody can be asked; then given, without anything to answer."""
    division = Division(asking("ann", Membership("bob", max_open=0), "eve", assign_anyway=True))
    assert division.create("lead/1") == Assigned("ann", "sales", 1, by(5))
    division.decline("lead/1", "ann")
    assert last(division) == Assigned("eve", "sales", 2, by(5))
    division.later(minutes=5)

    assert last(division) == Assigned("bob", "sales", 3), "full, and who is left"
    division.away("bob")
    division.later(minutes=60)
    assert owner(division) == "bob", "it is no offer, so nobody takes it back"


def test_assign_anyway_gives_at_once_where_all_are_away_and_again_to_who_only_went() -> None:
    """D15 D50 To go is no decline."""
    division = Division(asking("ann", "bob", assign_anyway=True))
    division.create("lead/1")
    division.away("bob")
    division.away("ann")
    assert last(division) == Assigned("bob", "sales", 2)

    assert division.create("lead/2") == Assigned("ann", "sales", 3)


def test_assign_anyway_gives_nobody_what_everybody_declined() -> None:
    """D50 It waits as if the pool said nothing."""
    division = Division(asking("ann", "bob", assign_anyway=True))
    division.create("lead/1")
    division.decline("lead/1", "ann")
    division.decline("lead/1", "bob")

    assert last(division) == Pending("sales", "nobody_eligible")
    assert {each.excluded for each in division.last().trace.candidates} == {"declined"}


def test_c2_it_ends_as_configured_and_never_in_silence() -> None:
    """c2 Only A, `escalate` after 30m: r1 declined 10:00, r2 to A 10:01, r1 to the boss 10:30."""
    division = Division(escalating("ann", accepting=Accepting(15 * MINUTE_MS)))
    division.create("lead/1")
    division.decline("lead/1", "ann")
    division.later(minutes=1)
    assert division.create("lead/2") == Assigned("ann", "sales", 2, by(16))
    division.accept("lead/2", "ann")

    division.later(minutes=28)
    assert owner(division) == ""
    division.later(minutes=1)
    assert outcomes(division)[-1] == Assigned("zoe")
    assert division.last().trace.question == "escalated"
    assert not division.state.timers
    assert division.decline("lead/1", "zoe") == (Nothing("accepted_already", "zoe"),)


def test_each_record_that_waits_has_its_own_timer() -> None:
    division = Division(escalating("ann"))
    division.away("ann")
    division.create("lead/1")
    division.later(minutes=10)
    division.create("lead/2")
    division.later(minutes=20)
    assert [owner(division, name) for name in ("lead/1", "lead/2")] == ["zoe", ""]
    division.give("lead/2", "user:eve")
    division.later(minutes=60)

    assert owner(division, "lead/2") == "eve"
    assert not division.state.timers


def test_pools_that_escalate_to_each_other_do_so_once_each() -> None:
    """c6 No bound may be broken: it waits in the end, with the time it came first."""
    division = Division(
        escalating("ann", to=WORLD), escalating("eve", id="world", to=Target("pool", "sales"), minutes=10)
    )
    division.away("ann")
    division.away("eve")
    division.create()
    division.later(minutes=600)

    assert [each.pool for each in outcomes(division) if isinstance(each, Pending)] == ["sales", "world", "sales"]
    assert division.state.parked["lead/1"].since_ms == START_MS
    division.back("ann")
    assert owner(division) == "ann"
    assert not division.state.handings


def test_what_waits_when_escalation_is_configured_is_escalated_too() -> None:
    division = Division(pool("ann"))
    division.away("ann")
    division.create()
    division.later(minutes=20)
    division.configure(escalating("ann"))
    division.later(minutes=10)

    assert owner(division) == "zoe"


def test_a_pool_that_escalates_no_more_keeps_what_waits() -> None:
    division = Division(escalating("ann"))
    division.away("ann")
    division.create()
    division.configure(pool("ann"))
    division.later(minutes=60)

    assert last(division) == Pending("sales", "nobody_eligible")


def test_d3_a_low_score_does_not_wait_for_ever() -> None:
    """d3 A place each 10m, a score 90 each 5m; 10 waits from 09:00, longest wait 2h: the first place from 11:00."""
    division = Division(pool(Membership("ann", max_open=1), longest_wait_ms=120 * MINUTE_MS))
    division.create("lead/first")
    division.create("lead/low", facts={"score": 10})
    held = "lead/first"
    for number in range(30):
        division.create(f"lead/{number}", facts={"score": 90})
        division.later(minutes=5)
        if number % 2:
            division.send(closed(held))
            (held,) = [name for name, each in division.state.records.items() if each.owner and not each.closed]
            if held == "lead/low":
                break

    assert division.now_ms == START_MS + 120 * MINUTE_MS
    assert division.last("lead/low").trace.score == 10


def test_d3_news_do_not_take_from_a_record_that_it_is_overdue() -> None:
    division = Division(pool(Membership("ann", max_open=1), longest_wait_ms=120 * MINUTE_MS))
    division.create("lead/first")
    division.create("lead/low", facts={"score": 10})
    division.later(minutes=121)
    division.create("lead/high", facts={"score": 90})
    division.send(closed("lead/first"))

    assert owner(division, "lead/low") == "ann"


def test_d4_what_nobody_present_may_take_is_passed_over_and_keeps_its_place() -> None:
    """d4 r1 (90, for who speaks German), r2 (10); who comes speaks none: r2 at once, r1 waits."""
    german = Membership("ann", domain=predicate("language = de"))
    division = Division(pool(german, Membership("bob", domain=predicate("language = en"))))
    division.away("ann")
    division.away("bob")
    division.create("lead/1", facts={"language": "de", "score": 90})
    division.create("lead/2", facts={"language": "en", "score": 10})
    division.back("bob")

    assert [owner(division, name) for name in ("lead/1", "lead/2")] == ["", "bob"]
    assert division.state.parked["lead/1"].number == 1


def test_below_its_level_nobody_eligible_means_waiting() -> None:
    """On a lane below level 3 the rules are off."""
    spec = escalating("ann", fallback=WORLD, longest_wait_ms=1, assign_anyway=True, accepting=Accepting(1))
    known = Config("main", pools={"sales": spec})

    assert at(known, 3) is known
    assert at(known, 2).pools["sales"] == pool("ann")


def test_what_a_helping_pool_offered_in_vain_waits_for_both_again() -> None:
    """c6 It waits in the first, whoever offered it."""
    division = Division(pool("ann", fallback=WORLD), asking("eve", id="world"))
    division.away("ann")
    division.create()
    division.later(minutes=5)

    assert outcomes(division)[1:] == [Released("eve", "world", "not_accepted"), Pending("sales", "nobody_eligible")]
    division.back("ann")
    assert owner(division) == "ann"
