"""What a finding about a document is, and the names that a document declares."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from service.config.ids import REMEDY, spelled_alike
from service.config.nodes import Steps
from service.language.nearest import nearest

Refusal = Literal["", "not_in_product", "over_the_number"]
"""Why something may not be there although nothing is wrong with it: your product plan has none, or not so many (S1)."""


class Declared(NamedTuple):
    """The names that were declared, by section, also those whose details could not be read. A field is declared as
    `deal.budget`; where no field of a type could be read, the type alone is.
    """

    users: Collection[str]
    pools: Collection[str]
    plans: Collection[str] = ()
    tools: Collection[str] = ()
    offers: Collection[str] = ()
    processes: Collection[str] = ()
    calendars: Collection[str] = ()
    fields: Collection[str] = ()


class Finding(NamedTuple):
    """A mistake at a path of the document.

    `character`: where in the text at that path, from 1; 0: the whole of it. `is_undeclared`: a name leads nowhere,
    which means little as long as some file cannot be read. `is_missing`: something is not said there, which means
    little where part of what is said cannot be read. `refusal`: it is no mistake, and not allowed.
    """

    path: Steps
    message: str
    character: int = 0
    is_undeclared: bool = False
    refusal: Refusal = ""
    is_missing: bool = False


def undeclared(path: Steps, name: str, declared: Collection[str], section: str = "users") -> Finding:
    """A name that leads nowhere, with what is probably meant."""
    alike = spelled_alike(declared).get(name.casefold())
    near = nearest(name, declared)
    hint = f'did you mean "{near}"?' if near else f'add it under "{section}"'
    if alike and section == "users":
        hint = f'"{alike}" differs only in letter case: {REMEDY}'
    return Finding(path, f'"{name}" is not declared under "{section}"; {hint}', is_undeclared=True)
