"""The rule of turns: who of a pool is next.

Among the eligible, the one with the lowest (load, last turn, joined) is served. Nobody's place is an index, so nothing
shifts when people come and go; stored are people and numbers only.

A *step* is `SCALE / weight`. Each member has a *pass* that grows by a step whenever they are served, whatever the
strategy. The *floor*, the highest pass of all members less `credit` rounds of the lightest one, limits how far behind
somebody may be who was passed over: they catch up that much and no more, so nobody starves and nobody is flooded. How
newcomers get level is for `entry` to say.

All numbers are integers, so that no rounding ever breaks a tie differently on another machine.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

from service.core.draft import Draft
from service.core.pool_spec import Membership, PoolSpec
from service.core.reasons import ExclusionReason
from service.core.seating import Seat
from service.core.sharing.contender import Contender
from service.core.sharing.entry import catching_up, credit, follow, levelled
from service.core.sharing.limits import open_of_members
from service.core.sharing.strategies import STRATEGIES, step
from service.core.state import Open, seat_field

NOBODY_LEFT_OUT: Final[Mapping[str, ExclusionReason]] = {}
"""Everybody can be served."""


def line_up(spec: PoolSpec, draft: Draft, excluded: Mapping[str, ExclusionReason] = NOBODY_LEFT_OUT) -> list[Contender]:
    """All members of the pool with the numbers their order depends on, as configured, not sorted. `excluded`: why those
    who cannot be served now cannot, by person.
    """
    members, seats, lightest = _seated(spec, draft)
    if not seats:
        return []
    floor = max([seat.served_pass for seat in seats]) - credit(spec, lightest)
    late = catching_up(spec, draft)
    counted = [0 if each is None else each.open_items for each in _counted(spec, members, draft)]
    found = contenders(spec, list(zip(members, seats, counted, strict=True)), floor, late, excluded)
    return levelled(found, late, spec, turn_of(spec, draft)) if late else found


def contenders(
    spec: PoolSpec,
    seated: Sequence[tuple[Membership, Seat, int]],
    floor: int,
    late: Container[str],
    excluded: Mapping[str, ExclusionReason],
) -> list[Contender]:
    """Members of the pool, with their seats and how many open items they have, as the order of turns compares them. To
    who is `late` the floor does not apply: they catch up.
    """
    strategy = STRATEGIES[spec.strategy]
    is_by_pass, load = strategy.is_by_pass, strategy.load
    found = []
    for member, seat, open_items in seated:
        person, served = member.person, seat.served_pass
        bound = served if person in late else floor
        effective = served if served > bound else bound
        found.append(
            Contender(
                load=effective if is_by_pass else load(spec, member, effective, open_items),
                last_turn=seat.last_turn,
                joined=seat.joined,
                person=person,
                open_items=open_items,
                effective_pass=effective,
                excluded=excluded.get(person),
            )
        )
    return found


def serve(spec: PoolSpec, chosen: Contender, line: Sequence[Contender], draft: Draft) -> int:
    """Give the turn to who was chosen out of the line, and return its number."""
    name, person = spec.id, chosen.person
    pool = draft.pools.edit(name)
    pool.turn += 1
    turn = pool.turn
    seat = draft.seats.edit(seat_field(name, person))
    seat.served_pass = chosen.effective_pass + step(spec.weights[person])
    seat.last_turn = turn
    follow(spec, line, chosen, turn, draft)
    return turn


def turn_of(spec: PoolSpec, draft: Draft) -> int:
    """The number of the pool's last turn."""
    pool = draft.pools.get(spec.id)
    return 0 if pool is None else pool.turn


def _counted(spec: PoolSpec, members: Sequence[Membership], draft: Draft) -> Sequence[Seat | Open | None]:
    """What says how many open items each of these members has; none: they have none."""
    is_whole = len(members) == len(spec.members)
    fields = spec.counted_fields if is_whole else [spec.counted_in[member.person] for member in members]
    return open_of_members(fields, spec, draft)


def _seated(spec: PoolSpec, draft: Draft) -> tuple[Sequence[Membership], Sequence[Seat], float]:
    """The members who have a seat, their seats, and the lowest weight among them. Newcomers get theirs later."""
    seats = draft.seats.get_all(spec.seats)
    if None not in seats:
        return spec.members, seats, spec.lightest  # type: ignore[return-value]  # none of them is none
    seated = [(member, seat) for member, seat in zip(spec.members, seats, strict=True) if seat is not None]
    lightest = min([member.weight for member, _ in seated], default=1.0)
    return [member for member, _ in seated], [seat for _, seat in seated], lightest
