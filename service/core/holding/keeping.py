"""What a record that waits has said of itself: all its fields, as long as it waits, in a line or for an answer.

A decision about it comes later, under news and conditions that nobody knows yet (D31). So all fields are kept with it,
in a value of their own that goes when it leaves the line. Memory is dear: a record has its share, a lane its room, and
what was too much is named in the trace.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

from service.core.case import Case
from service.core.parked import Fields
from service.core.score import FIELD, scored
from service.core.tracking import recall, together
from service.language.tree import Facts

RECORD_LIMIT_BYTES: Final = 16 * 1024
"""So much of one waiting record is kept; first what some condition reads, then by name."""

ROOM_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""So much is kept of all records that wait in a lane. Beyond it only what conditions read now (see `tracking`)."""

NAMED_CUT: Final = 20
"""So many names of fields that were cut are told."""

_write: Final = json.JSONEncoder(separators=(",", ":")).encode


def keep(case: Case) -> tuple[str, ...]:
    """Keep the fields that are known of the record, which waits; the names of those that were too much.

    The text has one byte a character.
    """
    facts = dict(case.facts)
    if case.record_type in case.config.scores:
        facts.pop(FIELD, None)
    text = _write(facts)
    cut = [name for name in cut_of(case) if name not in facts]
    limit = RECORD_LIMIT_BYTES if case.draft.taken_bytes < ROOM_LIMIT_BYTES else 0
    if len(text) > limit:
        read = case.config.read_fields.get(case.record_type, frozenset())
        facts, more = _fitting(facts, read, limit)
        cut = sorted({*cut, *more})
        text = _write(facts)
    kept = Fields(text if facts else "", tuple(cut[:NAMED_CUT]))
    if kept != case.draft.fields.get(case.name):
        case.draft.fields.put(case.name, kept)
    place = case.draft.parked.edit(case.name) if case.record.parked else case.draft.reservations.edit(case.name)
    place.kept_bytes = len(kept.text)
    return kept.cut


def kept_of(case: Case) -> Facts:
    """All that is known of a record that waits."""
    kept = case.draft.fields.get(case.name)
    known = recall(case.record.facts)
    return known if kept is None else together(known, _recall(kept.text))


def cut_of(case: Case) -> tuple[str, ...]:
    """Names of the fields that were too much to keep."""
    kept = case.draft.fields.get(case.name)
    return () if kept is None else kept.cut


def forget(case: Case) -> None:
    """The record waits no longer: what it said goes on with this decision, and is kept no more."""
    case.facts = together(kept_of(case), case.facts)
    if case.draft.fields.get(case.name) is not None:
        case.draft.fields.drop(case.name)


def rescore(case: Case) -> float:
    """What orders the record where it waits, under the configuration in force; its facts say it from now on."""
    rows = case.config.scores.get(case.record_type)
    if rows:
        case.facts = scored(case.facts, rows, case.now_ms)
    return case.score


def _fitting(facts: dict[str, object], read: frozenset[str], limit: int) -> tuple[dict[str, object], list[str]]:
    """As many of the fields as fit, those first that are read; and the names of the others."""
    fitting: dict[str, object] = {}
    cut: list[str] = []
    size = 2
    for name in sorted(facts, key=lambda name: (name not in read, name)):
        needed = len(_write({name: facts[name]}))
        if size + needed > limit:
            cut.append(name)
        else:
            fitting[name] = facts[name]
            size += needed
    return fitting, sorted(cut)


@lru_cache(maxsize=1_024)
def _recall(text: str) -> Facts:
    """What `keep` made this text of. It is shared: read only."""
    facts: Facts = json.loads(text) if text else {}
    return facts
