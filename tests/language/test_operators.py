"""The operators that people bring from other products, and the laws that hold for every row of the table."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import service
from service.language import criteria, expression
from service.language.letters import folded, folded_each
from service.language.odoo import domains
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.operators import OPERATORS, TABLE, Row
from service.language.printing import as_domain, as_expression, leaf_text
from service.language.tree import Calendar, Compare, ConditionError, reads
from tests.language.trees import NOW_MS, VALUES, fits, line

TRUE: Final[tuple[object, ...]] = (True, 1, 1.0, "1", "true", "True", " TRUE ")
FALSE: Final[tuple[object, ...]] = (False, 0, 0.0, "0", "false", "False", None, "", " ", [])
NEITHER: Final[tuple[object, ...]] = (2, -1, "yes", "no", "on", "01", 0.5)


@pytest.mark.parametrize(
    ("text", "fact", "expected"),
    [
        ("mail ends with @acme.com", "Ann@ACME.com ", True),
        ("mail ends with @acme.com", "ann@acme.com.de", False),
        ("mail ends with [@acme.com, .org]", "x@y.ORG", True),
        ("mail ends with [@acme.com, .org]", None, False),
        ('mail ends with ""', None, True),
        ("title contains [chief, head]", "Deputy Head", True),
        ("title contains [chief, head]", "Assistant", False),
        ('title contains [chief, ""]', None, True),
        ("title does not contain [chief, head]", "Assistant", True),
        ("title does not contain [chief, head]", "Deputy Head", False),
        ("title does not contain [chief, head]", None, True),
        ("title does not contain [chief, head]", 5, False),
        ("title starts with [chief, head]", " Head of IT", True),
        ("title starts with [chief, head]", "Deputy Head", False),
        ("industry is empty", " ", True),
        ("industry is empty", [], True),
        ("industry is empty", 0, False),
        ("industry IS NOT EMPTY", "x", True),
        ("industry is_not_empty", None, False),
        ("industry is blank", None, True),
        ("size between 5 and 10", 5, True),
        ("size between 5 and 10", "10", True),
        ("size between 5 and 10", 10.5, False),
        ("size between 5 and 10", None, False),
        ('name between "a" and "c"', "B", True),
        ('name between "a" and "c"', "ca", False),
        ("closed between 2023-01-01 and 2023-12-31", "2023-12-31T23:59:59Z", True),
        ("closed between 2023-01-01 and 2023-12-31", "2024-01-01", False),
        ("closed between today - 7d and today", "2023-11-10", True),
        ("closed between now - 1mo and now", "2023-10-15", True),
        ("tags includes all [a, b]", ["B", "c", "a"], True),
        ("tags includes all [a, b]", "a; B", True),
        ("tags includes all [a, b]", ["a"], False),
        ("tags includes all a", ["a"], True),
        ("tags includes [VIP]", [{"id": 4, "name": "vip"}, {"name": "x"}], True),
        ("tags includes [4]", [{"id": 4, "name": "vip"}], True),
        ("tags includes all [VIP, fair]", [{"display_name": "Fair"}, {"name": "VIP"}], True),
        ("tags excludes [VIP]", [{"name": "x"}], True),
        ("tags excludes [VIP]", [{"name": "VIP"}], False),
        ("tags includes [true]", [1, 0], True),
        ("vip in [1, true]", True, True),
        ("vip in [true, 1]", True, True),
        ("vip in [0, false]", False, True),
        ("vip in [0]", None, False),
        ("tags includes all [5, a]", ["5", "A"], True),
        ("tags includes all [1, true]", [True], False),
        ('tags includes all [""]', None, True),
        ('tags includes all ["", a]', None, False),
        ('tags includes all ["", a]', "a;", True),
        ("ends equals 9999-12-31", "9999-12-31", True),
        ("ends > 2500-01-01", "9999-12-31T23:59:59-05:00", True),
        ("born < 0999-01-01", "0950-01-01", True),
        ("created > now - 3mo", "2023-08-15", True),
        ("created > now - 3mo", "2023-08-14", False),
        ("created < now + 1y", "2024-11-14T22:00Z", True),
        ("created in [2023-11-14, 2023-11-15]", " 2023-11-15 ", True),
    ],
)
def test_an_operator_says_what_its_name_says(text: str, fact: object, expected: bool) -> None:
    """S34 S42: also those that other products have."""
    assert fits(criteria.parse(text), {text.split(maxsplit=1)[0]: fact}) is expected


@pytest.mark.parametrize("negation", [False, True])
@pytest.mark.parametrize(("values", "truth"), [(TRUE, True), (FALSE, False), (NEITHER, None)])
def test_truth_has_several_forms_and_not_equal_is_the_opposite(
    values: tuple[object, ...], truth: bool | None, negation: bool
) -> None:
    """D32: in both notations, alone, in a list, and between two fields."""
    for constant in (True, False):
        word = str(constant).lower()
        for fact in values:
            expected = (truth is constant) is not negation
            assert fits(criteria.parse(f"f {'not equal' if negation else 'equals'} {word}"), {"f": fact}) is expected
            assert fits(line(f"f {'not in' if negation else 'in'} [{word}]"), {"f": fact}) is expected
            assert fits(line(f"f {'!=' if negation else '=='} field g"), {"f": fact, "g": constant}) is expected


@given(VALUES, st.sampled_from(["true", "false"]))
def test_not_equal_to_a_truth_is_the_opposite_whatever_the_field_holds(fact: object, word: str) -> None:
    """D32: exactly one of the two holds."""
    assert fits(line(f"f == {word}"), {"f": fact}) is not fits(line(f"f != {word}"), {"f": fact})


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("EMEA", " emea", "=="),
        ("EMEA", "APAC", ">"),
        (5, "5.0", "=="),
        ("9", 10, "<"),
        ("2024-05-01", "2024-05-01T00:00", "=="),
        ("2024-05-01T00:00+02:00", "2024-05-01", "<"),
        (None, "", "=="),
        (None, "x", "!="),
        (5, "five", "!="),
        (["x"], "x", ""),
        ({"id": 1}, {"id": 1}, "="),
        ({"id": 1}, {"id": 2}, "/"),
        ("true", 1, "="),
        ("False", "0", "="),
        ("false", None, "="),
        ("true", "yes", "/"),
    ],
)
def test_a_field_is_compared_with_another_one(left: object, right: object, relation: str) -> None:
    """Numbers as numbers, dates as instants, other texts as texts; order never holds for what is unset."""
    facts = {"a": left, "account": {"b": right}}
    holding = {word for word in ("==", "!=", "<", "<=", ">", ">=") if fits(line(f"a {word} field account.b"), facts)}
    expected = {
        "==": {"=="},
        "!=": {"!="},
        "<": {"<", "<=", "!="},
        ">": {">", ">=", "!="},
        "": set[str](),
        "=": {"=="},
        "/": {"!="},
    }[relation]
    if relation == "==" and left is not None:
        expected |= {"<=", ">="}
    assert holding == expected


def test_another_field_is_read_printed_and_refused_where_it_has_no_place() -> None:
    """D16 S73: the same words in both notations; whoever asks what is read is told of both."""
    condition = criteria.parse('owner_region not equal field account."Sales Region"')
    assert condition == line('owner_region != field account."Sales Region"')
    assert leaf_text(condition) == 'owner_region not equal field account."Sales Region"'
    assert reads(condition) == {"owner_region", "account.Sales Region"}
    assert criteria.parse('title equals "field marketing"').value == "field marketing"
    with pytest.raises(ConditionError, match="no value: text needs quotes"):
        expression.parse("region == account.region")


def test_days_of_another_field_are_those_of_the_division() -> None:
    """D12: an instant without an offset is one of the division's zone."""
    facts = {"a": "2024-05-01T00:00", "b": "2024-04-30T22:00Z"}
    assert not fits(line("a == field b"), facts)
    assert fits(line("a == field b", "Europe/Berlin"), facts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("created in LAST_N_DAYS:7 and size > 5", True),
        ("created == N_DAYS_AGO:4", True),
        ("created in [last_n_weeks:1, today]", True),
        ("created in NEXT_N_DAYS:7", False),
    ],
)
def test_salesforces_words_for_dates_are_read_in_the_line_too(text: str, expected: bool) -> None:
    """S42: as in criteria, they need no quotes."""
    assert fits(line(text), {"created": "2023-11-10", "size": 6}) is expected


