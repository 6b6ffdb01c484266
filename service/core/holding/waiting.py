"""The waiting line of a pool: who stands in it, who leaves it, and when it is looked at again.

A record in a queue stands in the queue's waiting line like one that waits in a pool, and nobody is given it: a member
takes it by becoming its owner in the CRM.
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import Target
from service.core.holding import climbing
from service.core.holding.keeping import forget, keep, kept_of, rescore
from service.core.parked import Parked, Required
from service.core.score import FIELD, score_of
from service.core.sharing.attendance import after_working
from service.core.status import is_closed_while_waiting
from service.core.targets import refusal
from service.core.tracking import together

DRAIN_PREFIX: Final = "drain/"
"""Begins the name of the timer that has a pool's line looked at."""

RISE_PREFIX: Final = "rise/"
"""Begins the name of the timer with which a record that waits is escalated."""

STAY_PREFIX: Final = "stay/"
"""Begins the name of the timer with which a record that waits sets workflows off. It sorts behind all of these."""

AGE_PREFIX: Final = "aged/"
"""Begins the name of the timer from which on a waiting record's age beats every score. It sorts before `drain/`."""

ASK_PREFIX: Final = "ask/"
"""Begins the name of the timer that has the rules asked anew for a record that waits. It sorts before `drain/`."""


def stand_in_line(case: Case, pool: str, *, queued: bool, named: bool) -> tuple[str, ...]:
    """Put the record, which nobody has, at the end of its pool's waiting line. `queued`: the pool owns it; `named`: an
    event named the pool. Returns the names of the fields that were too much to keep.
    """
    assert not case.record.owner, f"{case.name} has an owner and is to wait"
    memory = case.draft.pools.edit(pool)
    memory.implied = case.config.pools[pool].implied
    memory.waiting += 1
    number, since_ms = _place_of(case, pool)
    parked = Parked(
        pool=pool,
        number=number,
        since_ms=since_ms,
        score=case.score,
        correlation_id=case.correlation_id,
        depth=case.depth,
        queued=queued,
        named=named,
    )
    case.draft.parked.put(case.name, parked)
    if case.requires:
        case.draft.required.put(case.name, Required(case.requires))
    case.record.parked = True
    if case.record.handed:
        handing = case.draft.handings.edit(case.name)
        handing.waited_ms = handing.waited_ms or case.now_ms
    set_clocks(case, parked)
    return keep(case)


def _place_of(case: Case, pool: str) -> tuple[int, int]:
    """The record's number in the line, and since when it waits: behind all others and now, but for one that was offered
    before, which has both from then.
    """
    handing = case.handing
    place = None if handing is None else handing.spot(pool)
    since_ms = case.now_ms if handing is None or not handing.since_ms else handing.since_ms
    if place is not None:
        return place.number, since_ms
    memory = case.draft.pools.edit(pool)
    memory.parkings += 1
    return memory.parkings, since_ms


def set_clocks(case: Case, parked: Parked) -> None:
    """Have heeded when the record reaches its next step, when it will have waited too long by its pool's word, and how
    long workflows care for.
    """
    _have_told(case, parked)
    spec = case.config.pools.get(parked.pool)
    if spec is None or parked.queued:
        return
    begins_ms = climbing.begins_ms(case)
    if begins_ms is not None:
        case.draft.set_timer(climbing.STEP_PREFIX + case.name, max(case.now_ms, begins_ms))
    climbing.await_people(case)
    if spec.longest_wait_ms is not None and not parked.is_overdue:
        case.draft.set_timer(AGE_PREFIX + case.name, max(case.now_ms, parked.since_ms + spec.longest_wait_ms))
    due_ms = escalation_due(case, parked)
    if due_ms is not None:
        case.draft.set_timer(RISE_PREFIX + case.name, max(case.now_ms, due_ms))


def _have_told(case: Case, parked: Parked) -> None:
    """Have the next workflow set off that cares for how long a record waits."""
    caring = case.config.workflows.waits.get(case.record_type)
    if not caring:
        return
    acting = case.draft.acting.get(case.name)
    told_ms = acting.waited_ms if acting is not None and acting.since_ms == parked.since_ms else 0
    after_ms = next((each for each in caring if each > told_ms), None)
    if after_ms is not None:
        case.draft.set_timer(STAY_PREFIX + case.name, max(case.now_ms, parked.since_ms + after_ms))


