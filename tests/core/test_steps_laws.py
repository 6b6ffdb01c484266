"""Laws of targets with steps, whatever happens in whatever order (D56).

Nobody is idle who can take what waits for their step, and each step is reached when the one before it had its wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.build import MINUTE_MS, closed, owner_changed, updated
from tests.core.test_steps import Climbing

PEOPLE: Final = ("ann", "bob", "eve", "max", "kim")
RECORDS: Final = tuple(f"lead/{number}" for number in range(6))
ROOM: Final = 2
WAITS: Final = {"0m": 0, "5m": 5, "15m": 15, "1h": 60}

POOLS: Final[dict[str, Any]] = {
    "emea": {"members": [{"user": "ann", "max_open": ROOM}, {"user": "bob", "max_open": ROOM}]},
    "world": {"members": [{"user": "eve", "max_open": ROOM}], "nobody_eligible": {"fallback": {"pool": "help"}}},
    "help": {"members": [{"user": "max", "max_open": ROOM, "criteria": ["country equals DE"]}]},
    "picky": {"members": [{"user": "bob", "max_open": ROOM, "criteria": ["country equals FR"]}]},
    "empty": {"members": []},
}
FAST: Final = {"record_type": "lead", "drain_per_minute": 10_000}
USERS: Final = {name: {"limits": [{"at_most": ROOM, "open": True}]} for name in PEOPLE}

NAMED: Final = st.sampled_from(
    [
        {"pool": "emea"},
        {"pool": "world"},
        {"pool": "picky"},
        {"pool": "empty"},
        {"user": "kim"},
        {"user": {"field": "manager"}},
    ]
)
LADDERS: Final = st.lists(
    st.tuples(NAMED, st.sampled_from(list(WAITS))), min_size=2, max_size=5, unique_by=lambda x: str(x[0])
)
Step = tuple[dict[str, Any], str]


def written(ladder: list[Step]) -> list[dict[str, Any]]:
    """The ladder as a document has it; it ends with a pool, so that what nobody can take waits."""
    steps = [step | ({} if wait == "0m" else {"wait": wait}) for step, wait in ladder]
    return [*steps, {"users": {"role": "rest"}}]


def document(ladder: list[Step], pools: dict[str, Any]) -> dict[str, Any]:
    return {
        "users": USERS | {"off": {"role": "rest", "active": False}},
        "pools": {name: {**FAST, **said} for name, said in pools.items()},
        "defaults": {"lead": written(ladder)},
    }


class Watched(Climbing):
    """A division of which the laws are looked at after everything that happens. With `asks` its pools have their people
    accept what they get, and a step may be reached later, for nobody is asked while somebody thinks it over.
    """

    def __init__(self, ladder: list[Step], *, asks: bool = False) -> None:
        self.asks = asks
        self.ladder, self.away_now = ladder, set[str]()
        self.facts: dict[str, dict[str, object]] = {}
        asking = {"accept_within": "10m", "hand_on": 7} if asks else {}
        sections = document(ladder, {name: {**said, **asking} for name, said in POOLS.items()})
        super().__init__(sections.pop("defaults")["lead"], **sections)

    def look(self) -> None:
        """Nobody is idle, and each step was reached in its time and none too late."""
        for name, climb in self.state.climbs.items():
            waits = [*(WAITS[wait] for _, wait in self.ladder), None]
            for before, after, wait in zip(climb.reached, climb.reached[1:], waits, strict=False):
                assert wait is not None
                waited_ms = after.since_ms - before.since_ms
                in_time = waited_ms <= wait * MINUTE_MS if before.skipped else waited_ms == wait * MINUTE_MS
                assert in_time or (self.asks and waited_ms > wait * MINUTE_MS), "a step was reached in its time"
            if name in self.state.reservations:
                continue
            last, wait = climb.reached[-1], waits[len(climb.reached) - 1]
            if wait is not None:
                assert not last.skipped
                assert last.since_ms + wait * MINUTE_MS > self.now_ms, "the next step is due"
            facts, handing = self.facts[name], self.state.handings.get(name)
            passed = () if handing is None else handing.passed
            if wait is not None:
                step = self.ladder[len(climb.reached) - 1][0]
                assert set(self.takers(step, facts)) - set(passed), f"{name} waits for nobody at {step}"
            for step, _ in self.ladder[: len(climb.reached)]:
                for person in set(self.takers(step, facts)) - set(passed):
                    assert not self.can(person), f"{person} is idle while {name} waits for {step}"

    def takers(self, step: dict[str, Any], facts: dict[str, object]) -> list[str]:
        """Who of a step may have the record, told by the documents alone."""
        match step:
            case {"pool": "emea"}:
                return ["ann", "bob"]
            case {"pool": "world"}:
                return ["eve", *(["max"] if facts.get("country") == "DE" else [])]
            case {"pool": "picky"}:
                return ["bob"] if facts.get("country") == "FR" else []
            case {"user": "kim"}:
                return ["kim"]
            case {"user": {"field": "manager"}} if facts.get("manager") in PEOPLE:
                return [str(facts["manager"])]
            case _:
                return []

    def can(self, person: str) -> bool:
        """Whether somebody is there and has room."""
        owned = [each for each in self.state.records.values() if each.owner == person and not each.closed]
        return person not in self.away_now and len(owned) < ROOM


def leave(division: Watched, person: str) -> None:
    division.away_now.add(person)
    division.away(person)


def come(division: Watched, person: str) -> None:
    division.away_now.discard(person)
    division.back(person)


def tell(division: Watched, record: str, facts: dict[str, object]) -> None:
    known = record in division.facts
    division.facts[record] = {**division.facts.get(record, {}), **facts}
    if known:
        division.send(updated(record, facts=facts))
    else:
        division.new(record, **facts)


FACTS: Final = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["DE", "FR"]),
        "manager": st.sampled_from([*PEOPLE, "nobody-we-know", "off", None]),
        "score": st.integers(0, 9),
    },
)
STEPS: Final = st.one_of(
    st.tuples(st.just(leave), st.sampled_from(PEOPLE)),
    st.tuples(st.just(come), st.sampled_from(PEOPLE)),
    st.tuples(st.just(tell), st.sampled_from(RECORDS), FACTS),
    st.tuples(st.just(lambda division, record: division.send(closed(record))), st.sampled_from(RECORDS)),
    st.tuples(
        st.just(lambda division, record, person: division.send(owner_changed(record, person))),
        st.sampled_from(RECORDS),
        st.sampled_from(PEOPLE),
    ),
    st.tuples(st.just(lambda division, minutes: division.later(minutes=minutes)), st.sampled_from([1, 5, 20, 90])),
    st.tuples(
        st.just(lambda division, label: division.configure(users=document([], {})["users"] | {label: {}})),
        st.sampled_from("xy"),
    ),
)
Happening = tuple[Callable[..., object], Any]


@settings(deadline=None)
@given(LADDERS, st.sets(st.sampled_from(PEOPLE)), st.lists(STEPS, min_size=4, max_size=24))
def test_d56_nobody_is_idle_while_something_waits_for_their_step(
    ladder: list[Step], away: set[str], happened: list[Happening]
) -> None:
    """D56 c5 b5 Under any order of news of records and people, of time, and of switches that change no step."""
    division = Watched(ladder)
    for person in sorted(away):
        leave(division, person)
    for record in RECORDS[:3]:
        tell(division, record, {})
    for do, *said in happened:
        do(division, *said)
        division.look()


def decline(division: Watched, record: str) -> None:
    """Whoever is asked to accept the record does not."""
    offer = division.state.reservations.get(record)
    if offer is not None:
        division.decline(record, offer.person)


ANSWERS: Final = st.one_of(STEPS, st.tuples(st.just(decline), st.sampled_from(RECORDS)))


@settings(deadline=None)
@given(LADDERS, st.lists(ANSWERS, min_size=4, max_size=24))
def test_d50_the_same_holds_where_people_accept_what_they_get(ladder: list[Step], happened: list[Happening]) -> None:
    """D50 D56 But for who declined it, or let it pass: they are not asked again, by no step."""
    division = Watched(ladder, asks=True)
    for record in RECORDS[:3]:
        tell(division, record, {})
    for do, *said in happened:
        do(division, *said)
        division.look()
