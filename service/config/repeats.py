"""Lists in which something stands twice, or nothing at all: looked for in what was written, since what is read of it
is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from service.config.findings import Finding
from service.config.nodes import Node, Steps

NOT_LOOKED_AT: Final = frozenset({"domain", "entries", "scenarios"})
"""Lists in which the same may well stand twice (the signs of a domain), or of which more is said elsewhere."""


def of_repeats(root: Node) -> Iterator[Finding]:
    """Everything of the kind in one document as it was written."""
    yield from _in(root, ())


def _in(node: Node, path: Steps) -> Iterator[Finding]:
    match node.value:
        case dict() as children:
            for key, child in children.items():
                if key == "changed" and child.value == []:
                    message = "no field is named here, so every update counts: name some, or take this out"
                    yield Finding((*path, key), message)
                if key not in NOT_LOOKED_AT:
                    yield from _in(child, (*path, key))
        case list() as items:
            yield from _in_list(items, path)
        case _:
            return


def _in_list(items: list[Node], path: Steps) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for position, item in enumerate(items):
        first = seen.setdefault(repr(item.plain()), position)
        if first != position:
            message = f"this stands here already, as number {first + 1} of the list: keep one of the two"
            yield Finding((*path, position), message)
        yield from _in(item, (*path, position))
