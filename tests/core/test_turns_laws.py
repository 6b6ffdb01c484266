"""Laws of the rule of turns, in random histories: what must hold whoever comes, goes, and is passed over.

The histories are drawn from seeds, so a failure can be run again by its number.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Final

import pytest

from service.core.draft import Draft
from service.core.pool_spec import Membership
from service.core.sharing.strategies import SCALE, step
from service.core.sharing.turns import line_up
from tests.core.build import absent
from tests.core.rota import Rota

SEEDS: Final = range(60)


class Ring:
    """The ring as the sources describe it: a list, a pointer, newcomers at the end of the list."""

    def __init__(self, *members: str) -> None:
        self.members = list(members)
        self.pointer = 0

    def join(self, person: str) -> None:
        """They stand behind everybody else."""
        self.members.append(person)

    def leave(self, person: str) -> None:
        """The others close up; if it was their turn, it is that of the one behind them."""
        place = self.members.index(person)
        del self.members[place]
        if place < self.pointer:
            self.pointer -= 1
        if self.pointer >= len(self.members):
            self.pointer = 0

    def next(self) -> str:
        """Serve whoever the pointer is at."""
        person = self.members[self.pointer]
        self.pointer = (self.pointer + 1) % len(self.members)
        return person


@pytest.mark.parametrize("seed", SEEDS)
def test_with_everyone_present_it_is_the_ring_of_the_sources(seed: int) -> None:
    """S3 S4 S5 S17 S18 D1 Equal to list and pointer in random histories of joins and leaves."""
    rng = random.Random(seed)
    rota, ring = Rota("m0", "m1", "m2"), Ring("m0", "m1", "m2")
    for number in range(3, 300):
        action = rng.random()
        if action < 0.15 and len(ring.members) < 9:
            rota.join(f"m{number}")
            ring.join(f"m{number}")
        elif action < 0.3 and len(ring.members) > 1:
            leaver = rng.choice(ring.members)
            rota.leave(leaver)
            ring.leave(leaver)
        else:
            assert rota.next() == ring.next()


def test_who_is_passed_over_because_rules_narrow_the_choice_does_not_starve() -> None:
    """D2 On the stream "only D may, everyone may, …" the others share equally and nobody is forgotten."""
    rota = Rota("ann", "bob", "cat", "dan")
    counts = Counter(rota.next({"dan"} if number % 2 == 0 else None) for number in range(600))

    assert counts["ann"] == counts["bob"] == counts["cat"] == 100
    assert counts["dan"] == 300


@pytest.mark.parametrize("credit", [0, 1, 2, 5])
def test_a_returner_catches_up_his_credit_and_no_more(credit: int) -> None:
    """D1 D2 After 1,000 turns away: at most `credit` turns more than the others have, ever after."""
    rota = Rota("ann", "bob", "cat", "dan", credit=credit)
    for _ in range(1_000):
        rota.next({"ann", "bob", "cat"})
    counts = Counter(dict.fromkeys(rota.members, 0))
    for _ in range(200):
        counts[rota.next()] += 1
        assert counts["dan"] <= min(counts[name] for name in ("ann", "bob", "cat")) + credit + 1

    assert counts["dan"] - max(counts[name] for name in ("ann", "bob", "cat")) <= credit


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_waits_longer_than_once_round(seed: int) -> None:
    """D2 Whatever the rules leave open: between two of their turns at most n - 1 records open to them go past."""
    rng = random.Random(seed)
    members = [f"m{n}" for n in range(rng.randint(2, 6))]
    rota = Rota(*members)
    waited = Counter(dict.fromkeys(members, 0))
    habits = [rng.sample(members, rng.randint(1, len(members))) for _ in range(4)]
    for _ in range(400):
        eligible = rng.choice(habits) if rng.random() < 0.7 else rng.sample(members, rng.randint(1, len(members)))
        chosen = rota.next(eligible)
        for person in eligible:
            waited[person] = 0 if person == chosen else waited[person] + 1
            assert waited[person] <= len(members) - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_turn_numbers_have_no_gap_and_no_repeat(seed: int) -> None:
    """S15 S38 Across joins, leaves and an emptied pool."""
    rng = random.Random(seed)
    rota = Rota("m0")
    for number in range(1, 100):
        if rng.random() < 0.2:
            rota.join(f"m{number}")
        elif rng.random() < 0.2 and rota.members:
            rota.leave(rng.choice(rota.members))
        if rota.members:
            before = rota.state.pools["sales"].turn
            chosen = rota.next()
            assert rota.state.pools["sales"].turn == before + 1 == rota.state.seats[f"sales/{chosen}"].last_turn


@pytest.mark.parametrize("weight", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
def test_usual_weights_divide_the_scale(weight: float) -> None:
    """D13 Steps and half steps are whole, so no share is rounded."""
    assert step(weight) * weight == SCALE
    assert step(weight) % 2 == 0


@pytest.mark.parametrize("weight", [1e9, 0.001, 2.5, 1 / 3])
def test_unusual_weights_still_move(weight: float) -> None:
    """D13 A step is never nothing, whatever the weight."""
    assert step(weight) >= 1


def test_the_floor_counts_members_who_are_away() -> None:
    """D2 The highest pass of all members, present or not, less the credit in rounds of the lightest."""
    rota = Rota("ann", Membership("bob", weight=2.0))
    for _ in range(9):
        rota.next({"bob"})
    draft = Draft(rota.state)
    draft.people.put("bob", absent("away"))

    assert min(each.effective_pass for each in line_up(rota.spec, draft)) == SCALE // 4 + 9 * SCALE // 2 - SCALE
