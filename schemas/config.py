"""The configuration documents: who takes part, which pools there are, and by which rules records find them.

A configuration is one or many YAML documents; each holds any of the sections below, and together they describe one or
several divisions. Unknown keys are errors, everything has a limit, and short forms (`ann` for `{user: ann}`) are
accepted wherever they cannot be misread.

The defaults written here belong to the language: a document that leaves a key out means the same for ever, so they
are never changed, only added to.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from schemas.envelope import Division
from schemas.events import Channel

RecordType = Literal["lead", "contact", "deal"]
Role = Literal["admin", "reassign", "member"]
FieldType = Literal["text", "number", "boolean", "date", "list", "link"]
Strategy = Literal["round_robin", "least_loaded", "longest_idle", "take"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Happening = Literal["created", "updated"]

USERS_LIMIT: Final = 20_000
POOLS_LIMIT: Final = 5_000
MEMBERS_LIMIT: Final = 2_000
RULE_SETS_LIMIT: Final = 500
ENTRIES_LIMIT: Final = 2_000
SCORE_ROWS_LIMIT: Final = 200
FIELDS_LIMIT: Final = 2_000
CRITERIA_LIMIT: Final = 500
TEXT_LIMIT: Final = 50_000


def _named(value: object) -> object:
    """A list of names is short for a mapping without details."""
    if isinstance(value, list) and all(isinstance(name, str | int) for name in value):
        return {str(name): {} for name in value}
    return value


def _detailed(value: object) -> object:
    """Nothing behind a name is short for no details."""
    return {} if value is None else value


def _untyped(value: object) -> object:
    """A list of names is short for a mapping that leaves their types open."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value)
    return value


def _member(value: object) -> object:
    """A name is short for a member without details."""
    return {"user": value} if isinstance(value, str | int) and not isinstance(value, bool) else value


def _several(value: object) -> object:
    """A name is short for a list with nothing else."""
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _in_order(values: tuple[str, ...]) -> tuple[str, ...]:
    """What is a set has one canonical order."""
    return tuple(sorted(set(values)))


def _domain(value: object) -> object:
    """A domain is text, or the lists themselves; what it says is for the reader of domains to judge."""
    match value:
        case str() if len(value) > TEXT_LIMIT:
            raise ValueError(f"a domain has at most {TEXT_LIMIT} characters: split it over entries")
        case str() | list():
            return value
        case _:
            raise ValueError("a domain is a list of terms, such as [[country_id, in, [US, CA]]], or the same as text")


