"""How the pools stand: who is next, in which order the others follow, who has how many, and what waits.

Read from the memories of the lanes without a fence, as they are at that moment; asked of the very code that decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.model import LimitCount
from service.core.pool_spec import PoolSpec, Strategy
from service.core.reasons import ABSENT, ExclusionReason
from service.core.seating import Pool
from service.core.sharing.attendance import back_ms, there_until
from service.core.sharing.choosing import look_at_all
from service.core.sharing.contender import Contender
from service.core.sharing.eligibility import Situation, at_limit, limits_of, limits_of_pool
from service.core.state import Kind, State
from service.core.telling.clock import clock_time
from service.store.port import Store
from service.views.peeking import MemoryState, peek

WATCHED: Final[tuple[Kind, ...]] = ("pool", "seat", "catch_up", "open", "person", "given", "slot")


class MemberStanding(NamedTuple):
    """One member, in the order of turns. `excluded`: why they would be passed over now; none: they would not be.
    `until`: when their shift ends, if they are there, else when they are back, on their own clock; empty: that is not
    known. `limits`: how much of each of theirs is used.
    """

    person: str
    excluded: ExclusionReason | None
    open_items: int
    last_turn: int
    weight: float
    max_open: int | None
    until: str = ""
    limits: tuple[LimitCount, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """One pool. `next` none: nobody can take a record now. `turn` is the number of the last turn. `limits`: how much of
    each limit of the pool as a whole is used.
    """

    division: str
    pool: str
    record_type: str
    strategy: Strategy
    turn: int
    waiting: int
    next: str | None
    members: tuple[MemberStanding, ...]
    memory: MemoryState
    limits: tuple[LimitCount, ...] = ()


async def standings(store: Store, configs: Mapping[str, Config], lanes: int, now_ms: int) -> list[PoolStanding]:
    """All pools of these divisions' newest configurations, by division and name; no line of a single person, in which
    nobody takes turns: see `views.waiting`.
    """
    found: list[PoolStanding] = []
    for division, config in sorted(configs.items()):
        state, memory = await peek(store, division, lanes, WATCHED)
        pools = (spec for _, spec in sorted(config.pools.items()) if spec.members or not spec.implied)
        found += [_standing(spec, config, state, now_ms, memory) for spec in pools]
    return found


def members_at_limit(config: Config, state: State, now_ms: int, most: int) -> dict[str, int]:
    """By pool with limits, how many members have no room; of pools with so many members together at most."""
    found: dict[str, int] = {}
    for name, spec in sorted(config.pools.items()):
        limits = config.limits.in_pool(spec)
        most -= len(spec.members) if limits.people or limits.pool is not None else 0
        if (limits.people or limits.pool is not None) and most >= 0:
            situation = Situation(spec, config, Draft(state), now_ms, paced=False)
            found[name] = sum(at_limit(each, situation) is not None for each in look_at_all(situation).seen)
    return found


def used_of_pools(config: Config, state: State, now_ms: int) -> dict[tuple[str, str], LimitCount]:
    """How much of each limit of a pool as a whole is used, by pool and what it counts."""
    limited = [spec for _, spec in sorted(config.pools.items()) if config.limits.in_pool(spec).pool is not None]
    draft = Draft(state)
    return {
        (spec.id, limit.per): limit
        for spec in limited
        for limit in limits_of_pool(Situation(spec, config, draft, now_ms, paced=False))
    }


def _standing(spec: PoolSpec, config: Config, state: State, now_ms: int, memory: MemoryState) -> PoolStanding:
    draft = Draft(state)
    situation = Situation(spec, config, draft, now_ms, paced=False)
    choice = look_at_all(situation)
    limits = {member.person: member.max_open for member in spec.members}
    members = tuple(
        MemberStanding(
            each.person,
            each.excluded,
            each.open_items,
            each.last_turn,
            spec.weights[each.person],
            limits[each.person],
            _until(each, draft, config, now_ms),
            limits_of(each, situation),
        )
        for each in sorted(choice.seen)
    )
    pool = state.pools.get(spec.id) or Pool()
    return PoolStanding(
        config.division,
        spec.id,
        spec.record_type,
        spec.strategy,
        pool.turn,
        pool.waiting,
        None if choice.chosen is None or spec.is_queue else choice.chosen.person,
        members,
        memory,
        limits_of_pool(situation),
    )


def _until(member: Contender, draft: Draft, config: Config, now_ms: int) -> str:
    person = member.person
    is_absent = member.excluded in ABSENT
    moment = back_ms(person, draft, config, now_ms) if is_absent else there_until(person, config, now_ms)
    if moment is None:
        return ""
    return clock_time(datetime.fromtimestamp(moment / 1000, UTC), config.zone_of(person))
