"""From a published decision back to the core's."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import FieldInfo

from service.core.events import Target
from service.core.model import (
    AskedPool,
    Assigned,
    Candidate,
    Decision,
    Label,
    LimitCount,
    Outcome,
    Pending,
    Queued,
    Rejected,
    Released,
    StepSeen,
    Trace,
    Tried,
    Weighed,
)
from service.wire.decisions import NotADecision, read_decision
from service.wire.outputs import Context, render
from service.wire.topics import Topics
from tests.wire.test_outputs import BARE, DECISION_ID, OUTCOMES, TRACE

CONTEXT = Context(Topics.of(), "main", 1_700_000_000_000, 7, "9f3c2e")

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIMITS = (LimitCount("pool", "1h", 2, 5),)
WHOLE = Trace(
    question="paid",
    rule_set="inbound",
    tried=(Tried("a", True, 3, "no_related_owner"),),
    target=Target("plan", "care"),
    candidates=(
        Candidate(
            person="ann",
            excluded="off_shift",
            load=12,
            last_turn=3,
            open_items=1,
            behind=2,
            back=NINE,
            preferred=True,
            limits=(LimitCount("member", "open", 1, 3), LimitCount("person", "day", 4, 9)),
        ),
    ),
    omitted=2,
    not_looked_at=949,
    earlier=7,
    score=55.5,
    size=3,
    cut=("notes",),
    workflows=(Weighed("ask", "marked_already", 1),),
    through="gold",
    workflow="ask",
    link="contact",
    contacted_ms=1_767_225_600_123,
    asked=(AskedPool("sales", "not_accepted"),),
    limits=LIMITS,
    steps=(StepSeen(target="pool:sales", since=NINE, begins=NINE, skipped="nobody_present"),),
)
"""With something in each field that there is."""
WORDY: tuple[Outcome, ...] = (
    Assigned("ann", "sales", 318, 1_700_000_000_123),
    Pending("sales", "not_accepted", 1_700_000_000_123),
    Released("ann", "sales", "declined", "no time"),
)
"""Outcomes of which the same is true."""


@pytest.mark.parametrize(
    "outcome",
    [*OUTCOMES.values(), *BARE.values(), Queued("hot"), Pending("sales", "nobody_eligible", 1_700_000_000_123)],
    ids=str,
)
def test_what_was_published_is_read_back(outcome: Outcome) -> None:
    """D16: a published decision holds everything that explains it."""
    decision = Decision(
        record="lead/a/b",
        outcome=outcome,
        trace=TRACE,
        sequence=3,
        expected_owner=Target("pool", "sales"),
        expected_version=5,
        correlation_id="conversion-1",
        depth=2,
    )
    message = render(decision, DECISION_ID, CONTEXT)[0]

    assert read_decision(message.value, message.headers) == decision


def unset(value: object) -> list[str]:
    """Which fields of a value, and of the values in it, say no more than what they say where nothing is known."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return [name for each in value for name in unset(each)]
    if not isinstance(value, msgspec.Struct):
        return []
    own = [each.name for each in msgspec.structs.fields(value) if _is_unset(value, each)]
    return own + [name for each in msgspec.structs.fields(value) for name in unset(getattr(value, each.name))]


def _is_unset(value: msgspec.Struct, field: FieldInfo) -> bool:
    return getattr(value, field.name) == field.default or not getattr(value, field.name)


@pytest.mark.parametrize("outcome", WORDY, ids=str)
def test_whatever_a_decision_may_say_is_published_and_read_back(outcome: Outcome) -> None:
    """D16 Each field, so that one that comes later is not forgotten on the way out."""
    label = Label("Care", "#aabbcc")
    decision = Decision(record="lead/1", outcome=outcome, trace=WHOLE, sequence=1, plan="care", label=label)

    assert unset(WHOLE) == unset(outcome) == []
    assert read_decision(render(decision, DECISION_ID, CONTEXT)[0].value) == decision


def test_score_and_entries_that_were_passed_over_are_read_back() -> None:
    """D16 S63: what a trace holds beside the usual."""
    trace = Trace(question="team", tried=(Tried("a", True, None, "no_related_owner"),), earlier=7, score=55.5)
    decision = Decision(record="lead/1", outcome=Assigned("ann"), trace=trace, sequence=1)

    assert read_decision(render(decision, DECISION_ID, CONTEXT)[0].value) == decision


def test_how_a_lead_came_into_a_plan_is_read_back() -> None:
    """D16 S127 Through which tool or offer, why it is not whose turn it is, and since when they know it."""
    trace = Trace(question="paid", through="gold", link="contact", contacted_ms=1_767_225_600_123)
    decision = Decision(record="lead/1", outcome=Assigned("eve", "care"), trace=trace, sequence=1, plan="care")
    assert read_decision(render(decision, DECISION_ID, CONTEXT)[0].value) == decision


@pytest.mark.parametrize("outcome", [Assigned("ann"), Released("", "", "deleted"), Rejected("no_target", "none")])
def test_the_value_alone_is_enough_to_explain(outcome: Outcome) -> None:
    decision = Decision(record="lead/1", outcome=outcome, sequence=1)

    assert read_decision(render(decision, DECISION_ID, CONTEXT)[0].value) == decision


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"record":{"type":"lead","id":"1"}}', b"\xff"])
def test_what_is_no_decision_is_refused(value: bytes) -> None:
    with pytest.raises(NotADecision):
        read_decision(value)
