"""Give a record to what a target names, park it where nobody can take it, and let go of it again.

A record in a queue stands in the queue's waiting line like one that waits in a pool, and nobody is given it: a member
takes it by becoming its owner in the CRM.
"""

from __future__ import annotations

from typing import Final, assert_never

from msgspec.structs import replace

from service.core import notify
from service.core.case import Case
from service.core.configuration import PoolSpec
from service.core.draft import Draft
from service.core.eligibility import MINUTE_MS, Situation, choose, listed, next_return
from service.core.model import (
    Assigned,
    Decision,
    Pending,
    PendingReason,
    Queued,
    Rejected,
    Released,
    ReleaseReason,
    Target,
    Trace,
)
from service.core.score import FIELD
from service.core.state import Parked, seat_field
from service.core.turns import serve

DRAIN_PREFIX: Final = "drain/"


def give(case: Case, target: Target, trace: Trace) -> Decision:
    """Assign the record to the target's person, to a member of its pool, or to its queue; reject what cannot be."""
    refused = refusal(target, case)
    if refused is not None:
        return case.conclude(refused, replace(trace, target=target))
    return hand_over(case, target, trace)


def hand_over(case: Case, target: Target, trace: Trace) -> Decision:
    """The same where it is known that the target can take this record."""
    if target.kind == "user":
        return _own(case, Assigned(target.id), replace(trace, target=target))
    spec = case.config.pools[target.id]
    return put_into_queue(case, spec, trace) if spec.is_queue else give_to_pool(case, spec, trace)


def refusal(target: Target, case: Case) -> Rejected | None:
    """Why the target cannot take this record at all, if so."""
    match target.kind:
        case "user":
            user = case.config.users.get(target.id)
            if user is None:
                return Rejected("unknown_user", f"there is no user {target.id}")
            return None if user.active else Rejected("inactive_user", f"the user {target.id} is switched off")
        case "pool":
            spec = case.config.pools.get(target.id)
            if spec is None:
                return Rejected("unknown_pool", f"there is no pool {target.id}")
            return _wrong_type(spec, case)
        case "queue":
            spec = case.config.pools.get(target.id)
            if spec is None or not spec.is_queue:
                return Rejected("unknown_queue", f"there is no queue {target.id}")
            return _wrong_type(spec, case)
        case "plan":
            return Rejected("unknown_plan", f"there is no plan {target.id}")
        case _:
            assert_never(target.kind)


def _wrong_type(spec: PoolSpec, case: Case) -> Rejected | None:
    if spec.record_type == case.record_type:
        return None
    kind = "queue" if spec.is_queue else "pool"
    return Rejected("wrong_record_type", f"{kind} {spec.id} serves {spec.record_type} records")


def give_to_pool(case: Case, spec: PoolSpec, trace: Trace, *, paced: bool = False) -> Decision:
    """Ask whose turn it is in the pool. `paced`: the record was parked and comes with the others that were."""
    choice = choose(Situation(spec, case.config, case.draft, case.now_ms, paced, case.facts))
    candidates, omitted = listed(choice)
    trace = replace(trace, target=spec.target, candidates=candidates, omitted=omitted)
    chosen = choice.chosen
    if chosen is None:
        reason: PendingReason = "nobody_eligible" if choice.seen else "empty_pool"
        _stand_in_line(case, spec.id, queued=False)
        return case.conclude(Pending(spec.id, reason, next_return(choice, case.draft)), trace)
    turn = serve(spec, chosen, case.draft)
    if paced:
        _count_drained(case, spec, chosen.person)
    return _own(case, Assigned(chosen.person, spec.id, turn), trace)


def put_into_queue(case: Case, spec: PoolSpec, trace: Trace) -> Decision:
    """Let the queue own the record, and tell its members where it is to."""
    _stand_in_line(case, spec.id, queued=True)
    told = notify.of_queueing(spec, case.facts, case.config, case.now_ms)
    return case.conclude(Queued(spec.id), replace(trace, target=spec.target), told)


def take(case: Case, person: str, trace: Trace) -> Decision:
    """A member takes the record out of its queue: it is theirs by a human's choice, and counts as their open item."""
    queue = unpark(case)
    case.draft.seats.edit(seat_field(queue, person)).open_items += 1
    case.hold(person, pool=queue)
    return case.conclude(Released(previous="", pool=queue, reason="taken"), trace)


def release(case: Case, reason: ReleaseReason) -> Decision | None:
    """Let go of the record: free its owner's place or stop its waiting. None where we did not hold it."""
    record = case.record
    if record.parked:
        pool = unpark(case)
        return case.conclude(Released(previous="", pool=pool, reason=reason))
    if record.pool:
        _free_seat(case, record.pool, record.owner)
    if not record.by_us:
        record.pool = ""
        return None
    released = Released(previous=record.owner, pool=record.pool, reason=reason)
    case.let_go()
    return case.conclude(released)


def hear_while_waiting(case: Case) -> None:
    """News of a record that waits: its score moves it in its line, its fields may let somebody take it."""
    parked = case.draft.parked.get(case.name)
    if parked is None:
        return
    if FIELD in case.facts and case.score != parked.score:
        case.draft.parked.edit(case.name).score = case.score
    if case.record.facts != case.before.facts and not parked.queued:
        wake(parked.pool, case.draft, case.now_ms)


def wake(pool: str, draft: Draft, now_ms: int) -> None:
    """Have the pool's waiting line looked at, from its beginning."""
    memory = draft.pools.get(pool)
    if memory is None or not memory.waiting:
        return
    if memory.scanned is not None:
        draft.pools.edit(pool).scanned = None
    draft.set_timer(DRAIN_PREFIX + pool, now_ms)


def unpark(case: Case) -> str:
    """Take the record out of its pool's waiting line; return the pool."""
    parked = case.draft.parked.get(case.name)
    assert parked is not None, f"{case.name} is marked as parked and is in no line"
    case.draft.parked.drop(case.name)
    case.draft.pools.edit(parked.pool).waiting -= 1
    case.record.parked = False
    return parked.pool


def _own(case: Case, assigned: Assigned, trace: Trace) -> Decision:
    case.hold(assigned.owner, by_us=True, pool=assigned.pool)
    return case.conclude(assigned, trace, notify.of_assignment(assigned.owner, case.config))


def _stand_in_line(case: Case, pool: str, *, queued: bool) -> None:
    memory = case.draft.pools.edit(pool)
    memory.parkings += 1
    memory.waiting += 1
    parked = Parked(
        pool=pool,
        number=memory.parkings,
        since_ms=case.now_ms,
        score=case.score,
        correlation_id=case.correlation_id,
        depth=case.depth,
        queued=queued,
    )
    case.draft.parked.put(case.name, parked)
    case.let_go()
    case.record.parked = True


def _count_drained(case: Case, spec: PoolSpec, person: str) -> None:
    seat = case.draft.seats.edit(seat_field(spec.id, person))
    minute = case.now_ms // MINUTE_MS
    seat.drained = seat.drained + 1 if seat.minute == minute else 1
    seat.minute = minute


def _free_seat(case: Case, pool: str, person: str) -> None:
    """One open item less. Who has left the pool gives up their seat with the last one."""
    field = seat_field(pool, person)
    seat = case.draft.seats.edit(field)
    seat.open_items -= 1
    if not (seat.open_items or seat.is_taken):
        case.draft.seats.drop(field)
    spec = case.config.pools.get(pool)
    if spec is None or not spec.is_queue:
        wake(pool, case.draft, case.now_ms)
