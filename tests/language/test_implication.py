"""What conditions say about each other: a table of what must be found, and a law that nothing false ever is."""

from __future__ import annotations

from typing import Any as Anything
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.language import expression
from service.language.changes import Change
from service.language.compiling import check
from service.language.implication import implies, never
from service.language.moments import span_in
from service.language.odoo import domains
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.operators import CHANGES, TABLE, Row
from service.language.tree import All, Any, Compare, Condition, Constant, Not, Other, number_in
from tests.language.comparing import changed

Moment = tuple[dict[str, Anything], Change]
"""A record, and what was changed of it."""

NOW: Final = 1_714_600_000_000
"""In the morning of 2024-05-02 (UTC)."""

IMPLIES: Final = [
    ('country == "US"', 'country in ["US", "CA"]'),
    ('country == "us"', 'country in ["US", "CA"]'),
    ('country in ["US"]', 'country == "US"'),
    ('country == "US" and size > 5', 'country in ["US", "CA"]'),
    ('country == "US" and size > 5', 'size > 3 or source == "web"'),
    ('country == "US" or country == "CA"', 'country in ["US", "CA", "MX"]'),
    ('country in ["US", "CA"]', 'country == "US" or country == "CA"'),
    ("size > 100", "size > 10"),
    ("size > 10", "size >= 10"),
    ("size >= 11 and size <= 20", "size > 10 and size < 21"),
    ("size == 5", "size > 4"),
    ("size in [5, 6]", "size > 4"),
    ("size > 4", "not size <= 4"),
    ("size > 4", "size != none"),
    ('country == "US"', "country != none"),
    ('country == "US"', 'country != "CA"'),
    ('country == "US"', 'not country == "CA"'),
    ('country not in ["US", "CA"]', 'country != "US"'),
    ("country == none", 'country != "US"'),
    ('name == "Microsoft"', 'name contains "soft"'),
    ('name starts with "Micro"', 'name contains "icr"'),
    ('name starts with "Micro"', 'name starts with "mi"'),
    ('name contains "soft"', 'not name not contains "of"'),
    ('name not contains "of"', 'name not contains "soft"'),
    ('color includes ["red"]', 'color includes ["red", "blue"]'),
    ('color excludes ["red", "blue"]', 'color excludes ["RED"]'),
    ("born < 2024-01-01", "born < 2024-05-01"),
    ("born == 2024-05-01", "born >= 2024-05-01 and born <= 2024-05-01"),
    ("seen == today", "seen >= today"),
    ("seen == last_7_days", "seen == last_7_days"),
    ('account.sector == "retail"', 'account.sector in ["retail", "trade"]'),
    ('stage changed to "won"', "stage changed"),
    ('stage changed to "won"', 'stage == "won"'),
    ('stage changed to ["won", "lost"]', 'stage in ["won", "lost", "open"]'),
    ('stage changed to "won" and amount > 5', 'stage changed to ["won", "lost"] and amount > 3'),
    ('stage changed from "open"', 'before stage == "open"'),
    ("before size > 5", "before size > 3"),
    ("not before size > 5", "not before size > 7"),
    ("stage changed", 'before stage == "open" or not before stage == "open"'),
    ('not (country == "US" and size > 5)', 'not country == "US" or not size > 5'),
    ('country == "US" and not (size > 5 or size < 3)', 'country == "US"'),
]
DOMAIN_IMPLIES: Final = [
    ("[('country_id', '=', 'US')]", "[('country_id', 'in', ['US', 'CA'])]"),
    ("[('country_id.code', '=', 'US')]", "[('country_id.code', 'in', ['US', 'CA'])]"),
    ("[('country_id', 'not in', ['US', 'CA'])]", "[('country_id', '!=', 'US')]"),
    ("[('size', '>', 100)]", "[('size', '>', 10)]"),
    ("[('size', '>', 10)]", "[('size', '>=', 10)]"),
    ("[('size', '<', 3), ('a', '=', 1)]", "[('size', '<=', 3)]"),
    ("[('name', 'ilike', 'acme')]", "['|', ('name', 'ilike', 'acme'), ('a', '=', 1)]"),
    ("[('country_id', '=', 'US')]", "[('country_id', 'not in', [])]"),
]
UNKNOWN: Final = [
    ('country in ["US", "CA"]', 'country == "US"'),
    ('not country == "US"', 'country != "US"'),
    ("size > 10", "size > 100"),
    ("not size > 10", "size <= 10"),
    ('country != "US"', 'country == "CA"'),
    ("size != 5", "size < 5 or size > 5"),
    ('name contains "of"', 'name contains "soft"'),
    ('country == "US"', 'region == "US"'),
    ("flag == true", "flag == 1"),
    ("seen == last_7_days", "seen == last_30_days"),
]
DOMAIN_UNKNOWN: Final = [
    ("[('country_id', '=', 'US')]", "[('country_id', '=', 'us')]"),
    ("[('country_id', '=', 'US')]", "[('country_id', '!=', 'CA')]"),
    ("[('flag', '=', True)]", "[('flag', '=', 1)]"),
    ("[('size', '=', 5)]", "[('size', '>', 4)]"),
]
NEVER: Final = [
    'country == "US" and country == "CA"',
    "size > 5 and size < 3",
    "size > 5 and size <= 5",
    'country == "US" and country == none',
    'country == "US" and country != "us"',
    'country == "US" and country not in ["US", "CA"]',
    'size > 5 and size == "small"',
    'name starts with "A" and name starts with "B"',
    'name == "Acme" and name contains "x"',
    'color includes ["red"] and color excludes ["red", "blue"]',
    "born > 2024-05-01 and born < 2023-01-01",
    "seen < today and seen == today",
    "seen == today and seen != today",
    'country == "US" and (size > 5 and size < 3 or country == "CA")',
    'not (country == "US" or not country == "US")',
    "flag == true and flag == false",
]
DOMAIN_NEVER: Final = [
    "[('country_id', 'in', [])]",
    "['!', ('country_id', 'not in', [])]",
    "[('country_id', '=', 'US'), ('country_id', '!=', 'US')]",
    "[('country_id', '=', 'US'), '!', ('country_id', 'in', ['US', 'CA'])]",
    "[('size', '>', 5), '!', ('size', '>=', 5)]",
    "[(0, '=', 1)]",
]
POSSIBLE: Final = ["size > 5 and size < 6", 'name > "a" and name < "b"', 'code == "5" and code == 5', "size == 5.0"]
DOMAIN_POSSIBLE: Final = [
    "[('tag_ids', '=', 'a'), ('tag_ids', '=', 'b')]",
    "[('tag_ids.name', '=', 'a'), ('tag_ids.name', '!=', 'a')]",
    "[('size', '>', 5), ('size', '<', 3)]",
]


