"""Every task that is to work for as long as the process does is started here.

A task whose end nobody looks at fails in silence, and what it did is simply not done any more. Here an end that should
not have been is logged with its stack, counted and shown in readiness, and the work begins again after a growing pause:
whatever runs here may be begun again at any moment. It is the one place of the program that catches everything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from service.nouns import counted
from service.telemetry.metrics import METERS
from service.telemetry.troubles import Trouble

log = structlog.get_logger()

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 30.0
"""What was begun again and has worked for so long is well."""

Work = Callable[[], Coroutine[Any, Any, None]]


async def growing_pause(times: int) -> None:
    """Wait longer with each time in a row that it failed, at most half a minute."""
    await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (times - 1)))


@dataclass
class Fall:
    """An end that should not have been: why, how often in a row, and since when (if at all) it works again."""

    reason: str
    times: int
    again_since: float | None = None


@dataclass
class Supervisor:
    """The tasks of a process by name. `clock` counts seconds, `pause` waits after so many failures in a row."""

    clock: Callable[[], float] = time.monotonic
    pause: Callable[[int], Awaitable[None]] = growing_pause
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _falls: dict[str, Fall] = field(default_factory=dict)

    def start(self, name: str, work: Work, *, may_end: bool = False) -> asyncio.Task[None]:
        """Do this work, again and again where it fails. Work that may end is done when it returns."""
        task = asyncio.create_task(self._see_through(name, work, may_end=may_end), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Cancel whatever still works, and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def troubles(self) -> Iterator[Trouble]:
        """What has failed and is not well again yet."""
        now = self.clock()
        for name, fall in list(self._falls.items()):
            if fall.again_since is not None and now - fall.again_since >= STEADY_SECONDS:
                del self._falls[name]
                continue
            yield Trouble(
                "task_failed",
                name,
                f"{name} has failed with {fall.reason}, {counted(fall.times, 'time')} in a row",
                "it is begun again by itself; its stack is in the log (task.failed): please report it",
            )

    async def _see_through(self, name: str, work: Work, *, may_end: bool) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  # whatever it is, it must be told and the work must go on
                self._fell(name, type(error).__name__, error)
            else:
                if may_end:
                    self._falls.pop(name, None)
                    return
                self._fell(name, "an end that nobody asked for", None)
            fall = self._falls[name]
            await self.pause(fall.times)
            fall.again_since = self.clock()

    def _fell(self, name: str, reason: str, error: Exception | None) -> None:
        before = self._falls.get(name)
        is_well = before is None or (
            before.again_since is not None and self.clock() - before.again_since >= STEADY_SECONDS
        )
        times = 1 if is_well or before is None else before.times + 1
        self._falls[name] = Fall(reason, times)
        METERS.count("task_failures")
        log.error("task.failed", task=name, reason=reason, times=times, exc_info=error)
