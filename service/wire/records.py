"""The stored form of a record: a small value that each has, and beside it what few have or what is large.

There are more records than anything else, and Redis keeps a small hash compact only while no value in it is longer than
64 bytes. So the base value says in flags what most records have in common (the CRM named the owner that we know, and
last when the record itself was last heard of), and holds in one text what is of fixed width: the time and the newest
event ids. What does not go into that stands in `heard`, the fields that later decisions need in `tracked`; each is
there only for a record that needs it, which its base value says, so that nothing else is asked for.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from operator import attrgetter
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from service.core.order import ID_CHARACTERS, Moment
from service.core.record import Record, StatusTold

SIDES: Final[Mapping[str, int]] = {"heard": 1024, "tracked": 256}
"""Kinds of what stands beside a record's base value, under the same name; and over how many keys a lane's memory
spreads each.
"""

IDS_IN_BASE: Final = 2
"""So many of the newest event ids fit a base value; most records have no more that could still come again."""

MINUTE_MS: Final = 60_000

_TOLD_IS_OWNER, _TOLD_NOW, _NOBODY_NOW, _OWNER_OUTSTANDING, _HEARD, _TRACKED = (1 << at for at in range(6))
"""Who was told last is its owner · when it was last heard of · then it was first said that nobody has it · its owner is
our only choice that was not told · there is something beside it."""

SAID: Final = (
    "created",
    "counted",
    "by_us",
    "parked",
    "deleted",
    "closed",
    "has_past",
    "in_plans",
    "contacted",
    "has_progress",
    "owed",
    "sized",
    "offered",
    "handed",
)
"""What a record says with yes or no. The order never changes: what is new stands at the end."""

_SAID: Final[Mapping[str, int]] = {name: 1 << at for at, name in enumerate(SAID, 6)}
"""What a record says with yes or no."""

_said: Final = attrgetter(*SAID)
"""All that a record says with yes or no, in their order."""

_SIDE_BITS: Final[Mapping[str, int]] = {"heard": _HEARD, "tracked": _TRACKED}

_NO_TIME: Final = 2**48 - 1
"""Stands for no time: a time beyond all that events may tell."""


class Base(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """What each record has. `marks` is its time and its newest event ids, eight characters each; `late` says how many
    minutes after its time it last changed here. Fields at the end that say nothing are not written.
    """

    owner: str
    flags: int
    sequence: int
    pool: str
    marks: str
    version: int | None = None
    late: int = 0

    def says(self, what: str) -> bool:
        """What it says with yes or no, by the name of the record's field."""
        return bool(self.flags & _SAID[what])

    @property
    def sides(self) -> list[str]:
        """What stands beside it."""
        return [side for side, bit in _SIDE_BITS.items() if self.flags & bit]


class _Heard(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """What the base value does not say of what was told, and by which events."""

    told: str = ""
    told_version: int | None = None
    told_time_ms: int | None = None
    told_act: str = ""
    nobody_since: Moment | None = None
    seen: str = ""
    outstanding: tuple[str, ...] = ()
    status: StatusTold | None = None


_NOTHING_HEARD: Final = _Heard()
_BASE: Final = msgspec.json.Decoder(Base)
_HEARD_READER: Final = msgspec.json.Decoder(_Heard)
_TRACKED_READER: Final = msgspec.json.Decoder(tuple[str])
_write: Final = msgspec.json.Encoder().encode


def pack_record(record: Record) -> tuple[bytes, dict[str, bytes]]:
    """The record's base value, and what stands beside it."""
    moment = record.moment
    told_now = record.told_moment == moment
    told_is_owner = bool(record.owner) and record.told == f"user:{record.owner}"
    nobody_now = record.nobody_since == moment
    owner_outstanding = bool(record.owner) and record.outstanding == (record.owner,)
    heard = _Heard(
        told="" if told_is_owner else record.told,
        told_version=None if told_now else record.told_version,
        told_time_ms=None if told_now else record.told_time_ms,
        told_act=record.told_act,
        nobody_since=None if nobody_now else record.nobody_since,
        seen="".join(record.seen[:-IDS_IN_BASE]),
        outstanding=() if owner_outstanding else record.outstanding,
        status=record.status,
    )
    flags = _TOLD_IS_OWNER * told_is_owner | _TOLD_NOW * told_now | _NOBODY_NOW * nobody_now
    flags |= _OWNER_OUTSTANDING * owner_outstanding
    for bit, is_said in zip(_SAID.values(), _said(record), strict=True):
        flags |= bit * is_said
    beside: dict[str, bytes] = {}
    if heard != _NOTHING_HEARD:
        beside["heard"] = _trimmed(heard)
        flags |= _HEARD
    if record.facts:
        beside["tracked"] = _write((record.facts,))
        flags |= _TRACKED
    marks = _time_text(record.time_ms) + "".join(record.seen[-IDS_IN_BASE:])
    late = record.heard_min - (record.time_ms or 0) // MINUTE_MS
    return _trimmed(Base(record.owner, flags, record.sequence, record.pool, marks, record.version, late)), beside


def read_base(packed: bytes) -> Base:
    """The base value that `pack_record` made these bytes of. Raises ValueError or TypeError for others."""
    return _BASE.decode(packed)


def read_record(base: Base, beside: Mapping[str, bytes]) -> Record:
    """The record, with what was found beside its base value. What is left out counts as empty."""
    heard = _HEARD_READER.decode(beside["heard"]) if "heard" in beside else _NOTHING_HEARD
    flags, time_ms = base.flags, _time_of(base.marks[:ID_CHARACTERS])
    moment = Moment(base.version, time_ms)
    told_now = bool(flags & _TOLD_NOW)
    return Record(
        **{name: base.says(name) for name in _SAID},
        owner=base.owner,
        told=f"user:{base.owner}" if flags & _TOLD_IS_OWNER else heard.told,
        pool=base.pool,
        sequence=base.sequence,
        version=base.version,
        time_ms=time_ms,
        seen=_ids(heard.seen) + _ids(base.marks[ID_CHARACTERS:]),
        told_version=base.version if told_now else heard.told_version,
        told_time_ms=time_ms if told_now else heard.told_time_ms,
        told_act=heard.told_act,
        nobody_since=moment if flags & _NOBODY_NOW else heard.nobody_since,
        outstanding=(base.owner,) if flags & _OWNER_OUTSTANDING else heard.outstanding,
        status=heard.status,
        facts=read_tracked(beside["tracked"]) if "tracked" in beside else "",
        heard_min=base.late + (time_ms or 0) // MINUTE_MS,
    )


def read_tracked(packed: bytes) -> str:
    """The fields that later decisions need, as `tracking` keeps them."""
    return _TRACKED_READER.decode(packed)[0]


def _trimmed(value: Base | _Heard) -> bytes:
    """The fields in their order, without those at the end that say nothing."""
    fields = list(astuple(value))
    for default in reversed(value.__struct_defaults__):
        if fields[-1] != default:
            break
        fields.pop()
    return _write(fields)


def _ids(text: str) -> tuple[str, ...]:
    return tuple([text[at : at + ID_CHARACTERS] for at in range(0, len(text), ID_CHARACTERS)])


def _time_text(time_ms: int | None) -> str:
    return urlsafe_b64encode((_NO_TIME if time_ms is None else time_ms).to_bytes(6, "big")).decode()


def _time_of(text: str) -> int | None:
    time_ms = int.from_bytes(urlsafe_b64decode(text), "big")
    return None if time_ms == _NO_TIME else time_ms
