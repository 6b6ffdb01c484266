"""Which fields a configuration declares for a type of record, and whether a path leads to one of them."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.config import FieldType

Declared = Mapping[str, FieldType | None]


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
