"""The configuration documents: who takes part, which pools there are, and by which rules records find them.

A configuration is one or many YAML documents; each holds any of the sections below, and together they describe one or
several divisions. Unknown keys are errors, everything has a limit, and short forms (`ann` for `{user: ann}`) are
accepted wherever they cannot be misread.

The defaults written here belong to the language: a document that leaves a key out means the same for ever, so they
are never changed, only added to.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from schemas.config_entry import Entering, Strategy
from schemas.config_plans import PLANS_LIMIT, Catalogue, Plan
from schemas.config_settings import Settings
from schemas.config_values import (
    AS_WRITTEN,
    Criterion,
    Domain,
    FieldPath,
    Id,
    Line,
    Link,
    Name,
    Names,
    Priority,
    RecordType,
    Weight,
    detailed,
    entering,
    in_order,
    member,
    named,
    several,
    typed,
    untyped,
    written,
)
from schemas.config_workflows import PROCESSES_LIMIT, WORKFLOWS_LIMIT, Process, Workflow
from schemas.envelope import Division

Reassign = Literal["never", "if_unowned", "always"]
Role = Literal["admin", "reassign", "member"]
FieldType = Literal["text", "number", "boolean", "date", "list", "link"]
Checkbox = Literal["checkbox"]
"""How the type of a boolean may be written."""
Happening = Literal["created", "updated"]

USERS_LIMIT: Final = 20_000
POOLS_LIMIT: Final = 5_000
MEMBERS_LIMIT: Final = 2_000
RULE_SETS_LIMIT: Final = 500
ENTRIES_LIMIT: Final = 2_000
SCORE_ROWS_LIMIT: Final = 200
FIELDS_LIMIT: Final = 2_000
CRITERIA_LIMIT: Final = 500
CHANGED_LIMIT: Final = 50


class _Part(BaseModel):
    model_config = AS_WRITTEN


class Condition(_Part):
    """Which records are meant, in one of three notations: `criteria`, `domain`, or `when`. None of them: all."""

    criteria: Annotated[tuple[Criterion, ...], Field(max_length=CRITERIA_LIMIT, description="Empty: always.")] = ()
    logic: Annotated[
        Line | None,
        BeforeValidator(written, json_schema_input_type=Line | int | None),
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

    `roles` are their rights here; `role`, `profile`, `territory` and `skills` are your words for what they are and do,
    by which a target may find them.
    """

    name: Annotated[Name, Field(description="How people call them; for people only.")] = ""
    roles: Annotated[
        tuple[Role, ...],
        Field(max_length=3, description="`reassign` may give records to pools, `admin` may do everything."),
        AfterValidator(in_order),
    ] = ("member",)
    active: Annotated[bool, Field(strict=True, description="Not active: gets nothing.")] = True
    notify: Annotated[
        tuple[Id, ...], Field(max_length=10, description="The means to tell them by; empty: they are not told.")
    ] = ("email",)
    role: Annotated[Id | None, Field(description="What they are in the company, such as account-executive.")] = None
    profile: Annotated[Id | None, Field(description="The kind of user that they are in the CRM.")] = None
    territory: Annotated[Names, Field(description="Where they sell.")] = ()
    skills: Annotated[Names, Field(description="What they can do, such as the languages they speak.")] = ()


class Member(Condition):
    """A person's place in a pool. Members have no position: who joined first is first.

    A condition narrows what they are given in this pool; elsewhere the same person may have another.
    """

    user: Annotated[Id, Field(description="The id of a user.")]
    weight: Weight = 1.0
    max_open: Annotated[
        int | None,
        Field(
            ge=0,
            le=1_000_000,
            strict=True,
            description="Not given more while they have so many open records, as the pool counts; null: no limit.",
        ),
    ] = None
    priority: Priority = None


