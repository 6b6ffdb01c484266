"""How workflows stand: what they do, how often they did, what they warn of, and which fields and steps are still free.

Read from the memories of the lanes without a fence, beside the newest configuration. Who holds a field or step is said
of inactive workflows as well, and of those that lost what they use: they hold it until somebody deletes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from service.core.acting import NOTHING_DONE, Acting, Answer, DayCount
from service.core.catalogue import held
from service.core.configuration import Config
from service.core.in_process import NO_PROGRESS, Element, InProcess, Usage, field_element, step_element
from service.core.model import Weighed
from service.core.parked import Parked
from service.core.reasons import WITHHELD, Withheld
from service.core.state import Kind, State, Value
from service.core.telling.workflows import action_words, due_at, last_weighed, trigger_words, why_not
from service.core.visibility import may_see
from service.core.workflow.process import process_in
from service.core.workflow_specs import ProcessSpec, StepName, Workflow
from service.nouns import counted
from service.store.keys import LAYOUT, full_name
from service.store.port import Store
from service.views.peeking import MemoryState, peek
from service.wire.lanes import lane_of
from service.wire.values import unpack

LOST: Final[frozenset[Withheld]] = frozenset({"field_deleted", "step_deleted"})
WATCHED: Final[tuple[Kind, ...]] = ("workflow", "element", "tally")

Standing = Literal["active", "inactive", "lost", "unusable", "paused"]
"""`lost`: a field or step that it uses was deleted in the CRM. `unusable`: its step takes more than marking it by now.
`paused`: it acted as often as it may in a day, and goes on in its next revision. None of these does anything, and all
count as active where they are switched on.
"""


class WorkflowStanding(NamedTuple):
    """One workflow. `withheld` is why it did nothing when it last might have, at `withheld_ms` (none: never). `today`:
    so many actions it did on the last day (UTC) on which it did any.

    Times are milliseconds since 1970 (UTC).
    """

    id: str
    name: str
    active: bool
    standing: Standing
    record_type: str
    trigger: str
    actions: tuple[str, ...]
    fields: tuple[str, ...]
    steps: tuple[str, ...]
    hits: int
    last_ms: int | None
    withheld: str
    withheld_ms: int | None
    today: int
    warnings: tuple[str, ...]


class Usable(NamedTuple):
    """A field or step that workflows may use. `holder`: the workflow that uses it (empty: it is free). `remark`: what
    speaks against it, as it is configured and as far as the CRM told; with one, no workflow can use it.
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
    """How far a record is. `open` are workflows that asked, and were not told yet that it is done; `answers` what the
    CRM said of actions, the latest last. `weighed` are the workflows that last cared for what happened to it, at
    `weighed_ms`, with why they did nothing (none: they acted). `paused` are those that go on no more for this record,
    `due` those that it will set off by waiting, with the time.
    """

    record: str
    process: str = ""
    marked: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    weighed: tuple[tuple[str, str | None], ...] = ()
    weighed_ms: int | None = None
    answers: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    due: tuple[tuple[str, int], ...] = ()


async def record_standing(store: Store, config: Config, record: str, lanes: int) -> RecordStanding:
    """How far the record is, as far as workflows need to know."""
    known = await _beside("progress", store, config.division, record, lanes) or NO_PROGRESS
    acting = await _beside("acting", store, config.division, record, lanes) or NOTHING_DONE
    parked = await _beside("parked", store, config.division, record, lanes)
    orders = (await peek(store, config.division, lanes, ("orders",)))[0].orders
    assert isinstance(known, InProcess)
    assert isinstance(acting, Acting)
    made = [each.workflow for kept in orders.values() for each in kept.open if each.record == record]
    workflows = config.workflows
    return RecordStanding(
        record,
        process_in(known, record.partition("/")[0], workflows),
        tuple(str(mark.step) for mark in known.marks if mark.marked),
        (*(each.workflow for each in known.open), *(each.workflow for each in acting.wanted), *made),
        tuple((each.workflow, _why(each, workflows.all.get(each.workflow))) for each in last_weighed(known, acting)),
        known.weighed_ms or None,
        tuple(map(_answer, acting.answers)),
        tuple(
            each.workflow
            for each in acting.acted
            if each.is_paused
            and each.workflow in workflows.all
            and workflows.all[each.workflow].revision == each.revision
        ),
        tuple(due_at(record.partition("/")[0], parked, acting, config)) if isinstance(parked, Parked) else (),
    )


