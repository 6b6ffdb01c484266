"""The rule of turns: who of a pool is next.

Among the eligible, the one with the lowest (load, last turn, joined) is served. Nobody's place is an index, so nothing
shifts when people come and go; stored are people and numbers only.

A *step* is `SCALE / weight`. Each member has a *pass* that grows by a step whenever they are served, whatever the
strategy. The *floor*, the highest pass of all members less `credit` rounds of the lightest one, limits how far behind
somebody may be who was passed over: they catch up that much and no more, so nobody starves and nobody is flooded.

All numbers are integers, so that no rounding ever breaks a tie differently on another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import Final

from service.core.configuration import Membership, PoolSpec, Strategy
from service.core.draft import Draft
from service.core.reasons import ExclusionReason
from service.core.sharing.contender import Contender
from service.core.state import Open, Seat, open_field, seat_field

SCALE: Final = 1_441_440
"""One pass at weight 1. Twice the least common multiple of 1 to 16, so that half a step is whole as well."""


Exclude = Callable[[Membership, Seat, int], ExclusionReason | None]
"""Why a member with so many open items cannot be served now; none: they can."""


@lru_cache(maxsize=1_024)
def step(weight: float) -> int:
    """How far one turn moves a member of this weight."""
    return max(1, round(SCALE / weight))


def _by_pass(effective_pass: int, open_items: int, member: Membership) -> int:
    return effective_pass


def _by_open_items(effective_pass: int, open_items: int, member: Membership) -> int:
    return open_items * step(member.weight)


def _by_rest(effective_pass: int, open_items: int, member: Membership) -> int:
    return 0


LOADS: Final[Mapping[Strategy, Callable[[int, int, Membership], int]]] = {
    "round_robin": _by_pass,
    "least_loaded": _by_open_items,
    "longest_idle": _by_rest,
    "take": _by_pass,
}


def line_up(spec: PoolSpec, draft: Draft, exclude: Exclude | None = None) -> list[Contender]:
    """All members of the pool with the numbers their order depends on, as configured, not sorted."""
    members, seats, lightest = _seated(spec, draft)
    if not seats:
        return []
    lowest = max([seat.served_pass for seat in seats]) - _credit(spec, lightest)
    load = LOADS[spec.strategy]
    found = []
    for member, seat, counted in zip(members, seats, _counted(spec, members, seats, draft), strict=True):
        items = 0 if counted is None else counted.open_items
        effective = seat.served_pass if seat.served_pass > lowest else lowest
        found.append(
            Contender(
                load=load(effective, items, member),
                last_turn=seat.last_turn,
                joined=seat.joined,
                person=member.person,
                open_items=items,
                effective_pass=effective,
                excluded=None if exclude is None else exclude(member, seat, items),
            )
        )
    return found


def serve(spec: PoolSpec, chosen: Contender, draft: Draft) -> int:
    """Give the turn to who was chosen, and return its number."""
    pool = draft.pools.edit(spec.id)
    pool.turn += 1
    seat = draft.seats.edit(seat_field(spec.id, chosen.person))
    seat.served_pass = chosen.effective_pass + step(spec.weights[chosen.person])
    seat.last_turn = pool.turn
    return pool.turn


class Entrance:
    """Where newcomers start under `end_of_ring`: level with the one present who is furthest behind.

    Everything that decides it is kept up as members are counted in, newcomers too: seating takes one look at each.
    """

    __slots__ = ("_highest", "_is_served", "_lightest", "_lowest_present", "_spec")

    def __init__(self, spec: PoolSpec) -> None:
        self._spec = spec
        self._is_served = False
        self._highest: int | None = None
        self._lowest_present: int | None = None
        self._lightest = inf

    def count_in(self, member: Membership, seat: Seat, *, is_present: bool) -> None:
        """The member sits there, and is counted from the next newcomer on."""
        self._is_served = self._is_served or seat.last_turn > 0
        self._lightest = min(self._lightest, member.weight)
        if self._highest is None or seat.served_pass > self._highest:
            self._highest = seat.served_pass
        if is_present and (self._lowest_present is None or seat.served_pass < self._lowest_present):
            self._lowest_present = seat.served_pass

    def start(self, newcomer: Membership) -> int:
        """The pass a newcomer starts with; half a step of their own where nobody was served yet."""
        if self._highest is None or not self._is_served:
            return step(newcomer.weight) // 2
        lowest = self._highest - _credit(self._spec, self._lightest)
        return lowest if self._lowest_present is None else max(lowest, self._lowest_present)


def _credit(spec: PoolSpec, lightest: float) -> int:
    """How far behind the highest pass the floor is: no member, present or not, is further behind the first."""
    return spec.credit * step(lightest)


def _counted(
    spec: PoolSpec, members: Sequence[Membership], seats: Sequence[Seat], draft: Draft
) -> Sequence[Seat | Open | None]:
    """What says how many open items each of these members has, as the pool counts them (D26); none: they have none."""
    if spec.count == "own":
        return seats
    is_whole = len(members) == len(spec.members)
    fields = spec.open_fields if is_whole else [open_field(spec.record_type, member.person) for member in members]
    return draft.open.get_all(fields)


def _seated(spec: PoolSpec, draft: Draft) -> tuple[Sequence[Membership], Sequence[Seat], float]:
    """The members who have a seat, their seats, and the lowest weight among them. Newcomers get theirs later."""
    seats = draft.seats.get_all(spec.seats)
    if None not in seats:
        return spec.members, seats, spec.lightest  # type: ignore[return-value]  # none of them is none
    seated = [(member, seat) for member, seat in zip(spec.members, seats, strict=True) if seat is not None]
    lightest = min([member.weight for member, _ in seated], default=1.0)
    return [member for member, _ in seated], [seat for _, seat in seated], lightest
