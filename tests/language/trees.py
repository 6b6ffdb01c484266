"""Conditions for tests: made by name, asked about a few fields, and made up at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from service.language import criteria, expression
from service.language.compiling import check
from service.language.tree import All, Calendar, Condition, ConditionError, Not
from service.language.tree import Any as AnyOf

NOW_MS: Final = 1_700_000_000_000
"""2023-11-14T22:13:20Z, a Tuesday."""


def line(text: str, zone: str = "UTC") -> Condition:
    """A condition, from an expression line."""
    return expression.parse(text, Calendar(zone))


def read_or_refused(parse: Callable[[str], Condition], text: str) -> Condition | None:
    """The condition that any text is; none where it is refused, at a place within the text."""
    try:
        return parse(text)
    except ConditionError as error:
        if not 1 <= error.column <= len(text) + 1:
            raise AssertionError(f"column {error.column} of {text!r}") from error
        return None


def fits(condition: Condition, facts: dict[str, Any], now_ms: int = NOW_MS) -> bool:
    """Whether a record with these fields fits."""
    return check(condition)(facts, now_ms)


FIELDS: Final = ("country", "size", "tags", "account.tier")
COMPARISONS: Final = (
    "country in [DE, FR]",
    "country not equal DE",
    'country equals ""',
    "country contains e",
    "country starts with d",
    "size > 5",
    "size <= 5",
    "size not in [5, 6]",
    "size equals true",
    "tags includes [web, fair]",
    "tags excludes web",
    "account.tier equals vip",
    "country in last_7_days",
    "country < 2023-11-01",
)
"""One of every kind, on few fields, so that they meet."""


def conditions() -> st.SearchStrategy[Condition]:
    """Trees of comparisons, not very deep."""
    leaves: st.SearchStrategy[Condition] = st.sampled_from(COMPARISONS).map(criteria.parse)
    return st.recursive(
        leaves,
        lambda inside: st.one_of(
            st.lists(inside, min_size=2, max_size=4).map(lambda parts: All(tuple(parts))),
            st.lists(inside, min_size=2, max_size=4).map(lambda parts: AnyOf(tuple(parts))),
            inside.map(Not),
        ),
        max_leaves=12,
    )


VALUES: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([4, 5, 6, 5.0, 1e300, "DE", "de", "Sweden", "", " ", "5", "web", "web;fair", "vip"]),
    st.sampled_from(["2023-11-14", "2023-10-01T00:00:00Z", "2023-11-12T23:00:00+02:00"]),
    st.lists(st.sampled_from(["web", "Fair", 5]), max_size=2),
    st.dictionaries(st.just("tier"), st.sampled_from(["vip", "VIP", None, 1]), max_size=1),
)


def records() -> st.SearchStrategy[dict[str, Any]]:
    """Records in which any field may hold anything, or be absent."""
    return st.dictionaries(st.sampled_from(["country", "size", "tags", "account"]), VALUES, max_size=4)
