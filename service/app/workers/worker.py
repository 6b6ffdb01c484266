"""One worker, as its parent sees it: a place for one process after another, and what the present one last said.

The parent opens where the worker answers and keeps it open: the address stays while processes come and go, and the
worker need not tell its own. All else it is told like any process, by the environment, which it shares with the parent.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from service.app.workers.troubles import WorkerSeen
from service.http.routes import Readiness
from service.supervision import STEADY_SECONDS
from service.telemetry.folding import MetricsPage, added, read_page

log = structlog.get_logger(__name__)

LOOPBACK: Final = "127.0.0.1"
LEAVE_SECONDS: Final = 28.0
"""How long a worker may take to leave in order. Who tells the parent to leave mostly waits for 30 s."""
READY_SECONDS: Final = 0.8
"""So long the parent waits for how a worker is: whoever asks the parent has often no more than a second."""
ANSWER_SECONDS: Final = 20.0
"""An answer counts that comes within this time, though nobody waits for it any more: who is busy is not dead."""
PAGE_SECONDS: Final = 4.0
ANSWERED: Final = frozenset({200, 503})
"""What `/ready` answers with."""


class Post(NamedTuple):
    """Which worker a process is, its name in the consumer groups, and the descriptor of the socket it answers at."""

    number: int
    instance: str
    listener: int


@dataclass
class Worker:
    """A worker. `command` is called with its post for the program that it is. `clock` counts seconds.

    `readiness` is none until the present process has answered; `was_ready`: some process was ready once. `page`: its
    metrics as it last showed them, `gone`: what the processes before it have counted. `ended`: how the last one did.
    """

    number: int
    instance: str
    command: Callable[[Post], Sequence[str]]
    clock: Callable[[], float] = time.monotonic
    process: Process | None = None
    readiness: Readiness | None = None
    page: MetricsPage = field(default_factory=dict)
    gone: MetricsPage = field(default_factory=dict)
    was_ready: bool = False
    ended: str = ""
    _times: int = 0
    _begun: float = 0.0
    _answered: float = 0.0
    _asking: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.listener = socket.create_server((LOOPBACK, 0))

    async def live(self) -> int | None:
        """Begin a process and see it to its end: its exit code, or none where it could not be begun."""
        post = Post(self.number, self.instance, self.listener.fileno())
        self._begun = self._answered = self.clock()
        try:
            self.process = await asyncio.create_subprocess_exec(
                *self.command(post),
                executable=sys.executable,
                stdin=PIPE,
                pass_fds=(post.listener,),
                # Whoever interrupts the parent by the terminal interrupts all of its group; workers are told in order.
                start_new_session=True,
            )
        except OSError as error:
            # The event loop's own error has no number of the system's where the pipe could not be had.
            why = error.strerror if (error.errno or 0) > 0 else "too many open files, or processes"
            self._fell(f"could not be begun ({why})")
            return None
        log.info("worker.begun", worker=self.number, pid=self.process.pid)
        try:
            code = await self.process.wait()
        finally:
            self.kill()
        self._fell(f"was ended by {_named(-code)}" if code < 0 else f"ended with {code}")
        return code

    def tell(self, number: signal.Signals) -> None:
        """Send the present process a signal; nothing where there is none."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End the present process by force."""
        self.tell(signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        return None if self.process is None or self.process.returncode is not None else self.process.pid

    @property
    def times(self) -> int:
        """How often in a row its process has ended; none once one has worked for long enough."""
        return 0 if self.pid is not None and self._has_stayed else self._times

    @property
    def _has_stayed(self) -> bool:
        return self.clock() - self._begun >= STEADY_SECONDS

    async def ask(self) -> None:
        """Ask how it is, and wait a moment for the answer. Who has not answered yet is as before."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._hear())
        await asyncio.wait({self._asking}, timeout=READY_SECONDS)

    async def _hear(self) -> None:
        asked = self.process
        said = await self._get("/ready", ANSWER_SECONDS)
        if said is None or asked is not self.process or self.pid is None:
            return
        try:
            self.readiness = Readiness.from_json(said)
        except ValueError:
            return
        self._answered = self.clock()
        self.was_ready |= not self.readiness.problems

    async def show(self) -> bool:
        """Have `page` renewed; whether it was. Who does not answer in time has the one from before."""
        asked = self.process
        said = await self._get("/metrics", PAGE_SECONDS)
        if said is None or asked is not self.process or self.pid is None:
            return False
        try:
            self.page = read_page(said)
        except ValueError:
            return False
        return True

    def seen(self) -> WorkerSeen:
        """What its parent sees of it."""
        return WorkerSeen(
            self.number,
            is_running=self.pid is not None,
            has_answered=self.readiness is not None,
            silent_seconds=self.clock() - self._answered,
            ended=self.ended,
            times=self.times,
        )

    def _fell(self, how: str) -> None:
        self._times = 1 if self._has_stayed else self._times + 1
        self.ended = how
        self.readiness = None
        if self._asking is not None:
            self._asking.cancel()
        self.gone, self.page = added(self.gone, self.page), {}

    async def _get(self, path: str, seconds: float) -> bytes | None:
        """What it answers, or nothing where it does not in time, or not in a way that we know."""
        if self.pid is None:
            return None
        try:
            async with asyncio.timeout(seconds):
                return await _got(self.listener.getsockname()[1], path)
        except (OSError, ValueError):
            return None


def _named(number: int) -> str:
    return signal.Signals(number).name if number in {*signal.Signals} else f"signal {number}"


async def _got(port: int, path: str) -> bytes:
    """The body of an answer. Raises `OSError`, and `ValueError` where it is none."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        if int(head.split(maxsplit=2)[1]) not in ANSWERED:
            raise ValueError(path)
        return body
    except IndexError:
        raise ValueError(path) from None
    finally:
        writer.close()
