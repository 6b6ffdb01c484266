"""How a domain sees what a record holds: unset or set, a link or several, a number, a day, a path in a hierarchy.

Events know no field types, so the value itself says what the field is: a mapping is a linked record (many2one), a list
is several of them (x2many) or of plain values, a text in ISO 8601 form is a date or date-time. The operators
(`operators`) build on these readings and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import NoneType
from typing import Final
from zoneinfo import ZoneInfo

from service.language.moments import day_bounds, instant_in, is_day, local
from service.language.tree import CALLED_BY, MISFIT, Facts, Path, Span, number_in
from service.language.unset import MAX_ELEMENTS, is_empty

DISPLAY_NAMES: Final = CALLED_BY[1:]
"""Where a linked record carries the name by which people know it."""
PARENT_PATH: Final = "parent_path"
"""Where a linked record carries its ancestors from the root down to itself: "1/4/9/" or a list."""

_KEYS: Final[frozenset[type]] = frozenset({str, int, float})
_LINKS: Final[frozenset[type]] = frozenset({dict, list, tuple})
_READABLE: Final[frozenset[type]] = _LINKS | {str, int, float, bool, NoneType}


class Reached(tuple[object, ...]):
    """What stands at the end of a path that went through links: one value per linked record, none where there is none.

    A comparison with it holds where it holds for one value at least, so nothing holds behind an unset link.
    """

    __slots__ = ()


def through_links(path: Path) -> Callable[[Facts], object]:
    """How a domain follows a path: through every linked record of a list (any element counts), see `Reached`."""
    *way, last = path

    def read(record: Facts) -> object:
        value: object = record
        for position, step in enumerate(way):
            value = value.get(step) if isinstance(value, Mapping) else None
            if type(value) is list or type(value) is tuple:
                return Reached(_behind(value, (*way[position + 1 :], last)))
            if is_empty(value):
                return Reached()
            if not isinstance(value, dict):
                return MISFIT
        return value.get(last) if isinstance(value, Mapping) else None

    return read


def _behind(links: Sequence[object], path: Path) -> Sequence[object]:
    """Step by step, so many links at most at each, whatever stands in them, and so many values of all lists there."""
    *way, last = path
    for step in way:
        links = tuple(islice(chain.from_iterable(_several(link.get(step)) for link in _leading(links)), MAX_ELEMENTS))
    found: list[object] = []
    left = MAX_ELEMENTS
    for link in _leading(links):
        value = link.get(last)
        found.append(value[:left] if isinstance(value, list | tuple) else value)
        left -= max(1, len(value)) if isinstance(value, list | tuple) else 1
        if left <= 0:
            break
    return found


def _leading(links: Sequence[object]) -> Iterator[Mapping[str, object]]:
    """Those that lead somewhere."""
    return (link for link in islice(links, MAX_ELEMENTS) if isinstance(link, dict) and not is_empty(link))


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


def is_readable(fact: object) -> bool:
    """Whether a domain can say anything about it: everything JSON has, but not what no link led to."""
    return type(fact) in _READABLE


def keys(fact: object) -> Iterator[object]:
    """What a set field is called by: itself, or a link's id and names, or those of each in a list."""
    if isinstance(fact, dict):
        for name in CALLED_BY:
            key = fact.get(name)
            if type(key) in _KEYS:
                yield key
    elif isinstance(fact, list | tuple):
        for each in islice(fact, MAX_ELEMENTS):
            if type(each) not in (list, tuple):
                yield from keys(each)
    elif type(fact) in _KEYS or fact is True:
        yield fact


def ids(fact: object) -> Iterator[object]:
    """What puts a set field in order: itself, or a link's id, or those of each in a list."""
    if isinstance(fact, dict):
        yield fact.get("id")
    elif isinstance(fact, list | tuple):
        yield from (each.get("id") if isinstance(each, dict) else each for each in islice(fact, MAX_ELEMENTS))
    else:
        yield fact


def texts(fact: object) -> Iterator[str]:
    """What patterns are held against: a text, a number as written, a link's names, or those of each in a list."""
    if isinstance(fact, dict):
        yield from (fact[name] for name in DISPLAY_NAMES if type(fact.get(name)) is str)
    elif isinstance(fact, list | tuple):
        for each in islice(fact, MAX_ELEMENTS):
            if type(each) not in (list, tuple):
                yield from texts(each)
    elif type(fact) is str:
        yield fact
    elif type(fact) is int or type(fact) is float:
        yield str(fact)


def as_number(fact: object) -> int | float | None:
    """The number a value is, also written as text; none where it is none."""
    if type(fact) is int or type(fact) is float:
        return fact
    return number_in(fact) if type(fact) is str else None


def in_time(symbol: str, span: Span) -> Callable[[object, int], bool]:
    """`fact symbol span`. A date-time is after a day when the day is over, and up to a day until then; equal to a day
    it is at its midnight. A field that is a day looks at the day of the span only, as Odoo does.
    """
    zone, holds = ZoneInfo(span.calendar.zone), _IN_TIME[symbol]

    def stands(fact: object, now_ms: int) -> bool:
        at = instant_in(fact, zone)
        if at is None:
            return False
        start, end = span.bounds(now_ms)
        is_date = isinstance(fact, str) and is_day(fact)
        if is_date and end - start == 1:
            start, end = day_bounds(local(start, zone).date(), zone)
        return holds(at, start, end if is_date or symbol != "=" else start + 1)

    return stands


_IN_TIME: Final[Mapping[str, Callable[[int, int, int], bool]]] = {
    "=": lambda at, start, end: start <= at < end,
    "<": lambda at, start, end: at < start,
    "<=": lambda at, start, end: at < end,
    ">": lambda at, start, end: at >= end,
    ">=": lambda at, start, end: at >= start,
}


def nodes(value: object) -> tuple[str, ...]:
    """The way from the root to a place in a hierarchy: of "1/4/9/", of a list of ids or names, of one id or name."""
    if isinstance(value, list | tuple):
        return tuple(_node(each) for each in value[:MAX_ELEMENTS] if type(each) in (str, int, dict))
    if type(value) is str and "/" in value:
        return tuple(step.strip() for step in value.split("/", MAX_ELEMENTS)[:MAX_ELEMENTS] if step.strip())
    return (_node(value),)


def _node(value: object) -> str:
    if isinstance(value, dict):
        value = next(keys(value), "")
    return str(value).strip()


def places(fact: object) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    """Where a set field stands in its hierarchy: its way from the root, and what it is called itself.

    A text with "/" and a list of plain values are one way, a list of linked records is several. The way of a link that
    carries none is empty.
    """
    if isinstance(fact, dict):
        own = frozenset(map(str, keys(fact)))
        path = fact.get(PARENT_PATH)
        yield nodes(path) if isinstance(path, str | list | tuple) else (), own
    elif isinstance(fact, list | tuple) and any(isinstance(each, dict) for each in islice(fact, MAX_ELEMENTS)):
        for each in islice(fact, MAX_ELEMENTS):
            if isinstance(each, dict):
                yield from places(each)
    elif isinstance(fact, list | tuple) or type(fact) in (str, int):
        way = nodes(fact)
        yield way, frozenset(way[-1:])
