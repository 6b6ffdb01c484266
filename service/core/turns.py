"""The rule of turns: who of a pool is next.

Among the eligible, the one with the lowest (load, last turn, joined) is served. Nobody's place is an index, so nothing
shifts when people come and go; stored are people and numbers only.

A *step* is `SCALE / weight`. Each member has a *pass* that grows by a step whenever he is served, whatever the
strategy. The *floor*, the highest pass of all members less `credit` rounds of the lightest one, limits how far behind
somebody may be who was passed over: he catches up that much and no more, so nobody starves and nobody is flooded.

All numbers are integers, so that no rounding ever breaks a tie differently on another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from service.core.configuration import Membership, PoolSpec, Strategy
from service.core.draft import Draft
from service.core.state import Pool, Seat, seat_field

SCALE: Final = 1_441_440
"""One pass at weight 1. Twice the least common multiple of 1 to 16, so that half a step is whole as well."""


class Place(NamedTuple):
    """A member as the order sees him. Places compare as the rule says: load, last turn, joined."""

    load: int
    last_turn: int
    joined: int
    person: str
    effective_pass: int
    seat: Seat
    member: Membership


@lru_cache(maxsize=1_024)
def step(weight: float) -> int:
    """How far one turn moves a member of this weight."""
    return max(1, round(SCALE / weight))


def _by_pass(effective_pass: int, seat: Seat, member: Membership) -> int:
    return effective_pass


def _by_open_items(effective_pass: int, seat: Seat, member: Membership) -> int:
    return seat.open_items * step(member.weight)


def _by_rest(effective_pass: int, seat: Seat, member: Membership) -> int:
    return 0


LOADS: Final[Mapping[Strategy, Callable[[int, Seat, Membership], int]]] = {
    "round_robin": _by_pass,
    "least_loaded": _by_open_items,
    "longest_idle": _by_rest,
    "take": _by_pass,
}


def floor(seats: Sequence[Seat], members: Sequence[Membership], credit: int) -> int:
    """The lowest pass that counts: no member, present or not, is further behind the first than `credit` rounds."""
    lightest = min([member.weight for member in members])
    return max([seat.served_pass for seat in seats]) - credit * step(lightest)


def places(spec: PoolSpec, draft: Draft) -> list[Place]:
    """All members of the pool with the numbers their order depends on, as configured, not sorted."""
    seats = draft.seats.get_all(spec.seats)
    seated = [(member, seat) for member, seat in zip(spec.members, seats, strict=True) if seat is not None]
    if not seated:
        return []
    lowest = floor([seat for _, seat in seated], [member for member, _ in seated], spec.credit)
    load = LOADS[spec.strategy]
    found = []
    for member, seat in seated:
        effective = seat.served_pass if seat.served_pass > lowest else lowest
        found.append(
            Place(load(effective, seat, member), seat.last_turn, seat.joined, member.person, effective, seat, member)
        )
    return found


def serve(spec: PoolSpec, place: Place, draft: Draft) -> int:
    """Give the turn to `place`, with one more open item, and return the turn's number."""
    pool = draft.pools.get(spec.id) or Pool()
    turn = pool.turn + 1
    draft.pools.put(spec.id, Pool(turn, *pool[1:]))
    seat = place.seat
    draft.seats.put(
        seat_field(spec.id, place.person),
        Seat(
            place.effective_pass + step(place.member.weight),
            turn,
            seat.joined,
            seat.open_items + 1,
            seat.minute,
            seat.drained,
        ),
    )
    return turn


def entry_pass(spec: PoolSpec, newcomer: Membership, draft: Draft, present: Callable[[str], bool]) -> int:
    """Where a newcomer starts under `end_of_ring`: level with the one present who is furthest behind."""
    seated = places(spec, draft)
    if not seated or all(place.seat.last_turn == 0 for place in seated):
        return step(newcomer.weight) // 2
    passes = [place.effective_pass for place in seated if present(place.person)]
    if passes:
        return min(passes)
    return floor([place.seat for place in seated], [place.member for place in seated], spec.credit)
