"""What criteria and the expression line ask of a field, operator by operator, as code that can be generated.

The rules about letter case, unset fields and unexpected types are kept here and stand nowhere else: text ignores case
and white space at its ends; a blank value matches an unset field; negative operators match an unset field; ordering
against unset is false; a field of a type that the operator does not read is matched by none, not even by a negative
one. Which operator asks what is said by the rows of `operators`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import NoneType
from typing import Final, Literal
from zoneinfo import ZoneInfo

from service.language.letters import folded, folded_inside
from service.language.moments import instant_in
from service.language.readings import SCALARS, TRUTHS, difference, in_order, sameness
from service.language.tree import CALLED_BY, MISFIT, Constant, Other, Probe, Span, number_in
from service.language.unset import MAX_ELEMENTS, is_unset, may_be_in_unset

Ask = Callable[[Constant], Probe]
Affix = Literal["piece", "begin", "end"]
"""Where in a text another one is looked for."""

MAX_SOUGHT: Final = 5_000_000
"""So many characters are looked at for all texts of a list together: of 500, each is found in the first 10,000."""

_TEXTS: Final[frozenset[type]] = frozenset({str, NoneType})
_CHOICES: Final[frozenset[type]] = frozenset({str, list, tuple, dict, NoneType})


def _joined(word: str, *probes: Probe) -> Probe:
    """Probes of one field with `and` or `or` between them, not nested in each other."""
    codes: list[str] = []
    constants: tuple[object, ...] = ()
    for probe in probes:
        places = [f"{{{len(constants) + position}}}" for position in range(len(probe.constants))]
        codes.append(probe.code.format(*places, **_KEPT))
        constants += probe.constants
    return Probe(f"({f' {word} '.join(codes)})", constants)


def _any(*probes: Probe) -> Probe:
    return _joined("or", *probes) if probes else Probe("False")


_KEPT: Final = {name: f"{{{name}}}" for name in ("field", "other", "text", "letters", "number", "now")}


def _negated(positive: Probe, reads: frozenset[type]) -> Probe:
    """Does not hold, and the field is unset or of a type that the operator reads."""
    return _joined("and", Probe(f"not {positive.code}", positive.constants), _of_type(reads))


def _of_type(reads: frozenset[type]) -> Probe:
    return Probe("(type({field}) in {0} or {1}({field}))", (reads, is_unset))


def _unset() -> Probe:
    return Probe("{0}({field})", (is_unset,))


def _in_time(span: Span, comparison: str) -> Probe:
    """`comparison` is between the field's instant `at` and the span's `start` and `end`."""
    return Probe("{0}({field}, {now})", (_TIMES[comparison](span.bounds, ZoneInfo(span.calendar.zone)),))


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


def _within_any(spans: list[Span]) -> Probe:
    withins = [_within(span.bounds, ZoneInfo(span.calendar.zone)) for span in spans]
    return Probe("{0}({field}, {now})", (lambda fact, now_ms: any(within(fact, now_ms) for within in withins),))


def equals(value: Constant) -> Probe:
    """Is the value: a truth, a number, a time, another field, nothing (a blank value), or a text."""
    match value:
        case bool():
            return _one_of((value,))
        case int() | float():
            return Probe("({number} == {0})", (value,))
        case Span():
            return _in_time(value, "==")
        case Other(_, calendar):
            return Probe("{0}({field}, {other})", (sameness(ZoneInfo(calendar.zone)),))
        case "" | None:
            return _unset()
        case _:
            return Probe("({text} == {0})", (folded(str(value)),))


def not_equal(value: Constant) -> Probe:
    """Is not the value; of a truth it is the exact opposite, whatever the field holds (D32)."""
    match value:
        case bool():
            positive = equals(value)
            return Probe(
                f"(not {positive.code} and {{field}} is not {{{len(positive.constants)}}})",
                (*positive.constants, MISFIT),
            )
        case Span():
            return _in_time(value, "!=")
        case Other(_, calendar):
            return Probe("{0}({field}, {other})", (difference(ZoneInfo(calendar.zone)),))
        case "" | None:
            return Probe("{0}({field})", (_is_set,))
        case _:
            return _negated(equals(value), SCALARS)


def _is_set(fact: object) -> bool:
    return fact is not MISFIT and not is_unset(fact)


def ordering(symbol: str) -> Ask:
    """Stands so to a time, a number, another field or a text."""

    def make(value: Constant) -> Probe:
        match value:
            case Span():
                return _in_time(value, symbol)
            case Other(_, calendar):
                return Probe("{0}({field}, {other})", (in_order(symbol, ZoneInfo(calendar.zone)),))
            case bool() | int() | float():
                return Probe(f"({{number}} {symbol} {{0}})", (value,))
            case _:
                compared = Probe(f"({{text}} or '') {symbol} {{0}}", (folded(str(value)),))
                return _joined("and", Probe("not {0}({field})", (is_unset,)), _of_type(_TEXTS), compared)

    return make


def in_range(value: Constant) -> Probe:
    """Is between two values, both included."""
    assert isinstance(value, tuple)  # the reader takes two
    low, high = value
    return _joined("and", ordering(">=")(low), ordering("<=")(high))


_TRIMMED: Final[Mapping[Affix, Callable[[str], str]]] = {"begin": str.lstrip, "end": str.rstrip, "piece": str}


def pieces(value: Constant, affix: Affix) -> tuple[str, ...]:
    """What is looked for in a text, in the form that folded texts have: none begins or ends with white space."""
    trimmed = _TRIMMED[affix]
    return tuple(trimmed(folded_inside(str(each))) for each in listed(value))


def with_text(affix: Affix, one: str, any_of: Callable[[tuple[str, ...]], Probe]) -> Ask:
    """`one` is the code that looks for one text, `any_of` looks for several; a blank one finds an unset field."""

    def probe(value: Constant) -> Probe:
        sought = pieces(value, affix)
        filled = tuple(filter(None, sought))
        parts = [Probe(one, filled) if len(filled) == 1 else any_of(filled)] if filled else []
        if any(map(may_be_in_unset, filled)):
            parts = [_joined("and", Probe("not {0}({field})", (is_unset,)), *parts)]
        return _any(*parts, *([_unset()] if "" in sought else []))

    return probe


def _any_piece(sought: tuple[str, ...]) -> Probe:
    end = MAX_SOUGHT // len(sought)
    return Probe("{0}({text} or '')", (lambda text: any(text.find(piece, 0, end) >= 0 for piece in sought),))


contains: Final = with_text("piece", "({0} in ({text} or ''))", _any_piece)
starts_with: Final = with_text(
    "begin", "({text} or '').startswith({0})", lambda sought: Probe("({text} or '').startswith({0})", (sought,))
)
ends_with: Final = with_text(
    "end", "({text} or '').endswith({0})", lambda sought: Probe("({text} or '').endswith({0})", (sought,))
)


def does_not_contain(value: Constant) -> Probe:
    """Is text, or nothing, without any of these in it."""
    return _negated(contains(value), _TEXTS)


def in_list(value: Constant) -> Probe:
    """Is one of the values."""
    return _one_of(listed(value))


def _one_of(values: tuple[object, ...]) -> Probe:
    texts = frozenset(folded(str(each)) for each in values if isinstance(each, str))
    truths = list(dict.fromkeys(each for each in values if isinstance(each, bool)))
    numbers = frozenset(each for each in values if isinstance(each, int | float) and not isinstance(each, bool))
    spans = [each for each in values if isinstance(each, Span)]
    for truth in truths:
        texts, numbers = texts | TRUTHS[truth][0], numbers | TRUTHS[truth][1]
    parts = [Probe("({text} in {0})", (texts,))] if texts else []
    parts += [Probe("({number} in {0})", (numbers,))] if numbers else []
    parts += [Probe("({field} is {0})", (truth,)) for truth in truths]
    parts += [_within_any(spans)] if spans else []
    parts += [_unset()] if "" in texts or None in values or False in truths else []
    return _any(*parts)


def not_in(value: Constant) -> Probe:
    """Is none of the values."""
    values = listed(value)
    spans = [each for each in values if isinstance(each, Span)]
    if spans and len(spans) == len(values):
        return _joined("and", *(_in_time(span, "!=") for span in spans))
    return _negated(in_list(value), SCALARS)


def listed(value: Constant) -> tuple[object, ...]:
    """The values of a list; one value is a list of one."""
    return value if isinstance(value, tuple) else (value,)


def includes(value: Constant) -> Probe:
    """Has one of the choices at least."""
    wanted = frozenset().union(*map(_keys_of_value, listed(value)))
    is_blank_wanted = not wanted.isdisjoint(_BLANKS)

    def has_one(fact: object) -> bool:
        if is_unset(fact):
            return is_blank_wanted
        return any(key in wanted for choice in _choices(fact) for key in _keys(choice))

    return Probe("{0}({field})", (has_one,))


def includes_all(value: Constant) -> Probe:
    """Has every one of the choices."""
    wanted = list(map(_keys_of_value, listed(value)))
    are_blanks_wanted = all(not keys.isdisjoint(_BLANKS) for keys in wanted)

    def has_all(fact: object) -> bool:
        if is_unset(fact):
            return are_blanks_wanted
        found = {key for choice in _choices(fact) for key in _keys(choice)}
        return all(not keys.isdisjoint(found) for keys in wanted)

    return Probe("{0}({field})", (has_all,))


def excludes(value: Constant) -> Probe:
    """Has none of the choices."""
    return _negated(includes(value), _CHOICES)


_BLANKS: Final = frozenset({"", None})


def _choices(fact: object) -> Iterable[object]:
    """What was chosen of a multi-select: a list, a text with semicolons, or a link, which is one choice."""
    if type(fact) is str:
        return fact.split(";", MAX_ELEMENTS)[:MAX_ELEMENTS]
    if isinstance(fact, dict):
        return (fact,)
    return islice(fact, MAX_ELEMENTS) if isinstance(fact, list | tuple) else ()


def _keys(choice: object) -> Iterator[object]:
    """By what one choice is found: a text, a number, a truth (in a tuple: it is no number), a link's id and names."""
    if type(choice) is str:
        yield folded(choice)
        if (number := number_in(choice)) is not None:
            yield number
    elif type(choice) is bool:
        yield (choice,)
    elif type(choice) is int or type(choice) is float:
        yield choice
    elif type(choice) is dict:
        for name in CALLED_BY:
            if type(choice.get(name)) in (str, int):
                yield from _keys(choice[name])


def _keys_of_value(value: object) -> frozenset[object]:
    """The keys of which a choice must have one to be this value."""
    match value:
        case bool():
            texts, numbers = TRUTHS[value]
            return frozenset({*texts, *numbers, (value,)})
        case str():
            return frozenset({folded(value)})
        case _:
            return frozenset({value})
