"""The ways in which owning a lane ends.

A decision's outcome is a value; these are not outcomes. They unwind whatever the owner was doing, and the loop answers
them in one place.
"""

from __future__ import annotations


class Surprise(Exception):
    """Something is not where it should be, or it is not known whether a write arrived: claim the lane again."""


class Fenced(Exception):
    """Somebody has claimed the lane after us: stop, publish nothing."""


class Halted(Exception):
    """Log, memory or input contradict each other: one is of another life, and a person must choose.

    `todo` says what to do, where it is anything else than choosing between log and memory.
    """

    def __init__(self, why: str, todo: str = "") -> None:
        super().__init__(why)
        self.todo = todo


class Left(Exception):
    """The owner was told to leave while it was still taking over: there is no batch to finish."""
