"""How newcomers enter a pool, and who of it is ranked where, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Ceiling(NamedTuple):
    """At most so many of so many turns in a row."""

    at_most: int
    of: int


class EntryPolicy(NamedTuple):
    """How newcomers enter a pool: at the end of the ring, or they catch up, at most as fast as the ceiling allows."""

    catches_up: bool = False
    ceiling: Ceiling | None = None


def ranks(priorities: Mapping[str, float | None]) -> Mapping[str, int]:
    """By person, how many priorities come before theirs; who has none is behind all."""
    known = sorted({priority for priority in priorities.values() if priority is not None})
    places = {priority: place for place, priority in enumerate(known)}
    return {person: len(known) if each is None else places[each] for person, each in priorities.items()}
