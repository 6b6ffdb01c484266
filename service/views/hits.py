"""How often each rule entry was used, and when it last was: what somebody needs who reviews rules (S61).

Read from the memories of the lanes without a fence, as they are at that moment, beside the newest configuration: what
was counted of entries that are gone is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service.core.configuration import Config
from service.core.hits import DEFAULT, TEAM, hit_field
from service.core.rule_sets import RuleSet
from service.core.state import Hit, State
from service.store.port import Store
from service.views.peeking import peek


class EntryHits(NamedTuple):
    """One entry, or `hits.TEAM` or `hits.DEFAULT` behind them. `last_ms` since 1970 (UTC); none: never hit."""

    entry: str
    name: str
    hits: int
    share: float
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class RuleSetHits:
    """An active rule set with its entries in their order, and what was left to team and default where any was."""

    division: str
    rule_set: str
    name: str
    record_type: str
    entries: tuple[EntryHits, ...]

    @property
    def never_hit(self) -> tuple[str, ...]:
        """The entries that have not been used yet."""
        return tuple(each.entry for each in self.entries if not each.hits)


async def rule_stats(store: Store, configs: Mapping[str, Config], lanes: int) -> list[RuleSetHits]:
    """The active rule sets of these divisions' newest configurations, by division and record type."""
    found: list[RuleSetHits] = []
    for division, config in sorted(configs.items()):
        state, _ = await peek(store, division, lanes, ("hit",))
        found += [_of_rule_set(division, each, state) for _, each in sorted(config.rule_sets.items())]
    return found


def _of_rule_set(division: str, rule_set: RuleSet, state: State) -> RuleSetHits:
    named = [(entry.id, entry.name) for entry in rule_set.entries]
    behind = [(each, "") for each in (TEAM, DEFAULT) if hit_field(rule_set.id, each) in state.hits]
    hits = {entry: state.hits.get(hit_field(rule_set.id, entry)) or Hit() for entry, _ in (*named, *behind)}
    total = sum(hit.times for hit in hits.values())
    entries = tuple(_entry(entry, name, hits[entry], total) for entry, name in (*named, *behind))
    return RuleSetHits(division, rule_set.id, rule_set.name, rule_set.record_type, entries)


def _entry(entry: str, name: str, hit: Hit, total: int) -> EntryHits:
    return EntryHits(entry, name, hit.times, hit.times / total if total else 0.0, hit.last_ms if hit.times else None)
