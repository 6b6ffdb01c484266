"""Teams and memberships with domains of their own, and what that means for records that wait."""

from __future__ import annotations

from typing import Any

from service.core.events import Target
from service.core.holding.lines import DRAINED_PER_FIRING, LOOKED_AT_PER_FIRING
from service.core.model import Assigned, Pending, Rejected
from service.core.pool_spec import Membership, PoolSpec
from tests.core.build import MINUTE_MS, Division, pool, predicate, updated

GERMAN = predicate("country equals DE")
FRENCH = predicate("country equals FR")


def two_languages(**settings: Any) -> PoolSpec:
    """Ann takes German leads, bob French ones."""
    return pool(Membership("ann", domain=GERMAN), Membership("bob", domain=FRENCH), **settings)


def test_the_first_team_whose_domain_accepts_gets_it() -> None:
    """S65-S67 S69 Lowest sequence first, then by name; a pool without a domain is no team."""
    division = Division(
        pool("ann", id="all"),
        pool("bob", id="b", domain=GERMAN),
        pool("cat", id="a", domain=GERMAN),
        pool("dan", id="z", domain=FRENCH, sequence=1),
    )

    assert division.create("lead/1", owner=None, facts={"country": "DE"}) == Assigned("cat", "a", 1)
    assert division.create("lead/2", owner=None, facts={"country": "FR"}) == Assigned("dan", "z", 1)
    assert division.last("lead/2").trace.question == "team"
    assert isinstance(division.create("lead/3", owner=None), Rejected)


def test_a_team_of_another_type_is_not_asked() -> None:
    """S12 S73 Types never mix."""
    division = Division(pool("ann", domain=GERMAN, record_type="contact"))

    assert isinstance(division.create("lead/1", owner=None, facts={"country": "DE"}), Rejected)


def test_a_default_reaches_no_team_that_does_not_accept_the_record() -> None:
    """S73 D8 Said with the reason."""
    division = Division(pool("ann", domain=GERMAN), defaults={"*": Target("pool", "sales")})
    outcome = division.create("lead/1", owner=None, facts={"country": "FR"})

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "outside_domain"


def test_a_membership_says_who_is_eligible() -> None:
    """S68 S76-S78 All of one country to one person, none to the other, and the trace says why."""
    division = Division(two_languages())
    division.create("lead/1", facts={"country": "FR"})
    division.create("lead/2", facts={"country": "FR"})

    assert (division.record("lead/1").owner, division.record("lead/2").owner) == ("bob", "bob")
    assert {each.person: each.excluded for each in division.last("lead/2").trace.candidates} == {
        "ann": "domain",
        "bob": None,
    }


def test_when_the_next_try_is_depends_on_whom_it_concerns() -> None:
    """S76 D3 The return of somebody who may not have it is no next try."""
    division = Division(two_languages())
    division.away("ann", until_minutes=5)
    division.away("bob", until_minutes=60)

    assert division.create("lead/1", facts={"country": "FR"}) == Pending(
        "sales", "nobody_eligible", division.now_ms + 60 * MINUTE_MS
    )


def test_a_record_that_nobody_can_take_does_not_stop_those_behind_it() -> None:
    """S76 D3 Not all that waits in one pool is alike."""
    division = Division(two_languages())
    division.away("ann")
    division.away("bob")
    for number in range(5):
        division.create(f"lead/de{number}", facts={"country": "DE"})
    division.create("lead/fr", facts={"country": "FR"})
    division.back("bob")

    assert division.record("lead/fr").owner == "bob"
    assert division.state.pools["sales"].waiting == 5


def test_a_long_line_is_looked_through_in_parts_to_its_end() -> None:
    """S76 D3 Each firing is bounded, and the last one in line is found all the same."""
    division = Division(two_languages(drain_per_minute=1_000))
    division.away("ann")
    division.away("bob")
    for number in range(2 * LOOKED_AT_PER_FIRING):
        division.create(f"lead/de{number}", facts={"country": "DE", "score": 1})
    division.create("lead/fr", facts={"country": "FR"})
    division.back("bob")

    assert division.record("lead/fr").owner == "bob"
    assert division.state.pools["sales"].scanned is None
    assert division.state.timers == {}


def test_who_is_back_gets_his_share_minute_by_minute() -> None:
    """S76 D3 The pace holds where others wait in between, and all is handed out in the end."""
    division = Division(two_languages(drain_per_minute=2))
    division.away("ann")
    division.away("bob")
    for number in range(6):
        division.create(f"lead/de{number}", facts={"country": "DE"})
        division.create(f"lead/fr{number}", facts={"country": "FR"})
    division.back("bob")
    assert division.open_items("bob") == 2
    division.later(minutes=2)

    assert (division.open_items("bob"), division.open_items("ann")) == (6, 0)


def test_a_firing_moves_a_bounded_number() -> None:
    """D3 The rest moves with the next firings, at the same time."""
    division = Division(pool("ann", drain_per_minute=1_000))
    division.away("ann")
    for number in range(2 * DRAINED_PER_FIRING + 1):
        division.create(f"lead/{number}")
    division.back("ann")

    assert division.open_items("ann") == 2 * DRAINED_PER_FIRING + 1


def test_what_waits_is_tried_again_when_its_fields_change() -> None:
    """S76 S77 And what an earlier event told is still known."""
    spec = pool(Membership("ann", domain=predicate("size > 5")), Membership("bob", domain=FRENCH))
    division = Division(spec)
    division.away("bob")
    division.create("lead/1", facts={"country": "FR", "phone": "555"})
    division.send(updated("lead/1", facts={"size": 3}))
    assert division.record().parked
    division.send(updated("lead/1", facts={"size": 6}))

    assert division.record().owner == "ann"
    assert "555" not in division.record().facts


def test_a_new_configuration_is_tried_on_what_waits() -> None:
    """S76 D3 The membership is widened, and the record leaves."""
    division = Division(pool(Membership("ann", domain=GERMAN)))
    division.create("lead/1", facts={"country": "FR"})
    division.configure(pool("ann"))

    assert division.record().owner == "ann"
