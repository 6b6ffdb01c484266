"""What waits moves on: parked records of a pool are given out, in order and at a pace, when its time has come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Final

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import Target
from service.core.holding import climbing, reservations
from service.core.holding.asking import find
from service.core.holding.assign import give_to_pool, put_into_queue
from service.core.holding.keeping import cut_of, rescore
from service.core.holding.waiting import ask_anew, is_fit, look_by, set_clocks, unpark, waiting_case
from service.core.model import Decision, Trace
from service.core.parked import Parked
from service.core.pool_spec import PoolSpec
from service.core.sharing.attendance import next_shift
from service.core.sharing.choosing import look_at_all
from service.core.sharing.eligibility import MINUTE_MS, Situation, drained, next_chance
from service.core.tracking import remember
from service.core.waiting_line import Rank

DRAINED_PER_FIRING: Final = 50
"""So many parked records move when one timer goes off; the rest have to wait for it to go off again."""

ROOM_BYTES: Final = 1_000_000
"""About so much may come of one firing, unless it is told otherwise."""
DECISION_BYTES: Final = 2_000
NOTIFICATION_BYTES: Final = 1_000
"""About what a decision and a notification take where they are written down, besides the record's facts."""

LOOKED_AT_PER_FIRING: Final = 500
"""So many are looked at when one timer goes off. Where none of them can move, the next firing goes on behind them."""


def needed(pool: str, draft: Draft, config: Config) -> tuple[str, ...]:
    """The records that the next `drain` looks at, as far as it may come: it stops in front of one that is not loaded,
    and the first must be.
    """
    memory = draft.pools.get(pool)
    is_sifting = memory is not None and memory.sifting
    return tuple(name for name, _ in _line(pool, draft, config, is_sifting=is_sifting))


def drain(pool: str, draft: Draft, config: Config, now_ms: int, room_bytes: int = ROOM_BYTES) -> tuple[Decision, ...]:
    """Assign parked records of a pool, best score first, then oldest, while somebody has room and keeps their pace.

    One that nobody can take now does not stop those behind it where that is its own matter: members have domains of
    their own, or declined it, or it asks for skills, or other pools help out. What does not belong here any more (the
    pool was removed, serves another record type, or does not want it by its own domain) is asked anew; under a new
    configuration the whole line is looked through for that first, and scored anew. A pool that became a queue owns its
    records from then on. When about `room_bytes` have come of it, the rest has to wait; so has what stands behind a
    record that is not loaded.
    """
    spec = config.pools.get(pool)
    memory = draft.pools.get(pool)
    is_sifting = memory is not None and memory.sifting
    goes_on = _goes_on(spec, config, is_sifting=is_sifting)
    decisions: list[Decision] = []
    stuck: set[tuple[object, ...]] = set()
    line, is_cut = _loaded(_line(pool, draft, config, is_sifting=is_sifting), goes_on=goes_on, draft=draft)
    for name, parked in line:
        case = waiting_case(name, parked, draft, config, now_ms)
        if not is_fit(case, parked.pool, named=parked.named):
            ask_anew(name, draft, now_ms)
            goes_on = True
            continue
        if is_sifting:
            _score_anew(case, parked)
            continue
        kind = _kind(case, parked)
        if kind in stuck:
            continue
        decision = move(case, parked)
        if decision is not None:
            decisions.append(decision)
            room_bytes -= _bytes_of(decision, case)
        elif not (goes_on or case.requires or case.record.handed):
            break
        else:
            stuck.add(kind)
        if len(decisions) == DRAINED_PER_FIRING or (decisions and room_bytes <= 0):
            _look_again(pool, None, draft, now_ms)
            return tuple(decisions)
    else:
        if is_cut:
            _look_again(pool, line[-1][1].rank, draft, now_ms)
            return tuple(decisions)
    if is_sifting:
        draft.pools.edit(pool).sifting = False
        _look_again(pool, None, draft, now_ms)
    else:
        _rest(pool, spec, draft, config, now_ms)
    return tuple(decisions)


def _goes_on(spec: PoolSpec | None, config: Config, *, is_sifting: bool) -> bool:
    """Whether one that cannot move does not stop those behind it."""
    return is_sifting or spec is None or spec.is_picky or spec.id in config.takers


