"""Never beyond a limit (D55), by what was published and what the configurations say, and by nothing else.

All that a lane gave is gone through in its order. What was given before is counted again for each limit that concerns
it, and held against what the decision says it had counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.giving_words import Bound, Known, Place, Terms, id_of, said_of
from tests.log_outputs import Output
from tests.log_reader import Reader


class Give(NamedTuple):
    """That somebody was given a record."""

    division: str
    version: int
    record_type: str
    pool: str
    person: str
    ms: int
    said: Mapping[str, Any]

    def counts_for(self, bound: Bound) -> bool:
        """Whether it is one of those that the limit is of."""
        return any(place in bound.places for place in self.places)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it counts."""
        person = ("", self.person, self.record_type)
        return (person, (self.pool, self.person, ""), (self.pool, "", "")) if self.pool else (person,)

    @property
    def is_last_resort(self) -> bool:
        """Whether limits did not count: nobody of the pool that gave it, which was asked before, could take it."""
        return any(asked["pool"] == self.pool for asked in self.said["trace"].get("asked", ()))

    @property
    def size(self) -> int:
        """What the record weighed: it must fit into what may be open, and on hold it does where anything may."""
        return int(self.said["trace"].get("size", 1))

    @property
    def told(self) -> list[tuple[str, str, int, int]]:
        """How much of each limit was used, as the decision has it."""
        trace = self.said["trace"]
        own = [each for each in trace["candidates"] if each["person"] == self.person]
        rows = [row for each in (*own, trace) for row in each.get("limits", ())]
        return [(row["of"], row["per"], row["at_most"], row["count"]) for row in rows]


def limit_violations(known: Known, reader: Reader) -> Iterator[str]:
    """Each limit of who was given something is told as it is configured, with what was given before, and has room."""
    before = Given(known)
    for line in reader.story if known else ():
        give = give_of(line.output)
        if give is not None:
            found = _miscounted(give, before, known.get((give.division, give.version)))
            yield from (f"lane {reader.lane}: {id_of(line)} {complaint}" for complaint in found)
            before.add(give)


def _miscounted(give: Give, before: Given, terms: Terms | None) -> Iterator[str]:
    """Whom a rule names has it whatever limits say."""
    if terms is None:
        yield f"is of version {give.version} of {give.division}, which there never was"
    if terms is None or not give.pool:
        return
    bounds = [bound for bound in terms.bounds if give.counts_for(bound)]
    told = sorted(give.told)
    if terms.is_mixed and not any(row[0] == "pool" for row in told):
        bounds = [bound for bound in bounds if bound.of != "pool"]
    if [row[:3] for row in told] != sorted((bound.of, bound.per, bound.at_most) for bound in bounds):
        yield f"tells of limits {told}, and there are {bounds}"
        return
    for of, per, at_most, count in told:
        size = give.size if per == "open" and at_most else 1
        if size and count + size > at_most and not give.is_last_resort:
            yield f"gives {give.person} of {give.pool} more than {at_most} {per} of a {of}"
        if per == "open":
            continue
        meant = [bound for bound in bounds if (bound.of, bound.per, bound.at_most) == (of, per, at_most)]
        ranges = [before.counted(bound, give) for bound in meant]
        if not any(least <= count <= most for least, most in ranges):
            yield f"counts {count} {per} of a {of} for {give.person} of {give.pool}; it was {ranges}"


class Given:
    """All that a lane has given so far: of each place of a division the times and versions, both of which grow."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._times: defaultdict[tuple[str, Place], list[int]] = defaultdict(list)
        self._versions: defaultdict[tuple[str, Place], list[int]] = defaultdict(list)
        self._since: dict[tuple[str, int, Bound], int] = {}

    def add(self, give: Give) -> None:
        """One more."""
        for place in give.places:
            self._times[give.division, place].append(give.ms)
            self._versions[give.division, place].append(give.version)

    def counted(self, bound: Bound, give: Give) -> tuple[int, int]:
        """How many were given: at least since the limits of the same holder are what they are now, and at most ever. Of
        a window no more are remembered than the largest of the holder needs.
        """
        since_ms, version = bound.since_ms(give.ms), self._in_force_since(bound, give)
        least = most = 0
        for place in bound.places:
            times, versions = self._times[give.division, place], self._versions[give.division, place]
            first = bisect_right(times, since_ms)
            most += len(times) - first
            least += len(times) - max(first, bisect_left(versions, version))
        if not bound.is_window:
            return least, most
        kept = max(each.at_most for each in self._held(bound, give.division, give.version) if each.is_window)
        return min(least, kept), min(most, kept)

    def _in_force_since(self, bound: Bound, give: Give) -> int:
        """The first version of those up to this one that all have the same limits of this holder."""
        division, version = give.division, give.version
        key = division, version, bound
        if key not in self._since:
            limits = self._held(bound, division, version)
            while (division, version - 1) in self._known and self._held(bound, division, version - 1) == limits:
                version -= 1
            self._since[key] = version
        return self._since[key]

    def _held(self, bound: Bound, division: str, version: int) -> list[Bound]:
        return [each for each in self._known[division, version].bounds if each.holder == bound.holder]


def give_of(output: Output | None) -> Give | None:
    """That somebody was given a record. That they have it again after it was deleted is no new gift."""
    said = said_of(output)
    if said is None or said["kind"] != "assigned" or said["owner"]["kind"] != "user" or not said["trace"]["question"]:
        return None
    version, record_type = said["configuration"]["version"], said["record"]["type"]
    return Give(said["division"], version, record_type, said["pool"] or "", said["owner"]["id"], said["ms"], said)
