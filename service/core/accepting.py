"""What becomes of a record that was offered: it is accepted, declined, or taken back and handed on (D15, D50).

Only the person it is offered to answers, and what they say of another offer of it is late: whatever does not answer the
offer that stands is nothing to do, with the reason. Handing on is giving anew: the pool is asked in the same decision,
so the record never has two owners, and where nobody is left it waits. Whom the record is taken from is told, unless
they declined it themselves.
"""

from __future__ import annotations

from typing import Final

from service.core import plans
from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import RecordEvent, Target
from service.core.holding import climbing, load, reservations
from service.core.holding.assign import give_to_pool, put_into_queue
from service.core.holding.keeping import kept_of, rescore
from service.core.holding.waiting import is_fit
from service.core.model import Decision, Nothing, Released, Trace
from service.core.reasons import ReleaseReason
from service.core.record import NOBODY
from service.core.reservation import Reservation
from service.core.telling import notify

HANDED_ON: Final = "handed_on"
"""The question whose answer is the pool that offered the record to somebody who did not take it."""


def answer(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    """Somebody accepts or declines the record."""
    person = event.person or ""
    reservation = case.draft.reservations.get(case.name)
    if reservation is None or reservation.person != person:
        return (case.conclude(_nothing_to_answer(person, case)),)
    if case.now_ms >= reservation.deadline_ms:
        return (case.conclude(Nothing("offer_over", person)),)
    if _answers_another(event, case):
        return (case.conclude(Nothing("another_offer", person)),)
    if event.kind == "accepted":
        reservations.finish(case)
        return (case.conclude(Nothing("accepted", person)),)
    reservations.note_passed(case, person)
    return _taken_back(case, reservation, "declined", event.reason)


def lapse(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The time is over in which a reservation could be accepted, or whoever it was made to is not there any more, or no
    member.
    """
    reservation = draft.reservations.get(name)
    if reservation is None:
        return ()
    if now_ms < reservation.deadline_ms and reservations.stands(reservation, draft, config, now_ms):
        draft.set_timer(reservations.RESERVATION_PREFIX + name, reservations.due_ms(reservation, draft, config, now_ms))
        return ()
    case = Case(name, draft, config, now_ms, reservation.correlation_id, reservation.depth)
    if now_ms < reservation.deadline_ms:
        return _taken_back(case, reservation, "not_there")
    reservations.note_passed(case, reservation.person)
    return _taken_back(case, reservation, "not_accepted")


def _answers_another(event: RecordEvent, case: Case) -> bool:
    """Whether the event names another offer than the one that stands. What names none, or where it is not known by
    which decision the record was offered, answers the one that stands.
    """
    known = case.draft.offered_by.get(case.name)
    return known is not None and event.decision not in {None, known.decision}


def _nothing_to_answer(person: str, case: Case) -> Nothing:
    """Why somebody's answer counts for nothing."""
    known = case.draft.handings.get(case.name)
    if known is not None and person in known.passed:
        return Nothing("offer_over", person)
    if person == case.record.owner:
        return Nothing("accepted_already", person)
    return Nothing("not_offered", person)


def _taken_back(case: Case, reservation: Reservation, reason: ReleaseReason, said: str = "") -> tuple[Decision, ...]:
    """Nobody has the record; then its pool is asked for the next, or whoever it is for where it does not fit there."""
    case.facts = kept_of(case)
    rescore(case)
    required = None if case.draft.required.is_empty else case.draft.required.get(case.name)
    case.requires = () if required is None else required.traits
    told = () if reason == "declined" else notify.of_withdrawal(reservation.person, case.config)
    load.let_go(case)
    case.record.outstanding = (*case.record.outstanding[-load.OUTSTANDING_CHOICES + 1 :], NOBODY)
    released = case.conclude(Released(reservation.person, reservation.pool, reason, said), Trace(), told)
    return (released, _handed_on(case))


def _handed_on(case: Case) -> Decision:
    """Ask the pool in whose line it would wait, and those that help it out."""
    handing = case.draft.handings.edit(case.name)
    pool, named = handing.home, handing.named
    if not is_fit(case, pool, named=named):
        return plans.as_new(plans.known_way(case), case)
    climbing.settle(case)
    spec = case.config.pools[pool]
    trace = Trace(question=HANDED_ON, target=Target("pool", pool))
    if spec.is_queue:
        return put_into_queue(case, spec, trace, named=named)
    return give_to_pool(case, spec, trace, named=named)
