"""What is remembered of a person: whether they can take records, by which causes they cannot, and what is planned."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from service.core.reasons import AbsenceReason
from service.core.remembered import Remembered


class Absence(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """What one cause says of somebody: whether they cannot take records, and until when where that is known.

    `time_ms` is when the newest news of it was so, where it was told.
    """

    is_absent: bool = False
    until_ms: int | None = None
    time_ms: int | None = None


THERE: Final = Absence()
Cause = Literal["presence", "shift", "leave"]
CAUSES: Final[tuple[Cause, ...]] = ("presence", "shift", "leave")


class Spell(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A time to come in which one cause keeps somebody away; `is_off`: it was called off. `time_ms` as of `Absence`."""

    cause: Cause
    begins_ms: int
    until_ms: int | None = None
    time_ms: int | None = None
    is_off: bool = False


class Planned(Remembered):
    """What is to come of somebody, the next first (see `holding.planning`)."""

    spells: tuple[Spell, ...] = ()


class Person(Remembered, kw_only=True):
    """What was told of somebody: their presence, their shift and their leave, each with its own end. Whether they are
    there is for `sharing.attendance` to say, which knows their working hours, too.

    `seen` are the latest event ids, as they came or in short (see `order.id_in_short`). `heard_ms` is when a person who
    is not configured was last heard of; 0: they are.
    """

    presence: Absence = THERE
    shift: Absence = THERE
    leave: Absence = THERE
    seen: tuple[str, ...] = ()
    heard_ms: int = 0

    @property
    def absence(self) -> AbsenceReason | None:
        """Why they cannot take records; none: they can."""
        if self.presence.is_absent:
            return "away"
        if self.leave.is_absent:
            return "leave"
        return "off_shift" if self.shift.is_absent else None

    @property
    def is_present(self) -> bool:
        """Whether they can take records."""
        return self.absence is None

    @property
    def causes(self) -> tuple[Absence, ...]:
        """What keeps them from taking records."""
        return tuple(each for each in (self.presence, self.shift, self.leave) if each.is_absent)

    @property
    def back_ms(self) -> int | None:
        """When they can take records again by all causes, where that is known."""
        ends = [each.until_ms for each in self.causes]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None
