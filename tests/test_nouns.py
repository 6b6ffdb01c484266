"""What is counted is said in the form that fits its number."""

from __future__ import annotations

import pytest

from service.nouns import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (2_000, "2,000 rows")])
def test_one_of_something_is_one(count: int, said: str) -> None:
    """Whoever reads a report of one row reads "1 row"."""
    assert counted(count, "row") == said


def test_a_noun_may_have_a_form_of_its_own_for_several() -> None:
    """And a verb that goes with it."""
    assert [counted(count, "copy is", "copies are") for count in (1, 3)] == ["1 copy is", "3 copies are"]
