"""Which comparisons mean the same in criteria and in a domain, so that one can be written as the other.

Criteria and the expression line share their operators. A domain has its own: they mind case where criteria do not, so
a comparison has a twin only where that makes no difference. Twins agree about every field that holds what they compare
with (text or a number) or nothing; about linked records and ticked boxes Odoo has rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, assert_never

from service.core import operators as own
from service.core.conditions import All, Always, Any, Compare, Condition, Constant, Leaf, Never, Not, Notation, Operator
from service.core.domain_operators import OPERATORS as DOMAIN

_WILD: Final = frozenset("%_\\")
_UNSET: Final = False
"""How a domain writes that a field is not set; criteria write a blank value."""

Change = Callable[[Constant], Constant]
"""The constant as the twin writes it; None where there is no twin for it."""


class Untold(NamedTuple):
    """What a notation has no words for: a comparison, or the constant condition that nothing asks."""

    leaf: Leaf


class _Twins(NamedTuple):
    ours: Operator
    symbol: str
    to_domain: Change
    from_domain: Change


def translated(condition: Condition, notation: Notation) -> Condition | Untold:
    """The condition with the operators of a notation, or the first comparison that has no twin there."""
    match condition:
        case All(parts) | Any(parts):
            told = [translated(part, notation) for part in parts]
            untold = next((each for each in told if isinstance(each, Untold)), None)
            return untold or type(condition)(tuple(each for each in told if not isinstance(each, Untold)))
        case Not(part):
            inside = translated(part, notation)
            return inside if isinstance(inside, Untold) else Not(inside)
        case Compare():
            return condition if notation in condition.operator.written else _twin(condition)
        case Always() | Never():
            return condition
        case _:
            assert_never(condition)


def _twin(compare: Compare) -> Compare | Untold:
    operator, value = compare.operator, compare.value
    for twins in TWINS:
        if operator == twins.ours and (changed := twins.to_domain(value)) is not None:
            return Compare(compare.path, DOMAIN[twins.symbol].operator, changed)
        if operator.written.get("domain") == twins.symbol and (changed := twins.from_domain(value)) is not None:
            return Compare(compare.path, twins.ours, changed)
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


TWINS: Final = (
    _Twins(own.EQUALS, "=", _number, _number),
    _Twins(own.EQUALS, "=", _to_unset, _from_unset),
    _Twins(own.EQUALS, "=ilike", _plain, _plain),
    _Twins(own.NOT_EQUAL, "!=", _number, _number),
    _Twins(own.NOT_EQUAL, "!=", _to_unset, _from_unset),
    _Twins(own.LESS, "<", _number, _number),
    _Twins(own.LESS_OR_EQUAL, "<=", _number, _number),
    _Twins(own.GREATER, ">", _number, _number),
    _Twins(own.GREATER_OR_EQUAL, ">=", _number, _number),
    _Twins(own.CONTAINS, "ilike", _plain, _plain),
    _Twins(own.DOES_NOT_CONTAIN, "not ilike", _plain, _plain),
    _Twins(own.STARTS_WITH, "=ilike", _to_prefix, _from_prefix),
    _Twins(own.IN, "in", _numbers, _numbers),
    _Twins(own.NOT_IN, "not in", _numbers, _numbers),
)
"""Every pair, with what makes the constant of one that of the other."""