@pytest.mark.parametrize(("starts", "first", "last"), [(0, "13", "19"), (6, "12", "18"), (5, "11", "17")])
def test_a_week_begins_on_the_day_that_the_division_says(starts: int, first: str, last: str) -> None:
    """S42: now is a Tuesday; Monday, Sunday and Saturday are usual."""
    condition = criteria.parse("created in this_week", Calendar("UTC", starts))
    found = [f"{day:02}" for day in range(1, 31) if fits(condition, {"created": f"2023-11-{day:02}"})]
    assert (found[0], found[-1], len(found)) == (first, last, 7)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("size between 5 and 10", "['&', ('size', '>=', 5), ('size', '<=', 10)]"),
        ("closed between 2024-01-01 and today", "['&', ('closed', '>=', '2024-01-01'), ('closed', '<=', 'today')]"),
        ("name contains [a, b]", "['|', ('name', 'ilike', 'a'), ('name', 'ilike', 'b')]"),
        ("name does not contain [a, b]", "['&', ('name', 'not ilike', 'a'), ('name', 'not ilike', 'b')]"),
        ("name ends with [a, b]", "['|', ('name', '=ilike', '%a'), ('name', '=ilike', '%b')]"),
        ("name is not empty", "[('name', '!=', False)]"),
    ],
)
def test_what_is_made_of_others_is_printed_as_a_domain_of_them(text: str, domain: str) -> None:
    """S75: wherever a domain has the words."""
    condition = criteria.parse(text)
    assert as_domain(condition) in (domain, domain.replace("['&', ", "["))
    assert line(str(as_expression(condition))) == condition


