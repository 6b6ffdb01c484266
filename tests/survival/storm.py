"""Faults of every kind in an order drawn from a seed, for as long as wanted.

A storm has rounds. In a round processes die and freeze at random steps, are replaced, the memory is lost, the broker is
killed and the configuration changes, all under load; then everything comes to rest and the checker looks at all of it,
from the very beginning. The next round goes on with the same topics.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, Literal

from tests.backends.kafka_server import KafkaServer
from tests.survival.cluster import STOP_SECONDS, Cluster, Worker, a_moment, wait_until
from tests.survival.worker import STEPS, Fault

PROCESSES: Final = 3
ROUND_EVENTS: Final = 20_000
LONGEST_FREEZE_SECONDS: Final = 7.0
THAWED_SECONDS: Final = 4.0
"""A process that was frozen is killed so long after it went on."""
LONGEST_PAUSE_SECONDS: Final = 0.8
HOW: Final[tuple[Literal["kill", "freeze"], ...]] = ("kill", "kill", "freeze")
MOST_OFTEN: Final = 5
"""A fault strikes at the first to fifth time that its step is reached."""


@dataclass
class Storm:
    """A cluster that is not left alone."""

    cluster: Cluster
    broker: KafkaServer
    random: Random
    faults: Counter[str] = field(default_factory=Counter)
    _thaw: dict[int, float] = field(default_factory=dict)
    _saved: list[Path] = field(default_factory=list)
    _generation: int = 0

    async def rage(self, seconds: float) -> list[str]:
        """One round; what the checker found."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        actions = {
            self._wait: 20,
            self._lose_memory: 6,
            self._save_memory: 4,
            self._replace: 3,
            self._configure: 2,
            self._kill_broker: 1,
        }
        async with self.cluster.under_load(ROUND_EVENTS):
            while clock() < end:
                await self._tend(clock())
                await a_moment(self.random.uniform(0, LONGEST_PAUSE_SECONDS))
                (act,) = self.random.choices(list(actions), list(actions.values()))
                await act()
        for worker in list(self.cluster.workers):
            await self.cluster.kill(worker)
        self.cluster.start()
        return await self.cluster.finish()

    async def _tend(self, now: float) -> None:
        """Bury the dead, let the frozen go on in time and die some time later, and have enough processes."""
        for worker in list(self.cluster.workers):
            if worker.has_ended:
                assert worker.was_struck, f"ended by itself:\n{worker.last_words}"
                self.cluster.workers.remove(worker)
                self._count(worker)
            elif worker.was_struck:
                await self._tend_frozen(worker, now)
        while len(self.cluster.workers) < PROCESSES:
            how = self.random.choice(HOW)
            self.cluster.start(Fault(self.random.choice(STEPS), self.random.randint(1, MOST_OFTEN), how))

    async def _tend_frozen(self, worker: Worker, now: float) -> None:
        if worker.pid not in self._thaw:
            self._count(worker)
            self._thaw[worker.pid] = now + self.random.uniform(0, LONGEST_FREEZE_SECONDS)
        elif now > self._thaw[worker.pid] + THAWED_SECONDS:
            await self.cluster.kill(worker)
        elif now > self._thaw[worker.pid]:
            worker.signal(signal.SIGCONT)

    def _count(self, worker: Worker) -> None:
        fault = worker.order.fault
        assert fault is not None
        self.faults[f"{fault.how} at {fault.step}"] += 1

    async def _wait(self) -> None:
        """Let the processes come to their faults."""

    async def _lose_memory(self) -> None:
        kinds = ["flush", "empty", *(["older"] if self._saved else [])]
        kind = self.random.choice(kinds)
        self.faults[f"memory {kind}"] += 1
        if kind == "flush":
            await asyncio.to_thread(self.cluster.flush)
        elif kind == "empty":
            await asyncio.to_thread(self.cluster.redis.restart)
        else:
            await asyncio.to_thread(self.cluster.redis.restart, self.random.choice(self._saved))

    async def _save_memory(self) -> None:
        self._saved = [*self._saved[-3:], await asyncio.to_thread(self.cluster.redis.save)]

    async def _replace(self) -> None:
        """Some process is replaced; one that is frozen is killed."""
        worker = self.random.choice(self.cluster.workers)
        self.faults["process replaced"] += 1
        await self.cluster.kill(worker) if worker.was_struck else await self._end(worker)

    async def _end(self, worker: Worker) -> None:
        """In order, if its fault does not strike first."""
        worker.signal(signal.SIGTERM)
        await wait_until(
            lambda: worker.has_ended or worker.was_struck, STOP_SECONDS, lambda: f"ended:\n{worker.last_words}"
        )
        if worker.was_struck:
            await self.cluster.kill(worker)
        else:
            assert worker.process.exitcode == 0, f"ended with {worker.process.exitcode}:\n{worker.last_words}"
            self.cluster.workers.remove(worker)

    async def _configure(self) -> None:
        self._generation += 1
        self.faults["configuration"] += 1
        await self.cluster.configure(self._generation)

    async def _kill_broker(self) -> None:
        self.faults["broker killed"] += 1
        await asyncio.to_thread(self.broker.kill)
        await asyncio.to_thread(self.broker.start)
