"""What a row says that happened: an event's type, or its word for short, and what such an event is about.

An offer event without its offer, or a contact without its person, is read by nobody; so it is told before it is sent,
of the map where the map can be no better, else of the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from schemas.events import INPUTS, OfferEvent, RecordContacted
from service.config.problems import Problem
from service.connectors.file.cells import BadCell, Extract, reader, translated
from service.connectors.file.event_map import Constant, ReadMap, Value
from service.connectors.file.rows import Row

WORDS: Final[Mapping[str, str]] = {
    kind.split(".")[2]: kind for kind in INPUTS if kind.startswith(("crm.record.", "crm.offer."))
}
"""What is short for the type of an event about a record or an offer: `paid` is `crm.offer.paid.v1`."""

NEEDED: Final[Mapping[str, str]] = {
    kind: "offer" if issubclass(model, OfferEvent) else "person"
    for kind, model in INPUTS.items()
    if issubclass(model, OfferEvent | RecordContacted)
}
"""What an event of this type is about beside its record."""

NAMED: Final[Mapping[str, str]] = {"offer": "an offer", "person": "a person"}


def event_type(value: Value) -> Extract:
    """Reads the type of a row's event. Raises `BadCell`."""
    read = reader(value)
    if isinstance(value, Constant):
        meant = _meant(value)
        return lambda row: meant
    column = value.column

    def type_of(row: Row) -> str:
        found = read(row)
        if found is None:
            raise BadCell(column, f"it does not say what happened: fill it with one of {', '.join(WORDS)}")
        return str(found) if found in WORDS.values() else translated(found, column, WORDS, "no event")

    return type_of


def unfit_for_event(read: ReadMap) -> Iterator[Problem]:
    """What the map names that its one type of event is not about, and what that needs and the map does not name."""
    content = read.content
    if not isinstance(content.event, Constant):
        return
    kind = _meant(content.event)
    needed = NEEDED.get(kind)
    if needed is not None and getattr(content, needed) is None:
        yield read.problem(("event",), f'{kind} is about {NAMED[needed]}: add the key "{needed}"')
    for name, called in NAMED.items():
        if name != needed and getattr(content, name) is not None:
            about = " or ".join(word for word, each in WORDS.items() if NEEDED.get(each) == name)
            yield read.problem((name,), f"{kind} is not about {called}: say `event: {about}`, or take the line out")


def _meant(value: Constant) -> str:
    return WORDS.get(str(value.constant), str(value.constant))
