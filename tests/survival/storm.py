"""Faults of every kind in an order drawn from a seed, for as long as wanted.

A storm has rounds. In a round processes die and freeze at random steps, are replaced, the memory is lost as a whole or
in parts, the broker is killed, the configuration changes, also to one that cannot be used, strangers write into all
topics, sources hold what nobody can read and what was taken back, dead letters are sent again and again, all under
load. Then everything comes to rest, a lane halts, which two people bring back at once, and a topic is deleted: a
source, which is made anew and reset, or one of outputs, which a process makes again. These are the topics whose loss
takes nothing that is not known elsewhere: at rest all of a source is decided, and the log has every output. At last the
checker looks at all of it, from the very beginning. The next round goes on with the same topics.

Where there is an older build, about every second process is one of it, until the lanes are raised and after that.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, Literal

from aiokafka.errors import KafkaError

from service.kafka.port import Lost
from tests.backends.kafka_server import KafkaServer
from tests.survival.cluster import STOP_SECONDS, Cluster, Worker, a_moment
from tests.survival.documents import DIVISIONS, LANES
from tests.survival.neighbours import KINDS_OF_PLANS
from tests.survival.operating import (
    command,
    lose_topic,
    pass_unreadable,
    publish_unusable,
    recover_twice,
    redrive,
    remake_source,
)
from tests.survival.worker import STEPS, Fault

PROCESSES: Final = 3
ROUND_EVENTS: Final = 20_000
MEANWHILE_EVENTS: Final = 100
"""So many come while a topic is gone, or not read."""
LONGEST_FREEZE_SECONDS: Final = 7.0
THAWED_SECONDS: Final = 4.0
"""A process that was frozen is killed so long after it went on."""
LONGEST_PAUSE_SECONDS: Final = 0.8
STRANGE_RECORDS: Final = 2
"""So many at once in each topic."""
EARLY_LEADS: Final = 5
"""So many come of a division that has no configuration yet."""
COMMITTED_SHARE: Final = 0.4
"""Of the transactions among the sources; the others are taken back."""
HOW: Final[tuple[Literal["kill", "freeze"], ...]] = ("kill", "kill", "freeze")
MOST_OFTEN: Final = 5
"""A fault strikes at the first to fifth time that its step is reached."""


@dataclass
class Storm:
    """A cluster that is not left alone."""

    cluster: Cluster
    broker: KafkaServer
    random: Random
    older: Path | None = None
    faults: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    _thaw: dict[int, float] = field(default_factory=dict)
    _saved: list[Path] = field(default_factory=list)
    _generation: int = 0
    _early: int = 0

    async def rage(self, seconds: float) -> list[str]:
        """One round; what the checker found."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        actions = {
            self._wait: 20,
            self._lose_memory: 3,
            self._lose_parts_of_memory: 6,
            self._lose_plans: 4,
            self._save_memory: 4,
            self._replace: 3,
            self._configure: 2,
            self._kill_broker: 1,
            self._meet_strangers: 3,
            self._send_unreadable: 1,
            self._send_transaction: 4,
            self._publish_unusable: 2,
            self._redrive: 2,
        }
        async with self.cluster.under_load(ROUND_EVENTS):
            while clock() < end:
                await self._tend(clock())
                await a_moment(self.random.uniform(0, LONGEST_PAUSE_SECONDS))
                (act,) = self.random.choices(list(actions), list(actions.values()))
                with suppress(KafkaError, Lost):  # a broker that was just killed may answer late: then it was not done
                    await act()
        for worker in list(self.cluster.workers):
            await self.cluster.kill(worker)
        self.cluster.start()
        self.faults["unreadable range passed"] += await pass_unreadable(self.cluster)
        for word in await recover_twice(self.cluster, self.random.randrange(LANES)):
            self.faults[f"halted lane, {word} at once with the other"] += 1
        await self._delete_a_topic()
        self.rounds += 1
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
            fault = Fault(self.random.choice(STEPS), self.random.randint(1, MOST_OFTEN), how)
            self.cluster.start(fault, older=self._build())

    def _build(self) -> Path | None:
        """Which build the next process is of."""
        return None if self.older is None else self.random.choice((None, self.older))

    async def raise_level(self) -> None:
        """Between two rounds; whoever does not know the level claims no lane any more. From then on configurations say
        what only newer builds know.
        """
        await command(self.cluster, "level", "raise", "--yes")
        self.cluster.is_plain = False
        await self._configure()
        self.faults["level raised"] += 1

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
        self.faults[f"{fault.how} at {fault.step}{' of the older build' if worker.is_older else ''}"] += 1

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

    async def _lose_parts_of_memory(self) -> None:
        lose = self.random.choice((self.cluster.neighbours.lose_keys, self.cluster.neighbours.evict))
        self.faults[await asyncio.to_thread(lose, self.cluster.redis.port)] += 1

    async def _lose_plans(self) -> None:
        lose = partial(self.cluster.neighbours.lose_keys, kind=self.random.choice(KINDS_OF_PLANS))
        self.faults[await asyncio.to_thread(lose, self.cluster.redis.port)] += 1

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
        await self.cluster.wait(
            lambda: worker.has_ended or worker.was_struck, STOP_SECONDS, lambda: f"ended:\n{worker.last_words}"
        )
        if worker.was_struck:
            await self.cluster.kill(worker)
        else:
            assert worker.ended_in_order, f"ended with {worker.process.exitcode}:\n{worker.last_words}"
            self.cluster.workers.remove(worker)

    async def _configure(self) -> None:
        self._generation += 1
        self.faults["configuration"] += 1
        await self.cluster.configure(self._generation)

    async def _kill_broker(self) -> None:
        self.faults["broker killed"] += 1
        await asyncio.to_thread(self.broker.kill)
        await asyncio.to_thread(self.broker.start)

    async def _meet_strangers(self) -> None:
        """Some strange records in each topic of ours."""
        self.faults["strange records written to every topic"] += 1
        await self.cluster.meet_strangers(STRANGE_RECORDS)

    async def _send_unreadable(self) -> None:
        self.faults[await self.cluster.neighbours.send_unreadable()] += 1

    async def _send_transaction(self) -> None:
        commits = self.random.random() < COMMITTED_SHARE
        self.faults[f"transaction {'committed' if commits else 'aborted'}"] += 1
        await self.cluster.neighbours.transaction(commits=commits)

    async def _publish_unusable(self) -> None:
        self.faults["configuration that cannot be compiled"] += 1
        await publish_unusable(self.cluster, self.random.choice(DIVISIONS))

    async def _redrive(self) -> None:
        """Events of a division come before its configuration; those of the division before are sent again."""
        await self.cluster.send_leads(EARLY_LEADS, [f"early{self._early + 1}"])
        if self._early:
            await self.cluster.admit(f"early{self._early}")
        self._early += 1
        for became, letters in (await redrive(self.cluster)).items():
            self.faults[f"dead letter {became}"] += letters

    async def _delete_a_topic(self) -> None:
        """Each in its turn; everything else rests."""
        topics = self.cluster.topics
        records, members = topics.sources
        topic = (records, topics.assignments, members, topics.notifications)[self.rounds % 4]
        if topic in topics.sources:
            await remake_source(self.cluster, topic, MEANWHILE_EVENTS)
        else:
            await lose_topic(self.cluster, topic, MEANWHILE_EVENTS)
        self.faults[f"{topic.removeprefix(topics.prefix)} deleted and made again"] += 1
