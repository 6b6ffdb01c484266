"""What a list or a linked record is to operators that ask for one value: the rule of each notation, as a law."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import criteria, expression
from service.language.changes import UNCHANGED
from service.language.compiling import first_match
from service.language.odoo import domains
from service.language.tree import Condition
from service.language.unset import is_unset

ONE: Final = st.sampled_from(["a", "b", "5", 5, 1.5, True, "2026-01-01"])
LINKS: Final = st.dictionaries(st.sampled_from(["id", "name", "sector"]), ONE, min_size=1)
SEVERAL: Final = st.one_of(LINKS, st.lists(st.one_of(ONE, LINKS, st.none()), min_size=1, max_size=4)).filter(
    lambda value: not is_unset(value)
)
NEVER: Final = [
    *(criteria.parse(f"t {asked}") for asked in ("equals a", "not equal a", "equals 5", "not equal 5")),
    *(criteria.parse(f"t {asked}") for asked in ("in [a, 5]", "not in [a, 5]", "contains a", "does not contain a")),
    *(criteria.parse(f"t {asked}") for asked in ("starts with a", "ends with a", "< 9", ">= 2026-01-01")),
    *(expression.parse(f"t {asked}") for asked in ('== "a"', '!= "a"', "== 5", "!= 5", 'in ["a"]', 'not in ["a"]')),
]
"""What is asked of one value."""


def holds(condition: Condition, value: object) -> bool:
    return first_match([condition])({"t": value}, 0, UNCHANGED)[0] == 0


@given(SEVERAL)
def test_a_list_or_a_linked_record_is_neither_equal_nor_not_equal_to_one_value(value: object) -> None:
    """Criteria and the line: a field of an unexpected type never matches, however the question is put."""
    assert [condition for condition in NEVER if holds(condition, value)] == []


@given(SEVERAL)
def test_whether_anything_is_set_and_whether_it_is_true_is_asked_of_any_value(value: object) -> None:
    """The exceptions that the page names: a blank value and truths, whose opposites are exact."""
    for asked in ('""', "true", "false"):
        equal = holds(criteria.parse(f"t equals {asked}"), value)
        assert equal is not holds(criteria.parse(f"t not equal {asked}"), value)
        assert not equal


@given(SEVERAL)
def test_includes_and_excludes_are_opposites_for_lists_and_links(value: object) -> None:
    """What is to be written instead."""
    assert holds(criteria.parse("t includes a"), value) is not holds(criteria.parse("t excludes a"), value)


@pytest.mark.parametrize("wanted", ["'a'", "5", "'2026-01-01'", "True"])
@given(value=SEVERAL)
def test_in_a_domain_each_element_counts_and_not_equal_is_the_exact_opposite(wanted: str, value: Any) -> None:
    """As Odoo asks fields of several records, and links."""
    equal = holds(domains.parse(f"[('t', '=', {wanted})]"), value)
    assert equal is not holds(domains.parse(f"[('t', '!=', {wanted})]"), value)
    if isinstance(value, list):
        assert equal == any(holds(domains.parse(f"[('t', '=', {wanted})]"), one) for one in value)
