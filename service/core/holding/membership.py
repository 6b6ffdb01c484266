"""Who is in a pool.

Joining order is history: a member keeps their place whatever the order in a file. So who sits in a pool lives in the
state, and a new configuration version is turned into changes once, when the lane switches to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from service.core.configuration import Config, PoolSpec
from service.core.draft import Draft
from service.core.hits import forget_gone
from service.core.holding.presence import is_present, meet_strangers
from service.core.holding.waiting import wake
from service.core.model import Decision, Nothing
from service.core.sharing.eligibility import drained
from service.core.sharing.turns import Entrance
from service.core.state import Changes, Seat, State, seat_field

PACES_PER_STEP: Final = 1_000


def switched(config: Config) -> Decision:
    """That a configuration version is in force from now on."""
    name = f"configuration/{config.version}"
    return Decision(record=name, outcome=Nothing("configuration_switched", config.label))


def switch_steps(state: State, config: Config, now_ms: int) -> Iterator[Changes]:
    """The changes that make the state fit a new configuration version: who joined, who left, what may move again.

    They come pool by pool, so that each step is bounded, and each is made of the state as it is when it is asked for.
    The steps do not depend on each other, and one that was taken before changes nothing: whoever begins again, because
    somebody else could not finish, takes those that are left.
    """
    gone = [PoolSpec(pool, "", ()) for pool in sorted(state.pools.keys() - config.pools.keys())]
    for spec in (*gone, *config.pools.values()):
        draft = Draft(state)
        _seat_members(spec, draft, now_ms)
        yield draft.changes()
    more = True
    while more:
        draft = Draft(state)
        more = forget_gone(draft, config) or meet_strangers(draft, config, now_ms) or _forget_paces(draft, now_ms)
        yield draft.changes()


def _seat_members(spec: PoolSpec, draft: Draft, now_ms: int) -> None:
    """Unseat who left, seat who joined behind the others, in file order; drain, for room may have come of it."""
    before = draft.members_before(spec.id)
    stay = spec.weights.keys() & before
    for person in before:
        if person not in stay:
            _leave(seat_field(spec.id, person), draft)
    if len(stay) < len(spec.members):
        _seat_newcomers(spec, stay, draft)
    _have_sifted(spec.id, draft, now_ms)


def _have_sifted(pool: str, draft: Draft, now_ms: int) -> None:
    """Have the whole line looked through: what does not belong there any more is asked anew, the rest may move."""
    memory = draft.pools.get(pool)
    if memory is None or not memory.waiting:
        return
    memory = draft.pools.edit(pool)
    memory.sifting, memory.scanned = True, None
    wake(pool, draft, now_ms)


def _forget_paces(draft: Draft, now_ms: int) -> bool:
    """Drop what people were given in minutes that are over; whether some are left."""
    over = [person for person, _ in draft.paces.items() if not drained(person, draft, now_ms)]
    for person in over[:PACES_PER_STEP]:
        draft.paces.drop(person)
    return len(over) > PACES_PER_STEP


def _leave(field: str, draft: Draft) -> None:
    seat = draft.seats.edit(field)
    seat.joined = 0
    if not seat.open_items:
        draft.seats.drop(field)


def _seat_newcomers(spec: PoolSpec, stay: Set[str], draft: Draft) -> None:
    """Give those who are no members yet their seats. Of an old seat only its open items count."""
    entrance = Entrance(spec)
    for member, field in zip(spec.members, spec.seats, strict=True):
        seat = draft.seats.get(field)
        if member.person in stay and seat is not None:
            entrance.count_in(member, seat, is_present=is_present(member.person, draft))
    pool = draft.pools.edit(spec.id)
    for member, field in zip(spec.members, spec.seats, strict=True):
        if member.person in stay:
            continue
        pool.joins += 1
        left = draft.seats.get(field)
        seat = Seat(
            served_pass=entrance.start(member),
            last_turn=pool.turn,
            joined=pool.joins,
            open_items=0 if left is None else left.open_items,
        )
        draft.seats.put(field, seat)
        entrance.count_in(member, seat, is_present=is_present(member.person, draft))
