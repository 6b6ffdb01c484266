"""The ways in which owning a lane ends.

A decision's outcome is a value; these are not outcomes. They unwind whatever the owner was doing, and the loop answers
them in one place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


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
    """The owner was told to leave while it took over, or waited for configurations: there is no batch to finish."""


async def unless_left(leaving: asyncio.Event, work: Awaitable[T]) -> T:
    """What comes of it, which may be never: leaving ends the wait. Raises `Left`."""
    asked = asyncio.ensure_future(work)
    told = asyncio.create_task(leaving.wait())
    try:
        await asyncio.wait({asked, told}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise Left
        return asked.result()
    finally:
        asked.cancel()
        told.cancel()
