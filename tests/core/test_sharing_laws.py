"""Laws of each way of sharing out and of entering, in random histories drawn from seeds."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Final, get_args

import pytest

from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.pool_spec import Membership, Strategy
from service.core.seating import Seat
from tests.core.rota import Rota

SEEDS: Final = range(60)
STRATEGIES: Final = tuple(strategy for strategy in get_args(Strategy) if strategy != "take")
CATCH_UP: Final = EntryPolicy(catches_up=True)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_members_present_all_along_differ_by_at_most_one(seed: int, strategy: Strategy) -> None:
    """D2 S40 trap d1 Under every strategy, at every moment, whoever else comes and goes: the neighbours of the absent
    get no double share.
    """
    rng = random.Random(seed)
    steady = [f"steady{n}" for n in range(rng.randint(2, 4))]
    flaky = [f"flaky{n}" for n in range(rng.randint(1, 4))]
    members = rng.sample([*steady, *flaky], len(steady) + len(flaky))
    rota = Rota(*members, strategy=strategy)
    absent: set[str] = set()
    counts = Counter(dict.fromkeys(steady, 0))
    for _ in range(300):
        if rng.random() < 0.3:
            absent ^= {rng.choice(flaky)}
        chosen = rota.next(set(members) - absent)
        if chosen in counts:
            counts[chosen] += 1
        assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_weighted_members_keep_close_to_their_share(seed: int) -> None:
    """D13 Whole weights from 1 to 9 or any part of them: at every moment at most 1.25 turns off the exact share."""
    rng = random.Random(seed)
    part = rng.choice([1, 0.1, 0.25, 0.5, 1 / 3])
    weights = {f"m{n}": rng.randint(1, 9) * part for n in range(rng.randint(2, 5))}
    rota = Rota(*(Membership(name, weight) for name, weight in weights.items()))
    counts = Counter(dict.fromkeys(weights, 0))
    total = sum(weights.values())
    for number in range(1, 300):
        counts[rota.next()] += 1
        assert all(abs(counts[name] - number * weight / total) <= 1.25 for name, weight in weights.items())


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded"])
@pytest.mark.parametrize("seed", SEEDS)
def test_under_a_ceiling_a_newcomer_never_gets_more_than_k_of_n(seed: int, strategy: Strategy) -> None:
    """D1 D52 In every stretch of n turns until they are level, as long as somebody else can be served."""
    rng = random.Random(seed)
    of = rng.randint(2, 9)
    ceiling = Ceiling(rng.randint(1, of - 1), of)
    old = [f"old{n}" for n in range(rng.randint(1, 4))]
    rota = Rota(*old, strategy=strategy, entry=EntryPolicy(catches_up=True, ceiling=ceiling))
    for _ in range(rng.randint(10, 60)):
        rota.next()
    rota.join("new")
    turns: list[str] = []
    while rota.state.catch_ups and len(turns) < 200:
        turns.append(rota.next({*rng.sample(old, rng.randint(1, len(old))), "new"}))
        assert turns[-of:].count("new") <= ceiling.at_most
    assert "new" in turns


@pytest.mark.parametrize("seed", SEEDS)
def test_who_catches_up_ends_level(seed: int) -> None:
    """S114 S126 D1 With turns alone and nobody leaving, counts differ by at most one once everybody is level."""
    rng = random.Random(seed)
    rota = Rota("m0", "m1", entry=CATCH_UP)
    counts = Counter({"m0": 0, "m1": 0})
    for number in range(2, 200):
        if rng.random() < 0.04:
            rota.join(f"m{number}")
            counts[f"m{number}"] = 0
        counts[rota.next()] += 1
        if not rota.state.catch_ups:
            assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_newcomer_gets_exactly_what_is_missing(seed: int) -> None:
    """S114 One after another, until level; then everybody in turn."""
    rng = random.Random(seed)
    old = [f"old{n}" for n in range(rng.randint(1, 6))]
    rounds = rng.randint(1, 20)
    rota = Rota(*old, entry=CATCH_UP)
    for _ in range(rounds * len(old)):
        rota.next()
    rota.join("new")

    assert [rota.next() for _ in range(rounds)] == ["new"] * rounds
    assert sorted(rota.next() for _ in range(len(old) + 1)) == sorted([*old, "new"])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_permuting_those_who_cannot_be_served_changes_nothing(seed: int, strategy: Strategy) -> None:
    """D2 Whose seat is whose among them, and where they stand in a file, is nothing to those who can."""
    rng = random.Random(seed)
    settings: dict[str, Any] = {"strategy": strategy, "entry": rng.choice([None, CATCH_UP])}
    members = [f"m{n}" for n in range(7)]
    rota = Rota(*members, **settings)
    for _ in range(rng.randint(0, 40)):
        rota.next(rng.sample(members, rng.randint(1, 7)))
    able = rng.sample(members, rng.randint(1, 6))
    others = [member for member in members if member not in able]
    before = min(each for each in rota.line(able) if each.excluded is None)

    seats = [rota.state.seats[f"sales/{person}"] for person in others]
    shuffled: dict[str, Seat] = {
        f"sales/{person}": seat for person, seat in zip(others, rng.sample(seats, len(seats)), strict=True)
    }
    rota.state.apply({"seat": shuffled})
    rota.join()

    assert min(each for each in rota.line(able) if each.excluded is None) == before


def test_ranked_gives_to_the_lowest_number_first() -> None:
    """Trap d5 `priority` 1, "10", 2, missing: 1, 2, 10, missing; numbers are compared, not texts."""
    priorities = {"one": 1.0, "ten": 10.0, "two": 2.0, "none": None}
    rota = Rota(*(Membership(name, priority=priority) for name, priority in priorities.items()), strategy="ranked")
    able, order = set(priorities), []
    while able:
        order.append(rota.next(able))
        able.remove(order[-1])

    assert order == ["one", "two", "ten", "none"]


def test_equals_share_in_turn() -> None:
    """Trap d5 S40 Ranked: among those of one priority it is whose turn it is, and so it is among those without one."""
    pairs = [("a", 1.0), ("b", 1.0), ("c", None), ("d", None)]
    rota = Rota(*(Membership(name, priority=priority) for name, priority in pairs), strategy="ranked")

    assert [rota.next() for _ in range(4)] == ["a", "b", "a", "b"]
    assert [rota.next({"c", "d"}) for _ in range(4)] == ["c", "d", "c", "d"]


def test_one_deputy_for_several_absent_people_gets_no_double_share() -> None:
    """Trap d1 D2 A B C D, B and C away: 8 leads are A 4, D 4, under every strategy."""
    for strategy in STRATEGIES:
        rota = Rota("a", "b", "c", "d", strategy=strategy)
        assert Counter(rota.next({"a", "d"}) for _ in range(8)) == {"a": 4, "d": 4}
