"""What `fairlead check` warns of where a configuration says which records are closed."""

from __future__ import annotations

import pytest

from tests.config.linting import warned


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("{when: stage == 1 and stage == 2}", "no record can fit this, so no lead is ever closed by it"),
        ("{criteria: [a equals 1], logic: 1 OR NOT 1}", "every record fits this, so every lead is closed"),
        ('{when: stage == "won"}', ""),
    ],
)
def test_what_closes_nothing_or_everything_is_told(condition: str, said: str) -> None:
    """D33: with its line."""
    found = warned(f"closed_when:\n  lead: {condition}\n")
    assert [each.partition(": closed_when.lead: ")[2][: len(said)] for each in found] == ([said] if said else [])


def test_a_type_that_closes_records_is_compared_with_the_declared_fields() -> None:
    """D33 S50: a number is never a word."""
    said, _ = warned('fields: {lead: {stage: number}}\nclosed_when: {lead: {when: stage == "won"}}\n')
    assert '"stage" is declared as a number' in said
