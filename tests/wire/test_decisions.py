"""From a published decision back to the core's."""

from __future__ import annotations

import pytest

from service.core.events import Target
from service.core.model import (
    Assigned,
    Decision,
    Outcome,
    Pending,
    Queued,
    Rejected,
    Released,
    Trace,
    Tried,
)
from service.wire.decisions import NotADecision, read_decision
from service.wire.outputs import Context, render
from service.wire.topics import Topics
from tests.wire.test_outputs import BARE, DECISION_ID, OUTCOMES, TRACE

CONTEXT = Context(Topics.of(), "main", 1_700_000_000_000, 7, "9f3c2e")


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
