"""What each operator of criteria and of the expression line means.

The rules about letter case, unset fields and unexpected types are part of the operators and stand nowhere else:
text ignores case; a blank value matches an unset field; negative operators match an unset field; ordering against
unset is false; a field of a type that the operator does not read is matched by none, not even by a negative one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Final
from zoneinfo import ZoneInfo

from service.language.moments import instant_in
from service.language.tree import MISFIT, Constant, Operator, Probe, Span, is_unset, number_in

_SCALARS: Final[frozenset[type]] = frozenset({str, int, float, bool, NoneType})
_TEXTS: Final[frozenset[type]] = frozenset({str, NoneType})
_CHOICES: Final[frozenset[type]] = frozenset({str, list, tuple, NoneType})


def _and(left: Probe, right: Probe) -> Probe:
    return _joined("and", left, right)


def _or(*probes: Probe) -> Probe:
    first, *further = probes
    for each in further:
        first = _joined("or", first, each)
    return first


def _joined(word: str, left: Probe, right: Probe) -> Probe:
    count = len(left.constants)
    places = [f"{{{count + position}}}" for position in range(len(right.constants))]
    kept = {name: f"{{{name}}}" for name in ("field", "text", "number", "now")}
    code = f"({left.code} {word} {right.code.format(*places, **kept)})"
    return Probe(code, left.constants + right.constants)


def _negated(positive: Probe, reads: frozenset[type]) -> Probe:
    """Does not hold, and the field is unset or of a type that the operator reads."""
    return _and(Probe(f"not {positive.code}", positive.constants), _of_type(reads))


def _of_type(reads: frozenset[type]) -> Probe:
    return Probe("(type({field}) in {0} or {field} in {1})", (reads, ([], ())))


def _unset() -> Probe:
    return Probe("{0}({field})", (is_unset,))


def _in_time(span: Span, comparison: str) -> Probe:
    """`comparison` is between the field's instant `at` and the span's `start` and `end`."""
    return Probe("{0}({field}, {now})", (_TIMES[comparison](span.bounds, ZoneInfo(span.zone)),))


Bounds = Callable[[int], tuple[int, int]]
Time = Callable[[object, int], bool]


def _within(bounds: Bounds, zone: ZoneInfo) -> Time:
    def within(fact: object, now_ms: int) -> bool:
        at = instant_in(fact, zone)
        if at is None:
            return False
        start, end = bounds(now_ms)
        return start <= at < end

    return within


def _without(bounds: Bounds, zone: ZoneInfo) -> Time:
    within = _within(bounds, zone)

    def without(fact: object, now_ms: int) -> bool:
        return is_unset(fact) or (instant_in(fact, zone) is not None and not within(fact, now_ms))

    return without


def _side(edge: int, *, is_before: bool) -> Callable[[Bounds, ZoneInfo], Time]:
    """Before the span's edge (0 its start, 1 its end), or not before it."""

    def make(bounds: Bounds, zone: ZoneInfo) -> Time:
        def on_side(fact: object, now_ms: int) -> bool:
            at = instant_in(fact, zone)
            return at is not None and (at < bounds(now_ms)[edge]) is is_before

        return on_side

    return make


_TIMES: Final[Mapping[str, Callable[[Bounds, ZoneInfo], Time]]] = {
    "==": _within,
    "!=": _without,
    "<": _side(0, is_before=True),
    "<=": _side(1, is_before=True),
    ">": _side(1, is_before=False),
    ">=": _side(0, is_before=False),
}


def _equals(value: Constant) -> Probe:
    match value:
        case bool():
            return Probe("({field} is {0} or {text} == {1})", (value, str(value).casefold()))
        case int() | float():
            return Probe("({number} == {0})", (value,))
        case Span():
            return _in_time(value, "==")
        case "" | None:
            return _unset()
        case _:
            return Probe("({text} == {0})", (str(value).casefold(),))


def _not_equal(value: Constant) -> Probe:
    match value:
        case Span():
            return _in_time(value, "!=")
        case "" | None:
            return Probe("{0}({field})", (_is_set,))
        case _:
            return _negated(_equals(value), _SCALARS)


def _is_set(fact: object) -> bool:
    return fact is not MISFIT and not is_unset(fact)


def _ordering(symbol: str) -> Callable[[Constant], Probe]:
    def make(value: Constant) -> Probe:
        match value:
            case Span():
                return _in_time(value, symbol)
            case bool() | int() | float():
                return Probe(f"({{number}} {symbol} {{0}})", (value,))
            case _:
                in_order = Probe(f"({{text}} or '') {symbol} {{0}}", (str(value).casefold(),))
                return _and(Probe("not {0}({field})", (is_unset,)), _and(_of_type(_TEXTS), in_order))

    return make


