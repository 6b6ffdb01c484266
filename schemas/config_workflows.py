"""Workflows as documents say them: what the CRM's processes are, and what follows from what happens to a record.

A workflow has one trigger, a condition in any notation, and one or several actions. Processes and steps are named by
the ids that the CRM has for them, and stand in a catalogue, so that a misspelt one is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from schemas.config_rules import ChangedFields, Condition, Target
from schemas.config_skills import FromField
from schemas.config_values import AS_WRITTEN, FieldPath, Id, Name, RecordType, Span, detailed, in_order, named, several

PROCESSES_LIMIT: Final = 500
STEPS_LIMIT: Final = 200
WORKFLOWS_LIMIT: Final = 2_000
ACTIONS_LIMIT: Final = 10
FIELDS_LIMIT: Final = 50
TRIGGERS: Final = ("on", "field_filled", "field_cleared", "step_marked", "waiting_for")
"""The keys of which a trigger has one."""

Enforcement = Literal["ask", "required"]
"""How firmly a person is asked for a field."""
Occurrence = Literal["created", "updated", "deleted", "owner_changed", "assigned"]
"""What happens to a record as a whole."""


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
    """What sets a workflow off: one of these. A name, or a list of names, is short for `on`.

    Where `on` names `created` and `updated`, a field that is set at the creation counts as changed, and `before` is not
    asked there.
    """

    on: Annotated[
        tuple[Occurrence, ...],
        Field(max_length=5),
        BeforeValidator(several, json_schema_input_type=Occurrence | Annotated[list[Occurrence], Field(max_length=5)]),
        Field(
            description="The record was created, updated or deleted; the CRM gave it another owner; somebody has it "
            "by our choice (one that is offered, once they accept it)."
        ),
        AfterValidator(in_order),
    ] = ()
    changed: Annotated[
        ChangedFields, Field(description="`on: updated`: one of these fields really got another value.")
    ] = ()
    before: Annotated[
        Condition | None, Field(description="`on: updated`: a condition on the values before, in one of the notations.")
    ] = None
    field_filled: Annotated[
        FieldPath | None,
        Field(
            description="This field of the record was empty and is filled. Filled is text that is not blank, a ticked "
            "box, a valid date, any number, zero included."
        ),
    ] = None
    field_cleared: Annotated[FieldPath | None, Field(description="This field was filled and is empty.")] = None
    step_marked: Annotated[StepName | None, Field(description="This step is marked, and was not.")] = None
    waiting_for: Annotated[
        Span | None,
        Field(description="The record has waited in its line for so long since it came into it, such as `30m`."),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        told = [kind for kind in TRIGGERS if getattr(self, kind) not in (None, ())]
        if len(told) > 1:
            raise ValueError(f"this is {' and '.join(told)} in one: make each a workflow of its own")
        if (self.changed or self.before is not None) and "updated" not in self.on:
            raise ValueError('only an update changes something: "changed" and "before" need "on: updated"')
        if not told:
            raise ValueError(f"a trigger is one of {', '.join(TRIGGERS[:-1])} and {TRIGGERS[-1]}")
        return self


def _triggered(value: object) -> object:
    """What happens to a record as a whole is said by its name alone."""
    return {"on": value} if isinstance(value, str | list) else value


class AskedField(_Part):
    """A field that a person is asked for, where it is empty."""

    field: Annotated[FieldPath, Field(description="A declared field of the workflow's type of record.")]
    enforcement: Annotated[
        Enforcement, Field(description="`ask`: the person may leave it empty. `required`: they may not.")
    ] = "ask"


Scalar = (
    Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[str, StringConstraints(max_length=1_000)]
    | None
)
Given = Annotated[Scalar | FromField, Field(description="A value, or `{field: name}` for what the record says there.")]


class SetField(_Part):
    """A field of the record that is to have a value."""

    field: Annotated[FieldPath, Field(description="A declared field of the record's type.")]
    value: Annotated[Given, Field(description="The value, or `{field: name}` for what the record says there.")]


class NewRecord(_Part):
    """A record that is to be made."""

    type: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^/\x00-\x1F]+$")],
        Field(description="Its type in the CRM, be it one that is never given to anybody, such as `task`."),
    ]
    fields: Annotated[
        dict[FieldPath, Given], Field(max_length=FIELDS_LIMIT, description="Its fields, as in `set_field`.")
    ] = {}


class Audience(_Part):
    """Who is told: one of these."""

    owner: Annotated[bool, Field(strict=True, description="Whoever has the record then.")] = False
    user: Annotated[Id | None, Field(description="This person.")] = None
    role: Annotated[Id | None, Field(description="Everybody with this role, at most 100.")] = None
    field: Annotated[FieldPath | None, Field(description="The person, or the people, whom this field names.")] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_defaults=True)) != 1:
            raise ValueError("whoever is told is one of owner, user, role and field, such as {role: lead}")
        return self


def _audience(value: object) -> object:
    """The word alone means whoever has the record."""
    if isinstance(value, str) and value != "owner":
        raise ValueError(
            f'"{value}" alone says nobody: write owner, {{user: {value}}}, {{role: {value}}} or {{field: {value}}}'
        )
    return {"owner": True} if value == "owner" else value


class Action(_Part):
    """What a workflow does: one of these."""

    mark_step: Annotated[StepName | None, Field(description="Mark this step, if it is not marked yet.")] = None
    require_field: Annotated[
        Annotated[AskedField, BeforeValidator(_field_alone, json_schema_input_type=str | AskedField)] | None,
        Field(description="Have a person fill this field, if it is empty; a name is short for `{field: name}`."),
    ] = None
    set_field: Annotated[SetField | None, Field(description="Set this field, if it has another value.")] = None
    create_record: Annotated[NewRecord | None, Field(description="Make a record.")] = None
    assign: Annotated[
        Target | None,
        Field(description="Give the record to this target, unless a person chose its owner, or it is there already."),
    ] = None
    notify: Annotated[
        Annotated[Audience, BeforeValidator(_audience, json_schema_input_type=Literal["owner"] | Audience)] | None,
        Field(description="Tell these people; `owner` is short for `{owner: true}`."),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        told = [kind for kind in type(self).model_fields if getattr(self, kind) is not None]
        if len(told) > 1:
            raise ValueError(f'this is {" and ".join(told)} in one: write each as a part of "actions"')
        if not told:
            raise ValueError(f"an action is one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str:
        """Which one it is."""
        return next(kind for kind in type(self).model_fields if getattr(self, kind) is not None)


class AtMost(_Part):
    """How many actions a workflow may do in a day (UTC). Beyond, it is paused until it is changed, in more than
    its `name`, `description` or `active`.
    """

    per_record: Annotated[
        int, Field(ge=1, le=10_000, strict=True, description="For one record: then it is paused for this record.")
    ] = 20
    per_day: Annotated[
        int, Field(ge=1, le=10_000_000, strict=True, description="For all records: then it is paused as a whole.")
    ] = 10_000


class Workflow(Condition):
    """One trigger, a condition, and what is done then. It does nothing until it is active.

    A field that is filled and marks a step, and a step that is marked and asks for a field, are used once over all
    workflows, inactive ones included; others may share fields and steps.
    """

    name: Annotated[Name, Field(description="How people call it; it may change at any time.")] = ""
    description: Annotated[str, StringConstraints(max_length=2_000), Field(description="What it is for.")] = ""
    active: Annotated[bool, Field(strict=True, description="Not active: it does nothing.")] = False
    record_type: Annotated[
        RecordType | None,
        Field(description="The one type of record that it is about; absent: the one that goes through its process."),
    ] = None
    trigger: Annotated[
        Trigger,
        BeforeValidator(
            _triggered,
            json_schema_input_type=Occurrence | Annotated[list[Occurrence], Field(max_length=5)] | Trigger,
        ),
        Field(description="What sets it off."),
    ]
    action: Annotated[Action | None, Field(description="What it does; short for a list of one action.")] = None
    actions: Annotated[
        tuple[Action, ...], Field(max_length=ACTIONS_LIMIT, description="What it does, in this order.")
    ] = ()
    at_most: Annotated[AtMost, Field(description="How often it may act.")] = AtMost()
    resumed: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            strict=True,
            description="Another number has it go on where it was paused; so has any change but of `name`, "
            "`description` or `active`.",
        ),
    ] = 0

    @model_validator(mode="after")
    def _acts(self) -> Self:
        if (self.action is None) == (not self.actions):
            raise ValueError('a workflow has an "action", or "actions": write one of the two')
        return self

    def type_in(self, processes: Mapping[str, Process]) -> str:
        """The type of record that it is about; empty: neither it nor one of these processes says so."""
        if self.record_type is not None:
            return self.record_type
        found = [processes[step.process].record_type for _, step in self.steps if step.process in processes]
        return found[0] if found else ""

    @property
    def steps(self) -> tuple[tuple[tuple[str | int, ...], StepName], ...]:
        """The steps that it uses, each with where it stands."""
        found: list[tuple[tuple[str | int, ...], StepName | None]] = [
            (("trigger", "step_marked"), self.trigger.step_marked)
        ]
        found += [((*place, "mark_step"), action.mark_step) for place, action in self.placed_actions]
        return tuple((place, step) for place, step in found if step is not None)

    @property
    def placed_actions(self) -> tuple[tuple[tuple[str | int, ...], Action], ...]:
        """What it does, in order, each with where it stands."""
        if self.action is not None:
            return ((("action",), self.action),)
        return tuple((("actions", number), action) for number, action in enumerate(self.actions))
