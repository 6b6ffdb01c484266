"""Which process a record is in, where its type goes through several: D48."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import RecordEvent
from service.core.workflow.process import process_in
from service.core.workflow_specs import ProcessSpec, StepName, Workflows
from tests.core.build import Division, created, event, updated
from tests.core.directions import direction
from tests.core.flows import names, withheld

BUDGET: Final = direction("budget-known", "deal", ("budget", "number"), StepName("sales", "qualified"), active=True)
NOTE: Final = direction("needs-note", "deal", ("note", "text"), StepName("renewal", "call"), "ask", active=True)


def division() -> Division:
    """Deals go through one of two processes; of some of their steps no workflow speaks."""
    steps = frozenset({"qualified", "call", "other"})
    return Division(
        workflows=Workflows(
            all={each.id: each for each in (BUDGET, NOTE)},
            processes={name: ProcessSpec(name, "deal", steps) for name in ("sales", "renewal")},
            fields={"deal": {"budget": "number", "note": "text"}},
        )
    )


def marked(process: str, step: str = "other", **more: Any) -> RecordEvent:
    """A step is marked for the deal."""
    return event("step_marked", "deal/1", step=StepName(process, step), **more)


def process(told: Division) -> str:
    return process_in(told.state.progress["deal/1"], "deal", told.config.workflows)


@pytest.mark.parametrize("told_by", ["version", "time_ms"])
@given(st.permutations([("sales", "other", 2), ("renewal", "call", 4), ("sales", "qualified", 3)]))
def test_the_newest_step_that_is_marked_tells_the_process_in_whatever_order_steps_are_told(
    told_by: str, steps: Sequence[tuple[str, str, int]]
) -> None:
    """D48 The CRM never says which it is: then it is not that of the step that happened to be heard first."""

    def at(number: int) -> dict[str, Any]:
        return {told_by: number}

    told = division()
    told.send(created("deal/1", **at(1)))
    for name, step, number in steps:
        told.send(marked(name, step, **at(number)))
    assert process(told) == "renewal"
    told.send(marked("sales", **at(5)))
    assert process(told) == "sales"


def test_a_record_that_goes_on_to_another_process_is_in_that_one() -> None:
    """D48 S85 The first step is none that fixes it for ever: steps of the other process are marked, and heeded."""
    told = division()
    assert names(told, created("deal/1"), marked("sales"), updated("deal/1", facts={"budget": 1})) == ["budget-known"]
    assert names(told, marked("renewal", "call")) == ["needs-note"]
    assert names(told, updated("deal/1", facts={"budget": None}), updated("deal/1", facts={"budget": 2})) == []
    assert withheld(told) == {"budget-known": "other_process"}


@pytest.mark.parametrize("events", [*itertools.permutations(range(3))])
def test_what_the_crm_says_counts_more_than_any_step(events: Sequence[int]) -> None:
    """D48 `record.process` is told at any time."""
    told = division()
    said = (
        updated("deal/1", facts={}, process="sales", version=2),
        marked("renewal", "call", version=3),
        marked("renewal", version=4),
    )
    told.send(created("deal/1", version=1))
    for number in events:
        told.send(said[number])
    assert process(told) == "sales"
