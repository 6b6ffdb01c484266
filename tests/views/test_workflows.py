"""How workflows stand, from what lanes remember."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from service.config.compiler import compile_document
from service.core.acting import Acting
from service.core.configuration import Config, User
from service.core.in_process import Element, Usage
from service.core.parked import Parked
from service.core.state import Kind, Value
from service.core.workflow_specs import StepName, Trigger, Workflows
from service.store.memory import MemoryStore
from service.views.workflows import NotVisible, Usable, WorkflowsStanding, record_standing, workflow_standings
from tests.config.files import document
from tests.core.build import config
from tests.core.directions import direction
from tests.core.test_workflows import BUDGET, NOTE, flows
from tests.views.build import remembering

IDLE: Final = direction("idle", "deal", ("signed", "boolean"), StepName("sales", "won"))
CONFIGURED: Final = config(
    workflows=replace(flows(BUDGET, NOTE, IDLE, steps=("qualified", "call", "won", "lost")), at_most=3)
)


async def standing(state: Mapping[Kind, Mapping[str, Value]], configured: Config = CONFIGURED) -> WorkflowsStanding:
    """How the workflows of the division stand with this memory."""
    (found,) = await workflow_standings(remembering(state), {"main": configured}, 4)
    return found


async def test_the_list_shows_state_counter_hits_and_what_is_free() -> None:
    """S80 S89 S99 S103 S104 Active and allowed; who holds each field and step, by inactive workflows as well."""
    found = await standing({"workflow": {"budget-known": Usage(times=2, last_ms=7)}})

    assert (found.active, found.allowed) == (2, 3)
    assert [(each.id, each.standing, each.hits, each.last_ms) for each in found.workflows] == [
        ("budget-known", "active", 2, 7),
        ("needs-note", "active", 0, None),
        ("idle", "inactive", 0, None),
    ]
    assert found.fields == (
        Usable("deal.budget", "budget-known", ""),
        Usable("deal.decided", "", ""),
        Usable("deal.note", "needs-note", ""),
        Usable("deal.signed", "idle", ""),
    )
    assert [(each.name, each.holder) for each in found.steps] == [
        ("sales/call", "needs-note"),
        ("sales/lost", ""),
        ("sales/qualified", "budget-known"),
        ("sales/won", "idle"),
    ]


async def test_what_lost_its_field_is_shown_with_a_warning_counts_and_holds_its_step() -> None:
    """S105 e6 Shown whole: it counts, and holds what it uses."""
    lost = {"budget-known": Usage(lost="field/deal/budget", lost_ms=5, withheld="field_deleted", withheld_ms=6)}
    found = await standing({"workflow": lost, "element": {"field/deal/budget": Element(deleted_ms=5)}})

    first = found.workflows[0]
    assert (first.standing, first.warnings, first.fields) == (
        "lost",
        ("a field that it uses was deleted in the CRM: deal/budget",),
        ("budget",),
    )
    assert (first.withheld, first.withheld_ms) == ("field_deleted", 6)
    assert found.active == 2
    assert found.fields[0] == Usable("deal.budget", "budget-known", "deleted in the CRM")
    assert ("sales/qualified", "budget-known") in [(each.name, each.holder) for each in found.steps]


async def test_a_step_that_takes_more_by_now_is_a_warning() -> None:
    """S95 S96"""
    found = await standing({"element": {"step/sales/call": Element(requires_note=True, generates_task=True)}})

    note = found.workflows[1]
    assert note.standing == "unusable"
    assert note.warnings == ("its step requires a note by now", "its step generates a task by now")
    assert found.steps[0] == Usable("sales/call", "needs-note", "requires a note, generates a task")


async def test_a_step_that_is_configured_to_take_more_than_marking_it_is_shown_with_that() -> None:
    """S95 S96 S104 It is not free: `check` refuses a workflow that uses it."""
    steps = "{call: {}, offer: {requires_note: true}, visit: {generates_task: true}}"
    written = document(f"processes: {{sales: {{record_type: deal, steps: {steps}}}}}")
    found = await standing({}, compile_document(written))
    assert found.steps == (
        Usable("sales/call", "", ""),
        Usable("sales/offer", "", "requires a note"),
        Usable("sales/visit", "", "generates a task"),
    )


async def test_only_administrators_see_workflows_unless_a_setting_says_otherwise() -> None:
    """S87 D10 Nobody else, not even somebody unknown; whoever runs the deployment sees all."""
    people = [
        User("ann", roles=frozenset({"admin"})),
        User("bob"),
        User("off", roles=frozenset({"admin"}), active=False),
    ]
    mine = config(users=people, workflows=CONFIGURED.workflows)
    store = MemoryStore()

    assert len(await workflow_standings(store, {"main": mine}, 4, "ann")) == 1
    for person in ("bob", "off", "stranger"):
        with pytest.raises(NotVisible, match="only administrators"):
            await workflow_standings(store, {"main": mine}, 4, person)
    shown = replace(mine, visibility={"workflows": "members"})
    assert len(await workflow_standings(store, {"main": shown}, 4, "bob")) == 1
    with pytest.raises(NotVisible):
        await workflow_standings(store, {"main": shown}, 4, "stranger")
    assert (
        len(await workflow_standings(store, {"main": replace(mine, visibility={"workflows": "everyone"})}, 4, "x")) == 1
    )


async def test_a_division_without_workflows_is_not_listed() -> None:
    """S79"""
    assert await workflow_standings(MemoryStore(), {"main": config()}, 4) == []


async def test_a_record_that_waits_shows_what_it_will_set_off_and_when() -> None:
    """Counted from when it came into its line; what it set off already is not due again."""
    soon = replace(BUDGET, id="soon", trigger=Trigger(("waiting_for",), after_ms=600_000), active=True)
    later = replace(soon, id="later", trigger=Trigger(("waiting_for",), after_ms=1_200_000))
    off = replace(later, id="off", active=False)
    configured = config(workflows=Workflows(all={each.id: each for each in (later, off, soon)}))
    parked = {"deal/1": Parked(pool="sales", number=1, since_ms=1_000)}
    told = {"deal/1": Acting(since_ms=1_000, waited_ms=600_000)}

    async def due(state: Mapping[Kind, Mapping[str, Value]]) -> tuple[tuple[str, int], ...]:
        return (await record_standing(remembering(state), configured, "deal/1", 4)).due

    assert await due({"parked": parked}) == (("soon", 601_000), ("later", 1_201_000))
    assert await due({"parked": parked, "acting": told}) == (("later", 1_201_000),)
    assert await due({}) == ()