def constant(row: Row) -> str:
    return {"range": "1 and 2", "order": "5", "value": "a", "nothing": ""}.get(row.takes, "[a, b]")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.operator.name)
@given(fact=VALUES)
def test_an_operator_that_is_made_of_others_says_what_they_say(row: Row, fact: Any) -> None:
    """S43: so whatever is known of those is known of it."""
    condition = criteria.parse(f"x {row.operator.name} {constant(row)}")
    if condition.meaning is not None:
        assert fits(condition, {"x": fact}) is fits(condition.meaning, {"x": fact})


PAGE: Final = Path(service.__file__).parent


def test_an_operator_is_listed_in_one_place() -> None:
    """S42: whoever else needs to know operators asks the rows, so a new one is a row."""
    own = [operator.name for operator in OPERATORS if operator.name not in DOMAIN]
    names = [name for name in own if " " in name or name.endswith("s")]
    written = re.compile("|".join(rf'"{re.escape(name)}"' for name in names))
    listing = {
        path.relative_to(PAGE).as_posix()
        for path in PAGE.rglob("*.py")
        if len(set(written.findall(path.read_text()))) > 2
    }
    assert listing == {"language/operators.py"}


@given(st.text(), st.text(max_size=2), st.sampled_from(["", " ", "\t", "\u00a0"]))
def test_texts_that_look_alike_are_one_text(text: str, more: str, space: str) -> None:
    """D41: folding is stable, and knows neither white space at the ends nor letter case."""
    assert folded(folded(text)) == folded(text)
    assert folded(space + text + space) == folded(text)
    assert folded_each(folded_each(text)) == folded_each(text)
    assert len(folded_each(text + more)) == len(text + more)
    assert folded_each(text + more) == folded_each(text) + folded_each(more)


