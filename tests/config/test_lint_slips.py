"""What `fairlead check` warns of where a condition means something else than whoever wrote it thinks."""

from __future__ import annotations

import pytest

from tests.config.linting import SALES, about_entries, entries, warned

A_FIELD = 'stands where the field does, so a field of this name is asked: write the field first, such as "close_date'


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("when: 'today >= 2026-12-01'", f'when: "today" {A_FIELD}'),
        ("criteria: ['last_7_days contains x']", f'criteria[0]: "last_7_days" {A_FIELD}'),
        ("domain: [[now, '>', '2026-12-01']]", f'domain: "now" {A_FIELD}'),
        ("criteria: [a equals “x”]", 'criteria[0]: the quotes of “x” belong to the text here: write "x"'),
        ("criteria: ['b in [„x“, y]']", 'criteria[0]: the quotes of „x“ belong to the text here: write "x"'),
        ("criteria: [c not equal “”]", 'criteria[0]: the quotes of “” belong to the text here: write ""'),
        ("domain: [[d, any, [[e, '=', ‘x’]]]]", 'domain: the quotes of ‘x’ belong to the text here: write "x"'),
    ],
)
def test_a_condition_that_is_hardly_meant_so_is_named(condition: str, said: str) -> None:
    """S34 S42: a time in the place of a field, and quotes of a word processor, whatever the notation."""
    (found,) = about_entries(f"{condition}, {SALES}")
    assert f"entries[0].{said}" in found


@pytest.mark.parametrize(
    "condition",
    [
        "when: 'close_date >= today and name contains \"Peter’s\"'",
        "criteria: [name equals Peter’s, a equals 'x', 'b equals \"“\"', 'c starts with “']",
        "domain: [[created, '>', now], [name, '=', 'the “Globe”']]",
    ],
)
def test_what_may_be_meant_is_not_told(condition: str) -> None:
    """S34: an apostrophe, quotes inside of a text, a time where a value stands."""
    assert about_entries(f"{condition}, {SALES}") == []


def test_where_fields_are_declared_they_say_what_is_a_field() -> None:
    """S50: a declared field of this name is one, and one that is not declared is told once."""
    asked = entries(f"when: 'today >= 2026-12-01', {SALES}")
    assert warned("\nfields: {lead: {today: date, country: text}}\n" + asked) == []
    (said,) = warned("\nfields: {lead: {close_date: date, country: text}}\n" + asked)
    assert '"today" is not among the fields of leads' in said
