"""Limits counted again: by what was told and published, and by nothing else.

The ledger hears each event with the first thing that was decided on it, and each decision; it never sees the state. Of
what was given within a time it keeps two lists, because what is remembered follows from the configurations that were
in force: what must be known by now, and all that may be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from service.core.configuration import Config
from service.core.events import Event, MemberEvent, RecordEvent
from service.core.limit_spec import Limit, words_of
from service.core.model import Assigned, Decision, Nothing, Outcome, Pending, Released, Trace

EFFORT: Final = "effort"
WEIGHED: Final = "lead"
"""Of these records the field says how much an open one weighs."""
TYPES: Final = ("contact", "deal", "lead")
OUTSIDE_LIMITS: Final = frozenset({"default", "escalated", "parked"})
"""By these questions somebody gets a record as they are: where they lead to a person, and not to a pool."""

Holder = tuple[str, ...]
"""Whose limits they are: a member's, a pool's, or a person's with the types that are meant."""


class Bound(NamedTuple):
    """A limit that binds, and whose it is."""

    holder: Holder
    limit: Limit

    @property
    def is_open(self) -> bool:
        """Whether it is of what is open."""
        return self.limit.per == "open"


@dataclass
class Card:
    """A record: who has it and, where we chose them, through which pool, and what it weighs; where it waits; whom it
    was taken back from, and how often pools offered it.
    """

    owner: str = ""
    pool: str = ""
    by_us: bool = False
    is_closed: bool = False
    size: int = 1
    waits_in: str = ""
    passed: set[str] = field(default_factory=set)
    offers: Counter[str] = field(default_factory=Counter)

    def hold(self, owner: str, pool: str = "", *, by_us: bool = False) -> None:
        """Somebody has it, or (empty) nobody."""
        self.owner, self.pool, self.by_us = owner, pool, by_us


@dataclass
class Times:
    """When something was given that counts for a holder: what must be known by now, and all. `reach`: so many of them
    a window has counted; none: nothing was counted.
    """

    known: list[int] = field(default_factory=list)
    recent: list[int] = field(default_factory=list)
    ever: list[int] = field(default_factory=list)
    reach: int | None = None

    def configure(self, limits: list[Limit]) -> None:
        """Under a configuration by which these limits are the holder's: of what was given before it knows what it had
        to remember, and nothing where nothing was counted.
        """
        counted = [limit for limit in limits if limit.per != "open"]
        if not counted or self.reach is None:
            self.known, self.recent = [], []
        reach = max((limit.at_most for limit in counted if isinstance(limit.per, int)), default=0)
        kept = min(reach, self.reach or 0)
        self.recent = self.recent[-kept:] if kept else []
        self.reach = reach if counted else None

    def give(self, now_ms: int) -> None:
        """Something was given."""
        self.ever.append(now_ms)
        if self.reach is not None:
            self.known.append(now_ms)
            self.recent = [*self.recent, now_ms][-self.reach :] if self.reach else []

    def count(self, limit: Limit, now_ms: int, *, at_least: bool) -> int:
        """How many of them the limit counts, at least or at most."""
        if isinstance(limit.per, int):
            per: int = limit.per
            return sum(now_ms - at_ms < per for at_ms in (self.recent if at_least else self.ever))
        began = _period(limit.per, now_ms)
        return sum(_period(limit.per, at_ms) == began for at_ms in (self.known if at_least else self.ever))


