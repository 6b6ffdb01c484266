"""The AsyncAPI 3 document: every topic outsiders see, with its messages, headers, keys and consumer group.

It is made from the models rather than by the broker framework, whose document has no headers, keys, groups or one
message per type. The committed document is that of a deployment with default settings; a running service makes its own,
with the names that it uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from schemas.decisions import OUTPUTS
from schemas.events import INPUTS
from schemas.samples import SAMPLES

SOURCES: Final = ("crm.records", "crm.members")
"""The CRM's topics with the default settings."""
BINDING: Final = "0.5.0"
REQUIRED: Final = ["ce_specversion", "ce_id", "ce_source", "ce_type"]
READ_HEADERS: Final = {
    "ce_time": "When it happened, RFC 3339. Settles races where there is no version.",
    "ce_division": "The company or customer; `main` where absent.",
    "ce_correlationid": "The chain of events this one belongs to.",
    "ce_partitionkey": "What is kept in order.",
    "ce_traceparent": "W3C trace context.",
    "ce_tracestate": "W3C trace context.",
    "ce_chaindepth": "How many automatic decisions led here. Copy it from the output you react to.",
}
WRITTEN_HEADERS: Final = {**READ_HEADERS, "ce_subject": "The record.", "ce_causationid": "The event that caused this."}
DEAD_LETTER_HEADERS: Final = {
    "dead_letter_reason": "Why, in one word.",
    "dead_letter_detail": "Why, in a sentence.",
    "dead_letter_traceback": "The end of the stack, where reading or deciding raised.",
    "dead_letter_source_epoch": "The source position: epoch,",
    "dead_letter_source_topic": "topic,",
    "dead_letter_source_partition": "partition",
    "dead_letter_source_offset": "and offset.",
    "dead_letter_cut": "Which parts were too large and are cut: `key`, `value`, `headers`.",
    "original_value_bytes": "The length of the whole value, where something was cut,",
    "original_value_sha256": "and its checksum.",
    "original_key": "The original's key. Its headers follow as `original_header_…`.",
    "original_value_null": "The original had no value.",
}


class Deployment(NamedTuple):
    """What the settings say about topics: what goes before each name, the CRM's topics, and who reads them."""

    prefix: str = ""
    sources: tuple[str, ...] = SOURCES
    group: str = "fairlead"

    @property
    def consumer_group(self) -> str:
        """The group that reads the CRM's topics."""
        return f"{self.group}.ingest"


DEFAULT: Final = Deployment()


class Channel(NamedTuple):
    """One topic as outsiders see it, its name without the prefix. `is_read`: we read it; else we write."""

    name: str
    topic: str
    summary: str
    key: str
    types: tuple[str, ...]
    is_read: bool = False


def _types(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in (*INPUTS, *OUTPUTS) if name.startswith(prefixes))


READ: Final = (
    Channel(
        "records",
        "crm.records",
        "What happened to records in the CRM. Keyed by record, so that a record's events keep their order.",
        "The record, `lead/4711`; for an import one key for the whole file; for a step or field itself its process.",
        _types(("crm.record.", "crm.assignment.", "crm.offer.", "crm.step.", "crm.action.", "crm.field.")),
        is_read=True,
    ),
    Channel(
        "members",
        "crm.members",
        "Who is available, away or off shift.",
        "The person.",
        _types(("crm.member.",)),
        is_read=True,
    ),
)
"""What is read with the default settings."""
WRITTEN: Final = (
    Channel(
        "assignments",
        "assignments",
        "Decisions about records.",
        "The record, `lead/4711`, behind the division and a slash where that is not `main`.",
        _types(("assignment.",)),
    ),
    Channel(
        "notifications",
        "notifications",
        "Whom to tell of a decision, and by what means.",
        "The person, behind the division and a slash where that is not `main`.",
        _types(("notification.",)),
    ),
    Channel(
        "workflowActions",
        "workflow-actions",
        "What the CRM is asked to do with a record's process.",
        "The record, behind the division and a slash where that is not `main`.",
        _types(("workflow.",)),
    ),
)
DEAD_LETTERS: Final = Channel(
    "deadLetters",
    "assignment.dead-letters",
    "What could not be read or decided, with the original bytes.",
    "The source position, `epoch/topic/partition/offset`.",
    ("dead-letter",),
)


