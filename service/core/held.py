"""What is remembered of news that people are told later: after their quiet hours, or in one summary.

What is held back for somebody stands in a line of its own, one value for each piece of news, so that a night costs no
more than what came in it. Both go when they are told, at the latest with the end of the person's quiet hours and of
the summary's time (see `telling.timing`).
"""

from __future__ import annotations

from typing import Final

from service.core.remembered import Remembered

HELD_LIMIT: Final = 50
"""So many pieces of news are held back for one person; what comes on top is told in one summary of its kind."""
NAMED_LIMIT: Final = 10
"""So many records a summary names, the first ones; it counts all."""


class Hush(Remembered):
    """What is held back for a person: the numbers from `first` up to `next` of their line."""

    first: int = 0
    next: int = 0


class HeldBack(Remembered):
    """One piece of news: its kind, the record and decision that it is about, why it came so, and in which pool, and the
    chain of events that it belongs to.
    """

    kind: str
    record: str
    decision: str
    why: str = ""
    pool: str = ""
    correlation_id: str = ""
    depth: int = 0


class Digest(Remembered):
    """What a person hears of one kind of news in a time that began at `since_ms`: how many pieces they were told of
    one by one (`told`), how many are in the summary, and the first of their records.
    """

    since_ms: int = 0
    told: int = 0
    summed: int = 0
    records: tuple[str, ...] = ()
