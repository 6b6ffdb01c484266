"""A pool as configured: who is in it, how it shares out, and how newcomers enter it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from service.core.entry_policy import EntryPolicy, ranks
from service.core.events import Target
from service.core.limit_spec import Limit
from service.core.plan_facts import PlanFacts
from service.core.state import open_field, seat_field
from service.core.traits import Trait
from service.language.predicate import Predicate

Strategy = Literal["round_robin", "least_loaded", "longest_idle", "ranked", "take"]
"""How a pool finds who is next; `take` makes it a queue: its members take from it, nothing is handed out."""
Counted = Literal["all", "own"]
"""Which open items a pool looks at: all that somebody has of its type, or those that it gave them itself."""
DRAIN_PER_MINUTE: Final = 10


@dataclass(frozen=True, slots=True)
class Accepting:
    """Whom the pool gives a record is to accept it `within_ms`; else it is handed on, at most `hand_on` times.
    `ask_again`: where nobody is left to be asked, everybody is asked once more.
    """

    within_ms: int
    hand_on: int = 3
    ask_again: bool = False


@dataclass(frozen=True, slots=True)
class Escalation:
    """What has waited so long is given `to` a person, pool or queue. `in_working_time`: only the pool's counts."""

    after_ms: int
    to: Target
    in_working_time: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in a pool, as configured. `max_open` is short for a limit of open items, none: there is none;
    `domain` none: everything concerns them; `priority` none: behind all who have one, where a pool goes by it.
    """

    person: str
    weight: float = 1.0
    max_open: int | None = None
    domain: Predicate | None = None
    priority: float | None = None
    limits: tuple[Limit, ...] = ()

    @property
    def all_limits(self) -> tuple[Limit, ...]:
        """All limits that they have as a member, however they are written."""
        return self.limits if self.max_open is None else (Limit(self.max_open, "open"), *self.limits)


@dataclass(frozen=True)
class PoolSpec:
    """A distribution pool as configured. `credit` is in rounds of the lightest member (see `turns`).

    `domain` says which records rules and defaults may give it; of several pools with one, those of a lower `sequence`
    are asked first. `requires` are traits that whoever gets a record must have; members with all that `prefer` asks for
    are served first. `count` says which open items limits and loads mean. `notify_members`: all whom a record concerns
    are told of it when it comes into a queue. `implied`: it stands for the people whom a target describes, and its
    members are those. `entry` none: as the strategy has it (see `strategies`). `plan`: it is a sales plan.
    `limits` are those of the pool as a whole. `accepting` none: what it gives needs no answer. Where nobody can take a
    record, it is asked of `fallback`, or, with `assign_anyway`, given to whose turn it is; else it waits, for
    `escalation`, and from `longest_wait_ms` on before all that have waited less. `manager` is told of that (empty:
    nobody is), and, where somebody is more than `skewed_after` turns behind, of that (see `skewing`).
    """

    id: str
    record_type: str
    members: tuple[Membership, ...]
    name: str = ""
    strategy: Strategy = "round_robin"
    credit: int = 1
    drain_per_minute: int = DRAIN_PER_MINUTE
    domain: Predicate | None = None
    sequence: int = 10
    notify_members: bool = False
    implied: bool = False
    count: Counted = "all"
    entry: EntryPolicy | None = None
    plan: PlanFacts | None = None
    accepting: Accepting | None = None
    fallback: Target | None = None
    assign_anyway: bool = False
    escalation: Escalation | None = None
    longest_wait_ms: int | None = None
    requires: tuple[Trait, ...] = ()
    prefer: tuple[Trait, ...] = ()
    limits: tuple[Limit, ...] = ()
    manager: str = ""
    skewed_after: int | None = None

    @cached_property
    def is_queue(self) -> bool:
        """Whether members take from it, instead of being given."""
        return self.strategy == "take"

    @property
    def cares_for_waiting(self) -> bool:
        """Whether it says anything of what nobody can take."""
        said = (self.fallback, self.escalation, self.longest_wait_ms)
        return self.assign_anyway or any(each is not None for each in said)

    @cached_property
    def target(self) -> Target:
        """What names it as an owner."""
        if self.plan is not None:
            return Target("plan", self.id)
        return Target("queue" if self.is_queue else "pool", self.id)

    @cached_property
    def seats(self) -> tuple[str, ...]:
        """Where the members' seats are kept."""
        return tuple(seat_field(self.id, member.person) for member in self.members)

    @cached_property
    def open_fields(self) -> tuple[str, ...]:
        """Where the numbers of the members' open items are kept."""
        return tuple(open_field(self.record_type, member.person) for member in self.members)

    @cached_property
    def counted_fields(self) -> tuple[str, ...]:
        """Where the numbers are kept that the pool looks at, of its members in their order (D26)."""
        return self.seats if self.count == "own" else self.open_fields

    @cached_property
    def counted_in(self) -> Mapping[str, str]:
        """By person, where the number of their open items is kept that the pool looks at."""
        return {member.person: field for member, field in zip(self.members, self.counted_fields, strict=True)}

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """The members' weights by person."""
        return {member.person: member.weight for member in self.members}

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """By person, how many priorities come before theirs."""
        return ranks({member.person: member.priority for member in self.members})

    @cached_property
    def lightest(self) -> float:
        """The lowest weight of any member; 1 where there is none."""
        return min(self.weights.values(), default=1.0)

    @cached_property
    def has_domains(self) -> bool:
        """Whether any member has a domain of their own."""
        return any(member.domain is not None for member in self.members)

    @cached_property
    def is_picky(self) -> bool:
        """Whether what one record waits for may be no matter to the next: by members' domains, or by skills."""
        return self.has_domains or bool(self.requires)

    @cached_property
    def reads(self) -> frozenset[str]:
        """What the choice among the members reads, as dotted paths."""
        domains = [member.domain for member in self.members if member.domain is not None]
        named = {trait.path for trait in (*self.requires, *self.prefer) if trait.path}
        return frozenset(named).union(*(domain.reads for domain in domains))
