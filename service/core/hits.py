"""How often each rule entry decides, and when it last did: so that rules can be reviewed (S61).

A hit is a record that was given to somebody, or put in a line or a queue, because of the entry. What matched and could
not have the record is none. What the rules of a record type leave to its teams and to its default is counted beside
them, so that the shares add up.
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft

TEAM: Final = "*team*"
"""Stands for the entry where a team matched by its domain."""
FORGOTTEN_AT_ONCE: Final = 1_000
DEFAULT: Final = "*default*"
"""Stands for the entry where the default target was used."""


def count(case: Case, rule_set: str, entry: str) -> None:
    """One more for the entry of a rule set, or for `TEAM` or `DEFAULT` behind it."""
    hit = case.draft.hits.edit(hit_field(rule_set, entry))
    hit.times += 1
    hit.last_ms = case.now_ms


def forget_gone(draft: Draft, config: Config) -> bool:
    """Drop what was counted of entries that a new configuration no longer has, or has no longer active.

    At most `FORGOTTEN_AT_ONCE` of them. True: there may be more.
    """
    kept = {hit_field(rule_set.id, entry) for rule_set in config.rule_sets.values() for entry in (TEAM, DEFAULT)}
    kept |= {hit_field(each.id, entry.id) for each in config.rule_sets.values() for entry in each.entries}
    gone = [field for field, _ in draft.hits.items() if field not in kept][:FORGOTTEN_AT_ONCE]
    for field in gone:
        draft.hits.drop(field)
    return len(gone) == FORGOTTEN_AT_ONCE


def hit_field(rule_set: str, entry: str) -> str:
    """Where an entry's hits are kept. The id of a rule set has no slash."""
    return f"{rule_set}/{entry}"
