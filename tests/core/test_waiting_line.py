"""The waiting line, against sorting everything anew."""

from __future__ import annotations

import random
from typing import Final

import pytest

from service.core.draft import Draft
from service.core.parked import Parked
from service.core.state import State
from service.core.waiting_line import SORTED_AGAIN, Line, Rank, Waiting

SEEDS: Final = range(100)


def parked(number: int, score: float = 0.0, *, pool: str = "sales", queued: bool = False) -> Parked:
    """A record that waits since the beginning of time."""
    return Parked(pool=pool, number=number, since_ms=0, score=score, queued=queued)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_is_always_in_order(seed: int) -> None:
    """S63 Whoever comes and goes, and whenever it is looked at: the lowest rank first."""
    rng = random.Random(seed)
    count = rng.randint(1, 3 * SORTED_AGAIN)
    line, there = Line(), set[Waiting]()
    for number in range(count):
        waiting = ((rng.choice([0.0, -1.0, -2.5]), number), f"lead/{number}")
        line.add(waiting)
        there.add(waiting)
        if rng.random() < 0.2:
            gone = rng.choice(sorted(there))
            line.remove(gone)
            there.discard(gone)
        if rng.random() < 0.1:
            assert list(line.behind(None)) == sorted(there)
    behind = (rng.choice([0.0, -1.0, -3.0]), rng.randrange(count))
    assert list(line.behind(behind)) == [waiting for waiting in sorted(there) if waiting[0] > behind]


def test_what_is_not_in_the_line_cannot_leave_it() -> None:
    """A line that disagrees with the state is a bug, and says so."""
    with pytest.raises(ValueError, match="not in the line"):
        Line().remove(((0.0, 1), "lead/1"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_decision_sees_its_own_changes_in_the_line(seed: int) -> None:
    """What it parked, moved and let go, beside what waited before, as one sort of all that waits would have it."""
    rng = random.Random(seed)
    state = State()
    for number in range(30):
        state.apply({"parked": {f"lead/{number}": _any_parked(rng, number)}})
    draft = Draft(state)
    for number in range(20, 40):
        name = f"lead/{number}"
        if rng.random() < 0.3:
            draft.parked.drop(name)
        elif rng.random() < 0.5 and draft.parked.get(name) is not None:
            draft.parked.edit(name).score = rng.choice([0.0, 3.0])
        else:
            draft.parked.put(name, _any_parked(rng, number))
    behind: Rank | None = rng.choice([None, (-1.0, 12), (0.0, 3)])
    for with_queued in (False, True):
        expected = sorted(
            (each.rank, name)
            for name, each in draft.parked.items()
            if each.pool == "sales" and (with_queued or not each.queued) and (behind is None or each.rank > behind)
        )
        assert list(draft.waiting("sales", behind, with_queued=with_queued)) == [name for _, name in expected]
    seen = list(draft.waiting("sales", behind, with_queued=True))
    state.apply(draft.changes())
    assert list(Draft(state).waiting("sales", behind, with_queued=True)) == seen


def test_the_line_is_the_one_at_the_time_of_asking() -> None:
    """A drain changes the line that it walks through: it meets everybody once."""
    state = State()
    state.apply({"parked": {f"lead/{number}": parked(number) for number in range(4)}})
    draft = Draft(state)
    draft.parked.put("lead/9", parked(9))
    met = []
    for name in draft.waiting("sales", None, with_queued=True):
        met.append(name)
        draft.parked.drop(name)
        draft.parked.put(f"{name}-again", parked(20 + len(met)))
    assert met == ["lead/0", "lead/1", "lead/2", "lead/3", "lead/9"]


def _any_parked(rng: random.Random, number: int) -> Parked:
    return parked(number, rng.choice([0.0, 1.0, 2.0]), pool=rng.choice(["sales", "other"]), queued=rng.random() < 0.3)
