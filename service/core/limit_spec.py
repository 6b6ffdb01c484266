"""Limits as they are configured: how much a member, a person or a pool may have, or be given in a time.

A limit is of what is open at this moment, of a window that moves with now, or of a period of the calendar. Limits that
count the same things are of one *holder*: a membership, a pool as a whole, or a person with the types of record that
are meant. What is remembered (see `given`) is remembered by holder, so that a limit may change and what was given
before still counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from service.core.events import CHANNELS
from service.language.moments import Bounds, span_in
from service.language.tree import Calendar, Span

if TYPE_CHECKING:
    from service.core.configuration import Config
    from service.core.pool_spec import PoolSpec

Period = Literal["day", "week", "month"]
Per = Literal["open"] | Period | int
"""What a limit counts: what is open now, what was given in a period of the calendar, or within so many milliseconds."""
Held = Literal["member", "pool", "person"]
"""What a limit is of."""

PERIODS: Final[tuple[Period, ...]] = get_args(Period)
SLOTS: Final = 1_000
"""So many times of one holder can be remembered: a window with more cannot be kept."""

_SPANS: Final[Mapping[str, str]] = {"day": "today", "week": "this_week", "month": "this_month"}
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


class Limit(NamedTuple):
    """At most so many. `types`: only these types of record count, of a person's limit; empty: all."""

    at_most: int
    per: Per
    types: tuple[str, ...] = ()


Least = tuple[float, float, float, float]
"""Numbers of entries: in a ring, in a day, a week and a month."""


@dataclass(frozen=True)
class Holder:
    """The limits that count the same things. `name` is where it is remembered; days and weeks are of its `calendar`;
    `types` are the types of record that it counts.
    """

    name: str
    of: Held
    limits: tuple[Limit, ...]
    calendar: Calendar
    types: tuple[str, ...]

    @cached_property
    def open_at_most(self) -> int | None:
        """The lowest limit of open items; none: there is none."""
        return min((limit.at_most for limit in self.limits if limit.per == "open"), default=None)

    @cached_property
    def windows(self) -> tuple[tuple[int, int], ...]:
        """The windows: at most so many within so many milliseconds."""
        return tuple((limit.at_most, limit.per) for limit in self.limits if isinstance(limit.per, int))

    @cached_property
    def periods(self) -> tuple[tuple[int, Period], ...]:
        """The periods: at most so many in each."""
        return tuple(
            (limit.at_most, limit.per)
            for limit in self.limits
            if not isinstance(limit.per, int) and limit.per != "open"
        )

    @cached_property
    def slots(self) -> int:
        """So many times are remembered: as many as the largest window counts."""
        return max((at_most for at_most, _ in self.windows), default=0)

    @cached_property
    def least(self) -> Least:
        """Below so many in its ring, and in what it counted of each period, there is room at any time."""
        in_window = min((at_most for at_most, _ in self.windows), default=inf)
        in_day, in_week, in_month = (
            min((at_most for at_most, each in self.periods if each == period), default=inf) for period in PERIODS
        )
        return in_window, in_day, in_week, in_month

    @cached_property
    def worded(self) -> tuple[tuple[Limit, str], ...]:
        """Each limit, and what it counts as it is written."""
        return tuple((limit, words_of(limit.per)) for limit in self.limits)

    @cached_property
    def present(self) -> Periods:
        """The periods of its calendar."""
        return periods_of(self.calendar)

    @cached_property
    def is_remembered(self) -> bool:
        """Whether it counts what was given, and not only what is open."""
        return bool(self.windows or self.periods)


@dataclass(frozen=True)
class PoolLimits:
    """What bounds giving in a pool: the pool's own limits (none: it has none), and by person, those that they have as a
    member, then those that they have everywhere.
    """

    spec: PoolSpec
    pool: Holder | None
    people: Mapping[str, tuple[Holder, ...]]

    @cached_property
    def open(self) -> tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]:
        """Who has a limit of open items as a member, which, and where it is kept how many they have."""
        found = [
            (person, holder.open_at_most)
            for person, holders in self.people.items()
            for holder in holders
            if holder.of == "member" and holder.open_at_most is not None
        ]
        people, most = tuple(person for person, _ in found), tuple(at_most for _, at_most in found)
        return people, most, tuple(self.spec.counted_in[person] for person in people)

    @cached_property
    def open_everywhere(self) -> tuple[tuple[str, Holder], ...]:
        """Who has one over all pools."""
        return tuple(
            (person, holder)
            for person, holders in self.people.items()
            for holder in holders
            if holder.of == "person" and holder.open_at_most is not None
        )

    @cached_property
    def remembered(self) -> tuple[tuple[str, ...], tuple[Holder, ...], tuple[Least, ...], tuple[str, ...]]:
        """Whose limits count what was given: the people, the limits, the least that may fill one, and where what was
        given is remembered.
        """
        found = [
            (person, holder) for person, holders in self.people.items() for holder in holders if holder.is_remembered
        ]
        people, held = tuple(person for person, _ in found), tuple(holder for _, holder in found)
        return people, held, tuple(holder.least for holder in held), tuple(holder.name for holder in held)


