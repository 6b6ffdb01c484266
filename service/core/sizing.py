"""How much an open record weighs, where a field of its type says so: 0 is on hold, 1 the usual, more is more work.

What was counted is noted with the record, beside it where it is not 1, so that it is taken off again as it was counted,
whatever its field or the configuration say by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final

from service.core.case import Case
from service.core.given import USUAL, Size
from service.core.tracking import recall
from service.language.tree import Facts

UNTOLD: Final = object()
"""Stands for a field that nobody told."""

SIZE_LIMIT: Final = 1_000
"""Nothing weighs more: what says so is a mistake."""


def size_of(case: Case) -> int | None:
    """What the record weighs by what is known of its field: 1 where that holds no number from 0 on. None: no field of
    its type says so, or nobody told it.
    """
    path = case.config.sizes.get(case.record_type)
    if path is None:
        return None
    told = _at(path, case.facts)
    told = _at(path, recall(case.record.facts)) if told is UNTOLD else told
    return None if told is UNTOLD else weight(told)


def weighs(case: Case) -> int:
    """What the record takes of what somebody may have open, as far as is known."""
    told = size_of(case)
    return USUAL if told is None else told


def noted(case: Case) -> int:
    """With what weight the record was counted."""
    known = case.draft.sizes.get(case.name)
    return USUAL if known is None else known.size


def note(case: Case, size: int) -> None:
    """Remember with what weight it is counted."""
    case.record.sized = size != USUAL
    if case.record.sized:
        case.draft.sizes.put(case.name, Size(size))
    elif case.draft.sizes.get(case.name) is not None:
        case.draft.sizes.drop(case.name)


def weight(told: object) -> int:
    """What a field with this value weighs."""
    try:
        number = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else USUAL
    except ValueError:
        return USUAL
    return min(ceil(number), SIZE_LIMIT) if 0 <= number < float("inf") else USUAL


def _at(path: str, facts: Facts) -> object:
    """What stands at a dotted path, and be it nothing."""
    if path in facts:
        return facts[path]
    step, dot, rest = path.partition(".")
    inside = facts.get(step) if dot else None
    return _at(rest, inside) if isinstance(inside, Mapping) else UNTOLD
