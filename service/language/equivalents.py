"""Which comparisons mean the same in criteria and in a domain, so that one can be written as the other.

Criteria and the expression line share their operators. A domain has its own: they mind case where criteria do not, so
a comparison has an equivalent only where that makes no difference. The two agree about every field that holds what they
compare with (text without white space at its ends, a number, a date) or nothing; about linked records and ticked boxes
Odoo has rules of its own. Which operators correspond stands in the rows of `operators`; here is what makes the
constant of one that of the other. What an operator is made of is written so where it has no equivalent itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, assert_never

from service.language.odoo.dates import as_odoo, as_ours
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.operators import TABLE, Change
from service.language.tree import (
    All,
    Always,
    Any,
    Compare,
    Condition,
    Constant,
    Leaf,
    Never,
    Not,
    Notation,
    Span,
)

_WILD: Final = frozenset("%_\\")
_UNSET: Final = False
"""How a domain writes that a field is not set; criteria write a blank value."""


class Untold(NamedTuple):
    """What a notation has no words for: a comparison, or the constant condition that nothing asks."""

    leaf: Leaf


class _Rewrite(NamedTuple):
    """The constant as the equivalent writes it; None where it has none."""

    to_domain: Callable[[Constant], Constant]
    from_domain: Callable[[Constant], Constant]


def translated(condition: Condition, notation: Notation) -> Condition | Untold:
    """The condition with the operators of a notation, or the first comparison that has no equivalent there."""
    match condition:
        case All(parts) | Any(parts):
            told = [translated(part, notation) for part in parts]
            untold = next((each for each in told if isinstance(each, Untold)), None)
            return untold or type(condition)(tuple(each for each in told if not isinstance(each, Untold)))
        case Not(part):
            inside = translated(part, notation)
            return inside if isinstance(inside, Untold) else Not(inside)
        case Compare():
            return condition if notation in condition.operator.written else _equivalent(condition, notation)
        case Always() | Never():
            return condition
        case _:
            assert_never(condition)


def _equivalent(compare: Compare, notation: Notation) -> Condition | Untold:
    operator, value = compare.operator, compare.value
    for row in TABLE:
        for symbol, change in row.domain:
            rewrite = _REWRITES[change]
            if operator == row.operator and (changed := rewrite.to_domain(value)) is not None:
                return Compare(compare.path, DOMAIN[symbol].operator, changed, compare.past)
            if operator.written.get("domain") == symbol and (changed := rewrite.from_domain(value)) is not None:
                return Compare(compare.path, row.operator, changed, compare.past)
    meaning = compare.meaning
    told = Untold(compare) if meaning is None else translated(meaning, notation)
    return Untold(compare) if isinstance(told, Untold) else told


def _number(value: Constant) -> Constant:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _numbers(value: Constant) -> Constant:
    if not isinstance(value, tuple) or not value:
        return None
    return value if all(_number(each) is not None for each in value) else None


def _plain(value: Constant) -> Constant:
    """A text without wildcards, white space at its ends and letters that the two ways of ignoring case tell apart."""
    if not isinstance(value, str) or not value or value != value.strip() or _WILD & set(value) or not value.isascii():
        return None
    return value


def _to_unset(value: Constant) -> Constant:
    return _UNSET if value == "" and isinstance(value, str) else None


def _from_unset(value: Constant) -> Constant:
    return "" if value is None or value is False or (isinstance(value, str) and not value) else None


def _to_prefix(value: Constant) -> Constant:
    return f"{value}%" if _plain(value) is not None else None


def _from_prefix(value: Constant) -> Constant:
    return _plain(value[:-1]) if isinstance(value, str) and value.endswith("%") else None


def _to_end(value: Constant) -> Constant:
    return f"%{value}" if _plain(value) is not None else None


def _from_end(value: Constant) -> Constant:
    return _plain(value[1:]) if isinstance(value, str) and value.startswith("%") else None


def _to_day(value: Constant) -> Constant:
    return as_odoo(value) if isinstance(value, Span) else None


def _from_day(value: Constant) -> Constant:
    return as_ours(value) if isinstance(value, Span) else None


_REWRITES: Final[Mapping[Change, _Rewrite]] = {
    "number": _Rewrite(_number, _number),
    "numbers": _Rewrite(_numbers, _numbers),
    "unset": _Rewrite(_to_unset, _from_unset),
    "text": _Rewrite(_plain, _plain),
    "beginning": _Rewrite(_to_prefix, _from_prefix),
    "end": _Rewrite(_to_end, _from_end),
    "day": _Rewrite(_to_day, _from_day),
}
