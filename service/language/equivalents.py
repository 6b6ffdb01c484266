"""Which comparisons mean the same in criteria and in a domain, so that one can be written as the other.

Criteria and the expression line share their operators. A domain has its own: they mind case where criteria do not, so
a comparison has an equivalent only where that makes no difference. The two agree about every field that holds what they
compare with (text or a number) or nothing; about linked records and ticked boxes Odoo has rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, assert_never

from service.language import operators as own
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.tree import All, Always, Any, Compare, Condition, Constant, Leaf, Never, Not, Notation, Operator

_WILD: Final = frozenset("%_\\")
_UNSET: Final = False
"""How a domain writes that a field is not set; criteria write a blank value."""

Change = Callable[[Constant], Constant]
"""The constant as the equivalent writes it; None where it has none."""


class Untold(NamedTuple):
    """What a notation has no words for: a comparison, or the constant condition that nothing asks."""

    leaf: Leaf


class _Pair(NamedTuple):
    ours: Operator
    symbol: str
    to_domain: Change
    from_domain: Change


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
            return condition if notation in condition.operator.written else _equivalent(condition)
        case Always() | Never():
            return condition
        case _:
            assert_never(condition)


def _equivalent(compare: Compare) -> Compare | Untold:
    operator, value = compare.operator, compare.value
    for pair in EQUIVALENTS:
        if operator == pair.ours and (changed := pair.to_domain(value)) is not None:
            return Compare(compare.path, DOMAIN[pair.symbol].operator, changed)
        if operator.written.get("domain") == pair.symbol and (changed := pair.from_domain(value)) is not None:
            return Compare(compare.path, pair.ours, changed)
    return Untold(compare)


def _number(value: Constant) -> Constant:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _numbers(value: Constant) -> Constant:
    if not isinstance(value, tuple) or not value:
        return None
    return value if all(_number(each) is not None for each in value) else None


def _plain(value: Constant) -> Constant:
    """A text without wildcards, numbers and letters that the two ways of ignoring case treat differently."""
    if not isinstance(value, str) or not value.strip() or _WILD & set(value) or not value.isascii():
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


EQUIVALENTS: Final = (
    _Pair(own.EQUALS, "=", _number, _number),
    _Pair(own.EQUALS, "=", _to_unset, _from_unset),
    _Pair(own.EQUALS, "=ilike", _plain, _plain),
    _Pair(own.NOT_EQUAL, "!=", _number, _number),
    _Pair(own.NOT_EQUAL, "!=", _to_unset, _from_unset),
    _Pair(own.LESS, "<", _number, _number),
    _Pair(own.LESS_OR_EQUAL, "<=", _number, _number),
    _Pair(own.GREATER, ">", _number, _number),
    _Pair(own.GREATER_OR_EQUAL, ">=", _number, _number),
    _Pair(own.CONTAINS, "ilike", _plain, _plain),
    _Pair(own.DOES_NOT_CONTAIN, "not ilike", _plain, _plain),
    _Pair(own.STARTS_WITH, "=ilike", _to_prefix, _from_prefix),
    _Pair(own.IN, "in", _numbers, _numbers),
    _Pair(own.NOT_IN, "not in", _numbers, _numbers),
)
"""Every pair, with what makes the constant of one that of the other."""
