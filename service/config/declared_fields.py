"""Which fields a configuration declares for a type of record, and whether a path leads to one of them."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.config import Document, FieldType

Declared = Mapping[str, FieldType | None]


def fields_of(document: Document, record_type: str) -> Declared | None:
    """The fields of a type of record, as they are listed; none: there is no list, and any may be."""
    return next((each for name, each in document.fields.items() if name == record_type), None)


def is_declared(name: str, declared: Declared) -> bool:
    """Whether it is in the list, leads through a link of which no more is said, or is itself such a link."""
    if name in declared or any(each.startswith(f"{name}.") for each in declared):
        return True
    above = name
    while "." in above:
        above = above.rpartition(".")[0]
        if above in declared and not any(each.startswith(f"{above}.") for each in declared):
            return declared[above] in (None, "link", "list")
    return False
