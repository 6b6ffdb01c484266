"""The waiting line of a pool: who stands in it, who leaves it, and when it is looked at again.

A record in a queue stands in the queue's waiting line like one that waits in a pool, and nobody is given it: a member
takes it by becoming its owner in the CRM.
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.draft import Draft
from service.core.score import FIELD
from service.core.state import Parked

DRAIN_PREFIX: Final = "drain/"
"""Begins the name of the timer that has a pool's line looked at."""


def stand_in_line(case: Case, pool: str, *, queued: bool) -> None:
    """Put the record, which nobody has, at the end of its pool's waiting line. `queued`: the pool owns it."""
    assert not case.record.owner, f"{case.name} has an owner and is to wait"
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
    case.record.parked = True


def unpark(case: Case) -> str:
    """Take the record out of its pool's waiting line; return the pool."""
    parked = case.draft.parked.get(case.name)
    assert parked is not None, f"{case.name} is marked as parked and is in no line"
    case.draft.parked.drop(case.name)
    case.draft.pools.edit(parked.pool).waiting -= 1
    case.record.parked = False
    return parked.pool


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
