"""Related owners whom a rule binds to a pool or to a time span: one mechanism with plans in linked mode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.events import Target
from service.core.model import Assigned, Outcome, Pending
from service.core.pool_spec import Accepting
from service.core.rule_sets import Entry, OwnerOf
from tests.core.build import MINUTE_MS, Division, pool, predicate, rules, updated

SLOWLY = EntryPolicy(catches_up=True, ceiling=Ceiling(1, 2))
DAY_MS = 86_400_000


def bound(*members: str, wanted: OwnerOf) -> Division:
    """One that asks for the account's owner first, and then whose turn it is."""
    sales = pool(*members, entry=SLOWLY)
    return Division(sales, rule_sets=rules(Entry("account", wanted), Entry("rest", sales.target)))


def related(division: Division, record: str, owner: str, **more: str) -> Outcome:
    """What becomes of a lead whose account has this owner."""
    return division.create(record, owner=None, facts={"account": {"id": "7", "owner": owner, **more}})


@pytest.mark.parametrize(
    ("counts_as_turn", "outcome"), [(True, Assigned("ann", "sales", 8)), (False, Assigned("new", "sales"))]
)
def test_a_ceiling_binds_only_where_it_is_a_turn(counts_as_turn: bool, outcome: Outcome) -> None:
    """D1 D4 A newcomer gets one of two turns; what is no turn is not among them."""
    wanted = OwnerOf(("account",), among="sales", counts_as_turn=counts_as_turn)
    division = bound("ann", "bob", wanted=wanted)
    division.serve(*(f"lead/{number}" for number in range(6)))
    division.configure(pool("ann", "bob", "new", entry=SLOWLY))
    assert division.create("lead/first", owner=None) == Assigned("new", "sales", 7)

    assert related(division, "lead/next", "new") == outcome
    account = division.last("lead/next").trace.tried[0]
    assert account.unresolved == ("ceiling" if counts_as_turn else None)


@pytest.mark.parametrize(
    ("told", "is_recent"),
    [
        ({}, False),
        ({"activity": "2023-11-10"}, True),
        ({"activity": "2023-10-01"}, False),
        ({"activity": "soon"}, False),
    ],
)
def test_a_contact_that_is_not_known_is_not_recent(told: dict[str, str], is_recent: bool) -> None:
    """D4 The linked record's field says when it was; the next entry is tried."""
    wanted = OwnerOf(("account",), within_ms=30 * DAY_MS, contacted=("activity",))
    division = bound("ann", wanted=wanted)

    assert related(division, "lead/1", "ann", **told) == (Assigned("ann") if is_recent else Assigned("ann", "sales", 1))


def test_a_pool_that_hands_on_no_more_asks_no_related_owner_either() -> None:
    """D50 However the record comes to it again."""
    entries = rules(Entry("account", OwnerOf(("account",), among="sales")), Entry("others", Target("user", "zoe")))
    sales = pool("ann", "bob", accepting=Accepting(MINUTE_MS, hand_on=0))
    division = Division(sales, rule_sets=entries)
    related(division, "lead/1", "ann")
    division.decline("lead/1", "ann")
    assert division.last().outcome == Pending("sales", "not_accepted")
    division.send(updated(facts={"account": {"id": "7", "owner": "bob"}}))

    division.configure(replace(sales, domain=predicate("city = Oslo")))
    assert division.last().outcome == Assigned("zoe")
    assert division.last().trace.tried[0].unresolved == "handed_on"
