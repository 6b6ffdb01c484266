"""From a decision to the messages that publish it."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from schemas.decisions import OUTPUTS
from schemas.envelope import CHAIN_LIMIT, ID_LIMIT, Envelope
from schemas.generate import artifacts
from service.core.events import Target
from service.core.model import (
    Assigned,
    Candidate,
    Decision,
    Nothing,
    Notification,
    Outcome,
    Pending,
    Queued,
    Rejected,
    Released,
    Trace,
    Tried,
)
from service.wire.inputs import Origin
from service.wire.messages import Message
from service.wire.outputs import Context, render
from service.wire.times import iso_time
from service.wire.topics import Topics
from tests.wire.builders import header

DECISION_ID = "3-0-4711-0"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ORIGIN = Origin("e1", "/crm", TRACEPARENT, "vendor=1")
TRACE = Trace(
    question="rule_set",
    rule_set="inbound",
    tried=(Tried("vip", False, 0), Tried("emea", True, None)),
    target=Target("pool", "sales"),
    candidates=(
        Candidate(person="ann", excluded=None, load=12, last_turn=3, open_items=1),
        Candidate(person="bob", excluded="away", load=12, last_turn=4, open_items=0),
    ),
    omitted=2,
)
OUTCOMES: dict[str, Outcome] = {
    "assignment.assigned.v1": Assigned("ann", "sales", 318),
    "assignment.pending.v1": Pending("sales", "nobody_eligible", 2_000),
    "assignment.rejected.v1": Rejected("unknown_pool", "there is no pool x"),
    "assignment.released.v1": Released("ann", "sales", "owner_chosen"),
}
BARE: dict[str, Outcome] = {
    "assignment.assigned.v1": Assigned("ann"),
    "assignment.pending.v1": Pending("sales", "empty_pool"),
    "assignment.rejected.v1": Rejected("no_target", "no rule matched"),
    "assignment.released.v1": Released("", "", "deleted"),
}


def told(
    decision: Decision, decision_id: str = DECISION_ID, *, division: str = "main", origin: Origin = ORIGIN
) -> list[Message]:
    return render(decision, decision_id, Context(Topics.of(), division, 1_500, 7, "9f3c2e"), origin)


def decision(outcome: Outcome, *notified: str, record: str = "lead/4711", trace: Trace = TRACE) -> Decision:
    notifications = tuple(Notification("assigned", person, ("email", "chat")) for person in notified)
    return Decision(
        record=record,
        outcome=outcome,
        trace=trace,
        notifications=notifications,
        sequence=3,
        expected_owner=Target("pool", "sales"),
        expected_version=5,
        correlation_id="c1",
        depth=1,
    )


def only(outcome: Outcome, *, division: str = "main", origin: Origin = ORIGIN) -> Message:
    (message,) = told(decision(outcome), division=division, origin=origin)
    return message


def body(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(message.value)
    return found


def attributes(message: Message) -> dict[str, str]:
    pairs = ((name.removeprefix("ce_"), (value or b"").decode()) for name, value in message.headers)
    return {"datacontenttype" if name == "content-type" else name: value for name, value in pairs}


def fits(message: Message) -> None:
    """Envelope, model and JSON Schema accept the message, and the model knows every name in it."""
    Envelope.model_validate(attributes(message))
    event_type = attributes(message)["type"]
    found = body(message)
    Draft202012Validator(orjson.loads(artifacts()[f"json/{event_type}.json"])).validate(found)
    OUTPUTS[event_type].model_validate(found, extra="forbid")


@pytest.mark.parametrize("outcomes", [OUTCOMES, BARE], ids=["full", "bare"])
@pytest.mark.parametrize("event_type", OUTCOMES)
def test_every_outcome_is_published_as_its_type_and_fits_its_schema(
    event_type: str, outcomes: dict[str, Outcome]
) -> None:
    """The other direction of the examples: what is really written is what is published as a contract."""
    message = only(outcomes[event_type])
    assert message.topic == "assignments"
    assert attributes(message)["type"] == event_type
    fits(message)


def test_nothing_to_do_publishes_nothing() -> None:
    """It is in the log, with its reason."""
    assert told(decision(Nothing("echo"))) == []


def test_an_assignment_names_owner_pool_and_turn() -> None:
    """S28: one can see from which pool an owner came."""
    found = body(only(OUTCOMES["assignment.assigned.v1"]))
    assert (found["owner"], found["pool"], found["turn"]) == ({"kind": "user", "id": "ann"}, "sales", 318)


def test_an_assignment_names_the_owner_and_the_version_it_expects() -> None:
    """D21: a CRM applies it only while the record is as we knew it; and it ignores what is not newer."""
    found = body(only(OUTCOMES["assignment.assigned.v1"]))
    assert found["expected_owner"] == {"kind": "pool", "id": "sales"}
    assert (found["expected_version"], found["sequence"]) == (5, 3)


def test_a_queue_is_an_owner() -> None:
    """S35 S53: no person, no pool, no turn; the CRM sets the queue as owner."""
    message = only(Queued("hot"))

    assert header(message.headers, "ce_type") == b"assignment.assigned.v1"
    said = body(message)
    assert (said["owner"], said["pool"], said["turn"]) == ({"kind": "queue", "id": "hot"}, None, None)
    OUTPUTS["assignment.assigned.v1"].model_validate(said)


def test_a_decision_says_why() -> None:
    """D16: entries tried with result, candidates with the reason each was left out, loads, configuration."""
    found = body(only(OUTCOMES["assignment.assigned.v1"]))
    assert found["configuration"] == {"version": 7, "label": "9f3c2e"}
    assert found["trace"] == {
        "question": "rule_set",
        "rule_set": "inbound",
        "tried": [
            {"entry": "vip", "matched": False, "criterion": 0},
            {"entry": "emea", "matched": True, "criterion": None},
        ],
        "target": {"kind": "pool", "id": "sales"},
        "candidates": [
            {"person": "ann", "excluded": None, "load": 12, "last_turn": 3, "open_items": 1},
            {"person": "bob", "excluded": "away", "load": 12, "last_turn": 4, "open_items": 0},
        ],
        "omitted": 2,
    }


def test_a_notification_is_one_per_decision_kind_and_person() -> None:
    """D22, S19: its id says so, and its body names the decision it belongs to."""
    assigned, *notifications = told(decision(OUTCOMES["assignment.assigned.v1"], "ann", "eve"))
    assert [attributes(message)["id"] for message in notifications] == [
        "3-0-4711-0/assigned/ann",
        "3-0-4711-0/assigned/eve",
    ]
    assert {message.topic for message in notifications} == {"notifications"}
    assert [message.key for message in notifications] == [b"ann", b"eve"]
    assert body(notifications[0]) == {
        "decision": attributes(assigned)["id"],
        "kind": "assigned",
        "person": "ann",
        "via": ["email", "chat"],
        "record": {"type": "lead", "id": "4711"},
        "reason": "It was your turn in sales.",
        "link": "",
        "language": "en",
        "subject": "Yours: lead 4711",
        "body": "lead 4711 is yours now. It was your turn in sales.",
    }
    assert attributes(notifications[0])["causationid"] == DECISION_ID
    for message in notifications:
        fits(message)


def test_whatever_is_as_long_as_it_may_be_is_published_as_it_was_agreed() -> None:
    """Ids, division, chain and times at their limits at once; two people's notifications stay two."""
    longest, most = "x" * ID_LIMIT, 2**63 - 1
    people = [f"{longest[:-1]}{last}" for last in "yz"]
    made = decision(Assigned(longest, longest, most), *people, record=f"{'t' * 64}/{longest}")
    made = replace(made, correlation_id=longest, depth=CHAIN_LIMIT)
    messages = told(made, f"{most}-{2**31}-{most}-99999", division="d" * 64, origin=Origin(longest, "s" * 512))
    for message in messages:
        fits(message)
    assert len({attributes(message)["id"] for message in messages}) == 1 + len(people)


