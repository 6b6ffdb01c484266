"""The rules of a configuration: conditions, targets, ordered entries, and what a record is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from schemas.config_skills import FromField, Requires
from schemas.config_values import (
    AS_WRITTEN,
    Criterion,
    Domain,
    FieldPath,
    Id,
    Line,
    Link,
    Name,
    RecordType,
    Span,
    in_order,
    several,
    written,
)
from schemas.config_waiting import Time

Reassign = Literal["never", "if_unowned", "always"]
Happening = Literal["created", "updated"]

ENTRIES_LIMIT: Final = 2_000
CRITERIA_LIMIT: Final = 500
CHANGED_LIMIT: Final = 50
ChangedFields = Annotated[
    tuple[FieldPath, ...],
    Field(max_length=CHANGED_LIMIT),
    BeforeValidator(
        several, json_schema_input_type=FieldPath | Annotated[list[FieldPath], Field(max_length=CHANGED_LIMIT)]
    ),
    AfterValidator(in_order),
]
"""Fields that are asked about as changed, each once and in order."""
OWNER_WORDS: Final = ("within", "contacted", "among", "counts_as_turn")
"""What may be said of a related owner."""
STEPS_LIMIT: Final = 10
WAITING_WORDS: Final = ("wait", "skip_if")
"""What may be said of a step besides whom it names."""


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


PersonNamed = Annotated[
    Id | FromField | None,
    Field(
        description="This person, or `{field: account_manager_id}` for the one whose id the field holds: passed over "
        "where it is not set, or names nobody who can."
    ),
]


class TargetStep(_Part):
    """A step of a target: who is asked first, and how long until the next is asked, too.

    A record waits for all the steps it has reached: whoever of them can first takes it. `wait` counts from when the
    step was reached. Nobody waits for a step that nobody could ever take.
    """

    user: PersonNamed = None
    pool: Annotated[Id | None, Field(description="Whose turn it is in this pool.")] = None
    users: Annotated[People | None, Field(description="The people who have all of these, in turn.")] = None
    owner_of: Annotated[Link | None, Field(description="The owner of this linked record.")] = None
    queue: Annotated[Id | None, Field(description="A pool with strategy `take`; as the last step.")] = None
    wait: Annotated[
        Time | None,
        Field(description="So long until the next step, such as `15m`; absent: none. The last step needs none."),
    ] = None
    skip_if: Annotated[
        Literal["nobody_present"] | None,
        Field(description="`nobody_present`: no wait where nobody of the step is there in all of it, as is foreseen."),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _can_be_a_step(cls, value: object) -> object:
        for key in ("plan", "team", "within", "contacted", "among", "steps"):
            if isinstance(value, Mapping) and key in value:
                raise ValueError(f'"{key}" cannot stand in a step: a step names a user, pool, queue, users or owner_of')
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True, exclude=set(WAITING_WORDS))) != 1:
            raise ValueError("a step names one of user, pool, queue, users, owner_of; such as {pool: emea, wait: 15m}")
        if self.skip_if is not None and self.wait is None:
            raise ValueError(
                '"skip_if" skips the wait of a step: say how long it is, such as "wait: 15m"; the last step has none, '
                "and nothing to skip"
            )
        return self


def stepped(value: object) -> object:
    """A list is short for a target with these steps."""
    return {"steps": value} if isinstance(value, list) else value


class Target(_Part):
    """Who gets the record: a person, a pool, a queue, people of a kind, a related record's owner, or the right team; or
    several of them in steps, of which each waits before the next is asked, too.
    """

    user: PersonNamed = None
    pool: Annotated[Id | None, Field(description="Whose turn it is in this pool.")] = None
    queue: Annotated[Id | None, Field(description="A pool with strategy `take`.")] = None
    plan: Annotated[Id | None, Field(description="Into this sales plan.")] = None
    users: Annotated[People | None, Field(description="The people who have all of these, in turn.")] = None
    owner_of: Annotated[
        Link | None, Field(description="A linked record, `account` or `account.parent`: its owner gets this one.")
    ] = None
    within: Annotated[
        Span | None,
        Field(description="`owner_of`: passed over where their last contact is older, such as `90d`, or not known."),
    ] = None
    contacted: Annotated[
        FieldPath | None,
        Field(description="`owner_of`: the field of the linked record that tells when that contact was."),
    ] = None
    among: Annotated[
        Id | None,
        Field(description="`owner_of`: a pool; passed over who is no member of it, or cannot take the record there."),
    ] = None
    counts_as_turn: Annotated[
        bool, Field(strict=True, description="`owner_of`: who gets a record so has used their turn in that pool.")
    ] = False
    team: Annotated[
        Literal["match"] | None, Field(description="`match`: the first pool whose own condition accepts the record.")
    ] = None
    steps: Annotated[
        tuple[TargetStep, ...] | None,
        Field(
            max_length=STEPS_LIMIT,
            json_schema_extra={"minItems": 2},
            description="One after the other, with waiting times; a list in the place of a target is short for this.",
        ),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True, exclude=set(OWNER_WORDS))) != 1:
            known = ", ".join(key for key in type(self).model_fields if key not in OWNER_WORDS)
            raise ValueError(f"a target names one of {known}; such as {{pool: emea}}")
        return self

    @model_validator(mode="after")
    def _owner_words(self) -> Self:
        if self.owner_of is None and any(getattr(self, key) for key in OWNER_WORDS):
            raise ValueError(f"{', '.join(OWNER_WORDS)} are about the target owner_of: leave them out here")
        if (self.within is None) != (self.contacted is None):
            raise ValueError('"within" and "contacted" go together: how old a contact may be, and which field tells it')
        if self.counts_as_turn and self.among is None:
            raise ValueError('"counts_as_turn" needs the pool whose turn it is: name it, such as "among: emea"')
        return self

    @model_validator(mode="after")
    def _in_steps(self) -> Self:
        if self.steps is None:
            return self
        steps = self.steps
        if not steps:
            raise ValueError("a list without a step names nobody: name a user, pool or queue")
        if len(steps) < 2:
            raise ValueError("one step needs no list: write what it names as the target, or add another step")
        if any(step.queue is not None for step in steps[:-1]):
            raise ValueError("a queue takes at once what comes to it, so it is the last step: move it to the end")
        if steps[-1].wait is not None:
            raise ValueError("nothing comes behind the last step: leave its wait out, or add a step")
        return self


def named_by(step: TargetStep) -> Target:
    """Whom a step names, as a target of its own."""
    return Target(**{key: getattr(step, key) for key in type(step).model_fields if key not in WAITING_WORDS})


AnyTarget = Annotated[
    Target,
    BeforeValidator(
        stepped,
        json_schema_input_type=Target | Annotated[list[TargetStep], Field(min_length=2, max_length=STEPS_LIMIT)],
    ),
]
"""A target in the place where one stands."""


class Entry(Condition):
    """One line of a rule set: a record that fits goes to the target. The next is tried where the target cannot be had.

    On an update `reassign` says whose records may be given: `never` only what nobody has and what waits nowhere,
    `if_unowned` also what waits or lies in a queue, `always` also what an owner has whom we chose, though nobody of the
    target be free: it waits there. What a person chose in the CRM always stays.

    `changed` and `before` ask what an update changed. Where the entry is asked on a creation as well, a field that is
    set counts as changed there, and `before` is not asked.
    """

    id: Annotated[Id | None, Field(description="Absent: its number in the list.")] = None
    name: Annotated[Name, Field(description="How an explanation calls it.")] = ""
    target: Annotated[AnyTarget, Field(description="Who gets the record.")]
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
    requires: Annotated[
        Requires,
        Field(description="Skills that whoever in the pool gets the record must have, besides the pool's own."),
    ] = ()
    changed: Annotated[
        ChangedFields,
        Field(description="One of these fields really got another value. The same value written again is none."),
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
