"""Entries that decide nothing: no record can fit, or whatever fits was taken by an entry above (S49, S56, S60).

The first entry that matches wins, so a more general one above a more specific one leaves nothing for it. An entry only
takes what its target can have: one that gives records to their accounts' owners, and stands above a narrower one, is
no mistake. Every pair is asked, as far as `MAX_PAIRS` goes; most are told apart by the values they ask for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from schemas.config import Document
from schemas.config_rules import RuleSet, Target, named_by
from service.config.conditions import calendar_of
from service.config.consistency import entry_name
from service.config.findings import Finding
from service.config.lint.written import all_asked, never_fits, whole
from service.config.nodes import Steps
from service.config.people import people_of
from service.language.implication import Field, field_of, implies, never, none_left, understood
from service.language.letters import folded
from service.language.odoo.operators import TABLE as DOMAIN
from service.language.operators import TABLE
from service.language.probes import listed
from service.language.tree import All, Always, Compare, Condition, Never, leaves
from service.language.tree import Any as AnyOf

MAX_PAIRS: Final = 50_000
"""So many pairs of entries are compared closely in one rule set."""
MAX_TOGETHER: Final = 40
"""So many entries are looked at together, to see whether they leave anything to another one."""


_ANY_VALUE: Final = (None,)
"""Stands for the values of a field that may be any."""
_VALUES: Final = understood(TABLE, "equal", "one of") | understood(DOMAIN, "equal", "one of")


@dataclass(frozen=True)
class _Line:
    """An entry: what fits it, and which of that its target certainly takes. `is_wider_on_creation`: what it asks of the
    values before is not asked there, so what it takes and leaves is not one condition.
    """

    path: Steps
    name: str
    on: frozenset[str]
    fits: Condition
    takes: Condition
    target: str
    is_wider_on_creation: bool

    @cached_property
    def pins(self) -> Mapping[Field, frozenset[str]]:
        """Fields that must have one of these values."""
        return {
            field_of(part): frozenset(folded(str(value)) for value in listed(part.value))
            for part in _required(self.fits)
            if part.operator in _VALUES
        }

    @cached_property
    def asked(self) -> frozenset[Field]:
        """Fields without which nothing fits."""
        return frozenset(map(field_of, _required(self.fits)))

    @cached_property
    def fields(self) -> frozenset[Field]:
        """All fields that are read."""
        return frozenset(field_of(leaf) for leaf in leaves(self.fits) if isinstance(leaf, Compare))

    def may_cover(self, below: _Line) -> bool:
        """Whether it is worth asking if this one takes what fits one below."""
        return (
            below.on <= self.on
            and self.asked <= below.fields
            and all(not values.isdisjoint(below.pins.get(field, values)) for field, values in self.pins.items())
        )


class _Filed:
    """Entries by a field without which nothing fits them, and by the values it must have, where it must.

    Whoever looks for what may cover an entry looks at those with which it has a field, or a value, in common.
    """

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._by_value: defaultdict[tuple[Field, str | None], list[int]] = defaultdict(list)
        self._by_field: defaultdict[Field | None, list[int]] = defaultdict(list)

    def add(self, line: _Line) -> None:
        """File an entry below all others."""
        at = len(self._lines)
        self._lines.append(line)
        field = next(iter(line.pins), next(iter(line.asked), None))
        self._by_field[field].append(at)
        if field is not None:
            for value in line.pins.get(field, _ANY_VALUE):
                self._by_value[field, value].append(at)

    def worth_asking(self, below: _Line) -> list[_Line]:
        """Those that may cover this one, from above."""
        found = set(self._by_field.get(None, ()))
        for field in below.fields:
            if field not in below.pins:
                found.update(self._by_field.get(field, ()))
                continue
            for value in (*below.pins[field], *_ANY_VALUE):
                found.update(self._by_value.get((field, value), ()))
        return [line for line in map(self._lines.__getitem__, sorted(found)) if line.may_cover(below)]


def of_rule_sets(document: Document) -> Iterator[Finding]:
    """What is wrong with the order and the conditions of each rule set."""
    for set_id, rule_set in document.rule_sets.items():
        lines = [_line(document, set_id, rule_set, position) for position in range(len(rule_set.entries))]
        possible = []
        for line, entry in zip(lines, rule_set.entries, strict=True):
            if never(line.fits):
                yield Finding(line.path, never_fits(all_asked(entry, calendar_of(document.settings)), "entry"))
            else:
                possible.append(line)
        yield from _of_order([line for line in possible if not line.is_wider_on_creation], ("rule_sets", set_id))
        if rule_set.active and not _has_last_resort(document, rule_set.record_type, possible):
            message = (
                f"a {rule_set.record_type} that fits no entry is rejected: name who gets it, "
                f'"defaults: {{{rule_set.record_type}: …}}"'
            )
            yield Finding(("rule_sets", set_id), message)


def _of_order(lines: Sequence[_Line], path: Steps) -> Iterator[Finding]:
    pairs, filed = 0, _Filed()
    for position, below in enumerate(lines):
        worth_asking = filed.worth_asking(below)
        filed.add(below)
        pairs += len(worth_asking)
        if pairs > MAX_PAIRS:
            message = f'entries from "{below.name}" on were not compared with those above: split the rule set'
            yield Finding(path, message)
            return
        said = next(filter(None, (_covered(above, below) for above in worth_asking)), None)
        if said is None and _is_covered_together(islice(lines, position), below):
            said = (
                "the entries above take together every record that fits here, so this one is never reached: "
                "move it up, or remove it"
            )
        if said is not None:
            yield Finding(below.path, said)


def _covered(above: _Line, below: _Line) -> str | None:
    """What an entry leaves of one below, as a sentence; none: something, or so it seems."""
    if not implies(below.fits, above.fits):
        return None
    if implies(below.fits, above.takes):
        return _unreachable(above, below)
    if isinstance(above.takes, Never):
        return None
    return (
        f'entry "{above.name}" above is more general, so what fits here comes this far only when '
        f"{above.target} does not accept it: the most specific goes first, move this one above it"
    )


def _unreachable(above: _Line, below: _Line) -> str:
    if above.fits == Always():
        return f'entry "{above.name}" above takes every record, so this one is never reached: move this one above it'
    if implies(above.fits, below.fits):
        return f'entry "{above.name}" above fits the same records, so this one is never reached: remove one of the two'
    return (
        f'entry "{above.name}" above is more general and takes every record that fits here, so this one is never '
        "reached: the most specific goes first, move this one above it"
    )


def _is_covered_together(above: Iterable[_Line], below: _Line) -> bool:
    takers = (line for line in above if below.on <= line.on and not isinstance(line.takes, Never))
    taking = list(islice(takers, MAX_TOGETHER + 1))
    if not 2 <= len(taking) <= MAX_TOGETHER:
        return False
    return none_left([(below.fits, True), *((line.takes, False) for line in taking)])


def _has_last_resort(document: Document, record_type: str, lines: Sequence[_Line]) -> bool:
    """Whether every new record finds somebody: through a default, or because the entries leave nothing over."""
    if not {record_type, "*"}.isdisjoint(document.defaults) or any(line.is_wider_on_creation for line in lines):
        return True
    return none_left([(line.takes, False) for line in lines if "created" in line.on][-MAX_TOGETHER:])


def _line(document: Document, set_id: str, rule_set: RuleSet, position: int) -> _Line:
    entry = rule_set.entries[position]
    asked = tuple(predicate.condition for predicate in all_asked(entry, calendar_of(document.settings)))
    fits = asked[0] if len(asked) == 1 else All(asked) if asked else Always()
    narrower = taken_by(entry.target, document, rule_set.record_type)
    return _Line(
        ("rule_sets", set_id, "entries", position),
        entry_name(entry.id, position),
        frozenset(entry.on),
        fits,
        narrower if isinstance(narrower, Never) else All((fits, narrower)),
        f'"{entry.target.pool or entry.target.queue}"',
        entry.before is not None and "created" in entry.on,
    )


def taken_by(target: Target, document: Document, record_type: str) -> Condition:
    """Which records the target takes for certain: never means that it depends on more than the record."""
    if target.steps is not None:
        return _taken_by_any([taken_by(named_by(step), document, record_type) for step in target.steps])
    name = target.pool or target.queue
    if name is not None:
        return whole(document.pools[name], calendar_of(document.settings))
    if isinstance(target.user, str):
        return Always() if document.users[target.user].active else Never()
    if target.users is not None:
        is_somebody_there = any(document.users[name].active for name in people_of(document, target.users))
        return Always() if is_somebody_there else Never()
    return Never()


def _taken_by_any(conditions: Sequence[Condition]) -> Condition:
    """What at least one of several takes for certain."""
    certain = tuple(each for each in conditions if not isinstance(each, Never))
    if not certain:
        return Never()
    return Always() if Always() in certain else AnyOf(certain)


def _required(condition: Condition) -> Iterator[Compare]:
    """The comparisons that must hold whatever else does."""
    match condition:
        case Compare():
            yield condition
        case All(parts):
            for part in parts:
                yield from _required(part)
        case _:
            return
