"""One simulated run: processes that own lanes, a scheduler that opens one gate at a time, and faults.

First come the faults, then everything heals; in the end nothing may be missing. The promises that a log can break are
checked record by record as it grows, the others now and then and at the end.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from service.core.configuration import Config
from service.kafka.memory import BrokerRecord, Fault, MemoryBroker, MemoryTransport, Operation
from service.kafka.partitions import Place
from service.lane.lanes import Lanes
from service.lane.loop import Lane
from service.lane.surroundings import Safeguards, Surroundings
from service.limits import Limits
from service.store.keys import LAYOUT
from service.store.memory import LaneMemory, MemoryStore
from service.wire.inputs import tick
from service.wire.lanes import lane_of
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.checker import Evidence, fates_of_redriven, violations
from tests.log_reader import Reader, Seen
from tests.memory_checker import Memory
from tests.simulation.accidents import FOREIGN, lose_keys
from tests.simulation.crm import MEMBERS_SOURCE, RECORDS_SOURCE, START_MS, Crm
from tests.simulation.gates import GatedStore, GatedTransport, Gates, Passage
from tests.simulation.process import Killed, Process
from tests.simulation.recount import unsettled
from tests.simulation.terms import known_terms
from tests.telling_checker import fates_of_news

ROUNDS_OF_THE_LOOP: Final = 4
"""So often the event loop goes round after a gate was opened; then whoever went through stands at the next."""
CHECKED_EVERY: Final = 400
HEALED_CHECKED_EVERY: Final = 4_000
"""So many steps lie between two looks at all that there is: while faults happen, and once nothing can be hidden by one
any more.
"""
HEALED_STEPS: Final = 40_000
"""Where no log record may be large, a snapshot alone takes thousands of them."""
QUIET_STEPS: Final = 200
ALL_SAFEGUARDS: Final = Safeguards()


@dataclass(frozen=True)
class Report:
    """What came of a run: the broken promises, and what happened on the way."""

    seed: int
    found: list[str]
    happened: Counter[str]


class Simulation:
    """A world with its faults, all drawn from the seed."""

    def __init__(self, seed: int, safeguards: Safeguards = ALL_SAFEGUARDS) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.safeguards = safeguards
        self.now_ms = START_MS
        self.topics = Topics.of()
        self.broker = MemoryBroker(lambda: self.now_ms, self.random.choice((1, 1, 2)), self._fault)
        self.store = MemoryStore()
        self.gates = Gates()
        self.crm = Crm(self.random, self.broker, self.topics)
        self.readers = {lane: Reader(lane) for lane in range(self.broker.lanes)}
        self.deleted: dict[int, list[BrokerRecord]] = {lane: [] for lane in range(self.broker.lanes)}
        self.processes: dict[int, Process] = {}
        self.current = 0
        self.buried: list[asyncio.Task[None]] = []
        self.step_number = 0
        self.is_faulty = True
        self.rate = self.random.choice((0.3, 1.0, 1.0, 3.0))
        self.backup: dict[int, LaneMemory] = {}
        self.happened: Counter[str] = Counter()
        self.limits = Limits(
            sweep_every_ms=self.random.choice((60_000, 3_600_000)),
            deleted_ms=60_000,
            untouched_ms=240_000,
            batch_max=self.random.choice((1, 5, 20)),
            timers_per_batch=self.random.choice((1, 3, 100)),
            switch_steps=self.random.choice((1, 3, 1_000)),
            poll_wait_ms=0,
            record_max_bytes=self.random.choice((6_000, 900_000)),
            snapshot_min_bytes=self.random.choice((3_000, 15_000, 10**9)),
            keep_ms=self.random.choice((0, 0, 600_000)),
        )

    async def run(self, steps: int, events: int) -> Report:
        """Let faults happen for so many steps, then heal and wait until all is done."""
        self.crm.prepare(events)
        found: list[str] = []
        for _ in range(steps):
            await self._step()
            self._act()
            if found := self._broken_so_far():
                break
        if not found:
            found = await self._heal()
        evidence = self.evidence()
        self.happened += fates_of_redriven(evidence) + fates_of_news(evidence.logs)
        await self._end()
        return Report(self.seed, found, self.happened)

    async def _heal(self) -> list[str]:
        """No more faults: everything that is sent must be decided, and come to rest."""
        self.is_faulty = False
        for process in self.processes.values():
            process.held_until = 0
        for late in list(self.broker.late):
            self.broker.land(late)
        unchanged, end, is_probed = 0, -1, False
        for _ in range(HEALED_STEPS):
            await self._step()
            if not self.crm.is_sent:
                self.crm.ingest(is_forgetful=False)
            if found := self._broken_so_far():
                return found
            now_end = sum(reader.last_offset for reader in self.readers.values())
            if self.crm.is_sent and not is_probed:
                self._probe()
                is_probed = True
            unchanged = unchanged + 1 if now_end == end and self.crm.is_sent and self._is_all_read() else 0
            end = now_end
            if unchanged == QUIET_STEPS:
                found = [*violations(self.evidence()), *self._overdue()]
                return found or await self._unsettled()
        running = [one for process in self.processes.values() for one in process.lanes.running.values()]
        problems = [(one.state, one.problem) for one in running]
        return [f"the lanes do not come to rest: {problems}", *violations(self.evidence())]

    def evidence(self) -> Evidence:
        """What this run has left behind so far."""
        lanes, names = range(self.broker.lanes), self.topics
        out = (names.assignments, names.notifications, names.workflow_actions, names.dead_letters)
        return Evidence(
            once=self.crm.positions(RECORDS_SOURCE),
            everywhere=self.crm.positions(MEMBERS_SOURCE),
            inputs={lane: self._seen(Place(self.topics.events, lane)) for lane in lanes},
            logs={
                lane: [
                    *(_seen(Place(self.topics.log, lane), record) for record in self.deleted[lane]),
                    *self._seen(Place(self.topics.log, lane)),
                ]
                for lane in lanes
            },
            outputs=[seen for topic in out for lane in lanes for seen in self._seen(Place(topic, lane))],
            memories={
                lane: Memory(
                    held.head.revision,
                    held.head.checksum,
                    held.head.building,
                    held.content,
                    held.generation or b"",
                    LAYOUT.kinds,
                )
                for lane, held in self.store.lanes.items()
            },
            log_begins={lane: self.broker.partitions[Place(self.topics.log, lane)].begin for lane in lanes},
            terms=known_terms(self.crm.versions),
        )

    def _overdue(self) -> list[str]:
        """Timers that should have gone off by their lane's clock."""
        return [
            f"lane {lane}: {name} was due at {due[0]}, and it is {reader.clock}"
            for lane, reader in self.readers.items()
            for name, due in reader.content.get("timer", {}).items()
            if due[0] <= reader.clock
        ]

    async def _unsettled(self) -> list[str]:
        """What the memories say by the newest configurations, at each lane's clock."""
        newest = {division: versions[-1] for division, versions in self.crm.versions.items()}
        return await unsettled(self.store, newest, self.readers)

    def _probe(self) -> None:
        """An idle lane does not look at its memory; one more input makes it notice what happened to it."""
        for lane in self.readers:
            self.broker.write(Place(self.topics.events, lane), [Message("", b"", tick())])

    async def _step(self) -> None:
        """Open one gate and let whoever went through come to the next one."""
        self.step_number += 1
        self.now_ms += self.random.randrange(20)
        open_to = [gate for gate in self.gates.waiting if self.processes[gate.process].held_until <= self.step_number]
        if self.current not in self.processes:
            self._start_process()
        elif open_to:
            self.gates.open(self.random.choice(open_to))
        for _ in range(ROUNDS_OF_THE_LOOP):
            await asyncio.sleep(0)
        for process in self.processes.values():
            started = (one.task for one in process.lanes.running.values() if one.task is not None)
            process.tasks.update(dict.fromkeys(started))
        for process in [process for process in self.processes.values() if process.is_dead]:
            self._bury(process)

    def _start_process(self) -> None:
        number = self.current = self.current + 1
        passage = Passage(self.gates, number, lambda: self._happens("memory_unreachable", 0.002))

        def make(lane: int) -> Lane:
            return Lane(
                lane,
                GatedTransport(
                    MemoryTransport(self.broker, lane, self.topics), passage, lambda before: self._keep(lane, before)
                ),
                GatedStore(self.store, passage),
                self._surroundings(number, lane),
                self.limits,
            )

        async def still_ours(lane: int) -> bool:
            await self.gates.wait(number, "ask the group")
            return self.current == number

        async def pause(attempt: int) -> None:
            await self.gates.wait(number, "pause")

        process = self.processes[number] = Process(number, Lanes(make, still_ours, pause))
        process.lanes.assign(range(self.broker.lanes))
        self.happened["process_started"] += 1

    def _surroundings(self, number: int, lane: int) -> Surroundings:
        def configs() -> Mapping[str, Config]:
            """The versions that this process has heard of; it hears of them with a delay."""
            heard = self.processes[number].read_versions
            found = {}
            for division, versions in self.crm.versions.items():
                if lane_of(division, self.broker.lanes) == lane:
                    known = heard.get(division, 1)
                    if known < len(versions) and (not self.is_faulty or self.random.random() < 0.1):
                        known += 1
                    heard[division] = known
                    found[division] = versions[known - 1]
            return found

        async def configured(division: str, version: int) -> Config:
            return self.crm.versions[division][version - 1]

        def step(name: str) -> None:
            process = self.processes[number]
            self.happened[f"step_{name}"] += 1
            if process.is_dead:
                raise Killed
            if self._happens(f"killed_at_{name}", 0.006 if name != "chunk_written" else 0.001):
                process.is_dead = True
                raise Killed

        return Surroundings(
            f"process-{number}",
            self.topics,
            configs,
            configured,
            lambda: self.now_ms,
            step,
            safeguards=self.safeguards,
        )

    def _act(self) -> None:
        """Events and faults between two steps."""
        if self.random.random() < 0.03:
            self.crm.ingest(is_forgetful=True)
        if self.random.random() < 0.06 and (word := self.crm.answer()):
            self.happened[word] += 1
        if self.random.random() < 0.03 and (word := self.crm.fulfil()):
            self.happened[word] += 1
        if self._happens("configuration", 0.006):
            self.crm.publish_configuration(self.random.choice(list(self.crm.versions)))
        if self._happens("poison", 0.004):
            self.crm.poison()
        if self._happens("redrive", 0.03):
            self.crm.redrive()
        self._act_on_time()
        self._act_on_memory()
        self._act_on_topics()
        self._act_on_processes()
        if self.broker.late and self._happens("late_landed", 0.03):
            self.broker.land(self.random.choice(self.broker.late))

    def _act_on_time(self) -> None:
        if self._happens("minutes_passed", 0.01):
            self.now_ms += self.random.randrange(180_000)
        if self._happens("hours_passed", 0.0005):
            self.now_ms += self.random.randrange(36_000_000)
        if self._happens("clock_turned_back", 0.002):
            self.now_ms -= self.random.randrange(60_000)

    def _act_on_memory(self) -> None:
        if self._happens("memory_saved", 0.01):
            self.backup = copy.deepcopy(self.store.lanes)
        if self._happens("memory_restored", 0.002):
            self.store.lanes = copy.deepcopy(self.backup)
        if self._happens("memory_flushed", 0.002):
            self.store.lanes.clear()
        if self.store.lanes and self._happens("memory_part_lost", 0.008):
            older = self.random.choice([*self.backup.values(), LaneMemory()])
            lose_keys(self.random, self.random.choice(list(self.store.lanes.values())), older)

    def _act_on_topics(self) -> None:
        """Somebody else writes into a lane's log."""
        if self._happens("foreign_record", 0.01):
            lane = self.random.randrange(self.broker.lanes)
            self.broker.write(Place(self.topics.log, lane), [Message("", b"", self.random.choice(FOREIGN))])

    def _act_on_processes(self) -> None:
        living = list(self.processes.values())
        if len(living) > 1 and self._happens("zombie_held_longer", 0.01):
            self.random.choice(living).held_until = self.step_number + self.random.randrange(400)
        if not living:
            return
        if self._happens("killed_anywhere", 0.002):
            self._bury(self.random.choice(living))
        if len(living) < 4 and self._happens("lanes_moved", 0.004):
            if self.random.random() < 0.7:
                living[-1].held_until = self.step_number + self.random.randrange(300)
            elif self.random.random() < 0.5:
                living[-1].tasks[asyncio.create_task(living[-1].lanes.stop())] = None
            self._start_process()

    def _happens(self, name: str, probability: float) -> bool:
        if self.is_faulty and self.random.random() < probability * self.rate:
            self.happened[name] += 1
            return True
        return False

    def _fault(self, operation: Operation, topic: str) -> Fault | None:
        if self._happens(f"{operation}_lost", 0.08 if operation == "publish" else 0.01):  # there are far more appends
            return self.random.choice(list(Fault))
        return None

    def _keep(self, lane: int, before: int) -> None:
        """Keep a copy of what is deleted from a log."""
        partition = self.broker.partitions[Place(self.topics.log, lane)]
        if partition.begin < before <= partition.end:
            self.deleted[lane] += partition.records[: before - partition.begin]
            self.happened["log_truncated"] += 1

    def _bury(self, process: Process) -> None:
        for task in process.tasks:
            task.cancel()
        self.buried += process.tasks
        self.gates.forget(process.number)
        del self.processes[process.number]

    def _broken_so_far(self) -> list[str]:
        """What the new records of the logs break, and, now and then, everything else that is known by now."""
        found = []
        for lane, reader in self.readers.items():
            partition = self.broker.partitions[Place(self.topics.log, lane)]
            if partition.end > reader.last_offset + 1:
                for record in partition.slice(reader.last_offset + 1, partition.end):
                    reader.read(record.offset, record.value)
            found += reader.found
        for process in self.processes.values():
            found += [
                f"lane {number} halted: {one.problem}"
                for number, one in process.lanes.running.items()
                if one.state == "halted"
            ]
            found += [f"process {process.number}: {trouble.what}" for trouble in process.lanes.supervisor.troubles()]
            found += process.bugs_met()
        if not found and self.step_number % (CHECKED_EVERY if self.is_faulty else HEALED_CHECKED_EVERY) == 0:
            found = violations(self.evidence(), is_finished=False)
        return found

    def _is_all_read(self) -> bool:
        ends = {lane: self.broker.partitions[Place(self.topics.events, lane)].end for lane in self.readers}
        return all(reader.place[0] == ends[lane] for lane, reader in self.readers.items())

    def _seen(self, place: Place) -> list[Seen]:
        return [_seen(place, record) for record in self.broker.partitions[place].records]

    async def _end(self) -> None:
        for process in list(self.processes.values()):
            self._bury(process)
        await asyncio.gather(*self.buried, return_exceptions=True)


def _seen(place: Place, record: BrokerRecord) -> Seen:
    return Seen(place.topic, place.partition, record.offset, record.key, record.value, record.headers, record.time_ms)


def simulate(seed: int, safeguards: Safeguards = ALL_SAFEGUARDS, *, steps: int = 1_500, events: int = 120) -> Report:
    """Run one seed from beginning to end."""
    return asyncio.run(Simulation(seed, safeguards).run(steps, events))
