"""Run `fairlead` as a program of its own, as an operator does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import orjson

READY_SECONDS: Final = 60.0
DONE_SECONDS: Final = 90.0
STOP_SECONDS: Final = 40.0
LOOK_SECONDS: Final = 0.1


class Ended(NamedTuple):
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str


class Answer(NamedTuple):
    """What a service says over HTTP."""

    status: int
    said: dict[str, Any]


@dataclass
class Service:
    """A running `fairlead run`. Its log lines are read as they come."""

    program: Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _has_ended: bool = False

    @property
    def port(self) -> int:
        return next(int(line["port"]) for line in self.lines if line["event"] == "http.opened")

    async def logged(self, event: str, **holding: object) -> dict[str, Any]:
        """Wait for a log line of this name that holds these values: it comes by a pipe, later than an answer."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                for line in self.lines:
                    if line["event"] == event and holding.items() <= line.items():
                        return line
                assert not self._has_ended, f"it ended instead: {await self.errors()}"
                self._grown.clear()
                await self._grown.wait()

    async def ended(self) -> None:
        """Wait until every process of it has ended: none holds its output any more."""
        async with asyncio.timeout(STOP_SECONDS):
            while not self._has_ended:
                self._grown.clear()
                await self._grown.wait()

    async def errors(self) -> str:
        """What it wrote to standard error; read once, when it has ended."""
        assert self.program.stderr is not None
        return (await self.program.stderr.read()).decode()

    async def ask(self, path: str) -> Answer:
        """What it says over HTTP."""
        return await asyncio.to_thread(_asked, f"http://127.0.0.1:{self.port}{path}")

    async def leave(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to leave; its exit code."""
        if self.program.returncode is None:
            self.program.send_signal(how)
        return await asyncio.wait_for(self.program.wait(), STOP_SECONDS)

    async def read(self) -> None:
        """Read what it logs, until it ends."""
        assert self.program.stdout is not None
        while line := await self.program.stdout.readline():
            self.lines.append(orjson.loads(line))
            self._grown.set()
        self._has_ended = True
        self._grown.set()


async def fairlead(*arguments: str | Path, environment: Mapping[str, str]) -> Ended:
    """Run a command to its end. Raises TimeoutError where it has none, and kills it."""
    program = await _started(arguments, environment)
    try:
        out, err = await asyncio.wait_for(program.communicate(), DONE_SECONDS)
    except TimeoutError:
        program.kill()
        await program.wait()
        raise
    return Ended(program.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def running(*arguments: str | Path, environment: Mapping[str, str]) -> AsyncIterator[Service]:
    """A service, for as long as the block lasts, or until it is told to leave."""
    service = Service(await _started(("run", *arguments), environment))
    reading = asyncio.create_task(service.read())
    try:
        await service.logged("http.opened")
        yield service
    finally:
        if service.program.returncode is None:
            service.program.kill()
        await asyncio.gather(reading, service.program.wait())


async def until(is_so: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    """Look again and again, for what only another program brings about."""
    async with asyncio.timeout(seconds):
        while not is_so():
            await a_moment()


async def a_moment() -> None:
    """Until it is worth looking again."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), LOOK_SECONDS)


async def _started(arguments: tuple[str | Path, ...], environment: Mapping[str, str]) -> Process:
    """Start a command. Nothing of this process's own settings reaches it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    words = [str(argument) for argument in arguments]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", *words, env={**inherited, **environment}, stdout=PIPE, stderr=PIPE
    )


def _asked(address: str) -> Answer:
    try:
        with urlopen(address, timeout=10) as answer:  # noqa: S310  # an address of our own
            return Answer(answer.status, orjson.loads(answer.read()))
    except HTTPError as refused:
        with refused:
            return Answer(refused.code, orjson.loads(refused.read()))
