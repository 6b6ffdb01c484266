"""The shapes in which a record is stored: its base value, what may stand beside it, and what each flag says.

Apart from what reads and writes them (`service.wire.records`), which runs for every event and is compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Final

from msgspec import Struct

from service.core.order import Moment
from service.core.record import StatusTold

SIDES: Final[Mapping[str, int]] = {"heard": 1024, "tracked": 256}
"""Kinds of what stands beside a record's base value, under the same name; and over how many keys a lane's memory
spreads each.
"""

TOLD_IS_OWNER, TOLD_NOW, NOBODY_NOW, OWNER_OUTSTANDING, HEARD, TRACKED = (1 << at for at in range(6))
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

SAID_BITS: Final[Mapping[str, int]] = {name: 1 << at for at, name in enumerate(SAID, 6)}
"""The same, each with its flag."""

said: Final = attrgetter(*SAID)
"""The same, as a record says it: one answer after the other."""

SIDE_BITS: Final[Mapping[str, int]] = {"heard": HEARD, "tracked": TRACKED}


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
        return bool(self.flags & SAID_BITS[what])

    @property
    def sides(self) -> list[str]:
        """What stands beside it."""
        return [side for side, bit in SIDE_BITS.items() if self.flags & bit]


class HeardBeside(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """What the base value does not say of what was told, and by which events."""

    told: str = ""
    told_version: int | None = None
    told_time_ms: int | None = None
    told_act: str = ""
    nobody_since: Moment | None = None
    seen: str = ""
    outstanding: tuple[str, ...] = ()
    status: StatusTold | None = None
