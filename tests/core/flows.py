"""Builders for workflows with any trigger and any action, and what a test asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.core.events import RecordEvent
from service.core.model import ActionRequest
from service.core.workflow_specs import (
    Action,
    Hearers,
    ProcessSpec,
    StepName,
    Trigger,
    Workflow,
    Workflows,
)
from service.language import criteria
from service.language.changes import CHANGED
from service.language.predicate import Predicate
from service.language.tree import Any as AnyOf
from service.language.tree import Compare
from tests.core.build import OUTSIDER, Division, pool

FIELDS: Final = {"stage": "text", "country": "text", "x": "number", "when": "date", "tags": "text", "y": "number"}
CALL: Final = StepName("sales", "call")
TASK: Final = Action("create_record", record_type="task", fields=(("subject", "Call back"),))
TELL: Final = Action("notify", told=Hearers(person=OUTSIDER))
SET_X: Final = Action("set_field", field="x", value=1)


def flow(name: str, trigger: Trigger, *actions: Action, **more: Any) -> Workflow:
    """An active workflow about leads."""
    return Workflow(name, "lead", trigger, actions or (TASK,), active=True, **more)


def on(*kinds: Any, changed: tuple[str, ...] = ()) -> Trigger:
    """Something happens to a record as a whole."""
    return Trigger(kinds, changed=changed)


def where(*texts: str) -> tuple[Predicate, ...]:
    """Conditions, all of which must hold."""
    return tuple(Predicate(text, criteria.parse(text)) for text in texts)


def was_changed(*paths: str) -> tuple[Predicate, ...]:
    """One of these was changed."""
    tree = AnyOf(tuple(Compare((path,), CHANGED, None) for path in paths))
    return (Predicate("changed", tree),)


def catalogue(*flows: Workflow) -> Workflows:
    """These workflows, with what they are made of."""
    return Workflows(
        all={each.id: each for each in flows},
        processes={"sales": ProcessSpec("sales", "lead", frozenset({"call"}))},
        fields={"lead": FIELDS},
    )


def division(*flows: Workflow, pools: Mapping[str, Sequence[str]] | None = None, **more: Any) -> Division:
    """A division with these workflows, and pools of these members."""
    specs = [pool(*members, id=name) for name, members in (pools or {}).items()]
    return Division(*specs, workflows=catalogue(*flows), **more)


def asked(told: Division, *events: RecordEvent) -> list[ActionRequest]:
    """What workflows ask for in these events."""
    known = len(told.decisions)
    for each in events:
        told.send(each)
    return [action for decision in told.decisions[known:] for action in decision.actions]


def names(told: Division, *events: RecordEvent) -> list[str]:
    """The workflows that ask, in order."""
    return [each.workflow for each in asked(told, *events)]


def withheld(told: Division) -> dict[str, str | None]:
    """Why workflows did nothing in the last decision."""
    return {each.workflow: each.withheld for each in told.decisions[-1].trace.workflows}


def told_people(told: Division) -> list[str]:
    """Who hears of the last decision from a workflow."""
    return [each.person for each in told.decisions[-1].notifications if each.kind == "workflow"]
