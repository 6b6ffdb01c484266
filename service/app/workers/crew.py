"""Several processes of the service under one parent: begun, begun anew when they end, asked, and told to leave.

Each is an ordinary process of the consumer groups, which share the work out; the parent decides nothing and knows
neither broker nor memory. It begins another in the place of a worker that ends or does not answer any more, says of all
together whether they are ready and what they count, and ends when all have left.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog
from faststream.kafka import KafkaBroker

from service.app import frame
from service.app.connections import deployment_of
from service.app.health import Health
from service.app.troubles import Observed, about_log, troubles
from service.app.workers.readiness import folded as readiness_of_all
from service.app.workers.troubles import worker_troubles
from service.app.workers.worker import LEAVE_SECONDS, Post, Worker
from service.http.routes import Readiness, routes
from service.settings import Settings
from service.supervision import Supervisor, growing_pause
from service.telemetry.folding import NOTHING_COUNTED, added, folded, read_page
from service.telemetry.metrics import METERS, metrics_page
from service.telemetry.troubles import Trouble

log = structlog.get_logger(__name__)

WATCH_SECONDS: Final = 5.0
FRESH_SECONDS: Final = 0.5
"""Workers are asked no more often than that, however often the parent is."""
PARENT: Final = "parent"
"""Whose numbers are the parent's own, in the label `worker`."""


class WorkerRefused(Exception):
    """A worker cannot start until a person has mended something; it has said what."""


class NoBroker(KafkaBroker):
    """What the application begins and ends with it: the parent has no broker of its own."""

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def stop(self, *why: object, **more: object) -> None:
        """There is nothing to disconnect."""


@dataclass
class Crew:
    """The workers of one command. Serve `application` with any ASGI server.

    `command`: the program of a worker. One that ends with `unusable` before any was ready refuses for all: `refused` is
    set then, and `refusal` says so. `was_forced`: a worker had to be ended by force when all were told to leave.
    """

    settings: Settings
    command: Callable[[Post], Sequence[str]]
    unusable: int
    pause: Callable[[int], Awaitable[None]] = growing_pause
    clock: Callable[[], float] = time.monotonic
    leave_seconds: float = LEAVE_SECONDS
    refusal: WorkerRefused | None = None
    was_forced: bool = False
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    supervisor: Supervisor = field(default_factory=Supervisor)
    _leaving: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Name the workers as no others are named: two members of one name put each other out, again and again."""
        alike = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self.workers = [
            Worker(number, f"{alike}-{number}", self.command, self.clock)
            for number in range(1, self.settings.workers + 1)
        ]
        self.health = Health([self.supervisor.troubles, self._troubles, about_log])
        self._lives: list[asyncio.Task[None]] = []
        self._asking, self._showing = asyncio.Lock(), asyncio.Lock()
        self._asked, self._shown = -FRESH_SECONDS, b""
        self.application = frame.application(
            NoBroker(),
            routes(self.ready, self.numbers, deployment_of(self.settings)),
            after_startup=[self.start],
            on_shutdown=[self.stop],
        )

    async def ready(self) -> Readiness:
        """How all are now."""
        await self._ask()
        said = {each.number: each.readiness for each in self.workers if each.readiness is not None}
        return readiness_of_all(self.health.look(), {} if self._leaving.is_set() else said)

    async def numbers(self) -> bytes:
        """The numbers of all as one page. What is so now is that of those who answer; what was counted stays.

        Who asks while another's page is made gets that one: where a worker does not answer, each takes seconds.
        """
        before = self._shown
        async with self._showing:
            if self._shown is before:
                self._shown = await self._show()
            return self._shown

    async def _show(self) -> bytes:
        answered = await asyncio.gather(*(each.show() for each in self.workers))
        pages, gone = {PARENT: read_page(metrics_page())}, NOTHING_COUNTED
        for each, is_there in zip(self.workers, answered, strict=True):
            gone = added(gone, each.gone)
            if is_there:
                pages[str(each.number)] = each.page
            else:
                gone = added(gone, each.page)
        return folded(pages, gone)

    def told(self) -> None:
        """Begin nobody any more: all are to leave, maybe told by whoever told us. Told again, end all by force."""
        if self._leaving.is_set():
            self.kill()
        self._leaving.set()

    def kill(self) -> None:
        """End all by force, at once."""
        self.was_forced = True
        self._leaving.set()
        for each in self.workers:
            each.kill()

    async def start(self) -> None:
        """Begin all, and see that they are there from now on."""
        for each in self.workers:
            self._lives.append(self.supervisor.start(f"worker {each.number}", partial(self._keep, each), may_end=True))
        self.supervisor.start("watch", self._watch)

    async def _keep(self, worker: Worker) -> None:
        """See that there is a process in a worker's place, until all are to leave."""
        while not self._leaving.is_set():
            code = await worker.live()
            if self._leaving.is_set():
                return
            if code == self.unusable and not any(each.was_ready for each in self.workers):
                self.refusal = WorkerRefused(f"worker {worker.number} cannot start: it has said why")
                self.refused.set()
                return
            log.error("worker.ended", worker=worker.number, how=worker.ended, times=worker.times)
            await self.pause(worker.times)
            METERS.count("workers_replaced", worker=str(worker.number))

    async def look(self) -> None:
        """See how all are, say what has begun or ended to be wrong, and end those that do not answer any more."""
        await self._ask()
        self.health.look()
        for each in self.workers:
            if each.seen().is_given_up:
                log.error("worker.abandoned", worker=each.number, pid=each.pid)
                each.kill()

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(WATCH_SECONDS)

    async def _ask(self) -> None:
        """Ask all at once, unless they were just asked."""
        async with self._asking:
            if self.clock() - self._asked >= FRESH_SECONDS:
                await asyncio.gather(*(each.ask() for each in self.workers))
                self._asked = self.clock()

    async def stop(self) -> None:
        """Tell all to leave, and wait until they have; those that take too long are ended by force."""
        self._leaving.set()
        for each, life in zip(self.workers, self._lives, strict=True):
            if each.pid is None:
                life.cancel()
            each.tell(signal.SIGTERM)
        _, late = await asyncio.wait(self._lives, timeout=self.leave_seconds)
        if late:
            log.error("workers.abandoned", workers=[each.number for each in self.workers if each.pid is not None])
            self.kill()
            await asyncio.wait(late)
        await self.supervisor.stop()
        for each in self.workers:
            each.listener.close()
        log.info("workers.stopped")

    def _troubles(self) -> Iterator[Trouble]:
        if self._leaving.is_set():
            return troubles(Observed(leaving=True))
        return worker_troubles(each.seen() for each in self.workers)