def escalation_due(case: Case, parked: Parked) -> int | None:
    """When the record is given to somebody else (milliseconds); none: it is not, or its pool has done so before.

    A pool of which nobody works for so long, as far as is foreseen, goes by the clock, so that nothing waits for ever.
    """
    spec, handing = case.config.pools[parked.pool], case.handing
    if spec.escalation is None or (handing is not None and parked.pool in handing.escalated):
        return None
    since_ms = parked.since_ms if handing is None else handing.waited_ms or parked.since_ms
    after_ms = spec.escalation.after_ms
    worked_ms = after_working(spec, case.config, since_ms, after_ms) if spec.escalation.in_working_time else None
    return since_ms + after_ms if worked_ms is None else worked_ms


def unpark(case: Case) -> str:
    """Take the record out of its pool's waiting line, with all it said of itself and its timer; return the pool."""
    parked = case.draft.parked.get(case.name)
    assert parked is not None, f"{case.name} is marked as parked and is in no line"
    case.draft.parked.drop(case.name)
    if not case.draft.required.is_empty:
        case.draft.required.drop(case.name)
    for prefix in (ASK_PREFIX, AGE_PREFIX, RISE_PREFIX, STAY_PREFIX, climbing.STEP_PREFIX):
        case.draft.timers.drop(prefix + case.name)
    climbing.await_nobody(case)
    case.draft.pools.edit(parked.pool).waiting -= 1
    case.record.parked = False
    forget(case)
    return parked.pool


def waiting_case(name: str, parked: Parked, draft: Draft, config: Config, now_ms: int) -> Case:
    """A record that waits, as it was when it was last heard of."""
    case = Case(name, draft, config, now_ms, parked.correlation_id, parked.depth)
    required = None if draft.required.is_empty else draft.required.get(name)
    case.requires = () if required is None else required.traits
    facts = kept_of(case)
    score = parked.known_score if parked.score or case.record_type in config.scores else None
    case.facts = facts if score is None or score == score_of(facts) else {**facts, FIELD: score}
    if parked.is_overdue:
        rescore(case)
    return case


def is_fit(case: Case, pool: str, *, named: bool) -> bool:
    """Whether the record may wait in the pool: it is not closed by now, its steps are still configured, and the pool
    can take it and, unless an event `named` it, wants it.
    """
    if climbing.is_gone(case) or is_closed_while_waiting(case) or refusal(Target("pool", pool), case) is not None:
        return False
    domain = case.config.pools[pool].domain
    return named or domain is None or domain.test(case.facts, case.now_ms)


def hear_while_waiting(case: Case) -> None:
    """News of a record that waits: its score moves it in its line, its fields may let somebody take it, or make it one
    that its pool does not want. What is told of one that is offered is kept until it is accepted.
    """
    if case.record.offered:
        case.facts = together(kept_of(case), case.facts)
        keep(case)
        return
    parked = case.draft.parked.get(case.name)
    if parked is None:
        return
    before = case.draft.fields.get(case.name)
    case.facts = together(kept_of(case), case.facts)
    score = rescore(case)
    if score != parked.score and FIELD in case.facts and not parked.is_overdue:
        case.draft.parked.edit(case.name).score = score
    keep(case)
    climbing.await_people(case)
    if not is_fit(case, parked.pool, named=parked.named):
        ask_anew(case.name, case.draft, case.now_ms)
    elif not parked.queued and (case.draft.fields.get(case.name) != before or case.record.facts != case.before.facts):
        wake(parked.pool, case.draft, case.now_ms)
        if climbing.climb_of(case) is not None:
            ask_steps(case)


def ask_steps(case: Case) -> None:
    """Have all steps asked that the record has reached, and whether the wait for the last of them is in vain by now."""
    case.draft.set_timer(climbing.STEP_PREFIX + case.name, case.now_ms)


def ask_anew(name: str, draft: Draft, now_ms: int) -> None:
    """Have the rules, the teams and the default asked for a record that waits where it does not fit."""
    draft.set_timer(ASK_PREFIX + name, now_ms)


def look_by(pool: str, due_ms: int, draft: Draft) -> None:
    """Have the pool's waiting line looked at then, if not before."""
    draft.set_timer(DRAIN_PREFIX + pool, due_ms)


def wake(pool: str, draft: Draft, due_ms: int) -> None:
    """Have the pool's waiting line looked at, from its beginning, now or later."""
    memory = draft.pools.get(pool)
    if memory is None or not memory.waiting:
        return
    if memory.scanned is not None and not memory.sifting:
        draft.pools.edit(pool).scanned = None
    look_by(pool, due_ms, draft)


def wake_served_by(pool: str, config: Config, draft: Draft, due_ms: int) -> None:
    """Somebody of the pool can take records again: have all lines looked at from which they may."""
    for name in config.served.get(pool, (pool,)):
        wake(name, draft, due_ms)
