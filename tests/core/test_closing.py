"""What is closed is no open item, whatever came first, and is given to nobody until it is opened again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from service.core.configuration import User
from service.core.events import Target
from service.core.holding.retention import is_forgettable
from service.core.model import (
    Assigned,
    Nothing,
    Rejected,
    Released,
)
from service.core.order import Moment
from service.core.pool_spec import Membership
from service.core.record import Record, StatusTold
from service.core.rule_sets import Entry
from service.core.state import Timer
from service.limits import DAY_MS
from tests.core.build import (
    START_MS,
    Division,
    closed,
    created,
    event,
    pool,
    predicate,
    reopened,
    rules,
    updated,
)

FULL = Membership("ann", max_open=1)
DEFAULT = {"*": Target("pool", "sales")}


def open_items(division: Division) -> Mapping[str, int]:
    """How many open leads each person has, as limits see it."""
    return {field.removeprefix("lead/"): each.open_items for field, each in division.state.open.items()}


@pytest.mark.parametrize("kind", ["created", "updated", "owner_changed"])
def test_any_event_of_a_record_may_close_it(kind: Any) -> None:
    """D33 Also one whose fields are old: a creation that is told again, or a change of owner to the same."""
    division = Division(pool(FULL))
    division.create("lead/1", version=1)

    assert division.send(event(kind, "lead/1", "user:ann", status="closed", version=2))[-1] == Nothing("closed", "ann")
    assert open_items(division) == {}


def test_a_closed_record_that_a_person_is_given_is_no_open_item_of_theirs() -> None:
    """D33 D5 Whom the CRM names has it; when it is opened again it is theirs, counted."""
    division = Division(pool(FULL))
    division.create("lead/1")
    division.send(closed())

    assert division.give("lead/1", "user:zoe") == (Released("ann", "sales", "owner_chosen"),)
    assert open_items(division) == {}
    assert division.send(reopened()) == (Nothing("reopened", "zoe"),)
    assert open_items(division) == {"zoe": 1}


def test_taking_the_owner_of_a_closed_record_away_is_heard() -> None:
    """D33 Opened again it has nobody, and is given as a new one is."""
    division = Division(pool("ann", "bob"), defaults=DEFAULT)
    division.create("lead/1")
    division.send(closed())

    assert division.give("lead/1", None) == (Released("ann", "sales", "owner_removed"),)
    assert division.send(reopened()) == (Assigned("bob", "sales", 2),)


def test_taking_the_owner_away_and_opening_at_once_is_no_other_than_one_after_the_other() -> None:
    """D33 It is asked for anew either way."""
    division = Division(pool("ann", "bob"), defaults=DEFAULT)
    division.create("lead/1", version=1)
    division.send(closed(version=2))

    outcomes = division.give("lead/1", None, status="open", version=3)
    assert outcomes == (Released("ann", "sales", "owner_removed"), Assigned("bob", "sales", 2))


def test_a_pool_that_may_not_be_named_is_not_noted_for_a_closed_record_either() -> None:
    """D33 S7 Whoever has it keeps it."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    division.send(closed())
    (refused,) = division.give("lead/1", "pool:sales", actor="ann")

    assert isinstance(refused, Rejected)
    assert division.record().owner == "ann"


