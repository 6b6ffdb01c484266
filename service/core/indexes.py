"""What follows from what a division remembers, kept up as its values change: each question that would have to look
through all values of a kind has an index here.

An index is told the new values of its kind before they take the place of the old ones (`State.apply`). Nothing of it is
stored: it is built as a state is loaded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from operator import itemgetter

from service.core.climb import Climb
from service.core.parked import Parked
from service.core.person import Person
from service.core.remembered import Remembered
from service.core.reservation import Reservation
from service.core.seating import KeptOrder, Seat
from service.core.waiting_line import Line, Rank, Room, Waiting

Changed = Mapping[str, Remembered | None]
"""New values of one kind, by field; none: gone."""


class Seated:
    """Who is a member of which pool, and how much of what a pool gave is open. `rings`: large pools in the order of
    turns, by name; one goes when a member leaves.
    """

    __slots__ = ("_joined", "_open_in", "_pools_of", "_seats", "_seats_in", "rings")

    def __init__(self, seats: Mapping[str, Seat]) -> None:
        self.rings: dict[str, KeptOrder] = {}
        self._seats = seats
        self._joined: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._pools_of: defaultdict[str, set[str]] = defaultdict(set)
        self._seats_in: Counter[str] = Counter()
        self._open_in: Counter[str] = Counter()

    def members(self, pool: str) -> list[str]:
        """Who is in the pool, in the order in which they joined."""
        joined = self._joined.get(pool)
        return [] if joined is None else sorted(joined, key=joined.__getitem__)

    def pools_of(self, person: str) -> list[str]:
        """The pools that somebody is a member of, by name."""
        return sorted(self._pools_of.get(person, ()))

    def seats_in(self, pool: str) -> int:
        """How many seats there are in the pool, those of who left and have open items included."""
        return self._seats_in.get(pool, 0)

    def open_in(self, pool: str) -> int:
        """How much of what the pool gave is open with whom it gave it to."""
        return self._open_in.get(pool, 0)

    def follow_seats(self, changed: Changed) -> None:
        """Heed these seats."""
        for field, after in changed.items():
            before, (pool, _, person) = self._seats.get(field), field.partition("/")
            now = after if isinstance(after, Seat) else None
            if (now is None) != (before is None):
                _count(self._seats_in, pool, 1 if before is None else -1)
            _count(self._open_in, pool, (now.open_items if now else 0) - (before.open_items if before else 0))
            if pool in self.rings:
                self.rings[pool].note(field)
            was, joined = before.joined if before else 0, now.joined if now else 0
            if was != joined:
                self._move(pool, person, joined)

    def follow_open_items(self, changed: Changed) -> None:
        """Tell the rings whose open items have changed."""
        if not self.rings:
            return
        for field in changed:
            for pool in self.rings.keys() & self._pools_of.get(field.partition("/")[2], set()):
                self.rings[pool].note(field)

    def _move(self, pool: str, person: str, joined: int) -> None:
        """They joined the pool with this number; 0: they left it."""
        if joined > 0:
            self._joined[pool][person] = joined
            self._pools_of[person].add(pool)
        else:
            self._joined[pool].pop(person, None)
            self._pools_of[person].discard(pool)
            self.rings.pop(pool, None)


class WaitingLines:
    """The waiting lines of all pools, and in `room` how much is taken by what waits in them."""

    __slots__ = ("_lines", "_parked", "_room")

    def __init__(self, parked: Mapping[str, Parked], room: Room) -> None:
        self._parked = parked
        self._room = room
        self._lines: defaultdict[tuple[str, bool], Line] = defaultdict(Line)

    def of(self, pool: str, behind: Rank | None, *, with_queued: bool) -> Iterator[Waiting]:
        """Those who wait in the pool, behind a rank (none: all), in the order in which they leave.

        `with_queued`: what lies in it as in a queue is among them.
        """
        lines = [self._lines.get((pool, False)), self._lines.get((pool, True)) if with_queued else None]
        found = [line.behind(behind) for line in lines if line is not None]
        return found[0] if len(found) == 1 else merge(*found)

    def first(self, pool: str) -> str | None:
        """The first of all who wait in the pool, or lie in it as in a queue; none: nobody."""
        lines = self._lines.get((pool, False)), self._lines.get((pool, True))
        found = [line.first for line in lines if line is not None]
        return min(found)[1] if found else None

    def pools(self) -> set[str]:
        """The pools in which something waits."""
        return {pool for pool, _ in self._lines}

    def follow(self, changed: Changed) -> None:
        """Heed what waits now."""
        for name, after in changed.items():
            before = self._parked.get(name)
            if before is not None:
                self._room.taken_bytes -= before.kept_bytes
                stood = (before.pool, before.queued)
                self._lines[stood].remove((before.rank, name))
                if not self._lines[stood]:
                    del self._lines[stood]
            if isinstance(after, Parked):
                self._room.taken_bytes += after.kept_bytes
                self._lines[after.pool, after.queued].add((after.rank, name))


class Reserved:
    """Who is asked to accept what, and in `room` how much is taken by what these records said."""

    __slots__ = ("_for", "_reservations", "_room")

    def __init__(self, reservations: Mapping[str, Reservation], room: Room) -> None:
        self._reservations = reservations
        self._room = room
        self._for: defaultdict[str, set[str]] = defaultdict(set)

    def of(self, person: str) -> list[str]:
        """The records that somebody is asked to accept, by name."""
        return sorted(self._for.get(person, ()))

    def follow(self, changed: Changed) -> None:
        """Heed who is asked now."""
        for name, after in changed.items():
            before = self._reservations.get(name)
            if before is not None:
                self._room.taken_bytes -= before.kept_bytes
                self._for[before.person].discard(name)
                if not self._for[before.person]:
                    del self._for[before.person]
            if isinstance(after, Reservation):
                self._room.taken_bytes += after.kept_bytes
                self._for[after.person].add(name)


class Awaiting:
    """The records that wait for somebody whom a step of their target names."""

    __slots__ = ("_awaited", "_climbs", "_lines", "_parked")

    def __init__(self, climbs: Mapping[str, Climb], parked: Mapping[str, Parked]) -> None:
        self._climbs = climbs
        self._parked = parked
        self._lines: defaultdict[str, Line] = defaultdict(Line)
        self._awaited: dict[str, tuple[Waiting, tuple[str, ...]]] = {}

    def of(self, person: str) -> Iterator[str]:
        """The records that wait for somebody, best score first, then oldest."""
        line = self._lines.get(person)
        return iter(()) if line is None else map(itemgetter(1), line.behind(None))

    def people(self) -> Iterable[str]:
        """For whom something waits. The order is not defined."""
        return self._lines.keys()

    def count(self, person: str) -> int:
        """How many these are."""
        line = self._lines.get(person)
        return 0 if line is None else len(line)

    def follow(self, names: Iterable[str]) -> None:
        """Heed that these have come to wait, wait for somebody else, or do not. Their values are in place already."""
        if not self._climbs and not self._awaited:
            return
        for name in names:
            if name in self._awaited:
                stood, people = self._awaited.pop(name)
                for person in people:
                    self._lines[person].remove(stood)
                    if not self._lines[person]:
                        del self._lines[person]
            climb, parked = self._climbs.get(name), self._parked.get(name)
            if climb is None or parked is None or not climb.awaited:
                continue
            waiting = ((-parked.score, parked.since_ms), name)
            self._awaited[name] = waiting, climb.awaited
            for person in climb.awaited:
                self._lines[person].add(waiting)


class StrangersHeard(dict[str, int]):
    """The people who are not configured and of whom news is remembered, with the time of the latest in ms."""

    def follow(self, changed: Changed) -> None:
        """Heed what is remembered of people."""
        for name, after in changed.items():
            if isinstance(after, Person) and after.heard_ms:
                self[name] = after.heard_ms
            else:
                self.pop(name, None)


def _count(counter: Counter[str], name: str, more: int) -> None:
    """So many more of this name. Nothing is kept of what there is none of."""
    if more:
        counter[name] += more
        if not counter[name]:
            del counter[name]
