"""What waits moves on: parked records of a pool are given out, in order and at a pace, when its time has come."""

from __future__ import annotations

import heapq
from math import inf
from typing import Final

from service.core.case import Case
from service.core.configuration import Config, PoolSpec
from service.core.draft import Draft
from service.core.holding.assign import give_to_pool, put_into_queue
from service.core.holding.waiting import DRAIN_PREFIX, unpark
from service.core.model import Decision, Target, Trace
from service.core.score import FIELD
from service.core.sharing.eligibility import MINUTE_MS, Situation, choose
from service.core.state import Parked, Pool
from service.core.targets import refusal
from service.core.tracking import recall

DRAINED_PER_FIRING: Final = 50
"""So many parked records move when one timer goes off; the rest have to wait for it to go off again."""

LOOKED_AT_PER_FIRING: Final = 500
"""So many are looked at when one timer goes off. Where none of them can move, the next firing goes on behind them."""


Waiting = tuple[str, Parked]
"""A record's name, and its place in the line."""


def drain(pool: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """Assign parked records of a pool, best score first, then oldest, while somebody has room and keeps his pace.

    Where members have domains of their own, a record that nobody can take now does not stop those behind it. A pool
    that was removed or serves another record type by now sends its records away, with the reason; one that became a
    queue owns them from then on.
    """
    spec = config.pools.get(pool)
    line = _line(pool, draft, has_queued=spec is None or not spec.is_queue)
    are_alike = spec is None or not spec.has_domains
    decisions: list[Decision] = []
    stuck: set[tuple[str, float]] = set()
    for name, parked in line:
        case = _case_of(name, parked, draft, config, now_ms)
        kind = (case.record.facts, parked.score)
        if kind in stuck:
            continue
        decision = _move(case, parked)
        if decision is not None:
            decisions.append(decision)
        elif are_alike:
            break
        else:
            stuck.add(kind)
        if len(decisions) == DRAINED_PER_FIRING:
            _look_again(pool, (), draft, now_ms)
            return tuple(decisions)
    if len(line) == LOOKED_AT_PER_FIRING and not are_alike:
        _look_again(pool, _place(line[-1][1]), draft, now_ms)
    else:
        _rest(pool, spec, draft, now_ms)
    return tuple(decisions)


def _move(case: Case, parked: Parked) -> Decision | None:
    """Take the record out of its line, if anything can be done with it now.

    What lay in a queue that is none any more waits from now on, if nobody can take it.
    """
    target = Target("pool", parked.pool)
    trace = Trace("parked", target=target)
    refused = refusal(target, case)
    if refused is not None:
        unpark(case)
        return case.conclude(refused, trace)
    spec = case.config.pools[parked.pool]
    if spec.is_queue:
        unpark(case)
        return put_into_queue(case, spec, trace)
    situation = Situation(spec, case.config, case.draft, case.now_ms, paced=True, facts=case.facts)
    if choose(situation).chosen is None and not parked.queued:
        return None
    unpark(case)
    return give_to_pool(case, spec, trace, paced=True)


def _look_again(pool: str, behind: tuple[float, ...], draft: Draft, now_ms: int) -> None:
    """Have the timer go off at once, for the rest of the line: behind this place, or from its beginning."""
    memory = draft.pools.get(pool) or Pool()
    if behind != memory.scanned:
        draft.pools.put(pool, memory._replace(scanned=behind))
    if memory.waiting:
        draft.set_timer(DRAIN_PREFIX + pool, now_ms)


def _rest(pool: str, spec: PoolSpec | None, draft: Draft, now_ms: int) -> None:
    """Nobody can take what still waits: go on with the next minute's share, or when somebody returns or has room."""
    memory = draft.pools.get(pool) or Pool()
    if memory.scanned:
        draft.pools.put(pool, memory._replace(scanned=()))
    if spec is not None and memory.waiting and _is_anybody_paced(spec, draft, now_ms):
        draft.set_timer(DRAIN_PREFIX + pool, (now_ms // MINUTE_MS + 1) * MINUTE_MS)


def _is_anybody_paced(spec: PoolSpec, draft: Draft, now_ms: int) -> bool:
    """Whether a member has had his share of waiting records for this minute."""
    seats = draft.seats.get_all(spec.seats)
    minute = now_ms // MINUTE_MS
    return any(seat is not None and seat.minute == minute and seat.drained >= spec.drain_per_minute for seat in seats)


def _case_of(name: str, parked: Parked, draft: Draft, config: Config, now_ms: int) -> Case:
    """The record as it was when it was last heard of."""
    case = Case(name, draft, config, now_ms, parked.correlation_id, parked.depth)
    facts = recall(case.record.facts)
    is_scored = parked.score or case.record_type in config.scores
    case.facts = {**facts, FIELD: parked.score} if is_scored else facts
    return case


def _line(pool: str, draft: Draft, *, has_queued: bool) -> list[Waiting]:
    """The next records in the pool's waiting line, behind the place up to which it was looked at before.

    `has_queued`: those that lie in a queue are among them; the pool was one.
    """
    behind = (draft.pools.get(pool) or Pool()).scanned or (-inf, 0)
    waiting = (
        (name, parked)
        for name, parked in draft.parked.items()
        if parked.pool == pool and (has_queued or not parked.queued) and _place(parked) > behind
    )
    return heapq.nsmallest(LOOKED_AT_PER_FIRING, waiting, key=lambda item: _place(item[1]))


def _place(parked: Parked) -> tuple[float, float]:
    return -parked.score, parked.number
