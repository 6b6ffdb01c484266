"""Run the lanes that the consumer group gives to this process.

The group is advice, the log is the fence. What is revoked simply goes on until the next assignment says who runs what;
then lanes that are gone are stopped, new ones started, the others left alone. A lane that finds itself fenced asks the
group: still ours means claim again after a growing pause; not ours means silence until it is assigned. The first
surprise in a while is answered at once, those that follow it after growing pauses.

Assigning never waits for a lane's work, because the whole group waits for whoever is slow with it. A lane that is told
to leave ends beside everything else, and its number is taken up again only after that end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from service.lane.book import SourceMark
from service.lane.loop import Lane
from service.lane.ownership import Tenure
from service.lane.surprise import REMEDIES, Fenced, Halted, Surprise
from service.supervision import Supervisor
from service.telemetry.metrics import METERS, LaneState
from service.wire.log_records import NewerLog

log = structlog.get_logger()

CALM_SECONDS: Final = 10.0
"""Who was answered at once is not again for so long: a memory that is lost with every batch must not fill the log with
claims.
"""


@dataclass
class Running:
    """A lane of ours: how it is, how often in a row it had to be claimed again, how often it was assigned to us.

    `hurried`: when a surprise was last answered at once, by the event loop's clock.
    `rounds` counts those that it has finished: one that works finishes some every second, also while nothing comes in.
    """

    lane: Lane
    state: LaneState = "claiming"
    attempts: int = 0
    hurried: float = -CALM_SECONDS
    assignments: int = 1
    rounds: int = 0
    problem: str = ""
    todo: str = ""
    tenure: Tenure | None = None
    task: asyncio.Task[None] | None = None


@dataclass
class Lanes:
    """All lanes of this process.

    `make` gives a lane with its connections; `still_ours` asks the group; `pause` waits before the given attempt.
    """

    make: Callable[[int], Lane]
    still_ours: Callable[[int], Awaitable[bool]]
    pause: Callable[[int], Awaitable[None]]
    supervisor: Supervisor = field(default_factory=Supervisor)
    running: dict[int, Running] = field(default_factory=dict)
    _ending: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def assign(self, numbers: Iterable[int]) -> None:
        """Run exactly these lanes from now on. What is gone finishes what it is writing, beside everything else."""
        wanted = set(numbers)
        for number in set(self.running) - wanted:
            self._leave(number)
        for number in sorted(wanted):
            current = self.running.get(number)
            if current is not None and not _is_over(current):
                current.assignments += 1
                continue
            if current is not None:
                self._leave(number)
            self._start(number)

    async def stop(self) -> None:
        """Stop all lanes, each after the batch it is writing, and wait for that."""
        self.assign(())
        while self._ending:
            await asyncio.wait(self._ending.values())

    def positions(self) -> Mapping[int, int]:
        """The next input offset of each lane we own, for monitoring."""
        return {
            number: one.tenure.book.place.offset
            for number, one in self.running.items()
            if one.state == "owned" and one.tenure is not None
        }

    def marks(self) -> Mapping[tuple[str, int], SourceMark]:
        """The highest position that any lane we own has taken of each source partition."""
        highest: dict[tuple[str, int], SourceMark] = {}
        for one in self.running.values():
            for source, mark in one.tenure.book.marks.items() if one.tenure is not None else ():
                highest[source] = max(mark, highest.get(source, mark))
        return highest

    def _start(self, number: int) -> None:
        one = self.running[number] = Running(self.make(number))
        before = self._ending.get(number)
        one.task = self.supervisor.start(f"lane-{number}", lambda: self._live(number, one, before), may_end=True)

    def _leave(self, number: int) -> None:
        one = self.running.pop(number)
        METERS.lane_is(number, None)
        one.lane.leave()
        if one.task is not None:
            self._ending[number] = one.task
            one.task.add_done_callback(lambda task: self._ended(number, task))

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        log.info("lane.stopped", lane=number)
        if self._ending.get(number) is task:
            del self._ending[number]

    async def _live(self, number: int, one: Running, before: asyncio.Task[None] | None) -> None:
        """The life of a lane here: after the end of the one that had its number, until it ends, too.

        Whatever bug it meets is for the supervisor, who lets it claim again.
        """
        if before is not None:
            await asyncio.wait([before])
        self._is(number, one, "claiming")
        try:
            await self._run(number, one)
        finally:
            await one.lane.transport.close()

    async def _run(self, number: int, one: Running) -> None:
        while not one.lane.is_leaving:
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
                now = asyncio.get_running_loop().time()
                if not one.attempts and now - one.hurried >= CALM_SECONDS:  # somebody waits for it, and it was calm
                    one.attempts, one.hurried = 1, now
                    continue
            except (Halted, NewerLog) as halted:
                one.problem = str(halted)
                one.todo = halted.todo if isinstance(halted, Halted) else REMEDIES["newer_log"]
                self._is(number, one, "halted")
                log.error("lane.halted", lane=number, reason=one.problem, todo=one.todo)
                return
            one.attempts += 1
            await self.pause(one.attempts)

    async def _may_claim(self, number: int, one: Running) -> bool:
        """Whether the lane is ours: what was assigned while the group was asked is newer than its answer."""
        if one.lane.is_leaving:
            return False
        assignments = one.assignments
        return await self.still_ours(number) or one.assignments > assignments

    def _worked(self, number: int, one: Running, tenure: Tenure) -> None:
        if one.state != "owned":
            self._is(number, one, "owned")
        one.attempts, one.problem, one.tenure = 0, "", tenure
        one.rounds += 1

    def _is(self, number: int, one: Running, state: LaneState) -> None:
        one.state = state
        if self.running.get(number) is one:
            METERS.lane_is(number, state)


def _is_over(one: Running) -> bool:
    """Whether it does nothing any more until it is assigned. A silent lane may still be letting go of connections; one
    that has halted stays so.
    """
    return one.state != "halted" and (one.state == "silent" or one.task is None or one.task.done())