class Pool(Condition):
    """People among whom records of one type are shared out, or who share a queue (strategy `take`).

    A condition says which records rules, teams and defaults may give it. A record that is given to it in the CRM comes
    in whatever it says.
    """

    name: Annotated[Name, Field(description="How people call it; for people only.")] = ""
    record_type: Annotated[RecordType, Field(description="The one type of record that it shares out.")]
    strategy: Annotated[
        Strategy,
        Field(
            description="Who is next. `round_robin`: whose turn it is, by weight. `least_loaded`: who has the fewest "
            "open records for their weight. `longest_idle`: who got one the longest time ago. `ranked`: who has the "
            "lowest `priority`, equals in turn. `take`: nobody, it is a queue from which a member takes."
        ),
    ] = "round_robin"
    members: Annotated[
        tuple[Annotated[Member, BeforeValidator(member, json_schema_input_type=str | Member)], ...],
        Field(max_length=MEMBERS_LIMIT, description="Who takes part; a name is short for `{user: name}`."),
    ] = ()
    count: Annotated[
        Literal["all", "own"],
        Field(
            description="Which open records `max_open` and `least_loaded` mean. `all`: those of the pool's type that "
            "somebody owns, whoever gave them. `own`: those that this pool gave and they still have."
        ),
    ] = "all"
    entry: Annotated[
        Entering | None,
        BeforeValidator(entering, json_schema_input_type=Literal["end_of_ring", "catch_up"] | Entering | None),
        Field(
            description="How newcomers enter: `end_of_ring`, `catch_up`, or `{catch_up: {at_most: 1, of: 2}}`. Absent: "
            "at the end of the ring; where open records decide, catching up with at most 1 of 2 turns."
        ),
    ] = None
    credit: Annotated[
        int, Field(ge=0, le=1_000, strict=True, description="Rounds that somebody who was passed over may catch up.")
    ] = 1
    drain_per_minute: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            strict=True,
            description="Waiting records that a member gets in a minute, other pools' included.",
        ),
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

    role: Annotated[Id | None, Field(description="Everybody with this role.")] = None
    profile: Annotated[Id | None, Field(description="Everybody with this profile.")] = None
    territory: Annotated[Id | None, Field(description="Everybody who sells there.")] = None
    skill: Annotated[Id | None, Field(description="Everybody who can do this.")] = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("users are named by role, profile, territory or skill, such as {territory: dach}")
        return self