def document(deployment: Deployment = DEFAULT) -> dict[str, object]:
    """The document as plain values, in the order it is written."""
    read = _read(deployment.sources)
    channels = (*read, *WRITTEN, DEAD_LETTERS)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Fairlead",
            "version": "1",
            "description": (
                "CRM events in, fair and explained assignments out. Events are CloudEvents 1.0. Binary mode is shown; "
                "structured mode and plain JSON are read as well. Outputs are sent at least once, with the same id and "
                "the same bytes." + _prefix_told(deployment.prefix)
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel, deployment.prefix) for channel in channels},
        "operations": {_operation_name(channel): _operation(channel, deployment) for channel in channels},
        "components": {
            "messages": {
                **{name: _message(name, channel) for channel in (*read, *WRITTEN) for name in channel.types},
                "dead-letter": _dead_letter(),
            },
            "schemas": _schemas(),
        },
    }


def _read(sources: tuple[str, ...]) -> tuple[Channel, ...]:
    """The CRM's topics. Of others than the default ones nobody can say which events are in which: any may be."""
    if sources == SOURCES:
        return READ
    key = "The record, `lead/4711`, or the person; for an import one key for the whole file."
    told = "What happened in the CRM. Keyed so that the events of a record, or of a person, keep their order."
    return tuple(Channel(topic, topic, told, key, tuple(INPUTS), is_read=True) for topic in sources)


def _prefix_told(prefix: str) -> str:
    return f" Topic names of this deployment begin with `{prefix}`." if prefix else " Topic names may have a prefix."


def _channel(channel: Channel, prefix: str) -> dict[str, object]:
    return {
        "address": prefix + channel.topic,
        "description": channel.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in channel.types},
        "bindings": {
            "kafka": {
                "topic": prefix + channel.topic,
                "topicConfiguration": {"cleanup.policy": ["delete"]},
                "bindingVersion": BINDING,
            }
        },
    }


def _operation_name(channel: Channel) -> str:
    verb = "read" if channel.is_read else "write"
    return verb + channel.name[0].upper() + channel.name[1:]


def _operation(channel: Channel, deployment: Deployment) -> dict[str, object]:
    operation: dict[str, object] = {
        "action": "receive" if channel.is_read else "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
    }
    if channel.is_read:
        group = {"type": "string", "enum": [deployment.consumer_group]}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
    return operation


def _message(event_type: str, channel: Channel) -> dict[str, object]:
    model = {**INPUTS, **OUTPUTS}[event_type]
    sample = SAMPLES[event_type]
    told = READ_HEADERS if event_type in INPUTS else WRITTEN_HEADERS
    attributes = {f"ce_{name}": str(value) for name, value in sample.items() if name not in {"data", "datacontenttype"}}
    return {
        "name": event_type,
        "title": model.__name__,
        "summary": (model.__doc__ or "").splitlines()[0],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": REQUIRED,
            "properties": {
                "ce_specversion": {"const": "1.0"},
                "ce_id": _text("Unique among the events of one source."),
                "ce_source": _text("The system the event comes from."),
                "ce_type": {"const": event_type},
                **_texts(told.items()),
            },
        },
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": _key_binding(channel),
        "examples": [{"name": "example", "headers": attributes, "payload": sample["data"]}],
    }


def _dead_letter() -> dict[str, object]:
    return {
        "name": "dead-letter",
        "title": "DeadLetter",
        "summary": "The original's bytes, whatever they were.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": [name for name in DEAD_LETTER_HEADERS if name.startswith("dead_letter_source_")],
            "properties": _texts(DEAD_LETTER_HEADERS.items()),
        },
        "bindings": _key_binding(DEAD_LETTERS),
    }


def _key_binding(channel: Channel) -> dict[str, object]:
    return {"kafka": {"key": _text(channel.key), "bindingVersion": BINDING}}


def _text(description: str) -> dict[str, object]:
    return {"type": "string", "description": description}


def _texts(described: Iterable[tuple[str, str]]) -> dict[str, object]:
    return {name: _text(description) for name, description in described}


def _schemas() -> Mapping[str, object]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]]
    models = [(model, "validation") for model in (*INPUTS.values(), *OUTPUTS.values())]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")
    definitions: Mapping[str, object] = found["$defs"]
    return definitions
