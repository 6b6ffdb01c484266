"""Records that are offered: who is asked to accept them, until when, and who is not asked again.

A pool may have its people accept what it gives them (D15, D50). Whom it chooses has the record at once, as an open item
of theirs, and until a deadline to accept it; then it is handed on, a bounded number of times. Who declined or let it
pass is passed over for this record. What a record said of itself is kept as long as it is offered, as if it waited, and
so is its place: where nobody is left to ask it stands in the pool's line as if it had been there all along.

A reservation is over whenever its record is no open item of that person any more (see `holding.load`).
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding import climbing
from service.core.holding.keeping import forget, keep
from service.core.holding.presence import LEAVE_PREFIX, present_until
from service.core.model import Assigned, Decision
from service.core.parked import Parked, Required
from service.core.pool_spec import PoolSpec
from service.core.reservation import Handing, OfferedBy, Reservation, Spot
from service.core.sharing.attendance import is_there
from service.core.state import Timer
from service.core.telling.timing import Numbers

RESERVATION_PREFIX: Final = "offer/"
"""Begins the name of the timer with which one lapses. It sorts behind `back/`: who is back is there to be asked."""

TAKEN_PER_FIRING: Final = 500
"""Of so many records at once, so that what comes of it fits a record of the log."""

SPOTS_LIMIT: Final = 12
"""Of so many pools it is remembered how often each offered a record, the latest."""


def begin(case: Case, spec: PoolSpec, person: str, *, home: str, named: bool) -> int | None:
    """The record, which `person` has from now on, is offered to them, if the pool has its people accept. Returns when
    they have to answer by (milliseconds). `home` is the pool that was asked first, maybe by an event, as `named` says.
    """
    accepting = spec.accepting
    if accepting is None:
        return None
    handing = case.draft.handings.edit(case.name)
    handing.since_ms = handing.since_ms or case.now_ms
    handing.home, handing.named = home, named
    place = handing.spot(spec.id) or Spot(spec.id, _next_number(spec.id, case.draft))
    _put_spot(handing, place._replace(times=place.times + 1))
    deadline_ms = case.now_ms + accepting.within_ms
    reservation = Reservation(person, spec.id, deadline_ms, correlation_id=case.correlation_id, depth=case.depth)
    case.draft.reservations.put(case.name, reservation)
    case.record.offered = case.record.handed = True
    if case.requires:
        case.draft.required.put(case.name, Required(case.requires))
    keep(case)
    answered_ms = due_ms(reservation, case.draft, case.config, case.now_ms)
    case.draft.timers.put(RESERVATION_PREFIX + case.name, Timer(answered_ms))
    return answered_ms


def note_decisions(decisions: tuple[Decision, ...], draft: Draft, numbers: Numbers) -> None:
    """Remember of what these decisions offer by which of them it is. They will be known by these `numbers`."""
    for number, decision in enumerate(decisions, numbers.first):
        match decision.outcome:
            case Assigned(accept_by_ms=int()) if draft.reservations.get(decision.record) is not None:
                draft.offered_by.put(decision.record, OfferedBy(numbers.id(number)))
            case _:
                pass


def due_ms(reservation: Reservation, draft: Draft, config: Config, now_ms: int) -> int:
    """When a reservation that is to be answered before the deadline is over: maybe earlier, when the person goes."""
    ends_ms = present_until(reservation.person, draft, config, now_ms)
    return reservation.deadline_ms if ends_ms is None else min(reservation.deadline_ms, ends_ms)


def stands(reservation: Reservation, draft: Draft, config: Config, now_ms: int) -> bool:
    """Whether whoever it was made to may still accept it: they are there, and a member of the pool that offers it."""
    user, spec = config.users.get(reservation.person), config.pools.get(reservation.pool)
    is_member = spec is not None and reservation.person in spec.weights
    is_active = user is not None and user.active
    return is_member and is_active and is_there(reservation.person, draft, config, now_ms)


def heed(name: str, draft: Draft, config: Config, now_ms: int) -> None:
    """Under a new configuration, have a reservation looked at when it is over by that: now, where it does not stand.

    The record is not asked: a switch does not load it.
    """
    reservation = draft.reservations.get(name)
    if reservation is None:
        return
    is_standing = stands(reservation, draft, config, now_ms)
    over_ms = due_ms(reservation, draft, config, now_ms) if is_standing else now_ms
    draft.set_timer(RESERVATION_PREFIX + name, over_ms)


def end(case: Case) -> None:
    """The record is not offered any more, for whatever reason."""
    if not case.record.offered:
        return
    case.record.offered = False
    case.draft.reservations.drop(case.name)
    case.draft.offered_by.drop(case.name)
    if not case.draft.required.is_empty:
        case.draft.required.drop(case.name)
    case.draft.timers.drop(RESERVATION_PREFIX + case.name)
    forget(case)


def finish(case: Case) -> None:
    """Somebody has the record for good, or it needs nobody any more. Who is passed over for it stays so, and where it
    is closed while it waits, which pool was named for it: that one is asked when it is open again.
    """
    end(case)
    climbing.drop(case)
    known = case.draft.handings.get(case.name)
    if known is None:
        return
    if known.named and case.record.parked and case.record.closed:
        case.draft.handings.put(case.name, Handing(passed=known.passed, home=known.home, named=True))
    elif known.passed:
        case.draft.handings.put(case.name, Handing(passed=known.passed))
    else:
        drop(case)


def drop(case: Case) -> None:
    """Nothing is remembered of whom this record was offered to."""
    end(case)
    case.draft.handings.drop(case.name)
    case.record.handed = False


def note_passed(case: Case, person: str) -> None:
    """Somebody declined the record, or let it pass."""
    handing = case.draft.handings.edit(case.name)
    if person not in handing.passed:
        handing.passed = (*handing.passed, person)


def remember_place(case: Case, parked: Parked) -> None:
    """The record leaves its line and is about to be offered: should it come back, it comes back to where it stood."""
    handing = case.draft.handings.edit(case.name)
    case.record.handed = True
    handing.since_ms = min(handing.since_ms or parked.since_ms, parked.since_ms)
    handing.waited_ms = handing.waited_ms or parked.since_ms
    handing.named = parked.named
    known = handing.spot(parked.pool)
    _put_spot(handing, Spot(parked.pool, parked.number, 0 if known is None else known.times))


def note_escalated(case: Case, pool: str) -> None:
    """The pool gives the record to somebody else, once."""
    handing = case.draft.handings.edit(case.name)
    handing.escalated = (*handing.escalated, pool)[-SPOTS_LIMIT:]
    handing.waited_ms = 0


def begin_round(case: Case) -> None:
    """Everybody is asked once more."""
    handing = case.draft.handings.edit(case.name)
    handing.passed, handing.rounds = (), handing.rounds + 1
    handing.spots = tuple(each._replace(times=0) for each in handing.spots)


def take_from(person: str, draft: Draft, now_ms: int) -> None:
    """Somebody is not there any more: they lose what they have not accepted, each record by its own timer."""
    names = [name for name in draft.reserved_for(person) if not _is_due(name, draft, now_ms)]
    for name in names[:TAKEN_PER_FIRING]:
        draft.set_timer(RESERVATION_PREFIX + name, now_ms)
    if len(names) > TAKEN_PER_FIRING:
        draft.set_timer(LEAVE_PREFIX + person, now_ms)


def _is_due(name: str, draft: Draft, now_ms: int) -> bool:
    timer = draft.timers.get(RESERVATION_PREFIX + name)
    return timer is not None and timer.due_ms <= now_ms


def _next_number(pool: str, draft: Draft) -> int:
    memory = draft.pools.edit(pool)
    memory.parkings += 1
    return memory.parkings


def _put_spot(handing: Handing, place: Spot) -> None:
    others = [each for each in handing.spots if each.pool != place.pool]
    handing.spots = tuple([*others, place][-SPOTS_LIMIT:])
