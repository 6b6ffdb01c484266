"""What a pool does until somebody has a record for good: how long they may think it over, and who is asked next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from schemas.config_values import AS_WRITTEN, Id
from schemas.spans import span_meant

HAND_ON_LIMIT: Final = 7

ONE_NAMED: Final = "one of user, pool and queue is named here, such as {pool: world}"

_TIME: Final = re.compile(r"[1-9][0-9]{0,4}[dhms]")


def _time(value: object) -> object:
    if not (isinstance(value, str) and _TIME.fullmatch(value)):
        form = "a time is a whole number from 1 to 99999 with d, h, m or s behind it: 2d, 12h, 30m, 15s"
        raise ValueError(f"{form}{span_meant(value, 'dhms')}")
    return value


Time = Annotated[str, StringConstraints(max_length=10), BeforeValidator(_time)]

AcceptWithin = Annotated[
    Time | None,
    Field(
        description="Whom the pool gives a record is to accept it so soon, such as `15m`; else it is handed on. "
        "Absent: what it gives needs no answer."
    ),
]
HandOn = Annotated[
    int,
    Field(
        ge=0,
        le=HAND_ON_LIMIT,
        strict=True,
        description="How often a record is handed on that was declined, not accepted in time, or taken back from "
        "who is not there any more. Then nobody is asked: it waits.",
    ),
]
AskAgain = Annotated[
    bool,
    Field(
        strict=True,
        description="Where nobody is left to be asked, everybody is asked once more. Else who declined a record or let "
        "it pass is never asked again for it.",
    ),
]


class _Part(BaseModel):
    model_config = AS_WRITTEN


class Resort(_Part):
    """Who gets what nobody of a pool takes: a person, a pool or a queue."""

    user: Annotated[Id | None, Field(description="This person, be they there or not.")] = None
    pool: Annotated[Id | None, Field(description="Whose turn it is in this pool; it may name another in its turn.")] = (
        None
    )
    queue: Annotated[Id | None, Field(description="A pool with strategy `take`.")] = None

    @model_validator(mode="before")
    @classmethod
    def _no_steps(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            raise ValueError(  # noqa: TRY004 - only this kind of error is one of the document
                "steps stand in entries and in defaults: name one user, pool or queue here"
            )
        if isinstance(value, str):
            raise ValueError(ONE_NAMED)  # noqa: TRY004 - see above
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(ONE_NAMED)
        return self


class Nobody(_Part):
    """What becomes of a record that nobody can take now."""

    fallback: Annotated[
        Resort | None,
        Field(description="It is asked of somebody else, and waits for both where nobody can take it there, either."),
    ] = None
    assign_anyway: Annotated[
        bool, Field(strict=True, description="It is given to whose turn it is, though they are away or full.")
    ] = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.fallback is not None and self.assign_anyway:
            raise ValueError("either a fallback or assign_anyway: with both, say which, and leave the other out")
        return self


def nobody(value: object) -> object:
    """A word is short for what needs no details."""
    words: dict[object, object] = {"park": {}, "assign_anyway": {"assign_anyway": True}}
    if value is None or isinstance(value, Mapping):
        return value
    if not isinstance(value, str) or value not in words:
        raise ValueError("what nobody can take is left to park, assign_anyway, or {fallback: {pool: world}}")
    return words[value]


class Escalate(_Part):
    """Whom a record is given to that has waited so long."""

    after: Annotated[Time, Field(description="So long in the line, such as `30m`.")]
    to: Annotated[Resort, Field(description="Who gets it then. A pool escalates a record once.")]
    clock: Annotated[
        Literal["wall", "working"],
        Field(
            description="`wall`: all time counts. `working`: only while somebody of the pool is there by their "
            "calendar; where nobody of it is for so long, as far as is foreseen, all time counts."
        ),
    ] = "wall"


NobodyEligible = Annotated[
    Nobody,
    BeforeValidator(nobody, json_schema_input_type=Literal["park", "assign_anyway"] | Nobody),
    Field(
        description="What becomes of a record that nobody can take now: it waits (`park`), is given to whose turn it "
        "is all the same (`assign_anyway`), or is asked of somebody else (`{fallback: {pool: world}}`)."
    ),
]
LongestWait = Annotated[
    Time | None,
    Field(description="From so long a wait on a record comes before all that waited less, whatever their score."),
]
