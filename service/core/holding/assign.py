"""Give a record to what a target names, park it where nobody can take it, and let go of it again."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from service.core.case import NO_TRACE, Case
from service.core.events import Target
from service.core.holding import climbing, load, reservations, skewing
from service.core.holding.asking import Taker, find, why_pending
from service.core.holding.clients import enter
from service.core.holding.waiting import look_by, stand_in_line, unpark
from service.core.model import (
    Assigned,
    Decision,
    Nothing,
    Pending,
    Queued,
    Released,
    Trace,
)
from service.core.pool_spec import PoolSpec
from service.core.reasons import ReleaseReason
from service.core.record import Record
from service.core.rule_sets import Ladder
from service.core.sharing.eligibility import MINUTE_MS, drained, limits_of_pool, listed
from service.core.sharing.limits import note_given
from service.core.sharing.linked import Linked
from service.core.sharing.turns import serve
from service.core.state import Pace
from service.core.targets import refusal
from service.core.telling import notify

EXPLICIT: Final = "explicit_target"
"""The question that an event answers itself, by naming a pool or queue."""

REOPENED: Final = "reopened"
"""The question whose answer is the pool that an event named before the record was closed."""

ESCALATED: Final = "escalated"
"""The question whose answer is whom a pool has what waited too long given to."""

WORKFLOW: Final = "workflow"
"""The question whose answer is whom a workflow gives the record to."""

NAMING: Final = frozenset({EXPLICIT, REOPENED, ESCALATED})
"""Whom these lead to takes the record whatever its condition says."""


def give(case: Case, target: Target, trace: Trace) -> Decision:
    """Assign the record to the target's person, to a member of its pool, or to its queue; reject what cannot be."""
    refused = refusal(target, case)
    if refused is not None:
        return case.conclude(refused, replace(trace, target=target))
    return hand_over(case, target, trace)


def hand_over(case: Case, target: Target, trace: Trace) -> Decision:
    """The same where it is known that the target can take this record. It is on no step of another target any more."""
    climbing.drop(case)
    if target.kind == "user":
        return _own(case, Assigned(target.id), replace(trace, target=target))
    spec = case.config.pools[target.id]
    return put_into_queue(case, spec, trace) if spec.is_queue else give_to_pool(case, spec, trace)


def give_in_steps(case: Case, ladder: Ladder, trace: Trace) -> Decision:
    """Ask the steps of the target that the record has reached: the first, and those behind it for which nothing waits;
    or those on which it is.
    """
    climbing.begin(case, ladder)
    return give_to_pool(case, case.config.pools[climbing.home(case, ladder)], trace)


def give_to_pool(case: Case, spec: PoolSpec, trace: Trace, *, paced: bool = False, named: bool = False) -> Decision:
    """Ask whose turn it is in the pool. `paced`: the record was parked and comes with the others that were; `named`: an
    event named the pool. What came by a tool or offer is in the plan already.
    """
    named = named or trace.question in NAMING
    if spec.plan is not None and not trace.through:
        enter(case, spec.id, trace.question)
    found = find(case, spec, paced=paced)
    trace = _seen(case, found, trace)
    choice, taken_from = found.choice, found.spec
    chosen = choice.chosen
    if chosen is not None:
        if found.is_open_to_all and case.handing is not None:
            reservations.begin_round(case)
        turn, person = serve(taken_from, chosen, choice.seen, case.draft), chosen.person
        if paced:
            _count_drained(case, person)
        assigned = Assigned(person, taken_from.id, turn)
        if found.is_last_resort:
            decision = _own(case, assigned, trace)
        else:
            decision = _offer(case, taken_from, assigned, trace, home=spec.id, named=named)
        return skewing.heeded(case, taken_from, choice, decision)
    if found.resort is not None:
        if paced and found.resort.kind == "user":
            _count_drained(case, found.resort.id)
        return hand_over(case, found.resort, trace)
    cut = stand_in_line(case, spec.id, queued=False, named=named)
    trace = replace(trace, cut=cut) if cut else trace
    next_try_ms, is_timed = found.later
    if is_timed and next_try_ms is not None:
        look_by(spec.id, next_try_ms, case.draft)
    pending = Pending(spec.id, why_pending(case, found), next_try_ms)
    return case.conclude(pending, trace, notify.of_waiting(spec, case.config))


def give_linked(case: Case, linked: Linked, trace: Trace) -> Decision:
    """Give the record to who knows it already. That is nobody's turn, unless the plan or the rule says that it is."""
    spec, chosen = linked.spec, linked.chosen
    climbing.drop(case)
    candidates, omitted = listed(linked.choice, linked.situation)
    trace = replace(trace, target=spec.target, candidates=candidates, omitted=omitted)
    trace = replace(trace, link=linked.link, contacted_ms=linked.contacted_ms, limits=limits_of_pool(linked.situation))
    trace = replace(trace, size=linked.situation.sought.size)
    turn = serve(spec, chosen, linked.choice.seen, case.draft) if linked.counts_as_turn else 0
    named = trace.question in NAMING
    return _offer(case, spec, Assigned(chosen.person, spec.id, turn), trace, home=spec.id, named=named)


