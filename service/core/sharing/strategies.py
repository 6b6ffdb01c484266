"""The ways of sharing out, a row each: what is compared between members, and how somebody who is behind gets level.

Whatever the strategy, the lowest (load, last turn, joined) is next (see `turns`): it only says what the load is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.pool_spec import Membership, PoolSpec, Strategy

SCALE: Final = 1_441_440
"""One pass at weight 1. Twice the least common multiple of 1 to 16, so that half a step is whole as well."""


@lru_cache(maxsize=1_024)
def step(weight: float) -> int:
    """How far one turn moves a member of this weight."""
    return max(1, round(SCALE / weight))


def _by_pass(spec: PoolSpec, member: Membership, effective_pass: int, open_items: int) -> int:
    return effective_pass


def _by_open_items(spec: PoolSpec, member: Membership, effective_pass: int, open_items: int) -> int:
    return open_items * step(member.weight)


def _by_rest(spec: PoolSpec, member: Membership, effective_pass: int, open_items: int) -> int:
    return 0


def _by_rank(spec: PoolSpec, member: Membership, effective_pass: int, open_items: int) -> int:
    return spec.ranks[member.person]


class StrategyRow(NamedTuple):
    """A way of sharing out, and its name for people.

    `load` is made of the pool, the member, their effective pass and their open items. `levels_newcomers`: it grows by a
    step with each turn, so that who has a lower one is behind and may catch up. `levels_returners`: nothing like the
    credit bounds how far somebody is behind who comes back. `entry` is for pools that do not say how one enters them.
    `is_by_pass`: the load is the effective pass itself.
    """

    words: str
    load: Callable[[PoolSpec, Membership, int, int], int]
    levels_newcomers: bool = False
    levels_returners: bool = False
    entry: EntryPolicy = EntryPolicy()
    is_by_pass: bool = False


STRATEGIES: Final[Mapping[Strategy, StrategyRow]] = {
    "round_robin": StrategyRow("round robin", _by_pass, levels_newcomers=True, is_by_pass=True),
    "least_loaded": StrategyRow(
        "least loaded",
        _by_open_items,
        levels_newcomers=True,
        levels_returners=True,
        entry=EntryPolicy(catches_up=True, ceiling=Ceiling(at_most=1, of=2)),
    ),
    "longest_idle": StrategyRow("longest idle", _by_rest),
    "ranked": StrategyRow("ranked", _by_rank),
    "take": StrategyRow("take", _by_pass, is_by_pass=True),
}


def entry_policy(spec: PoolSpec) -> EntryPolicy:
    """How newcomers enter the pool, whether it says so itself or its strategy does."""
    return STRATEGIES[spec.strategy].entry if spec.entry is None else spec.entry
