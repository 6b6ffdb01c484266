"""What follows from workflows, in the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.decide import decide
from service.core.events import CatalogueEvent, RecordEvent
from service.core.filled import FILLED, is_filled
from service.core.in_process import MARKS_MAX, OPEN_MAX, Usage
from service.core.model import ActionRequest, Decision, Nothing
from service.core.workflow_specs import ProcessSpec, StepName, Workflow, Workflows
from tests.core.build import Division, created, deleted, event, rules, updated
from tests.core.directions import direction

BUDGET: Final = direction("budget-known", "deal", ("budget", "number"), StepName("sales", "qualified"), active=True)
NOTE: Final = direction(
    "needs-note", "deal", ("note", "text"), StepName("sales", "call"), "required", name="Needs note", active=True
)
CATALOGUE: Final = {"budget": "number", "note": "text", "signed": "boolean", "decided": "date"}


def flows(
    *workflows: Workflow, processes: Sequence[str] = ("sales",), steps: Sequence[str] = ("qualified", "call")
) -> Workflows:
    """These workflows, with a catalogue."""
    return Workflows(
        all={each.id: each for each in workflows},
        processes={name: ProcessSpec(name, "deal", frozenset(steps)) for name in processes},
        fields={"deal": CATALOGUE},
    )


def division(*workflows: Workflow, **more: Any) -> Division:
    """A division with these workflows."""
    return Division(workflows=flows(*(workflows or (BUDGET, NOTE)), **more))


def deal(facts: dict[str, object] | None = None, **more: Any) -> RecordEvent:
    """A deal is created."""
    return created("deal/1", facts=facts or {}, **more)


def update(facts: dict[str, object], **more: Any) -> RecordEvent:
    """Fields of the deal change."""
    return updated("deal/1", facts=facts, **more)


def marked(step: str = "call", process: str = "sales", **more: Any) -> RecordEvent:
    """A step is marked for the deal."""
    return event("step_marked", "deal/1", step=StepName(process, step), **more)


def gone(kind: Any, *name: str, **more: Any) -> CatalogueEvent:
    """Something happened to a field or step itself."""
    return CatalogueEvent(kind=kind, name=(name[0], name[1]), **{"id": f"gone-{kind}-{name}-{more}", **more})


def sent(told: Division, *events: RecordEvent | CatalogueEvent) -> list[str]:
    """The workflows that asked for their actions, in order."""
    return [action.workflow for action in requests(told, *events)]


def requests(told: Division, *events: RecordEvent | CatalogueEvent) -> list[ActionRequest]:
    """The actions that these events lead to."""
    known = len(told.decisions)
    for each in events:
        told.send(each)
    return [action for decision in told.decisions[known:] for action in decision.actions]


def withheld(told: Division) -> dict[str, str | None]:
    """Why the workflows that the last decision weighed asked for nothing."""
    return {each.workflow: each.withheld for each in told.decisions[-1].trace.workflows}


def test_a_field_that_is_filled_has_its_step_marked() -> None:
    """S83 S84 S100 Empty to value, on an update or at creation (D48)."""
    late = division()
    assert sent(late, deal()) == []
    (action,) = requests(late, update({"budget": 0}))
    assert (action.workflow, action.action, action.step) == ("budget-known", "mark_step", BUDGET.steps[0])
    assert (action.before, action.after, action.enforcement) == (None, 0, None)
    assert action.reason == (
        "budget-known: the field budget was filled, so the step qualified of sales is to be marked"
    )
    assert sent(division(), deal({"budget": 5})) == ["budget-known"]


def test_a_step_that_is_marked_has_its_field_asked_for_where_it_is_empty() -> None:
    """S85 S101 How firmly is said with it; where the field is filled, nothing is asked for."""
    empty, filled = division(), division()
    (action,) = requests(empty, deal(), marked())
    assert (action.action, action.field, action.enforcement) == ("require_field", "note", "required")
    assert (action.before, action.after) == (False, True)
    assert action.reason.startswith("Needs note: the step call of sales was marked and the field note is empty")
    assert sent(filled, deal({"note": "x"}), marked()) == []
    assert withheld(filled) == {"needs-note": "filled_already"}


def test_a_step_that_is_marked_with_its_field_asks_for_nothing() -> None:
    """S85 The event may tell the fields, too."""
    assert sent(division(), deal(), marked(facts={"note": "all is said"})) == []


@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize(
    ("value", "types"),
    [
        (None, ""),
        ("", ""),
        ("   ", ""),
        (False, ""),
        ([], ""),
        ("0000-00-00", "text"),
        (0, "text number"),
        (0.0, "text number"),
        ("0", "text number"),
        ("-1.5e3", "text number"),
        ("007", "text number"),
        (True, "text boolean"),
        (1, "text boolean number"),
        ("true", "text boolean"),
        ("false", "text"),
        ("2026-10-27", "text date"),
        ("2026-10-27T10:00:00Z", "text date"),
        ("2026-02-30", "text"),
        ("nan", "text"),
        ("1_000", "text"),
        (float("inf"), "text"),
    ],
    ids=repr,
)
def test_filled_means_something_else_for_each_type(kind: str, value: object, types: str) -> None:
    """S86 e5 Text that is not blank, a ticked box, a valid date, any number including zero."""
    assert is_filled(kind, value) is (kind in types.split())


@given(st.sampled_from(sorted(FILLED)), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_whatever_a_field_holds_it_can_be_said_whether_it_is_filled(kind: str, value: object) -> None:
    """S86"""
    assert is_filled(kind, value) in (True, False)


def test_filled_cleared_and_filled_again_is_two_changes_and_a_marked_step_is_nothing_to_do() -> None:
    """e3 D48 Once per real change; while the step stays marked there is nothing to ask for."""
    told = division()
    assert sent(told, deal(), update({"budget": 1})) == ["budget-known"]
    assert sent(told, update({"budget": None}), update({"budget": 2})) == []
    assert withheld(told) == {"budget-known": "asked_already"}
    assert sent(told, marked("qualified"), update({"budget": ""}), update({"budget": 3})) == []
    assert withheld(told) == {"budget-known": "marked_already"}
    assert sent(told, marked("qualified", marked=False), update({"budget": None}), update({"budget": 4})) == [
        "budget-known"
    ]


def test_a_step_that_is_marked_anew_asks_anew() -> None:
    """e3 S101 Marked, taken away, marked: two real changes; marked and marked again is one."""
    told = division()
    assert sent(told, deal(), marked(), marked()) == ["needs-note"]
    assert withheld(told) == {"needs-note": "marked_before"}
    assert sent(told, marked(marked=False), marked()) == ["needs-note"]


def test_another_value_is_no_filling() -> None:
    """S83 D43 Nor is the same one, nor the first we hear of a field that nobody told before."""
    told, unseen = division(), division()
    assert sent(told, deal({"budget": 1}), update({"budget": 1}), update({"budget": 2})) == ["budget-known"]
    assert withheld(told) == {"budget-known": "filled_before"}
    assert sent(unseen, update({"budget": 1})) == []
    assert sent(unseen, update({"budget": None}), update({"budget": 1})) == ["budget-known"]


def test_a_text_that_is_too_long_to_keep_is_filled() -> None:
    """S86 The event tells it; of what was before nothing is known, so another long one is no filling."""
    text = direction("t", "deal", ("note", "text"), StepName("sales", "qualified"), active=True)
    told = division(text)
    assert sent(told, deal(), update({"note": "x" * 1_000})) == ["t"]
    assert sent(told, marked("qualified", marked=False), update({"note": "y" * 1_000})) == []


def test_a_form_that_is_still_empty_when_it_is_created() -> None:
    """e4 What a creation does not name is unset; created filled and told again is one filling."""
    assert sent(division(), deal({}), update({"budget": 7})) == ["budget-known"]
    assert sent(division(), deal({"budget": 7}), update({"budget": 7})) == ["budget-known"]


def test_the_record_must_be_in_the_process() -> None:
    """D48 Which one it is in the CRM says; where there is one only, that is it."""
    two = {"processes": ("sales", "renewal")}
    unknown, other, there = division(**two), division(**two), division(**two)
    assert sent(unknown, deal({"budget": 1})) == []
    assert withheld(unknown) == {"budget-known": "process_unknown"}
    assert sent(other, deal({"budget": 1}, process="renewal")) == []
    assert withheld(other) == {"budget-known": "other_process"}
    assert sent(there, deal(process="renewal"), update({"budget": 1}, process="sales")) == ["budget-known"]
    assert sent(there, marked(process="renewal"), marked()) == ["needs-note"]


def test_a_step_that_is_marked_tells_the_process_where_nobody_did() -> None:
    """D48"""
    told = division(processes=("sales", "renewal"))
    assert sent(told, deal(), marked(), update({"budget": 1})) == ["needs-note", "budget-known"]


def test_what_an_action_asked_for_closes_it_and_is_no_news() -> None:
    """D49 S106 Everything else in the event is news."""
    told = Division(workflows=flows(BUDGET, NOTE), rule_sets=rules(record_type="deal"))
    told.send(deal())
    told.send(marked())
    assert [asked.field for asked in told.state.progress["deal/1"].open] == ["note"]
    assert sent(told, update({"note": "", "budget": None})) == []
    assert [asked.field for asked in told.state.progress["deal/1"].open] == ["note"]
    assert sent(told, update({"note": "now it is said", "budget": 1})) == ["budget-known"]
    assert [asked.workflow for asked in told.state.progress["deal/1"].open] == ["budget-known"]
    assert sent(told, marked("qualified")) == []
    assert told.state.progress["deal/1"].open == ()


def test_the_two_directions_never_feed_each_other() -> None:
    """S106 What is asked for sets nothing off before the CRM tells it, and the telling is an echo."""
    chain = (
        direction("a", "deal", ("budget", "number"), StepName("sales", "qualified"), active=True),
        direction("b", "deal", ("note", "text"), StepName("sales", "qualified"), "ask", active=True),
    )
    told = division(*chain)
    assert sent(told, deal({"budget": 1})) == ["a"]
    assert sent(told, marked("qualified")) == []


def test_a_chain_of_automatic_decisions_ends() -> None:
    """D7 What too many decisions led to asks for nothing."""
    told = division()
    assert sent(told, deal({"budget": 1}, depth=6)) == []
    assert withheld(told) == {"budget-known": "chain_depth"}


def test_an_inactive_workflow_does_nothing_and_nothing_is_remembered_for_it() -> None:
    """S97 S98"""
    idle = direction("idle", "deal", ("budget", "number"), StepName("sales", "qualified"))
    told = division(idle)
    assert sent(told, deal({"budget": 1}), marked("qualified")) == []
    assert (told.state.progress, told.state.past, told.state.workflows) == ({}, {}, {})


def test_renaming_an_active_workflow_changes_nothing_else() -> None:
    """S89 S90 S102 What was counted stays, and what is open."""
    told = division(BUDGET)
    told.send(deal({"budget": 1}))
    renamed = direction("budget-known", "deal", ("budget", "number"), BUDGET.steps[0], name="New", active=True)
    told.configure(workflows=flows(renamed))
    assert told.state.workflows["budget-known"].times == 1
    assert sent(told, update({"budget": None}), update({"budget": 1})) == []
    told.configure(workflows=flows(NOTE))
    assert "budget-known" not in told.state.workflows


@pytest.mark.parametrize(
    ("news", "reason"),
    [
        (gone("field_deleted", "deal", "budget"), "field_deleted"),
        (gone("step_deleted", "sales", "qualified"), "step_deleted"),
    ],
)
def test_a_workflow_that_lost_its_field_or_step_does_nothing_and_breaks_nothing(
    news: CatalogueEvent, reason: str
) -> None:
    """S105 e6 The others go on; one of the same name does not revive it, a new workflow does."""
    told = division()
    assert told.send(news) == (Nothing("catalogue_changed", told.state.workflows["budget-known"].lost),)
    assert sent(told, deal({"budget": 1}), marked()) == ["needs-note"]
    assert told.decisions[-2].trace.workflows[0].withheld == reason
    assert sent(told, gone("step_changed", "sales", "qualified", requires_note=False)) == []
    assert sent(told, update({"budget": None}), update({"budget": 2})) == []
    told.configure(workflows=flows(NOTE))
    told.configure(workflows=flows(BUDGET, NOTE))
    assert sent(told, update({"budget": None}), update({"budget": 3})) == ["budget-known"]


def test_a_workflow_that_uses_something_else_is_found_again() -> None:
    """S105 S90 What it lost it does not use any more."""
    told = division(BUDGET)
    told.send(gone("field_deleted", "deal", "budget"))
    told.configure(workflows=flows(BUDGET))
    assert told.state.workflows["budget-known"].lost == "field/deal/budget"
    changed = direction("budget-known", "deal", ("signed", "boolean"), BUDGET.steps[0], active=True)
    told.configure(workflows=flows(changed))
    assert told.state.workflows["budget-known"] == Usage()
    assert sent(told, deal({"signed": True})) == ["budget-known"]


def test_a_step_that_takes_more_by_now_is_not_asked_for() -> None:
    """S95 S96 As long as it does."""
    told = division()
    told.send(gone("step_changed", "sales", "qualified", requires_note=True, version=1))
    assert sent(told, deal({"budget": 1})) == []
    assert withheld(told) == {"budget-known": "note_required"}
    told.send(gone("step_changed", "sales", "qualified", requires_note=False, generates_task=True, version=2))
    assert sent(told, update({"budget": None}), update({"budget": 1})) == []
    assert withheld(told) == {"budget-known": "task_generated"}
    told.send(gone("step_changed", "sales", "qualified", generates_task=False, version=3))
    assert sent(told, update({"budget": None}), update({"budget": 1})) == ["budget-known"]


def test_news_of_fields_and_steps_are_ordered_and_each_counts_once() -> None:
    """S105 By version, else by time, else by id; what the configuration does not name leaves nothing."""
    told = division()
    assert (
        told.send(gone("step_changed", "sales", "call", version=5, requires_note=True))[0].reason == "catalogue_changed"
    )
    older = gone("step_changed", "sales", "call", version=4, requires_note=False)
    assert told.send(older) == (Nothing("older_catalogue", "step/sales/call"),)
    assert told.send(older) == (Nothing("duplicate_event", "step/sales/call"),)
    assert told.send(gone("field_deleted", "deal", "colour")) == (Nothing("not_in_catalogue", "field/deal/colour"),)
    assert told.send(gone("step_deleted", "hunt", "call")) == (Nothing("not_in_catalogue", "step/hunt/call"),)
    assert list(told.state.elements) == ["step/sales/call"]
    told.configure(workflows=Workflows())
    assert told.state.elements == {}


def test_what_is_remembered_of_a_record_is_bounded_and_ends_with_it() -> None:
    """S105 Marks and open actions; a deletion leaves neither."""
    many = [
        direction(f"w{n}", "deal", (f"f{n}", "text"), StepName("sales", f"s{n}"), "ask", active=True)
        for n in range(150)
    ]
    told = Division(workflows=flows(*many, steps=[f"s{n}" for n in range(150)]))
    told.send(deal())
    for number in range(150):
        told.send(marked(f"s{number}"))
    assert len(told.state.progress["deal/1"].marks) == MARKS_MAX
    assert len(told.state.progress["deal/1"].open) == OPEN_MAX
    told.send(deleted("deal/1"))
    assert told.state.progress == {}


def test_nothing_is_written_where_nothing_is_configured() -> None:
    """S79 A division without workflows remembers nothing for them."""
    told = Division()
    told.send(deal({"budget": 1}, process="sales"))
    told.send(marked())
    told.send(gone("field_deleted", "deal", "budget"))
    told.send(deleted("deal/1"))
    assert (told.state.progress, told.state.workflows, told.state.elements, told.state.past) == ({}, {}, {}, {})


STORIES: Final = st.lists(
    st.sampled_from(
        [
            ("budget", None),
            ("budget", 1),
            ("budget", "2"),
            ("note", ""),
            ("note", "x"),
            ("step", "call"),
            ("step", "qualified"),
        ]
    ),
    max_size=8,
)


def _story(parts: Sequence[tuple[str, object]]) -> list[RecordEvent]:
    """A creation and what happened then, in the order of versions."""
    events = [deal({}, version=1, id="e1")]
    for number, (what, value) in enumerate(parts, 2):
        more: dict[str, Any] = {"version": number, "id": f"e{number}"}
        events.append(marked(str(value), **more) if what == "step" else update({what: value}, **more))
    return events


@settings(max_examples=150, deadline=None)
@given(STORIES, st.randoms(use_true_random=False))
def test_redelivery_and_permutation_never_give_an_action_twice(parts: list[tuple[str, object]], random: Any) -> None:
    """S38 S100 S101 In these stories no mark is taken away: a workflow asks once at most, whatever comes again."""
    story = _story(parts)
    in_order = sent(division(), *story)
    assert sent(division(), *(each for told in story for each in (told, told))) == in_order
    shuffled = story.copy()
    random.shuffle(shuffled)
    found = sent(division(), *shuffled, *story)
    assert sorted(set(found)) == sorted(found)


def test_the_same_input_gives_the_same_decision() -> None:
    """Pure: the state stays as it is, and nothing depends on who asks."""
    told = division()
    told.send(deal())
    asked = update({"budget": 1, "note": "x"})
    first, again = (decide(asked, told.state, told.config, told.now_ms) for _ in range(2))
    assert (first.decisions, first.changes) == (again.decisions, again.changes)
    assert isinstance(first.decisions[-1], Decision)
