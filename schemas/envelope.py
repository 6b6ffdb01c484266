"""The envelope every event travels in: CloudEvents 1.0 attributes and the extensions Fairlead knows.

The envelope is the one place where unknown attributes are allowed, because CloudEvents lets anybody add extensions.
Everything else is bounded: an event is input from outside, and its parts end up in keys, headers and memory.

What is read is told in text where it names something; a producer whose ids are whole numbers is understood as well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

ID_LIMIT: Final = 256
CHAIN_LIMIT: Final = 1_000
"""A deeper chain is told as one of so many decisions: it has long been stopped."""
DIVISION_PATTERN: Final = r"^[A-Za-z0-9_.\-]{1,64}$"
SHORTEST_TIME: Final = len("2026-01-01T00:00:00Z")
FIRST_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
"""A time beyond these in UTC could be read by its offset, but not be counted or written again everywhere."""


_MOMENT: Final = TypeAdapter[datetime](AwareDatetime)


def written_out(value: object) -> object:
    """CloudEvents times are RFC 3339 text; a bare number would silently be read as seconds since 1970.

    The text is read here, so that a model may be read strictly: behind a validator text is no time then.
    """
    if isinstance(value, datetime):
        return value
    if not (isinstance(value, str) and len(value) >= SHORTEST_TIME and value[4] == "-"):
        raise ValueError("a time is text like 2026-01-01T00:00:00Z")
    try:
        return _MOMENT.validate_python(value)
    except ValidationError:
        return value  # for its field to say what is wrong with it


def is_within_bounds(time: datetime) -> datetime:
    """The time, if it is in the years that can be counted and written everywhere. Raises `ValueError`."""
    if FIRST_TIME <= time <= LAST_TIME:
        return time
    raise ValueError("a time is in the years 1970 to 9999 in UTC")


def as_text(value: object) -> object:
    """A whole number that names something is its digits. A truth value is a number in Python, and names nothing."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def unless_blank(value: object) -> object:
    """What many systems write where nothing is set."""
    return None if isinstance(value, str) and not value.strip() else value


Id = Annotated[str, StringConstraints(min_length=1, max_length=ID_LIMIT)]
ToldId = Annotated[Id, BeforeValidator(as_text)]
"""An id as events tell it: text, or a whole number."""
MaybeId = Annotated[ToldId | None, BeforeValidator(unless_blank)]
"""The same where nothing may be told: absent, null, or a blank text."""
Time = Annotated[AwareDatetime, BeforeValidator(written_out), AfterValidator(is_within_bounds)]
Division = Annotated[
    str, Field(pattern=DIVISION_PATTERN, coerce_numbers_to_str=True, description="Who shares one order.")
]
Attribute = Annotated[str, StringConstraints(max_length=512)]


class Envelope(BaseModel):
    """The attributes of a CloudEvent, without its data."""

    model_config = ConfigDict(extra="allow", frozen=True, title="CloudEvent")

    specversion: Literal["1.0"]
    id: Annotated[ToldId, Field(description="Unique among the events of one source.")]
    source: Annotated[Attribute, Field(min_length=1, description="The system the event comes from.")]
    type: Annotated[Id, Field(description="What happened; says which schema the data has.")]
    time: Annotated[Time | None, Field(description="When it happened. Settles races where there is no version.")] = None
    subject: Attribute | None = None
    datacontenttype: Attribute | None = None
    dataschema: Attribute | None = None
    division: Annotated[Division | None, Field(description="The company or customer; `main` where absent.")] = None
    correlationid: Annotated[MaybeId, Field(description="The chain of events this one belongs to.")] = None
    causationid: Annotated[MaybeId, Field(description="The event that caused this one.")] = None
    partitionkey: Annotated[Attribute | None, Field(description="What is kept in order.")] = None
    traceparent: Annotated[Attribute | None, Field(description="W3C trace context.")] = None
    tracestate: Annotated[Attribute | None, Field(description="W3C trace context.")] = None
    chaindepth: Annotated[
        int | None,
        Field(
            ge=0, le=CHAIN_LIMIT, description="How many automatic decisions led here. Copy it from what you react to."
        ),
    ] = None
