"""What an entry's target means: where it leads, and what happens where it leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import astuple

from service.core.configuration import User
from service.core.events import Target
from service.core.model import (
    Assigned,
    Nothing,
    Pending,
    Rejected,
    Released,
)
from service.core.reasons import Unresolved
from service.core.rule_sets import Entry, EntryTarget, FieldUser, Happening, OwnerOf, RuleSet, TeamMatch
from tests.core.build import Division, created, pool, predicate, rules, updated

ONE_ID = ["42", " 42 ", 42, 42.0, "user:42", {"id": 42}, {"id": " 42", "name": "Ann"}, ["42"], [{"id": "42"}], [[42.0]]]
"""Ways in which CRMs write the id of one person."""
NO_ID: list[tuple[object, Unresolved]] = [
    *((each, "field_unset") for each in (None, "", "  ", [], [""], {}, {"id": None}, {"id": ""}, ";")),
    *((each, "not_a_person") for each in (True, 42.5, ["42", "43"], {"name": "Ann"}, {"id": 42, "type": "team"})),
    *((each, "not_a_person") for each in ("pool:42", "team:42", {"id": {"name": "x"}}, 1e400)),
    *((each, "unknown_user") for each in ("43", "4 2", 43.0, {"id": "43"}, "user:", "user: 43")),
]
OTHERS = Entry("others", Target("pool", "sales"))
ALWAYS: frozenset[Happening] = frozenset({"created", "updated"})


def led_by(target: EntryTarget, *users: User, **settings: Any) -> Division:
    """A division whose first entry has this target; the pool `sales` takes what it cannot have."""
    contacts = pool("cat", id="contacts", record_type="contact")
    north = pool("bob", id="north", domain=predicate("country equals SE"))
    first = Entry("first", target)
    return Division(pool("ann"), contacts, north, users=users, rule_sets=rules(first, OTHERS), **settings)


@pytest.mark.parametrize("told", ONE_ID, ids=repr)
@pytest.mark.parametrize("target", [FieldUser(("manager",)), OwnerOf(("account",))], ids=str)
def test_an_id_in_a_field_is_read_however_it_is_written(target: EntryTarget, told: object) -> None:
    """S45 D16 One rule for the person whom a field names and for the owner of a related record."""
    division = led_by(target, User("42"))
    assert division.create("lead/1", None, facts={"manager": told, "account": {"owner": told}}) == Assigned("42")


@pytest.mark.parametrize(("told", "why"), NO_ID, ids=repr)
def test_what_is_no_id_is_a_reason_in_the_trace(told: object, why: Unresolved) -> None:
    """D16"""
    division = led_by(FieldUser(("manager",)), User("42"))
    assert division.create("lead/1", None, facts={"manager": told}) == Assigned("ann", "sales", 1)
    assert division.last().trace.tried[0].unresolved == why


@pytest.mark.parametrize("told", ["ANN@X.EU ", {"id": "Ann@x.EU"}, "user:ANN@x.eu"], ids=repr)
def test_an_id_in_a_field_ignores_case_where_ids_do(told: object) -> None:
    """D41"""
    division = led_by(FieldUser(("manager",)), User("ann@x.eu"), ids_ignore_case=True)
    assert division.create("lead/1", None, facts={"manager": told}) == Assigned("ann@x.eu")


def test_an_id_with_a_colon_is_a_persons_where_one_is_declared_so() -> None:
    """As events may tell it."""
    division = led_by(FieldUser(("manager",)), User("crm:42"))
    assert division.create("lead/1", None, facts={"manager": "crm:42"}) == Assigned("crm:42")


@pytest.mark.parametrize(
    ("target", "facts", "why"),
    [
        (Target("user", "nobody"), {}, "unknown_user"),
        (Target("user", "gone"), {}, "inactive_user"),
        (Target("pool", "nowhere"), {}, "unknown_pool"),
        (Target("pool", "contacts"), {}, "wrong_record_type"),
        (Target("pool", "north"), {"country": "DE"}, "outside_domain"),
        (Target("queue", "nowhere"), {}, "unknown_queue"),
        (Target("queue", "sales"), {}, "unknown_queue"),
        (Target("plan", "gold"), {}, "unknown_plan"),
        (TeamMatch(), {"country": "DE"}, "no_team"),
        (OwnerOf(("account",)), {}, "no_related_record"),
        (OwnerOf(("account",)), {"account": "88"}, "no_related_record"),
        (OwnerOf(("account",)), {"account": {"id": "88"}}, "no_related_owner"),
        (OwnerOf(("account",)), {"account": {"owner": {"id": "eve"}}}, "unknown_user"),
        (OwnerOf(("account",)), {"account": {"owner": [{"id": ""}]}}, "no_related_owner"),
        (OwnerOf(("account",)), {"account": {"owner": "pool:sales"}}, "not_a_person"),
        (OwnerOf(("account",)), {"account": {"owner": "user:nobody"}}, "unknown_user"),
        (OwnerOf(("account",)), {"account": {"owner": "user:gone"}}, "inactive_user"),
    ],
)
def test_a_target_that_leads_nowhere_is_traced_and_the_next_entry_tried(
    target: EntryTarget, facts: dict[str, object], why: Unresolved
) -> None:
    """S33 S46 D16 The record is not lost, and the trace says why the first could not have it."""
    division = led_by(target, User("gone", active=False))

    assert division.create("lead/1", owner=None, facts=facts) == Assigned("ann", "sales", 1)
    tried = division.last().trace.tried
    assert [(each.entry, each.matched, each.unresolved) for each in tried] == [
        ("first", True, why),
        ("others", True, None),
    ]


@pytest.mark.parametrize(
    ("target", "facts"),
    [
        (OwnerOf(("account",)), {"account": {"owner": "user:eve"}}),
        (OwnerOf(("account",)), {"account": {"owner": "eve"}}),
        (OwnerOf(("account", "parent")), {"account": {"parent": {"owner": "user:eve"}}}),
        (Target("user", "eve"), {}),
    ],
)
def test_a_person_gets_it_at_no_cost_of_a_turn(target: EntryTarget, facts: dict[str, object]) -> None:
    """S45 S52 D4 The owner of a related record, through one link or two."""
    division = led_by(target, User("eve"))

    assert division.create("lead/1", owner=None, facts=facts) == Assigned("eve")
    assert division.create("lead/2", owner="pool:sales") == Assigned("ann", "sales", 1)


@pytest.mark.parametrize("target", [OwnerOf(("account",)), Target("user", "eve")])
@pytest.mark.parametrize(
    ("word", "counts_off_shift", "why"),
    [
        ("away", False, "away"),
        ("leave", False, "leave"),
        ("off_shift", True, "off_shift"),
        ("off_shift", False, None),
    ],
)
def test_one_person_who_is_not_there_is_passed_over(
    target: EntryTarget, word: str, counts_off_shift: bool, why: str | None
) -> None:
    """D4 D30 Shared as usual, whether a rule names them or a related record does."""
    division = led_by(target, User("eve"))
    division.configure(*division.config.pools.values(), pass_over_off_shift=counts_off_shift)
    division.tell("eve", word)
    division.create("lead/1", owner=None, facts={"account": {"owner": "user:eve"}})

    assert division.record().owner == ("ann" if why else "eve")
    assert division.last().trace.tried[0].unresolved == why


def test_entries_behind_one_that_was_passed_over_say_which_criterion_decided() -> None:
    """D16 S48 Several passed over, and one whose second criterion fails, in between."""
    half = Entry("half", Target("pool", "sales"), (predicate("a equals 1"), predicate("b equals 2")))
    entries = (Entry("x", Target("user", "nobody")), half, Entry("y", TeamMatch()), OTHERS)
    division = Division(pool("ann"), rule_sets=rules(*entries))
    division.create("lead/1", owner=None, facts={"a": 1})

    assert [astuple(each) for each in division.last().trace.tried] == [
        ("x", True, None, "unknown_user"),
        ("half", False, 1, None),
        ("y", True, None, "no_team"),
        ("others", True, None, None),
    ]


def test_a_trace_of_many_entries_lists_the_last_ones() -> None:
    """D16 A limit on everything; how many came before is said."""
    entries = [Entry(f"e{n}", Target("user", "zoe"), (predicate(f"size equals {n}"),)) for n in range(80)]
    division = Division(rule_sets=rules(*entries))
    division.create("lead/1", owner=None, facts={"size": 69})
    trace = division.last().trace

    assert (trace.earlier, len(trace.tried), trace.tried[-1].entry) == (20, 50, "e69")


def test_a_default_that_is_switched_off_is_refused() -> None:
    """D8 D24 The last resort leads to nobody: said with the reason."""
    division = Division(users=[User("eve", active=False)], defaults={"*": Target("user", "eve")})
    outcome = division.create("lead/1", owner=None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "inactive_user"


def moving(reassign: Any, **settings: Any) -> Division:
    """German leads belong to `german`, whenever they become German; all others to `sales`."""
    german = Entry("german", Target("pool", "german"), (predicate("country equals DE"),), on=ALWAYS, reassign=reassign)
    return Division(pool("ann"), pool("eve", id="german"), rule_sets=rules(german, OTHERS), **settings)


@pytest.mark.parametrize("reassign", ["never", "if_unowned", "always"])
def test_whom_we_chose_is_replaced_where_the_entry_always_may(reassign: str) -> None:
    """S41 D5 By default an owner stays."""
    division = moving(reassign)
    division.create("lead/1", owner=None)
    outcomes = division.send(updated("lead/1", facts={"country": "DE"}))

    if reassign == "always":
        assert outcomes == (Released("ann", "sales", "reassigned"), Assigned("eve", "german", 1))
    else:
        assert outcomes == (Nothing("owner_kept", "ann"),)


@pytest.mark.parametrize("reassign", ["never", "if_unowned", "always"])
def test_a_persons_choice_is_never_replaced(reassign: str) -> None:
    """D5 Whatever the entry says."""
    division = moving(reassign)
    division.create("lead/1", owner="user:zoe")

    assert division.send(updated("lead/1", facts={"country": "DE"})) == (Nothing("owner_kept", "zoe"),)


def test_a_record_that_is_there_already_uses_no_turn() -> None:
    """S41 Each update would otherwise move it on within its pool."""
    division = moving("always")
    division.create("lead/1", owner=None, facts={"country": "DE"})

    assert division.send(updated("lead/1", facts={"country": "DE"})) == (Nothing("owner_kept", "eve"),)


def test_an_update_of_a_record_that_was_never_decided_asks_no_rules() -> None:
    """S41 Its creation may still be on the way; `assign: by_rules` asks at once."""
    division = moving("always")

    assert division.send(updated("lead/1", facts={"country": "DE"})) == (Nothing("record_updated"),)
    assert division.send(updated("lead/1", facts={"country": "DE"}, by_rules=True)) == (Assigned("eve", "german", 1),)


def test_a_chain_of_automatic_decisions_ends_on_updates_too() -> None:
    """D7 Two rules that move a record to and fro stop."""
    division = moving("always", depth_limit=3)
    division.create("lead/1", owner=None)
    (outcome,) = division.send(updated("lead/1", facts={"country": "DE"}, depth=4))

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "chain_depth"
    assert division.record().owner == "ann"


def test_an_entry_for_updates_sees_fields_that_earlier_events_told() -> None:
    """S41 An update tells what changed, and the entry asks for more than that."""
    both = (predicate("country equals DE"), predicate("account.size > 5"))
    entry = Entry("big", Target("pool", "sales"), both, on=frozenset({"updated"}))
    division = Division(pool("ann"), rule_sets=rules(entry))
    division.create("lead/1", owner=None, facts={"account": {"id": "1", "size": 9, "phone": "555"}, "note": "x"})

    assert division.record().facts == '{"account":{"id":"1","size":9}}'
    assert division.send(updated("lead/1", facts={"country": "DE"})) == (Assigned("ann", "sales", 1),)


def test_news_that_come_late_do_not_replace_what_is_known() -> None:
    """S41 D19 A creation that an update has overtaken adds what it alone tells."""
    entry = Entry("big", Target("pool", "sales"), (predicate("a equals 1"), predicate("b equals 1")), on=ALWAYS)
    division = Division(pool("ann"), rule_sets=rules(entry))
    division.send(updated("lead/1", facts={"a": 1}, version=2))

    assert division.create("lead/1", owner=None, facts={"a": 0, "b": 1}, version=1) == Assigned("ann", "sales", 1)


def test_what_is_remembered_of_a_record_is_limited() -> None:
    """S41 Fields beyond count as unset; nothing fails."""
    entry = Entry("e", Target("pool", "sales"), (predicate("a equals 1"), predicate("b equals 1")), on=ALWAYS)
    division = Division(pool("ann"), rule_sets=rules(entry))
    division.create("lead/1", owner=None, facts={"a": 2, "b": "x" * 5_000})

    assert division.record().facts == '{"a":2}'


def test_people_who_fit_a_target_share_like_a_pool_and_wait_like_one() -> None:
    """S54 D3 All of them away is not nobody: the record waits for them."""
    implied = pool("ann", "bob", id="lead:territory=dach", implied=True)
    division = Division(implied, rule_sets={"lead": RuleSet("r", "lead", (Entry("t", Target("pool", implied.id)),))})

    assert division.create("lead/1", owner=None) == Assigned("ann", implied.id, 1)
    division.away("ann")
    division.away("bob")
    assert division.send(created("lead/2")) == (Pending(implied.id, "nobody_eligible"),)
    division.back("bob")
    assert division.record("lead/2").owner == "bob"
