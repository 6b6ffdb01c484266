"""Workflows in a lane: what they ask for is published once, whoever owns the lane, and remembered with the record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.core.acting import OPEN_CHARACTERS
from service.core.reasons import Withheld
from service.core.workflow import actions
from service.core.workflow.actions import ACTIONS
from service.core.workflow.doing import Turn
from service.core.workflow_specs import Action, Cap, FromField, StepName
from service.lane.surprise import Surprise
from service.limits import DAY_MS
from tests.checker import violations
from tests.core.build import created, deleted, pool, updated
from tests.core.flows import catalogue, flow, on
from tests.core.test_workflows import BUDGET, NOTE, deal, flows, gone, marked, update
from tests.lane.build import TOPICS, Owner, World
from tests.lane.test_measures import measured
from tests.lane.test_retention import RETAINED, days_pass


def world() -> World:
    """A lane with a workflow in each direction."""
    made = World()
    made.configure(pool("ann", "bob", "cem"), workflows=flows(BUDGET, NOTE))
    return made


def asked(made: World) -> list[str]:
    """The ids of the actions, in the order in which they were first published."""
    ids = [(dict(record.headers)["ce_id"] or b"").decode() for record in made.published(TOPICS.workflow_actions)]
    return list(dict.fromkeys(ids))


def kinds(made: World) -> set[str]:
    """The kinds of which the memory holds something that workflows need."""
    found = {key.partition(":")[0] for key, fields in made.state.items() if fields}
    return found & {"progress", "workflow", "element"}


async def test_an_action_is_published_with_a_deterministic_id_and_all_that_it_says() -> None:
    """S100 D16 Lane, epoch, offset, ordinal, and the workflow behind it."""
    made = world()
    made.send(deal({"budget": 5}))
    await (await made.owner()).work(2)
    (record,) = made.published(TOPICS.workflow_actions)
    said: dict[str, Any] = json.loads(record.value)
    headers = dict(record.headers)
    assert record.key == b"deal/1"
    assert headers["ce_type"] == b"workflow.action_requested.v1"
    assert headers["ce_id"] == f"{said['decision']}/budget-known".encode()
    assert (said["action"], said["process"], said["step"], said["field"]) == (
        "mark_step",
        "sales",
        "qualified",
        "budget",
    )
    assert (said["before"], said["after"], said["enforcement"]) == (None, 5, None)
    made.check()


async def test_the_next_owner_asks_for_nothing_twice() -> None:
    """S100 S101 What is open, marked and weighed outlives the process."""
    made = world()
    made.send(deal(), update({"budget": 1}), marked())
    await (await made.owner()).work(3)
    assert [name.rpartition("/")[2] for name in asked(made)] == ["budget-known", "needs-note"]
    made.send(update({"budget": None}), update({"budget": 2}), marked())
    await (await made.owner()).work(3)
    assert len(asked(made)) == 2
    made.check()


async def test_a_memory_that_was_lost_is_built_again_with_what_workflows_need() -> None:
    """S105 From the log."""
    made = world()
    made.send(deal(), update({"budget": 1}), gone("field_deleted", "deal", "note"))
    owner = await made.owner()
    await owner.work(3)
    before = kinds(made)
    made.store.lanes.clear()
    made.send(update({"budget": None}), update({"budget": 2}), marked())
    with pytest.raises(Surprise):
        await owner.work()
    await (await made.owner()).work(3)
    assert (len(asked(made)), kinds(made), before) == (1, before, {"progress", "workflow", "element"})
    made.check()


async def test_what_workflows_remember_ends_with_the_record_and_the_configuration() -> None:
    """S105 Nothing grows without end."""
    made = world()
    made.send(deal({"budget": 1}), marked(), gone("step_deleted", "sales", "call"))
    await (await made.owner()).work(3)
    made.send(deleted("deal/1"))
    await (await made.owner()).work(2)
    assert kinds(made) == {"workflow", "element"}
    made.configure(pool("ann", "bob", "cem"))
    await (await made.owner()).work(4)
    assert kinds(made) == set()
    made.check()


async def test_a_record_that_is_forgotten_takes_its_progress_along() -> None:
    """S105 What was not heard of for long."""
    made = world()
    made.send(deal({"budget": 1}))
    limits = replace(RETAINED, untouched_ms=40 * DAY_MS)
    await (await made.owner(limits=limits)).work(3)
    assert "progress" in kinds(made)
    await days_pass(made, await made.owner(limits=limits), 42)
    assert "progress" not in kinds(made)
    made.check()


async def owner_at(made: World, level: int) -> Owner:
    """An owner who hears that lanes are raised to this level."""
    lane = made.lane()
    lane.around = replace(lane.around, level=lambda: level)
    tenure = await lane.take_over()
    return Owner(lane, tenure)


async def test_below_their_level_workflows_are_off_and_nothing_is_written() -> None:
    """S97 Raised, they are on from one batch on."""
    made = world()
    made.send(deal({"budget": 1}), gone("step_deleted", "sales", "call"))
    await (await owner_at(made, 1)).work(3)
    assert (asked(made), kinds(made)) == ([], set())
    made.send(update({"budget": None}), update({"budget": 2}))
    owner = await owner_at(made, 2)
    await owner.work(4)
    assert owner.tenure.level == 2
    made.send(update({"budget": None}), update({"budget": 3}))
    await owner.work(3)
    assert len(asked(made)) == 1
    made.check()


async def test_the_checker_sees_an_action_without_a_cause() -> None:
    """A workflow that asks twice for one marked step."""
    made = world()
    made.send(deal(), marked())
    await (await made.owner()).work(3)
    assert BUDGET.steps == (StepName("sales", "qualified"),)
    (record,) = made.published(TOPICS.workflow_actions)
    said = json.loads(record.value)
    again = said | {"decision": "0-0-99-0", "sequence": said["sequence"] + 1}
    headers = [(name, b"0-0-99-0/needs-note" if name == "ce_id" else value) for name, value in record.headers]
    evidence = made.evidence()
    second = next(each for each in evidence.outputs if each.topic == TOPICS.workflow_actions)._replace(
        value=json.dumps(again).encode(), headers=tuple(headers)
    )
    found = violations(replace(evidence, outputs=[*evidence.outputs, second]))
    assert any("asked 2 times" in complaint and "there were 1 causes" in complaint for complaint in found)


@pytest.mark.parametrize(
    ("cap", "scope", "record"), [({"per_record": 1}, "record", "lead/1"), ({"per_day": 1}, "whole", "")]
)
async def test_a_workflow_that_is_paused_is_counted_and_named_once(cap: Any, scope: str, record: str) -> None:
    """e2 At its cap, for a record or as a whole: afterwards it only does nothing."""
    made = World()
    made.configure(workflows=catalogue(flow("w", on("updated"), cap=Cap(**cap))))
    owner = await made.owner()
    before = measured("workflows_paused_total", scope=scope)
    with capture_logs() as lines:
        made.send(created(), *(updated(facts={"a": number}) for number in range(4)))
        await owner.work(3)
    told = [line for line in lines if line["event"] == "workflow.paused"]
    assert [(each["log_level"], each["division"], each["workflow"], each["record"]) for each in told] == [
        ("warning", "main", "w", record)
    ]
    assert measured("workflows_paused_total", scope=scope) == before + 1
    made.check()


async def test_records_that_are_to_be_made_take_bounded_room_however_long_their_fields_are() -> None:
    """What is open is one value for each type, written whole with each that comes: the oldest counts as made."""
    make = Action("create_record", record_type="task", fields=(("text", FromField("note")),))
    made = World()
    made.configure(pool("ann"), workflows=catalogue(flow("w", on("created"), make)))
    events = [created(f"lead/{number}", "pool:sales", facts={"note": "x" * 3_900}) for number in range(50)]
    made.send(*events)
    await (await made.owner()).work(60)
    orders = (await made.owner("two")).tenure.book.state("main").orders["task"].open
    assert [order.record for order in orders] == [f"lead/{number}" for number in range(46, 50)]
    assert len(asked(made)) == len(events)
    assert sum(len(order.text) for order in orders) <= OPEN_CHARACTERS
    made.check()


@pytest.mark.interpreted
async def test_a_workflow_that_raises_for_a_record_costs_that_event_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """S79 The event is a dead letter; all others of its batch are decided, and workflows act on them."""
    make = ACTIONS["create_record"]

    def make_most(turn: Turn) -> Withheld | None:
        if turn.case.name == "lead/2":
            raise ValueError("no such thing")
        return make(turn)

    monkeypatch.setattr(actions, "ACTIONS", {**ACTIONS, "create_record": make_most})
    made = World()
    made.configure(pool("ann"), workflows=catalogue(flow("w", on("created"))))
    made.send(*(created(f"lead/{number}", "pool:sales") for number in (1, 2, 3)))
    await (await made.owner()).work(3)
    assert made.outcomes.count(("dead_letter", "decide_raised")) == 1
    assert [record.key for record in made.published(TOPICS.workflow_actions)] == [b"lead/1", b"lead/3"]
    made.check()
