"""What differs between two documents, key by key, so that a person sees what a version changed.

Lists of things that have a name (members, entries) are compared by it, so that one more at the top is one difference;
of the others each place is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

NAMING_KEYS: Final = ("id", "user", "name")
"""Which key names a thing in a list: the first that all of them have."""


class Absent(Enum):
    """There is nothing on this side."""

    ABSENT = auto()


ABSENT: Final = Absent.ABSENT


class Difference(NamedTuple):
    """One key whose value differs. `path` is written as people write it: `pools.sales.members[ann].weight`."""

    path: str
    before: object
    after: object


def differences(before: object, after: object, path: str = "") -> Iterator[Difference]:
    """All differences of two JSON values, in the order of the second, with what only the first has behind."""
    match before, after:
        case dict(), dict():
            for key in [*after, *(key for key in before if key not in after)]:
                inner = f"{path}.{key}" if path else key
                yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), inner)
        case list(), list():
            yield from _of_lists(before, after, path)
        case _ if type(before) is not type(after) or before != after:
            yield Difference(path, before, after)


def _of_lists(before: Sequence[object], after: Sequence[object], path: str) -> Iterator[Difference]:
    names = _names(before, after)
    if names is None:
        old: Mapping[str, object] = dict(zip(map(str, range(1, len(before) + 1)), before, strict=True))
        new: Mapping[str, object] = dict(zip(map(str, range(1, len(after) + 1)), after, strict=True))
    else:
        old, new = dict(zip(names[0], before, strict=True)), dict(zip(names[1], after, strict=True))
        common = [[name for name in side if name in old and name in new] for side in (old, new)]
        if common[0] != common[1]:
            yield Difference(f"{path} (order)", list(old), list(new))
    for name in [*new, *(name for name in old if name not in new)]:
        yield from differences(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}[{name}]")


def _names(before: Sequence[object], after: Sequence[object]) -> tuple[list[str], list[str]] | None:
    """What the things of both lists are called; none where some have no name, or two have the same."""
    for key in (*NAMING_KEYS, None):
        old, new = _called(before, key), _called(after, key)
        if old is not None and new is not None:
            return old, new
    return None


def _called(things: Sequence[object], key: str | None) -> list[str] | None:
    """The names of the things by this key, or, without one, the things themselves where they are texts."""
    if key is None:
        names = [each for each in things if isinstance(each, str)]
    else:
        names = [str(each[key]) for each in things if isinstance(each, dict) and key in each]
    return names if len(set(names)) == len(things) else None
