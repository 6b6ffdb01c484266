"""Limits as they are written: at most so many open, within a time that moves with now, or in a day, week or month."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from schemas.config_values import AS_WRITTEN, RecordType, in_order
from schemas.spans import SECONDS, span_meant

LIMITS_LIMIT: Final = 10
WINDOW_LIMIT: Final = 1_000
"""A window remembers the time of each record that it counts, so it counts at most so many."""
COUNT_LIMIT: Final = 1_000_000
SECONDS_LIMIT: Final = 366 * 86_400

_WINDOW: Final = re.compile(r"([1-9][0-9]{0,8})([smhd])")
PERIODS: Final = ("day", "week", "month")


def seconds(per: str) -> int | None:
    """How long a window is; none: it is no window."""
    found = _WINDOW.fullmatch(per)
    return None if found is None else int(found[1]) * SECONDS[found[2]]


def _whole(value: object) -> object:
    """A number alone is so many seconds."""
    return f"{value}s" if isinstance(value, int) and not isinstance(value, bool) else value


def _per(value: str) -> str:
    length = seconds(value)
    if value not in PERIODS and length is None:
        meant = next((f'; did you mean "{each}"?' for each in PERIODS if value.casefold().startswith(each)), "")
        meant = meant or span_meant(f"1{value}" if value.isalpha() else value, "dhms")
        raise ValueError(f"a limit counts per day, week or month, or within a time: 90s, 30m, 1h, 7d{meant}")
    if length is not None and length > SECONDS_LIMIT:
        raise ValueError("a window lasts a year at most: 366d")
    return value


class Limit(BaseModel):
    """At most so many: `open` at the same time, or `per` a time, where what was given counts whatever became of it."""

    model_config = AS_WRITTEN

    at_most: Annotated[int, Field(ge=0, le=COUNT_LIMIT, strict=True, description="So many; 0: never any.")]
    open: Annotated[
        Literal[True] | None, Field(description="Counts what is open: as the pool counts, or over all pools.")
    ] = None
    per: Annotated[
        Annotated[str, AfterValidator(_per)] | None,
        BeforeValidator(_whole, json_schema_input_type=str | int | None),
        Field(
            description="Counts what was given: within a time that moves with now (`90s`, `30m`, `1h`, `7d`, or a "
            "number of seconds), or since the `day`, `week` or `month` began for that person."
        ),
    ] = None

    @model_validator(mode="after")
    def _counts_one_thing(self) -> Self:
        if (self.open is None) == (self.per is None):
            raise ValueError("a limit counts one thing: write open: true, or per with a time such as 1h or day")
        if self.per is not None and seconds(self.per) is not None and self.at_most > WINDOW_LIMIT:
            raise ValueError(
                f"a window counts at most {WINDOW_LIMIT:,} records: lower it, or count per day, week or month"
            )
        return self


class PersonLimit(Limit):
    """A limit of a person over all pools."""

    types: Annotated[
        tuple[RecordType, ...],
        Field(max_length=3, description="The types of record that it counts; absent: all."),
        AfterValidator(in_order),
    ] = ()


Limits = Annotated[tuple[Limit, ...], Field(max_length=LIMITS_LIMIT)]
PersonLimits = Annotated[tuple[PersonLimit, ...], Field(max_length=LIMITS_LIMIT)]