def test_every_character_stays_one_when_it_is_folded_by_itself() -> None:
    """D41: also those that Unicode folds to several, wherever they are."""
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    assert [each for each in letters if len(folded_each(each)) != 1] == []


@pytest.mark.parametrize(
    "pair", [("ΟΔΟΣ", "οδος"), ("Straße", "STRASSE"), ("é", "e\u0301"), ("Å", "\u212b"), ("ﬁ", "FI")]
)
def test_letters_in_another_form_are_the_same_text(pair: tuple[str, str]) -> None:
    """D41: for every operator that asks which text a field is."""
    one, other = pair
    for text in (
        f'f == "{one}"',
        f'f in ["{one}"]',
        f'f contains "{one}"',
        f'f ends with "{one}"',
        f'f includes "{one}"',
    ):
        assert fits(line(text), {"f": f" {other} "}, NOW_MS)
        assert fits(line(text.replace(one, other)), {"f": one}, NOW_MS)


def test_an_operator_may_be_asked_for_its_meaning() -> None:
    """S43: with a single text there is nothing to take apart."""
    assert isinstance(criteria.parse("a contains x"), Compare)
    assert criteria.parse("a contains x").meaning is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("size equals $5", "without currencies"),
        ("size in [5 €, 6]", "without currencies"),
        ("size equals ５", "without currencies"),
        ("closed equals 2024-05", "is no date"),
        ("closed equals 2024-W18", "is no date"),
        ("closed equals 10000-01-01", "is no date"),
        ("closed equals 2024-05-01T10", "is no date"),
        ("closed > now - 3M", "is no time"),
        ("closed equals today - 1M", "is no time"),
        ("name equals undefined", "would be a text"),
        ("name contains field title", "does not stand before another field"),
        ("name in [field title]", "does not stand before another field"),
        ("tags includes [a;b]", "is several choices"),
        ("tags includes all a;b", "is several choices"),
    ],
)
def test_what_people_take_for_something_else_is_refused_with_what_to_write(text: str, what: str) -> None:
    """S34 S43: what would silently be a text that nothing is, or almost nothing."""
    with pytest.raises(ConditionError, match=what):
        criteria.parse(text)


@pytest.mark.parametrize(
    "text", ['size equals "$5"', 'name contains "field title"', "name equals fieldwork", "code equals 1234-12"]
)
def test_a_text_that_is_meant_stands_in_quotes_or_looks_like_nothing_else(text: str) -> None:
    """S34: no refusal without a way out."""
    assert isinstance(criteria.parse(text), Compare)


@pytest.mark.parametrize("value", ["7d", "3 months", "31.12.2024", "1,000", ".5", "$5", "2024-05", "null"])
def test_a_domain_does_not_put_in_order_as_texts_what_looks_like_something_else(value: str) -> None:
    """S74 S75: neither Odoo nor this reads it as a number or a date."""
    with pytest.raises(ConditionError):
        domains.parse([["size", ">", value]])


@pytest.mark.parametrize(
    ("fact", "other", "is_same"),
    [
        ({"id": 5, "name": "a"}, {"id": 5}, True),
        ({"id": 5}, "5", True),
        ({"name": "EMEA"}, "emea", True),
        ({"id": 5}, {"id": 6}, False),
        ({"id": None, "name": "a"}, "a", False),
        ({"id": None}, None, True),
        (["a"], ["a"], False),
    ],
)
def test_a_link_is_compared_with_another_field_as_its_id_or_name(fact: object, other: object, is_same: bool) -> None:
    """S52: `account equals field parent`."""
    facts = {"x": fact, "y": other}
    assert fits(criteria.parse("x equals field y"), facts) is is_same
    assert fits(criteria.parse("x not equal field y"), facts) is (not is_same and not isinstance(fact, list))
