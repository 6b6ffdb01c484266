"""How people are told of what concerns them: by which means, of what, when, in which language and in which words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from schemas.config_values import AS_WRITTEN, Id, Span
from schemas.reasons import NotificationKind

MEANS_LIMIT: Final = 10
SUBJECT_LIMIT: Final = 500
BODY_LIMIT: Final = 20_000
LINK_LIMIT: Final = 2_000
LANGUAGES_LIMIT: Final = 50
WITHIN_MINUTES_MAX: Final = 1_440

TextKind = Literal[NotificationKind, "summary"]
"""What there are texts for: each kind of news, and a summary of many pieces of one kind."""
Off = Literal["off"]

_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_MINUTES: Final = {"m": 1, "h": 60, "d": 1_440}


class _Part(BaseModel):
    model_config = AS_WRITTEN


def _listed(word: str) -> str:
    """How one means is written; for what only says that there is none, an example."""
    return "[email]" if word in ("off", "none", "no", "of") else f"[{word}]"


def _means_alone(value: object) -> object:
    """A list of means is short for nothing else."""
    match value:
        case list() | tuple():
            return {"means": value}
        case str():
            raise ValueError(f"means are a list: write {_listed(value)}, or [] for none")
        case _:
            return value


def _switched(value: object) -> object:
    """`off` is no means at all."""
    if isinstance(value, str) and value != "off":
        raise ValueError(f"means are a list, or off: write {_listed(value)}, or off")
    return () if value == "off" else value


def _time_of_day(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("a time of day is written as 21:00, and midnight as 00:00")
    return value


def minutes_in(span: str) -> int:
    """How many minutes a time span has."""
    return int(span[:-1]) * _MINUTES[span[-1]]


def _within_a_day(value: str) -> str:
    if minutes_in(value) > WITHIN_MINUTES_MAX:
        raise ValueError("a summary comes within a day: write 24h or less")
    return value


Means = Annotated[tuple[Id, ...], Field(max_length=MEANS_LIMIT)]
Switched = Annotated[Means, BeforeValidator(_switched, json_schema_input_type=Means | Off)]
TimeOfDay = Annotated[str, StringConstraints(max_length=5), AfterValidator(_time_of_day)]
LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
"""The form of a language's tag."""
Language = Annotated[
    str,
    StringConstraints(max_length=35, pattern=LANGUAGE),
    Field(description="A tag such as `en` or `fr-CA`."),
]


class QuietHours(_Part):
    """From one time of day to another, over midnight where the second is the earlier one."""

    model_config = AS_WRITTEN | ConfigDict(serialize_by_alias=True)

    from_: Annotated[TimeOfDay, Field(alias="from", description="When they begin, such as `21:00`.")]
    until: Annotated[TimeOfDay, Field(description="When they end, such as `07:00`.")]


class Digest(_Part):
    """When many pieces of one kind become one summary."""

    model_config = AS_WRITTEN | ConfigDict(serialize_by_alias=True)

    from_: Annotated[
        int,
        Field(
            alias="from",
            ge=1,
            le=1_000,
            strict=True,
            description="From this piece of one kind on they are told in a summary; those before it one by one.",
        ),
    ]
    within: Annotated[
        Annotated[Span, AfterValidator(_within_a_day)],
        Field(description="The time that a summary is about, from the first piece on, such as `10m`; then it comes."),
    ]


class Notify(_Part):
    """How somebody wants to be told. What is absent is as the settings have it."""

    means: Annotated[
        Means | None,
        Field(
            description="The means to tell them by: `email`, `chat`, `push`, `webhook`, `in-app`, or another that your "
            "service knows. Empty: they are not told."
        ),
    ] = None
    kinds: Annotated[
        dict[NotificationKind, Switched],
        Field(description="The means for some kinds of news, or `off`."),
    ] = {}
    quiet: Annotated[
        QuietHours | Off | None,
        Field(description="Hours of their own clock in which they are not told; what comes then is told afterwards."),
    ] = None
    digest: Annotated[
        Digest | Off | None,
        Field(description="When many pieces of one kind become one summary."),
    ] = None
    language: Annotated[Language | None, Field(description="What they read.")] = None

    @model_serializer(mode="wrap")
    def _as_short_as_possible(self, handler: SerializerFunctionWrapHandler) -> Any:
        """The means alone are a list, as they were before there was more to say."""
        said = handler(self)
        is_short = self == Notify(means=self.means) and self.means is not None
        return said["means"] if is_short and isinstance(said, Mapping) else said


Notifying = Annotated[Notify, BeforeValidator(_means_alone, json_schema_input_type=Means | Notify)]


class Notifications(_Part):
    """How everybody is told who says nothing else."""

    means: Annotated[Means, Field(description="The means to tell people by.")] = ("email",)
    kinds: Annotated[
        dict[NotificationKind, Switched],
        Field(description="The means for some kinds of news, or `off`."),
    ] = {}
    quiet: Annotated[QuietHours | None, Field(description="Hours of each one's own clock without news.")] = None
    digest: Annotated[Digest | None, Field(description="When many pieces of one kind become one summary.")] = None
    language: Annotated[Language, Field(description="What is read by who has no language of their own.")] = "en"
    link: Annotated[
        str,
        StringConstraints(max_length=LINK_LIMIT),
        Field(description="Where a record is seen, such as `https://crm.example/{{ record.type }}/{{ record.id }}`."),
    ] = ""


class Letter(_Part):
    """What is written of one kind of news in one language, in Liquid."""

    subject: Annotated[
        str, StringConstraints(min_length=1, max_length=SUBJECT_LIMIT), Field(description="One line, as of an e-mail.")
    ]
    body: Annotated[
        str, StringConstraints(min_length=1, max_length=BODY_LIMIT), Field(description="The message as plain text.")
    ]
    html: Annotated[
        str | None,
        StringConstraints(max_length=BODY_LIMIT),
        Field(description="The message as HTML, in which all values are escaped; absent: there is plain text only."),
    ] = None


Letters = Annotated[
    dict[Language, Letter], Field(min_length=1, max_length=LANGUAGES_LIMIT, description="The words, by language.")
]
