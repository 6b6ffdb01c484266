"""How workflows stand: what they do, how often they did, what they warn of, and which fields and steps are still free.

Read from the memories of the lanes without a fence, beside the newest configuration. Who holds a field or step is said
of inactive workflows as well, and of those that lost what they use: they hold it until somebody deletes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from service.core.catalogue import used
from service.core.configuration import Config
from service.core.in_process import NO_PROGRESS, Element, InProcess, Usage, field_element, step_element
from service.core.reasons import WITHHELD, Withheld
from service.core.state import Kind, State
from service.core.visibility import may_see
from service.core.workflow_specs import ActionKind, Enforcement, StepName, Workflow
from service.store.keys import LAYOUT, full_name
from service.store.port import Store
from service.views.peeking import MemoryState, peek
from service.wire.lanes import lane_of
from service.wire.values import unpack

WATCHED: Final[tuple[Kind, ...]] = ("workflow", "element")

Standing = Literal["active", "inactive", "lost", "unusable"]
"""`lost`: its field or step was deleted in the CRM. `unusable`: its step takes more than marking it by now. Neither
does anything, and both count as active where they are switched on.
"""


class WorkflowStanding(NamedTuple):
    """One workflow. `withheld` is why it asked for nothing when it last might have, at `withheld_ms` (none: never).

    Times are milliseconds since 1970 (UTC).
    """

    id: str
    name: str
    active: bool
    standing: Standing
    action: ActionKind
    record_type: str
    field: str
    process: str
    step: str
    enforcement: Enforcement | None
    hits: int
    last_ms: int | None
    withheld: str
    withheld_ms: int | None
    warnings: tuple[str, ...]


class Usable(NamedTuple):
    """A field or step that workflows may use. `holder`: the workflow that uses it (empty: it is free). `remark`: what
    speaks against it, as far as the CRM told.
    """

    name: str
    holder: str
    remark: str


@dataclass(frozen=True, slots=True)
class WorkflowsStanding:
    """The workflows of a division. `active` counts those that are switched on, `allowed` how many may be; none: any."""

    division: str
    active: int
    allowed: int | None
    workflows: tuple[WorkflowStanding, ...]
    fields: tuple[Usable, ...]
    steps: tuple[Usable, ...]
    memory: MemoryState


class NotVisible(Exception):
    """Workflows are for administrators to see."""


async def workflow_standings(
    store: Store, configs: Mapping[str, Config], lanes: int, viewer: str = ""
) -> list[WorkflowsStanding]:
    """The workflows of these divisions' newest configurations, by division; of those that have a catalogue.

    `viewer` is the person who looks; empty: whoever runs this deployment. Raises `NotVisible` (S87, D10).
    """
    found: list[WorkflowsStanding] = []
    for division, config in sorted(configs.items()):
        if viewer and not may_see(viewer, "workflows", config):
            raise NotVisible(f"{viewer} may not see the workflows of {division}: only administrators may")
        if config.workflows.processes or config.workflows.all:
            state, memory = await peek(store, division, lanes, WATCHED)
            found.append(_of_division(config, state, memory))
    return found


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """How far a record is. `open` are workflows that asked, and were not told yet that it is done. `weighed` are those
    that last cared for what happened to it, at `weighed_ms`, with why they asked for nothing (none: they asked).
    """

    record: str
    process: str
    marked: tuple[str, ...]
    open: tuple[str, ...]
    weighed: tuple[tuple[str, str | None], ...]
    weighed_ms: int | None


async def record_standing(store: Store, division: str, record: str, lanes: int) -> RecordStanding:
    """How far the record is, as far as workflows need to know."""
    name = full_name("progress", division, record)
    _, (fields,) = await store.peek(lane_of(division, lanes), [LAYOUT.key("progress", name)])
    packed = fields.get(name)
    known = NO_PROGRESS if packed is None else unpack("progress", packed)
    assert isinstance(known, InProcess)
    return RecordStanding(
        record,
        known.process,
        tuple(str(mark.step) for mark in known.marks if mark.marked),
        tuple(asked.workflow for asked in known.open),
        tuple((each.workflow, _sentence(each.withheld)) for each in known.weighed),
        known.weighed_ms or None,
    )


def _sentence(withheld: str) -> str | None:
    return next((sentence for word, sentence in WITHHELD.items() if word == withheld), None)


def _of_division(config: Config, state: State, memory: MemoryState) -> WorkflowsStanding:
    workflows = config.workflows
    holders = {name: each.id for each in workflows.all.values() for name in used(each)}
    steps = [StepName(each.id, step) for each in workflows.processes.values() for step in sorted(each.steps)]
    return WorkflowsStanding(
        config.division,
        sum(each.active for each in workflows.all.values()),
        workflows.at_most,
        tuple(_workflow(each, state) for each in workflows.all.values()),
        tuple(
            _usable(f"{record_type}.{field}", field_element(record_type, field), holders, state)
            for record_type, fields in sorted(workflows.fields.items())
            for field in sorted(fields)
        ),
        tuple(_usable(str(step), step_element(step), holders, state) for step in steps),
        memory,
    )


def _workflow(workflow: Workflow, state: State) -> WorkflowStanding:
    usage = state.workflows.get(workflow.id) or Usage()
    reasons = tuple(_against(workflow, usage, state))
    standing: Standing = "active" if workflow.active else "inactive"
    if reasons:
        standing = "lost" if usage.lost else "unusable"
    return WorkflowStanding(
        id=workflow.id,
        name=workflow.name,
        active=workflow.active,
        standing=standing,
        action=workflow.action,
        record_type=workflow.record_type,
        field=workflow.field,
        process=workflow.step.process,
        step=workflow.step.step,
        enforcement=workflow.enforcement,
        hits=usage.times,
        last_ms=usage.last_ms or None,
        withheld=usage.withheld,
        withheld_ms=usage.withheld_ms or None,
        warnings=tuple(WITHHELD[reason] for reason in reasons),
    )


def _against(workflow: Workflow, usage: Usage, state: State) -> Iterator[Withheld]:
    """What keeps a workflow from ever doing anything."""
    if usage.lost:
        yield "field_deleted" if usage.lost.startswith("field/") else "step_deleted"
    element = state.elements.get(step_element(workflow.step)) or Element()
    if element.requires_note:
        yield "note_required"
    if element.generates_task:
        yield "task_generated"


def _usable(shown: str, name: str, holders: Mapping[str, str], state: State) -> Usable:
    element = state.elements.get(name) or Element()
    remarks = [
        remark
        for remark, is_so in (
            ("deleted in the CRM", element.deleted_ms),
            ("requires a note", element.requires_note),
            ("generates a task", element.generates_task),
        )
        if is_so
    ]
    return Usable(shown, holders.get(name, ""), ", ".join(remarks))
