"""Rules as configured: ordered entries, what each asks of a record, and who is to get it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from service.core.events import Target
from service.core.model import Tried
from service.core.traits import Trait
from service.language import compiling
from service.language.compiling import Ask
from service.language.predicate import Predicate
from service.language.tree import All, Always, Condition

Happening = Literal["created", "updated"]
Reassign = Literal["never", "if_unowned", "always"]


@dataclass(frozen=True, slots=True)
class OwnerOf:
    """The owner of a related record, by the names of the links that lead to it.

    Where `within_ms` is given, only if their contact, told by the related record's field `contacted`, is no older.
    `among` names a pool of which they must be a member who can take the record (empty: none), and in which that is a
    turn where `counts_as_turn` says so.
    """

    path: tuple[str, ...]
    within_ms: int | None = None
    contacted: tuple[str, ...] = ()
    among: str = ""
    counts_as_turn: bool = False

    def __str__(self) -> str:
        return f"owner_of:{'.'.join(self.path)}"


@dataclass(frozen=True, slots=True)
class TeamMatch:
    """The first pool of the record's type whose own domain accepts the record."""

    def __str__(self) -> str:
        return "team:match"


EntryTarget = Target | OwnerOf | TeamMatch


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a rule set: all `criteria` must hold (none: always).

    `on` says which events it is asked for. On an update `reassign` says whose records it may give: `never` only what
    nobody has and what waits nowhere, `if_unowned` also what waits or lies in a queue, `always` also what we gave to
    somebody. What a person chose stays. `even_if_away`: the person whom it names gets the record though not there.
    `before` is asked of the values before an update, and not on a creation. `requires` are traits that whoever gets the
    record out of a pool must have.

    Whatever the notation, a trace counts the leaves of all criteria from 0, in the order in which they are asked.
    """

    id: str
    target: EntryTarget
    criteria: tuple[Predicate, ...] = ()
    name: str = ""
    on: frozenset[Happening] = frozenset({"created"})
    reassign: Reassign = "never"
    even_if_away: bool = False
    before: tuple[Predicate, ...] = ()
    requires: tuple[Trait, ...] = ()

    @property
    def asked(self) -> tuple[Predicate, ...]:
        """All that is asked, in order."""
        return (*self.criteria, *self.before)

    @property
    def condition(self) -> Condition:
        """All that is asked as one condition."""
        return All(tuple(predicate.condition for predicate in self.asked)) if self.asked else Always()


@dataclass(frozen=True)
class RuleSet:
    """The ordered entries for one record type; the first that matches wins.

    Made of the entries: `ask` finds the first that matches, `failed` is what is noted of one whose first criterion
    does not hold.
    """

    id: str
    record_type: str
    entries: tuple[Entry, ...]
    name: str = ""
    active: bool = True
    ask: Ask = field(init=False, repr=False, compare=False)
    failed: tuple[Tried, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ask", compiling.first_match([entry.condition for entry in self.entries]))
        failed = tuple(Tried(entry.id, matched=False, criterion=0) for entry in self.entries)
        object.__setattr__(self, "failed", failed)

    @cached_property
    def on_created(self) -> RuleSet:
        """The entries that are asked when a record is created."""
        return self._only("created", without_before=True)

    @cached_property
    def on_updated(self) -> RuleSet:
        """The entries that are asked when a record's fields change."""
        return self._only("updated")

    def ask_one(self, position: int) -> Ask:
        """The question of one entry alone; made when it is first asked."""
        ask = self._single.get(position)
        if ask is None:
            ask = self._single[position] = compiling.first_match([self.entries[position].condition])
        return ask

    @cached_property
    def _single(self) -> dict[int, Ask]:
        return {}

    def _only(self, happening: Happening, *, without_before: bool = False) -> RuleSet:
        entries = tuple(entry for entry in self.entries if happening in entry.on)
        if without_before:
            entries = tuple(replace(entry, before=()) if entry.before else entry for entry in entries)
        return self if entries == self.entries else replace(self, entries=entries)
