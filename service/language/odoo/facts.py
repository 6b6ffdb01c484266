"""How a domain sees what a record holds: unset or set, a link or several, a number, a day, a path in a hierarchy.

Events know no field types, so the value itself says what the field is: a mapping is a linked record (many2one), a list
is several of them (x2many) or of plain values, a text in ISO 8601 form is a date or date-time. The operators
(`operators`) build on these readings and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import Any, Final, NamedTuple

from service.language.tree import MISFIT, Facts, Path, is_unset, number_in

DISPLAY_NAMES: Final = ("display_name", "name")
"""Where a linked record carries the name by which people know it."""
PARENT_PATH: Final = "parent_path"
"""Where a linked record carries its ancestors from the root down to itself: "1/4/9/" or a list."""

_CALLED_BY: Final = ("id", *DISPLAY_NAMES)
_KEYS: Final[frozenset[type]] = frozenset({str, int, float})
_DATE_CHARACTERS: Final = 10
_DAY: Final = timedelta(days=1)
_LINKS: Final[frozenset[type]] = frozenset({dict, list, tuple})
_READABLE: Final[frozenset[type]] = _LINKS | {str, int, float, bool, NoneType}


class Reached(tuple[object, ...]):
    """What stands at the end of a path that went through links: one value per linked record, none where there is none.

    A comparison with it holds where it holds for one value at least, so nothing holds behind an unset link.
    """

    __slots__ = ()


class Moment(NamedTuple):
    """A date or date-time: its instant (a day's is its midnight, UTC) and whether it is a whole day."""

    at: datetime
    is_day: bool


def through_links(path: Path) -> Callable[[Facts], object]:
    """How a domain follows a path: through every linked record of a list (any element counts), see `Reached`."""
    *way, last = path

    def read(record: Facts) -> object:
        value: object = record
        for position, step in enumerate(way):
            value = value.get(step) if isinstance(value, Mapping) else None
            if type(value) is list or type(value) is tuple:
                return Reached(_behind(value, (*way[position + 1 :], last)))
            if is_no_link(value):
                return Reached()
            if not isinstance(value, dict):
                return MISFIT
        return value.get(last) if isinstance(value, Mapping) else None

    return read


def _behind(links: list[object] | tuple[object, ...], path: Path) -> Iterator[object]:
    first, *further = path
    for link in links:
        if isinstance(link, dict) and not is_no_link(link):
            value = link.get(first)
            if not further:
                yield value
            elif isinstance(value, list | tuple):
                yield from _behind(value, tuple(further))
            else:
                yield from _behind((value,), tuple(further))


def is_no_link(fact: object) -> bool:
    """Whether a field counts as not set: absent, null, False, blank text, an empty list, a link without an id."""
    if isinstance(fact, dict):
        return not fact or ("id" in fact and (fact["id"] is None or fact["id"] is False))
    return fact is False or is_unset(fact)


def is_readable(fact: object) -> bool:
    """Whether a domain can say anything about it: everything JSON has, but not what no link led to."""
    return type(fact) in _READABLE


def keys(fact: object) -> Iterator[object]:
    """What a set field is called by: itself, or a link's id and names, or those of each in a list."""
    if isinstance(fact, dict):
        for name in _CALLED_BY:
            key = fact.get(name)
            if type(key) in _KEYS:
                yield key
    elif isinstance(fact, list | tuple):
        for each in fact:
            if type(each) not in (list, tuple):
                yield from keys(each)
    elif type(fact) in _KEYS or fact is True:
        yield fact


def ids(fact: object) -> Iterator[object]:
    """What puts a set field in order: itself, or a link's id, or those of each in a list."""
    if isinstance(fact, dict):
        yield fact.get("id")
    elif isinstance(fact, list | tuple):
        yield from (each.get("id") if isinstance(each, dict) else each for each in fact)
    else:
        yield fact


def texts(fact: object) -> Iterator[str]:
    """What patterns are held against: a text, a number as written, a link's names, or those of each in a list."""
    if isinstance(fact, dict):
        yield from (fact[name] for name in DISPLAY_NAMES if type(fact.get(name)) is str)
    elif isinstance(fact, list | tuple):
        for each in fact:
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


def as_moment(fact: object) -> Moment | None:
    """The date or date-time that a text is, without an offset in UTC; none where it is none."""
    if type(fact) is not str or len(fact) < _DATE_CHARACTERS or fact[4] != "-" or fact[7] != "-":
        return None
    try:
        at = datetime.fromisoformat(fact)
        return Moment(at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC), len(fact) == _DATE_CHARACTERS)
    except (ValueError, OverflowError):
        return None


def same_moment(fact: Moment, value: Moment) -> bool:
    """Whether a field is at a date or date-time. A field with a day looks at the value's day only, as Odoo does."""
    return fact.at.date() == value.at.date() if fact.is_day else fact.at == value.at


def in_order(fact: Moment, symbol: str, value: Moment) -> bool:
    """`fact symbol value`. A date-time is after a day when the day is over, and up to a day until then."""
    if fact.is_day:
        return ORDERS[symbol](fact.at.date(), value.at.date())
    if value.is_day and symbol in (">", "<="):
        return (fact.at - value.at >= _DAY) is (symbol == ">")
    return ORDERS[symbol](fact.at, value.at)


ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def nodes(value: object) -> tuple[str, ...]:
    """The way from the root to a place in a hierarchy: of "1/4/9/", of a list of ids or names, of one id or name."""
    if isinstance(value, list | tuple):
        return tuple(_node(each) for each in value if type(each) in (str, int, dict))
    if type(value) is str and "/" in value:
        return tuple(step.strip() for step in value.split("/") if step.strip())
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
    elif isinstance(fact, list | tuple) and any(isinstance(each, dict) for each in fact):
        for each in fact:
            if isinstance(each, dict):
                yield from places(each)
    elif isinstance(fact, list | tuple) or type(fact) in (str, int):
        way = nodes(fact)
        yield way, frozenset(way[-1:])
