"""Conditions that are found by the value of a field: whoever holds is found, and whoever needs another value is not."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import criteria
from service.language.by_value import ByValue
from service.language.odoo import domains
from service.language.tree import All, Condition, in_past
from tests.language.trees import conditions, fits, line, records

CRITERIA: Final = (
    "country equals de",
    "country in [DE, FR]",
    "country equals 5",
    'country equals "5"',
    'country in ["", DE]',
    "country equals true",
    "country equals straße",
    "account.tier equals VIP",
    "account.tier in [vip, 1]",
    "size in [5, 6]",
    "country changed to DE",
)
DOMAINS: Final = (
    "[('country', '=', 'de')]",
    "[('country', '=', 5)]",
    "[('country', '=', '5')]",
    "[('country', 'in', [1, 'DE'])]",
    "[('country', '=', True)]",
    "[('country', 'in', [0, 'FR'])]",
    "[('country', '=', 0)]",
    "[('account.tier', '=', 'vip')]",
    "[('account.tier', 'in', [1, 'VIP'])]",
    "[('country', '=?', 'DE')]",
)
SCALARS: Final = st.one_of(
    st.sampled_from(["DE", " de ", "De", "fr", "5", "5.0", "05", "STRASSE", "vip", "", " ", "true", "1", "0000-00-00"]),
    st.sampled_from([5, 5.0, 1, 0, 6, True, False, None, 10**400, float("nan")]),
)
LINKS: Final = st.dictionaries(st.sampled_from(["id", "name", "display_name", "tier"]), SCALARS, max_size=3)
ANY_VALUE: Final = st.one_of(
    SCALARS, LINKS, st.lists(st.one_of(SCALARS, LINKS, st.lists(SCALARS, max_size=2)), max_size=3)
)
ANY_RECORD: Final = st.dictionaries(st.sampled_from(["country", "size", "account"]), ANY_VALUE, max_size=3)


def several() -> st.SearchStrategy[list[Condition]]:
    """Conditions of all notations, alone and joined with others."""
    equalities = st.one_of(
        st.sampled_from(CRITERIA).map(criteria.parse),
        st.sampled_from(DOMAINS).map(domains.parse),
        st.sampled_from(CRITERIA[:4]).map(criteria.parse).map(in_past),
    )
    joined = st.lists(st.one_of(equalities, conditions()), min_size=1, max_size=3).map(lambda parts: All(tuple(parts)))
    return st.lists(st.one_of(equalities, joined, conditions()), max_size=8)


@given(several(), st.one_of(ANY_RECORD, records()))
def test_whoever_holds_is_named_in_order(asked: list[Condition], facts: dict[str, Any]) -> None:
    """The index is the same as asking everybody: nobody who holds is left out, whatever the field holds."""
    named = ByValue(asked).may_hold(facts)

    assert {position for position, each in enumerate(asked) if fits(each, facts)} <= set(named)
    assert named == sorted(set(named))


@pytest.mark.parametrize(
    "text",
    ['country == "c{}"', 'country in ["c{}", "d{}"]', 'open == "yes" and country == "c{}"', 'country changed to "c{}"'],
)
def test_of_a_thousand_with_a_value_each_one_is_named(text: str) -> None:
    """Those that need another value are left out; where a field is shared by all, by the one that tells them apart."""
    found = ByValue([line(text.replace("{}", str(number))) for number in range(1_000)])

    assert found.may_hold({"country": "C7", "open": "yes"}) == [7]
    assert found.may_hold({"country": None}) == []


@pytest.mark.parametrize("text", ['country == "DE" or size > 5', 'country == ""', 'not country == "DE"', "size > 5"])
def test_what_needs_no_value_is_always_named(text: str) -> None:
    """One of an *or*, a blank, a contrary, an order."""
    assert ByValue([line(text)]).may_hold({"country": "FR"}) == [0]
