"""What waits too long: it is given to somebody else, or its age beats every score.

Each record that waits has a timer for either, where its pool says so. Escalating counts from when the record came into
the line and nobody has had it for good since; a pool escalates a record once, so that what it was escalated to may send
it on and two never send it to and fro. Where whom it goes to cannot have it that is said, and it is tried again under
the next configuration, for nothing else can change it.
"""

from __future__ import annotations

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding import reservations
from service.core.holding.assign import ESCALATED, hand_over
from service.core.holding.keeping import cut_of
from service.core.holding.waiting import (
    AGE_PREFIX,
    ask_anew,
    escalation_due,
    is_fit,
    set_clocks,
    unpark,
    waiting_case,
    wake,
)
from service.core.model import Decision, Nothing, Trace
from service.core.parked import OVERDUE
from service.core.targets import refusal
from service.core.telling import notify


def escalate(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The record has waited as long as its pool lets it."""
    parked = draft.parked.get(name)
    spec = None if parked is None else config.pools.get(parked.pool)
    if parked is None or spec is None or spec.escalation is None or parked.queued:
        return ()
    case = waiting_case(name, parked, draft, config, now_ms)
    due_ms = escalation_due(case, parked)
    if not is_fit(case, parked.pool, named=parked.named):
        ask_anew(name, draft, now_ms)
        return ()
    if due_ms is None or due_ms > now_ms:
        set_clocks(case, parked)
        return ()
    target = spec.escalation.to
    refused = refusal(target, case)
    if refused is not None:
        return (case.conclude(Nothing("not_escalated", refused.detail)),)
    trace = Trace(question=ESCALATED, cut=cut_of(case))
    reservations.remember_place(case, parked)
    reservations.note_escalated(case, spec.id)
    unpark(case)
    return (notify.also(hand_over(case, target, trace), notify.of_escalation(spec, config)),)


def grow_old(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The record has waited so long that it comes before all that have not, whatever their score."""
    parked = draft.parked.get(name)
    spec = None if parked is None else config.pools.get(parked.pool)
    if parked is None or spec is None or spec.longest_wait_ms is None:
        return ()
    if parked.since_ms + spec.longest_wait_ms > now_ms:
        draft.set_timer(AGE_PREFIX + name, parked.since_ms + spec.longest_wait_ms)
        return ()
    draft.parked.edit(name).score = OVERDUE
    wake(parked.pool, draft, now_ms)
    return ()
