"""What a field is when it is read as a truth, a number, an instant or a text, and how two fields stand to each other.

Comparisons with a constant know what to read a field as; where it is compared with another field, the two are read as
the first of these that both are. Two that are not set are the same, and order never holds for one that is not set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Final
from zoneinfo import ZoneInfo

from service.language.letters import folded
from service.language.moments import instant_in
from service.language.tree import CALLED_BY, number_in
from service.language.unset import is_unset

SCALARS: Final[frozenset[type]] = frozenset({str, int, float, bool, NoneType})
"""The types of a field that holds one value, or none."""
TRUTHS: Final[Mapping[bool, tuple[frozenset[str], frozenset[int]]]] = {
    True: (frozenset({"true", "1"}), frozenset({1})),
    False: (frozenset({"false", "0"}), frozenset({0})),
}
"""The texts and numbers that are true, and those that are false (D32); a field that is unset is false, too."""
_TRUTH_WORDS: Final = frozenset({"true", "false"})
"""The texts that nobody writes who does not mean a box; `"1"` and `"0"` may be numbers as well."""


ORDERS: Final[Mapping[str, Callable[..., bool]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def called(fact: object) -> object:
    """A link is what its id says, else what it is called, whatever else is told of it."""
    if isinstance(fact, dict) and not is_unset(fact):
        return next((fact[name] for name in CALLED_BY if not is_unset(fact.get(name))), fact)
    return fact


def sameness(zone: ZoneInfo) -> Callable[[object, object], bool]:
    """Whether two fields hold the same: both nothing, one truth, one link, or equal numbers, instants or texts."""

    def same(fact: object, other: object) -> bool:
        fact, other = called(fact), called(other)
        if is_box(fact) or is_box(other):
            return _truth_of(fact) is _truth_of(other)
        if is_unset(fact) or is_unset(other):
            return is_unset(fact) and is_unset(other)
        return any(left is not None and left == right for left, right in _alike(fact, other, zone))

    return same


def is_box(fact: object) -> bool:
    """Whether it can only be a box, ticked or not, so that what stands beside it is read as one, too (D32)."""
    return isinstance(fact, bool) or (type(fact) is str and _text_of(fact) in _TRUTH_WORDS)


def difference(zone: ZoneInfo) -> Callable[[object, object], bool]:
    """The contrary of sameness for fields that can be compared at all."""
    same = sameness(zone)

    def differ(fact: object, other: object) -> bool:
        are_read = all(type(each) in SCALARS or is_unset(each) for each in map(called, (fact, other)))
        return are_read and not same(fact, other)

    return differ


def _alike(fact: object, other: object, zone: ZoneInfo) -> tuple[tuple[object, object], ...]:
    """Two fields as numbers, as instants, as texts; none where they are no such thing."""
    return (
        (_counted(fact), _counted(other)),
        (instant_in(fact, zone), instant_in(other, zone)),
        (_text_of(fact), _text_of(other)),
    )


def _truth_of(fact: object) -> bool | None:
    if isinstance(fact, bool) or is_unset(fact):
        return fact is True
    text, number = _text_of(fact), _counted(fact)
    return next((truth for truth, (texts, ones) in TRUTHS.items() if text in texts or number in ones), None)


def _counted(fact: object) -> int | float | None:
    if type(fact) is int or type(fact) is float:
        return fact
    return number_in(fact) if type(fact) is str else None


def _text_of(fact: object) -> str | None:
    return folded(fact) if type(fact) is str else None


def in_order(symbol: str, zone: ZoneInfo) -> Callable[[object, object], bool]:
    """Whether one field stands so to another one. Boxes have no order."""
    holds = ORDERS[symbol]

    def stands(fact: object, other: object) -> bool:
        if is_unset(fact) or is_unset(other) or is_box(fact) or is_box(other):
            return False
        left, right = next((pair for pair in _alike(fact, other, zone) if None not in pair), (None, None))
        return left is not None and holds(left, right)

    return stands
