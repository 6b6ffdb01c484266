"""What fields were before: the values that conditions on change compare with (D43).

Only fields that some condition asks for are remembered, each with the version and time at which it was told: of
updates that overtake one another none is lost, and what is older than what is known of a field changes nothing of it.
`heard` says what is remembered once an event was heard, `change_between` what of it is a change.

Unknown is not unset. A field of which we were told nothing yet, or whose value was too long to keep, has no value
before, so the next one that is told is no change. Of a record whose creation we hear, all that it does not name is
unset.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from service.core.order import Moment, compare
from service.core.remembered import Remembered
from service.language.changes import UNKNOWN, UNTOLD, Change, as_created, is_same, told_at
from service.language.tree import Facts

PAST_FIELDS: Final = 50
"""So many fields of a type of record may be asked for as they were before."""
VALUE_CHARACTERS: Final = 300
"""How long the JSON text of a value may be that is remembered; of a longer one it is only known that it was told."""

_write: Final = json.JSONEncoder(separators=(",", ":")).encode
_UNSET: Final = _write(None)


class Told(Remembered, kw_only=True):
    """A field's newest value as JSON text (empty: too long to keep), and when it was told.

    `early`: it was seen to change before the creation of its record was heard, which is no other change of it then.
    """

    text: str
    version: int | None = None
    time_ms: int | None = None
    early: bool = False

    @property
    def value(self) -> object:
        """The value, to be read only; `UNKNOWN` where it was too long."""
        return _read(self.text) if self.text else UNKNOWN


class Past(Remembered):
    """The newest values of a record's fields that conditions on change ask for, by dotted path."""

    values: dict[str, Told]


NOTHING_TOLD: Final = Past({})


def heard(facts: Facts, at: Moment, known: Past, asked: AbstractSet[str], *, is_creation: bool) -> Past:
    """What is remembered of the fields asked for, once these facts were told; what is not asked for is dropped."""
    values = dict(known.values)  # mostly all of them are asked for: to copy a hundred is less than to ask for each
    if not values.keys() <= asked:
        values = {path: told for path, told in values.items() if path in asked}
    for path in asked if is_creation else _told_among(asked, facts):
        before, value = values.get(path), told_at(path, facts)
        if value is UNTOLD and is_creation and before is None:
            value = None
        if value is not UNTOLD and (before is None or compare(at, _moment(before)) != "older"):
            values[path] = _told(value, at, before)
    return Past(values if len(values) == len(known.values) else dict(sorted(values.items())))


def change_between(before: Past, now: Past, zone: str) -> Change:
    """The values before, as far as they are known, and which fields really hold another one now.

    `zone`: the IANA name of the one whose days and times dates without an offset mean.
    """
    known = known_in(before)
    changed = {
        path
        for path, told in now.values.items()
        if told is not before.values.get(path)  # most are the very same: of a hundred fields an event tells a few
        and path in known
        and told.text not in ("", before.values[path].text)
        and not is_same(known[path], told.value, ZoneInfo(zone))
    }
    return Change(known, frozenset(changed))


def creation_of(facts: Facts, past: Past, asked: frozenset[str]) -> Change:
    """What the creation of a record is, whose facts these are by now: it may be heard late, after updates."""
    change = as_created(asked, facts)
    return Change(change.before, change.changed - {path for path, told in past.values.items() if told.early})


def noted_early(past: Past, change: Change) -> Past:
    """The same where these changes were heard before the creation of the record."""
    early = {path: replace(past.values[path], early=True) for path in change.changed}
    return Past({**past.values, **early}) if early else past


def noted_created(past: Past) -> Past:
    """The same once the creation of the record was heard."""
    return Past({path: replace(told, early=False) if told.early else told for path, told in past.values.items()})


def known_in(past: Past) -> dict[str, object]:
    """The values that are known, by path."""
    return {path: _read(told.text) for path, told in past.values.items() if told.text}


def brought_up(facts: Facts, past: Past) -> Facts:
    """The facts with the newest values that are known: what an event says may be older than what it does not say."""
    newer: dict[str, object] = {}
    linked: dict[str, object] = {}
    for path, told in past.values.items():
        if told.text:
            value = _read(told.text)
            if "." in path and path not in facts:
                linked[path] = value
            elif facts.get(path, UNTOLD) != value:
                newer[path] = value
    found = {**facts, **newer} if newer else facts
    for path, value in linked.items():
        found = _with(path, value, found)
    return found


def _is_plain(path: str, facts: Facts) -> bool:
    """Whether a value at this path belongs to the record itself, not to what it is linked to."""
    return path in facts or "." not in path


def _told_among(asked: AbstractSet[str], facts: Facts) -> Iterator[str]:
    """The fields asked for of which the facts may tell something: few of many, whatever else is asked for."""
    yield from (path for path in facts if path in asked)
    yield from (path for path in _linked(frozenset(asked)) if path.partition(".")[0] in facts and path not in facts)


@lru_cache(maxsize=256)
def _linked(asked: frozenset[str]) -> tuple[str, ...]:
    """Those of them that lead through links."""
    return tuple(sorted(path for path in asked if "." in path))


def _with(path: str, value: object, facts: Facts) -> Facts:
    """The facts with this value at a path. What is told of a link but not of this field is another link's, perhaps."""
    step, _, rest = path.partition(".")
    if _is_plain(path, facts):
        return facts if facts.get(path, UNTOLD) == value else {**facts, path: value}
    inside = facts.get(step, UNTOLD)
    if inside is UNTOLD:
        return facts if value is None else {**facts, step: _with(rest, value, {})}
    if not isinstance(inside, dict) or told_at(rest, inside) is UNTOLD:
        return facts
    return {**facts, step: _with(rest, value, inside)}


def _told(value: object, at: Moment, before: Told | None) -> Told:
    text = _UNSET if value is None else _write(value)
    told = Told(text=text if len(text) <= VALUE_CHARACTERS else "", version=at.version, time_ms=at.time_ms)
    if before is None:
        return told
    return replace(
        told,
        version=before.version if at.version is None else at.version,
        time_ms=before.time_ms if at.time_ms is None else at.time_ms,
        early=before.early,
    )


def _moment(told: Told) -> Moment:
    return Moment(told.version, told.time_ms)


@lru_cache(maxsize=1_024)
def _read(text: str) -> object:
    return json.loads(text)
