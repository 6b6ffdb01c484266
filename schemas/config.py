"""The configuration documents: who takes part, which pools there are, and by which rules records find them.

A configuration is one or many YAML documents; each holds any of the sections below, and together they describe one or
several divisions. Unknown keys are errors, everything has a limit, and short forms (`ann` for `{user: ann}`) are
accepted wherever they cannot be misread.

The defaults written here belong to the language: a document that leaves a key out means the same for ever, so they
are never changed, only added to.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.config_entry import Entering, Strategy
from schemas.config_limits import Limits, PersonLimits
from schemas.config_plans import PLANS_LIMIT, Catalogue, Plan
from schemas.config_rules import AnyTarget, Condition, RuleSet, ScoreRow
from schemas.config_settings import Settings
from schemas.config_skills import Preference, Requires, Skills
from schemas.config_telling import Letters, Notify, Notifying, TextKind
from schemas.config_time import CALENDARS_LIMIT, HOLIDAY_LISTS_LIMIT, Calendar, Days, Worktime
from schemas.config_values import (
    AS_WRITTEN,
    FieldPath,
    Id,
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
    typed,
    untyped,
)
from schemas.config_waiting import AcceptWithin, AskAgain, Escalate, HandOn, LongestWait, Nobody, NobodyEligible
from schemas.config_workflows import PROCESSES_LIMIT, WORKFLOWS_LIMIT, Process, Workflow
from schemas.envelope import Division

Role = Literal["admin", "reassign", "member"]
FieldType = Literal["text", "number", "boolean", "date", "list", "link"]
Checkbox = Literal["checkbox"]
"""How the type of a boolean may be written."""

USERS_LIMIT: Final = 20_000
POOLS_LIMIT: Final = 5_000
MEMBERS_LIMIT: Final = 2_000
RULE_SETS_LIMIT: Final = 500
SCORE_ROWS_LIMIT: Final = 200
FIELDS_LIMIT: Final = 2_000


class _Part(BaseModel):
    model_config = AS_WRITTEN


class User(Worktime):
    """A person who may own records, or act on them.

    `roles` are their rights here; `role`, `profile`, `territory` and `skills` are your words for what they are and do,
    by which a target may find them. When they work stands here, or in a calendar that they share; without it: always.
    """

    name: Annotated[Name, Field(description="How people call them; for people only.")] = ""
    roles: Annotated[
        tuple[Role, ...],
        Field(max_length=3, description="`reassign` may give records to pools, `admin` may do everything."),
        AfterValidator(in_order),
    ] = ("member",)
    active: Annotated[bool, Field(strict=True, description="Not active: gets nothing.")] = True
    notify: Annotated[
        Notifying,
        Field(description="How they are told: a list of means (empty: they are not), or `{means, kinds, quiet, …}`."),
    ] = Notify()
    role: Annotated[Id | None, Field(description="What they are in the company, such as account-executive.")] = None
    profile: Annotated[Id | None, Field(description="The kind of user that they are in the CRM.")] = None
    territory: Annotated[Names, Field(description="Where they sell.")] = ()
    skills: Annotated[
        Skills,
        Field(description="What they can do, such as languages: a list, or with levels, `{german: 3, erp: 2}`."),
    ] = {}  # noqa: RUF012 - a frozen model never changes it
    limits: Annotated[PersonLimits, Field(description="What they may have, or be given, over all pools.")] = ()


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
    limits: Annotated[Limits, Field(description="What they may have, or be given, in this pool.")] = ()
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
    limits: Annotated[
        Limits, Field(description="What all members together may be given, or have open of what it gave.")
    ] = ()
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
    requires: Annotated[
        Requires, Field(description="Skills that whoever gets a record of this pool must have; all of them.")
    ] = ()
    prefer: Annotated[
        Preference | None,
        Field(
            description="Members who fit all of it are served before the others who can take the record. It costs them "
            "a turn."
        ),
    ] = None
    notify_members: Annotated[
        bool, Field(strict=True, description="Tell the members of a queue when a record comes in.")
    ] = False
    manager: Annotated[
        Id | None,
        Field(
            description="A user who is told when nobody of the pool can take a record, when one is escalated, and when "
            "the pool is skewed."
        ),
    ] = None
    skewed_after: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000,
            strict=True,
            description="The pool is skewed when somebody who is there was passed over for more turns than this, and "
            "its manager is told, once a day; null: they are not.",
        ),
    ] = None
    accept_within: AcceptWithin = None
    hand_on: HandOn = 3
    ask_again: AskAgain = False
    nobody_eligible: NobodyEligible = Nobody()
    escalate: Annotated[Escalate | None, Field(description="Who gets what waits too long.")] = None
    longest_wait: LongestWait = None


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
    calendars: Annotated[
        dict[Id, Calendar],
        Field(max_length=CALENDARS_LIMIT, description="Hours, zone and holidays that several people share, by name."),
    ] = {}
    holidays: Annotated[
        dict[Id, Days],
        Field(
            max_length=HOLIDAY_LISTS_LIMIT,
            description="Lists of holidays by name. Where a country or region is named that stands not here, such as "
            "`DE-BE`, publishing adds its public holidays (with the extra `holidays`).",
        ),
    ] = {}
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
        dict[Literal[RecordType, "*"], AnyTarget],
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
    sizes: Annotated[
        dict[RecordType, FieldPath],
        Field(
            description="By record type: the field that says how much an open record counts in limits and loads. 0: it"
            " is on hold; a fraction is rounded up; without a number from 0 on it counts as 1."
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
    templates: Annotated[
        dict[TextKind, Letters],
        Field(
            description="Subject and body of what people are told, in Liquid, by kind of news and language. Of what "
            "stands not here the words are shipped, in English and German."
        ),
    ] = {}
    ids_ignore_case: Annotated[
        bool,
        Field(strict=True, description="Whether the CRM's ids ignore letter case, so that `Ann` and `ann` are one."),
    ] = False
    settings: Annotated[Settings, Field(description="What holds for the whole division.")] = Settings()