def test_the_pool_that_gave_a_record_is_asked_where_its_owner_is_switched_off() -> None:
    """D33 The CRM confirmed our choice, so a person was named last; the pool still stands behind it."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    division.give("lead/1", "user:ann")
    division.send(closed())
    division.configure(pool("ann", "bob"), users=[User("ann", active=False)])

    assert division.send(reopened()) == (Released("ann", "sales", "owner_inactive"), Assigned("bob", "sales", 2))


def test_a_pool_that_is_gone_when_a_record_is_opened_again_is_not_asked() -> None:
    """D33 D31 The record goes its way like a new one."""
    division = Division(pool("ann"), pool("bob", id="other"), defaults=DEFAULT)
    division.create("lead/1", owner="pool:other", status="closed")
    division.configure(pool("ann"))

    assert division.send(reopened()) == (Assigned("ann", "sales", 1),)


def test_a_person_whom_we_do_not_know_keeps_what_is_opened_again() -> None:
    """D33 D5 A name we do not know is nobody who is switched off."""
    division = Division(pool("ann"), defaults=DEFAULT)
    division.create("lead/1", owner="user:ghost")
    division.send(closed())

    assert division.send(reopened()) == (Nothing("reopened", "ghost"),)


def test_what_is_opened_before_its_creation_comes_waits_for_that() -> None:
    """D33 D19 It says whom the record is for."""
    division = Division(pool("ann"), pool("bob", id="other"), defaults=DEFAULT)
    division.send(closed(version=2))
    assert division.send(reopened(version=3)) == (Nothing("reopened"),)

    assert division.create("lead/1", owner="pool:other", version=1) == Assigned("bob", "other", 1)


def test_a_chain_that_is_too_long_opens_and_gives_nothing() -> None:
    """D33 D7 The record is open, and nobody has it."""
    division = Division(pool("ann"), defaults=DEFAULT)
    division.send(created(status="closed"))

    (refused,) = division.send(reopened(depth=9))
    assert isinstance(refused, Rejected)
    assert not division.record().closed


def test_closing_calls_off_what_was_to_be_asked() -> None:
    """D33 D31 The pool does not want the record any more; before the rules are asked it is closed."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1")
    waiting = division.state.parked["lead/1"]
    division.state.timers["ask/lead/1"] = Timer(division.now_ms + 60_000)

    assert division.send(closed()) == (Released("", waiting.pool, "closed"),)
    assert division.state.timers == {}


def test_closing_wakes_every_line_of_the_person() -> None:
    """D33 b5 D26 Whichever pool gave what is closed."""
    division = Division(pool(FULL), pool(FULL, id="other"))
    division.create("lead/1")
    division.create("lead/2", owner="pool:other")
    assert division.record("lead/2").parked

    division.send(closed("lead/1"))
    assert division.last("lead/2").outcome == Assigned("ann", "other", 1)


def test_no_condition_is_asked_of_what_nobody_told() -> None:
    """D33 Unknown is not unset; a field that is told to be nothing is known."""
    division = Division(pool("ann"), closed_when={"lead": predicate("stage not equal open")})
    division.create("lead/1")
    assert not division.record().closed
    division.create("lead/2", facts={"stage": None})
    assert division.record("lead/2").closed


def test_fields_of_links_are_known_where_the_link_leads_nowhere() -> None:
    """D33 Of no account all is known."""
    division = Division(pool("ann"), closed_when={"lead": predicate("account.state not equal active")})
    for number, facts in enumerate([{}, {"account": None}, {"account": {"id": "1"}}, {"account": {"state": "gone"}}]):
        division.create(f"lead/{number}", facts=facts)

    assert [division.record(f"lead/{number}").closed for number in range(4)] == [False, True, False, True]


def test_an_older_event_does_not_ask_the_condition() -> None:
    """D33 D19 Even if it tells a field that was not known."""
    division = Division(pool("ann"), closed_when={"lead": predicate("stage equals won")})
    division.create("lead/1", version=2)
    division.send(updated("lead/1", facts={"stage": "won"}, version=1))

    assert not division.record().closed


def test_a_condition_that_says_the_same_again_leaves_nothing_in_memory() -> None:
    """D33 Only what the record's own fields do not say is remembered beside them."""
    division = Division(pool("ann"), closed_when={"lead": predicate("stage equals won")})
    division.create("lead/1", facts={"stage": "new"}, version=1)
    assert division.record().status is None
    division.send(updated("lead/1", facts={"stage": "won"}, version=2))
    assert division.record().status == StatusTold(Moment(2), in_words=False)


def test_an_older_word_does_not_open_what_a_condition_closed() -> None:
    """D33 One order for both."""
    division = Division(pool("ann"), closed_when={"lead": predicate("stage equals won")})
    division.create("lead/1", facts={"stage": "won"}, version=3)
    division.send(reopened(version=2))

    assert division.record().closed


