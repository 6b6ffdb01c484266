"""From a decision to the messages that publish it.

The bytes are a function of the arguments alone: no clock and no chance, so that publishing again after a crash sends
the same id and the same bytes. Messages are CloudEvents in binary mode. This runs for every decision, so headers are
built by hand and what repeats is kept with the context.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final

import msgspec

from schemas.envelope import CHAIN_LIMIT
from service.core.configuration import Config
from service.core.given import USUAL
from service.core.model import Decision, Trace
from service.wire.actions import ACTION, action_id, write_action
from service.wire.cloudevents import JSON_CONTENT, SPECVERSION
from service.wire.inputs import Origin
from service.wire.messages import Headers, Message
from service.wire.notifications import notifications_of
from service.wire.outcomes import FORMS, Form
from service.wire.times import iso_time
from service.wire.topics import Topics

DEFAULT_DIVISION: Final = "main"
NO_CONFIG: Final = Config("")
TRACE_ID_END: Final = len("00-") + 32
"""A `traceparent` is version, trace id, span id and flags: `00-…32…-…16…-01`."""


@dataclass(frozen=True)
class Context:
    """What the messages of a moment have in common: where, when and with which configuration was decided.

    `time_ms` is the lane's clock at the decision. `config` has the words in which people are told.
    """

    topics: Topics
    division: str
    time_ms: int
    config_version: int
    config_label: str
    config: Config = NO_CONFIG

    @cached_property
    def headers(self) -> Headers:
        """The headers of every message."""
        return (
            SPECVERSION,
            ("ce_source", f"fairlead/{self.division}".encode()),
            ("ce_division", self.division.encode()),
            JSON_CONTENT,
            ("ce_time", iso_time(self.time_ms).encode()),
        )

    @cached_property
    def key_prefix(self) -> str:
        """What keys begin with: two divisions may have records and people of the same name."""
        return "" if self.division == DEFAULT_DIVISION else f"{self.division}/"

    @cached_property
    def configuration(self) -> dict[str, object]:
        """The configuration as decisions name it."""
        return {"version": self.config_version, "label": self.config_label}


_write: Final = msgspec.json.Encoder().encode
"""Targets, entries and candidates are published as the core has them, field by field, without what is seldom there."""

DEPTHS: Final = tuple([("ce_chaindepth", b"%d" % depth) for depth in range(1, CHAIN_LIMIT + 1)])
"""How many automatic decisions led to what is published, by how many led to its event."""

NO_ORIGIN: Final = Origin()
"""A timer set the decision off."""


def render(decision: Decision, decision_id: str, context: Context, origin: Origin = NO_ORIGIN) -> list[Message]:
    """What is published about a decision: itself, its notifications, then what workflows ask for.

    Nothing to do publishes nothing of itself; but what was held back for somebody may be told with it.
    """
    form = FORMS.get(type(decision.outcome))
    if form is None and not decision.notifications and not decision.actions:
        return []
    common = _headers(decision, decision_id, context, origin)
    messages = [] if form is None else [_outcome(form, decision, decision_id, context, common, origin)]
    if decision.notifications:
        messages += notifications_of(decision, decision_id, context, common)
    if decision.actions:
        messages += _actions(decision, decision_id, context, common, origin)
    return messages


def _outcome(
    form: Form, decision: Decision, decision_id: str, context: Context, common: Headers, origin: Origin
) -> Message:
    """The message that tells of the decision itself."""
    record_type, _, record_id = decision.record.partition("/")
    said = form.write(decision.outcome)
    if decision.plan:
        said["plan"], said["label"] = decision.plan, decision.label
    said["record"] = {"type": record_type, "id": record_id}
    said["decision"] = decision_id
    said["sequence"] = decision.sequence
    said["expected_owner"] = decision.expected_owner
    said["expected_version"] = decision.expected_version
    said["configuration"] = context.configuration
    said["trace"] = _trace(decision.trace)
    value = _write(said)
    key = (context.key_prefix + decision.record).encode()
    headers = (form.header, ("ce_id", decision_id.encode()), ("ce_partitionkey", key), *common, *_cause(origin))
    return Message(context.topics.assignments, key, value, headers)


def _actions(decision: Decision, decision_id: str, context: Context, common: Headers, origin: Origin) -> list[Message]:
    """What workflows ask for, one message each."""
    record_type, _, record_id = decision.record.partition("/")
    record = {"type": record_type, "id": record_id}
    key = (context.key_prefix + decision.record).encode()
    common += _cause(origin)
    messages = []
    for action in decision.actions:
        value = write_action(action, decision, decision_id, record, context.configuration)
        identity = action_id(decision_id, action).encode()
        headers: Headers = (ACTION, ("ce_id", identity), ("ce_partitionkey", key), *common)
        messages.append(Message(context.topics.workflow_actions, key, value, headers))
    return messages


def _trace(trace: Trace) -> dict[str, object]:
    """What is seldom there is left out where it is not."""
    said: dict[str, object] = {
        "question": trace.question,
        "rule_set": trace.rule_set,
        "tried": trace.tried,
        "target": trace.target,
        "candidates": trace.candidates,
        "omitted": trace.omitted,
    }
    if trace.earlier:
        said["earlier"] = trace.earlier
    if trace.score is not None:
        said["score"] = trace.score
    if trace.size != USUAL:
        said["size"] = trace.size
    if trace.cut:
        said["cut"] = trace.cut
    if trace.through:
        said["through"] = trace.through
    if trace.workflow:
        said["workflow"] = trace.workflow
    if trace.link is not None:
        said["link"] = trace.link
    if trace.contacted_ms is not None:
        said["contacted"] = iso_time(trace.contacted_ms)
    return _with_lists(said, trace)


def _with_lists(said: dict[str, object], trace: Trace) -> dict[str, object]:
    """The same with what of a trace are lists, and how many stand in none, where there is anything."""
    if trace.asked:
        said["asked"] = trace.asked
    if trace.limits:
        said["limits"] = trace.limits
    if trace.steps:
        said["steps"] = trace.steps
    if trace.workflows:
        said["workflows"] = trace.workflows
    if trace.not_looked_at:
        said["not_looked_at"] = trace.not_looked_at
    return said


def _headers(decision: Decision, decision_id: str, context: Context, origin: Origin) -> Headers:
    """What all messages of a decision say alike. Who reacts to one copies the depth, so it counts this decision."""
    headers = [*context.headers]
    if decision.record:
        headers.append(("ce_subject", decision.record.encode()))
    headers.append(DEPTHS[decision.depth] if decision.depth < CHAIN_LIMIT else DEPTHS[-1])
    if decision.correlation_id:
        headers.append(("ce_correlationid", decision.correlation_id.encode()))
    if origin.traceparent:
        headers.append(("ce_traceparent", _traceparent(origin.traceparent, decision_id)))
        if origin.tracestate:
            headers.append(("ce_tracestate", origin.tracestate.encode()))
    return tuple(headers)


def _cause(origin: Origin) -> Headers:
    """The event that set a decision off, where one did."""
    return (("ce_causationid", origin.event_id.encode()),) if origin.event_id else ()


def _traceparent(callers: str, decision_id: str) -> bytes:
    """The caller's trace with a span of ours, which follows from the decision."""
    span = blake2b(decision_id.encode(), digest_size=8).hexdigest()
    return f"{callers[:TRACE_ID_END]}-{span}{callers[TRACE_ID_END + 17 :]}".encode()
