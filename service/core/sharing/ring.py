"""The members of a large pool in the order of turns, kept up instead of made anew for each choice.

Between two choices hardly anybody moves: whoever was served, and whose open items count. So the order is a sorted list
that follows what changes, and finding who is next looks at no more members than have to be passed over. Who is not
there by their calendar stays behind in turns until they are back, in front of all others: they stand in a list of their
own, so that nobody passes them over one by one.

All whose pass is not above the floor have one load, whatever their pass is; as the floor rises, more come to it. A pass
never falls but with a new configuration, or when a decision comes to nothing: then the order is made anew. It is
derived from what is remembered, and made when it is first asked for.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Final

from service.core.calendar import Attendance
from service.core.draft import Draft
from service.core.pool_spec import PoolSpec
from service.core.seating import Seat
from service.core.sharing.entry import credit
from service.core.sharing.limits import open_items_in
from service.core.sharing.strategies import STRATEGIES
from service.core.state import seat_field

Place = tuple[int, int, int, int]
"""Where a member stands: load, last turn, joined, and their number in the configuration."""

AT_FLOOR: Final = -(2**62)
"""The load of all who are at the floor: below that of all others."""

SORTED_AGAIN: Final = 16
"""From so many members on who come to the floor together, sorting is less work than finding a place for each."""


class Ring:
    """The order of one pool as the draft that looked at it last saw it.

    What that draft had changed, what was applied since, and what the next draft has changed is put in place when that
    one looks. `there` and `off` are the places of who is there by their calendar and who is not, lowest first. `floor`:
    no member who is level has an effective pass below it.
    """

    __slots__ = (
        "_at",
        "_credit",
        "_fields",
        "_highest",
        "_is_by_pass",
        "_laid",
        "_moved",
        "_numbers_off",
        "_passes",
        "_people_off",
        "floor",
        "off",
        "spec",
        "there",
    )

    def __init__(self, spec: PoolSpec) -> None:
        self.spec = spec
        self.there: list[Place] = []
        self.off: list[Place] = []
        self._people_off: Mapping[str, Attendance] = {}
        self._numbers_off: set[int] = set()
        self._at: list[Place] = []
        self._passes: list[int] = []
        self._credit = credit(spec, spec.lightest)
        self._highest = 0
        self.floor = 0
        self._moved: set[int] = set()
        self._laid: set[int] = set()
        self._is_by_pass = STRATEGIES[spec.strategy].is_by_pass
        self._fields = {field: number for number, field in enumerate(spec.seats)}
        if spec.count == "all":
            self._fields.update({field: number for number, field in enumerate(spec.open_fields)})

    def note(self, field: str) -> None:
        """The value of a seat, or of somebody's open items, is another now."""
        number = self._fields.get(field)
        if number is not None:
            self._moved.add(number)

    def number(self, person: str) -> int:
        """Which of the members somebody is, as configured."""
        return self._fields[seat_field(self.spec.id, person)]

    def seat(self, number: int, draft: Draft) -> Seat:
        """A member's seat: everybody has one."""
        seat = draft.seats.get(self.spec.seats[number])
        assert seat is not None, f"{self.spec.members[number].person} of {self.spec.id} has a seat"
        return seat

    def follow(self, draft: Draft, off: Mapping[str, Attendance]) -> bool:
        """Put everybody in their place as the draft sees them, and apart who is `off` (see `Roster`). False: somebody
        has no seat, so there is no order.
        """
        laid = self._own(draft)
        moved = self._moved | self._laid | laid
        self._moved, self._laid = set(), laid
        if not self._at or not all(self._move(number, draft) for number in moved):
            return self._make(draft, off)
        self._raise_floor()
        if off is not self._people_off:
            self._part(off)
        return True

    def _own(self, draft: Draft) -> set[int]:
        """Whose place the draft may see otherwise than the state has it."""
        found = set()
        for overlay in (draft.seats.own, draft.open.own):
            for field in overlay:
                number = self._fields.get(field)
                if number is not None:
                    found.add(number)
        return found

    def _make(self, draft: Draft, off: Mapping[str, Attendance]) -> bool:
        seats = draft.seats.get_all(self.spec.seats)
        self._at = []
        if any(seat is None or not seat.is_taken for seat in seats):
            return False
        self._passes = [0 if seat is None else seat.served_pass for seat in seats]
        self._highest = max(self._passes)
        self.floor = self._highest - self._credit
        self._at = [self._place(number, draft) for number in range(len(seats))]
        self._part(off)
        return True

    def _part(self, off: Mapping[str, Attendance]) -> None:
        """Put apart who is not there."""
        numbers = {self.number(person) for person in off}
        self._people_off, self._numbers_off = off, numbers
        self.there = sorted([place for place in self._at if place[3] not in numbers])
        self.off = sorted([self._at[number] for number in numbers])

    def _line(self, number: int) -> list[Place]:
        return self.off if number in self._numbers_off else self.there

    def _place(self, number: int, draft: Draft) -> Place:
        spec = self.spec
        seat = self.seat(number, draft)
        if self._is_by_pass:
            load = seat.served_pass if seat.served_pass > self.floor else AT_FLOOR
        else:
            items = open_items_in(spec, spec.members[number].person, draft)
            load = STRATEGIES[spec.strategy].load(spec, spec.members[number], seat.served_pass, items)
        return load, seat.last_turn, seat.joined, number

    def _move(self, number: int, draft: Draft) -> bool:
        """Put one member in their place. False: what the others stand by has changed as well."""
        seat = draft.seats.get(self.spec.seats[number])
        if seat is None or not seat.is_taken or seat.served_pass < self._passes[number]:
            return False
        self._passes[number] = seat.served_pass
        self._highest = max(self._highest, seat.served_pass)
        before, now = self._at[number], self._place(number, draft)
        if now != before:
            line = self._line(number)
            del line[bisect_left(line, before)]
            insort(line, now)
            self._at[number] = now
        return True

    def _raise_floor(self) -> None:
        """Those whose pass is not above the floor any more come to the others there."""
        floor = self._highest - self._credit
        if floor == self.floor:
            return
        self.floor = floor
        if self._is_by_pass:
            self._come_to_floor(self.there)
            self._come_to_floor(self.off)

    def _come_to_floor(self, line: list[Place]) -> None:
        first = bisect_left(line, (AT_FLOOR + 1, 0, 0, 0))
        end = bisect_left(line, (self.floor + 1, 0, 0, 0))
        came = [(AT_FLOOR, last_turn, joined, number) for _, last_turn, joined, number in line[first:end]]
        for place in came:
            self._at[place[3]] = place
        if len(came) < SORTED_AGAIN:
            del line[first:end]
            for place in came:
                insort(line, place)
        else:
            line[first:end] = came
            line.sort()


def ring_of(spec: PoolSpec, draft: Draft, off: Mapping[str, Attendance]) -> Ring | None:
    """The order of the pool as the draft sees it, with who is `off` by their calendar; none: not everybody has a
    seat.
    """
    ring = draft.rings.get(spec.id)
    if not isinstance(ring, Ring) or ring.spec is not spec:
        ring = Ring(spec)
        draft.rings[spec.id] = ring
    return ring if ring.follow(draft, off) else None