def test_a_conversion_of_no_chain_closes_its_lead_by_time() -> None:
    """D33 D25 What reopened the lead later is not undone by the second event of the conversion."""
    division = Division(pool("ann"))
    lead = {"lead": {"id": "1"}}
    division.create("lead/1", time_ms=1)
    division.send(created("contact/1", "user:zoe", channel="conversion", time_ms=2, facts=lead))
    assert division.record().closed
    division.send(reopened(time_ms=4))
    division.send(created("deal/1", "user:zoe", channel="conversion", time_ms=3, facts=lead))

    assert not division.record().closed


@pytest.mark.parametrize("facts", [{}, {"lead": None}, {"lead": "1"}, {"lead": {"id": None}}, {"lead": {"id": 1}}])
def test_a_conversion_that_names_no_lead_closes_none(facts: dict[str, object]) -> None:
    """D33 D25 It is two created events, as before."""
    assert created("contact/1", channel="conversion", facts=facts).records == ("contact/1",)
    assert created("contact/1", channel="api", facts={"lead": {"id": "1"}}).records == ("contact/1",)
    assert created("lead/2", channel="conversion", facts={"lead": {"id": "1"}}).records == ("lead/2",)


def test_a_deleted_lead_that_is_converted_stays_deleted() -> None:
    """D33 D34 It comes back closed."""
    division = Division(pool("ann"))
    division.create("lead/1", version=1)
    division.delete("lead/1", version=2)
    division.send(created("contact/1", "user:zoe", channel="conversion", facts={"lead": {"id": "1"}}))

    assert division.record().deleted
    assert division.send(updated("lead/1", version=3)) == (Nothing("closed", "ann"),)
    assert open_items(division) == {"contact/zoe": 1}


@pytest.mark.parametrize(
    ("record", "days"),
    [
        (Record(created=True, owner="ann"), 4),
        (Record(created=True, owner="ann", closed=True), 3),
        (Record(closed=True), 3),
        (Record(created=True, owner="ann", closed=True, deleted=True), 2),
        (Record(), 2),
    ],
)
def test_each_kind_of_record_is_remembered_for_its_own_time(record: Record, days: int) -> None:
    """D33 D37 Closed ones are people's data, too, and nobody works on them."""
    kept = {"deleted_ms": 2 * DAY_MS, "closed_ms": 3 * DAY_MS, "untouched_ms": 4 * DAY_MS}
    record.heard_min = START_MS // 60_000

    assert not is_forgettable(record, START_MS + days * DAY_MS - 1, **kept)
    assert is_forgettable(record, START_MS + days * DAY_MS, **kept)


def test_what_arrived_closed_is_asked_for_by_the_fields_it_came_with() -> None:
    """D33 D8 The event that opens it tells no field; nothing is kept of it any more once somebody has it."""
    entries = rules(
        Entry("german", Target("user", "ann"), (predicate("country equals DE"),)),
        Entry("rest", Target("user", "bob")),
    )
    division = Division(pool("ann", "bob"), rule_sets=entries)
    facts = {"country": "DE", "note": "nobody reads it"}
    division.send(created("lead/1", None, facts=facts, status="closed"))
    assert division.record().facts == '{"country":"DE"}'

    assert division.send(reopened("lead/1")) == (Assigned("ann"),)
    assert division.record().facts == ""
    division.send(closed("lead/1", facts=facts))
    assert division.record().facts == ""


def test_news_of_a_closed_record_that_nobody_has_are_kept_too() -> None:
    """D33 D8 The newest that was told of each field counts, and a team's domain is asked by it."""
    division = Division(
        pool("ann", id="north", domain=predicate("region equals north")),
        pool("bob", id="south", domain=predicate("region equals south")),
    )
    division.send(created("lead/1", None, facts={"region": "north"}, status="closed", version=1))
    division.send(updated("lead/1", facts={"region": "south"}, version=2))

    assert division.send(reopened("lead/1", version=3)) == (Assigned("bob", "south", 1),)
