"""A whole service on embedded back ends inside this process, for commands to connect to.

It runs in a thread with a loop of its own, because a command brings its own loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
import uvicorn
from msgspec.structs import replace

from service.app.process import Extras, Process
from service.embedded.kafka import EMBEDDED_LANES, EmbeddedKafka
from service.embedded.redis import EmbeddedRedis
from service.kafka.publisher import Publisher
from service.settings import HttpSettings, KafkaSettings, RedisSettings, Settings
from service.wire.lanes import lane_of
from service.wire.messages import Message

T = TypeVar("T")

READY_SECONDS: Final = 40
LOOK_SECONDS: Final = 0.02


@dataclass
class Service:
    """A running service. `run` does something in its loop and waits for it."""

    process: Process
    kafka: str
    redis: str
    loop: asyncio.AbstractEventLoop
    sent: int = 0

    def run(self, work: Coroutine[Any, Any, T], seconds: float = READY_SECONDS) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(seconds)

    def send(self, *messages: Message) -> None:
        """Publish CRM events and wait until the lane of `main` has taken them."""
        self.sent += len(messages)
        self.run(self._send(messages))

    def spoil(self, message: Message) -> None:
        """Publish an event that ingest cannot read, and a good one behind it that shows when both are done."""
        self.send(message, replace(lead("after-it"), key=message.key))

    async def _send(self, messages: tuple[Message, ...]) -> None:
        publisher = Publisher(self.process.connection)
        try:
            await publisher.publish(messages)
        finally:
            await publisher.close()
        await until(lambda: self._taken() >= self.sent)

    def _taken(self) -> int:
        """How far the lane has come in the sources: ticks and what is sent again are in its input as well."""
        lane = lane_of("main", EMBEDDED_LANES)
        tenure = self.process.lanes.running[lane].tenure
        marks = {} if tenure is None else tenure.book.marks
        return sum(offset + 1 for (topic, _), (_, offset) in marks.items() if topic.startswith("crm."))


async def until(is_so: Callable[[], bool]) -> None:
    """Look again and again, for what only another task brings about."""
    async with asyncio.timeout(READY_SECONDS):
        while not is_so():
            await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, LOOK_SECONDS)


@contextmanager
def running_service(directory: Path) -> Iterator[Service]:
    """The service with this configuration, from the moment in which it is ready."""
    with ExitStack() as stack:
        kafka = stack.enter_context(EmbeddedKafka())
        redis = stack.enter_context(EmbeddedRedis())
        settings = Settings(
            kafka=KafkaSettings(bootstrap=kafka.bootstrap, lanes=EMBEDDED_LANES),
            redis=RedisSettings(url=redis.url),
            http=HttpSettings(port=0),
            config_dir=directory,
        )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="service")
        thread.start()
        stack.callback(_close, loop, thread)
        service = Service(_in(loop, _made(settings)), kafka.bootstrap, redis.url, loop)
        server, serving = _in(loop, _started(service.process))
        stack.callback(_stop, loop, server, serving)
        yield service


async def _made(settings: Settings) -> Process:
    return Process(settings, Extras(embedded=True))


async def _started(process: Process) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    server = uvicorn.Server(uvicorn.Config(process.application, port=0, log_config=None, lifespan="on"))
    serving = asyncio.create_task(server._serve())
    await until(
        lambda: (
            not process.missing and not process.readiness().problems and len(process.lanes.running) == EMBEDDED_LANES
        )
    )
    return server, serving


def _in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(READY_SECONDS)


def _stop(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    async def stop() -> None:
        server.should_exit = True
        await serving

    _in(loop, stop())


def _close(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def member(person: str, availability: str, **more: str) -> Message:
    """An event of somebody's presence."""
    said = {"type": "crm.member.changed.v1", "person": person, "availability": availability, **more}
    return Message("crm.members", person.encode(), orjson.dumps(said))


def lead(name: str, kind: str = "created", owner: tuple[str, str] | None = None, **fields: float) -> Message:
    """An event of a lead; `owner` is what kind of owner it names, and who."""
    record = {"type": "lead", "id": name, "fields": {"country": "DE", **fields}}
    said: dict[str, object] = {"type": f"crm.record.{kind}.v1", "id": f"{kind}-{name}", "record": record}
    if owner is not None:
        said["owner"] = {"kind": owner[0], "id": owner[1]}
    return Message("crm.records", f"lead/{name}".encode(), orjson.dumps(said))
