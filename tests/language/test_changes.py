"""When two values of a field are one, and what conditions on change say in each notation."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import criteria
from service.language.changes import UNCHANGED, UNTOLD, Change, as_created, asked_before, is_same, told_at
from service.language.compiling import check, first_match
from service.language.odoo import domains
from service.language.printing import as_domain, as_expression, found, in_words
from service.language.tree import All, Condition, ConditionError, Not, in_past
from service.language.unset import is_empty
from tests.language.trees import NOW_MS, VALUES, line

BERLIN: Final = ZoneInfo("Europe/Berlin")
WON: Final = Change({"stage": "open"}, frozenset({"stage"}))


def holds(condition: Condition, facts: dict[str, Any], change: Change = UNCHANGED) -> bool:
    return check(condition)(facts, NOW_MS, change)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("2026-10-27", "2026-10-27T00:00:00"),
        ("2026-10-27", "2026-10-26T23:00:00Z"),
        (5, 5.0),
        ("6.0", 6),
        ("won", " won "),
        ("é", "e\u0301"),
        (True, 1),
        (True, "TRUE"),
        ("true", 1),
        ("true", " True "),
        ("1", "true"),
        (0, "false"),
        ("0", "False"),
        ("false", None),
        (False, 0),
        (False, None),
        (None, "  "),
        ([], {"id": None}),
        ("0000-00-00", ""),
        (["a", 5], ["5", "a"]),
        (["a", None], ["a"]),
        ("a;b", [" b", "a"]),
        ([{"id": 1, "name": "x"}, {"id": 2}], [{"id": 2}, {"id": 1, "name": "y"}]),
        ({"id": 7, "name": "x"}, "7"),
        ({"name": "x"}, {"name": "x", "city": "y"}),
    ],
)
def test_the_same_value_in_another_form_is_one(before: object, now: object) -> None:
    """D43 Either way round."""
    assert is_same(before, now, BERLIN)
    assert is_same(now, before, BERLIN)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("2026-10-27", "2026-10-27T00:00:00Z"),
        ("acme", "Acme"),
        ("05", "5"),
        (0, None),
        (0, ""),
        (True, False),
        (True, "yes"),
        (["a"], ["a", "a"]),
        (["a", "b"], ["a"]),
        ("a;b", "a"),
        ({"id": 7, "name": "x"}, {"id": 8, "name": "x"}),
        ({"city": "x"}, {"city": "y"}),
        (1e300, 10**400),
    ],
)
def test_another_value_is_another(before: object, now: object) -> None:
    """D43 Either way round."""
    assert not is_same(before, now, BERLIN)
    assert not is_same(now, before, BERLIN)


@given(VALUES, VALUES)
def test_every_value_is_itself_and_no_order_of_two_matters(one: object, other: object) -> None:
    """D43 Whatever they are."""
    assert is_same(one, one, BERLIN)
    assert is_same(one, other, BERLIN) is is_same(other, one, BERLIN)


@given(st.lists(VALUES, max_size=4), st.randoms())
def test_the_order_of_a_list_is_no_value(values: list[object], random: Any) -> None:
    """D43"""
    shuffled = random.sample(values, len(values))
    assert is_same(values, shuffled, BERLIN)


@pytest.mark.parametrize("value", [None, "", "  ", False, [], {}, {"id": None}, "0000-00-00", "0000-00-00 00:00:00"])
def test_what_is_not_filled_is_one_value(value: object) -> None:
    """D43 S86 e5 Not ticked and a date of zeros included; such a date is neither today nor before it."""
    assert is_empty(value)
    assert is_same(value, None, BERLIN)
    for text in ("closed == today", "closed < today", "closed > today"):
        assert not holds(line(text), {"closed": value})


@pytest.mark.parametrize("value", [0, 0.0, " 0 ", True, "x", ["x"], {"id": 0}, "2026-10-27"])
def test_zero_is_filled(value: object) -> None:
    """D43 S86 e5"""
    assert not is_empty(value)


SPELLED: Final = [
    ("stage changed", "stage changed", "[('stage', 'changed', True)]"),
    ('stage changed to ""', 'stage changed to ""', "[('stage', 'changed', True), ('stage', '=', False)]"),
    ("stage changed to 5", "stage changed to 5", "[('stage', 'changed', True), ('stage', '=', 5)]"),
    (
        'stage changed from "open"',
        'stage changed from "open"',
        "[('stage', 'changed', True), ('before stage', '=ilike', 'open')]",
    ),
    ("before size > 5", "before size > 5", "[('before size', '>', 5)]"),
    ('before account.tier equals "vip"', 'before account.tier == "vip"', "[('before account.tier', '=ilike', 'vip')]"),
]


@pytest.mark.parametrize(("criterion", "written", "domain"), SPELLED)
def test_each_notation_writes_what_the_others_do(criterion: str, written: str, domain: str) -> None:
    """D43 S42 S75"""
    condition = criteria.parse(criterion)
    assert line(written) == condition
    assert criteria.parse(in_words(condition)) == condition
    assert as_expression(condition) == written
    assert as_domain(condition) == domain
    facts = {"stage": "won", "size": 5, "account": {"tier": "vip"}}
    for change in (UNCHANGED, WON, Change({"size": 6, "account.tier": "VIP"}, frozenset({"size"}))):
        assert holds(condition, facts, change) is holds(domains.parse(domain), facts, change)


def test_domains_mind_letter_case_in_what_was_changed() -> None:
    """D43 D9 As `=` and `in` do."""
    for domain in ("[('stage', 'changed to', 'won')]", "[('stage', 'changed to', ['lost', 'won'])]"):
        assert holds(domains.parse(domain), {"stage": "won"}, WON)
        assert not holds(domains.parse(domain), {"stage": "Won"}, WON)
    assert holds(domains.parse("[('stage', 'changed from', ['open', False])]"), {"stage": "won"}, WON)
    assert holds(domains.parse("[('stage', 'changed', False)]"), {"stage": "won"})
    assert as_domain(domains.parse("[('stage', 'changed to', 'won')]")) == "[('stage', 'changed to', 'won')]"


@pytest.mark.parametrize("text", ["before size > 5", "not before size > 5", 'before size == ""', 'before size != "x"'])
def test_of_a_value_that_is_not_known_nothing_holds(text: str) -> None:
    """D43 Neither a comparison nor its contrary, wherever the `not` stands."""
    assert not holds(line(text), {"size": 9})
    assert not holds(line(f"not (not ({text}))"), {"size": 9})
    assert not holds(line(f"{text} and size == 9"), {"size": 9})
    assert holds(line(f"{text} or size == 9"), {"size": 9})
    assert not holds(line(f"not ({text}) and not ({text})"), {"size": 9})


def test_what_was_not_changed_is_certain() -> None:
    """D43 What is not known is no change."""
    assert holds(line("not stage changed"), {"stage": "won"})
    assert holds(line('not stage changed to "won"'), {"stage": "won"})


def test_two_fields_are_compared_as_both_were() -> None:
    """D43"""
    condition = line("before size == field before_size")
    assert asked_before(condition) == {"size", "before_size"}
    assert holds(condition, {}, Change({"size": 5, "before_size": "5"}))
    assert not holds(condition, {"before_size": 5}, Change({"size": 5}))


@pytest.mark.parametrize("text", ["before equals 5", 'before contains "x"', "before in [5]", "before changed"])
def test_a_field_may_be_called_before(text: str) -> None:
    """S42 Where an operator follows."""
    assert not getattr(criteria.parse(text), "past", True)
    assert criteria.parse(text).path == ("before",)


@pytest.mark.parametrize(
    "text", ["before stage changed", 'before stage changed to "x"', "stage changed won", "changed"]
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    """D43 With the place."""
    with pytest.raises(ConditionError):
        criteria.parse(text)


@pytest.mark.parametrize(
    "domain",
    [
        "[('before stage', 'changed', True)]",
        "[('stage', 'changed', 'won')]",
        "[('tag_ids', 'any', [('name', 'changed', True)])]",
        "[('tag_ids', 'any', [('before name', '=', 'x')])]",
    ],
)
def test_what_makes_no_sense_in_a_domain_is_refused(domain: str) -> None:
    """D43 Of a linked record's changes nothing is known."""
    with pytest.raises(ConditionError):
        domains.parse(domain)


