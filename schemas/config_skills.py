"""What people can do, as documents say it, and what pools and entries ask for."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainSerializer, model_validator

from schemas.config_values import AS_WRITTEN, NAMES_LIMIT, FieldPath, Id, several

LEVELS: Final = 100
REQUIRED_LIMIT: Final = 20


class _Part(BaseModel):
    model_config = AS_WRITTEN


def _levelled(value: object) -> object:
    """A name, or a list of names, is short for skills at level 1."""
    listed = several(value)
    return dict.fromkeys(map(str, listed), 1) if isinstance(listed, list) else listed


def _as_short_as_possible(skills: dict[str, int]) -> dict[str, int] | list[str]:
    """Skills that are all at level 1 are a list, as they were before there were levels."""
    return sorted(skills) if all(level == 1 for level in skills.values()) else skills


Level = Annotated[int, Field(ge=1, le=LEVELS, strict=True)]
Skills = Annotated[
    dict[Id, Level],
    Field(max_length=NAMES_LIMIT),
    BeforeValidator(
        _levelled,
        json_schema_input_type=Id
        | Annotated[list[Id], Field(max_length=NAMES_LIMIT)]
        | Annotated[dict[Id, Level], Field(max_length=NAMES_LIMIT)],
    ),
    PlainSerializer(_as_short_as_possible),
]


class FromField(_Part):
    """What the record says: the value of a field, or each value of a list. A field that is not set says nothing."""

    field: Annotated[FieldPath, Field(description="The field, of a linked record with dots.")]


Said = Id | FromField


class Requirement(_Part):
    """A skill that whoever gets the record must have."""

    skill: Annotated[Said, Field(description="The skill, or `{field: language}` for the one that a field names.")]
    level: Annotated[Level, Field(description="At this level or above it.")] = 1


class Preference(_Part):
    """What a member is or can do, by which some are served before the others."""

    skill: Annotated[Said | None, Field(description="Who can do this; as in `requires`.")] = None
    level: Annotated[Level, Field(description="At this level or above it; of a skill.")] = 1
    role: Annotated[Said | None, Field(description="Who has this role.")] = None
    profile: Annotated[Said | None, Field(description="Who has this profile.")] = None
    territory: Annotated[Said | None, Field(description="Who sells there.")] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any((self.skill, self.role, self.profile, self.territory)):
            raise ValueError("say who is preferred by skill, role, profile or territory, such as {skill: german}")
        if self.level != 1 and self.skill is None:
            raise ValueError("only a skill has a level: add the skill, or leave the level out")
        return self


def _alone(value: object) -> object:
    """One is short for a list of one."""
    return value if isinstance(value, list | tuple) or value is None else [value]


def _in_order(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """What is a set has one canonical order."""
    return tuple(sorted(set(requirements), key=lambda each: (str(each.skill), each.level)))


Requires = Annotated[
    tuple[Requirement, ...],
    Field(max_length=REQUIRED_LIMIT),
    BeforeValidator(
        _alone,
        json_schema_input_type=Requirement | Annotated[list[Requirement], Field(max_length=REQUIRED_LIMIT)],
    ),
    AfterValidator(_in_order),
]
