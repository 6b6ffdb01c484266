"""Skills that are asked for and that nobody has who could get the record: then it waits, or nobody comes first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from schemas.config import Document, Pool
from schemas.config_rules import Entry, named_by
from schemas.config_skills import Preference, Requirement
from service.config.findings import Finding
from service.config.nodes import Steps
from service.config.people import people_of
from service.config.traits import preferred, required, traits_of
from service.core.traits import Traits, has_all, wanted
from service.language.nearest import nearest

NO_MEMBERS: Final = ("user", "queue", "owner_of")
"""Keys of targets that name nobody as a member of a pool."""

Having = Mapping[str, Traits]


def of_skills(document: Document) -> Iterator[Finding]:
    """Everything of the kind, of pools, plans and entries."""
    traits = {name: traits_of(user) for name, user in document.users.items()}
    for pool_id, pool in document.pools.items():
        people = [traits[name] for name in active_members(document, pool)]
        yield from _lacking(("pools", pool_id), pool.requires, people)
        yield from _preferring(("pools", pool_id), pool.prefer, people)
    for plan_id, plan in document.plans.items():
        people = [traits[name] for name in plan.managers if document.users[name].active]
        yield from _lacking(("plans", plan_id), plan.requires, people)
        yield from _preferring(("plans", plan_id), plan.prefer, people)
    for set_id, rule_set in document.rule_sets.items():
        for position, entry in enumerate(rule_set.entries):
            yield from _of_entry(document, ("rule_sets", set_id, "entries", position), entry, traits)


def active_members(document: Document, pool: Pool) -> list[str]:
    """The members of a pool who are not switched off."""
    return [member.user for member in pool.members if document.users[member.user].active]


def _of_entry(document: Document, path: Steps, entry: Entry, traits: Having) -> Iterator[Finding]:
    target = document.pools.get(entry.target.pool or "")
    named = [named_by(step) for step in entry.target.steps or ()] or [entry.target]
    if entry.requires and all(any(getattr(each, key) is not None for key in NO_MEMBERS) for each in named):
        message = "only members of a pool are asked for skills, and this target names none: take it out"
        yield Finding((*path, "requires"), message)
    elif target is not None:
        people = [traits[name] for name in active_members(document, target)]
        yield from _lacking(path, (*entry.requires, *target.requires), people, told=len(entry.requires))
    elif entry.target.users is not None:
        found = people_of(document, entry.target.users)
        yield from _lacking(path, entry.requires, [traits[name] for name in found if document.users[name].active])


def _lacking(
    path: Steps, requires: Sequence[Requirement], people: Collection[Traits], told: int | None = None
) -> Iterator[Finding]:
    """Skills that nobody has, or nobody all of. `told`: so many of them, from the first on, stand at this path; none:
    all do.
    """
    traits = required(tuple(requires))
    if not people:
        return
    missing = False
    for position, trait in enumerate(traits[:told]):
        if not trait.path and not any(has_all(each, wanted([trait], {})) for each in people):
            level = f" at level {trait.level}" if trait.level > 1 else ""
            there = _meant(trait.name, people)
            message = f'nobody who could get it has the skill "{trait.name}"{level}, so its records wait{there}'
            yield Finding((*path, "requires", position), message)
            missing = True
    fixed = [trait for trait in traits if not trait.path]
    if told != 0 and not missing and fixed and not any(has_all(each, wanted(fixed, {})) for each in people):
        names = " and ".join(f'"{trait.name}"' for trait in fixed)
        yield Finding(
            (*path, "requires"), f"nobody who could get it has all of {names}, so its records wait: ask for less"
        )


def _meant(skill: str, people: Collection[Traits]) -> str:
    near = nearest(skill, {name for each in people for kind, name in each if kind == "skill"})
    return f'; did you mean "{near}"?' if near and near != skill else ""


def _preferring(path: Steps, preference: Preference | None, people: Collection[Traits]) -> Iterator[Finding]:
    for trait in preferred(preference):
        if people and not trait.path and not any(has_all(each, wanted([trait], {})) for each in people):
            level = f" at level {trait.level}" if trait.level > 1 else ""
            message = f'nobody here has the {trait.kind} "{trait.name}"{level}, so nobody comes first'
            yield Finding((*path, "prefer", trait.kind), f"{message}{_meant(trait.name, people)}")
