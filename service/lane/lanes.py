"""Run the lanes that the consumer group gives to this process.

The group is advice, the log is the fence. What is revoked simply goes on until the next assignment says who runs what;
then lanes that are gone are stopped, new ones started, the others left alone. A lane that finds itself fenced asks the
group: still ours means claim again after a growing pause; not ours means silence until it is assigned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from service.lane.deciding import TooManyDeadLetters
from service.lane.loop import Lane
from service.lane.ownership import Tenure
from service.lane.surprise import Fenced, Halted, Surprise
from service.telemetry import METERS, LaneState
from service.wire.log_records import NewerLog

log = structlog.get_logger()

TOLERATED_ATTEMPTS: Final = 3
"""So many claims in a row may fail before the process says that it is not ready."""


@dataclass
class Running:
    """A lane of ours: how it is, how often in a row it had to be claimed again, how often it was assigned to us."""

    lane: Lane
    state: LaneState = "claiming"
    attempts: int = 0
    assignments: int = 1
    problem: str = ""
    tenure: Tenure | None = None
    task: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether somebody works on it. A task that ended and is neither silent nor halted met a bug."""
        return self.state != "halted" and self.task is not None and not self.task.done()


@dataclass
class Lanes:
    """All lanes of this process.

    `make` gives a lane with its connections; `still_ours` asks the group; `pause` waits before the given attempt.
    """

    make: Callable[[int], Awaitable[Lane]]
    still_ours: Callable[[int], Awaitable[bool]]
    pause: Callable[[int], Awaitable[None]]
    running: dict[int, Running] = field(default_factory=dict)

    async def assign(self, numbers: Iterable[int]) -> None:
        """Run exactly these lanes from now on."""
        wanted = set(numbers)
        await asyncio.gather(*(self._stop(number) for number in set(self.running) - wanted))
        for number in sorted(wanted):
            current = self.running.get(number)
            if current is None or current.task is None or (current.task.done() and current.state != "halted"):
                await self._start(number)
            else:
                current.assignments += 1

    async def stop(self) -> None:
        """Stop all lanes, each after the batch it is writing."""
        await self.assign(())

    @property
    def is_ready(self) -> bool:
        """Whether every lane given to us is owned, or has not failed often enough to worry."""
        return all(
            one.state == "silent" or (one.is_alive and one.attempts <= TOLERATED_ATTEMPTS)
            for one in self.running.values()
        )

    def positions(self) -> Mapping[int, int]:
        """The next input offset of each lane we own, for monitoring."""
        return {
            number: one.tenure.book.place.offset
            for number, one in self.running.items()
            if one.state == "owned" and one.tenure is not None
        }

    async def _start(self, number: int) -> None:
        if number in self.running:
            await self._stop(number)
        one = Running(await self.make(number))
        one.task = asyncio.create_task(self._run(number, one), name=f"lane-{number}")
        one.task.add_done_callback(lambda task: self._ended(number, one, task))
        self.running[number] = one

    async def _stop(self, number: int) -> None:
        one = self.running.pop(number)
        one.lane.leave()
        if one.task is not None:
            await asyncio.wait([one.task])
        await one.lane.transport.close()
        METERS.lane_is(number, None)
        log.info("lane.stopped", lane=number)

    async def _run(self, number: int, one: Running) -> None:
        while True:
            self._is(number, one, "claiming")
            METERS.count("claims", lane=str(number))
            try:
                await one.lane.own(lambda tenure: self._worked(number, one, tenure))
                return
            except Fenced as fenced:
                log.warning("lane.fenced", lane=number, reason=str(fenced))
                METERS.count("fenced", lane=str(number))
                if not await self._may_claim(number, one):
                    self._is(number, one, "silent")
                    return
            except Surprise as surprise:
                one.problem = str(surprise)
                log.warning("lane.surprised", lane=number, reason=one.problem)
            except (Halted, TooManyDeadLetters, NewerLog) as halted:
                one.problem = str(halted)
                self._is(number, one, "halted")
                log.error("lane.halted", lane=number, reason=one.problem, todo="see `fairlead adopt` and `restore`")
                return
            one.attempts += 1
            await self.pause(one.attempts)
            if one.lane.is_leaving:
                return

    async def _may_claim(self, number: int, one: Running) -> bool:
        """Whether the lane is ours: what was assigned while the group was asked is newer than its answer."""
        assignments = one.assignments
        return await self.still_ours(number) or one.assignments > assignments

    def _ended(self, number: int, one: Running, task: asyncio.Task[None]) -> None:
        """A lane that ended by an error nobody expected must not look as if it worked."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            one.problem = repr(error)
            self._is(number, one, "halted")
            log.error("lane.broken", lane=number, exc_info=error)

    def _worked(self, number: int, one: Running, tenure: Tenure) -> None:
        if one.state != "owned":
            self._is(number, one, "owned")
        one.attempts, one.problem, one.tenure = 0, "", tenure

    def _is(self, number: int, one: Running, state: LaneState) -> None:
        one.state = state
        METERS.lane_is(number, state)