class Ledger:
    """All records, people and gives of a division. `wrong` is what is not allowed."""

    def __init__(self) -> None:
        self.cards: defaultdict[str, Card] = defaultdict(Card)
        self.away: set[str] = set()
        self.times: defaultdict[Holder, Times] = defaultdict(Times)
        self.given = 0

    def configure(self, config: Config) -> None:
        """A configuration is in force."""
        limits: defaultdict[Holder, list[Limit]] = defaultdict(list)
        for user in config.users.values():
            for limit in user.limits:
                limits["person", user.id, *(limit.types or TYPES)].append(limit)
        for spec in config.pools.values():
            limits["pool", spec.id] += spec.limits
            for member in spec.members:
                limits["member", spec.id, member.person] += member.all_limits
        for holder in limits.keys() | self.times.keys():
            self.times[holder].configure(limits[holder])

    def hear(self, event: Event, outcome: Outcome | None) -> None:
        """What an event tells, by the first thing that was decided on it."""
        if isinstance(event, MemberEvent):
            (self.away.discard if event.availability == "available" else self.away.add)(event.person)
            return
        if not isinstance(event, RecordEvent) or event.kind in {"accepted", "declined"}:
            return
        card = self.cards[event.record]
        told = event.facts.get(EFFORT)
        if isinstance(told, int) and event.record_type == WEIGHED:
            card.size = told
        if event.status is not None:
            card.is_closed = event.status == "closed"
        if event.kind == "deleted":
            del self.cards[event.record]
        elif not (isinstance(outcome, Nothing) and outcome.reason == "echo"):
            self._hear_owner(event, card)

    def _hear_owner(self, event: RecordEvent, card: Card) -> None:
        if event.owner is not None and event.owner.kind == "user":
            if event.owner.id != card.owner:
                card.hold(event.owner.id)
        elif event.kind == "owner_changed" and not card.by_us:
            card.hold("")  # that one of ours has it no more is published

    def read(self, decision: Decision, config: Config, now_ms: int) -> None:
        """What was decided, which must have been allowed."""
        if decision.record not in self.cards:
            return
        card = self.cards[decision.record]
        match decision.outcome:
            case Assigned(owner=owner, pool=pool):
                assert not card.by_us, f"{decision.record} is given to {owner}, and {card.owner} has it through us"
                card.hold("")
                self._judge(decision, decision.outcome, config, now_ms)
                self._note(decision.record, decision.outcome, config, now_ms)
                card.hold(owner, pool, by_us=True)
                card.waits_in = ""
                if decision.outcome.accept_by_ms is not None:
                    card.offers[pool] += 1
            case Pending(pool=pool):
                assert not card.by_us, f"{decision.record} waits, and {card.owner} has it"
                card.hold("")
                card.waits_in = pool
            case Released(previous=previous, reason=reason):
                if card.by_us:
                    assert card.owner == previous, f"{decision.record} is taken from {previous}: {card.owner} has it"
                    card.hold("")
                card.waits_in = ""
                if reason in {"declined", "not_accepted"}:
                    card.passed.add(previous)
            case _:
                pass

    def idle(self, config: Config, now_ms: int) -> Iterator[str]:
        """Who is there and has room beyond doubt for what waits."""
        for name, card in self.cards.items():
            for pool in _helping(card.waits_in, config):
                spec = config.pools[pool]
                if spec.accepting is not None and card.offers[pool] > spec.accepting.hand_on:
                    continue
                for member in spec.members:
                    person = member.person
                    if person in self.away or person in card.passed:
                        continue
                    if not self._against(name, pool, person, config, now_ms, at_least=False):
                        yield f"{name} waits in {card.waits_in}, and {person} of {pool} can take it"

    def _judge(self, decision: Decision, outcome: Assigned, config: Config, now_ms: int) -> None:
        """It is within all limits that were to be heeded, and says itself how much was used of what is open."""
        trace, name = decision.trace, decision.record
        card = self.cards[name]
        assert trace.size == card.size or not outcome.pool, f"{name} weighs {card.size}, and not {trace.size}"
        if not _is_last_resort(outcome, trace):
            against = self._against(name, outcome.pool, outcome.owner, config, now_ms, at_least=True)
            assert not against, f"{name} that weighs {card.size} is given to {outcome.owner} beyond {against}"
        own = (row for each in trace.candidates if each.person == outcome.owner for row in each.limits)
        told = [(row.of, row.per, row.at_most, row.count) for row in (*own, *trace.limits)]
        if outcome.pool:
            record_type = name.partition("/")[0]
            counted = [
                (bound.holder[0], "open", bound.limit.at_most, self._open(bound.holder, config))
                for bound in _bounds(outcome.pool, outcome.owner, record_type, config)
                if bound.is_open
            ]
            assert sorted(counted) == sorted(row for row in told if row[1] == words_of("open")), (
                f"{name} was given as if {told} were used, and {counted} is"
            )

    def _note(self, name: str, outcome: Assigned, config: Config, now_ms: int) -> None:
        self.given += 1
        holders = {bound.holder for bound in _bounds(outcome.pool, outcome.owner, name.partition("/")[0], config)}
        person = {("person", outcome.owner, *TYPES)}
        for holder in holders | person | {("member", outcome.pool, outcome.owner), ("pool", outcome.pool)}:
            self.times[holder].give(now_ms)

    def _against(
        self, name: str, pool: str, person: str, config: Config, now_ms: int, *, at_least: bool
    ) -> list[Bound]:
        """The limits that leave no room for a record, counted at least or at most."""
        size = self.cards[name].size
        found = []
        for bound in _bounds(pool, person, name.partition("/")[0], config):
            at_most = bound.limit.at_most
            if bound.is_open:
                fits = self._open(bound.holder, config) + size <= at_most if size else at_most > 0
            else:
                fits = self.times[bound.holder].count(bound.limit, now_ms, at_least=at_least) < at_most
            if not fits:
                found.append(bound)
        return found

    def _open(self, holder: Holder, config: Config) -> int:
        """How much is open that counts for a holder."""
        of, whose, *more = holder
        found = 0
        for name, card in self.cards.items():
            record_type = name.partition("/")[0]
            if not card.owner or card.is_closed:
                continue
            if of == "pool":
                counts = card.pool == whose
            elif of == "person":
                counts = card.owner == whose and record_type in more
            else:
                spec = config.pools[whose]
                is_own = spec.count == "own"
                counts = card.owner == more[0] and (card.pool == whose if is_own else record_type == spec.record_type)
            found += card.size if counts else 0
        return found


