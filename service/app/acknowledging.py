"""Commit how far the sources are sent, beside the reading: a commit is a round trip that no event has to wait for.

One commit is under way at a time, and the next takes the newest marks of all that was sent meanwhile. A commit that is
late or never comes costs reading again, and lanes drop what they took: nothing is retried for its own sake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiokafka import TopicPartition

log = structlog.get_logger(__name__)

Marks = Mapping[TopicPartition, int]
"""The next offset to read of each partition."""

PAUSE_SECONDS: Final = 0.05
"""Between two commits: this much more is read again after a crash."""


@dataclass(eq=False)
class Acknowledging:
    """`commit` makes marks of an assignment known; `done` is told after each one."""

    commit: Callable[[int, Marks], Awaitable[None]]
    done: Callable[[], None]
    _assignment: int = 0
    _marks: dict[TopicPartition, int] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def sent(self, assignment: int, marks: Marks) -> None:
        """All before these marks is sent. What was sent under an earlier assignment is not ours to commit any more."""
        if assignment != self._assignment:
            self._assignment, self._marks = assignment, {}
        self._marks |= marks
        if self._task is None:
            self._task = asyncio.create_task(self._commit_newest())

    async def ended(self) -> None:
        """Wait until what was sent is committed, or was tried."""
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        self._hurry.clear()

    async def _commit_newest(self) -> None:
        try:
            while self._marks:
                marks, self._marks = self._marks, {}
                (error,) = await asyncio.gather(self.commit(self._assignment, marks), return_exceptions=True)
                if error is not None:
                    log.error("commit.failed", error=repr(error), why="what is read again the lanes drop")
                self.done()
                await self._rest()
        finally:
            self._task = None

    async def _rest(self) -> None:
        """A pause, unless somebody waits for the end."""
        try:
            async with asyncio.timeout(PAUSE_SECONDS):
                await self._hurry.wait()
        except TimeoutError:
            return
