"""What scenarios say of workflows: a step that is marked, and the actions that are expected."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from schemas.envelope import Id


def _step(value: object) -> object:
    """`process/step` is short for a step that is marked."""
    if isinstance(value, str) and value.count("/") == 1:
        process, _, step = value.partition("/")
        return {"process": process, "step": step}
    return value


def _detailed(value: object) -> object:
    """Nothing behind a workflow's name is short for no details."""
    return {} if value is None else value


def _asked(value: object) -> object:
    """A list of workflows is short for actions without details."""
    return dict.fromkeys(value) if isinstance(value, list) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MarkedStep(_Part):
    """A step of a process that was marked, or, not `marked`, is so no more."""

    process: Id
    step: Id
    marked: Annotated[bool, Field(strict=True)] = True


class ExpectedRecord(_Part):
    """A record that the CRM is asked to make."""

    type: str
    fields: dict[str, Any] = {}


class ExpectedAction(_Part):
    """What a workflow asks the CRM for. Only the words that are written are checked."""

    action: Literal["mark_step", "require_field", "set_field", "create_record"] | None = None
    record: str | None = None
    step: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[^/]+/[^/]+$")] | None, Field(description="`process/step`.")
    ] = None
    field: Id | None = None
    enforcement: Literal["ask", "required"] | None = None
    before: Any = None
    after: Any = None
    reason: str | None = None
    value: Any = None
    create: Annotated[ExpectedRecord | None, Field(description="The record that is to be made.")] = None


Marked = Annotated[MarkedStep, BeforeValidator(_step, json_schema_input_type=str | MarkedStep)]
ExpectedActions = Annotated[
    dict[Id, Annotated[ExpectedAction, BeforeValidator(_detailed)]],
    BeforeValidator(_asked, json_schema_input_type=list[Id] | dict[Id, ExpectedAction | None]),
]
