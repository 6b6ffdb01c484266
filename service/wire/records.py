"""The stored form of a record: a small value that each has, and beside it what few have or what is large.

There are more records than anything else, and Redis keeps a small hash compact only while no value in it is longer than
64 bytes. So the base value says in flags what most records have in common (the CRM named the owner that we know, and
last when the record itself was last heard of), and holds in one text what is of fixed width: the time and the newest
event ids. What does not go into that stands in `heard`, the fields that later decisions need in `tracked`; each is
there only for a record that needs it, which its base value says, so that nothing else is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from service.core.order import ID_CHARACTERS, Moment
from service.core.record import Record
from service.wire.marks import marks_of, time_of, time_text
from service.wire.record_forms import (
    HEARD,
    NOBODY_NOW,
    OWNER_OUTSTANDING,
    SAID_BITS,
    TOLD_IS_OWNER,
    TOLD_NOW,
    TRACKED,
    Base,
    HeardBeside,
    said,
)

IDS_IN_BASE: Final = 2
"""So many of the newest event ids fit a base value; most records have no more that could still come again."""

MINUTE_MS: Final = 60_000

_NOTHING_HEARD: Final = HeardBeside()
_HEARD_DEFAULTS: Final[tuple[object, ...]] = HeardBeside.__struct_defaults__
_BASE_DEFAULTS: Final[tuple[object, ...]] = Base.__struct_defaults__
_BASE: Final = msgspec.json.Decoder(Base)
_HEARD_READER: Final = msgspec.json.Decoder(HeardBeside)
_TRACKED_READER: Final = msgspec.json.Decoder(tuple[str])
_write: Final = msgspec.json.Encoder().encode


def pack_record(record: Record) -> tuple[bytes, dict[str, bytes]]:
    """The record's base value, and what stands beside it."""
    owner, version, time_ms, seen, nobody_since = (
        record.owner,
        record.version,
        record.time_ms,
        record.seen,
        record.nobody_since,
    )
    told, told_act, outstanding, facts = record.told, record.told_act, record.outstanding, record.facts
    told_now = record.told_version == version and record.told_time_ms == time_ms and not told_act
    told_is_owner = bool(owner) and told == f"user:{owner}"
    nobody_now = nobody_since is not None and _is_at(nobody_since, version, time_ms)
    owner_outstanding = bool(owner) and outstanding == (owner,)
    heard = (
        "" if told_is_owner else told,
        None if told_now else record.told_version,
        None if told_now else record.told_time_ms,
        told_act,
        None if nobody_now else nobody_since,
        "".join(seen[:-IDS_IN_BASE]),
        () if owner_outstanding else outstanding,
        record.status,
    )
    flags = TOLD_IS_OWNER * told_is_owner | TOLD_NOW * told_now | NOBODY_NOW * nobody_now
    flags |= OWNER_OUTSTANDING * owner_outstanding | _said_flags(said(record))
    beside: dict[str, bytes] = {}
    if heard != _HEARD_DEFAULTS:
        beside["heard"] = _trimmed(heard, _HEARD_DEFAULTS)
        flags |= HEARD
    if facts:
        beside["tracked"] = _write((facts,))
        flags |= TRACKED
    marks = time_text(time_ms) + "".join(seen[-IDS_IN_BASE:])
    late = record.heard_min - (time_ms or 0) // MINUTE_MS
    base = (owner, flags, record.sequence, record.pool, marks, version, late)
    return _trimmed(base, _BASE_DEFAULTS), beside


def read_base(packed: bytes) -> Base:
    """The base value that `pack_record` made these bytes of. Raises ValueError or TypeError for others."""
    return _BASE.decode(packed)


def read_record(base: Base, beside: Mapping[str, bytes]) -> Record:
    """The record, with what was found beside its base value. What is left out counts as empty."""
    heard = _HEARD_READER.decode(beside["heard"]) if "heard" in beside else _NOTHING_HEARD
    flags, time_ms = base.flags, time_of(base.marks[:ID_CHARACTERS])
    moment = Moment(base.version, time_ms)
    told_now = bool(flags & TOLD_NOW)
    return Record(
        **{name: base.says(name) for name in SAID_BITS},
        owner=base.owner,
        told=f"user:{base.owner}" if flags & TOLD_IS_OWNER else heard.told,
        pool=base.pool,
        sequence=base.sequence,
        version=base.version,
        time_ms=time_ms,
        seen=marks_of(heard.seen) + marks_of(base.marks[ID_CHARACTERS:]),
        told_version=base.version if told_now else heard.told_version,
        told_time_ms=time_ms if told_now else heard.told_time_ms,
        told_act=heard.told_act,
        nobody_since=moment if flags & NOBODY_NOW else heard.nobody_since,
        outstanding=(base.owner,) if flags & OWNER_OUTSTANDING else heard.outstanding,
        status=heard.status,
        facts=read_tracked(beside["tracked"]) if "tracked" in beside else "",
        heard_min=base.late + (time_ms or 0) // MINUTE_MS,
    )


def read_tracked(packed: bytes) -> str:
    """The fields that later decisions need, as `tracking` keeps them."""
    return _TRACKED_READER.decode(packed)[0]


@lru_cache(maxsize=4_096)
def _said_flags(answers: tuple[bool, ...]) -> int:
    """What a record says with yes, as flags. Kept: most records say the same few things."""
    return sum(bit for bit, is_said in zip(SAID_BITS.values(), answers, strict=True) if is_said)


def _is_at(moment: Moment, version: int | None, time_ms: int | None) -> bool:
    return moment.version == version and moment.time_ms == time_ms and not moment.act


def _trimmed(fields: tuple[object, ...], defaults: tuple[object, ...]) -> bytes:
    """The fields in their order, without those at the end that say nothing. `defaults` are those of the last."""
    end = len(fields)
    for default in reversed(defaults):
        if fields[end - 1] != default:
            break
        end -= 1
    return _write(fields[:end])
