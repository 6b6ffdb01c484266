"""One order over all lines that somebody who is free may take from (D3, D40): whatever the pools are called."""

from __future__ import annotations

import random
from itertools import islice
from typing import Final

import pytest

from service.core.case import Verdict
from service.core.configuration import User
from service.core.draft import Draft
from service.core.events import Target
from service.core.holding.draining import Serving, needed
from service.core.holding.lines import DRAINED_PER_FIRING, glance, line_of
from service.core.limit_spec import Limit
from service.core.model import Assigned
from service.core.parked import Parked
from service.core.pool_spec import Strategy
from service.core.rule_sets import Ladder, LadderStep
from tests.core.build import MINUTE_MS, Division, closed, pool

SEEDS: Final = range(40)
STEPS: Final = 100
PEOPLE: Final = ("ann", "bob", "cem")
POOLS: Final = ("alpha", "beta", "gamma", "omega")

Rank = tuple[float, int]


def rank(parked: Parked) -> Rank:
    """What is overdue comes first, then the best score, then the oldest."""
    return -parked.score, parked.since_ms


class Floor:
    """People with little room over several pools, and far more that waits than they can take."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.members = {name: rng.sample(PEOPLE, rng.randint(1, len(PEOPLE))) for name in POOLS}
        pace = rng.choice([1, 2, 100])
        limit = rng.choice([Limit(1, "open"), Limit(2, "open"), Limit(1, 10 * MINUTE_MS)])
        self.division = Division(
            *(
                pool(
                    *people,
                    id=name,
                    drain_per_minute=pace,
                    longest_wait_ms=rng.choice([None, 5 * MINUTE_MS, 30 * MINUTE_MS]),
                )
                for name, people in self.members.items()
            ),
            users=[User(person, limits=(limit,)) for person in PEOPLE],
        )
        self.moved = 0
        self.beaten: list[str] = []
        self._watch()

    def step(self) -> None:
        """Something comes in, somebody comes, goes or has done something, or time passes."""
        rng, division = self.rng, self.division
        owned = [name for name, record in division.state.records.items() if record.owner and not record.closed]
        match rng.choices(range(5), weights=(6, 2, 1, 3, 3))[0]:
            case 0:
                for number in range(len(division.state.records), len(division.state.records) + 3):
                    facts = {"score": rng.randint(1, 9)}
                    division.create(f"lead/{number}", owner=f"pool:{rng.choice(POOLS)}", facts=facts)
            case 1 if owned:
                division.send(closed(rng.choice(owned)))
            case 2:
                division.away(rng.choice(PEOPLE))
            case 3:
                division.back(rng.choice(PEOPLE))
            case _:
                division.later(ms=rng.choice([1, 999, 20_000, MINUTE_MS, 7 * MINUTE_MS]))

    def _watch(self) -> None:
        take = self.division._take

        def watched(verdict: Verdict) -> None:
            waiting = dict(self.division.state.parked)
            for decision in verdict.decisions:
                parked = waiting.pop(decision.record, None)
                if parked is not None and isinstance(decision.outcome, Assigned):
                    self.moved += 1
                    self._judge(decision.record, parked, decision.outcome.owner, waiting)
            take(verdict)

        self.division._take = watched  # type: ignore[method-assign]  # the law stands in front of it

    def _judge(self, name: str, given: Parked, person: str, waiting: dict[str, Parked]) -> None:
        """Whoever is given a record could have had all that comes before it in a line of theirs."""
        self.beaten += [
            f"{person} got {name} of {given.pool}, and {other} of {parked.pool} came before"
            for other, parked in waiting.items()
            if person in self.members[parked.pool] and rank(parked) < rank(given)
        ]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_given_before_what_the_same_person_could_have_had_first(seed: int) -> None:
    """D3 D40 Over all lines: overdue, then score, then age."""
    floor = Floor(seed)
    for _ in range(STEPS):
        floor.step()
    assert not floor.beaten
    assert floor.moved


def test_of_many_lines_that_are_due_those_are_opened_to_which_the_order_comes() -> None:
    """However many wait, a record costs what it costs in one line: of the others is known who comes first in them."""
    pools = [pool("ann", id=f"p{number:02}") for number in range(60)]
    division = Division(*pools)
    division.away("ann")
    for number in range(120):
        division.create(f"lead/{number}", owner=f"pool:p{number % 60:02}", facts={"score": number * 37 % 101})
    draft = Draft(division.state)
    for each in pools:
        draft.set_timer(f"drain/{each.id}", division.now_ms)
    division.state.apply(draft.finish())

    serving = Serving("drain/p00", Draft(division.state), division.config, division.now_ms)
    named = [name for _, name in islice(serving.records(), 5)]

    ranked = sorted(division.state.parked.items(), key=lambda item: rank(item[1]))
    assert [rank(division.state.parked[name]) for name in named] == [rank(parked) for _, parked in ranked[:5]]
    assert len(serving.opened) <= len(named) + 1
    asked = list(needed("drain/p00", Draft(division.state), division.config, division.now_ms))
    assert asked[:5] == named
    assert len(asked) == DRAINED_PER_FIRING + 1, "no more than one firing moves are loaded for it"


@pytest.mark.parametrize("strategy", ["take", "round_robin"])
@pytest.mark.parametrize("queued", [(False, False), (True, False), (False, True), (True, True)])
def test_a_line_that_is_not_opened_is_expected_no_later_than_its_first_comes(
    queued: tuple[bool, bool], strategy: Strategy
) -> None:
    """D3 Also where the pool was a queue, and some still lie in it while others wait."""
    division = Division(pool("ann", strategy=strategy))
    parked = {
        f"lead/{number}": Parked(pool="sales", number=number, since_ms=number, queued=each)
        for number, each in enumerate(queued)
    }
    division.state.apply({"parked": parked})
    draft = Draft(division.state)
    _, turn = glance("drain/sales", draft)
    first = next(line_of("drain/sales", draft, division.config, division.now_ms).standing(), None)
    assert turn is not None
    assert first is None or turn <= first[0]


@pytest.mark.parametrize("name", ["alpha", "omega"])
def test_what_waits_for_somebody_alone_is_in_the_same_order(name: str) -> None:
    """D3 D56 A step that names a person is a line like those of pools."""
    nobody = LadderStep(Target("pool", "nobody"))
    ladder = Ladder("lead", (nobody, LadderStep(Target("user", "ann")), nobody))
    division = Division(
        pool("ann", id=name, drain_per_minute=100),
        pool(id="nobody"),
        users=[User("ann", limits=(Limit(1, "open"),))],
        defaults={"lead": ladder},
    )
    division.create("lead/0", owner=f"pool:{name}")
    for number, score in enumerate((5, 9, 7, 8), start=1):
        owner = f"pool:{name}" if number % 2 else None
        division.create(f"lead/{number}", owner=owner, facts={"score": score})

    got = []
    for _ in range(4):
        (open_now,) = [each for each, record in division.state.records.items() if record.owner and not record.closed]
        division.send(closed(open_now))
        got += [each for each, record in division.state.records.items() if record.owner and not record.closed]
    assert got == ["lead/2", "lead/4", "lead/3", "lead/1"]
