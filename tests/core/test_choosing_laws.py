"""Laws of choosing: asking the members in the order of turns finds whom a look at everybody finds."""

from __future__ import annotations

from collections.abc import Container
from random import Random
from typing import Any, Final, get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.core.calendar import Block, WorkCalendar, WorkingTime
from service.core.configuration import Config, User
from service.core.draft import Draft
from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.limit_spec import Limit
from service.core.model import Assigned
from service.core.person import Person
from service.core.pool_spec import Accepting, Membership, Strategy
from service.core.reasons import AbsenceReason
from service.core.reservation import Handing
from service.core.sharing.choosing import NAMED, choose, look_at_all
from service.core.sharing.contender import Choice
from service.core.sharing.eligibility import CHECKS, LAST_RESORT, Situation, Sought, listed
from service.core.sharing.entry import catching_up
from service.core.sharing.limits import note_given
from service.core.sharing.turns import serve
from service.core.state import KINDS, Pace, State, open_field, seat_field
from service.core.traits import Trait
from tests.core.build import MINUTE_MS, START_MS, Division, absent, config, planted, pool, predicate, switch

PEOPLE: Final = tuple(f"m{number}" for number in range(4 * NAMED))
DRAFTS: Final = 30
FACTS: Final = (None, {"country": "DE"}, {"country": "FR", "language": "German"})


