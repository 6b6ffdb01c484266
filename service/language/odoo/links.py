"""What `any` and `not any` of a domain ask: conditions on linked records, of which so many are looked at, however deep
they stand in one another.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Final

from service.language.compiling import check
from service.language.odoo.facts import Reached
from service.language.tree import All, Always, Compare, Constant, Never, Not, Probe
from service.language.tree import Any as AnyOf
from service.language.unset import MAX_ELEMENTS, is_empty


def any_link(value: Constant) -> Probe:
    """A linked record fits the domain."""
    return Probe("{0}({field}, {now})", (_some_link(value),))


def no_link(value: Constant) -> Probe:
    """No linked record fits it."""
    some_link = _some_link(value)

    def without(fact: object, now_ms: int) -> bool:
        if type(fact) is Reached:
            return any(without(each, now_ms) for each in fact)
        return (is_empty(fact) or isinstance(fact, dict | list | tuple)) and not some_link(fact, now_ms)

    return Probe("{0}({field}, {now})", (without,))


def _some_link(value: Constant) -> Callable[[object, int], bool]:
    assert isinstance(value, All | AnyOf | Not | Compare | Always | Never)  # the parser lets nothing else pass
    holds = check(value)

    def some_link(fact: object, now_ms: int) -> bool:
        if isinstance(fact, dict):
            return not is_empty(fact) and holds(fact, now_ms)
        if isinstance(fact, list | tuple):
            are_lists = type(fact) is Reached
            for each in islice(fact, MAX_ELEMENTS):
                if not _LOOKED.take():
                    break
                if (are_lists or isinstance(each, dict)) and some_link(each, now_ms):
                    return True
        return False

    def bounded(fact: object, now_ms: int) -> bool:
        with _LOOKED:
            return some_link(fact, now_ms)

    return bounded


class _Looked:
    """How many elements may still be looked at, within all the `any` that stand in one another."""

    def __init__(self) -> None:
        self._left = self._depth = 0

    def __enter__(self) -> None:
        if not self._depth:
            self._left = MAX_ELEMENTS
        self._depth += 1

    def __exit__(self, *raised: object) -> None:
        self._depth -= 1

    def take(self) -> bool:
        """Whether one was left."""
        self._left -= 1
        return self._left >= 0


_LOOKED: Final = _Looked()
"""Conditions are asked one after another: what is asked within one that is asked looks at what that one left over."""
