"""That a pool is skewed is told to its manager: who is there and passed over for too many turns (S19, D22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import parts
from service.core.configuration import User
from service.core.holding.skewing import TOLD_EVERY_MS
from service.core.pool_spec import Membership, PoolSpec, Strategy
from service.core.skew import Skew
from tests.core.build import MINUTE_MS, Division, closed, pool, predicate, users
from tests.core.nights import records

DAY_MINUTES = TOLD_EVERY_MS // MINUTE_MS
BOSS = users("boss", notify=("email",))
FULL = Membership("ann", max_open=0)


def watched(*members: str | Membership, after: int = 3, **settings: Any) -> PoolSpec:
    """A pool whose manager wants to hear that somebody is more than so many turns behind."""
    return pool(*members, manager="boss", skewed_after=after, **settings)


def division_of(spec: PoolSpec, people: Sequence[User] = BOSS) -> Division:
    return Division(spec, users=people)


def share_out(division: Division, count: int) -> list[str]:
    """So many new records are shared out; who got each."""
    return division.serve(*records(count, len(division.state.records) + 1))


def told(division: Division) -> list[dict[str, int]]:
    """Who was how far behind, by each decision of which the manager heard that the pool is skewed."""
    return [
        {each.person: each.behind for each in decision.trace.candidates if each.behind}
        for decision in division.decisions
        for news in decision.notifications
        if (news.kind, news.person) == ("skewed", "boss")
    ]


def test_who_is_passed_over_for_more_turns_than_the_bound_is_told_and_named() -> None:
    """S19 The other two have had four turns each by then, and one of them another."""
    division = division_of(watched(FULL, "bob", "eve"))
    share_out(division, 8)
    assert told(division) == []
    share_out(division, 1)
    assert told(division) == [{"ann": 4}]


def test_it_is_told_once_a_day() -> None:
    """D22 However long it goes on, and be it somebody else."""
    division = division_of(watched(FULL, "bob"))
    share_out(division, 20)
    division.later(minutes=DAY_MINUTES - 1)
    share_out(division, 20)
    assert len(told(division)) == 1
    division.later(minutes=1)
    share_out(division, 20)
    assert len(told(division)) == 2


def test_turns_are_those_that_somebody_of_their_weight_would_have_had() -> None:
    division = division_of(watched(replace(FULL, weight=0.5), "bob"))
    share_out(division, 9)
    assert told(division) == []
    share_out(division, 1)
    assert told(division) == [{"ann": 4}]


@pytest.mark.parametrize("strategy", ["longest_idle", "ranked"])
def test_where_nobody_has_a_share_nobody_is_behind_it(strategy: Strategy) -> None:
    division = division_of(watched(FULL, "bob", strategy=strategy))
    share_out(division, 20)
    assert told(division) == []
    assert not division.state.skews


def test_where_open_items_decide_it_is_they_that_others_have_more_of() -> None:
    """Who has as many as the others is not behind, however full they are; and nobody is while others close theirs."""
    spec = watched(Membership("ann", max_open=2), "bob", strategy="least_loaded")
    division = division_of(spec)
    for number in range(20):
        if share_out(division, 1) == ["bob"]:
            division.send(closed(f"lead/{number + 1}"))
    assert told(division) == []
    share_out(division, 9)
    assert told(division) == [{"ann": 4}]


def test_whom_the_pool_does_not_prefer_may_fall_behind() -> None:
    """What keeps somebody from their share does not matter."""
    spec = watched("ann", Membership("bob", domain=predicate("country = DE")))
    division = division_of(spec)
    share_out(division, 6)
    assert told(division) == [{"bob": 4}]


def test_time_off_is_no_skew() -> None:
    """Who comes back late and full is counted from then on."""
    division = division_of(watched(FULL, "bob"))
    share_out(division, 3)
    division.away("ann")
    share_out(division, 20)
    division.back("ann")
    share_out(division, 4)
    assert told(division) == []
    share_out(division, 1)
    assert told(division) == [{"ann": 4}]


def test_who_is_switched_off_takes_no_part() -> None:
    division = division_of(watched("ann", "bob"), (*BOSS, *users("ann", active=False)))
    share_out(division, 20)
    assert told(division) == []
    assert not division.state.skews


def test_of_a_large_pool_those_are_looked_at_who_come_first() -> None:
    """And one who is first and full is found behind sixty others."""
    division = division_of(watched(FULL, *(f"p{number:02}" for number in range(60)), after=1))
    share_out(division, 180)
    assert [list(each) for each in told(division)] == [["ann"]]


def test_a_manager_who_gets_the_record_hears_of_it_by_the_next() -> None:
    """D53 Nobody is told twice of one decision, and nothing is lost for that."""
    division = division_of(watched(FULL, "boss", "bob", after=2), users("boss", "bob", notify=("email",)))
    assert share_out(division, 7)[-1] == "boss"
    assert told(division) == []
    assert share_out(division, 1) == ["bob"]
    assert told(division) == [{"ann": 3}]


@pytest.mark.parametrize(
    ("spec", "people"),
    [
        (pool(FULL, "bob", manager="boss"), BOSS),
        (pool(FULL, "bob", skewed_after=3), BOSS),
        (watched(FULL, "bob"), users("boss", notify=())),
        (watched(FULL, "bob"), users("boss", notify=("email",), active=False)),
    ],
)
def test_where_nobody_wants_to_hear_of_it_nothing_is_kept(spec: PoolSpec, people: Sequence[User]) -> None:
    division = division_of(spec, people)
    share_out(division, 20)
    assert told(division) == []
    assert not division.state.skews


def test_below_level_five_nobody_watches() -> None:
    division = division_of(watched(FULL, "bob"))
    division.take_over(parts.at(division.config, 4))
    share_out(division, 20)
    assert told(division) == []
    assert not division.state.skews
    assert parts.at(division.config, 5) is division.config


def test_under_another_configuration_it_is_counted_anew_and_forgotten_with_the_pool() -> None:
    """But not that it was told today."""
    division = division_of(watched(FULL, "bob"))
    share_out(division, 10)
    (known,) = division.state.skews.values()
    assert known.since
    division.configure(watched(FULL, "bob", strategy="least_loaded"))
    assert division.state.skews == {"sales": Skew({}, known.told_ms)}
    share_out(division, 20)
    assert len(told(division)) == 1
    division.configure(pool("eve", id="other"))
    assert not division.state.skews


@given(
    weights=st.lists(st.sampled_from((0.5, 1.0, 2.0, 3.0)), min_size=2, max_size=4),
    strategy=st.sampled_from(("round_robin", "least_loaded")),
    steps=st.lists(st.tuples(st.sampled_from(("serve", "away", "back")), st.integers(0, 3)), max_size=40),
)
def test_who_comes_and_goes_and_can_take_what_comes_never_makes_a_pool_skewed(
    weights: list[float], strategy: Strategy, steps: list[tuple[str, int]]
) -> None:
    """The law: whoever is there and can take a record is level, or on their way."""
    people = [f"p{number}" for number in range(len(weights))]
    members = [Membership(person, weight) for person, weight in zip(people, weights, strict=True)]
    division = division_of(watched(*members, after=1, strategy=strategy))
    for what, who in steps:
        if what == "serve":
            share_out(division, 1)
        elif what == "away":
            division.away(people[who % len(people)])
        else:
            division.back(people[who % len(people)])
    assert told(division) == []


@given(
    steps=st.lists(st.tuples(st.integers(1, 9), st.integers(1, DAY_MINUTES)), max_size=12),
    bound=st.integers(1, 4),
)
def test_a_skewed_pool_is_told_once_a_day_whatever_comes(steps: list[tuple[int, int]], bound: int) -> None:
    """D22 And it is told as soon as a day is over and somebody is chosen."""
    division = division_of(watched(FULL, "bob", after=bound))
    expected, last_ms, turns = 0, 0, 0
    for count, minutes in steps:
        for _ in range(count):
            share_out(division, 1)
            turns += 1
            if turns - 1 > bound and division.now_ms - last_ms >= TOLD_EVERY_MS:
                expected, last_ms = expected + 1, division.now_ms
        division.later(minutes=minutes)
    assert len(told(division)) == expected
