"""What no schema can say of workflows: that names lead somewhere, and that no field and no step is used twice.

A field belongs to the type of record that goes through the process, and is of a type for which it is said when it is
filled. A step belongs to its process, and marking it is all that it takes. Each is used once over all workflows of a
division, inactive ones included (D17, D48), and what your product plan allows is asked here as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from schemas.config import Document, FieldType
from schemas.config_workflows import Process, Workflow
from service.config.findings import Declared, Finding, undeclared
from service.config.nodes import Steps
from service.core.filled import FILLED
from service.core.workflow_specs import ProcessSpec, StepName, Workflows
from service.core.workflow_specs import Workflow as Compiled
from service.language.nearest import nearest

ACTIVE_MAX: Final = 100
"""So many workflows may be active for one type of record."""


def of_workflows(document: Document, declared: Declared) -> Iterator[Finding]:
    """Every mistake in workflows, and what of them is more than the product plan has."""
    used: dict[tuple[str, str], str] = {}
    for workflow_id, workflow in document.workflows.items():
        path: Steps = ("workflows", workflow_id)
        yield from _of_step(document, declared, path, workflow)
        process = document.processes.get(workflow.step.process)
        if process is not None:
            yield from _of_field(document, path, workflow, process)
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


def compiled(document: Document) -> Workflows:
    """The workflows of a document without findings, with their catalogue."""
    processes = {
        process_id: ProcessSpec(process_id, process.record_type, frozenset(process.steps))
        for process_id, process in sorted(document.processes.items())
    }
    return Workflows(
        all={name: _workflow(name, each, document) for name, each in sorted(document.workflows.items())},
        processes=processes,
        fields={process.record_type: _fields(document, process.record_type) for process in processes.values()},
        at_most=document.settings.product.workflows.at_most,
    )


def _workflow(workflow_id: str, workflow: Workflow, document: Document) -> Compiled:
    step, (_, field) = workflow.step, workflow.field
    record_type = document.processes[step.process].record_type
    asked = workflow.action.require_field
    return Compiled(
        id=workflow_id,
        record_type=record_type,
        field=field,
        field_type=_fields(document, record_type)[field],
        step=StepName(step.process, step.step),
        enforcement=None if asked is None else asked.enforcement,
        name=workflow.name,
        active=workflow.active,
    )


def _declared_types(document: Document, record_type: str) -> Mapping[str, FieldType | None]:
    return next((each for name, each in document.fields.items() if name == record_type), {})


def _fields(document: Document, record_type: str) -> dict[str, str]:
    """The fields of a type of record that workflows may use."""
    declared = _declared_types(document, record_type)
    return {name: kind for name, kind in sorted(declared.items()) if kind is not None and kind in FILLED}


def _uses(document: Document, workflow: Workflow) -> Iterator[tuple[Steps, str, str]]:
    """The field and the step that a workflow uses: where it stands, what it is, and its whole name."""
    process = document.processes.get(workflow.step.process)
    place, field = workflow.field
    yield place, "field", f'"{field}" of a {process.record_type if process is not None else "deal"}'
    yield workflow.step_place, "step", f'"{workflow.step.step}" of the process "{workflow.step.process}"'


def _of_step(document: Document, declared: Declared, path: Steps, workflow: Workflow) -> Iterator[Finding]:
    named, place = workflow.step, (*path, *workflow.step_place)
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


def _of_field(document: Document, path: Steps, workflow: Workflow, process: Process) -> Iterator[Finding]:
    where, name = workflow.field
    place, record_type = (*path, *where), process.record_type
    fields = _declared_types(document, record_type)
    if name not in fields:
        near = nearest(name, fields)
        hint = f'did you mean "{near}"?' if near else f'add it under "fields.{record_type}" with its type'
        yield Finding(place, f'a {record_type} has no field "{name}"; {hint}')
    elif "." in name:
        message = f'"{name}" is a field of a linked record, and none of the {record_type} itself: name one of its own'
        yield Finding(place, message)
    elif fields[name] not in FILLED:
        kind = fields[name]
        told = f'"{name}" is a {kind}' if kind else f'the type of "{name}" is not declared'
        yield Finding(place, f"{told}: workflows take fields of type text, checkbox, date or number")


def _of_number(document: Document) -> Iterator[Finding]:
    """Too many for one type of record: the fields of active ones are remembered with each of its records."""
    counts: Counter[str] = Counter()
    for workflow_id, workflow in document.workflows.items():
        process = document.processes.get(workflow.step.process)
        if process is not None and workflow.active:
            counts[process.record_type] += 1
            if counts[process.record_type] == ACTIVE_MAX + 1:
                message = f"at most {ACTIVE_MAX} workflows may be active for {process.record_type}s: deactivate some"
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
