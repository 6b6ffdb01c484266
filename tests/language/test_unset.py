"""A field that holds nothing, in whatever form a CRM or a file says so: one rule over all notations and operators."""

from __future__ import annotations

import re
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from service.core.filled import is_filled
from service.language import criteria
from service.language.changes import Change, is_same
from service.language.compiling import check
from service.language.odoo import domains
from service.language.operators import TABLE
from service.language.unset import is_empty, is_unset
from tests.language.comparing import NOW_MS, tree
from tests.language.trees import fits, line

UNSET: Final[tuple[Any, ...]] = (
    *(None, "", "  ", "\t\n\u00a0", ";", " ; ;", [], (), {}, [None], [""], ["", " "], [{}], [{"id": None}]),
    *({"id": None}, {"id": False}, {"id": ""}, {"id": None, "name": "x"}),
    *("0000-00-00", " 0000-00-00 ", "0000-00-00 00:00:00", "0000-00-00T00:00:00"),
)
SET: Final[tuple[Any, ...]] = (
    *(0, 0.0, True, "0", "-", "a;", "false", "null", "0000", "0001-01-01", [0], [False], ["", "a"], [[""], "a"]),
    *({"id": 0}, {"id": "0"}, {"name": ""}, {"x": None}, [{"id": 1}]),
)


@pytest.mark.parametrize("fact", UNSET, ids=repr)
def test_what_holds_nothing_is_unset_in_every_notation(fact: Any) -> None:
    """D9 S86 S77: `is empty`, its contrary, Odoo's `False`, the line, paths, changes and what a workflow asks."""
    facts = {"x": fact, "link": fact}
    assert is_unset(fact)
    assert is_empty(fact)
    for holds in ("x is empty", 'x equals ""', 'x in [a, ""]', "x not equal 5", 'x includes ""', "x excludes [a]"):
        assert fits(criteria.parse(holds), facts), holds
    for fails in ("x is not empty", "x equals a", "x not in [a, '']".replace("'", '"'), "x > 0", "x includes [a]"):
        assert not fits(criteria.parse(fails), facts), fails
    for held in ("x is empty", "x == field y", "not x is not empty", "link.name is empty", "link.name != 5"):
        assert fits(line(held), facts), held
    asked: list[list[Any]] = [["x", "=", False], ["x", "not in", ["a", 5]], ["x", "=ilike", False]]
    for term in asked:
        assert fits(domains.parse([term]), facts), term
    asked = [["x", "!=", False], ["x", "ilike", "0"], ["x", ">=", 0], ["link.name", "!=", "a"]]
    for term in asked:
        assert not fits(domains.parse([term]), facts), term
    assert is_same(fact, None, ZoneInfo("UTC"))
    is_text = isinstance(fact, str) and fact.strip()
    assert not any(is_filled(kind, fact) for kind in ("boolean", "date", "number", *(() if is_text else ("text",))))


@pytest.mark.parametrize("fact", SET, ids=repr)
def test_what_holds_something_is_not(fact: Any) -> None:
    """D9: zero is a value, and so is a list with one choice, or a link that has an id."""
    assert not is_empty(fact)
    assert fits(criteria.parse("x is not empty"), {"x": fact})
    assert not fits(criteria.parse("x is empty"), {"x": fact})
    assert fits(domains.parse([["x", "!=", False]]), {"x": fact})


def test_false_is_a_value_in_criteria_and_nothing_in_a_domain() -> None:
    """D9 D32: a box that is not ticked is a value; Odoo sends `false` for whatever is not set."""
    facts = {"x": False}
    assert fits(criteria.parse("x is not empty"), facts)
    assert fits(domains.parse([["x", "=", False]]), facts)
    assert fits(criteria.parse("x.name is empty"), facts)


@pytest.mark.parametrize("notation", ["criteria", "domain"])
def test_no_condition_tells_one_form_of_nothing_from_another(notation: str) -> None:
    """Random trees of all operators, asked of each form: the answer is that for a field that is absent."""
    random = Random(7)
    for _ in range(400):
        condition = tree(random, notation)
        ask = check(condition)
        y, behind = random.choice([None, "a", 5]), random.choice([None, "US"])
        expected = [ask({"y": y, "link": {"x": behind}}, NOW_MS), ask({"x": behind, "link": {"x": None}}, NOW_MS)]
        for fact in UNSET:
            found = [ask({"x": fact, "y": y, "link": {"x": behind}}, NOW_MS)]
            found.append(ask({"x": behind, "y": fact, "link": {"x": fact}}, NOW_MS))
            assert found == expected, (condition, fact)


def test_as_a_value_before_one_form_is_as_good_as_another() -> None:
    """D43: what is remembered is what was told."""
    ask = check(criteria.parse("before x is empty"))
    assert all(ask({"x": "a"}, NOW_MS, Change({"x": fact}, frozenset("x"))) for fact in UNSET)


@pytest.mark.parametrize("text", ['x equals ";"', 'x equals " "', 'x equals "0000-00-00"', 'x in [";"]'])
def test_a_constant_that_holds_nothing_asks_for_nothing(text: str) -> None:
    """In whatever form it is written."""
    assert all(fits(criteria.parse(text), {"x": fact}) for fact in UNSET)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("tag includes [VIP]", {"tag": {"id": 4, "name": "vip"}}, True),
        ("tag includes all [VIP]", {"tag": {"display_name": "VIP"}}, True),
        ("tag includes all [VIP, fair]", {"tag": {"name": "VIP"}}, False),
        ("tag excludes [VIP]", {"tag": {"name": "VIP"}}, False),
        ("tag excludes [VIP]", {"tag": {"name": "fair"}}, True),
        ("tags.name includes [VIP]", {"tags": [{"name": "x"}, {"name": "vip"}]}, True),
        ("tags.name includes [VIP]", {"tags": {"name": "vip"}}, True),
        ("tags.name includes all [VIP, x]", {"tags": [{"name": "x"}, {"name": "vip"}]}, True),
        ("tags.name excludes [VIP]", {"tags": [{"name": "x"}, {"name": "vip"}]}, False),
        ("tags.name excludes [VIP]", {"tags": [{"name": "x"}, {}]}, True),
        ("tags.name excludes [VIP]", {"tags": []}, True),
        ('tags.name includes ""', {"tags": [{"name": ""}]}, True),
        ("tags.name includes [VIP]", {"tags": ["VIP"]}, False),
        ("tags.name excludes [VIP]", {"tags": ["x"]}, False),
        ("tags.kinds includes [b]", {"tags": [{"kinds": ["a", "b"]}, {"kinds": "c"}]}, True),
        ("tags.kind.name includes [b]", {"tags": [{"kind": {"name": "a"}}, {"kind": {"name": "B"}}]}, True),
        ("account.tags.name includes [b]", {"account": {"tags": [{"name": "a"}, {"name": "b"}]}}, True),
        ("account.tags.name includes [b]", {"account": False}, False),
    ],
)
def test_choices_are_links_too_one_or_many(text: str, facts: dict[str, Any], expected: bool) -> None:
    """A link that is not in a list is one choice; behind several links stand several values."""
    assert fits(criteria.parse(text), facts) is expected
    assert fits(line(re.sub(r"(?<=[\[ ])(\w+)(?=[\],])", r'"\1"', text)), facts) is expected


def test_operators_of_choices_alone_go_through_lists() -> None:
    """Another operator asks for one value, and there it is not known which."""
    for row in TABLE:
        found = row.operator.walk(("tags", "name"))({"tags": [{"name": "a"}]})
        assert (found == ["a"]) is (row.takes == "choices"), row.operator.name
