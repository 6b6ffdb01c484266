"""Filter logic: numbered criteria with AND, OR, NOT and brackets."""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import criteria, logic
from service.language.tree import MAX_CHARACTERS, MAX_DEPTH, ConditionError
from tests.language.trees import fits, read_or_refused

THREE = [criteria.parse(f"f{number} equals yes") for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 AND 2 AND 3", lambda a, b, c: a and b and c),
        ("1 or 2 or 3", lambda a, b, c: a or b or c),
        ("1 AND (2 OR NOT 3)", lambda a, b, c: a and (b or not c)),
        ("(1 and 2) or 3", lambda a, b, c: (a and b) or c),
        ("not (1 or 2) and 3", lambda a, b, c: not (a or b) and c),
        ("NOT NOT 1 AND NOT(2 AND 3)", lambda a, b, c: a and not (b and c)),
        ("((1)) AND ((2 AND 3))", lambda a, b, c: a and b and c),
        ("(1 AND 2) OR (1 AND 3)", lambda a, b, c: (a and b) or (a and c)),
    ],
)
def test_logic_means_what_it_says(text: str, expected: object) -> None:
    """S43 S44: checked against every combination of three criteria; one criterion may be used twice."""
    assert callable(expected)
    condition = logic.parse(text, THREE)
    for held in product((True, False), repeat=3):
        facts = {f"f{number}": "yes" if each else "no" for number, each in enumerate(held, start=1)}
        assert fits(condition, facts) is bool(expected(*held)), (text, held)


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("1 AND 2 OR 3", 9, '"or" after "and" has two meanings'),
        ("1 OR 2 AND 3", 8, '"and" after "or" has two meanings'),
        ("1 AND (2 OR 3 AND 2)", 15, '"and" after "or" has two meanings'),
        ("", 1, "the number of a criterion is missing"),
        ("1 AND", 6, "the number of a criterion is missing"),
        ("1 AND x", 7, 'is missing, not "x"'),
        ("1 AND 4", 7, "there is no criterion 4, there are 3"),
        ("0 AND 1", 1, "there is no criterion 0"),
        ("(1 AND 2", 1, "this bracket is never closed"),
        ("1 AND 2) OR 3", 8, 'here AND or OR is missing, not ") OR 3"'),
        ("1 2 3", 3, "AND or OR is missing"),
        ("(1 2)", 4, '"and", "or" or ")" is missing'),
        ("1 AND 2", 8, "the logic leaves out criterion 3"),
        ("1 XOR 2", 3, "AND or OR is missing"),
        ("NOT", 4, "the number of a criterion is missing"),
        ("(" * (MAX_DEPTH + 1) + "1", MAX_DEPTH + 2, f"at most {MAX_DEPTH} brackets"),
        ("not " * (MAX_DEPTH + 1) + "1", 4 * MAX_DEPTH + 5, f"at most {MAX_DEPTH} brackets"),
        ("1 AND " * 600 + "1", 3001, "at most 500 comparisons"),
        (" " * MAX_CHARACTERS + "1", MAX_CHARACTERS + 1, f"at most {MAX_CHARACTERS} characters"),
    ],
)
def test_text_that_is_no_logic_is_refused_at_its_place(text: str, column: int, what: str) -> None:
    """S43: mixing AND and OR without brackets, a number that does not exist, brackets left open."""
    with pytest.raises(ConditionError) as refusal:
        logic.parse(text, THREE)
    assert what in refusal.value.what
    assert refusal.value.column == column
    assert refusal.value.example


WORDS = st.sampled_from(["1", "2", "3", "4", "and", "OR", "not", "(", ")", "x", "é"])


@given(st.lists(WORDS).map(" ".join) | st.text())
def test_no_text_makes_it_crash(text: str) -> None:
    """S43: every text is logic or a `ConditionError` within the text."""
    condition = read_or_refused(partial(logic.parse, criteria=THREE), text)
    assert condition is None or fits(condition, {}) in (True, False)
