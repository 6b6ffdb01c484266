"""What no schema can say of workflows: that names lead somewhere, and that what may be used once is used once.

A field belongs to the workflow's type of record, and where it matters whether it is filled, it is of a type for which
that is said. A step belongs to its process, and marking it is all that it takes. In the two directions each is used
once over all workflows of a division, inactive ones included (D17, D48), and what your product plan allows is asked
here as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from schemas.config import Document, FieldType
from schemas.config_rules import Target
from schemas.config_skills import FromField as Said
from schemas.config_workflows import Action, Trigger, Workflow
from schemas.config_workflows import StepName as Named
from service.config.circles import of_circles
from service.config.conditions import asked_of, calendar_of
from service.config.declared_fields import fields_of
from service.config.findings import Declared, Finding, undeclared
from service.config.nodes import Steps
from service.config.plans import span_ms
from service.core.filled import FILLED, is_filled
from service.core.rule_sets import EntryTarget
from service.core.workflow_specs import Action as CompiledAction
from service.core.workflow_specs import Cap, FromField, Hearers, ProcessSpec, StepName, Value, Workflows
from service.core.workflow_specs import Trigger as CompiledTrigger
from service.core.workflow_specs import Workflow as Compiled
from service.language.nearest import nearest

FIELDS_MAX: Final = 100
"""So many fields of one type of record may be used by active workflows."""
REVISION_BYTES: Final = 6
AFTER_ALL: Final = frozenset({"create_record", "notify"})
"""What can be done where the record is gone."""


def of_workflows(document: Document, declared: Declared) -> Iterator[Finding]:
    """Every mistake in workflows, and what of them is more than the product plan has."""
    used: dict[tuple[str, str], str] = {}
    for workflow_id, workflow in document.workflows.items():
        path: Steps = ("workflows", workflow_id)
        yield from _of_type(document, path, workflow)
        for place, step in workflow.steps:
            yield from _of_step(document, declared, (*path, *place), step)
        for use in _fields_of(workflow):
            yield from _of_field(document, declared, (*path, *use.place), use, workflow.type_in(document.processes))
        yield from _of_actions(document, declared, path, workflow)
        for place, kind, name in _uses(document, workflow):
            first = used.setdefault((kind, name), workflow_id)
            if first != workflow_id:
                message = f'the {kind} {name} is used by the workflow "{first}" already: each is used once'
                yield Finding((*path, *place), message)
    yield from _of_number(document)
    yield from _of_product(document)


def notes_on_workflows(document: Document) -> Iterator[Finding]:
    """What is allowed and yet worth a look."""
    for workflow_id, workflow in document.workflows.items():
        if not workflow.active:
            message = 'this workflow is not active, so it does nothing: add "active: true" to use it'
            yield Finding(("workflows", workflow_id), message)
    yield from of_circles(document)


def compiled(document: Document, entry_target: Callable[[Target, str], EntryTarget]) -> Workflows:
    """The workflows of a document without findings, with their catalogue. `entry_target` compiles what a target names
    for a type of record.
    """
    processes = {
        process_id: ProcessSpec(
            process_id,
            process.record_type,
            frozenset(process.steps),
            frozenset(name for name, step in process.steps.items() if step.requires_note),
            frozenset(name for name, step in process.steps.items() if step.generates_task),
        )
        for process_id, process in sorted(document.processes.items())
    }
    types = {*(each.record_type for each in processes.values())}
    types |= {each.type_in(document.processes) for each in document.workflows.values()}
    return Workflows(
        all={name: _workflow(name, each, document, entry_target) for name, each in sorted(document.workflows.items())},
        processes=processes,
        fields={record_type: _fields(document, record_type) for record_type in sorted(types)},
        at_most=document.settings.product.workflows.at_most,
    )


def _workflow(
    workflow_id: str, workflow: Workflow, document: Document, entry_target: Callable[[Target, str], EntryTarget]
) -> Compiled:
    record_type, trigger = workflow.type_in(document.processes), workflow.trigger
    asked = asked_of(workflow, trigger.changed, trigger.before, calendar_of(document.settings))
    fields = _fields(document, record_type)
    return Compiled(
        id=workflow_id,
        record_type=record_type,
        trigger=_trigger(trigger, fields),
        actions=tuple(
            replace(
                _action(action, fields),
                target=None if action.assign is None else entry_target(action.assign, record_type),
            )
            for _, action in workflow.placed_actions
        ),
        name=workflow.name,
        active=workflow.active,
        criteria=asked.criteria,
        changed=asked.changed,
        before=asked.before,
        cap=Cap(workflow.at_most.per_record, workflow.at_most.per_day),
        revision=_revision(workflow),
    )


def _revision(workflow: Workflow) -> str:
    """What tells whether anything but its name, what it is for, or being active was changed."""
    content = workflow.model_dump(mode="json", exclude_defaults=True, exclude={"name", "description", "active"})
    return blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=REVISION_BYTES).hexdigest()


def _trigger(trigger: Trigger, fields: Mapping[str, str]) -> CompiledTrigger:
    if trigger.field_filled is not None:
        return CompiledTrigger(("field_filled",), trigger.field_filled, fields[trigger.field_filled])
    if trigger.field_cleared is not None:
        return CompiledTrigger(("field_cleared",), trigger.field_cleared, fields[trigger.field_cleared])
    if trigger.step_marked is not None:
        return CompiledTrigger(("step_marked",), step=_step(trigger.step_marked))
    if trigger.waiting_for is not None:
        return CompiledTrigger(("waiting_for",), after_ms=span_ms(trigger.waiting_for))
    return CompiledTrigger(trigger.on, changed=trigger.changed)


def _action(action: Action, fields: Mapping[str, str]) -> CompiledAction:
    """What a workflow does, but for the target of one that gives the record to somebody."""
    if action.mark_step is not None:
        return CompiledAction("mark_step", step=_step(action.mark_step))
    if action.require_field is not None:
        asked = action.require_field
        return CompiledAction(
            "require_field", field=asked.field, field_type=fields[asked.field], enforcement=asked.enforcement
        )
    if action.set_field is not None:
        return CompiledAction("set_field", field=action.set_field.field, value=_value(action.set_field.value))
    if action.create_record is not None:
        made = action.create_record
        values = tuple((name, _value(value)) for name, value in sorted(made.fields.items()))
        return CompiledAction("create_record", record_type=made.type, fields=values)
    if action.notify is not None:
        told = action.notify
        return CompiledAction("notify", told=Hearers(told.owner, told.user or "", told.role or "", told.field or ""))
    return CompiledAction("assign")


def _step(step: Named) -> StepName:
    return StepName(step.process, step.step)


def _value(value: object) -> Value:
    if isinstance(value, Said):
        return FromField(value.field)
    assert value is None or isinstance(value, str | int | float | bool), "the form has no other"
    return value


def _fields(document: Document, record_type: str) -> dict[str, str]:
    """The fields of a type of record that workflows may use."""
    declared = fields_of(document, record_type) or {}
    return {name: kind for name, kind in sorted(declared.items()) if kind is not None and kind in FILLED}


class _Use(NamedTuple):
    """A field that a workflow uses: where it stands, and whether it must be known when it is filled."""

    place: Steps
    name: str
    is_filled_or_not: bool


def _fields_of(workflow: Workflow) -> Iterator[_Use]:
    trigger = workflow.trigger
    if trigger.field_filled is not None:
        yield _Use(("trigger", "field_filled"), trigger.field_filled, is_filled_or_not=True)
    if trigger.field_cleared is not None:
        yield _Use(("trigger", "field_cleared"), trigger.field_cleared, is_filled_or_not=True)
    for place, action in workflow.placed_actions:
        if action.require_field is not None:
            yield _Use((*place, "require_field", "field"), action.require_field.field, is_filled_or_not=True)
        if action.set_field is not None:
            yield _Use((*place, "set_field", "field"), action.set_field.field, is_filled_or_not=False)
        if action.notify is not None and action.notify.field is not None:
            yield _Use((*place, "notify", "field"), action.notify.field, is_filled_or_not=False)


def _uses(document: Document, workflow: Workflow) -> Iterator[tuple[Steps, str, str]]:
    """The fields and steps that no other workflow of the two directions may use: where each stands, what it is, and
    its whole name (D17, D48).
    """
    trigger, record_type = workflow.trigger, workflow.type_in(document.processes) or "deal"
    for place, action in workflow.placed_actions:
        if trigger.field_filled is not None and action.mark_step is not None:
            yield ("trigger", "field_filled"), "field", f'"{trigger.field_filled}" of a {record_type}'
            yield (*place, "mark_step"), "step", _named(action.mark_step)
        elif trigger.step_marked is not None and action.require_field is not None:
            yield (*place, "require_field", "field"), "field", f'"{action.require_field.field}" of a {record_type}'
            yield ("trigger", "step_marked"), "step", _named(trigger.step_marked)


def _named(step: Named) -> str:
    return f'"{step.step}" of the process "{step.process}"'


def _of_type(document: Document, path: Steps, workflow: Workflow) -> Iterator[Finding]:
    """What it is about is said once, by itself or by the process whose step it uses."""
    told = workflow.record_type
    if told is None and not workflow.steps:
        message = 'no process says which records are meant: add "record_type", such as "record_type: deal"'
        yield Finding(path, message, is_missing=True)
    for place, step in workflow.steps:
        process = document.processes.get(step.process)
        record_type = workflow.type_in(document.processes)
        if process is not None and process.record_type != record_type:
            message = (
                f'{process.record_type}s go through "{step.process}", and this workflow is about {record_type}s: '
                "name a step of theirs"
            )
            yield Finding((*path, *place, "process"), message)


def _of_actions(document: Document, declared: Declared, path: Steps, workflow: Workflow) -> Iterator[Finding]:
    """What its actions name must be there, and be possible where it is set off."""
    for place, action in workflow.placed_actions:
        told = action.notify
        if told is not None and told.user is not None and told.user not in declared.users:
            yield undeclared((*path, *place, "notify", "user"), told.user, declared.users)
        if "deleted" in workflow.trigger.on and action.kind not in AFTER_ALL:
            message = (
                f"a record that is deleted takes no {action.kind}: make a record, tell somebody, or leave "
                '"deleted" out of the trigger'
            )
            yield Finding((*path, *place, action.kind), message)
        yield from _of_value(document, (*path, *place), action, workflow.type_in(document.processes))


def _of_value(document: Document, path: Steps, action: Action, record_type: str) -> Iterator[Finding]:
    """A value that is written down must be one that its field can hold. Of a day that there is not `lint` warns."""
    wanted = action.set_field
    if wanted is None or wanted.value is None or isinstance(wanted.value, Said):
        return
    kind = (fields_of(document, record_type) or {}).get(wanted.field)
    if kind is not None and kind != "date" and not is_fitting(kind, wanted.value):
        yield Finding((*path, "set_field", "value"), f'"{wanted.field}" is a {kind}, and this is none: write one')


def is_fitting(kind: FieldType, value: object) -> bool:
    """Whether a field of this type can hold a value that is written down."""
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    return isinstance(value, int | float) if kind == "number" else kind != "date" or is_filled(kind, value)


def _of_step(document: Document, declared: Declared, place: Steps, named: Named) -> Iterator[Finding]:
    if named.process not in declared.processes:
        yield undeclared((*place, "process"), named.process, declared.processes, "processes")
        return
    process = document.processes.get(named.process)
    if process is None:
        return
    step = process.steps.get(named.step)
    if step is None:
        near = nearest(named.step, process.steps)
        hint = f'did you mean "{near}"?' if near else f'add it under "processes.{named.process}.steps"'
        yield Finding((*place, "step"), f'the process "{named.process}" has no step "{named.step}"; {hint}')
        return
    for is_so, why in ((step.requires_note, "requires a note"), (step.generates_task, "generates a task")):
        if is_so:
            message = f'the step "{named.step}" {why}, so no workflow can use it: name another step'
            yield Finding((*place, "step"), message)


def _of_field(document: Document, declared: Declared, place: Steps, use: _Use, record_type: str) -> Iterator[Finding]:
    fields, name = fields_of(document, record_type) or {}, use.name
    if not record_type or (name not in fields and _is_unread(f"{record_type}.{name}", document, declared)):
        return
    if name not in fields:
        near = nearest(name, fields)
        hint = f'did you mean "{near}"?' if near else f'add it under "fields.{record_type}" with its type'
        yield Finding(place, f'a {record_type} has no field "{name}"; {hint}')
    elif "." in name:
        message = f'"{name}" is a field of a linked record, and none of the {record_type} itself: name one of its own'
        yield Finding(place, message)
    elif use.is_filled_or_not and fields[name] not in FILLED:
        kind = fields[name]
        told = f'"{name}" is a {kind}' if kind else f'the type of "{name}" is not declared'
        yield Finding(place, f"{told}: workflows take fields of type text, checkbox, date or number")


def _is_unread(field: str, document: Document, declared: Declared) -> bool:
    """Whether a field is declared in a way that could not be read: that is said where it stands."""
    record_type, _, _ = field.partition(".")
    is_type_unread = record_type in declared.fields and record_type not in {*map(str, document.fields)}
    return field in declared.fields or is_type_unread


def _of_number(document: Document) -> Iterator[Finding]:
    """Too many fields of one type of record: those that active workflows care for are remembered with each record."""
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for workflow_id, workflow in document.workflows.items():
        record_type, trigger = workflow.type_in(document.processes), workflow.trigger
        if not workflow.active:
            continue
        known = len(asked[record_type])
        asked[record_type] |= {use.name for use in _fields_of(workflow)} | {*trigger.changed}
        if known <= FIELDS_MAX < len(asked[record_type]):
            message = (
                f"at most {FIELDS_MAX} fields of {record_type}s may be used by active workflows: deactivate some, or "
                "let them share fields"
            )
            yield Finding(("workflows", workflow_id, "active"), message)


def _of_product(document: Document) -> Iterator[Finding]:
    """What is not part of the product plan, or one too many active ones (S80, S99)."""
    allowed, active = (
        document.settings.product.workflows,
        [workflow_id for workflow_id, workflow in document.workflows.items() if workflow.active],
    )
    if document.workflows and not allowed.available:
        message = 'your product plan has no workflows ("settings.product.workflows"): take them out'
        yield Finding(("workflows", next(iter(document.workflows))), message, refusal="not_in_product")
    elif allowed.at_most is not None and len(active) > allowed.at_most:
        message = (
            f"your product plan has {allowed.at_most} active workflows, these are {len(active)}: "
            'say "active: false" of some'
        )
        yield Finding(("workflows", active[allowed.at_most], "active"), message, refusal="over_the_number")
