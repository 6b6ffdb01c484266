"""The stored form of a person: one text of what was told when, and by which events, and one number that says of what.

Redis keeps a small hash compact only while no value in it is longer than 64 bytes, which this form is for who is on no
leave. It is written from `IN_SHORT_FROM` on; below that level of a lane, where releases work beside this one that do
not know it, a person is stored as values of other kinds are. Both forms are read, whatever the level: what was written
before the lane was raised stays until there is news of the person.
"""

from __future__ import annotations

from typing import Final

import msgspec

from service.core.order import ID_CHARACTERS, id_in_short
from service.core.person import CAUSES, Absence, Person
from service.wire.marks import NO_TIME, marks_of, time_of, time_text

IN_SHORT_FROM: Final = 5
"""The level of the lane from which on people are stored in short."""

_ABSENT: Final = (1, 2, 4)
_TIMES: Final = (8, 16, 32, 64, 128, 256, 512)
"""What the number says: by which cause they are absent (in the order of `CAUSES`, which never changes) · which of the
times (see `_times`) stand in the text.
"""

_read: Final = msgspec.json.Decoder(tuple[str, int]).decode
_read_in_full: Final = msgspec.json.Decoder(Person).decode
_write: Final = msgspec.json.Encoder().encode


def pack_person(person: Person) -> bytes:
    """The person in short. With a time that no event tells it is stored as a value of another kind is."""
    causes: list[Absence] = [getattr(person, cause) for cause in CAUSES]
    times = _times(person, causes)
    if any(time is not None and not 0 <= time < NO_TIME for time in times):
        return _write(person)
    flags = 0
    for bit, cause in zip(_ABSENT, causes, strict=True):
        flags |= bit * cause.is_absent
    marks: list[str] = []
    for bit, time in zip(_TIMES, times, strict=True):
        if time is not None:
            flags |= bit
            marks.append(time_text(time))
    marks += [id_in_short(each) for each in person.seen]
    return _write(("".join(marks), flags))


def read_person(packed: bytes) -> Person:
    """The person of either form. Raises ValueError or TypeError for bytes of neither."""
    if not packed.startswith(b'["'):
        return _read_in_full(packed)
    text, flags = _read(packed)
    told = [bit for bit in _TIMES if flags & bit]
    if len(text) < ID_CHARACTERS * len(told):
        raise ValueError("there are fewer times than it says")
    marks = marks_of(text)
    found = {bit: time_of(mark) for bit, mark in zip(told, marks, strict=False)}
    times = [found.get(bit) for bit in _TIMES]
    person = Person(seen=marks[len(told) :], heard_ms=times[-1] or 0)
    for cause, bit, time_ms, until_ms in zip(CAUSES, _ABSENT, times[:3], times[3:6], strict=True):
        setattr(person, cause, Absence(bool(flags & bit), until_ms, time_ms))
    return person


def _times(person: Person, causes: list[Absence]) -> list[int | None]:
    """When the newest news of each cause was, until when each lasts, and when a stranger was heard of."""
    return [*[each.time_ms for each in causes], *[each.until_ms for each in causes], person.heard_ms or None]
