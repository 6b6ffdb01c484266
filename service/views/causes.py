"""What a published decision was decided on: the fields of the record, from the event that set it off.

A decision is published without the record's fields, because they are people's data. Its id names the place of the event
in its lane's input, so as long as the event is kept there, the fields can be looked up. Only a creation tells them all:
what an update leaves out was remembered from before, and what was remembered then is not kept anywhere.
"""

from __future__ import annotations

import re
from typing import Final

from service.core.events import RecordEvent
from service.core.score import FIELD as SCORE
from service.kafka.connection import KafkaConnection
from service.kafka.reading import read_one
from service.language.tree import Facts
from service.views.published import Published
from service.wire.inputs import LaneInput, read_input
from service.wire.outputs import DEFAULT_DIVISION

_DECISION_ID: Final = re.compile(r"(?P<lane>[0-9]+)-[0-9]+-(?P<offset>[0-9]+)-[0-9]+")


async def facts_of(connection: KafkaConnection, events: str, published: Published) -> Facts | None:
    """The record's fields as they were decided on, from the topic `events`; none where they are not known any more.

    Raises `NoSuchTopic`, `KafkaError`.
    """
    place = _DECISION_ID.fullmatch(published.id)
    raw = None if place is None else await read_one(connection, events, int(place["lane"]), int(place["offset"]))
    found = None if raw is None else read_input(raw.value or b"")
    if not isinstance(found, LaneInput) or not isinstance(found.event, RecordEvent):
        return None
    event, decision = found.event, published.decision
    is_it = event.record == decision.record and (found.division or DEFAULT_DIVISION) == published.division
    if not is_it or event.kind != "created":
        return None
    score = decision.trace.score
    return event.facts if score is None else {**event.facts, SCORE: score}
