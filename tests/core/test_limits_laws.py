"""Laws of limits, in random histories: what was given is counted again here, from the decisions alone."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Final, NamedTuple

import pytest

from service.core.case import Verdict
from service.core.configuration import User
from service.core.given import Size
from service.core.limit_spec import Limit, Per
from service.core.model import Assigned
from service.core.pool_spec import Membership
from tests.core.build import Division, closed, pool, reopened, updated

SEEDS: Final = range(60)
STEPS: Final = 120
PEOPLE: Final = ("ann", "bob", "cem", "dia")
POOLS: Final = {"sales": "lead", "inbound": "lead", "deals": "deal"}
TYPES: Final = ("lead", "contact", "deal")
WINDOWS: Final = (1_000, 90_000, 3_600_000, 7_200_000)


Place = tuple[str, ...]
"""A type of record, a person and a pool."""
Opened = Counter[Place]


class Give(NamedTuple):
    """Something that a pool gave to somebody."""

    at_ms: int
    record_type: str
    person: str
    pool: str


class History:
    """A division with random limits, and everything that it gave."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.numbers = count(1)
        self.given: list[Give] = []
        self.members = {name: [self._member(person) for person in PEOPLE if self._sometimes(0.8)] for name in POOLS}
        self.whole = {name: self._limits(0.3) for name in POOLS}
        self.people = {person: self._limits(0.4, of_person=True) for person in PEOPLE}
        self.division = Division(
            *(
                pool(*members, id=name, record_type=POOLS[name], limits=self.whole[name], drain_per_minute=100)
                for name, members in self.members.items()
            ),
            users=[User(person, limits=limits) for person, limits in self.people.items()],
            sizes={"lead": "size"},
        )
        self.seen = 0

    def step(self) -> None:
        """Something happens, and whatever follows from it was allowed when it was given."""
        rng, division = self.rng, self.division
        name = rng.choice(list(POOLS))
        known = [record for record, each in division.state.records.items() if not each.deleted]
        record = rng.choice(known) if known else "lead/0"
        person = rng.choice(PEOPLE)
        match rng.choices(range(8), weights=(8, 2, 2, 2, 1, 2, 2, 6))[0]:
            case 0:
                created = f"{POOLS[name]}/{next(self.numbers)}"
                division.create(created, owner=f"pool:{name}", facts={"size": rng.choice([0, 1, 1, 1, 2, 4])})
            case 1:
                division.give(record, person)
            case 2:
                division.send(closed(record))
            case 3:
                division.send(reopened(record))
            case 4:
                division.delete(record)
            case 5:
                division.send(updated(record, facts={"size": rng.choice([0, 1, 2])}))
            case 6:
                division.tell(person, rng.choice(["away", "available", "available"]))
            case _:
                division.later(ms=rng.choice([1, 999, 1_000, 60_000, 89_999, 1_800_000, 3_600_000, 86_400_000 // 2]))

    def watch(self) -> None:
        """Look at each verdict before it is applied: whatever it gives was allowed, what it gave before included."""
        take = self.division._take

        def watched(verdict: Verdict) -> None:
            opened = self._opened()
            for decision in verdict.decisions:
                outcome, record_type = decision.outcome, decision.record.partition("/")[0]
                if isinstance(outcome, Assigned):
                    give = Give(self.division.now_ms, record_type, outcome.owner, outcome.pool)
                    noted = verdict.changes.get("size", {}).get(decision.record)
                    size = noted.size if isinstance(noted, Size) else 1
                    hindered = self.hindered(give.pool, give.person, opened, size)
                    assert not hindered, f"{give} that weighs {size} beyond {hindered}"
                    assert decision.trace.size == size
                    self.given.append(give)
                    opened[record_type, outcome.owner, outcome.pool] += size
            take(verdict)

        self.division._take = watched  # type: ignore[method-assign]  # the law stands in front of it

    def hindered(self, name: str, person: str, opened: Opened, size: int) -> list[Limit]:
        """The limits that leave no room for what weighs so much, counted again from what was given and the records."""
        (member,) = [each for each in self.members[name] if each.person == person]
        mine = POOLS[name]
        reached = [
            *((limit, _same(mine, person, "" if limit.per == "open" else name)) for limit in member.limits),
            *((limit, _same("", "", name)) for limit in self.whole[name]),
            *(
                (limit, lambda each, types=limit.types or TYPES: each[1] == person and each[0] in types)
                for limit in self.people[person]
                if mine in (limit.types or TYPES)
            ),
        ]
        return [limit for limit, counts in reached if not _has_room(limit, self._used(limit.per, counts, opened), size)]

    def idle(self) -> list[str]:
        """Who has room and is there, while something waits for them."""
        division, opened = self.division, self._opened()
        found = []
        for name, members in self.members.items():
            sizes = {
                json.loads(division.state.fields[record].text)["size"] if POOLS[name] == "lead" else 1
                for record, parked in division.state.parked.items()
                if parked.pool == name
            }
            for size in sizes:
                for member in members:
                    known = division.state.people.get(member.person)
                    is_there = known is None or known.is_present
                    if is_there and not self.hindered(name, member.person, opened, size):
                        found.append(f"{member.person} in {name}")
        return found

    def _used(self, per: Per, counts: Callable[[Place], bool], opened: Opened) -> int:
        if per == "open":
            return sum(size for place, size in opened.items() if counts(place))
        now_ms = self.division.now_ms
        return sum(counts(give[1:]) and _is_within(give.at_ms, per, now_ms) for give in self.given)

    def _opened(self) -> Opened:
        """How much is open, by type, owner and the pool that gave it."""
        found: Opened = Counter()
        state = self.division.state
        for name, record in state.records.items():
            if record.owner and not record.closed and not record.deleted:
                size = state.sizes[name].size if name in state.sizes else 1
                found[name.partition("/")[0], record.owner, record.pool] += size
        return found

    def _member(self, person: str) -> Membership:
        return Membership(person, limits=self._limits(0.6))

    def _limits(self, chance: float, *, of_person: bool = False) -> tuple[Limit, ...]:
        return tuple(
            Limit(
                self.rng.randint(0 if self._sometimes(0.1) else 1, 5),
                self.rng.choice(["open", "day", "week", "month", *WINDOWS]),
                self.rng.choice([(), ("lead",), ("deal", "lead")]) if of_person else (),
            )
            for _ in range(2)
            if self._sometimes(chance)
        )

    def _sometimes(self, chance: float) -> bool:
        return self.rng.random() < chance


def _has_room(limit: Limit, used: int, size: int) -> bool:
    """Whether one more fits in: of what is open, with what it weighs; what weighs nothing, where anything may be."""
    if limit.per != "open":
        return used < limit.at_most
    return used + size <= limit.at_most if size else limit.at_most > 0


def _same(*wanted: str) -> Callable[[Place], bool]:
    """Whether a place has these parts, where something is wanted."""
    return lambda place: all(not want or want == each for want, each in zip(wanted, place, strict=True))


def _is_within(at_ms: int, per: Per, now_ms: int) -> bool:
    """Whether both are in one period, or the one less than a window before the other."""
    if isinstance(per, int):
        return now_ms - at_ms < per
    at, now = (datetime.fromtimestamp(ms / 1000, UTC).date() for ms in (at_ms, now_ms))
    match per:
        case "day":
            return at == now
        case "week":
            return at.isocalendar()[:2] == now.isocalendar()[:2]
        case _:
            return (at.year, at.month) == (now.year, now.month)


@pytest.mark.parametrize("seed", SEEDS)
def test_we_never_give_beyond_a_limit_and_nobody_is_idle(seed: int) -> None:
    """D14 D55 S39 Under any interleaving of events and timers, by a count of our own."""
    history = History(seed)
    history.watch()
    for _ in range(STEPS):
        history.step()
        assert not history.idle()
    held = history.division.config.limits.remembered
    assert {*history.division.state.given} <= held
    assert all(history.division.state.given[field.rpartition("#")[0]].total for field in history.division.state.slots)