def put_into_queue(case: Case, spec: PoolSpec, trace: Trace, *, named: bool = False) -> Decision:
    """Let the queue own the record, and tell its members where it is to. `named`: an event named the queue."""
    cut = stand_in_line(case, spec.id, queued=True, named=named or trace.question in NAMING)
    trace = replace(trace, cut=cut) if cut else trace
    chooser = case.actor if trace.question == EXPLICIT else ""
    told = notify.of_queueing(spec, case.facts, chooser, case.config, case.now_ms)
    return case.conclude(Queued(spec.id), replace(trace, target=spec.target), told)


def take(case: Case, person: str, trace: Trace) -> Decision:
    """A member takes the record out of its queue: it is theirs by a human's choice, and counts as their open item."""
    queue = unpark(case)
    load.hold(case, person, pool=queue)
    return case.conclude(Released(previous="", pool=queue, reason="taken"), trace)


def give_back(case: Case, former: Record) -> Decision:
    """The record is back from its deletion, and whoever had it has it again (D34). That is nobody's turn."""
    load.hold(case, former.owner, by_us=former.by_us, pool=former.pool)
    return tell_owed(case) if former.by_us else case.conclude(Nothing("owner_kept", former.owner))


def keep_closed(case: Case, former: Record) -> Decision:
    """The same of a record that is back closed: while it is, nobody is given it, and that whom we had chosen has it
    again is still to be published.
    """
    load.hold(case, former.owner, by_us=former.by_us, pool=former.pool)
    case.record.owed = former.by_us
    return case.conclude(Nothing("closed", former.owner))


def tell_owed(case: Case) -> Decision:
    """Publish that the record has its owner again, after its deletion said that they had it no more."""
    case.record.owed, owner = False, case.record.owner
    told = notify.of_assignment(owner, case.config)
    return case.conclude(Assigned(owner), Trace(target=Target("user", owner)), told)


def close(case: Case) -> Decision | None:
    """The record is closed: its owner keeps it and has room for another, and where it waited it waits no more."""
    if case.record.parked:
        return release(case, "closed")
    reservations.finish(case)
    load.count_off(case)
    return None


def release(case: Case, reason: ReleaseReason) -> Decision | None:
    """Let go of the record: free its owner's place or stop its waiting. None where it was not ours to give, or where
    its deletion said so already: then its owner hears of it by what is decided next.
    """
    record = case.record
    reservations.finish(case)
    if record.parked:
        pool = unpark(case)
        return case.conclude(Released(previous="", pool=pool, reason=reason))
    is_published = record.by_us and not record.owed
    released = Released(previous=record.owner, pool=record.pool, reason=reason)
    load.let_go(case)
    told = notify.of_loss(released.previous, reason, case.actor, case.config)
    if is_published:
        return case.conclude(released, NO_TRACE, told)
    case.bereft = tuple(replace(each, word=reason) for each in told)
    return None


def _seen(case: Case, found: Taker, trace: Trace) -> Trace:
    """The trace with who was looked at, where, and on which steps the record is."""
    situation, choice, spec, asked = found.situation, found.choice, found.spec, found.asked
    candidates, omitted = listed(choice, situation)
    return replace(
        trace,
        target=spec.target,
        candidates=candidates,
        omitted=omitted,
        not_looked_at=choice.not_looked_at,
        limits=limits_of_pool(situation),
        steps=climbing.steps_seen(case),
        asked=asked if len(asked) > 1 or (asked and found.is_somebody) else (),
        size=situation.sought.size,
    )


def _offer(case: Case, spec: PoolSpec, assigned: Assigned, trace: Trace, *, home: str, named: bool) -> Decision:
    """Somebody has the record from now on, and is to accept it where their pool says so."""
    _give(case, assigned)
    accept_by_ms = reservations.begin(case, spec, assigned.owner, home=home, named=named)
    if accept_by_ms is None:
        reservations.finish(case)
        return case.conclude(assigned, trace, notify.of_assignment(assigned.owner, case.config))
    offered = replace(assigned, accept_by_ms=accept_by_ms)
    return case.conclude(offered, trace, notify.of_reservation(assigned.owner, case.config))


def _own(case: Case, assigned: Assigned, trace: Trace) -> Decision:
    _give(case, assigned)
    reservations.finish(case)
    return case.conclude(assigned, trace, notify.of_assignment(assigned.owner, case.config))


def _give(case: Case, assigned: Assigned) -> None:
    """Somebody has the record by our choice, which counts for their limits and those of the pool."""
    load.hold(case, assigned.owner, by_us=True, pool=assigned.pool)
    spec = case.config.pools[assigned.pool] if assigned.pool else None
    note_given(case.config.limits.concerned(spec, assigned.owner, case.record_type), case.draft, case.now_ms)


def _count_drained(case: Case, person: str) -> None:
    has_had = drained(person, case.draft, case.now_ms)
    case.draft.paces.put(person, Pace(case.now_ms // MINUTE_MS, has_had + 1))
