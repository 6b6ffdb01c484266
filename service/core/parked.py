"""What is remembered of a record that waits: its place in a line, and all that it said of itself."""

from __future__ import annotations

from typing import Final

from service.core.remembered import Remembered
from service.core.traits import Trait
from service.core.waiting_line import Rank

OVERDUE: Final = 1.0e300
"""Stands for the score of what has waited so long that its age beats every score."""

UNSCORED: Final = -OVERDUE
"""Stands for the score of what has none: it waits behind every score."""


class Parked(Remembered, kw_only=True):
    """A record that waits for somebody in `pool`. The first to leave has the highest score, then the lowest number.

    `queued`: the pool is a queue that owns the record; its members take, nothing is given out. `named`: an event named
    the pool, so its own condition is not asked. `kept_bytes`: so much is kept of its fields, which are not in memory
    while it waits.
    """

    pool: str
    number: int
    since_ms: int
    score: float = 0.0
    correlation_id: str = ""
    depth: int = 0
    queued: bool = False
    named: bool = False
    kept_bytes: int = 0

    @property
    def is_overdue(self) -> bool:
        """Whether it has waited so long that its score counts no more."""
        return self.score == OVERDUE

    @property
    def known_score(self) -> float | None:
        """The score that orders it; none: it has none, or its score counts no more."""
        return None if self.score in {OVERDUE, UNSCORED} else self.score

    @property
    def rank(self) -> Rank:
        """Where it stands in its line."""
        return -self.score, self.number


class Required(Remembered):
    """What the entry that gave a record to its pool asks of whoever gets it, as long as the record waits."""

    traits: tuple[Trait, ...]


class Fields(Remembered):
    """All fields of a record that waits, as JSON text. `cut` are names of those that were too much to keep."""

    text: str = ""
    cut: tuple[str, ...] = ()
