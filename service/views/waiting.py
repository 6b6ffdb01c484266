"""Which records wait: the waiting line of each pool, in the order in which its records leave it, and why it stands.

Read from the memories of the lanes without a fence, beside the newest configuration. Why nobody takes what waits is
asked of the code that decides. It concerns the line and not a single record: records' fields are not read here, so of a
member with a domain of their own it is only known that they might not take it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.climbing import steps_seen
from service.core.holding.waiting import DRAIN_PREFIX, RISE_PREFIX
from service.core.model import StepSeen
from service.core.parked import Parked
from service.core.pool_spec import PoolSpec
from service.core.reasons import PENDING, ExclusionReason, PendingReason
from service.core.sharing.choosing import look_at_all
from service.core.sharing.eligibility import Situation, next_chance
from service.core.state import Kind, State
from service.core.targets import refusal
from service.store.port import Store
from service.views.peeking import MemoryState, peek

WATCHED: Final[tuple[Kind, ...]] = (
    "parked",
    "pool",
    "seat",
    "catch_up",
    "open",
    "pace",
    "person",
    "timer",
    "given",
    "slot",
    "climb",
    "required",
)

Why = Literal[PendingReason, "queued", "its_turn", "unsuited", "one_by_one", "no_pool"]
"""Why a line stands. `one_by_one`: each record waits for the person whom it names. `its_turn`: somebody can take from
it, as soon as it is looked at. `unsuited`: it was looked at, and who is free cannot have what waits. `no_pool`: the
pool is gone from the configuration, and for what waits the rules are asked anew when it is looked at.
"""

WHY: Final[Mapping[Why, str]] = {
    "queued": "lies in a queue, for a member to take",
    "empty_pool": PENDING["empty_pool"],
    "nobody_eligible": PENDING["nobody_eligible"],
    "not_accepted": PENDING["not_accepted"],
    "one_by_one": "each waits for the person whom it names, and for its further steps",
    "unsuited": "who is free cannot have it: they lack a skill it asks for, declined it, or have not so much room",
    "its_turn": "a member can take it: it leaves when the line is looked at",
    "no_pool": "the pool is no longer configured: what waits is asked anew when the line is looked at",
}

Named = tuple[str, Parked]


class WaitingRecord(NamedTuple):
    """A record in its line. `score`: none where nothing ranks it. `queued`: it lies there as in a queue, for a member
    to take. `is_overdue`: its age beats every score. `escalated_ms`: then it is given to somebody else; none: it is
    not. `unfit`: why whom it was to go to cannot have it. `steps` are those of its target, empty where it has none.
    """

    record: str
    since_ms: int
    score: float | None
    queued: bool
    is_overdue: bool = False
    escalated_ms: int | None = None
    unfit: str = ""
    steps: tuple[StepSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """The line of one pool: `count` wait, `records` are the first of them.

    `excluded` is how many members are left out for which reason. `next_try_ms` is when the line is looked at again or
    somebody is known to return or to have room; none: when something happens that nobody knows yet.
    """

    division: str
    pool: str
    why: Why
    excluded: Mapping[ExclusionReason, int]
    next_try_ms: int | None
    count: int
    records: tuple[WaitingRecord, ...]


class Waiting(NamedTuple):
    """All lines in which something waits, by division and pool; and of which divisions the memory is not to be read."""

    lines: tuple[WaitingLine, ...]
    unready: Mapping[str, MemoryState]


class _Standstill(NamedTuple):
    """Why a line stands, and until when, as far as it is known."""

    why: Why
    excluded: Mapping[ExclusionReason, int] = MappingProxyType({})
    next_chance_ms: int | None = None


async def waiting(store: Store, configs: Mapping[str, Config], lanes: int, now_ms: int, limit: int) -> Waiting:
    """What waits in these divisions; of each line the first `limit` records."""
    lines: list[WaitingLine] = []
    unready: dict[str, MemoryState] = {}
    for division, config in sorted(configs.items()):
        state, memory = await peek(store, division, lanes, WATCHED)
        if memory != "ready":
            unready[division] = memory
        by_pool: defaultdict[str, list[Named]] = defaultdict(list)
        for name, parked in state.parked.items():
            by_pool[parked.pool].append((name, parked))
        seen = _Seen(config, state, now_ms)
        lines += [seen.line(pool, by_pool[pool], limit) for pool in sorted(by_pool)]
    return Waiting(tuple(lines), unready)


class _Seen(NamedTuple):
    """A division at a moment."""

    config: Config
    state: State
    now_ms: int

    def line(self, pool: str, parked: list[Named], limit: int) -> WaitingLine:
        """The line of a pool in which these wait."""
        standstill = self._standstill(self.config.pools.get(pool), [name for name, _ in parked])
        timer = self.state.timers.get(DRAIN_PREFIX + pool)
        known = (standstill.next_chance_ms, None if timer is None else timer.due_ms)
        return WaitingLine(
            self.config.division,
            pool,
            standstill.why,
            standstill.excluded,
            min((moment for moment in known if moment is not None), default=None),
            len(parked),
            tuple(self._record(name, each) for name, each in nsmallest(limit, parked, key=_rank)),
        )

    def _record(self, name: str, parked: Parked) -> WaitingRecord:
        timer = self.state.timers.get(RISE_PREFIX + name)
        case = Case(name, Draft(self.state), self.config, self.now_ms, parked.correlation_id, parked.depth)
        return WaitingRecord(
            name,
            parked.since_ms,
            parked.known_score,
            parked.queued,
            parked.is_overdue,
            None if timer is None else timer.due_ms,
            self._unfit(parked, case) if timer is None else "",
            steps_seen(case),
        )

    def _unfit(self, parked: Parked, case: Case) -> str:
        """Why a record that has waited as long as its pool lets it is not escalated."""
        spec = self.config.pools.get(parked.pool)
        if spec is None or spec.escalation is None or parked.queued:
            return ""
        refused = refusal(spec.escalation.to, case)
        return "" if refused is None else refused.detail

    def _standstill(self, spec: PoolSpec | None, names: Sequence[str]) -> _Standstill:
        if spec is None:
            return _Standstill("no_pool")
        if spec.is_queue:
            return _Standstill("queued")
        if spec.implied and not spec.members and spec.id in self.config.takers:
            return _Standstill("one_by_one")
        takers = (spec, *(self.config.pools[name] for name in self.config.takers.get(spec.id, ())))
        if not any(each.members for each in takers):
            return _Standstill("empty_pool")
        draft, excluded, chances = Draft(self.state), Counter[ExclusionReason](), []
        for each in takers:
            situation = Situation(each, self.config, draft, self.now_ms, paced=True)
            choice = look_at_all(situation)
            excluded.update(seen.excluded for seen in choice.seen if seen.excluded is not None)
            free = {seen.person for seen in choice.seen if seen.excluded is None}
            if free - {member.person for member in each.members if member.domain is not None}:
                return _Standstill("unsuited" if self._was_in_vain(spec, takers, names) else "its_turn", excluded)
            if free:
                excluded["domain"] += len(free)
            chances.append(next_chance(choice, situation))
        known = [moment for moment in chances if moment is not None]
        return _Standstill("nobody_eligible", excluded, min(known, default=None))

    def _was_in_vain(self, spec: PoolSpec, takers: Iterable[PoolSpec], names: Iterable[str]) -> bool:
        """Whether the line was looked at, and stands because records ask more than that somebody is free."""
        timer = self.state.timers.get(DRAIN_PREFIX + spec.id)
        if timer is not None and timer.due_ms <= self.now_ms:
            return False
        asks_more = any(each.requires or each.accepting is not None for each in takers)
        return asks_more or spec.record_type in self.config.sizes or any(name in self.state.required for name in names)


def _rank(named: Named) -> tuple[float, int]:
    """Who leaves a line first: the highest score, then whoever came first."""
    _, parked = named
    return -parked.score, parked.number
