"""What follows from conditions alone, without any record: which can never hold, and which holds whenever another does.

An answer of yes is certain, for the exact meaning of the operators in each notation; no means "not that we know". So a
finding that rests on it is never a false alarm. Decided are:

* and, or, not, in any nesting, as far as `MAX_STEPS` goes; an operator that is made of others is taken apart;
* everything about one field in criteria and expressions: equality, lists, order of numbers, texts and fixed dates,
  unset fields, pieces and beginnings of texts, choices of a multi-select (`fact_kinds`);
* in domains, where a field may hold several values at once: lists within lists, one number beside another, a comparison
  and its contrary. That `a = 1` and `a = 2` exclude each other is not so there: a field may hold both;
* what is asked of values before apart from what is asked of those now, and that it must be known;
* the same comparison twice, whatever it means.

Not decided are: relations between different fields, one that is compared with another included, or between criteria and
domains, spans that move with now, patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, assert_never

from service.language import operators as own
from service.language.changes import settled
from service.language.fact_kinds import Signed, nothing_fits
from service.language.letters import folded
from service.language.odoo import operators as theirs
from service.language.probes import listed
from service.language.tree import All, Always, Any, Compare, Condition, Constant, Never, Not, Operator, Path, Span, Walk

MAX_STEPS: Final = 1_000
"""So many cases are looked at; with more, nothing is said."""
MAX_CHOICES: Final = 100
"""So many `or` may be open at a time."""

Field = tuple[Path, Walk | None, bool]
"""What comparisons of one field have in common: a path, beyond one step also the way it is followed, and whether the
value before is meant."""
Ask = tuple[Condition, bool]
"""A condition that must hold, or must not."""


def never(condition: Condition) -> bool:
    """Whether it is certain that no record satisfies the condition."""
    return none_left([(condition, True)])


def implies(first: Condition, second: Condition) -> bool:
    """Whether it is certain that every record that satisfies the first also satisfies the second."""
    return none_left([(first, True), (second, False)])


def none_left(asks: Sequence[Ask]) -> bool:
    """Whether it is certain that no record does what all of these ask."""
    return _is_closed([(settled(condition), holds) for condition, holds in asks], _Case({}, ()), _Steps())


def field_of(compare: Compare) -> Field:
    """The field that is compared."""
    return compare.path, compare.operator.walk if len(compare.path) > 1 else None, compare.past


class _Case(NamedTuple):
    """What must be true at once: comparisons by field, and lists of which one ask at least must be met."""

    fields: Mapping[Field, tuple[Signed, ...]]
    choices: Sequence[Sequence[Ask]]


class _Steps:
    """How many cases may still be looked at."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def take(self) -> bool:
        """Whether there was one left."""
        self._left -= 1
        return self._left >= 0


def _is_closed(asks: Sequence[Ask], before: _Case, steps: _Steps) -> bool:
    """Whether a case with these asks is impossible: by what it says of some field, or because every choice is."""
    if not steps.take():
        return False
    case = _with(asks, before)
    if case is None or any(
        _is_contradiction(signed) for field, signed in case.fields.items() if signed is not before.fields.get(field)
    ):
        return True
    if not case.choices or len(case.choices) > MAX_CHOICES:
        return False
    first, *further = sorted(case.choices, key=len)
    return all(_is_closed([ask], _Case(case.fields, further), steps) for ask in first)


def _with(asks: Sequence[Ask], before: _Case) -> _Case | None:
    """The case with the asks taken apart; none where one of them can never be met."""
    fields, choices, left = dict(before.fields), list(before.choices), list(asks)
    while left:
        condition, holds = left.pop()
        match condition:
            case Not(part):
                left.append((part, not holds))
            case All(parts) | Any(parts):
                inside = [(part, holds) for part in parts]
                if holds is isinstance(condition, All):
                    left += inside
                else:
                    choices.append(inside)
            case Compare() if (meaning := condition.meaning) is not None:
                left.append((meaning, holds))
            case Compare():
                field = field_of(condition)
                fields[field] = (*fields.get(field, ()), (condition, holds))
            case Always() | Never():
                if holds is isinstance(condition, Never):
                    return None
            case _:
                assert_never(condition)
    return _Case(fields, choices)


