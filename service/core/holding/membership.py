"""Who is in a pool, and who is there today.

Joining order is history: a member keeps his place whatever the order in a file. So the members of a pool live in the
state, and a new configuration version is turned into changes once, when the lane switches to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from service.core.configuration import Config, PoolSpec
from service.core.draft import Draft
from service.core.hits import forget_gone
from service.core.holding.waiting import wake
from service.core.model import Decision, MemberEvent, Nothing
from service.core.sharing.turns import entry_pass
from service.core.state import Changes, Person, Pool, Seat, State, Timer, seat_field

RETURN_PREFIX: Final = "back/"
"""Sorts before `drain/`: of those who come back at one time nobody gets what waits before the others are there."""


def change(event: MemberEvent, draft: Draft, config: Config, now_ms: int) -> Decision:
    """Somebody comes or goes. Who comes back gets what waits for him; a known return sets a timer.

    It is remembered of people who are not configured, too: they may be, later, and be away then.
    """
    name = f"member/{event.person}"
    until_ms = event.until_ms if event.availability != "available" else None
    draft.people.put(event.person, Person(event.availability, until_ms))
    draft.timers.drop(RETURN_PREFIX + event.person)
    if until_ms is not None:
        draft.timers.put(RETURN_PREFIX + event.person, Timer(until_ms))
    if event.availability == "available":
        _wake_pools_of(event.person, draft, config, now_ms)
    outcome = Nothing("member_changed", event.availability)
    if event.person not in config.users:
        outcome = Nothing("unknown_user", event.person)
    return Decision(name, outcome, correlation_id=event.correlation_id)


def come_back(person: str, draft: Draft, config: Config, now_ms: int) -> Decision:
    """The time is over until which somebody was away."""
    draft.people.put(person, Person())
    _wake_pools_of(person, draft, config, now_ms)
    return Decision(f"member/{person}", Nothing("member_changed", "available"))


def switched(config: Config) -> Decision:
    """That a configuration version is in force from now on."""
    return Decision(f"configuration/{config.version}", Nothing("configuration_switched", config.label))


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
        more = forget_gone(draft, config)
        yield draft.changes()


def _seat_members(spec: PoolSpec, draft: Draft, now_ms: int) -> None:
    """Unseat who left, seat who joined behind the others, in file order; drain, for room may have come of it."""
    before = draft.pools.get(spec.id) or Pool()
    configured = {member.person: member for member in spec.members}
    for person in before.members:
        if person not in configured:
            _leave(seat_field(spec.id, person), draft)
    joined = before.joins
    newcomers = [member for person, member in configured.items() if person not in before.members]
    carried = [_carry_over(seat_field(spec.id, newcomer.person), draft) for newcomer in newcomers]
    for newcomer, open_items in zip(newcomers, carried, strict=True):
        joined += 1
        start = entry_pass(spec, newcomer, draft, lambda person: _is_present(person, draft))
        draft.seats.put(seat_field(spec.id, newcomer.person), Seat(start, before.turn, joined, open_items))
    stayed = tuple(person for person in before.members if person in configured)
    after = before._replace(joins=joined, members=(*stayed, *(newcomer.person for newcomer in newcomers)))
    if after != before:
        draft.pools.put(spec.id, after)
    wake(spec.id, draft, now_ms)


def _leave(field: str, draft: Draft) -> None:
    seat = draft.seats.get(field)
    if seat is not None and not seat.open_items:
        draft.seats.drop(field)


def _carry_over(field: str, draft: Draft) -> int:
    """Open items of somebody who was here before. His old seat goes first: its pass must not set anybody's start."""
    seat = draft.seats.get(field)
    draft.seats.drop(field)
    return seat.open_items if seat is not None else 0


def _wake_pools_of(person: str, draft: Draft, config: Config, now_ms: int) -> None:
    for pool, spec in config.pools.items():
        memory = draft.pools.get(pool)
        if memory is not None and memory.waiting and person in memory.members and not spec.is_queue:
            wake(pool, draft, now_ms)


def _is_present(person: str, draft: Draft) -> bool:
    known = draft.people.get(person)
    return known is None or known.availability == "available"
