"""People as the configuration calls them, in whatever an event tells: the one place through which their ids come in.

Most CRMs take letter case in an id for nothing and write it now so and now so. What follows compares ids as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from service.core.configuration import Config
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


def near_misses(event: Event, config: Config) -> Iterator[tuple[str, str]]:
    """Ids in the event that are nobody's, each with the declared one from which it differs in letter case only."""
    for told in _people(event):
        declared = config.near_miss(told)
        if declared:
            yield told, declared


def missed(told: str, config: Config) -> str:
    """The end of a sentence about somebody who is nobody: that an id almost like it is declared; else nothing."""
    declared = config.near_miss(told)
    return f"; {declared} is one, and differs in letter case only" if declared else ""


def _people(event: Event) -> Iterator[str]:
    match event:
        case MemberEvent(person=person):
            yield person
        case RecordEvent(owner=owner, actor=actor):
            if owner is not None and owner.kind == "user":
                yield owner.id
            if actor is not None:
                yield actor


def _named(target: Target | None, config: Config) -> Target | None:
    return Target("user", config.person(target.id)) if target is not None and target.kind == "user" else target