def _bounds(pool: str, person: str, record_type: str, config: Config) -> Iterator[Bound]:
    """All limits that concern giving somebody a record of a pool, or (empty) without one."""
    for limit in config.users[person].limits:
        if record_type in (limit.types or TYPES):
            yield Bound(("person", person, *(limit.types or TYPES)), limit)
    if pool:
        spec = config.pools[pool]
        yield from (Bound(("pool", pool), limit) for limit in spec.limits)
        (member,) = [each for each in spec.members if each.person == person]
        yield from (Bound(("member", pool, person), limit) for limit in member.all_limits)


def _is_last_resort(outcome: Assigned, trace: Trace) -> bool:
    """Whether limits did not count: nobody could take it, and somebody gets it all the same (D55)."""
    if outcome.pool:
        return any(asked.pool == outcome.pool for asked in trace.asked)
    entries = [each.entry for each in trace.tried]
    return trace.question in OUTSIDE_LIMITS or len(entries) != len(set(entries))


def _helping(pool: str, config: Config) -> list[str]:
    """The pool in which something waits, and those that help it out, each once."""
    found: list[str] = []
    while pool in config.pools and pool not in found:
        found.append(pool)
        fallback = config.pools[pool].fallback
        pool = fallback.id if fallback is not None and fallback.kind == "pool" else ""
    return found


def _period(per: Literal["open", "day", "week", "month"] | int, at_ms: int) -> tuple[int, ...]:
    """The day, week or month of a moment, in UTC."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date()
    if per == "day":
        return (day.toordinal(),)
    return day.isocalendar()[:2] if per == "week" else (day.year, day.month)
