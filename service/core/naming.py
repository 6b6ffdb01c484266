"""People as the configuration calls them, in whatever an event tells: the one place through which their ids come in.

Most CRMs take letter case in an id for nothing and write it now so and now so. What follows compares ids as they are.
Whatever an event names and is not declared is looked at once more, for a declared name that differs in case alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from service.core.configuration import Config, Named
from service.core.events import (
    CatalogueEvent,
    EmptyEvent,
    Event,
    MemberEvent,
    RecordEvent,
    Target,
)


def as_declared(event: Event, config: Config) -> Event:
    """The event with everybody in it under the id that is declared (D41)."""
    if not config.ids_ignore_case or isinstance(event, EmptyEvent | CatalogueEvent):
        return event
    if isinstance(event, MemberEvent):
        return replace(event, person=config.person(event.person))
    return replace(
        event,
        owner=_named(event.owner, config),
        actor=None if event.actor is None else config.person(event.actor),
        person=None if event.person is None else config.person(event.person),
    )


def id_in(fact: object) -> str | None:
    """The id that a field of a record holds, however the CRM writes it; none: it holds no id, or several.

    Text without white space at its ends, a whole number as its digits, a link by its `id`, a list of one of these.
    """
    match fact:
        case str():
            return fact.strip()
        case bool():
            return None
        case int():
            return str(fact)
        case float() if fact.is_integer():
            return str(int(fact))
        case Mapping():
            return id_in(fact.get("id"))
        case [only]:
            return id_in(only)
        case _:
            return None


def behind(path: tuple[str, ...], facts: object) -> object:
    """What stands at the end of the path of links; none: nothing does."""
    for step in path:
        facts = facts.get(step) if isinstance(facts, Mapping) else None
    return facts


class NearMiss(NamedTuple):
    """An id in an event that leads to nothing, and the declared one from which it differs in letter case only."""

    kind: Named
    told: str
    declared: str


def near_misses(event: Event, config: Config) -> Iterator[NearMiss]:
    """Ids in the event of people, of what may own a record, and of what brings leads into plans."""
    for kind, told in _named_in(event):
        declared = config.near_miss(told, kind)
        if declared:
            yield NearMiss(kind, told, declared)


def missed(told: str, config: Config, kind: Named = "user") -> str:
    """The end of a sentence about who or what is not there: that an id almost like it is declared; else nothing."""
    declared = config.near_miss(told, kind)
    return f"; {declared} is one, and differs in letter case only" if declared else ""


def _named_in(event: Event) -> Iterator[tuple[Named, str]]:
    match event:
        case MemberEvent(person=person):
            yield "user", person
        case RecordEvent(owner=owner, actor=actor, person=person, tool=tool):
            if owner is not None:
                yield owner.kind, owner.id
            for each in (actor, person):
                if each is not None:
                    yield "user", each
            if tool is not None:
                yield "tool", tool
            for offer in event.offers:
                yield "offer", offer


def _named(target: Target | None, config: Config) -> Target | None:
    return Target("user", config.person(target.id)) if target is not None and target.kind == "user" else target
