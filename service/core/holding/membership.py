"""Who is in a pool.

Joining order is history: a member keeps their place whatever the order in a file. So who sits in a pool lives in the
state, and a new configuration version is turned into changes once, when the lane switches to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from typing import Any, Final, NamedTuple

from service.core.catalogue import found_usages, gone_elements, gone_orders, gone_tallies, gone_usages
from service.core.catch_up import CatchUp
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.hits import FORGOTTEN_AT_ONCE, gone_hits
from service.core.holding.clients import having
from service.core.holding.presence import meet_strangers
from service.core.holding.reservations import heed
from service.core.holding.skewing import count_anew
from service.core.holding.waiting import wake
from service.core.model import Decision, Nothing
from service.core.pool_spec import PoolSpec
from service.core.seating import Seat
from service.core.sharing.attendance import is_there
from service.core.sharing.eligibility import drained
from service.core.sharing.entry import Entrance
from service.core.sharing.limits import gone_given, gone_slots
from service.core.sharing.strategies import entry_policy
from service.core.state import ByKind, Changes, State, StateKind, seat_field
from service.core.telling.timing import bring_forward, kept_timers

PACES_PER_STEP: Final = 1_000


def switched(config: Config) -> Decision:
    """That a configuration version is in force from now on."""
    name = f"configuration/{config.version}"
    return Decision(record=name, outcome=Nothing("configuration_switched", config.label))


class SwitchStep(NamedTuple):
    """A part of a switch: what it is about, for people, and how its changes are made."""

    about: str
    make: Callable[[], Changes]

    def changes(self) -> Changes:
        """What it changes. Raises RuntimeError where a record is among it: a switch loads none, so one that it changed
        would be an empty one, written over the one in the memory.
        """
        changes = self.make()
        if "record" in changes:
            raise RuntimeError(f"a switch loads no record and may change none: {sorted(changes['record'])[:3]}")
        return changes


def switch_steps(state: State, config: Config, now_ms: int) -> Iterator[SwitchStep]:
    """The changes that make the state fit a new configuration version: who joined, who left, what may move again.

    They come pool by pool, so that each step is bounded, and each is made of the state as it is when it is asked for.
    The steps do not depend on each other, and one that was taken before changes nothing: whoever begins again, because
    somebody else could not finish, takes those that are left.
    """
    gone = [PoolSpec(pool, "", ()) for pool in sorted(state.pools.keys() - config.pools.keys())]
    for spec in (*gone, *config.pools.values()):
        yield SwitchStep(f"pool/{spec.id}", partial(_seated, spec, state, config, now_ms))
    for spec in gone:
        yield SwitchStep(f"pool/{spec.id}", partial(_dropped, spec.id, state))
    hits = gone_hits(state, config)
    for start in range(0, len(hits), FORGOTTEN_AT_ONCE):
        yield SwitchStep("hits", partial(_without, ByKind.hits, hits[start : start + FORGOTTEN_AT_ONCE], state))
    for about, forget, names in (
        ("workflows", partial(_without, ByKind.workflows), gone_usages(state, config)),
        ("workflows", partial(_without, ByKind.tallies), gone_tallies(state, config)),
        ("workflows", partial(_without, ByKind.orders), gone_orders(state, config)),
        ("catalogue", partial(_without, ByKind.elements), gone_elements(state, config)),
        ("limits", partial(_without, ByKind.given), gone_given(state, config)),
        ("limits", partial(_without, ByKind.slots), gone_slots(state, config)),
        ("workflows", _found, found_usages(state, config)),
        ("offers", partial(_heeded, config, now_ms), sorted(state.reservations)),
        ("notifications", partial(_brought_forward, config, now_ms), kept_timers(state)),
    ):
        for start in range(0, len(names), FORGOTTEN_AT_ONCE):
            yield SwitchStep(about, partial(forget, names[start : start + FORGOTTEN_AT_ONCE], state))
    more = [True]
    while more:
        more.clear()
        yield SwitchStep("people", partial(_met, state, config, now_ms, more))


def _seated(spec: PoolSpec, state: State, config: Config, now_ms: int) -> Changes:
    draft = Draft(state)
    _seat_members(spec, draft, config, now_ms)
    return draft.changes()


def _without(row: StateKind[Any], gone: Sequence[str], state: State) -> Changes:
    """These fields of a kind have no value any more."""
    draft = Draft(state)
    values = draft.values_of(row)
    for field in gone:
        values.drop(field)
    return draft.changes()


def _found(names: Sequence[str], state: State) -> Changes:
    """What these workflows lost they do not use any more."""
    draft = Draft(state)
    for name in names:
        usage = draft.workflows.edit(name)
        usage.lost, usage.lost_ms = "", 0
    return draft.changes()


def _heeded(config: Config, now_ms: int, names: Sequence[str], state: State) -> Changes:
    """Who is to accept these records may be no member any more, or have other hours."""
    draft = Draft(state)
    for name in names:
        heed(name, draft, config, now_ms)
    return draft.changes()


def _brought_forward(config: Config, now_ms: int, names: Sequence[str], state: State) -> Changes:
    """What is kept for people is told when their new quiet hours let it be."""
    draft = Draft(state)
    bring_forward(names, draft, config, now_ms)
    return draft.changes()


def _met(state: State, config: Config, now_ms: int, more: list[bool]) -> Changes:
    """Note some of who is a stranger now, and drop some paces that are over. `more` is filled where others are left."""
    draft = Draft(state)
    if meet_strangers(draft, config, now_ms) or _forget_paces(draft, now_ms):
        more.append(True)
    return draft.changes()


def _seat_members(spec: PoolSpec, draft: Draft, config: Config, now_ms: int) -> None:
    """Unseat who left, seat who joined behind the others, in file order; drain, for room may have come of it."""
    before = draft.members_before(spec.id)
    stay = spec.weights.keys() & before
    for person in before:
        if person not in stay:
            _leave(seat_field(spec.id, person), draft)
    if not (draft.catch_ups.is_empty or entry_policy(spec).catches_up):
        for person in stay:
            draft.catch_ups.drop(seat_field(spec.id, person))
    if len(stay) < len(spec.members):
        present = {person for person in spec.weights if is_there(person, draft, config, now_ms)}
        _seat_newcomers(spec, stay, present, draft)
    count_anew(spec, draft)
    _have_sifted(spec.id, draft, now_ms)


def _have_sifted(pool: str, draft: Draft, now_ms: int) -> None:
    """Have the whole line looked through: what does not belong there any more is asked anew, the rest may move."""
    memory = draft.pools.get(pool)
    if memory is None or not memory.waiting:
        return
    memory = draft.pools.edit(pool)
    memory.sifting, memory.scanned = True, None
    wake(pool, draft, now_ms)


def _dropped(pool: str, state: State) -> Changes:
    """Forget a pool that no target implies any more, unless something waits or is open there."""
    draft = Draft(state)
    memory = draft.pools.get(pool)
    if memory is not None and memory.implied and not memory.waiting and not state.membership.seats_in(pool):
        draft.pools.drop(pool)
    return draft.changes()


def _forget_paces(draft: Draft, now_ms: int) -> bool:
    """Drop what people were given in minutes that are over; whether some are left."""
    over = [person for person, _ in draft.paces.items() if not drained(person, draft, now_ms)]
    for person in over[:PACES_PER_STEP]:
        draft.paces.drop(person)
    return len(over) > PACES_PER_STEP


def _leave(field: str, draft: Draft) -> None:
    draft.catch_ups.drop(field)
    seat = draft.seats.edit(field)
    seat.joined = 0
    if not seat.open_items:
        draft.seats.drop(field)


def _seat_newcomers(spec: PoolSpec, stay: Set[str], present: Set[str], draft: Draft) -> None:
    """Give those who are no members yet their seats. Of an old seat only its open items count."""
    entrance = Entrance(spec, partial(having, spec.id, draft) if spec.plan is not None else None)
    for member, field in zip(spec.members, spec.seats, strict=True):
        seat = draft.seats.get(field)
        if member.person in stay and seat is not None:
            entrance.settled(member, seat, is_present=member.person in present)
    pool = draft.pools.edit(spec.id)
    pool.implied = spec.implied
    for member, field in zip(spec.members, spec.seats, strict=True):
        if member.person in stay:
            continue
        pool.joins += 1
        left = draft.seats.get(field)
        start = entrance.start(member, pool.turn, is_present=member.person in present)
        seat = Seat(
            served_pass=start.served_pass,
            last_turn=start.last_turn,
            joined=pool.joins,
            open_items=0 if left is None else left.open_items,
        )
        draft.seats.put(field, seat)
        if start.catches_up:
            draft.catch_ups.put(field, CatchUp())
