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
from typing import Final

from service.core.configuration import Membership, PoolSpec, Strategy
from service.core.draft import Draft
from service.core.model import Candidate, ExclusionReason
from service.core.state import Pool, Seat, seat_field

SCALE: Final = 1_441_440
"""One pass at weight 1. Twice the least common multiple of 1 to 16, so that half a step is whole as well."""


Exclude = Callable[[Membership, Seat], ExclusionReason | None]
"""Why a member cannot be served now; none: he can."""


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


def floor(seats: Sequence[Seat], lightest: float, credit: int) -> int:
    """The lowest pass that counts: no member, present or not, is further behind the first than `credit` rounds."""
    return max([seat.served_pass for seat in seats]) - credit * step(lightest)


def line_up(spec: PoolSpec, draft: Draft, exclude: Exclude | None = None) -> list[Candidate]:
    """All members of the pool with the numbers their order depends on, as configured, not sorted."""
    members, seats, lightest = _seated(spec, draft)
    if not seats:
        return []
    lowest = floor(seats, lightest, spec.credit)
    load = LOADS[spec.strategy]
    found = []
    for member, seat in zip(members, seats, strict=True):
        effective = seat.served_pass if seat.served_pass > lowest else lowest
        excluded = None if exclude is None else exclude(member, seat)
        found.append(
            Candidate(
                load(effective, seat, member),
                seat.last_turn,
                seat.joined,
                member.person,
                excluded,
                seat.open_items,
                effective,
            )
        )
    return found


def serve(spec: PoolSpec, chosen: Candidate, draft: Draft) -> int:
    """Give the turn to who was chosen, with one more open item, and return the turn's number."""
    pool = draft.pools.get(spec.id) or Pool()
    turn = pool.turn + 1
    draft.pools.put(spec.id, Pool(turn, *pool[1:]))
    field = seat_field(spec.id, chosen.person)
    seat = draft.seats.get(field)
    assert seat is not None, f"{field} is a candidate and has no seat"
    served_pass = chosen.effective_pass + step(spec.weights[chosen.person])
    draft.seats.put(field, Seat(served_pass, turn, seat.joined, seat.open_items + 1, seat.minute, seat.drained))
    return turn


def entry_pass(spec: PoolSpec, newcomer: Membership, draft: Draft, present: Callable[[str], bool]) -> int:
    """Where a newcomer starts under `end_of_ring`: level with the one present who is furthest behind."""
    seated = line_up(spec, draft)
    if not any(each.last_turn for each in seated):
        return step(newcomer.weight) // 2
    passes = [each.effective_pass for each in seated if present(each.person)]
    if passes:
        return min(passes)
    _, seats, lightest = _seated(spec, draft)
    return floor(seats, lightest, spec.credit)


def _seated(spec: PoolSpec, draft: Draft) -> tuple[Sequence[Membership], Sequence[Seat], float]:
    """The members who have a seat, their seats, and the lowest weight among them. Newcomers get theirs later."""
    seats = draft.seats.get_all(spec.seats)
    if None not in seats:
        return spec.members, seats, spec.lightest  # type: ignore[return-value]  # none of them is none
    seated = [(member, seat) for member, seat in zip(spec.members, seats, strict=True) if seat is not None]
    lightest = min([member.weight for member, _ in seated], default=1.0)
    return [member for member, _ in seated], [seat for _, seat in seated], lightest