class AllLimits:
    """All limits of a configuration, found once for each pool that is asked for."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._in_pool: dict[str, PoolLimits] = {}

    @cached_property
    def people(self) -> Mapping[str, tuple[Holder, ...]]:
        """By person, the limits that they have over all pools."""
        users = self._config.users.values()
        return {user.id: _of_person(user.id, user.limits, self._config) for user in users if user.limits}

    def of_person(self, person: str, record_type: str) -> tuple[Holder, ...]:
        """Those of a person's limits that count records of a type."""
        return tuple(holder for holder in self.people.get(person, ()) if record_type in holder.types)

    def in_pool(self, spec: PoolSpec) -> PoolLimits:
        """What bounds giving in a pool."""
        known = self._in_pool.get(spec.id)
        if known is None:
            known = self._in_pool[spec.id] = self._found(spec)
        return known

    def concerned(self, spec: PoolSpec | None, person: str, record_type: str) -> tuple[Holder, ...]:
        """Whose limits count what somebody is given, by a pool or (none) by a rule that names them."""
        if spec is None:
            return self.of_person(person, record_type)
        limits = self.in_pool(spec)
        own = limits.people.get(person, ())
        return own if limits.pool is None else (limits.pool, *own)

    @cached_property
    def remembered(self) -> frozenset[str]:
        """The names of all holders of which anything is remembered."""
        held = [holder for holders in self.people.values() for holder in holders]
        for spec in self._config.pools.values():
            found = self.in_pool(spec)
            held += [] if found.pool is None else [found.pool]
            held += [holder for holders in found.people.values() for holder in holders]
        return frozenset(holder.name for holder in held if holder.is_remembered)

    def _found(self, spec: PoolSpec) -> PoolLimits:
        config, types = self._config, (spec.record_type,)
        people: dict[str, tuple[Holder, ...]] = {}
        for member in spec.members:
            calendar = Calendar(zone_of(member.person, config), config.week_starts)
            own = member.all_limits
            name = f"member/{spec.id}/{member.person}"
            holders: tuple[Holder, ...] = (Holder(name, "member", own, calendar, types),) if own else ()
            holders += self.of_person(member.person, spec.record_type)
            if holders:
                people[member.person] = holders
        whole = Holder(f"pool/{spec.id}", "pool", spec.limits, Calendar(config.zone, config.week_starts), types)
        return PoolLimits(spec, whole if spec.limits else None, people)


def zone_of(person: str, config: Config) -> str:
    """The IANA name of the zone whose days a person's periods have."""
    return config.zone_of(person)


@lru_cache(maxsize=1_024)
def words_of(per: Per) -> str:
    """What a limit counts, as it is written: `open`, `1h`, `day`."""
    if not isinstance(per, int):
        return per
    unit, length = next(each for each in _UNITS if not per % each[1])
    return f"{per // length}{unit}"


def when(per: str) -> str:
    """The time of a limit, as people say it: `today`, `in 1h`; of what is open, `open`."""
    if per == "open":
        return per
    span = _SPANS.get(per)
    return f"in {per}" if span is None else span.replace("_", " ")


class Periods:
    """The present day, week and month by a calendar. Thousands of people ask for the same few, so the latest are kept
    at hand, for as long as the day lasts: weeks and months end with one.
    """

    __slots__ = ("_latest", "_spans")

    def __init__(self, calendar: Calendar) -> None:
        self._spans = {period: _span(period, calendar) for period in PERIODS}
        self._latest: Mapping[Period, Bounds] = {}

    def at(self, now_ms: int) -> Mapping[Period, Bounds]:
        """By period, when the present one began, and when the next one begins, in milliseconds since 1970."""
        known = self._latest
        if not known or not known["day"][0] <= now_ms < known["day"][1]:
            known = self._latest = {period: span.bounds(now_ms) for period, span in self._spans.items()}
        return known


@lru_cache(maxsize=4_096)
def periods_of(calendar: Calendar) -> Periods:
    """Those of a calendar, which all who have it share."""
    return Periods(calendar)


def _span(period: Period, calendar: Calendar) -> Span:
    span = span_in(_SPANS[period], calendar)
    assert span is not None, f"{period} means a span of time"
    return span


def _of_person(person: str, limits: tuple[Limit, ...], config: Config) -> tuple[Holder, ...]:
    """One holder for all limits that count the same types of record."""
    calendar = Calendar(zone_of(person, config), config.week_starts)
    by_types: dict[tuple[str, ...], list[Limit]] = {}
    for limit in limits:
        by_types.setdefault(limit.types or tuple(sorted(CHANNELS)), []).append(limit)
    return tuple(
        Holder("/".join(("person", person, *types)), "person", tuple(found), calendar, types)
        for types, found in by_types.items()
    )
