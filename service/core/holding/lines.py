"""A line in which records wait, as it is served: that of a pool, or that of somebody whom steps name alone.

A line knows who stands in it, what comes of asking about one of them, and when it has to be looked at again. Of which
line the next record comes is for `draining` to say: one order holds over all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding import climbing
from service.core.holding.climbing import AWAITED_PREFIX
from service.core.holding.keeping import rescore
from service.core.holding.moving import ask_reached, look_in_time, move
from service.core.holding.waiting import DRAIN_PREFIX, ask_anew, ask_steps, is_fit, set_clocks, waiting_case
from service.core.model import Decision
from service.core.parked import Parked
from service.core.pool_spec import PoolSpec
from service.core.sizing import weighs
from service.core.tracking import remember
from service.core.waiting_line import Rank

DRAINED_PER_FIRING: Final = 50
"""So many parked records move when one timer goes off; the rest have to wait for it to go off again."""

LOOKED_AT_PER_FIRING: Final = 500
"""So many are looked at when one timer goes off. Where none of them can move, the next firing goes on behind them."""

Turn = tuple[float, int]
"""What is asked about first over all lines, the lowest: the score, negative, then since when it waits (milliseconds).
What is overdue has a score above all others.
"""

Follow = Callable[[Case, Parked], bool]
"""Has a record follow what brought it into its line, under another configuration; whether it is to be asked anew."""


class PoolLine:
    """What waits in a pool.

    One that nobody can take now does not stop those behind it where that is its own matter: members have domains of
    their own, or declined it, or it asks for skills, or weighs more, or other pools help out. What does not belong here
    any more (the pool was removed, serves another record type, or does not want it by its own domain) is asked anew;
    under a new configuration the whole line is looked through for that first, and scored anew. A pool that became a
    queue owns its records from then on.
    """

    def __init__(self, pool: str, draft: Draft, config: Config, now_ms: int) -> None:
        self.timer = DRAIN_PREFIX + pool
        self.is_over = False
        self._pool, self._draft, self._config, self._now_ms = pool, draft, config, now_ms
        self._spec = config.pools.get(pool)
        memory = draft.pools.get(pool)
        self.is_sifting = memory is not None and memory.sifting
        self._behind = None if memory is None else memory.scanned
        self.goes_on = self.is_sifting or _is_picky(self._spec, config)
        self._is_through = False
        self._has_given = False
        self._last: Rank | None = None
        self._stuck: set[tuple[object, ...]] = set()

    def standing(self) -> Iterator[tuple[Turn, str]]:
        """Behind the rank up to which the line was looked at before. What lies in a queue is among them where the line
        is sifted, or the pool is no queue any more.
        """
        spec, draft = self._spec, self._draft
        reach = LOOKED_AT_PER_FIRING if self.goes_on else DRAINED_PER_FIRING + 1
        with_queued = self.is_sifting or spec is None or not spec.is_queue
        seen = 0
        for name in islice(draft.waiting(self._pool, self._behind, with_queued=with_queued), reach):
            if self.is_over:
                return
            seen += 1
            parked = draft.parked.get(name)
            if parked is not None and parked.pool == self._pool:
                yield (-parked.score, parked.since_ms), name
        self._is_through = seen < reach

    def ask(self, name: str, follow: Follow) -> Decision | None:
        """One of them leaves the line, for somebody or to be asked anew, or it stays."""
        parked = self._draft.parked.get(name)
        if parked is None or parked.pool != self._pool:
            return None
        self._last = parked.rank
        case = waiting_case(name, parked, self._draft, self._config, self._now_ms)
        if not is_fit(case, parked.pool, named=parked.named):
            ask_anew(name, self._draft, self._now_ms)
            self.goes_on = True
            return None
        if self.is_sifting:
            if follow(case, parked):
                ask_anew(name, self._draft, self._now_ms)
            else:
                _score_anew(case, parked)
            return None
        kind = _kind(case, parked)
        if kind in self._stuck:
            return None
        decision = move(case, parked)
        if decision is not None:
            self._has_given = True
        elif self.goes_on or case.requires or case.record.handed or case.record_type in case.config.sizes:
            self._stuck.add(kind)
        else:
            self.is_over = True
        return decision

    def leave(self, *, has_moved: bool) -> None:
        """`has_moved`: something left a line while this one was served.

        Where it was looked through nobody can take what still waits: it goes on with the next minute's share, at the
        next shift, when a limit of a time has room, or when news of somebody who returns or has room comes.
        """
        draft, now_ms = self._draft, self._now_ms
        if self._last is None and not self._is_through:
            draft.set_timer(self.timer, now_ms)
            return
        draft.timers.drop(self.timer)
        is_through = self._is_through or self.is_over
        memory = draft.pools.edit(self._pool)
        memory.scanned = None if is_through or self._has_given else self._last
        if not memory.waiting:
            return
        if is_through and self.is_sifting:
            memory.sifting = False
        if not is_through or self.is_sifting:
            draft.set_timer(self.timer, now_ms)
        elif self._spec is not None:
            look_in_time(self._spec, draft, self._config, now_ms)


class PersonLine:
    """What waits for somebody whom steps name alone; each of it stands in the line of a pool, too."""

    def __init__(self, person: str, draft: Draft, config: Config, now_ms: int) -> None:
        self.timer = AWAITED_PREFIX + person
        self.is_over = False
        self.goes_on = True
        self._person, self._draft, self._config, self._now_ms = person, draft, config, now_ms
        self._is_begun = self._is_through = False
        self._gone = 0

    def standing(self) -> Iterator[tuple[Turn, str]]:
        """The first of them."""
        for name in islice(self._draft.awaiting(self._person), DRAINED_PER_FIRING):
            parked = self._draft.parked.get(name)
            if parked is None:
                self._gone += 1
            else:
                yield (-parked.score, parked.since_ms), name
        self._is_through = True

    def ask(self, name: str, follow: Follow) -> Decision | None:
        """All steps that one of them has reached are asked. When else they can have it each says by itself."""
        if not self._is_begun:
            self._draft.timers.drop(self.timer)
            self._is_begun = True
        parked = self._draft.parked.get(name)
        decided = None if parked is None else ask_reached(name, parked, self._draft, self._config, self._now_ms)
        self._gone += decided is None or len(decided)
        return decided[0] if decided else None

    def leave(self, *, has_moved: bool) -> None:
        """As long as some leave, the others may."""
        is_untouched = not (self._is_begun or self._is_through)
        has_more = self._draft.awaits(self._person) > self._gone
        if is_untouched or (has_more and (self._gone or (has_moved and not self._is_through))):
            self._draft.set_timer(self.timer, self._now_ms)


Line = PoolLine | PersonLine
"""A line that is served. `timer` has it looked at; `is_over`: nobody takes more of it now; `goes_on`: one that cannot
move does not stop those behind it. `standing` are those in it,
in their order, so many as one firing may come to; `ask` says what comes of asking about one of them; `leave`, when the
line is looked at again.
"""


def line_of(timer: str, draft: Draft, config: Config, now_ms: int) -> Line:
    """The line that the timer has looked at."""
    prefix, slash, whose = timer.partition("/")
    kind = PoolLine if prefix + slash == DRAIN_PREFIX else PersonLine
    return kind(whose, draft, config, now_ms)


def glance(timer: str, draft: Draft) -> tuple[bool, Turn | None]:
    """What is seen of a line without opening it, as it stood before this decision: whether it is looked through under a
    new configuration, and a turn that is not behind that of the first record to leave it; none: that is not known
    before it is opened, as where it was looked at before up to a place.
    """
    is_sifted, name = False, None
    if timer.startswith(DRAIN_PREFIX):
        pool = timer[len(DRAIN_PREFIX) :]
        memory = draft.pools.get(pool)
        if memory is not None:
            is_sifted = memory.sifting
            name = draft.first_waiting(pool) if memory.scanned is None else None
    else:
        name = next(draft.awaiting(timer[len(AWAITED_PREFIX) :]), None)
    parked = None if name is None else draft.parked.get(name)
    return is_sifted, None if parked is None else (-parked.score, parked.since_ms)


def _is_picky(spec: PoolSpec | None, config: Config) -> bool:
    """Whether one that cannot move does not stop those behind it, whatever it is."""
    return spec is None or spec.is_picky or spec.id in config.takers


def _kind(case: Case, parked: Parked) -> tuple[object, ...]:
    """All that says whether somebody can take the record: of two alike neither can move where one cannot."""
    climbing.advance(case)
    climb = climbing.climb_of(case)
    reached = ("", 0) if climb is None else (climb.ladder, len(climb.reached))
    facts = remember(case.facts, _reads(case, parked.pool))
    return facts, case.requires, parked.score, _passed(case), reached, weighs(case)


def _reads(case: Case, pool: str) -> frozenset[str]:
    """What the choice for this record reads of it."""
    reads = case.config.reads_in(pool)
    return reads | {trait.path for trait in case.requires if trait.path} if case.requires else reads


def _passed(case: Case) -> tuple[str, ...]:
    """Who is passed over for the record; where nobody is asked any more, it is like no other."""
    known = case.handing
    if known is None:
        return ()
    return (*known.passed, case.name) if known.spots else known.passed


def _score_anew(case: Case, parked: Parked) -> None:
    """Under a new configuration a record may have another place in its line."""
    set_clocks(case, parked)
    if climbing.why_in_vain(case) is not None:
        ask_steps(case)
    score = rescore(case)
    if score != parked.score and not parked.is_overdue:
        case.draft.parked.edit(case.name).score = score
