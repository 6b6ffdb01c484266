"""The values that stand in configuration documents: names, conditions as written, and their short forms.

A short form is read where it cannot be misread, and becomes the long one before anything looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from schemas.spans import span_meant

RecordType = Literal["lead", "contact", "deal"]

NAMES_LIMIT: Final = 50
TEXT_LIMIT: Final = 50_000
SPELT_ALIKE: Final = 0.75
"""As a share of letters: a word of a closed list that is spelt less alike than this is not taken for the one meant."""

_OFFSET: Final = re.compile(r"(?:UTC|GMT|Z)? ?[+\-\u2212] ?\d.*", re.IGNORECASE)
"""The zones of such names count the other way round: `Etc/GMT+2` is two hours behind, and never what is meant."""
_SPAN: Final = re.compile(r"[1-9][0-9]{0,4}[dhm]")


AS_WRITTEN: Final = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
"""How every part of a document is read: unknown keys are errors."""


def named(value: object) -> object:
    """A list of names is short for a mapping without details. Raises `ValueError` where the list has anything else."""
    return {str(name): {} for name in _names(value, str | int)} if isinstance(value, list) else value


def detailed(value: object) -> object:
    """Nothing behind a name is short for no details."""
    return {} if value is None else value


def untyped(value: object) -> object:
    """A list of names is short for a mapping that leaves their types open. Raises `ValueError` as `named` does."""
    return dict.fromkeys(_names(value, str)) if isinstance(value, list) else value


def _names(values: list[Any], kinds: type | UnionType) -> list[Any]:
    others = [at for at, value in enumerate(values, start=1) if isinstance(value, bool) or not isinstance(value, kinds)]
    if others:
        raise ValueError(f"item {others[0]} of the list is no name: list names alone, or write what is behind each")
    return values


def typed(value: object) -> object:
    """A CRM's word for a type of field that there is."""
    return "boolean" if value == "checkbox" else value


def member(value: object) -> object:
    """A name is short for a member without details."""
    return {"user": value} if isinstance(value, str | int) and not isinstance(value, bool) else value


def entering(value: object) -> object:
    """A word is short for a way of entering without details."""
    words: dict[object, object] = {"end_of_ring": {}, "catch_up": {"catch_up": {}}}
    if value is None or isinstance(value, Mapping):
        return value
    if not isinstance(value, str) or value not in words:
        raise ValueError("newcomers enter by end_of_ring, catch_up, or {catch_up: {at_most: 1, of: 2}}")
    return words[value]


def _number(value: object) -> object:
    """A text that is a number is one: `"10"` comes behind 9."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("a priority is a number, such as 1 or 2.5") from None


def several(value: object) -> object:
    """A name is short for a list with nothing else."""
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def in_order(values: tuple[str, ...]) -> tuple[str, ...]:
    """What is a set has one canonical order."""
    return tuple(sorted(set(values)))


def written(value: object) -> object:
    """A number is the text it is written as: the logic of one criterion is often just `1`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _domain(value: object) -> object:
    """A domain is text, or the lists themselves; what it says is for the reader of domains to judge."""
    match value:
        case str() if len(value) > TEXT_LIMIT:
            raise ValueError(f"a domain has at most {TEXT_LIMIT} characters: split it over entries")
        case str() | list():
            return value
        case _:
            raise ValueError("a domain is a list of terms, such as [[country_id, in, [US, CA]]], or the same as text")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def meant_by(word: str, words: Iterable[str]) -> str | None:
    """The word of a closed list that is probably meant; none: none is spelt so much alike."""
    return next(iter(get_close_matches(word, words, n=1, cutoff=SPELT_ALIKE)), None)


def _zone(value: str) -> str:
    if _OFFSET.fullmatch(value.strip()):
        raise ValueError(
            "this is no time zone: an offset does not know when clocks are changed, write one of the IANA names, such "
            "as Europe/Berlin"
        )
    if value not in _zones():
        near = meant_by(value.strip().casefold().replace(" ", "_"), _spelled())
        hint = f'did you mean "{_spelled()[near]}"?' if near else "write one of the IANA names, such as Europe/Berlin"
        raise ValueError(f"this is no time zone: {hint}")
    return value


@cache
def _spelled() -> Mapping[str, str]:
    """Zones as people write them, in small letters: in full, or by the city alone, of several the first."""
    names = sorted(_zones(), reverse=True)
    return {name.rpartition("/")[2].casefold(): name for name in names} | {name.casefold(): name for name in names}


def _span(value: object) -> object:
    if not (isinstance(value, str) and _SPAN.fullmatch(value)):
        form = "a time span is a whole number from 1 to 99999 with d, h or m behind it: 90d, 12h, 30m"
        raise ValueError(f"{form}{span_meant(value, 'dhm')}")
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
    Field(max_length=NAMES_LIMIT),
    BeforeValidator(several, json_schema_input_type=Id | Annotated[list[Id], Field(max_length=NAMES_LIMIT)]),
    AfterValidator(in_order),
]
Link = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^.]+(\.[^.]+){0,4}$")]
FieldPath = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LIMIT)]


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Span = Annotated[str, StringConstraints(max_length=10), BeforeValidator(_span)]


LEAST_WEIGHT: Final = 0.001
GREATEST_WEIGHT: Final = 1_000
"""A member's turns are counted in whole steps of 1 / weight. Within these bounds a step is neither nothing nor so long
that the sum of a thousand million of them outgrows the whole numbers of JSON."""

Weight = Annotated[
    float,
    Field(ge=LEAST_WEIGHT, le=GREATEST_WEIGHT, strict=True, description="2 gets twice as much as 1."),
]

Priority = Annotated[
    float | None,
    Field(
        ge=-1_000_000_000,
        le=1_000_000_000,
        strict=True,
        description="Where the strategy is `ranked`: the lowest number is first, who has none is last.",
    ),
    BeforeValidator(_number, json_schema_input_type=float | str | None),
]