def _is_contradiction(signed: Sequence[Signed]) -> bool:
    """Whether no field can do all of this."""
    ours = [each for each in signed if "criteria" in each[0].operator.written]
    return (
        any(_is_impossible(each) for each in signed)
        or any(_exclude_each_other(one, other) for one in signed for other in signed if one is not other)
        or (bool(ours) and nothing_fits(ours))
    )


def _is_impossible(signed: Signed) -> bool:
    """What is in an empty list, or is not outside of one."""
    compare, holds = signed
    return compare.value == () and compare.operator in (_ONE_OF if holds else _NONE_OF)


def _exclude_each_other(one: Signed, other: Signed) -> bool:
    (first, is_first), (second, is_second) = one, other
    if is_first and not is_second:
        return _exactly(first) == _exactly(second) or _follows(first, second)
    return is_first and is_second and _is_contrary(first, second)


def _follows(first: Compare, second: Compare) -> bool:
    """Whether the second holds wherever the first does; both are of one field."""
    for larger_is_weaker in _LARGER_IS_WEAKER:
        if first.operator in larger_is_weaker and second.operator in larger_is_weaker:
            return _values(first) <= _values(second)
    for larger_is_stronger in _LARGER_IS_STRONGER:
        if first.operator in larger_is_stronger and second.operator in larger_is_stronger:
            return _values(first) >= _values(second)
    return _is_number(first.value) and _is_number(second.value) and _is_narrower(first, second)


def _is_contrary(first: Compare, second: Compare) -> bool:
    """Whether one says that a value is in a list and the other that it is not in a larger one.

    Behind links a domain asks each linked record, so there both may be.
    """
    for positive, negative, is_everywhere in _CONTRARIES:
        if first.operator in positive and second.operator in negative:
            return (is_everywhere or len(first.path) == 1) and _values(first) <= _values(second)
    return False


def _is_narrower(first: Compare, second: Compare) -> bool:
    """Of two numbers in order in a domain: whether being beyond the first is being beyond the second."""
    if first.operator in _UPWARD and second.operator in _UPWARD:
        beyond = first.value > second.value  # type: ignore[operator]  # both are numbers
    elif first.operator in _DOWNWARD and second.operator in _DOWNWARD:
        beyond = first.value < second.value  # type: ignore[operator]  # so they are here
    else:
        return False
    is_same = first.value == second.value and (first.operator == second.operator or first.operator in _STRICT)
    return beyond or is_same


def _is_number(value: Constant) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _values(compare: Compare) -> frozenset[object]:
    """The values of a list, told apart as the operator does at least."""
    is_ours = "criteria" in compare.operator.written
    values = listed(compare.value)
    return frozenset(_exact(folded(each) if is_ours and isinstance(each, str) else each) for each in values)


def _exactly(compare: Compare) -> object:
    return compare.operator, _exact(compare.value)


def _exact(value: object) -> object:
    """A constant such that equal ones mean the same: 1 and True are not equal."""
    match value:
        case tuple():
            return tuple(map(_exact, value))
        case Span():
            return "span", value.text, value.calendar
        case All() | Any() | Not() | Compare() | Always() | Never():
            return repr(value)
        case _:
            return type(value), value


def understood(rows: Iterable[own.Row] | Iterable[theirs.Row], *senses: own.Sense) -> frozenset[Operator]:
    """The operators of a table that are understood so."""
    return frozenset(row.operator for row in rows if row.sense in senses)


_HAS: Final = understood(own.TABLE, "choice")
_HAS_NOT: Final = understood(own.TABLE, "no choice")
_ONE_OF: Final = understood(theirs.TABLE, "equal", "one of")
_NONE_OF: Final = understood(theirs.TABLE, "not equal", "none of")
_LARGER_IS_WEAKER: Final = (_HAS, _ONE_OF)
_LARGER_IS_STRONGER: Final = (_HAS_NOT, _NONE_OF)
_CONTRARIES: Final = ((_HAS, _HAS_NOT, True), (_ONE_OF, _NONE_OF, False))
_UPWARD: Final = understood(theirs.TABLE, ">", ">=")
_DOWNWARD: Final = understood(theirs.TABLE, "<", "<=")
_STRICT: Final = understood(theirs.TABLE, "<", ">")
