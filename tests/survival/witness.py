"""Who sees everything: reads our topics while a run is going on, and sources and memory when it comes to rest.

The lanes delete the beginning of their log, so the witness reads along. What it saw becomes the checker's evidence.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from redis import Redis

from service.kafka.connection import KafkaConnection, let_go
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.checker import PASSED_REASON, Evidence, Strange, passed_positions
from tests.log_reader import DEAD_LETTER_REASON, NOTHING_FOLDED, Reader, Seen, header, read_record
from tests.memory_checker import MARK, Memory
from tests.survival.ledger import Ledger
from tests.survival.terms import published_terms

POLL_MS: Final = 100
ASKED_LATELY: Final = 100
"""So many of the latest actions that workflows asked for are at hand for whoever answers them."""
ACTION: Final = "workflow.action_requested.v1"


class Witness:
    """Reads logs, inputs and outputs from their beginning, for as long as it is open."""

    def __init__(self, connection: KafkaConnection, topics: Topics, lanes: int, redis_port: int) -> None:
        self.topics = topics
        self.lanes = range(lanes)
        self.logs: dict[int, list[Seen]] = {lane: [] for lane in self.lanes}
        self.inputs: dict[int, list[Seen]] = {lane: [] for lane in self.lanes}
        self.outputs: list[Seen] = []
        self.readers: dict[int, Reader] = {lane: Reader(lane) for lane in self.lanes}
        self.owners: dict[int, str] = {}
        self.refused: set[str] = set()
        self.passing: list[Seen] = []
        self.asked: deque[Message] = deque(maxlen=ASKED_LATELY)
        self.strange: set[Strange] = set()
        self.is_mixed = False
        self.ledger = Ledger(connection, topics)
        self._redis_port = redis_port
        self._connection = connection
        self._looked_at = 0
        self._undecided: list[str] = []
        self._consumer = AIOKafkaConsumer(**connection.consumer_options())
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to read."""
        await self._consumer.start()
        await self.ledger.open()
        names = (self.topics.log, self.topics.events, *self._output_topics)
        self._read_from({place: 0 for name in names for place in await self._partitions(name)})

    async def close(self) -> None:
        """Stop reading."""
        await self._pause()
        await let_go(self._consumer.stop())
        await self.ledger.close()

    async def look_away(self, topic: str) -> None:
        """The topic is going to be deleted. All of it must have been read; the others are read on."""
        await self._pause()
        self._read_from(
            {
                place: await self._consumer.position(place)
                for place in self._consumer.assignment()
                if place.topic != topic
            }
        )

    async def look_again(self, topic: str) -> None:
        """The topic is there again, with nothing in it."""
        await self._pause()
        others = {place: await self._consumer.position(place) for place in self._consumer.assignment()}
        self._read_from(others | dict.fromkeys(await self._partitions(topic), 0))

    async def is_up_to_date(self) -> bool:
        """Whether all that the topics hold now has been read."""
        self._see_to_it()
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        return all([await self._consumer.position(place) == end for place, end in ends.items()])

    async def unanswered(self) -> list[str]:
        """What is not done yet: events without an outcome, inputs in front of which a lane stands, and where there is
        nothing of it, memories that are behind.
        """
        self._see_to_it()
        await self.ledger.read_on()
        new, self._looked_at = self.ledger.records[self._looked_at :], len(self.ledger.records)
        decided = [self.refused, *(reader.decided for reader in self.readers.values())]
        self._undecided = [each for each in (*self._undecided, *new) if not any(each in known for known in decided)]
        left = [*self._undecided, *self.unpassed()]
        for lane, reader in self.readers.items():
            left += [f"lane {lane}: {source}" for source in self.ledger.members if source not in reader.decided]
            behind = len(self.inputs[lane]) - reader.place[0]
            if behind > 0:
                left.append(f"lane {lane}: {behind} inputs")
        if left:
            return left
        for lane, reader in self.readers.items():
            memory = await asyncio.to_thread(self.memory, lane)
            if memory.is_building or memory.revision != reader.last_batch:
                left.append(f"lane {lane}: the memory is at {memory.revision}, the log at {reader.last_batch}")
        return left

    def unpassed(self) -> list[str]:
        """Positions that cannot be read, as far as the ledger knows them, and that no dead letter passes."""
        passed = passed_positions(self.passing)
        return [position for position in self.ledger.unreadable if position not in passed]

    async def log_begins(self) -> dict[int, int]:
        """Where the logs begin now."""
        begins = await self._consumer.beginning_offsets(await self._partitions(self.topics.log))
        return {place.partition: begin for place, begin in begins.items()}

    async def evidence(self) -> Evidence:
        """Everything the run left behind. Ask when it is over and all is read."""
        await self.ledger.read_on()
        return Evidence(
            once=self.ledger.records,
            everywhere=self.ledger.members,
            unreadable=self.ledger.unreadable,
            strange=self.strange,
            inputs=self.inputs,
            logs=self.logs,
            outputs=self.outputs,
            memories={lane: await asyncio.to_thread(self.memory, lane) for lane in self.lanes},
            log_begins=await self.log_begins(),
            terms=await published_terms(self._connection, self.topics.config, is_mixed=self.is_mixed),
        )

    def kinds_of_outcomes(self) -> set[str]:
        """What the logs say became of events: `assigned`, `dropped`, …"""
        records = [read_record(seen.value) for log in self.logs.values() for seen in log]
        return {line[2] for record in records if record and record["kind"] == "batch" for line in record["outcomes"]}

    def memory(self, lane: int) -> Memory:
        """A lane's memory as it lies in Redis. A key of another type than ours is one that is not there."""
        with Redis(port=self._redis_port) as client:
            start = f"fairlead{{lane-{lane}}}:"
            names = sorted(client.scan_iter(match=f"{start}*", count=5_000))
            with client.pipeline() as pipeline:
                for name in names:
                    pipeline.hgetall(name)
                found = {
                    name.decode().removeprefix(start): fields
                    for name, fields in zip(names, pipeline.execute(raise_on_error=False), strict=True)
                    if isinstance(fields, dict)
                }
        head = found.pop("head", {})
        return Memory(
            int(head.get(b"revision") or NOTHING_FOLDED),
            head.get(b"checksum", b"").decode(),
            b"building" in head,
            {key: {name.decode(): value for name, value in fields.items()} for key, fields in found.items()},
            head.get(MARK.encode(), b""),
            json.loads(head.get(b"layout") or b"{}").get("kinds", {}),
        )

    @property
    def _output_topics(self) -> tuple[str, ...]:
        topics = self.topics
        return topics.assignments, topics.notifications, topics.workflow_actions, topics.dead_letters

    def _see_to_it(self) -> None:
        """A witness who was overtaken by the deletion of a log has seen nothing since."""
        if self._task is not None and self._task.done():
            self._task.result()

    def _read_from(self, places: Mapping[TopicPartition, int]) -> None:
        self._consumer.assign(list(places))
        for place, offset in places.items():
            self._consumer.seek(place, offset)
        self._task = asyncio.create_task(self._read())

    async def _pause(self) -> None:
        """Between two reads: nothing that was taken out is lost."""
        self._see_to_it()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._task = None

    async def _read(self) -> None:
        while True:
            pages: Mapping[TopicPartition, Sequence[ConsumerRecord]] = await self._consumer.getmany(timeout_ms=POLL_MS)
            for place, page in pages.items():
                for record in page:
                    self._note(place, record)

    def _note(self, place: TopicPartition, record: ConsumerRecord) -> None:
        seen = Seen(place.topic, place.partition, record.offset, record.key, record.value or b"", tuple(record.headers))
        if place.topic == self.topics.log:
            self._note_log(seen)
        elif place.topic == self.topics.events:
            self.inputs[place.partition].append(seen)
        else:
            self.outputs.append(seen)
            if place.topic == self.topics.workflow_actions and header(seen, "ce_type") == ACTION:
                self.asked.append(Message(seen.topic, seen.key or b"", seen.value, seen.headers))
            reason = header(seen, DEAD_LETTER_REASON)
            if reason == PASSED_REASON:
                self.passing.append(seen)
            elif reason:
                self.refused.add(str(seen.key or b"", "utf-8"))

    def _note_log(self, seen: Seen) -> None:
        self.logs[seen.partition].append(seen)
        self.readers[seen.partition].read(seen.offset, seen.value)
        claim = read_record(seen.value) if b'"claim"' in seen.value else None
        if claim is not None and claim["kind"] == "claim":
            self.owners[seen.partition] = claim["owner"]

    async def _partitions(self, topic: str) -> list[TopicPartition]:
        await self._consumer._client.add_topic(topic)
        return [TopicPartition(topic, number) for number in sorted(self._consumer.partitions_for_topic(topic))]
