"""The conductor of a run: processes, load, faults, and at the end the checker.

Every process that is started here is ended here, also when a test fails. Processes are forked from a server that has
imported the service once, so that a killed one is replaced in a fraction of a second; each has an id, connections and
files of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from aiokafka.errors import KafkaError
from redis import Redis

from service.app.process import publish_directory
from service.kafka import topics as topic_list
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection
from service.kafka.partitions import Place
from service.kafka.port import Lost
from service.kafka.publisher import Publisher
from service.lane.surroundings import Safeguards
from service.settings import IngestSettings, KafkaSettings, LaneSettings, RedisSettings, Settings
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.backends.redis_server import RedisServer
from tests.checker import violations
from tests.survival.documents import DIVISIONS, LANES, write_configuration
from tests.survival.load import Load
from tests.survival.neighbours import Neighbours
from tests.survival.older import OlderProcess
from tests.survival.witness import Witness
from tests.survival.worker import TAKEOVER_STEPS, Fault, Neglect, Order, work

ALL_ON: Final = Safeguards()
SESSION_MS: Final = 3_000
KEEP_SECONDS: Final = 4.0
LOOK_SECONDS: Final = 0.05
TOLD_LINES: Final = 12
READY_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 50.0
STOP_SECONDS: Final = 20.0
BURST: Final = 20
BURST_PAUSE_SECONDS: Final = 0.15
"""So many events are sent at once while a load is poured."""

Condition = Callable[[], bool | Awaitable[bool]]
T = TypeVar("T")

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.survival.worker"])


def _forked(order: Order) -> multiprocessing.process.BaseProcess:
    process = _FORKS.Process(target=work, args=(order,), daemon=True)
    process.start()
    return process


async def wait_until(condition: Condition, seconds: float, what: Callable[[], str]) -> None:
    """Look again and again until the condition holds. Fails after so many seconds, saying what was waited for."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        with suppress(KafkaError):  # a broker that was just killed may answer late: it is asked again
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
        assert asyncio.get_running_loop().time() < deadline, f"after {seconds:g} s still not: {what()}"
        await a_moment()