class History:
    """A pool of which anything may become, and each choice is made in both ways."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now_ms = START_MS
        self.state = State()
        self.settings: dict[str, Any] = {}
        self.config = Config("main")
        self.chosen = 0
        self.configure()

    def configure(self) -> None:
        """Members come and go, and anything that is said of the pool may be another from now on."""
        if not self.settings or self._sometimes(0.3):
            self.settings = self._settings()
        people = self.rng.sample(PEOPLE, self.rng.choice([2, 5, len(PEOPLE)]))
        spec = pool(*(self._member(person) for person in people), **self.settings)
        users = [self._user(person) for person in PEOPLE]
        self.config = config(spec, users=users, version=self.config.version + 1)
        self.state.apply(switch(self.state, self.config, self.now_ms).changes)

    def step(self) -> None:
        """Something happens."""
        match self.rng.choices(range(7), weights=(10, 2, 2, 2, 1, 1, 2))[0]:
            case 0:
                self.decide()
            case 1:
                told = absent(self.rng.choice(get_args(AbsenceReason))) if self._sometimes(0.6) else Person()
                self.state.apply({"person": {self.rng.choice(PEOPLE): told}})
            case 2:
                self._count(self.rng.choice(self.config.pools["sales"].members).person, -1)
            case 3:
                self._count(self.rng.choice(PEOPLE), self.rng.choice([1, 4]))
            case 4:
                self.configure()
            case 5:
                self._lose_memory()
            case _:
                self.now_ms += self.rng.choice([1, MINUTE_MS, 60 * MINUTE_MS])

    def decide(self) -> None:
        """One decision, or several that see each other's changes, as in a drain. Some come to nothing."""
        draft, twin = Draft(self.state), Draft(self.state)
        for _ in range(self.rng.choice([1, 1, 4])):
            self._choose(draft, twin)
        assert draft.changes() == twin.changes()
        if self._sometimes(0.9):
            self.state.apply(draft.changes())

    def _choose(self, draft: Draft, twin: Draft) -> None:
        """Choose in both ways, and serve who was chosen with what each of them saw."""
        sought, paced = self._asked()
        checks = LAST_RESORT if self._sometimes(0.1) else CHECKS
        spec = self.config.pools["sales"]
        in_turn = Situation(spec, self.config, draft, self.now_ms, sought, paced=paced)
        quick = choose(in_turn, checks, looked_at_whole=0)
        whole = look_at_all(Situation(spec, self.config, twin, self.now_ms, sought, paced=paced), checks)
        same(quick, whole)
        if quick.not_looked_at:
            passed_over(quick, whole, catching_up(spec, draft))
        named, omitted = listed(quick, in_turn)
        assert len(named) + omitted + quick.not_looked_at == len(whole.seen)
        if quick.chosen is None or whole.chosen is None:
            return
        assert quick.chosen.person in {each.person for each in named}
        self.chosen += quick.not_looked_at > 0
        size = sought.size
        for each, choice in ((draft, quick), (twin, whole)):
            assert choice.chosen is not None
            serve(spec, choice.chosen, choice.seen, each)
            note_given(self.config.limits.concerned(spec, quick.chosen.person, "lead"), each, self.now_ms)
            each.open.edit(open_field("lead", quick.chosen.person)).open_items += size
            each.seats.edit(seat_field("sales", quick.chosen.person)).open_items += size
            if paced:
                each.paces.put(quick.chosen.person, Pace(self.now_ms // MINUTE_MS, 1))

    def _asked(self) -> tuple[Sought, bool]:
        handing = Handing(passed=tuple(self.rng.sample(PEOPLE, 3))) if self._sometimes(0.2) else None
        sought = Sought(self.rng.choice(FACTS), handing=handing, size=self.rng.choice([0, 1, 1, 2]))
        return sought, self._sometimes(0.2)

    def _count(self, person: str, more: int) -> None:
        """So much more of theirs is open, or less, if there is any; some of it the pool gave."""
        draft, field = Draft(self.state), seat_field("sales", person)
        known = draft.open.edit(open_field("lead", person))
        known.open_items = max(0, known.open_items + more)
        if draft.seats.get(field) is not None and self._sometimes(0.5):
            seat = draft.seats.edit(field)
            seat.open_items = max(0, seat.open_items + more)
        self.state.apply(draft.changes())

    def _lose_memory(self) -> None:
        """All is built anew from what is stored."""
        state = State()
        state.apply({kind: dict(self.state.of_kind(kind)) for kind in KINDS})
        self.state = state

    def _settings(self) -> dict[str, Any]:
        strategies: list[Strategy] = [strategy for strategy in get_args(Strategy) if strategy != "take"]
        ceiling = Ceiling(1, self.rng.choice([2, 3])) if self._sometimes(0.5) else None
        return {
            "strategy": self.rng.choice(strategies),
            "credit": self.rng.choice([1, 1, 3]),
            "count": self.rng.choice(["all", "own"]),
            "entry": EntryPolicy(catches_up=self._sometimes(0.7), ceiling=ceiling) if self._sometimes(0.5) else None,
            "limits": (Limit(40, "open"),) if self._sometimes(0.1) else (),
            "prefer": (Trait("skill", "german"),) if self._sometimes(0.2) else (),
            "requires": (Trait("skill", path="language"),) if self._sometimes(0.3) else (),
            "accepting": Accepting(MINUTE_MS) if self._sometimes(0.3) else None,
        }

    def _member(self, person: str) -> Membership:
        return Membership(
            person,
            weight=self.rng.choice([1.0, 1.0, 2.0, 0.5, 3.0]),
            max_open=self.rng.choice([None, None, 0, 3]),
            domain=predicate("country equals DE") if self._sometimes(0.1) else None,
            priority=self.rng.choice([None, 1.0, 2.0, 3.0]),
            limits=(Limit(2, self.rng.choice([MINUTE_MS, "day"])),) if self._sometimes(0.2) else (),
        )

    def _user(self, person: str) -> User:
        calendar = WorkCalendar("UTC", tuple(Block(day, 0, self.rng.choice([60, 1_439])) for day in range(7)))
        return User(
            person,
            active=not self._sometimes(0.1),
            time=WorkingTime(calendar) if self._sometimes(0.3) else None,
            traits={("skill", "german"): 1} if self._sometimes(0.4) else {},
            limits=(Limit(4, self.rng.choice(["open", "day"])),) if self._sometimes(0.2) else (),
        )

    def _sometimes(self, chance: float) -> bool:
        return self.rng.random() < chance


def same(quick: Choice, whole: Choice) -> None:
    """The same one is chosen, and of all who were looked at the same is told."""
    assert quick.chosen == whole.chosen
    everybody = {each.person: each for each in whole.seen}
    assert all(each == everybody[each.person] for each in quick.seen)
    assert len(quick.seen) + quick.unnamed + quick.not_looked_at == len(whole.seen)


def passed_over(quick: Choice, whole: Choice, late: Container[str]) -> None:
    """Of those who are level the first in turn are named, and all are counted who come before one that can take it."""
    in_turn = sorted([each for each in whole.seen if each.person not in late])
    able = next(place for place, each in enumerate(in_turn) if each.excluded is None)
    named = [*in_turn[: min(able, NAMED)], in_turn[able]]
    assert [each.person for each in quick.seen if each.person not in late] == [each.person for each in named]
    assert quick.unnamed == able + 1 - len(named)
    assert quick.not_looked_at == len(in_turn) - able - 1


@settings(max_examples=100)
@given(st.integers(0, 2**32))
@example(0)
def test_asking_in_turn_finds_whom_a_look_at_everybody_finds(seed: int) -> None:
    """D2 D13 D14 Under every strategy, whoever comes and goes, is away, full or catching up, and in every decision of a
    batch; nor does what is remembered afterwards differ.
    """
    history = History(Random(seed))
    for _ in range(DRAFTS):
        history.step()


def test_in_most_choices_of_the_law_somebody_is_not_looked_at() -> None:
    """So the law is about what it says."""
    histories = [History(Random(seed)) for seed in range(20)]
    for history in histories:
        for _ in range(DRAFTS):
            history.step()
    assert sum(history.chosen for history in histories) > 20 * DRAFTS // 4


def test_in_a_large_pool_nobody_is_asked_behind_who_is_chosen() -> None:
    """D2 So what a choice costs does not grow with those who come later."""
    asked: list[object] = []

    def spy(value: object) -> bool:
        asked.append(value)
        return True

    division = Division(pool(*(Membership(f"m{number}", domain=planted("country", spy)) for number in range(500))))
    assert division.create("lead/1", facts={"country": "DE"}) == Assigned("m0", "sales", 1)
    assert division.create("lead/2", facts={"country": "DE"}) == Assigned("m1", "sales", 2)
    assert asked == ["DE", "DE"]


def test_no_order_is_kept_of_a_pool_that_is_gone() -> None:
    """Nor of one that has another configuration by now, until somebody asks."""
    state, spec = State(), pool(*PEOPLE)
    state.apply(switch(state, config(spec), START_MS).changes)
    choose(Situation(spec, config(spec), Draft(state), START_MS, paced=False), looked_at_whole=0)
    assert state.membership.rings.keys() == {"sales"}

    state.apply(switch(state, config(version=2), START_MS).changes)
    assert not state.membership.rings