async def _beside(kind: Kind, store: Store, division: str, record: str, lanes: int) -> Value | None:
    """What stands beside the record; none: nothing."""
    name = full_name(kind, division, record)
    _, (fields,) = await store.peek(lane_of(division, lanes), [LAYOUT.key(kind, name)])
    packed = fields.get(name)
    return None if packed is None else unpack(kind, packed)


def _why(weighed: Weighed, workflow: Workflow | None) -> str | None:
    return None if weighed.withheld is None else why_not(weighed.withheld, weighed.criterion, workflow)


def _answer(answer: Answer) -> str:
    """What the CRM said: `budget-known: failed, the deal is locked`."""
    number = f"/{answer.number}" if answer.number > 1 else ""
    said = f", {answer.said}" if answer.said else ""
    return f"{answer.workflow}{number}: {answer.result}{said}"


def _of_division(config: Config, state: State, memory: MemoryState) -> WorkflowsStanding:
    workflows = config.workflows
    holders = {name: each.id for each in workflows.all.values() if each.is_direction for name in held(each)}
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
        tuple(_usable_step(step, workflows.processes[step.process], holders, state) for step in steps),
        memory,
    )


def _workflow(workflow: Workflow, state: State) -> WorkflowStanding:
    usage = state.workflows.get(workflow.id) or Usage()
    tally = state.tallies.get(workflow.id)
    tally = DayCount() if tally is None or tally.revision != workflow.revision else tally
    reasons = tuple(_against(workflow, usage, state))
    standing: Standing = "active" if workflow.active else "inactive"
    if reasons:
        standing = "lost" if usage.lost else "unusable"
    elif tally.paused_ms:
        standing = "paused"
    return WorkflowStanding(
        id=workflow.id,
        name=workflow.name,
        active=workflow.active,
        standing=standing,
        record_type=workflow.record_type,
        trigger=trigger_words(workflow.trigger),
        actions=tuple(map(action_words, workflow.actions)),
        fields=workflow.fields,
        steps=tuple(map(str, workflow.steps)),
        hits=usage.times,
        last_ms=usage.last_ms or None,
        withheld=usage.withheld,
        withheld_ms=usage.withheld_ms or None,
        today=tally.times,
        warnings=(*(_warning(reason, usage) for reason in reasons), *_pauses(workflow, tally)),
    )


def _warning(reason: Withheld, usage: Usage) -> str:
    """The reason in words; of what was deleted, with its type or process, and its name."""
    _, _, lost = usage.lost.partition("/")
    return f"{WITHHELD[reason]}: {lost}" if reason in LOST else WITHHELD[reason]


def _pauses(workflow: Workflow, tally: DayCount) -> Iterator[str]:
    """That it goes on no more, as a whole or for some records."""
    if tally.paused_ms:
        often = f"{WITHHELD['paused']} ({workflow.cap.per_day})"
        yield f"{often}: change what it does, or give it another number under at_most.resumed"
    if tally.records_paused:
        yield (
            f"it is paused for {counted(tally.records_paused, 'record')}, lastly {tally.last_record}: it acted on each "
            f"as often as it may in a day ({workflow.cap.per_record})"
        )


def _against(workflow: Workflow, usage: Usage, state: State) -> Iterator[Withheld]:
    """What keeps a workflow from ever doing anything."""
    if usage.lost:
        yield "field_deleted" if usage.lost.startswith("field/") else "step_deleted"
    elements = [state.elements.get(step_element(step)) or Element() for step in workflow.steps]
    if any(element.requires_note for element in elements):
        yield "note_required"
    if any(element.generates_task for element in elements):
        yield "task_generated"


def _usable_step(step: StepName, process: ProcessSpec, holders: Mapping[str, str], state: State) -> Usable:
    """What is configured speaks against a step, and what the CRM told of it later."""
    name = step_element(step)
    element = state.elements.get(name) or Element()
    remarks = (
        ("requires a note", element.requires_note or step.step in process.requires_note),
        ("generates a task", element.generates_task or step.step in process.generates_task),
    )
    return _usable(str(step), name, holders, state, [remark for remark, is_so in remarks if is_so])


def _usable(shown: str, name: str, holders: Mapping[str, str], state: State, remarks: Sequence[str] = ()) -> Usable:
    element = state.elements.get(name) or Element()
    deleted = ["deleted in the CRM"] if element.deleted_ms else []
    return Usable(shown, holders.get(name, ""), ", ".join((*deleted, *remarks)))