def _contains(value: Constant) -> Probe:
    return Probe("({0} in ({text} or ''))", (str(value).casefold(),)) if value else _unset()


def _does_not_contain(value: Constant) -> Probe:
    return _negated(_contains(value), _TEXTS)


def _starts_with(value: Constant) -> Probe:
    return Probe("({text} or '').startswith({0})", (str(value).casefold(),)) if value else _unset()


def _in(value: Constant) -> Probe:
    values = listed(value)
    texts = frozenset(str(each).casefold() for each in values if isinstance(each, str | bool))
    truths = [each for each in values if isinstance(each, bool)]
    numbers = frozenset(each for each in values if isinstance(each, int | float) and not isinstance(each, bool))
    spans = [each for each in values if isinstance(each, Span)]
    parts = [Probe("({text} in {0})", (texts,))] if texts else []
    parts += [Probe("({number} in {0})", (numbers,))] if numbers else []
    parts += [Probe("({field} is {0})", (truth,)) for truth in dict.fromkeys(truths)]
    parts += [_in_time(span, "==") for span in spans]
    parts += [_unset()] if "" in texts or None in values else []
    return _or(*parts) if parts else Probe("False")


def _not_in(value: Constant) -> Probe:
    values = listed(value)
    spans = [each for each in values if isinstance(each, Span)]
    if spans and len(spans) == len(values):
        first, *further = (_in_time(span, "!=") for span in spans)
        for each in further:
            first = _and(first, each)
        return first
    return _negated(_in(value), _SCALARS)


def listed(value: Constant) -> tuple[object, ...]:
    """The values of a list; one value is a list of one."""
    return value if isinstance(value, tuple) else (value,)


def _includes(value: Constant) -> Probe:
    return Probe("{0}({field})", (_any_of(listed(value)),))


def _excludes(value: Constant) -> Probe:
    return _negated(_includes(value), _CHOICES)


def _any_of(values: tuple[object, ...]) -> Callable[[object], bool]:
    """Whether one choice at least of a multi-select (a list, or text with semicolons) is one of the values."""
    texts = frozenset(str(value).casefold() for value in values if isinstance(value, str | bool))
    numbers = frozenset(value for value in values if isinstance(value, int | float) and not isinstance(value, bool))
    truths = frozenset(value for value in values if isinstance(value, bool))
    has_blank = "" in texts or None in values

    def is_one(choice: object) -> bool:
        if type(choice) is str:
            folded = choice.strip().casefold()
            return folded in texts or bool(numbers and number_in(folded) in numbers)
        if type(choice) is bool:
            return choice in truths
        return (type(choice) is int or type(choice) is float) and choice in numbers

    def any_is_one(fact: object) -> bool:
        if is_unset(fact):
            return has_blank
        if type(fact) is str:
            return any(map(is_one, fact.split(";")))
        return isinstance(fact, list | tuple) and any(map(is_one, fact))

    return any_is_one


def _row(name: str, expression: str, probe: Callable[[Constant], Probe]) -> Operator:
    return Operator(name, {"criteria": name, "expression": expression}, probe)


EQUALS: Final = _row("equals", "==", _equals)
NOT_EQUAL: Final = _row("not equal", "!=", _not_equal)
LESS: Final = _row("less than", "<", _ordering("<"))
LESS_OR_EQUAL: Final = _row("less or equal", "<=", _ordering("<="))
GREATER: Final = _row("greater than", ">", _ordering(">"))
GREATER_OR_EQUAL: Final = _row("greater or equal", ">=", _ordering(">="))
CONTAINS: Final = _row("contains", "contains", _contains)
DOES_NOT_CONTAIN: Final = _row("does not contain", "not contains", _does_not_contain)
STARTS_WITH: Final = _row("starts with", "starts with", _starts_with)
IN: Final = _row("in", "in", _in)
NOT_IN: Final = _row("not in", "not in", _not_in)
INCLUDES: Final = _row("includes", "includes", _includes)
EXCLUDES: Final = _row("excludes", "excludes", _excludes)

OPERATORS: Final = (
    EQUALS,
    NOT_EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    CONTAINS,
    DOES_NOT_CONTAIN,
    STARTS_WITH,
    IN,
    NOT_IN,
    INCLUDES,
    EXCLUDES,
)
ORDERINGS: Final = frozenset({LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL})
TEXT_ONLY: Final = frozenset({CONTAINS, DOES_NOT_CONTAIN, STARTS_WITH})
LIST_ONLY: Final = frozenset({IN, NOT_IN})
LIST_TOO: Final = frozenset({INCLUDES, EXCLUDES})
