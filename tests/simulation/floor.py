"""A made-up sales floor: the changing configuration of a division, with everything that decides who is given what.

Windows, deadlines and waits are of minutes, as shifts are, so that many of them pass while a simulation lasts; days end
where the clocks of a zone say so, soon after the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from service.config.steps import lines_of
from service.core.calendar import DAY_MINUTES, Block, WorkCalendar, WorkingTime
from service.core.configuration import Config, User
from service.core.entry_policy import EntryPolicy
from service.core.events import OfferKind, Target
from service.core.limit_spec import Limit, Per
from service.core.model import Label
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import Accepting, Escalation, Membership, PoolSpec
from service.core.rule_sets import Entry, FieldUser, Ladder, LadderStep, RuleSet
from service.core.traits import Trait, Traits
from service.core.workflow_specs import NO_WORKFLOWS
from service.language.predicate import Predicate
from tests.core.build import planted, predicate
from tests.simulation.flows import MINUTE_MS, wishes, workflows

PEOPLE: Final = ("ann", "bob", "cem", "dia", "eve", "fay")
POOLS: Final = ("sales", "partners", "late")
PLANS: Final[dict[str, tuple[str, OfferKind]]] = {"spring": ("form", "payment_failed"), "care": ("chat", "paid")}
"""Each plan with the tool and the happening to offers that bring leads in."""
OFFERS: Final = ("gold", "silver")
CITY: Final = Trait("skill", path="city")
"""Whoever gets the record knows its city."""
ZONES: Final = ("UTC", "Europe/Berlin")
"""In one of them a day ends a quarter of an hour after the beginning."""
TIMES: Final[tuple[Per, ...]] = ("open", "open", "day", 20_000, MINUTE_MS, 5 * MINUTE_MS, 3_600_000)
FALLBACKS: Final = {
    "sales": (Target("pool", "late"), Target("user", "fay"), Target("pool", "spring")),
    "late": (Target("pool", "sales"), Target("user", "fay")),
    "partners": (Target("user", "eve"),),
}
"""What may help out. Two pools do so for each other."""


def raises_on_boom(fact: object) -> bool:
    """A criterion with a planted bug."""
    if fact:
        raise ZeroDivisionError("planted")
    return True


class Floor:
    """Makes one version after the other: members, pools, limits and all that is agreed come, go and change."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def configuration(self, division: str, version: int) -> Config:
        """The division's next version."""
        pools = {name: self._pool(name) for name in POOLS if name == "sales" or self._sometimes(0.7)}
        entries = (
            Entry("oslo", Target("pool", "partners"), (*self._bug(), predicate("city equals Oslo"))),
            Entry("found", self._others(), (predicate("score equals 3"),), requires=(CITY,)),
            Entry("fay", Target("user", "fay"), (predicate("score equals 2"),)),
            Entry("others", self._others()),
        )
        users = {name: self._user(name) for name in PEOPLE if self._sometimes(0.95)}
        if self._sometimes(0.8):
            pools |= {name: self._plan(name, *brought) for name, brought in PLANS.items()}
        pools = {name: _without_what_is_not_there(spec, pools, users) for name, spec in pools.items()}
        lines = lines_of(entry.target for entry in entries if isinstance(entry.target, Ladder))
        return Config(
            division,
            version,
            f"label{version}",
            users=users,
            pools=pools | lines,
            rule_sets={"lead": RuleSet("inbound", "lead", entries)},
            offers=dict.fromkeys(OFFERS, ""),
            closed_when={"lead": predicate("score equals 4")} if version % 2 else {},
            workflows=workflows(version) if version % 3 else NO_WORKFLOWS,
            zone=self.random.choice(ZONES),
            sizes={"lead": "size"} if version % 4 else {},
        )

    def _others(self) -> Target | Ladder:
        """Who gets what nothing else is said of: a pool, or several with people among them, in steps of minutes."""
        if self._sometimes(0.3):
            return Target("pool", "sales")
        wait_ms = MINUTE_MS * self.random.randint(1, 3)
        steps = [
            LadderStep(FieldUser(("keeper",)), wait_ms, skips_absent=self._sometimes(0.5)),
            LadderStep(Target("user", "fay"), 2 * wait_ms, skips_absent=True),
            LadderStep(Target("pool", "sales"), wait_ms, skips_absent=self._sometimes(0.5)),
            LadderStep(Target("pool", "late"), wait_ms),
        ]
        chosen = [step for step in steps if self._sometimes(0.6)] or steps[2:3]
        return Ladder("lead", (*chosen, LadderStep(Target("user", self.random.choice(PEOPLE)))))

    def _user(self, name: str) -> User:
        """Somebody who works always, or in shifts of minutes, and may speak the language of Oslo."""
        random, time = self.random, None
        if self._sometimes(0.4):
            start, length = random.randrange(10), random.randint(1, 8)
            week = (Block(day, at, at + length) for day in range(7) for at in range(start, DAY_MINUTES, 10))
            time = WorkingTime(WorkCalendar("UTC", tuple(week)))
        skills: Traits = {("skill", "oslo"): 1} if self._sometimes(0.7) else {}
        types = random.choice(((), ("lead",)))
        limits = tuple(limit._replace(types=types) for limit in self._limits(0.2, 6))
        means = ("email",) if self._sometimes(0.9) else ()
        return User(
            name,
            active=self._sometimes(0.95),
            roles=frozenset({"reassign"}),
            notify=means,
            time=time,
            traits=skills,
            limits=limits,
            wishes=wishes(random),
        )

    def _bug(self) -> Sequence[Predicate]:
        """A mistake that most versions have; where it is mended, dead letters can be decided after all."""
        return (planted("boom", raises_on_boom),) if self._sometimes(0.7) else ()

    def _pool(self, name: str) -> PoolSpec:
        random = self.random
        members = random.sample(PEOPLE, random.randint(0 if name == "late" else 1, len(PEOPLE)))
        places = tuple(
            Membership(person, random.choice((1, 1, 2, 0.5)), random.choice((None, 1, 2, 6)), limits=self._limits(0.3))
            for person in members
        )
        return PoolSpec(
            name,
            "contact" if name == "partners" else "lead",
            places,
            drain_per_minute=random.choice((2, 100)),
            limits=self._limits(0.2, 12),
            accepting=self._accepting(),
            fallback=random.choice(FALLBACKS[name]) if self._sometimes(0.3) else None,
            assign_anyway=self._sometimes(0.1),
            escalation=self._escalation(name) if self._sometimes(0.3) else None,
            manager=random.choice(("", "dia", "dia")),
            longest_wait_ms=random.randrange(10 * MINUTE_MS) if self._sometimes(0.3) else None,
            skewed_after=random.randint(0, 1) if self._sometimes(0.8) else None,
        )

    def _plan(self, name: str, tool: str, kind: OfferKind) -> PoolSpec:
        managers = self.random.sample(PEOPLE, self.random.randint(0, 3))
        places = tuple(Membership(manager, limits=self._limits(0.2)) for manager in managers)
        facts = PlanFacts(
            tools=frozenset({tool}), offers={kind: frozenset(OFFERS)}, is_linked=name == "care", label=Label(name)
        )
        entry = EntryPolicy(catches_up=True)
        return PoolSpec(name, "lead", places, entry=entry, plan=facts, accepting=self._accepting())

    def _limits(self, chance: float, most: int = 4) -> tuple[Limit, ...]:
        """Seldom one that leaves room for nothing."""
        random = self.random
        return tuple(
            Limit(random.randint(0 if self._sometimes(0.1) else 1, most), random.choice(TIMES))
            for _ in range(2)
            if self._sometimes(chance)
        )

    def _accepting(self) -> Accepting | None:
        if not self._sometimes(0.4):
            return None
        return Accepting(self.random.randint(1, 4 * MINUTE_MS), self.random.randrange(4), self._sometimes(0.3))

    def _escalation(self, name: str) -> Escalation:
        to = Target("user", "eve") if name == "partners" else self.random.choice(FALLBACKS["sales"])
        return Escalation(self.random.randint(1, 8 * MINUTE_MS), to)

    def _sometimes(self, chance: float) -> bool:
        return self.random.random() < chance


def _without_what_is_not_there(spec: PoolSpec, pools: Collection[str], users: Collection[str]) -> PoolSpec:
    """The pool, without the help of what this version does not have."""

    def is_there(target: Target | None) -> bool:
        return target is not None and target.id in (users if target.kind == "user" else pools)

    escalation = spec.escalation if spec.escalation and is_there(spec.escalation.to) else None
    return replace(spec, fallback=spec.fallback if is_there(spec.fallback) else None, escalation=escalation)
