"""Seating takes one look at each member, and gives everybody the seat that looking at all of them again gave."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from service.core.draft import Draft
from service.core.person import Person
from service.core.pool_spec import Membership, PoolSpec
from service.core.seating import Seat
from service.core.sharing.strategies import step
from service.core.sharing.turns import line_up, serve
from service.core.state import State, seat_field
from tests.core.build import START_MS, absent, config, pool, switch

SEEDS = range(300)


def seated_one_by_one(spec: PoolSpec, state: State) -> dict[str, Seat]:
    """The rule as it reads: before each newcomer sits down, everybody in the pool is looked at anew."""
    before = state.pools.get(spec.id)
    joins, turn = (0, 0) if before is None else (before.joins, before.turn)
    seats = dict(state.seats)
    members = {member.person: member for member in spec.members}
    there = {
        person: seats[seat_field(spec.id, person)] for person in state.membership.members(spec.id) if person in members
    }
    for person, member in members.items():
        if person in there:
            continue
        joins += 1
        left = seats.get(seat_field(spec.id, person))
        there[person] = Seat(
            served_pass=_start(spec, member, [(members[one], seat) for one, seat in there.items()], state),
            last_turn=turn,
            joined=joins,
            open_items=0 if left is None else left.open_items,
        )
    return there


def _start(spec: PoolSpec, newcomer: Membership, seated: Sequence[tuple[Membership, Seat]], state: State) -> int:
    if not any(seat.last_turn for _, seat in seated):
        return step(newcomer.weight) // 2
    lightest = min(member.weight for member, _ in seated)
    floor = max(seat.served_pass for _, seat in seated) - spec.credit * step(lightest)
    people = state.people
    present = [seat for member, seat in seated if people.get(member.person, Person()).is_present]
    return min([max(seat.served_pass, floor) for seat in present], default=floor)


@pytest.mark.parametrize("seed", SEEDS)
def test_newcomers_start_where_looking_at_everybody_anew_puts_them(seed: int) -> None:
    """D1 In histories of joins, leaves, absences and turns, with weights, credit and open items carried over."""
    rng = random.Random(seed)
    state = State()
    people = [f"m{number}" for number in range(12)]
    credit = rng.choice([0, 1, 1, 4])
    for version in range(1, 15):
        members = [
            Membership(name, weight=rng.choice([1, 1, 2, 0.5, 3])) for name in rng.sample(people, rng.randint(0, 9))
        ]
        spec = pool(*members, credit=credit)
        expected = seated_one_by_one(spec, state)
        state.apply(switch(state, config(spec, version=version), START_MS).changes)
        assert {person: state.seats[seat_field(spec.id, person)] for person in expected} == expected
        assert state.membership.members(spec.id) == sorted(expected, key=lambda person: expected[person].joined)
        for _ in range(rng.choice([0, 0, 3, 20])):
            _serve_somebody(spec, state, rng)
        people_away = {person: absent("away") if rng.random() < 0.5 else Person() for person in rng.sample(people, 3)}
        state.apply({"person": people_away})


def _serve_somebody(spec: PoolSpec, state: State, rng: random.Random) -> None:
    """One turn among some of the members, whoever is there."""
    draft = Draft(state)
    line = line_up(spec, draft)
    if line:
        serve(spec, min(rng.sample(line, rng.randint(1, len(line)))), line, draft)
        state.apply(draft.changes())
