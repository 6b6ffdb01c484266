"""Odoo domains, end to end: text or lists in, an answer about a record out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.language.compiling import check
from service.language.odoo import domains
from service.language.odoo.operators import CHANGES, OPERATORS
from service.language.odoo.patterns import MAX_PATTERN_CHARACTERS
from service.language.tree import (
    MAX_CHARACTERS,
    MAX_COMPARISONS,
    MAX_DEPTH,
    All,
    Compare,
    Condition,
    ConditionError,
    Operator,
    Probe,
    leaves,
    reads,
)

ENGLISH: Final = "['US', 'GB', 'CA', 'AU', 'NZ', 'IE']"
NOW: Final = 1_772_000_000_000


class Row(NamedTuple):
    """One line of the conformance table."""

    domain: Any
    record: dict[str, object]
    is_expected: bool
    why: str


@cache
def table() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.load(
        Path(__file__).with_name("domains_conformance.yaml").read_bytes(), Loader=yaml.CSafeLoader
    )
    return groups


def rows() -> list[Row]:
    return [
        Row(group["domain"], record, column == "matches", group["why"])
        for group in table()
        for column in ("matches", "rejects")
        for record in group[column]
    ]


def matches(domain: Any, record: dict[str, object]) -> bool:
    return check(domains.parse(domain))(record, NOW)


@pytest.mark.parametrize("group", table(), ids=lambda group: group["why"])
def test_domains_mean_what_they_mean_in_odoo(group: dict[str, Any]) -> None:
    """S75 D9: each row of the conformance table, derived from Odoo's documented behaviour."""
    ask = check(domains.parse(group["domain"]))
    assert [record for record in group["matches"] if not ask(record, NOW)] == []
    assert [record for record in group["rejects"] if ask(record, NOW)] == []


def test_the_conformance_table_is_large_and_knows_every_operator() -> None:
    """S75: several hundred rows; an operator of Odoo's without a row would be a promise without a proof."""
    used = {
        leaf.operator.written["domain"]
        for group in table()
        for leaf in leaves(domains.parse(group["domain"]))
        if isinstance(leaf, Compare)
    }
    assert used == {row.symbol for row in OPERATORS.values() if row.operator not in CHANGES}
    assert len(rows()) >= 300
    assert all(row.why for row in rows())


@pytest.mark.parametrize("group", table(), ids=lambda group: group["why"])
def test_a_printed_domain_says_the_same(group: dict[str, Any]) -> None:
    """S75: what is read can be written as a domain and read again."""
    condition = domains.parse(group["domain"])
    written = domains.to_text(condition)
    assert isinstance(written, str)
    assert domains.parse(written) == condition


def test_what_no_domain_can_say_is_named() -> None:
    """A comparison of another notation is handed back instead of a wrong domain."""
    foreign = Compare(
        ("name",), Operator("sounds like", {"criteria": "sounds like"}, lambda value: Probe("False")), "x"
    )
    assert domains.to_text(All((domains.parse("[('a', '=', 1)]"), foreign))) == foreign


def test_a_condition_says_which_fields_it_reads() -> None:
    """S73: a domain can be asked what it depends on, paths and inner domains included."""
    condition = domains.parse("['|', ('a.b', '=', 1), '!', ('lines', 'any', [('x', '>', 1), ('y.z', '=', 2)])]")
    assert reads(condition) == {"a.b", "lines.x", "lines.y.z"}


@given(st.integers(min_value=-10, max_value=2_000))
def test_a_company_of_any_size_belongs_to_exactly_one_team(size: int) -> None:
    """S65-S67 S69: teams by region or size; a value on the border belongs to exactly one of them."""
    teams = [
        "[('company_size', '<', 50)]",
        "[('company_size', '>=', 50), ('company_size', '<', 500)]",
        "[('company_size', '>=', 500)]",
    ]
    assert sum(matches(team, {"company_size": size}) for team in teams) == 1


