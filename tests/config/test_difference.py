"""What differs between two versions, as a person reads it: one change is one difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.difference import ABSENT, Difference, differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from("abc"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "user", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        (
            {"pools": {"p": {"w": 1}}},
            {"pools": {"p": {}, "q": {}}},
            [("pools.p.w", 1, ABSENT), ("pools.q", ABSENT, {})],
        ),
        ({"m": [{"user": "ann"}]}, {"m": [{"user": "bob"}, {"user": "ann"}]}, [("m[bob]", ABSENT, {"user": "bob"})]),
        (
            {"m": [{"user": "ann", "weight": 1}, {"user": "bob"}]},
            {"m": [{"user": "bob"}, {"user": "ann", "weight": 2}]},
            [("m (order)", ["ann", "bob"], ["bob", "ann"]), ("m[ann].weight", 1, 2)],
        ),
        ({"n": ["a", "b"]}, {"n": ["b"]}, [("n[a]", "a", ABSENT)]),
        ({"n": [1, 2]}, {"n": [1, 3, 4]}, [("n[2]", 2, 3), ("n[3]", ABSENT, 4)]),
        ({"e": [{"id": "x", "a": 1}, {"a": 2}]}, {"e": [{"id": "x", "a": 1}, {"a": 3}]}, [("e[2].a", 2, 3)]),
    ],
)
def test_differences_are_named_by_key_and_by_name(before: object, after: object, found: list[object]) -> None:
    assert list(differences(before, after)) == [Difference(*each) for each in found]  # type: ignore[misc]  # tuples of three


@given(VALUES, VALUES)
def test_there_is_a_difference_exactly_where_two_values_are_not_the_same(before: object, after: object) -> None:
    """And the other way round it is the same ones, with their sides exchanged."""
    assert bool(list(differences(before, after))) == (repr_of(before) != repr_of(after))
    there, back = (list(differences(*pair)) for pair in ((before, after), (after, before)))
    assert {each.path for each in there} == {each.path for each in back}


def repr_of(value: object) -> str:
    """JSON tells true from 1, and does not order keys."""
    match value:
        case dict():
            return "{" + ",".join(f"{key}:{repr_of(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ",".join(map(repr_of, value)) + "]"
        case _:
            return repr(value)
