"""Builders for workflows of the two directions of the source."""

from __future__ import annotations

from service.core.workflow_specs import Action, Enforcement, StepName, Trigger, Workflow


def direction(
    workflow_id: str,
    record_type: str,
    field: tuple[str, str],
    step: StepName,
    enforcement: Enforcement | None = None,
    **more: object,
) -> Workflow:
    """A field (its name and type) that is filled marks the step; with an enforcement, the step asks for the field."""
    if enforcement is None:
        trigger, action = Trigger(("field_filled",), *field), Action("mark_step", step=step)
    else:
        trigger = Trigger(("step_marked",), step=step)
        action = Action("require_field", field=field[0], field_type=field[1], enforcement=enforcement)
    return Workflow(workflow_id, record_type, trigger, (action,), **more)  # type: ignore[arg-type]  # tests name real words