def test_who_speaks_the_other_languages_gets_all_other_countries() -> None:
    """S68: `not in` for one and `in` for the others: every such lead to the one, none to them."""
    ones, others = f"[('country', 'not in', {ENGLISH})]", f"[('country', 'in', {ENGLISH})]"
    for country in ("FR", "VN", "DE", None):
        assert matches(ones, {"country": country})
        assert not matches(others, {"country": country})
    for country in ("US", "IE"):
        assert matches(others, {"country": country})
        assert not matches(ones, {"country": country})


def test_what_the_teams_domain_excludes_never_reaches_a_member() -> None:
    """S73 S76-S78: a membership has its own, narrower domain, which holds only together with the team's."""
    team = "[[country_id, 'in', ['United States', 'Canada']]]"
    canada, everything = "[('country_id', '=', 'Canada')]", "[]"

    def reaches(member: str, country: str) -> bool:
        both: Condition = All((domains.parse(team), domains.parse(member)))
        return check(both)({"country_id": {"id": 1, "name": country}}, NOW)

    assert reaches(canada, "Canada")
    assert not reaches(canada, "United States")
    assert not reaches(everything, "Mexico")
    assert reaches(everything, "United States")


def test_a_lead_without_a_score_is_not_below_50() -> None:
    """D9: order against an unset field is false."""
    assert not matches("[('score', '<', 50)]", {})
    assert not matches("[('score', '>=', 50)]", {})


BAD: Final[tuple[tuple[Any, int, str], ...]] = (
    ("", 1, "here a value is missing"),
    ("   ", 4, "here a value is missing"),
    ("country_id = 'US'", 12, "after the domain nothing may follow"),
    ("'US'", 1, "a domain is a list of terms"),
    ("('country_id', '=', 'US')", 1, "this is one term"),
    ("[('country_id', '=', 'US'", 2, 'this "(" is never closed'),
    ("[('country_id', '=', 'US')", 1, 'this "[" is never closed'),
    ("[('country_id', '=', 'US)]", 22, "this quote is never closed"),
    ("[('a', '=', 1)) ", 15, 'here "," or "]" is missing'),
    ("[('a', '=' 1)]", 12, 'here "," or ")" is missing'),
    ("[('a', '=', 1),,]", 16, 'here a value is missing, "," begins none'),
    ("[('a', '=', 1)] x", 17, "after the domain nothing may follow"),
    ("[('a', '=')]", 2, "a term has three parts, field, operator and value, this one has 2"),
    ("[('a', '=', 1, 2)]", 2, "this one has 4"),
    ("['a']", 2, '"a" is neither a term'),
    ("[1]", 2, "1 is neither a term"),
    ("[('a', 'equals', 1)]", 8, '"equals" is no operator'),
    ("[('a', 'not =like', 'x')]", 8, '"not =like" is no operator'),
    ("[('a', in, [1])]", 8, 'an operator is a text in quotes, here stands "in"'),
    ("[('a', 5, [1])]", 8, "an operator is a text in quotes, here stands 5"),
    ("[('', '=', 1)]", 3, "a term begins with the name of a field"),
    ("[(1, '=', 2)]", 3, "a term begins with the name of a field"),
    ("[(True, '=', 1)]", 3, "a term begins with the name of a field"),
    ("[('a..b', '=', 1)]", 3, 'a dot in "a..b" has no name beside it'),
    ("[('a.b.c.d.e.f', '=', 1)]", 3, "a field has at most 5 steps"),
    ("['|', ('a', '=', 1)]", 2, "here only one follows"),
    ("['!']", 2, "here none follows"),
    ("['&', '|', ('a', '=', 1), ('b', '=', 1)]", 2, "here only one follows"),
    ("[['|', ('a', '=', 1), ('b', '=', 1)]]", 3, "not inside a term"),
    ("[('user_id', '=', uid)]", 19, '"uid" stands without quotes'),
    ("[('user_id', 'in', [user.id])]", 21, '"user.id" stands without quotes'),
    ("[('date', '>', context_today())]", 16, '"context_today" cannot be called'),
    ("[('a', '=', 1 + 1)]", 15, 'here "," or ")" is missing'),
    ("[('a', '=', -x)]", 13, "this is no number"),
    ("[('a', '=', 5abc)]", 13, "this is no number"),
    ("[('a', '=', 1e999)]", 13, "this number is too large"),
    ("[('a', '=', {'x': 1})]", 13, 'here a value is missing, "{" begins none'),
    ("[(‘a’, '=', 1)]", 3, "a typographic quote"),
    ("[(r'a', '=', 1)]", 3, '"r" has no place before a quote'),
    (r"[('a', '=', '\ud800')]", 14, "is no character"),
    (r"[('a', '=', '\N{DASH}')]", 14, "is no escape"),
    ("[('a', '<', [1])]", 13, "here one value is needed, not a list"),
    ("[('a', '<', True)]", 13, "puts numbers, texts and dates in order"),
    ("[('a', 'in', [[1]])]", 15, "here one value is needed, not a list"),
    ("[('a', 'ilike', ['x'])]", 17, "here one value is needed, not a list"),
    ("[('a', 'like', True)]", 16, "takes a text"),
    ("[('a', '=like', 'x\\\\')]", 17, "does not end with a single backslash"),
    ("[('a', 'any', 'x')]", 15, "a domain is a list of terms"),
    ("[('a', 'any', [('b', '?', 1)])]", 22, '"?" is no operator'),
    ([["a", "equals", 1]], 1, '"equals" is no operator; there are: '),
    ([["a", "=", 1], ["b", "=", {"x": 1}]], 1, "a value of the type dict has no place in a domain (item 2.3)"),
    (["|", ["a", "=", 1]], 1, "(item 1)"),
    ([["a", "=", float("nan")]], 1, "this number is too large (item 1.3)"),
)