async def a_moment(seconds: float = LOOK_SECONDS) -> None:
    """Until it is worth looking again."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


async def insist(act: Callable[[], Awaitable[T]], seconds: float, what: str) -> T:
    """Do what may be done again until the broker has answered. Fails after so many seconds, saying what was tried."""
    done: list[T] = []
    errors = ["none"]

    async def is_done() -> bool:
        try:
            done.append(await act())
        except (KafkaError, Lost) as error:
            errors.append(repr(error))
            return False
        return True

    await wait_until(is_done, seconds, lambda: f"{what}; the last error: {errors[-1]}")
    return done[0]


@dataclass
class Worker:
    """A process of the service."""

    order: Order
    process: multiprocessing.process.BaseProcess | OlderProcess
    is_older: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    @property
    def was_struck(self) -> bool:
        """Whether its fault has happened."""
        return self.order.journal.exists()

    @property
    def has_ended(self) -> bool:
        return self.process.exitcode is not None

    @property
    def ended_in_order(self) -> bool:
        """Told to end, before it could heed that or after."""
        code = self.process.exitcode
        return code == 0 or (code == -signal.SIGTERM and not self.said)

    @property
    def said(self) -> str:
        """What it logged."""
        return self.order.output.read_text("utf-8", "replace") if self.order.output.exists() else ""

    def has_logged(self, event: str) -> bool:
        return f'"event":"{event}"' in self.said

    @property
    def last_words(self) -> str:
        return "\n".join(self.said.splitlines()[-TOLD_LINES:])

    def signal(self, number: signal.Signals) -> None:
        if not self.has_ended:
            os.kill(self.pid, number)


@dataclass
class Cluster:
    """One deployment: topics of its own on a shared broker, a Redis of its own, and the processes.

    On a busy machine everything takes longer: `patience` times as long is waited for anything. `is_plain`: there is an
    older build, so configurations and events say what every build knows.
    """

    connection: KafkaConnection
    topics: Topics
    redis: RedisServer
    directory: Path
    seed: int = 1
    session_ms: int = SESSION_MS
    patience: float = 1.0
    saved: Path | None = None
    is_plain: bool = False
    hits: Counter[str] = field(default_factory=Counter)
    workers: list[Worker] = field(default_factory=list)
    _started: int = 0
    _pouring: asyncio.Task[None] | None = None

    @property
    def group(self) -> str:
        """The consumer group of all processes."""
        return self.topics.prefix.rstrip(".")

    def __post_init__(self) -> None:
        self.load = Load(self.topics, self.seed)
        self.witness = Witness(self.connection, self.topics, LANES, self.redis.port)
        self.neighbours = Neighbours(self.connection, self.topics, self.load, Random(self.seed))
        self._publisher = Publisher(self.connection)

    async def wait(self, condition: Condition, seconds: float, what: Callable[[], str]) -> None:
        """See `wait_until`."""
        await wait_until(condition, seconds * self.patience, what)

    async def insist(self, act: Callable[[], Awaitable[T]], what: str) -> T:
        """See `insist`."""
        return await insist(act, READY_SECONDS * self.patience, what)

    async def open(self) -> None:
        """Make the topics and the first configuration, and begin to look."""
        await topic_list.create(self.connection, topic_list.read_wanted(self.topics, LANES))
        await self.configure(0)
        await self.witness.open()

    async def close(self) -> None:
        """End every process and let go of every connection."""
        for worker in self.workers:
            worker.signal(signal.SIGKILL)
        for worker in self.workers:
            await asyncio.to_thread(worker.process.join, STOP_SECONDS)
        await self.witness.close()
        await self._publisher.close()

    async def configure(self, generation: int) -> None:
        """Publish another configuration. Raises `KafkaError`, `Lost`."""
        await self._publish(self._written(f"{generation}", generation))

    async def admit(self, division: str) -> None:
        """Publish the first configuration of a division, which may have sent events before."""
        await self._publish(self._written(division, divisions=(division,)))

    def _written(self, name: str, generation: int = 0, divisions: Sequence[str] = DIVISIONS) -> Path:
        return write_configuration(self.directory / name, generation, divisions, is_plain=self.is_plain)

    async def _publish(self, directory: Path) -> None:
        feed = ConfigurationFeed(self.connection, self.topics.config)
        try:
            await feed.start()
            await publish_directory(feed, directory)
        finally:
            await feed.stop()

    def start(
        self,
        fault: Fault | None = None,
        safeguards: Safeguards = ALL_ON,
        neglect: Neglect = "",
        older: Path | None = None,
    ) -> Worker:
        """Start a process, of this build or of the `older` one that is checked out there."""
        self._started += 1
        files = self.directory / f"worker-{self._started}"
        order = Order(
            self._settings(), files.with_suffix(".hit"), files.with_suffix(".log"), fault, safeguards, neglect
        )
        self.witness.is_mixed |= older is not None
        worker = Worker(order, _forked(order) if older is None else OlderProcess(order, older), older is not None)
        self.workers.append(worker)
        return worker

    async def stop(self, worker: Worker) -> None:
        """End a process in order, as a deployment does."""
        worker.signal(signal.SIGTERM)
        await self.wait(lambda: worker.has_ended, STOP_SECONDS, lambda: f"ended in order:\n{worker.last_words}")
        assert worker.ended_in_order, f"ended with {worker.process.exitcode}:\n{worker.last_words}"
        self.workers.remove(worker)

    async def kill(self, worker: Worker) -> None:
        """End a process with SIGKILL, wherever it is."""
        worker.signal(signal.SIGKILL)
        await self.wait(lambda: worker.has_ended, STOP_SECONDS, lambda: "killed")
        self.workers.remove(worker)

    async def killed(self, worker: Worker) -> None:
        """Wait until the worker's fault has killed it."""
        await self.wait(lambda: worker.has_ended, READY_SECONDS, lambda: f"killed:\n{worker.last_words}")
        self._buried(worker)

    async def meet_strangers(self, count: int | None = None) -> None:
        """Strange records stand in every topic of ours, all kinds or `count` of them."""
        self.witness.strange |= await self.neighbours.write_strange(LANES, count)

    async def at_rest(self) -> None:
        """All that was sent is decided and published, and the witness has read it."""
        await self.quiet()
        await self.wait(self.witness.is_up_to_date, QUIET_SECONDS, lambda: "everything was read")

    def flush(self) -> None:
        """FLUSHALL."""
        with Redis(port=self.redis.port) as client:
            client.flushall()

    async def send(self, count: int) -> None:
        """Send so many mixed events. Raises `Lost`: some may have arrived."""
        asked = () if self.is_plain else self.witness.asked
        try:
            await self._publisher.publish(self.load.events(count) + self.load.results(asked))
        except Lost:
            await self.renew()
            raise

    async def renew(self) -> None:
        """Send with a new producer, which knows nothing of the topics as they were."""
        await self._publisher.renew()

    async def send_leads(self, count: int, divisions: Sequence[str] = DIVISIONS) -> None:
        """Send so many new leads: each of them is one assignment."""
        await self._publisher.publish(self.load.leads(count, divisions))

    async def send_broken(self) -> str:
        """Send one event that ingest cannot read; its position."""
        topic = self.topics.sources[0]
        at = self.witness.ledger.partitions(topic) - 1
        offset = await self._publisher.append(Place(topic, at), [Message(topic, b"broken", b"{")])
        return f"0/{topic}/{at}/{offset}"

    @asynccontextmanager
    async def under_load(self, most: int = 10_000) -> AsyncIterator[None]:
        """Events keep coming, `most` in all, for as long as the block lasts."""
        self._pouring = asyncio.create_task(self._pour(most))
        try:
            yield
            assert not self._pouring.done(), "the load ended too early: allow for more events"
        finally:
            self._pouring.cancel()
            await asyncio.gather(self._pouring, return_exceptions=True)
            self._pouring = None
            await self.renew()  # after a write that was given up a producer is of no use

    async def struck(self, worker: Worker) -> None:
        """Wait until the worker's fault has happened."""
        await self.wait(lambda: worker.was_struck, READY_SECONDS, lambda: f"{worker.order.fault}:\n{worker.last_words}")

    async def owned_by(self, *workers: Worker) -> None:
        """Wait until the newest claim of every lane is by one of these, and each of them has one."""
        pids = {str(worker.pid) for worker in workers}

        def is_so() -> bool:
            owners = [owner.rpartition("/")[2] for owner in self.witness.owners.values()]
            return len(owners) == LANES and set(owners) == pids

        await self.wait(is_so, READY_SECONDS, lambda: f"{pids} own all lanes, but {self.witness.owners}")

    async def kill_at(self, faults: Iterable[Fault], at_once: int = 3) -> None:
        """Let a process die of each fault, with so many processes at once. Load must be coming."""
        waiting = deque(faults)
        while waiting or any(worker.order.fault for worker in self.workers):
            for worker in [worker for worker in self.workers if worker.has_ended]:
                self._buried(worker)
            if waiting and len(self.workers) < at_once:
                self.start(waiting.popleft())
            if any(worker.order.fault and worker.order.fault.step in TAKEOVER_STEPS for worker in self.workers):
                # Whoever finds the memory empty takes their lanes over again, with every step of it.
                await asyncio.to_thread(self.flush)
                await a_moment(1.0)
            await a_moment()

    async def outlived(self, survivor: Worker, *frozen: Worker) -> None:
        """Wait until the survivor has everything, then let the frozen ones go on, who know of nothing."""
        await self.owned_by(survivor)
        for worker in frozen:
            worker.signal(signal.SIGCONT)

    async def finish(self, but: frozenset[str] = frozenset()) -> list[str]:
        """Let everything come to rest, end the processes in order, and ask the checker what was broken.

        Nobody waits for what is left out on purpose (`but`).
        """
        await self.quiet(but)
        for worker in list(self.workers):
            await self.stop(worker)
        await self.wait(self.witness.is_up_to_date, QUIET_SECONDS, lambda: "everything was read")
        evidence = await self.insist(self.witness.evidence, "the witness has all that was left behind")
        return await asyncio.to_thread(violations, evidence)

    async def quiet(self, but: frozenset[str] = frozenset()) -> None:
        """Wait until every event but these has its outcome and every memory is as far as its log."""
        left: list[str] = []

        async def is_so() -> bool:
            left[:] = [each for each in await self.witness.unanswered() if each not in but]
            return not left

        await self.wait(is_so, QUIET_SECONDS, lambda: self._unfinished(left))

    def _buried(self, worker: Worker) -> None:
        self.workers.remove(worker)
        code = worker.process.exitcode
        fault = worker.order.fault
        assert (worker.was_struck, code) == (True, -signal.SIGKILL), f"ended by itself:\n{worker.last_words}"
        if fault is not None:
            self.hits[fault.step] += 1

    async def _pour(self, most: int) -> None:
        """What was lost on the way may have arrived or not: what counts is what the topics hold."""
        for _ in range(most // BURST):
            with suppress(Lost):
                await self.send(BURST)
            await a_moment(BURST_PAUSE_SECONDS)

    def _unfinished(self, left: list[str]) -> str:
        tails = [f"--- worker {worker.pid}\n{worker.last_words}" for worker in self.workers]
        return "\n".join([f"done; {len(left)} are left: {left[:TOLD_LINES]}", *tails])

    def _settings(self) -> Settings:
        lane = LaneSettings(batch_max=30, poll_wait_ms=20, snapshot_min_bytes=20_000)
        return Settings(
            kafka=KafkaSettings(
                bootstrap=self.connection.bootstrap,
                topic_prefix=self.topics.prefix,
                group=self.group,
                lanes=LANES,
                session_timeout_ms=self.session_ms,
            ),
            redis=RedisSettings(url=self.redis.address),
            ingest=IngestSettings(batch=50),
            # Far below what an operator may set, so that logs are cut all the time; the witness has to be quicker.
            lane=lane.model_copy(update={"keep_hours": KEEP_SECONDS / 3_600}),
        )
