"""The values of one kind as one decision sees them: what was, and on top of it what the decision has changed so far.

Apart from the draft and the state that have them, because it runs for every event and is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from service.core.remembered import Remembered

K = TypeVar("K")
V = TypeVar("V", bound=Remembered)


class Overlay(Generic[V]):
    """Fields of one kind: those of the state, unless changed here.

    `own` is what this decision made, edited or dropped (none) so far. `begin` makes the first value of a field; none:
    what the kind remembers cannot begin by being edited.
    """

    __slots__ = ("_begin", "_below", "own")

    def __init__(self, below: dict[str, V], begin: Callable[[], V] | None = None) -> None:
        self._below = below
        self._begin = begin
        self.own: dict[str, V | None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of any field, or was changed."""
        return not self._below and not self.own

    @property
    def at_most(self) -> int:
        """No more fields than so many have a value."""
        return len(self._below) + len(self.own)

    def get(self, field: str) -> V | None:
        """The field's value, to be read only; none: there is none."""
        if self.own and field in self.own:
            return self.own[field]
        return self._below.get(field)

    def get_all(self, fields: Sequence[str]) -> list[V | None]:
        """What `get` gives for each of the fields."""
        if self.own:
            return [self.get(field) for field in fields]
        below = self._below
        return [below.get(field) for field in fields]

    def edit(self, field: str) -> V:
        """The decision's own copy of the field's value, to be changed in place.

        Where there is none it is begun. Raises KeyError where its kind cannot begin like that.
        """
        own = self.own.get(field)
        if own is not None:
            return own
        known = None if self.own and field in self.own else self._below.get(field)
        if known is not None:
            own = replace(known)
        elif self._begin is not None:
            own = self._begin()
        else:
            raise KeyError(field)
        self.own[field] = own
        return own

    def put(self, field: str, value: V) -> None:
        """Make this, which nobody else holds, the field's value."""
        self.own[field] = value

    def drop(self, field: str) -> None:
        """The field has no value from now on."""
        self.own[field] = None

    def items(self) -> Iterator[tuple[str, V]]:
        """All fields with a value; the order is not defined."""
        for field, value in self._below.items():
            if field not in self.own:
                yield field, value
        for field, own in self.own.items():
            if own is not None:
                yield field, own

    def changes(self) -> dict[str, V | None]:
        """The final values of the fields that differ from the state; none: gone."""
        below = self._below
        return {field: own for field, own in self.own.items() if own != below.get(field)}

    def take(self) -> dict[str, V | None]:
        """What `changes` says, and from now on nothing is changed here."""
        found = self.changes()
        self.own = {}
        return found


def take_all(laid: Sequence[tuple[int, K, Overlay[Any]]]) -> dict[K, dict[str, Any]]:
    """By kind what `take` says of each overlay that has changed anything, in their order."""
    found: dict[K, dict[str, Any]] = {}
    for _, kind, overlay in laid:
        if overlay.own:
            changes = overlay.take()
            if changes:
                found[kind] = changes
    return found


def put_in_place(
    changes: Mapping[K, Mapping[str, Any]],
    values: dict[K, dict[str, Any]],
    follow: dict[K, Callable[[Mapping[str, Any]], None]],
) -> None:
    """Make each final value the value of its field, by kind; none: gone. Who follows a kind hears of it before."""
    for kind, fields in changes.items():
        heed = follow.get(kind)
        if heed is not None:
            heed(fields)
        known = values[kind]
        for field, value in fields.items():
            if value is None:
                known.pop(field, None)
            else:
                known[field] = value