@pytest.mark.parametrize(("domain", "column", "words"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_domain_is_refused_with_place_reason_and_example(domain: Any, column: int, words: str) -> None:
    """S74: a domain is checked when it is saved."""
    with pytest.raises(ConditionError) as refused:
        domains.parse(domain)
    assert (refused.value.column, words in refused.value.what) == (column, True), refused.value
    assert refused.value.example


TOO_DEEP: Final = f"inside each other at most {MAX_DEPTH} times"
TOO_MUCH: Final[Mapping[str, tuple[Any, str]]] = {
    "text": ("[" * 100_000, f"at most {MAX_CHARACTERS} characters"),
    "brackets": ("[" * 5_000, TOO_DEEP),
    "negations": ("[" + "'!'," * 100 + "('a','=',1)]", TOO_DEEP),
    "joins": ("[" + "'&','|'," * 100 + "('a','=',1)," * 201 + "]", TOO_DEEP),
    "list": ([["a", "in", list(range(501))]], "a list has at most 500 items"),
    "terms": ([["a", "=", 1]] * (MAX_COMPARISONS + 1), f"a domain has at most {MAX_COMPARISONS} terms"),
    "values": ([["a", "in", list(range(400))]] * 20, "a domain has at most 5000 values"),
    "number": ([["a", "=", 10**400]], "a number has at most 300 digits"),
    "digits": ("[('a', '=', " + "9" * 400 + ")]", "a number has at most 300 digits"),
    "pattern": ([["a", "like", "%" * 501]], f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters"),
}


@pytest.mark.parametrize(("domain", "words"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_every_size_has_a_limit(domain: Any, words: str) -> None:
    """S74: too long, too deep, too many: an error that says which limit."""
    with pytest.raises(ConditionError, match=words):
        domains.parse(domain)


def test_a_long_chain_of_choices_is_not_a_deep_one() -> None:
    """S75: Odoo itself writes long chains of `|`, which are one choice among many."""
    chain = ["|"] * (MAX_COMPARISONS - 1) + [["a", "=", number] for number in range(MAX_COMPARISONS)]
    assert matches(chain, {"a": MAX_COMPARISONS - 1})
    assert not matches(chain, {"a": MAX_COMPARISONS})


def test_lists_that_contain_themselves_are_refused() -> None:
    """S74: what a program hands over may be deeper than any text."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ConditionError, match="inside each other"):
        domains.parse(endless)
