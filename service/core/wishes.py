"""How somebody wants to be told of what concerns them, besides the means: which kinds of news, when, how many of them
at a time, and in which language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from service.core.calendar import WorkCalendar


@dataclass(frozen=True, slots=True)
class Digesting:
    """Of what comes within a time, one by one only so many (`alone`); the rest is one summary when the time is over."""

    alone: int
    within_ms: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """`by_kind` are the means for kinds of news that have their own; none: not at all. `quiet`: a calendar of the hours
    in which they are not told; none: there are none. `language` is a tag such as `fr-CA`; empty: the division's.
    """

    by_kind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quiet: WorkCalendar | None = None
    digest: Digesting | None = None
    language: str = ""

    @property
    def holds_back(self) -> bool:
        """Whether anything may be told later than it happens."""
        return self.quiet is not None or self.digest is not None


NO_WISHES: Final = Wishes()
