"""What a change is: which values a field had before and has now, and when the two are really others.

Conditions may ask what was changed (`stage changed`) and what was before (`before stage equals "open"`). What they
ask it of is a `Change`: the values before, as far as they are known, and which of the fields hold another value now.
The same value written again is no change, so two values are compared as what they are: numbers, instants, truths,
texts, links, or lists in any order (`is_same`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple, get_args
from unicodedata import normalize
from zoneinfo import ZoneInfo

from service.language.moments import instant_in
from service.language.readings import TRUTHS, called, is_box
from service.language.tree import (
    All,
    Always,
    Any,
    Compare,
    Condition,
    Facts,
    Never,
    Not,
    Notation,
    Operator,
    Other,
    Path,
    Probe,
    Walk,
    in_past,
    leaves,
    number_in,
)
from service.language.unset import MAX_ELEMENTS, is_empty, is_unset

UNKNOWN: Final = object()
"""Stands for a value before that nobody told us."""
UNTOLD: Final = object()
"""Stands for a field of which nothing is said."""

_CHOICES_END: Final = ";"
"""What stands between the choices of a multi-select that comes as one text."""


class Change(NamedTuple):
    """What became of a record: by dotted path the values `before` (those not known are missing), and what `changed`."""

    before: Mapping[str, object] = MappingProxyType({})
    changed: frozenset[str] = frozenset()


UNCHANGED: Final = Change()

CHANGED: Final = Operator(
    "changed",
    dict.fromkeys(get_args(Notation), "changed"),
    lambda value: Probe("{path} in {changed}"),
)
"""The one operator that all notations share: the field really holds another value now. It takes no value."""


def changed_and(is_it: Compare, *, past: bool) -> Condition:
    """The field was changed, and it is the value now, or was it before."""
    return All((Compare(is_it.path, CHANGED, None), in_past(is_it) if past else is_it))


def is_same(before: object, now: object, zone: ZoneInfo) -> bool:
    """Whether two values of a field are one value; dates without an offset are days and times of the zone."""
    if is_box(before) or is_box(now):
        return _truth(before) is _truth(now)
    if is_empty(before) or is_empty(now):
        return is_empty(before) and is_empty(now)
    if any(isinstance(each, list | tuple) or _is_several(each) for each in (before, now)):
        return _counted(before, zone) == _counted(now, zone)
    return any(one is not None and one == other for one, other in zip(_as(before, zone), _as(now, zone), strict=True))


def asked_before(condition: Condition) -> frozenset[str]:
    """The fields, as dotted paths, whose values before a condition asks for: those are to be remembered."""
    return frozenset(".".join(path) for leaf in leaves(condition) for path in _asked(leaf))


def _asked(leaf: Condition) -> Iterator[Path]:
    if not isinstance(leaf, Compare):
        return
    if leaf.past:
        yield leaf.path
        if isinstance(leaf.value, Other):
            yield leaf.value.path
    elif leaf.operator == CHANGED:
        yield leaf.path
    elif leaf.operator.probe is None and leaf.meaning is not None:
        for part in leaves(leaf.meaning):
            yield from _asked(part)


def settled(condition: Condition) -> Condition:
    """The same with what is said of values before made certain: each is known, and as asked (see `compiling`).

    Only what follows from conditions is drawn from it; the leaves are others.
    """
    return _settled(condition, sure=True)


def _settled(condition: Condition, *, sure: bool) -> Condition:
    match condition:
        case All(parts) | Any(parts):
            return type(condition)(tuple(_settled(part, sure=sure) for part in parts))
        case Not(part):
            return Not(_settled(part, sure=not sure))
        case Compare() if condition.operator.probe is None and condition.meaning is not None:
            return _settled(condition.meaning, sure=sure)
        case Compare(past=True):
            known = All(tuple(Compare(path, _KNOWN, None, past=True) for path in _asked(condition)))
            return All((known, condition)) if sure else Any((Not(known), condition))
        case Compare(operator=operator, path=path) if operator == CHANGED:
            return All((Compare(path, _KNOWN, None, past=True), condition))
        case Compare() | Always() | Never():
            return condition


def told_at(path: str, facts: Facts) -> object:
    """What a record says of a field, whose path is its whole name or leads through links; `UNTOLD`: nothing.

    Behind a link that is not set everything is unset; of a link that is told by its id alone, nothing is said.
    """
    if path in facts:
        return facts[path]
    step, dot, rest = path.partition(".")
    if step not in facts or not dot:
        return UNTOLD
    inside = facts[step]
    if is_empty(inside):
        return None
    return told_at(rest, inside) if isinstance(inside, dict) else UNTOLD


def as_created(paths: frozenset[str], facts: Facts) -> Change:
    """What the creation of a record with these facts is: nothing was before, and whatever is set was changed."""
    if not paths:
        return UNCHANGED
    changed = frozenset(path for path in paths if not is_empty(_or_unset(told_at(path, facts))))
    return Change(dict.fromkeys(paths), changed)


def past_reader(path: Path, walk: Walk) -> Callable[[Mapping[str, object]], object]:
    """What reads a field's value before; `UNKNOWN` where it is not known."""
    name = ".".join(path)

    def read(before: Mapping[str, object]) -> object:
        value = before.get(name, UNKNOWN)
        if value is UNKNOWN or len(path) == 1:
            return value
        record: dict[str, object] = {path[-1]: value}
        for step in reversed(path[:-1]):
            record = {step: record}
        return walk(path)(record)

    return read


def _or_unset(value: object) -> object:
    return None if value is UNTOLD else value


def _is_several(value: object) -> bool:
    """Whether it is several choices in one text."""
    return isinstance(value, str) and _CHOICES_END in value


def _truth(value: object) -> bool | None:
    if isinstance(value, bool) or is_empty(value):
        return value is True
    text = value.strip().casefold() if isinstance(value, str) else None
    return next((truth for truth, (texts, numbers) in TRUTHS.items() if text in texts or _is_in(value, numbers)), None)


def _is_in(value: object, numbers: frozenset[int]) -> bool:
    return type(value) in (int, float) and value in numbers


def _as(value: object, zone: ZoneInfo) -> tuple[object, object, object]:
    """One value as a number, as an instant, and as it is written; none where it is no such thing."""
    name = called(value)
    if isinstance(name, str):
        return number_in(name), instant_in(name, zone), normalize("NFC", name.strip())
    number = name if type(name) in (int, float) else None
    return number, None, name if number is None else None


def _counted(value: object, zone: ZoneInfo) -> Counter[tuple[str, object]]:
    """How often each value is in a list, or in a text of several choices."""
    several = value.split(_CHOICES_END) if isinstance(value, str) else value
    each = several if isinstance(several, list | tuple) else (several,)
    return Counter(_key(one, zone) for one in islice(each, MAX_ELEMENTS) if not is_unset(one))


def _key(value: object, zone: ZoneInfo) -> tuple[str, object]:
    """What equal values have in common."""
    number, instant, written = _as(value, zone)
    if number is not None:
        return "number", number
    if instant is not None:
        return "instant", instant
    return "written", written if isinstance(written, str) else repr(written)


_KNOWN: Final = Operator("known", {}, None)
"""What implication reasons with: the value before is known. No notation writes it."""
