"""The ways in which owning a lane ends.

A decision's outcome is a value; these are not outcomes. They unwind whatever the owner was doing, and the loop answers
them in one place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final, Literal, TypeVar

T = TypeVar("T")

HaltCause = Literal["two_lives", "log_cut", "input_lost", "indivisible", "raises", "newer_log"]
"""Why a lane stands still until a person acts."""

REMEDIES: Final[Mapping[HaltCause, str]] = {
    "two_lives": "choose which is right: where Redis came back older or is another deployment's, `fairlead adopt "
    "LANE`; where Kafka lost the log, `fairlead restore LANE`; then start the process again",
    "log_cut": "records of the log are gone, so it cannot be adopted: run `fairlead restore LANE`, where Redis has "
    "lost the lane's memory, too, after putting back a backup of Redis; then start the process again",
    "input_lost": "stop all processes, run `fairlead sources reset`, and start them again: the sources are read from "
    "their beginning, and each lane reads a topic that was made anew from its beginning. A lane that halts again for "
    "it needs `fairlead restore LANE`, too",
    "indivisible": "this is a bug: please report it. The lane goes on with a release that has it mended; log and "
    "memory are as they should be",
    "raises": "see the traces with `fairlead deadletters show`, mend what raised (a configuration: `fairlead config "
    "rollback`), then start the process again; `fairlead deadletters redrive` has the events decided after all",
    "newer_log": "a newer release has worked on the lane: let it own the lane again",
}
"""What a person does about each, so that the lane works again."""


class Surprise(Exception):
    """Something is not where it should be, or it is not known whether a write arrived: claim the lane again."""


class Fenced(Exception):
    """Somebody has claimed the lane after us: stop, publish nothing."""


class Halted(Exception):
    """The lane cannot go on by itself; `cause` has its remedy."""

    def __init__(self, cause: HaltCause, why: str) -> None:
        super().__init__(why)
        self.cause: HaltCause = cause

    @property
    def todo(self) -> str:
        """What a person does about it."""
        return REMEDIES[self.cause]


class Left(Exception):
    """The owner was told to leave while it took over, or waited for configurations: there is no batch to finish."""


class Leaving:
    """Whether the owner was told to leave. A lane at rest waits for that at every round: all its waits share a future,
    for a task each would be much of what an idle process does.
    """

    def __init__(self) -> None:
        self.is_told = False
        self._waited_for: asyncio.Future[None] | None = None

    def tell(self) -> None:
        """Once or more often."""
        self.is_told = True
        if self._waited_for is not None and not self._waited_for.done():
            self._waited_for.set_result(None)

    @property
    def told(self) -> asyncio.Future[None]:
        """Done when it was told."""
        if self._waited_for is None:
            self._waited_for = asyncio.get_running_loop().create_future()
            if self.is_told:
                self._waited_for.set_result(None)
        return self._waited_for


async def unless_left(leaving: Leaving, work: Awaitable[T]) -> T:
    """What comes of it, which may be never: leaving ends the wait. Raises `Left`."""
    asked = asyncio.ensure_future(work)
    either: tuple[asyncio.Future[Any], ...] = (asked, leaving.told)
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise Left
        return asked.result()
    finally:
        asked.cancel()


async def until_left(leaving: Leaving, work: Awaitable[T], otherwise: T) -> T:
    """What comes of it; leaving ends the wait, and then it is something else."""
    try:
        return await unless_left(leaving, work)
    except Left:
        return otherwise