def _written(value: object) -> object:
    """A number is the text it is written as: the logic of one criterion is often just `1`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("this is no time zone: write one of the IANA names, such as Europe/Berlin")
    return value


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=r"^[\w@.+'-]([\w@.+' -]*[\w@.+'-])?$"),
    Field(coerce_numbers_to_str=True, description="Letters, digits, and . _ - @ + ' or spaces inside."),
]
PersonId = Annotated[str, StringConstraints(min_length=1, max_length=256), Field(coerce_numbers_to_str=True)]
Name = Annotated[str, StringConstraints(max_length=200)]
Criterion = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LIMIT),
    Field(
        description="`field op value`, such as `country in [DE, FR]`, `account.employees >= 500` or "
        "`close_date < today`; a text that looks like a date or a number stands in quotes."
    ),
]
Domain = Annotated[
    Any,
    AfterValidator(_domain),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "maxLength": TEXT_LIMIT}, {"type": "array", "items": {}}],
            "description": "An Odoo domain, as lists or as text: `[[country_id, in, [US, CA]]]`.",
        }
    ),
]
Names = Annotated[
    tuple[Id, ...],
    BeforeValidator(_several, json_schema_input_type=Id | list[Id]),
    Field(max_length=50),
    AfterValidator(_in_order),
]
Link = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^.]+(\.[^.]+){0,4}$")]
FieldPath = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LIMIT)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Condition(_Part):
    """Which records are meant, in one of three notations: `criteria`, `domain`, or `when`. None of them: all."""

    criteria: Annotated[tuple[Criterion, ...], Field(max_length=CRITERIA_LIMIT, description="Empty: always.")] = ()
    logic: Annotated[
        Line | None,
        BeforeValidator(_written, json_schema_input_type=Line | int | None),
        Field(description="How the criteria are combined, `1 AND (2 OR NOT 3)`; absent: all must hold."),
    ] = None
    domain: Domain = None
    when: Annotated[
        Line | None,
        Field(description='One expression line: `country in ["US", "CA"] and not source == "web"`.'),
    ] = None

    @model_validator(mode="after")
    def _one_notation(self) -> Self:
        if [bool(self.criteria), self.domain is not None, self.when is not None].count(True) > 1:
            raise ValueError("an entry has one of criteria, domain and when: keep one, or make it several entries")
        if self.logic is not None and not self.criteria:
            raise ValueError("logic combines criteria, and there are none: add criteria, or take the logic away")
        return self


class User(_Part):
    """A person who may own records, or act on them.

    `roles` are his rights here; `role`, `profile`, `territory` and `skills` are your words for what he is and does, by
    which a target may find him.
    """

    name: Name = ""
    roles: Annotated[
        tuple[Role, ...],
        Field(max_length=3, description="`reassign` may give records to pools, `admin` may do everything."),
        AfterValidator(_in_order),
    ] = ("member",)
    active: Annotated[bool, Field(strict=True, description="Not active: gets nothing.")] = True
    notify: Annotated[
        tuple[Id, ...], Field(max_length=10, description="The means to tell him by; empty: he is not told.")
    ] = ("email",)
    role: Annotated[Id | None, Field(description="What he is in the company, such as account-executive.")] = None
    profile: Annotated[Id | None, Field(description="The kind of user that he is in the CRM.")] = None
    territory: Annotated[Names, Field(description="Where he sells.")] = ()
    skills: Annotated[Names, Field(description="What he can do, such as the languages he speaks.")] = ()


class Member(Condition):
    """A person's place in a pool. Members have no position: who joined first is first.

    A condition narrows what he is given in this pool; elsewhere the same person may have another.
    """

    user: Id
    weight: Annotated[float, Field(gt=0, le=1_000, strict=True, description="2 gets twice as much as 1.")] = 1.0
    max_open: Annotated[int | None, Field(ge=0, le=1_000_000, strict=True, description="None: no limit.")] = None


class Pool(Condition):
    """People among whom records of one type are shared out, or who share a queue (strategy `take`).

    A condition says which records rules, teams and defaults may give it. A record that is given to it in the CRM comes
    in whatever it says.
    """

    name: Name = ""
    record_type: RecordType
    strategy: Strategy = "round_robin"
    members: Annotated[
        tuple[Annotated[Member, BeforeValidator(_member, json_schema_input_type=str | Member)], ...],
        Field(max_length=MEMBERS_LIMIT),
    ] = ()
    credit: Annotated[
        int, Field(ge=0, le=1_000, strict=True, description="Rounds that somebody who was passed over may catch up.")
    ] = 1
    drain_per_minute: Annotated[
        int, Field(ge=1, le=10_000, strict=True, description="Waiting records that one member gets in a minute.")
    ] = 10
    sequence: Annotated[
        int,
        Field(
            ge=0, le=1_000_000, strict=True, description="Of teams that accept a record the lowest wins, then by name."
        ),
    ] = 10
    notify_members: Annotated[
        bool, Field(strict=True, description="Tell the members of a queue when a record comes in.")
    ] = False


class People(_Part):
    """The people who have all of these, as their users say. They share in turn, like the members of a pool."""

    role: Id | None = None
    profile: Id | None = None
    territory: Id | None = None
    skill: Id | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("users are named by role, profile, territory or skill, such as {territory: dach}")
        return self


class Target(_Part):
    """Who gets the record: a person, a pool, a queue, people of a kind, a related record's owner, or the right team."""

    user: Id | None = None
    pool: Id | None = None
    queue: Annotated[Id | None, Field(description="A pool with strategy `take`.")] = None
    plan: Id | None = None
    users: People | None = None
    owner_of: Annotated[
        Link | None, Field(description="A linked record, `account` or `account.parent`: its owner gets this one.")
    ] = None
    team: Annotated[
        Literal["match"] | None, Field(description="`match`: the first pool whose own condition accepts the record.")
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"a target names one of {known}; such as {{pool: emea}}")
        return self


