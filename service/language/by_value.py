"""Which of many conditions may hold for a record: found by the value of a field, where each asks for another one.

Of a thousand conditions with a country each, those of the other countries need not be asked. A condition stands in the
index under the values of one comparison that it cannot hold without: a part of its *and* that says equal or one of. The
keys are coarser than the operators: a text without its letter case, a number however it is written, whatever a link is
called by. So whom the index leaves out surely does not hold, and whom it names is to be asked. What has no such
comparison is always named: one of an *or*, with a blank, a truth or a time, or of values before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from service.language import operators as own
from service.language.implication import Field, field_of, understood
from service.language.letters import folded
from service.language.odoo import operators as theirs
from service.language.odoo.facts import Reached, keys
from service.language.probes import listed
from service.language.tree import All, Compare, Condition, Facts, number_in
from service.language.unset import is_empty

Key = str | int | float
Needed = Mapping[Field, frozenset[Key]]
"""By field the values of which a condition needs one."""

_EQUALITIES: Final = understood(own.TABLE, "equal", "one of") | understood(theirs.TABLE, "equal", "one of")


class ByValue:
    """Conditions, found by the value of one field each."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        needed = [dict(_needed(condition)) for condition in conditions]
        shared = Counter((field, key) for each in needed for field, keys in each.items() for key in keys)
        self._always = [position for position, each in enumerate(needed) if not each]
        self._read: dict[Field, Callable[[Facts], object]] = {}
        self._found: defaultdict[Field, defaultdict[Key, list[int]]] = defaultdict(lambda: defaultdict(list))
        for position, each in enumerate(needed):
            if each:
                field = _rarest(each, shared)
                self._read[field] = _reading(field)
                for key in each[field]:
                    self._found[field][key].append(position)

    def may_hold(self, record: Facts) -> list[int]:
        """The positions of those that may hold, in order; no other does."""
        named = set(self._always)
        for field, read in self._read.items():
            found = self._found[field]
            for key in _keys_of(read(record)):
                if key in found:
                    named.update(found[key])
        return sorted(named)


def _needed(condition: Condition) -> Iterator[tuple[Field, frozenset[Key]]]:
    """What a condition cannot hold without."""
    match condition:
        case All(parts):
            for part in parts:
                yield from _needed(part)
        case Compare() if (meaning := condition.meaning) is not None:
            yield from _needed(meaning)
        case Compare(operator=operator, past=False) if operator in _EQUALITIES:
            values = listed(condition.value)
            texts_and_numbers = [each for each in values if _is_text_or_number(each)]
            if len(texts_and_numbers) == len(values):
                yield field_of(condition), frozenset(key for each in values for key in _keys_of(each))
        case _:
            pass


def _is_text_or_number(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and not is_empty(value)


def _rarest(needed: Needed, shared: Counter[tuple[Field, Key]]) -> Field:
    """The field by whose values a condition is told best from the others."""
    return min(needed, key=lambda field: max((shared[field, key] for key in needed[field]), default=0))


def _reading(field: Field) -> Callable[[Facts], object]:
    path, walk, _ = field
    if walk is not None:
        return walk(path)
    name = path[0]
    return lambda record: record.get(name)


def _keys_of(value: object) -> Iterator[Key]:
    """By what a value is found: what it says as a text and as a number, or what its links are called by."""
    if type(value) is Reached:
        for each in value:
            yield from _keys_of(each)
    elif type(value) is str:
        yield folded(value)
        if (number := number_in(value)) is not None:
            yield number
    elif type(value) is bool:
        yield int(value)
    elif type(value) is int or type(value) is float:
        yield value
    else:
        for key in keys(value):
            yield from _keys_of(key)