def test_rendering_again_gives_the_same_bytes() -> None:
    """What is published again after a crash is the same message, so that readers can recognise it."""
    wanted = decision(OUTCOMES["assignment.assigned.v1"], "ann")
    assert told(wanted) == told(wanted)
    assert told(wanted, "3-0-4711-1")[0].headers != told(wanted)[0].headers


def test_an_output_says_where_it_belongs() -> None:
    """Correlation, cause, order, division, time and depth ride along as attributes."""
    found = attributes(only(OUTCOMES["assignment.assigned.v1"], division="acme"))
    assert {name: value for name, value in found.items() if name != "traceparent"} == {
        "specversion": "1.0",
        "type": "assignment.assigned.v1",
        "id": DECISION_ID,
        "source": "fairlead/acme",
        "division": "acme",
        "partitionkey": "acme/lead/4711",
        "subject": "lead/4711",
        "time": "1970-01-01T00:00:01.500Z",
        "correlationid": "c1",
        "causationid": "e1",
        "tracestate": "vendor=1",
        "chaindepth": "2",
        "datacontenttype": "application/json",
    }


def test_the_key_is_the_record_and_in_a_division_of_its_own_begins_with_it() -> None:
    """Two companies may have records and people of the same name."""
    assigned = decision(OUTCOMES["assignment.assigned.v1"], "ann")
    assert [message.key for message in told(assigned, division="acme")] == [
        b"acme/lead/4711",
        b"acme/ann",
    ]
    assert [message.key for message in told(assigned)] == [b"lead/4711", b"ann"]


def test_the_callers_trace_goes_on_with_a_span_of_ours() -> None:
    """W3C: same trace and flags, another span, and the same one each time."""
    first = header(only(OUTCOMES["assignment.assigned.v1"]).headers, "ce_traceparent") or b""
    assert re.fullmatch(rb"00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01", first)
    assert first.decode() != TRACEPARENT


def test_a_decision_set_off_by_a_timer_has_no_cause_and_no_trace() -> None:
    """A parked record that is drained belongs to its chain only."""
    found = attributes(only(OUTCOMES["assignment.assigned.v1"], origin=Origin()))
    assert not {"causationid", "traceparent", "tracestate"} & set(found)
    assert found["correlationid"] == "c1"


def test_a_record_id_may_hold_slashes() -> None:
    """The type ends at the first one."""
    (message,) = told(decision(Assigned("ann"), record="lead/a/b"))
    assert body(message)["record"] == {"type": "lead", "id": "a/b"}


def test_the_sdk_reads_an_output() -> None:
    """Binary mode as the reference library understands it."""
    message = only(OUTCOMES["assignment.assigned.v1"])
    event = from_kafka_event(
        KafkaMessage({name: value or b"" for name, value in message.headers}, message.key, message.value)
    )
    assert (event.get_id(), event.get_type()) == (DECISION_ID, "assignment.assigned.v1")
    assert event.get_data() == body(message)


@pytest.mark.parametrize(
    ("time_ms", "text"), [(0, "1970-01-01T00:00:00.000Z"), (1_767_225_600_007, "2026-01-01T00:00:00.007Z")]
)
def test_times_are_written_in_utc_with_milliseconds(time_ms: int, text: str) -> None:
    """RFC 3339."""
    assert iso_time(time_ms) == text