class Entry(Condition):
    """One line of a rule set: a record that fits goes to the target. The next is tried where the target cannot be had.

    On an update `reassign` says whose records may be given: `never` only what nobody has and what waits nowhere,
    `if_unowned` also what waits or lies in a queue, `always` also what an owner has whom we chose. What a person chose
    in the CRM always stays.
    """

    id: Annotated[Id | None, Field(description="Absent: its number in the list.")] = None
    name: Name = ""
    target: Target
    on: Annotated[
        tuple[Happening, ...],
        BeforeValidator(_several, json_schema_input_type=Happening | list[Happening]),
        Field(min_length=1, max_length=2, description="The events it is asked for."),
        AfterValidator(_in_order),
    ] = ("created",)
    reassign: Literal["never", "if_unowned", "always"] = "never"


class RuleSet(_Part):
    """Ordered entries for one record type; the first that matches wins. It does nothing until it is active."""

    name: Name = ""
    description: Annotated[str, StringConstraints(max_length=2_000)] = ""
    record_type: RecordType
    active: Annotated[bool, Field(strict=True)] = False
    entries: Annotated[tuple[Entry, ...], Field(max_length=ENTRIES_LIMIT)] = ()


class ScoreRow(Condition):
    """A record that fits has so many points more."""

    points: Annotated[float, Field(ge=-1_000_000, le=1_000_000, strict=True)]


class Unowned(_Part):
    """Which owners on a created record count as none: most CRMs store the creator as owner."""

    users: Annotated[tuple[PersonId, ...], Field(max_length=1_000), AfterValidator(_in_order)] = ()
    channels: Annotated[tuple[Channel, ...], Field(max_length=20), AfterValidator(_in_order)] = ()


class Settings(_Part):
    """What holds for the whole division."""

    treat_as_unowned: Unowned = Unowned()
    require_actor: Annotated[
        bool, Field(strict=True, description="Refuse events without an actor instead of trusting the system.")
    ] = False
    depth_limit: Annotated[
        int, Field(ge=1, le=100, strict=True, description="Automatic decisions that may lead to one another.")
    ] = 5
    zone: Annotated[
        str,
        StringConstraints(max_length=64),
        AfterValidator(_zone),
        Field(description="The IANA time zone whose days `today` and dates without an offset mean."),
    ] = "UTC"
    week_starts: Annotated[Weekday, Field(description="The day on which `this_week` and its like begin.")] = "monday"


class Document(_Part):
    """A configuration document; merged over all files, a division's whole configuration."""

    model_config = ConfigDict(title="Configuration")

    division: Division = "main"
    users: Annotated[
        dict[Id, Annotated[User, BeforeValidator(_detailed, json_schema_input_type=User | None)]],
        BeforeValidator(_named, json_schema_input_type=list[Id] | dict[Id, User | None]),
        Field(max_length=USERS_LIMIT),
    ] = {}
    pools: Annotated[dict[Id, Pool], Field(max_length=POOLS_LIMIT)] = {}
    rule_sets: Annotated[dict[Id, RuleSet], Field(max_length=RULE_SETS_LIMIT)] = {}
    defaults: Annotated[
        dict[Literal["lead", "contact", "deal", "*"], Target],
        Field(description="Who gets what no rule matches, by record type; `*` for all others."),
    ] = {}
    scores: Annotated[
        dict[RecordType, Annotated[tuple[ScoreRow, ...], Field(max_length=SCORE_ROWS_LIMIT)]],
        Field(description="By record type: the sum of points is the record's score, which orders whatever waits."),
    ] = {}
    fields: Annotated[
        dict[
            RecordType,
            Annotated[
                dict[FieldPath, FieldType | None],
                BeforeValidator(_untyped, json_schema_input_type=list[FieldPath] | dict[FieldPath, FieldType | None]),
                Field(max_length=FIELDS_LIMIT),
            ],
        ],
        Field(description="The fields that records have, linked ones with dots: `check` then names all others."),
    ] = {}
    settings: Settings = Settings()
