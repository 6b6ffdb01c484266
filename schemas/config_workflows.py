"""Workflows as documents say them: what the CRM's processes are, and what follows from what happens to a record.

A workflow has one trigger and one action, in one of two directions: a field is filled, then a step of a process is
marked; or a step is marked, then a person is asked for a field. Processes and steps are named by the ids that the CRM
has for them, and stand in a catalogue, so that a misspelt one is noticed.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from schemas.config_values import AS_WRITTEN, FieldPath, Id, Name, RecordType, detailed, named

PROCESSES_LIMIT: Final = 500
STEPS_LIMIT: Final = 200
WORKFLOWS_LIMIT: Final = 2_000

Enforcement = Literal["ask", "required"]
"""How firmly a person is asked for a field."""


def _field_alone(value: object) -> object:
    """A field's name is short for asking for it."""
    return {"field": value} if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = AS_WRITTEN


class ProcessStep(_Part):
    """One step of a process, as the CRM has it. What takes more than marking it cannot be a workflow's."""

    name: Annotated[Name, Field(description="How people call it; for people only.")] = ""
    requires_note: Annotated[bool, Field(strict=True, description="Whoever marks it must write a note.")] = False
    generates_task: Annotated[bool, Field(strict=True, description="Marking it makes a task.")] = False


class Process(_Part):
    """A process that records of one type go through, step by step."""

    name: Annotated[Name, Field(description="How people call it; for people only.")] = ""
    record_type: Annotated[RecordType, Field(description="The one type of record that goes through it.")] = "deal"
    steps: Annotated[
        dict[Id, Annotated[ProcessStep, BeforeValidator(detailed, json_schema_input_type=ProcessStep | None)]],
        Field(max_length=STEPS_LIMIT),
        BeforeValidator(
            named,
            json_schema_input_type=Annotated[list[Id], Field(max_length=STEPS_LIMIT)]
            | Annotated[dict[Id, ProcessStep | None], Field(max_length=STEPS_LIMIT)],
        ),
        Field(description="Its steps by the CRM's id; a list of ids is short for steps without details."),
    ] = {}


class StepName(_Part):
    """A step of a process."""

    process: Annotated[Id, Field(description="The id of a process.")]
    step: Annotated[Id, Field(description="The id of one of its steps.")]


class Trigger(_Part):
    """What sets a workflow off: one of these."""

    field_filled: Annotated[
        FieldPath | None,
        Field(
            description="This field of the record was empty and is filled. Filled is text that is not blank, a ticked "
            "box, a valid date, any number, zero included."
        ),
    ] = None
    step_marked: Annotated[StepName | None, Field(description="This step is marked, and was not.")] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.field_filled is None) == (self.step_marked is None):
            raise ValueError("a trigger is one of field_filled and step_marked")
        return self


class AskedField(_Part):
    """A field that a person is asked for, where it is empty."""

    field: Annotated[FieldPath, Field(description="A declared field of the process's type of record.")]
    enforcement: Annotated[
        Enforcement, Field(description="`ask`: the person may leave it empty. `required`: they may not.")
    ] = "ask"


class Action(_Part):
    """What a workflow asks the CRM to do: one of these."""

    mark_step: Annotated[StepName | None, Field(description="Mark this step, if it is not marked yet.")] = None
    require_field: Annotated[
        Annotated[AskedField, BeforeValidator(_field_alone, json_schema_input_type=str | AskedField)] | None,
        Field(description="Have a person fill this field, if it is empty; a name is short for `{field: name}`."),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.mark_step is None) == (self.require_field is None):
            raise ValueError("an action is one of mark_step and require_field")
        return self


class Workflow(_Part):
    """One trigger and one action. It does nothing until it is active.

    A field that is filled marks a step, or a step that is marked asks for a field. Each field and each step is used
    once over all workflows, inactive ones included.
    """

    name: Annotated[Name, Field(description="How people call it; it may change at any time.")] = ""
    description: Annotated[str, StringConstraints(max_length=2_000), Field(description="What it is for.")] = ""
    active: Annotated[bool, Field(strict=True, description="Not active: it does nothing.")] = False
    trigger: Annotated[Trigger, Field(description="What sets it off.")]
    action: Annotated[Action, Field(description="What it asks the CRM to do.")]

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.trigger.field_filled is None) != (self.action.mark_step is None):
            raise ValueError(
                "a field that is filled marks a step, and a step that is marked asks for a field: "
                "write field_filled with mark_step, or step_marked with require_field"
            )
        return self

    @property
    def step(self) -> StepName:
        """The one step that it uses."""
        found = self.action.mark_step or self.trigger.step_marked
        assert found is not None, "one of the two directions"
        return found

    @property
    def field(self) -> tuple[tuple[str, ...], str]:
        """The one field that it uses: where it stands, and its name."""
        if self.action.require_field is not None:
            return ("action", "require_field", "field"), self.action.require_field.field
        return ("trigger", "field_filled"), self.trigger.field_filled or ""

    @property
    def step_place(self) -> tuple[str, str]:
        """Where the step stands."""
        return ("trigger", "step_marked") if self.action.mark_step is None else ("action", "mark_step")