def _kind(case: Case, parked: Parked) -> tuple[object, ...]:
    """All that says whether somebody can take the record: of two alike neither can move where one cannot."""
    climbing.advance(case)
    climb = climbing.climb_of(case)
    reached = ("", 0) if climb is None else (climb.ladder, len(climb.reached))
    facts = remember(case.facts, _reads(case, parked.pool))
    return facts, case.requires, parked.score, _passed(case), reached


def _reads(case: Case, pool: str) -> frozenset[str]:
    """What the choice for this record reads of it."""
    reads = case.config.reads_in(pool)
    return reads | {trait.path for trait in case.requires if trait.path} if case.requires else reads


def _score_anew(case: Case, parked: Parked) -> None:
    """Under a new configuration a record may have another place in its line."""
    set_clocks(case, parked)
    score = rescore(case)
    if score != parked.score and not parked.is_overdue:
        case.draft.parked.edit(case.name).score = score


def _bytes_of(decision: Decision, case: Case) -> int:
    return DECISION_BYTES + 2 * len(case.record.facts) + NOTIFICATION_BYTES * len(decision.notifications)


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


def _passed(case: Case) -> tuple[str, ...]:
    """Who is passed over for the record; where nobody is asked any more, it is like no other."""
    known = case.handing
    if known is None:
        return ()
    return (*known.passed, case.name) if known.spots else known.passed


def _look_again(pool: str, behind: Rank | None, draft: Draft, now_ms: int) -> None:
    """Have the timer go off at once, for the rest of the line: behind this rank, or from its beginning."""
    memory = draft.pools.edit(pool)
    memory.scanned = behind
    if memory.waiting:
        look_by(pool, now_ms, draft)


def _rest(pool: str, spec: PoolSpec | None, draft: Draft, config: Config, now_ms: int) -> None:
    """Nobody can take what still waits: go on with the next minute's share, at the next shift, when a limit of a time
    has room, or when news of somebody who returns or has room comes.
    """
    memory = draft.pools.edit(pool)
    memory.scanned = None
    if spec is not None and memory.waiting:
        look_in_time(spec, draft, config, now_ms)


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
    situation = Situation(spec, config, draft, now_ms, paced=False)
    room_ms = next_chance(look_at_all(situation), situation) if situation.is_limited else None
    if room_ms is not None:
        yield room_ms


def _is_anybody_paced(spec: PoolSpec, draft: Draft, now_ms: int) -> bool:
    """Whether a member has had their share of waiting records for this minute."""
    return any(drained(member.person, draft, now_ms) >= spec.drain_per_minute for member in spec.members)


def _line(pool: str, draft: Draft, config: Config, *, is_sifting: bool) -> list[tuple[str, Parked]]:
    """The next records in the pool's waiting line, behind the rank up to which it was looked at before; so many as one
    firing may come to.

    What lies in a queue is among them where the line is sifted, or the pool is no queue any more.
    """
    spec, memory = config.pools.get(pool), draft.pools.get(pool)
    behind = None if memory is None else memory.scanned
    line = draft.waiting(pool, behind, with_queued=is_sifting or spec is None or not spec.is_queue)
    reach = _reach(goes_on=_goes_on(spec, config, is_sifting=is_sifting))
    return [(name, _waits(name, draft)) for name in islice(line, reach)]


def _reach(*, goes_on: bool) -> int:
    """How many records one firing may look at."""
    return LOOKED_AT_PER_FIRING if goes_on else DRAINED_PER_FIRING + 1


def _waits(name: str, draft: Draft) -> Parked:
    parked = draft.parked.get(name)
    assert parked is not None, f"{name} is in a line and does not wait"
    return parked


def _loaded(line: list[tuple[str, Parked]], *, goes_on: bool, draft: Draft) -> tuple[list[tuple[str, Parked]], bool]:
    """Those in front of the first that is not loaded, and whether any may stand behind them."""
    found = list(takewhile(lambda waiting: draft.records.get(waiting[0]) is not None, line))
    assert found or not line, f"{line[0][0]} is the next to move and is not loaded"
    return found, len(found) < len(line) or len(line) == _reach(goes_on=goes_on)
