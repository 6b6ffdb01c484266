"""Rules as configured: ordered entries, what each asks of a record, and who is to get it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Final, Literal, assert_never

from service.core.events import Target
from service.core.model import Tried
from service.core.traits import Trait
from service.language import compiling
from service.language.compiling import Ask
from service.language.predicate import Predicate
from service.language.tree import All, Always, Condition

ID_BYTES: Final = 8
"""So long is a digest."""

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


@dataclass(frozen=True, slots=True)
class FieldUser:
    """The person whose id a field of the record holds, by the names that lead to the field."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"user:{{{'.'.join(self.path)}}}"


def digest_of(text: str) -> str:
    """What something long is known by."""
    return blake2b(text.encode(), digest_size=ID_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One step of a ladder: the next is reached `wait_ms` after it. `skips_absent`: at once where nobody of it is there
    before that time is over, as is foreseen.
    """

    target: Target | OwnerOf | FieldUser
    wait_ms: int = 0
    skips_absent: bool = False

    def line(self, record_type: str) -> str | None:
        """The pool in whose line a record waits for it: of a person, one that is theirs alone and has no members; of
        whom a record names, one for what names them, without the names of fields. None: what comes to a queue does not
        wait.
        """
        match self.target:
            case Target(kind="queue"):
                return None
            case Target(kind="pool", id=pool):
                return pool
            case Target():
                return f"{record_type}:{self.target}"
            case _:
                return f"{record_type}:named:{digest_of(str(self.target))}"


@dataclass(frozen=True)
class Ladder:
    """A target with steps: records of one type are asked of the first, and after its wait of the next one, too."""

    record_type: str
    steps: tuple[LadderStep, ...]

    @cached_property
    def id(self) -> str:
        """By what it says, so that a ladder that says something else is another."""
        text = "|".join(f"{step.target} {step.wait_ms} {step.skips_absent}" for step in self.steps)
        return digest_of(f"{self.record_type} {text}")

    @property
    def plain(self) -> Target | OwnerOf | FieldUser:
        """What it is where there are no steps: the first of them that names somebody for certain."""
        named = (step.target for step in self.steps if isinstance(step.target, Target))
        return next(named, self.steps[0].target)

    def __str__(self) -> str:
        return " → ".join(str(step.target) for step in self.steps)


EntryTarget = Target | OwnerOf | FieldUser | TeamMatch | Ladder


def named_by(target: EntryTarget) -> Iterator[str]:
    """The fields by which a target itself says whom it means, as dotted paths."""
    match target:
        case FieldUser(path):
            yield ".".join(path)
        case Ladder(steps=steps):
            for step in steps:
                yield from named_by(step.target)
        case OwnerOf(path, contacted=contacted):
            yield ".".join((*path, "owner"))
            yield from (".".join((*path, *contacted)),) if contacted else ()
        case Target() | TeamMatch():
            return
        case _:
            assert_never(target)


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
