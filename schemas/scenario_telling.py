"""What scenarios expect people to be told."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.envelope import Id
from schemas.reasons import NotificationKind


def _person_alone(value: object) -> object:
    """A person's name is short for no more than that they are told."""
    return {"person": value} if isinstance(value, str | int) and not isinstance(value, bool) else value


class ExpectedNotification(BaseModel):
    """What somebody is told. Only the words that are written are checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Id
    kind: NotificationKind | None = None
    via: tuple[Id, ...] | None = None
    record: Annotated[str | None, Field(description="`lead/1`; of a summary the first one.")] = None
    count: Annotated[int | None, Field(ge=1, strict=True, description="So many in a summary; null: it is none.")] = None
    language: str | None = None
    subject: str | None = None
    body: str | None = None
    html: str | None = None
    reason: str | None = None
    link: str | None = None


ExpectedNotifications = Annotated[
    tuple[
        Annotated[
            ExpectedNotification, BeforeValidator(_person_alone, json_schema_input_type=Id | ExpectedNotification)
        ],
        ...,
    ],
    Field(description="Everybody who is told, in any order: a name, or a person with what they are told."),
]
