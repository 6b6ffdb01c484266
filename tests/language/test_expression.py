"""The expression line: one notation for people who like one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import criteria, expression
from service.language.tree import MAX_CHARACTERS, MAX_DEPTH, MAX_LIST_ITEMS, ConditionError
from tests.language.trees import fits, line, read_or_refused, records


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ('country in ["US", "CA"] and (size > 500 or not source == "web")', {"country": "us", "size": 501}, True),
        ('country in ["US", "CA"] and (size > 500 or not source == "web")', {"country": "CA", "source": "Web"}, False),
        ('a == "x" or b == "x" and c == "x"', {"a": "x"}, True),
        ('(a == "x" or b == "x") and c == "x"', {"a": "x"}, False),
        ('not a == "x" and b == "x"', {"b": "x"}, True),
        ("a == none", {"a": " "}, True),
        ("a != None", {}, False),
        ("vip == true", {"vip": True}, True),
        ("vip = TRUE", {"vip": False}, False),
        ("a <= -1.5e1", {"a": -15}, True),
        ('account."Annual Revenue" >= 5', {"account": {"Annual Revenue": 5}}, True),
        ('"Lead Source" not in ["web"]', {"Lead Source": "fair"}, True),
        ('title starts with "head" and title not contains "it"', {"title": "Head of Sales"}, True),
        ('tags includes ["web"]', {"tags": ["Web"]}, True),
        ("a in [1, 2,3]", {"a": "3"}, True),
        ("created >= now - 2h", {"created": "2023-11-14T21:00:00Z"}, True),
        ("created in last_7_days and size>5", {"created": "2023-11-10", "size": 6}, True),
        ("created < 2023-11-01 or size>5", {"created": "2023-10-31"}, True),
        ("created == today", {"created": "2023-11-14T08:00:00+01:00"}, True),
        ("created in [yesterday,today + 1d]", {"created": "2023-11-15"}, True),
    ],
)
def test_an_expression_means_what_it_says(text: str, facts: dict[str, Any], expected: bool) -> None:
    """S43 S42 D9: `and` binds closer than `or`, `not` closest; the operators are those of criteria."""
    assert fits(line(text), facts) is expected


@pytest.mark.parametrize(
    ("written", "criterion"),
    [
        ('country == "DE"', "country equals DE"),
        ('country != "DE"', "country not equal DE"),
        ('country in ["DE", "FR"]', "country in [DE, FR]"),
        ("size >= 5", "size greater or equal 5"),
        ('title contains "x"', "title contains x"),
        ("created < today", "created less than today"),
        ('a == ""', 'a equals ""'),
    ],
)
def test_a_comparison_is_the_same_tree_as_its_criterion(written: str, criterion: str) -> None:
    """S43: two notations, one condition; so they are one function, too."""
    assert line(written) == criteria.parse(criterion)


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "the name of a field is missing"),
        ("country", 8, "an operator is missing"),
        ("country ==", 11, "a value is missing"),
        ("country == DE", 12, '"DE" is no value: text needs quotes'),
        ('country == "DE', 12, "this quote is never closed"),
        ('country = "DE" size > 5', 16, '"and" or "or" is missing, not "size > 5"'),
        ('country = "DE" and', 19, "the name of a field is missing"),
        ('(country = "DE"', 1, "this bracket is never closed"),
        ('country = "DE")', 15, '"and" or "or" is missing'),
        ('country in "DE"', 12, "needs a list in brackets"),
        ('country in ["DE" "FR"]', 18, '"," or "]" is missing'),
        ('country in ["DE",', 18, "an item of the list is missing"),
        ("country in [DE]", 13, '"DE" is no value'),
        ('country == ["DE"]', 12, "takes one value, not a list"),
        ("size > none", 8, "puts numbers and dates in order"),
        ("size > 007", 8, '"007" is no value'),
        ("1 < size < 5", 1, "the name of a field is missing"),
        ("size > 5 + 3", 10, '"and" or "or" is missing'),
        ("len(name) > 5", 4, "is no operator"),
        ("__import__('os').system('x')", 11, "is no operator"),
        ("name == x.y", 9, '"x.y" is no value'),
        ("created > 2024-02-30", 11, '"2024-02-30" is no date as they are written here'),
        ("rate == .5", 9, '".5" is no number as they are written here'),
        ("rate in [+5]", 10, '"+5" is no number'),
        ("size > 1_000", 8, '"1_000" is no number'),
        ("born == 31.5.2024", 9, '"31.5.2024" is no date'),
        ("born == 5/31/2024", 9, '"5/31/2024" is no date'),
        ("a == nil", 6, '"nil" would be a text here'),
        ("(" * (MAX_DEPTH + 1), MAX_DEPTH + 2, f"at most {MAX_DEPTH} brackets"),
        ("not " * (MAX_DEPTH + 1) + "a > 1", 4 * MAX_DEPTH + 5, f"at most {MAX_DEPTH} brackets"),
        (f"a in [{','.join(['1'] * (MAX_LIST_ITEMS + 1))}]", 1007, f"at most {MAX_LIST_ITEMS} items"),
        (" or ".join(["a > 1"] * 501), 4501, "at most 500 comparisons"),
        ("a" * (MAX_CHARACTERS + 1), MAX_CHARACTERS + 1, f"at most {MAX_CHARACTERS} characters"),
    ],
)
def test_text_that_is_no_expression_is_refused_at_its_place(text: str, column: int, what: str) -> None:
    """S74 S43: what is wrong, at which character, and an example."""
    with pytest.raises(ConditionError) as refusal:
        expression.parse(text)
    assert what in refusal.value.what
    assert refusal.value.column == column
    assert refusal.value.example


def test_every_example_of_an_error_is_an_expression_itself() -> None:
    """S74: what is shown as the way to do it works in this notation."""
    for text in ("", "country", "country ==", "a in 5", "a in [", "a > none", "a > 5 x", "a.b.c.d.e.f > 1", 'a == "'):
        with pytest.raises(ConditionError) as refusal:
            expression.parse(text)
        expression.parse(refusal.value.example)


TOKENS = st.sampled_from(
    [
        *(
            "country",
            "size",
            ".",
            "==",
            "!=",
            "<",
            ">=",
            "in",
            "not",
            "contains",
            "starts with",
            "ends with",
            "between",
            "is empty",
            "includes all",
            "field",
            "and",
            "or",
            "(",
            ")",
        ),
        *(
            "[",
            "]",
            ",",
            '"',
            "'",
            '"x"',
            "5",
            "-1.5e3",
            "true",
            "none",
            "today",
            "now - 2h",
            "2024-05-31",
            "LAST_N_DAYS:7",
            "9999-12-31",
            "today + 99999mo",
        ),
        *("__class__", "lambda", "\\", "é"),
    ]
)


@given(st.lists(TOKENS, max_size=30).map(" ".join) | st.text(), records())
def test_no_text_makes_it_crash_and_no_record_does(text: str, facts: dict[str, Any]) -> None:
    """S50 S74: every text is an expression or a `ConditionError` within the text; every record gets an answer."""
    condition = read_or_refused(expression.parse, text)
    assert condition is None or fits(condition, facts) in (True, False)


@pytest.mark.parametrize("text", ['"', "\\", "[", "(", "a.b", "- ", "9", "not ", "x,"])
def test_long_nonsense_is_refused_at_once(text: str) -> None:
    """S74: reading takes time in proportion to the text."""
    for begin in ("", "a == ", "a in ["):
        with pytest.raises(ConditionError):
            expression.parse((begin + text * MAX_CHARACTERS)[:MAX_CHARACTERS])
