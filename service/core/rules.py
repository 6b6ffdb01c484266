"""Which entry of a rule set a record gets: the first whose criteria all hold and whose target can be resolved.

This runs for every record that names no target, so it only notes which criterion decided; sentences are made by
`explain` when somebody reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import Target
from service.core.model import Tried
from service.core.reasons import Unresolved
from service.core.rule_sets import Entry, Ladder, OwnerOf, RuleSet
from service.core.sharing.linked import Linked
from service.core.targets import linked_to, passed_over, resolve
from service.language.changes import UNCHANGED, Change
from service.language.tree import Facts


class Won:
    """An entry with what its target means now; `linked`: they get it as a member of the pool that the entry names."""

    __slots__ = ("entry", "linked", "target")

    def __init__(self, entry: Entry, target: Target | Ladder, linked: Linked | None = None) -> None:
        self.entry = entry
        self.target = target
        self.linked = linked


class Found:
    """The entry that won (none: none did), every entry that was asked, in order, and the first that was passed over
    because the person whom it names is not there: it gives the record after all where nothing later takes it (D30).
    """

    __slots__ = ("absent", "tried", "won")

    def __init__(self, won: Won | None, tried: tuple[Tried, ...], absent: Won | None = None) -> None:
        self.won = won
        self.tried = tried
        self.absent = absent

    @property
    def after_all(self) -> Found:
        """The same where the entry whose person is not there wins, as nothing else took the record."""
        if self.absent is None:
            return self
        return Found(self.absent, (*self.tried, _matched(self.absent.entry.id)))


def find(rule_set: RuleSet, case: Case) -> Found:
    """The first entry that matches and can have the record. What one that matched lacks is noted with it."""
    entry, tried = match(rule_set, case.facts, case.now_ms, case.change)
    absent: Won | None = None
    while entry is not None:
        target = resolve(entry.target, case)
        if not isinstance(target, str):
            won = _won(entry, target, case)
            if isinstance(won, Won):
                reason = passed_over(entry, target, case)
                if reason is None:
                    return Found(won, tried, absent)
                absent, target = absent or won, reason
            else:
                target = won
        tried = (*tried[:-1], replace(tried[-1], unresolved=target))
        entry, more = _match_behind(rule_set, len(tried), case)
        tried += more
    return Found(None, tried, absent)


def _won(entry: Entry, target: Target | Ladder, case: Case) -> Won | Unresolved:
    """What wins, if nothing but absence stands against it. Who has the record already has it anyway."""
    wanted = entry.target
    if (
        isinstance(target, Ladder)
        or not isinstance(wanted, OwnerOf)
        or not wanted.among
        or target.id == case.record.owner
    ):
        return Won(entry, target)
    linked = linked_to(wanted, target.id, case, entry.requires)
    return Won(entry, target, linked) if isinstance(linked, Linked) else linked


def match(
    rule_set: RuleSet, facts: Facts, now_ms: int, change: Change = UNCHANGED
) -> tuple[Entry | None, tuple[Tried, ...]]:
    """The first entry that matches, none where there is none, and every entry that was asked, in order."""
    winner, late = rule_set.ask(facts, now_ms, change)
    failed = rule_set.failed if winner < 0 else rule_set.failed[:winner]
    if late:
        failed = _with_late(failed, late)
    if winner < 0:
        return None, failed
    entry = rule_set.entries[winner]
    return entry, (*failed, _matched(entry.id))


def _match_behind(rule_set: RuleSet, first: int, case: Case) -> tuple[Entry | None, tuple[Tried, ...]]:
    """The same as `match` for the entries from `first` on, one by one: seldom needed, and then for a few."""
    tried: list[Tried] = []
    for position in range(first, len(rule_set.entries)):
        entry = rule_set.entries[position]
        winner, late = rule_set.ask_one(position)(case.facts, case.now_ms, case.change)
        if winner >= 0:
            return entry, (*tried, _matched(entry.id))
        tried.append(_failed(entry.id, late.get(0, 0)))
    return None, tuple(tried)


def _with_late(failed: tuple[Tried, ...], late: Mapping[int, int]) -> tuple[Tried, ...]:
    """The same entries, some of them decided by a later criterion than the first."""
    noted = list(failed)
    for position, leaf in late.items():
        noted[position] = _failed(noted[position].entry, leaf)
    return tuple(noted)


@lru_cache(maxsize=65_536)
def _failed(entry: str, leaf: int) -> Tried:
    """Made once: the same few values are noted again and again."""
    return Tried(entry, matched=False, criterion=leaf)


@lru_cache(maxsize=65_536)
def _matched(entry: str) -> Tried:
    return Tried(entry, matched=True, criterion=None)
