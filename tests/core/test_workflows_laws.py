"""Whatever workflows there are: whom the index leaves out would have done nothing, and nothing tells the difference.

The same workflows, their conditions said so that no index finds a value in them (as the only one of an *or*), are all
asked: what is published and remembered must be the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import CatalogueEvent, RecordEvent
from service.core.in_process import WEIGHED_MAX
from service.core.workflow_specs import Action, Cap, Trigger, Workflow
from service.language.predicate import Predicate
from service.language.tree import Any as AnyOf
from tests.core.build import Division, created, deleted, event, owner_changed, updated
from tests.core.flows import CALL, SET_X, TASK, TELL, division, flow, on, was_changed, where

MARKED: Final = Trigger(("step_marked",), step=CALL)
TRIGGERS: Final = (
    on("updated"),
    on("created", "updated"),
    on("created", "updated", changed=("stage",)),
    on("updated", changed=("stage", "x")),
    on("owner_changed", "deleted", "created"),
    Trigger(("field_filled",), "stage", "text"),
    Trigger(("field_cleared",), "stage", "text"),
    MARKED,
)
CONDITIONS: Final = (
    (),
    where("country equals FR"),
    where("country in [DE, FR]"),
    where("x equals 1"),
    where("stage equals open"),
    where("actor.id equals ann"),
    (*where("stage equals open"), *where("country equals FR")),
    where("x > 0"),
)
ACTIONS: Final = (TASK, TELL, SET_X, Action("set_field", field="stage", value="open"), Action("mark_step", step=CALL))
GONE: Final = CatalogueEvent(id="c1", kind="field_deleted", name=("lead", "x"))
ASKS: Final = CatalogueEvent(id="c2", kind="step_changed", name=("sales", "call"), requires_note=True)
VALUES: Final[Any] = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["FR", "de", None]),
        "stage": st.sampled_from(["open", "won", ""]),
        "x": st.sampled_from([1, 0, "1"]),
    },
)


@st.composite
def flows(draw: Any) -> list[Workflow]:
    """Many that ask for a value that nobody has, as many as a decision tells of or more, and a few that differ, most of
    them behind those; all of them are set off by one thing or two.
    """
    triggers = st.sampled_from(draw(st.lists(st.sampled_from(TRIGGERS), min_size=1, max_size=2)))
    crowd = draw(st.sampled_from([0, WEIGHED_MAX, WEIGHED_MAX + 3]))
    found = [flow(f"m{number:02}", draw(triggers), criteria=where("country equals IT")) for number in range(crowd)]
    names = st.sampled_from(["a", "m05", "x", "x", "y", "y", "z"])
    found += [
        flow(
            f"{draw(names)}{number}",
            draw(triggers),
            *draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2)),
            criteria=draw(st.sampled_from(CONDITIONS)),
            changed=draw(st.sampled_from([(), (), was_changed("stage")])),
            cap=draw(st.sampled_from([Cap(), Cap(), Cap(per_record=1), Cap(per_day=2)])),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    return found


UPDATES: Final = st.builds(
    lambda facts, actor: updated(facts=facts, actor=actor), VALUES, st.sampled_from(["ann", None])
)
OTHERS: Final = st.one_of(
    st.builds(lambda facts: updated(facts=facts, depth=99), VALUES),
    st.builds(lambda: event("step_marked", step=CALL)),
    st.builds(lambda marked: event("step_marked", step=CALL, marked=marked), st.booleans()),
    st.sampled_from(["other", "sales"]).map(lambda process: updated(process=process)),
    st.sampled_from([GONE, ASKS]),
    st.builds(lambda: owner_changed(owner="user:bob")),
)
EVENTS: Final = st.tuples(
    st.builds(lambda facts: created(facts=facts), VALUES),
    st.lists(st.one_of(UPDATES, UPDATES, OTHERS), min_size=2, max_size=8),
    st.sampled_from([(), (), (deleted(),)]),
).map(lambda each: [each[0], *each[1], *each[2]])


def all_asked(workflow: Workflow) -> Workflow:
    """The same in which no index finds a value."""
    asked = tuple(Predicate(each.source, AnyOf((each.condition,))) for each in workflow.criteria)
    return replace(workflow, criteria=asked)


def check_same(workflows: list[Workflow], events: Sequence[RecordEvent | CatalogueEvent]) -> None:
    """Both do the same."""
    indexed, asked = (division(*each) for each in (workflows, map(all_asked, workflows)))
    for told in events:
        indexed.send(told)
        asked.send(told)
    assert indexed.decisions == asked.decisions
    assert _remembered(indexed) == _remembered(asked)


@given(flows(), EVENTS)
def test_whom_the_index_leaves_out_makes_no_difference(
    workflows: list[Workflow], events: list[RecordEvent | CatalogueEvent]
) -> None:
    """S79 D49 What is decided, told, asked for and remembered is the same as if everybody was asked, in that order."""
    check_same(workflows, events)


ITALY: Final = where("country equals IT")
MARK: Final = Action("mark_step", step=CALL)
FRENCH: Final = {"country": "FR"}


@pytest.mark.parametrize(
    ("trigger", "last", "events"),
    [
        (on("updated"), [{"actions": (SET_X,), "criteria": ITALY}], [GONE, updated(facts=FRENCH)]),
        (on("updated"), [{"actions": (MARK,), "criteria": ITALY}], [ASKS, updated(facts=FRENCH)]),
        (on("updated"), [{"criteria": ITALY}], [updated(facts=FRENCH, depth=99)]),
        (MARKED, [{"criteria": ITALY}], [updated(process="other"), event("step_marked", step=CALL, facts=FRENCH)]),
        (
            Trigger(("field_filled",), "country", "text"),
            [{"trigger": MARKED, "criteria": ITALY}],
            [updated(process="other"), event("step_marked", step=CALL, facts=FRENCH)],
        ),
        (on("updated"), [{"criteria": where("x equals 1")}], [updated(facts=FRENCH | {"x": 0})]),
        (
            on("updated"),
            [{"criteria": where("x equals 1")}, {"criteria": where("country equals FR")}],
            [updated(facts=FRENCH | {"x": 0})],
        ),
        (on("updated", changed=("stage", "x")), [{}], [updated(facts={"stage": "won", "x": 7})]),
    ],
    ids=[
        "lost",
        "a step that asks for more",
        "too deep",
        "another process",
        "another process behind what was filled",
        "set before",
        "set before what holds already",
        "two changed",
    ],
)
def test_who_stands_behind_more_than_are_told_of_is_noted_all_the_same(
    trigger: Trigger, last: list[dict[str, Any]], events: list[RecordEvent | CatalogueEvent]
) -> None:
    """S105 D49 What stands against a workflow is noted though its condition does not hold, and one whose condition
    holds by what another one set acts.
    """
    crowd = [flow(f"m{number:02}", trigger, criteria=ITALY) for number in range(WEIGHED_MAX + 3)]
    sets = flow("n", trigger, SET_X, criteria=where("x equals 0"))
    asks = [replace(flow(f"z{number}", trigger), **each) for number, each in enumerate([*last, *last])]
    check_same([*crowd, sets, *asks], [created(facts={"stage": "open"}), *events])


def _remembered(told: Division) -> dict[str, dict[str, Any]]:
    return {
        kind: dict(told.state.of_kind(kind)) for kind in ("record", "progress", "acting", "workflow", "tally", "orders")
    }
