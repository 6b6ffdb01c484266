"""Commit how far the sources are sent, beside the reading: a commit is a round trip that no event has to wait for.

One commit is under way at a time, and the next takes the newest marks of all that was sent meanwhile. A commit that is
late or never comes costs reading again, and lanes drop what they took: nothing is retried for its own sake. A broker
that refuses one after the other is told of all the same, for whoever reads next reads all since then again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition

log = structlog.get_logger(__name__)

Marks = Mapping[TopicPartition, int]
"""The next offset to read of each partition."""

COMMIT_SECONDS: Final = 5.0
"""A commit may wait for ever for a coordinator that is gone. What was not acknowledged is read again, and dropped."""
PAUSE_SECONDS: Final = 0.2
"""Between two commits: this much more is read again after a crash."""


class Refusals(NamedTuple):
    """So many commits in a row were refused, and why the last one."""

    times: int = 0
    why: str = ""


NO_REFUSALS: Final = Refusals()


@dataclass(eq=False)
class Acknowledging:
    """`commit` makes marks of an assignment known, and says why they were refused, else nothing; `done` is told after
    each one.
    """

    commit: Callable[[int, Marks], Awaitable[str]]
    done: Callable[[], None]
    refusals: Refusals = NO_REFUSALS
    _assignment: int = 0
    _marks: dict[TopicPartition, int] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def sent(self, assignment: int, marks: Marks) -> None:
        """All before these marks is sent. What was sent under an earlier assignment is not ours to commit any more."""
        if assignment != self._assignment:
            self._assignment, self._marks, self.refusals = assignment, {}, NO_REFUSALS
        self._marks |= marks
        if self._task is None:
            self._task = asyncio.create_task(self._commit_newest())

    async def ended(self) -> None:
        """Wait until what was sent is committed, or was tried, and no longer than one commit may take."""
        self._hurry.set()
        try:
            if self._task is not None:
                await asyncio.wait([self._task], timeout=COMMIT_SECONDS)
        finally:
            self._hurry.clear()

    async def _commit_newest(self) -> None:
        try:
            while self._marks:
                marks, self._marks = self._marks, {}
                assignment = self._assignment
                (told,) = await asyncio.gather(self.commit(assignment, marks), return_exceptions=True)
                if isinstance(told, BaseException):
                    log.error("commit.failed", error=repr(told), why="what is read again the lanes drop")
                    told = repr(told)
                if assignment == self._assignment:
                    self.refusals = Refusals(self.refusals.times + 1, told) if told else NO_REFUSALS
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