@pytest.mark.parametrize(("first", "second"), IMPLIES)
def test_what_follows_is_found(first: str, second: str) -> None:
    """S43 S49 S56: in criteria and expressions, for the meaning of each operator."""
    assert implies(expression.parse(first), expression.parse(second))


@pytest.mark.parametrize(("first", "second"), DOMAIN_IMPLIES)
def test_what_follows_in_domains_is_found(first: str, second: str) -> None:
    """S43 S49 S75: in domains, where a field may hold several values."""
    assert implies(domains.parse(first), domains.parse(second))


@pytest.mark.parametrize(("first", "second"), UNKNOWN)
def test_what_does_not_follow_is_not_said(first: str, second: str) -> None:
    """S49: a finding is certain."""
    assert not implies(expression.parse(first), expression.parse(second))


@pytest.mark.parametrize(("first", "second"), DOMAIN_UNKNOWN)
def test_what_does_not_follow_in_domains_is_not_said(first: str, second: str) -> None:
    """S49: a domain minds case, and a field may hold both of two values."""
    assert not implies(domains.parse(first), domains.parse(second))


@pytest.mark.parametrize("text", NEVER)
def test_what_can_never_hold_is_found(text: str) -> None:
    """S47 S49: whatever the record, not this."""
    assert never(expression.parse(text))


@pytest.mark.parametrize("text", DOMAIN_NEVER)
def test_what_can_never_hold_in_a_domain_is_found(text: str) -> None:
    """S47 S49: an empty list, a comparison and its contrary."""
    assert never(domains.parse(text))


@pytest.mark.parametrize("condition", [*map(expression.parse, POSSIBLE), *map(domains.parse, DOMAIN_POSSIBLE)])
def test_what_may_hold_is_not_called_impossible(condition: Condition) -> None:
    """S49: also where it takes a fraction, a text that is a number, or a list."""
    assert not never(condition)


def test_a_condition_of_too_many_cases_is_left_alone() -> None:
    """S49: the search ends, and then nothing is said."""
    choices = tuple(Any(tuple(expression.parse(f"f{row} == {column}") for column in range(8))) for row in range(8))
    assert not never(All((*choices, expression.parse("f0 > 100"))))


