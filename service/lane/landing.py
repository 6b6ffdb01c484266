"""What becomes of a batch that is true: the memory takes its changes, and the world hears its outputs, side by side.

It lands while the next one is prepared. Who waits for it may wait for the memory alone: what is loaded is to be newer,
what was told of need not be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from service.kafka.port import Transport
from service.lane.making import Made
from service.lane.measuring import measured
from service.lane.ownership import Tenure, expect_ok
from service.lane.surroundings import Surroundings
from service.store.port import Store
from service.telemetry.metrics import METERS


@dataclass
class Landing:
    """The last batch of a lane, while it lands."""

    transport: Transport
    store: Store
    around: Surroundings
    _tasks: tuple[asyncio.Task[None], ...] = ()

    def begin(self, tenure: Tenure, before: int, made: Made, arrived_ms: int | None) -> None:
        """Let the batch at the tenure's head land; the memory is at revision `before`. The one before it has landed.

        Its outputs go first, somebody waits for them. `arrived_ms`: when its first event arrived in the lane.
        """
        told = asyncio.create_task(self._publish(made, arrived_ms))
        self._tasks = (asyncio.create_task(self._advance(tenure, before, made)), told)

    async def remembered(self) -> None:
        """Wait until the memory has it. Raises what went wrong with that."""
        await _all(self._tasks[:1])

    async def ended(self) -> None:
        """Wait until it is remembered and told of. Raises what went wrong with it."""
        await _all(self._tasks)
        self._tasks = ()

    async def give_up(self) -> None:
        """Let go of it: whoever claims next sees to it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = ()

    async def _advance(self, tenure: Tenure, before: int, made: Made) -> None:
        changes = tenure.layout.placed(made.batch.changes)
        with measured("advance"):
            expect_ok(await self.store.advance(tenure.lane, tenure.token, before, tenure.head, changes))
        self.around.step("advanced")

    async def _publish(self, made: Made, arrived_ms: int | None) -> None:
        with measured("publish"):
            await self.transport.publish(made.batch.outputs)
        if arrived_ms is not None:
            METERS.timing("event_to_decision_seconds", max(0, self.around.now_ms() - arrived_ms) / 1000)
        self.around.step("published")


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all, then raise what the first that failed has raised."""
    for answer in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer
