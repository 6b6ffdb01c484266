"""One record that waits: whether it can move now, and when time alone may let somebody take more of its line.

In which order records are asked about is not decided here (see `draining`).
"""

from __future__ import annotations

from collections.abc import Iterator

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import Target
from service.core.given import ON_HOLD, USUAL
from service.core.holding import reservations
from service.core.holding.asking import find
from service.core.holding.assign import give_to_pool, put_into_queue
from service.core.holding.climbing import climb_of, settle
from service.core.holding.keeping import cut_of
from service.core.holding.waiting import ask_anew, is_fit, look_by, set_clocks, unpark, waiting_case
from service.core.model import Decision, Trace
from service.core.parked import Parked
from service.core.pool_spec import PoolSpec
from service.core.sharing.attendance import next_shift
from service.core.sharing.choosing import look_at_all
from service.core.sharing.eligibility import MINUTE_MS, Situation, Sought, drained, next_chance


def move(case: Case, parked: Parked) -> Decision | None:
    """Take the record out of its line, if anything can be done with it now.

    What lay in a queue that is none any more waits from now on, if nobody can take it.
    """
    trace = Trace(question="parked", target=Target("pool", parked.pool), cut=cut_of(case))
    spec = case.config.pools[parked.pool]
    if spec.is_queue:
        unpark(case)
        return put_into_queue(case, spec, trace, named=parked.named)
    if not (parked.queued or find(case, spec, paced=True).is_somebody):
        return None
    if spec.accepting is not None or parked.pool in case.config.takers:
        reservations.remember_place(case, parked)
    unpark(case)
    return give_to_pool(case, spec, trace, paced=True, named=parked.named)


def ask_reached(name: str, parked: Parked, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...] | None:
    """What comes of asking all whom the record has reached on its steps; none: it does not belong there, and is asked
    anew.
    """
    case = waiting_case(name, parked, draft, config, now_ms)
    if climb_of(case) is None:
        return ()
    if not is_fit(case, parked.pool, named=parked.named):
        ask_anew(name, draft, now_ms)
        return None
    settle(case)
    decision = move(case, parked)
    if decision is not None:
        return (decision,)
    set_clocks(case, parked)
    look_in_time(config.pools[parked.pool], draft, config, now_ms)
    return ()


def look_in_time(spec: PoolSpec, draft: Draft, config: Config, now_ms: int) -> None:
    """Have the pool's line looked at when time alone may let somebody take more of it."""
    for taker in (spec, *(config.pools[name] for name in config.takers.get(spec.id, ()))):
        for again_ms in _chances(taker, draft, config, now_ms):
            look_by(spec.id, again_ms, draft)


def _chances(spec: PoolSpec, draft: Draft, config: Config, now_ms: int) -> Iterator[int]:
    """When somebody of the pool may take more because time has passed."""
    if _is_anybody_paced(spec, draft, now_ms):
        yield (now_ms // MINUTE_MS + 1) * MINUTE_MS
    if spec.is_queue:
        return
    shift_ms = next_shift(spec, draft, config, now_ms)
    if shift_ms is not None:
        yield shift_ms
    least = ON_HOLD if spec.record_type in config.sizes else USUAL
    situation = Situation(spec, config, draft, now_ms, Sought(size=least), paced=False)
    room_ms = next_chance(look_at_all(situation), situation) if situation.is_limited else None
    if room_ms is not None:
        yield room_ms


def _is_anybody_paced(spec: PoolSpec, draft: Draft, now_ms: int) -> bool:
    """Whether a member has had their share of waiting records for this minute."""
    return any(drained(member.person, draft, now_ms) >= spec.drain_per_minute for member in spec.members)