TEXTS: Final = ["US", "us", "CA", "a", "ab", "b", "5", "5.0", "5e0", "6", "true", "", " ", "2024-05-01", "2024-05-02"]
NUMBERS: Final = [4, 5, 5.0, 5.5, 6, 0, 1, -1]
SPANS: Final = [span_in(text) for text in ("2024-05-01", "2024-05-02", "2024-05-01T10:00Z", "today", "last_7_days")]
PATHS: Final = [("x",), ("y",), ("link", "x")]

scalar = st.sampled_from(TEXTS[:12] + TEXTS[13:]) | st.sampled_from(NUMBERS) | st.booleans() | st.sampled_from(SPANS)
ordered = st.sampled_from([each for each in TEXTS if each.strip()]) | st.sampled_from(NUMBERS) | st.sampled_from(SPANS)
plain = st.sampled_from([*TEXTS[:12], False, True, 1, 5, 6])
path = st.sampled_from(PATHS)


def constants(row: Row) -> st.SearchStrategy[Constant]:
    """What may stand after an operator."""
    match row.takes:
        case "value":
            return scalar | st.builds(Other, path)
        case "order":
            return ordered | st.builds(Other, path)
        case "text":
            return st.sampled_from(TEXTS) | st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(tuple)
        case "range":
            return st.tuples(ordered, ordered)
        case "values":
            return scalar | st.lists(scalar, min_size=1, max_size=3).map(tuple)
        case "nothing":
            return st.none()
        case _:
            return st.lists(scalar, max_size=3).map(tuple)


def ours(row: Row) -> st.SearchStrategy[Compare]:
    """Comparisons with one operator of criteria."""
    is_past = st.just(False) if row.operator in CHANGES else st.sampled_from([False, False, False, True])
    return st.builds(Compare, path, st.just(row.operator), constants(row), is_past)


comparison = st.one_of(
    *map(ours, TABLE),
    st.builds(Compare, path, st.sampled_from([DOMAIN[each].operator for each in ("=", "!=")]), plain),
    st.builds(
        Compare,
        path,
        st.sampled_from([DOMAIN[each].operator for each in ("in", "not in")]),
        st.lists(plain, max_size=3).map(tuple),
    ),
    st.builds(
        Compare,
        path,
        st.sampled_from([DOMAIN[each].operator for each in ("<", ">", "<=", ">=")]),
        st.sampled_from([4, 5, 6, "a"]),
    ),
)
condition = st.recursive(
    comparison,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3).map(tuple).map(All),
        st.lists(inside, max_size=3).map(tuple).map(Any),
        inside.map(Not),
    ),
    max_leaves=5,
)
value = st.one_of(
    st.sampled_from([*TEXTS, "Us", "uS", "aB", "abc", "0", "4.9", "2024-05-01T10:00Z", "2024-05-01 12:00", "\t"]),
    st.sampled_from([*NUMBERS, 4.5, 7, 10**400, float("nan")]),
    st.sampled_from([None, True, False, [], {}, {"id": 5, "name": "US"}, {"id": None}, ["US", "CA"], [5, 6], ["a;b"]]),
    st.text(max_size=3),
)
records = st.fixed_dictionaries(
    {},
    optional={
        "x": value,
        "y": value,
        "link": value | st.dictionaries(st.just("x"), value) | st.lists(st.dictionaries(st.just("x"), value)),
    },
)


before = st.dictionaries(st.sampled_from(["x", "y", "link.x"]), value)
moments = st.builds(changed, before, records)


def holds(tree: Condition, moment: Moment) -> bool:
    record, change = moment
    return check(tree)(record, NOW, change)


@settings(max_examples=200, deadline=None)
@given(condition, st.lists(moments, min_size=30, max_size=30))
def test_nothing_satisfies_what_never_holds(tree: Condition, facts: list[Moment]) -> None:
    """S49: the law, for the operators as they are."""
    if never(tree):
        assert not [record for record in facts if holds(tree, record)]


@settings(max_examples=200, deadline=None)
@given(condition, condition, st.lists(moments, min_size=30, max_size=30))
def test_whatever_satisfies_the_first_satisfies_what_follows(
    first: Condition, second: Condition, facts: list[Moment]
) -> None:
    """S49: the law, for the operators as they are."""
    if implies(first, second):
        assert not [record for record in facts if holds(first, record) and not holds(second, record)]


@given(st.text(max_size=6))
def test_letter_case_never_makes_a_number_or_a_blank(text: str) -> None:
    """S49: what rests on a casefolded constant holds for every text that is folded to it."""
    assert number_in(text) == number_in(text.casefold())
    assert bool(text.strip()) == bool(text.casefold().strip())