def test_the_fields_to_be_remembered_are_those_that_are_asked_for() -> None:
    """D43 And no others."""
    condition = All((line('a changed or before b == 5 and c == 6 and d changed to "x"'), Not(line("e.f changed"))))
    assert asked_before(condition) == {"a", "b", "d", "e.f"}
    assert asked_before(in_past(line("x == 5"))) == {"x"}


def test_a_creation_changes_whatever_is_set() -> None:
    """D43"""
    facts = {"a": "x", "b": "", "c": 0, "d": False, "account": {"id": 1, "region": "EMEA"}}
    asked = frozenset({"a", "b", "c", "d", "e", "account.region", "account.city"})
    assert as_created(asked, facts).changed == {"a", "c", "account.region"}
    assert as_created(asked, facts).before == dict.fromkeys(asked)


def test_what_a_link_tells_of_a_field() -> None:
    """D43"""
    assert told_at("account.region", {"account": {"region": "EMEA"}}) == "EMEA"
    assert told_at("account.region", {"account.region": "EMEA"}) == "EMEA"
    assert told_at("account.region", {"account": False}) is None
    for facts in ({}, {"account": 5}, {"account": {"id": 5}}, {"account": [{"region": "EMEA"}]}):
        assert told_at("account.region", facts) is UNTOLD


def test_the_leaf_that_decided_shows_the_values_before_and_now() -> None:
    """D43 S49"""
    leaf = criteria.parse("stage changed")
    assert found(leaf, {"stage": "won"}, WON) == 'the record had "open" before, and has "won" now'
    assert found(leaf, {"stage": "won"}) == 'the record had something we were not told before, and has "won" now'
    ask = first_match([All((criteria.parse("size > 5"), criteria.parse("before stage equals won")))])
    assert ask({"size": 6}, NOW_MS, WON) == (-1, {0: 1})
