"""What the CRM tells of fields and steps themselves: one is gone, or marking a step takes more than before.

A workflow that uses what is gone, in whatever way, is *lost* (S105): it does nothing any more, and nothing breaks; it
still counts and holds what it uses, until somebody deletes it or gives it something else to use. Another field or step
of the same name does not revive it unseen. Only what the configuration names is remembered, so whoever invents names
takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import CHANNELS, CatalogueEvent
from service.core.in_process import EVENTS_MAX, Element, elements_of, field_element, step_element
from service.core.model import Decision, Nothing
from service.core.order import Moment, compare
from service.core.rule_sets import named_by
from service.core.state import State
from service.core.workflow_specs import StepName, Workflow


def change(event: CatalogueEvent, draft: Draft, config: Config, now_ms: int) -> Decision:
    """Take note of what happened to a field or step."""
    return Decision(record="", outcome=_hear(event, draft, config, now_ms), correlation_id=event.correlation_id)


def gone_usages(state: State, config: Config) -> list[str]:
    """The workflows of which something is remembered, and which a new configuration does not have any more."""
    return [name for name in state.workflows if name not in config.workflows.all]


def gone_tallies(state: State, config: Config) -> list[str]:
    """The workflows of which it is remembered how often they acted, and which are not there any more."""
    return [name for name in state.tallies if name not in config.workflows.all]


def gone_orders(state: State, config: Config) -> list[str]:
    """The types of records that no workflow has made any more."""
    return [name for name in state.orders if name not in config.workflows.types_made]


def gone_elements(state: State, config: Config) -> list[str]:
    """The fields and steps of which something is remembered, and which a new configuration does not name any more."""
    named = frozenset(_named(config))
    return [name for name in state.elements if name not in named]


def found_usages(state: State, config: Config) -> list[str]:
    """The workflows that have lost something and use something else under a new configuration."""
    return [
        name
        for name, usage in state.workflows.items()
        if usage.lost and name in config.workflows.all and usage.lost not in used(config.workflows.all[name])
    ]


def held(workflow: Workflow) -> tuple[str, ...]:
    """What a workflow of the two directions has for itself: its fields and its steps, as they are kept."""
    fields = [field_element(workflow.record_type, name) for name in workflow.fields]
    return (*fields, *map(step_element, workflow.steps))


def used(workflow: Workflow) -> frozenset[str]:
    """All that a workflow uses: besides what it may have for itself, every field that it watches, asks about, copies,
    or finds people by. A text that says a field is no use of it: it says nothing there (see
    `retold`).
    """
    targets = (action.target for action in workflow.actions if action.target is not None)
    paths = workflow.reads.union(workflow.asked_before, *map(named_by, targets))
    return frozenset(held(workflow)).union(*(elements_of(workflow.record_type, path) for path in paths))


def _named(config: Config) -> Iterator[str]:
    """All fields and steps that workflows, their catalogue and texts name, as they are kept."""
    workflows = config.workflows
    for record_type, names in workflows.fields.items():
        for name in names:
            yield field_element(record_type, name)
    for process in workflows.processes.values():
        for step in process.steps:
            yield step_element(StepName(process.id, step))
    for workflow in workflows.all.values():
        yield from used(workflow)
    for path in config.fields_told:
        for record_type in CHANNELS:
            yield from elements_of(record_type, path)


def _hear(event: CatalogueEvent, draft: Draft, config: Config, now_ms: int) -> Nothing:
    name = _element(event)
    if name not in frozenset(_named(config)):
        return Nothing("not_in_catalogue", name)
    known = draft.elements.get(name) or Element()
    if event.id in known.seen:
        return Nothing("duplicate_event", name)
    at = Moment(event.version, event.time_ms)
    order = compare(at, Moment(known.version, known.time_ms))
    element = draft.elements.edit(name)
    element.seen = (*known.seen[-EVENTS_MAX + 1 :], event.id)
    if order == "older":
        return Nothing("older_catalogue", name)
    element.version = known.version if at.version is None else at.version
    element.time_ms = known.time_ms if at.time_ms is None else at.time_ms
    _note(event, element, now_ms)
    for workflow in config.workflows.all.values() if element.deleted_ms else ():
        if name in used(workflow):
            usage = draft.workflows.edit(workflow.id)
            if not usage.lost:
                usage.lost, usage.lost_ms = name, now_ms
    return Nothing("catalogue_changed", name)


def _note(event: CatalogueEvent, element: Element, now_ms: int) -> None:
    if event.kind != "step_changed":
        element.deleted_ms = max(now_ms, element.deleted_ms + 1)  # each deletion is told from the one before (`retold`)
        return
    element.deleted_ms = 0
    if event.requires_note is not None:
        element.requires_note = event.requires_note
    if event.generates_task is not None:
        element.generates_task = event.generates_task


def _element(event: CatalogueEvent) -> str:
    """What an event is about, as it is kept."""
    return field_element(*event.name) if event.kind == "field_deleted" else step_element(StepName(*event.name))
