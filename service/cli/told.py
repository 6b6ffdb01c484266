"""What a command tells the lanes is an event like the CRM's: it is read as ingest will read it before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from service.cli.exits import WrongUsage
from service.wire.cloudevents import binary_message
from service.wire.inputs import decode
from service.wire.messages import Message, Poison, RawRecord


def told_event(
    topic: str, key: str, attributes: Mapping[str, str], data: Mapping[str, object], division_attribute: str
) -> Message:
    """The event as a message. Raises `WrongUsage` where ingest would make a dead letter of it."""
    message = binary_message(topic, key, attributes, data)
    raw = RawRecord(message.topic, 0, 0, message.key, message.value, message.headers, 0)
    found = decode(raw, epoch=0, division_attribute=division_attribute)
    if isinstance(found, Poison):
        raise WrongUsage(f"{key}: this would be a dead letter ({found.reason}): {found.detail}; nothing was sent")
    return message
