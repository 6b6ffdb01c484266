"""What people are and can do, as records and pools ask for it: skills with levels, role, profile, territory.

A trait that is asked for is named, or stands in a field of the record: a lead whose language is German asks for German,
one whose language nobody knows asks for none, and one with a list of languages for all of them. Names are compared as
text in criteria is (D41): without white space at their ends, in one Unicode form, whatever the letter case.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from service.language.tree import Facts

TraitKind = Literal["skill", "role", "profile", "territory"]
Traits = Mapping[tuple[TraitKind, str], int]
"""What somebody has, by kind and folded name, each with its level."""

NO_TRAITS: Final[Traits] = {}


class Trait(Struct, array_like=True, frozen=True, gc=False):
    """A trait that is asked for, at a level or above it. Where `path` is not empty, the record says its name."""

    kind: TraitKind
    name: str = ""
    path: str = ""
    level: int = 1


Wanted = tuple[TraitKind, str, int]
"""A trait as one record asks for it: kind, folded name, level."""


def wanted(traits: Sequence[Trait], facts: Facts) -> tuple[Wanted, ...]:
    """What these ask for of a record with these facts."""
    return tuple((each.kind, name, each.level) for each in traits for name in _names(each, facts))


def has_all(traits: Traits, asked: Iterable[Wanted]) -> bool:
    """Whether somebody has all that is asked for."""
    return all(traits.get((kind, name), 0) >= level for kind, name, level in asked)


def folded(name: str) -> str:
    """What makes two names of a trait one."""
    return unicodedata.normalize("NFC", name.strip().casefold())


def _names(trait: Trait, facts: Facts) -> Iterator[str]:
    if not trait.path:
        yield folded(trait.name)
        return
    value = _at(trait.path, facts)
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str | int | float) and not isinstance(each, bool) and (name := folded(str(each))):
            yield name


def _at(path: str, facts: Facts) -> object:
    """What stands at a dotted path, which is a field's whole name or leads through linked records."""
    if path in facts:
        return facts[path]
    step, _, rest = path.partition(".")
    inside = facts.get(step)
    return _at(rest, inside) if rest and isinstance(inside, Mapping) else None
