"""The values that stand in scenarios: times, owners, linked records, and how people are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from schemas.envelope import Id
from schemas.events import Availability, Fields, OwnerKind

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When a scenario begins unless it says otherwise: a Monday, nine o'clock."""

FIRST_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_START: Final = datetime(9989, 12, 31, tzinfo=UTC)
"""Later there is no room for what comes of it."""

_LATER: Final = re.compile(r"\+(?=\d)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?")


def _moment(value: object) -> object:
    """`+8h`, `+1d12h`, or a time as RFC 3339 writes it."""
    if isinstance(value, str) and value.startswith("+"):
        match = _LATER.fullmatch(value)
        if match is not None:
            days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
            return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    elif isinstance(value, str) and len(value) > len("2026-03-02T"):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return moment
    elif isinstance(value, datetime | timedelta):
        return value
    raise ValueError('a time is "+8h", "+1d30m", or written out with its zone, like 2026-03-02T09:00:00Z')


def _owner(value: object) -> object:
    """A name is short for a person."""
    return {"user": value} if isinstance(value, str | int) and not isinstance(value, bool) else value


Moment = Annotated[timedelta | datetime, BeforeValidator(_moment, json_schema_input_type=str)]


class OwnerValue(BaseModel):
    """Who a record is given to: a person, or who or what chooses one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Id | None = None
    pool: Id | None = None
    queue: Id | None = None
    plan: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self._named()) != 1:
            raise ValueError("an owner is a person's name, or one of {pool: …}, {queue: …}, {plan: …}")
        return self

    @property
    def kind(self) -> OwnerKind:
        """What kind of owner it is."""
        return next(iter(self._named()))

    @property
    def id(self) -> str:
        """Its name."""
        return next(iter(self._named().values()))

    def _named(self) -> Mapping[OwnerKind, str]:
        kinds: tuple[OwnerKind, ...] = get_args(OwnerKind)
        return {kind: name for kind in kinds if (name := getattr(self, kind)) is not None}


Owner = Annotated[OwnerValue, BeforeValidator(_owner, json_schema_input_type=str | OwnerValue)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _state(value: object) -> object:
    """A word is short for a state without details."""
    return {"state": value} if isinstance(value, str) else value


class Linked(_Part):
    """A record that the record points to."""

    type: Id | None = None
    id: Id | None = None
    owner: Owner | None = None
    fields: Fields = {}


class MemberState(_Part):
    """Whether somebody can take records, from when on (absent: now), and when they are expected back."""

    state: Availability
    begins: Moment | None = None
    until: Moment | None = None


State = Annotated[MemberState, BeforeValidator(_state, json_schema_input_type=str | MemberState)]