class Target(_Part):
    """Who gets the record: a person, a pool, a queue, people of a kind, a related record's owner, or the right team."""

    user: Annotated[Id | None, Field(description="This person.")] = None
    pool: Annotated[Id | None, Field(description="Whose turn it is in this pool.")] = None
    queue: Annotated[Id | None, Field(description="A pool with strategy `take`.")] = None
    plan: Annotated[Id | None, Field(description="Into this sales plan.")] = None
    users: Annotated[People | None, Field(description="The people who have all of these, in turn.")] = None
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

    `changed` and `before` ask what an update changed. Where the entry is asked on a creation as well, a field that is
    set counts as changed there, and `before` is not asked.
    """

    id: Annotated[Id | None, Field(description="Absent: its number in the list.")] = None
    name: Annotated[Name, Field(description="How an explanation calls it.")] = ""
    target: Annotated[Target, Field(description="Who gets the record.")]
    on: Annotated[
        tuple[Happening, ...],
        Field(max_length=2),
        BeforeValidator(
            several,
            json_schema_input_type=Happening | Annotated[list[Happening], Field(min_length=1, max_length=2)],
        ),
        Field(min_length=1, description="The events it is asked for."),
        AfterValidator(in_order),
    ] = ("created",)
    reassign: Annotated[Reassign, Field(description="On an update: whose records may be given.")] = "never"
    even_if_away: Annotated[
        bool,
        Field(strict=True, description="A person whom it names, or a related owner, gets it though away or on leave."),
    ] = False
    changed: Annotated[
        tuple[FieldPath, ...],
        Field(max_length=CHANGED_LIMIT),
        BeforeValidator(
            several,
            json_schema_input_type=FieldPath | Annotated[list[FieldPath], Field(max_length=CHANGED_LIMIT)],
        ),
        Field(description="One of these fields really got another value. The same value written again is none."),
        AfterValidator(in_order),
    ] = ()
    before: Annotated[
        Condition | None, Field(description="A condition on the values before the update, in one of the notations.")
    ] = None


class RuleSet(_Part):
    """Ordered entries for one record type; the first that matches wins. It does nothing until it is active."""

    name: Annotated[Name, Field(description="How an explanation calls it.")] = ""
    description: Annotated[str, StringConstraints(max_length=2_000), Field(description="What it is for.")] = ""
    record_type: Annotated[RecordType, Field(description="The one type of record whose entries these are.")]
    active: Annotated[bool, Field(strict=True, description="Not active: it is not asked.")] = False
    entries: Annotated[
        tuple[Entry, ...], Field(max_length=ENTRIES_LIMIT, description="In the order in which they are asked.")
    ] = ()


class ScoreRow(Condition):
    """A record that fits has so many points more."""

    points: Annotated[
        float, Field(ge=-1_000_000, le=1_000_000, strict=True, description="Added to the score; may be negative.")
    ]


class Document(_Part):
    """A configuration document; merged over all files, a division's whole configuration."""

    model_config = ConfigDict(title="Configuration")

    division: Annotated[Division, Field(description="Whose configuration this is.")] = "main"
    users: Annotated[
        dict[Id, Annotated[User, BeforeValidator(detailed, json_schema_input_type=User | None)]],
        Field(max_length=USERS_LIMIT),
        BeforeValidator(
            named,
            json_schema_input_type=Annotated[list[Id], Field(max_length=USERS_LIMIT)]
            | Annotated[dict[Id, User | None], Field(max_length=USERS_LIMIT)],
        ),
        Field(description="People by id; a list of ids is short for people without details."),
    ] = {}
    pools: Annotated[dict[Id, Pool], Field(max_length=POOLS_LIMIT, description="Pools and queues by id.")] = {}
    tools: Annotated[Catalogue, Field(description="The lead-generation tools that there are, by the CRM's id.")] = {}
    offers: Annotated[Catalogue, Field(description="The offers that there are, by the CRM's id.")] = {}
    plans: Annotated[
        dict[Id, Plan],
        Field(max_length=PLANS_LIMIT, description="Sales plans by id; none has the id of a pool, for it is one."),
    ] = {}
    rule_sets: Annotated[
        dict[Id, RuleSet], Field(max_length=RULE_SETS_LIMIT, description="Rule sets by id; one active per record type.")
    ] = {}
    defaults: Annotated[
        dict[Literal[RecordType, "*"], Target],
        Field(
            description="Who gets what no rule matches, by record type; `*` for all others. Where a document names"
            " neither rule sets nor defaults, it is the only pool of the type, if that accepts all records."
        ),
    ] = {}
    scores: Annotated[
        dict[RecordType, Annotated[tuple[ScoreRow, ...], Field(max_length=SCORE_ROWS_LIMIT)]],
        Field(description="By record type: the sum of points is the record's score, which orders whatever waits."),
    ] = {}
    closed_when: Annotated[
        dict[RecordType, Condition],
        Field(
            description="By record type: which records are closed. They keep their owner and are none of their open"
            " records. Asked when all fields that it reads are known; the status that an event tells is stronger."
        ),
    ] = {}
    fields: Annotated[
        dict[
            RecordType,
            Annotated[
                dict[
                    FieldPath,
                    Annotated[
                        FieldType | None, BeforeValidator(typed, json_schema_input_type=FieldType | Checkbox | None)
                    ],
                ],
                Field(max_length=FIELDS_LIMIT),
                BeforeValidator(
                    untyped,
                    json_schema_input_type=Annotated[list[FieldPath], Field(max_length=FIELDS_LIMIT)]
                    | Annotated[dict[FieldPath, FieldType | Checkbox | None], Field(max_length=FIELDS_LIMIT)],
                ),
            ],
        ],
        Field(description="The fields that records have, linked ones with dots: `check` then names all others."),
    ] = {}
    processes: Annotated[
        dict[Id, Process], Field(max_length=PROCESSES_LIMIT, description="Processes by the CRM's id, with their steps.")
    ] = {}
    workflows: Annotated[
        dict[Id, Workflow],
        Field(max_length=WORKFLOWS_LIMIT, description="What follows from a field that is filled, or a step marked."),
    ] = {}
    ids_ignore_case: Annotated[
        bool,
        Field(strict=True, description="Whether the CRM's ids ignore letter case, so that `Ann` and `ann` are one."),
    ] = False
    settings: Annotated[Settings, Field(description="What holds for the whole division.")] = Settings()
