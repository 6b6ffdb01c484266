"""The reading of sources on a real broker, without lanes: what a source held, and what reached the lanes' topic."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.record.util import calc_crc32c

from service.app import frame
from service.app.group import LaneGroup
from service.app.intake import Intake
from service.app.sources import prepare_positions, unknown_topics
from service.config.history import sources_record
from service.config.sources import FIRST_EPOCH, Agreed, Sources
from service.ingest import Ingest, Reading
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.kafka.reading import read_topic
from service.kafka.topics import create, read_wanted
from service.lane.surroundings import no_step
from service.settings import IngestSettings, KafkaSettings, Settings
from service.wire.inputs import LaneInput, read_input
from service.wire.messages import Position, RawRecord
from service.wire.topics import Topics
from tests.cli.running import lead
from tests.sources.topics import make

LANES: Final = 2
PARTITIONS: Final = 4
SECONDS: Final = 30.0
BATCH_BYTES: Final = 20_000_000
"""What a batch may have before it is compressed."""
CRC_AT: Final = 17
CHECKED_FROM: Final = 21
"""Where a record batch has its checksum, and what it covers."""
LENGTH_AT: Final = 8
COUNTED_FROM: Final = 12
"""Where a record batch has its length, and what that counts."""
REST: Final = b"what follows"
"""Behind the end of a compressed stream. Java's reader stops there; Python's takes it for a broken stream."""
HEADER: Final = "a-name-that-can-be-read"


@dataclass
class World:
    """Topics of one test, and whoever reads them. The lanes' topic has `partitions`; `step` is ingest's.

    `hear` stands for hearing what was agreed on; none: it is read from the topic.
    """

    connection: KafkaConnection
    topics: Topics
    lanes: int = LANES
    partitions: int = LANES
    step: Callable[[str], None] = no_step
    hear: Callable[[], Awaitable[None]] | None = None
    intake: Intake = field(init=False)
    feed: ConfigurationFeed = field(init=False)
    member: Any = field(init=False)

    @property
    def source(self) -> str:
        return self.topics.sources[0]

    @property
    def group(self) -> str:
        return f"{self.topics.prefix}group.ingest"

    async def make_topics(self) -> None:
        for source in self.topics.sources:
            await make(self.connection, source, PARTITIONS)
        await create(self.connection, read_wanted(self.topics, self.partitions, 1))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Intake]:
        """A process's part that reads the sources, as the process runs it."""
        settings = Settings(
            kafka=KafkaSettings(group=f"{self.topics.prefix}group", lanes=self.lanes), ingest=IngestSettings()
        )
        self.feed = ConfigurationFeed(self.connection, self.topics.config)
        publisher = Publisher(self.connection)
        ingest = Ingest(Reading(self.topics, self.lanes), publisher, self.step)
        state = self.feed.history.source_state
        self.intake = Intake(
            ingest,
            500,
            lambda: state,
            soon,
            self.hear or self.feed.read_up,
            unpacked_limit_bytes=self.connection.unpacked_limit_bytes,
        )
        listeners = frame.Listeners(self.intake, LaneGroup(self.topics.events))

        async def prepare() -> None:
            await self.feed.start()
            if state.current is None:
                await self.feed.publish([sources_record(Sources(FIRST_EPOCH, "division", self.lanes))])
            found = await prepare_positions(self.connection, self.group, self.topics.sources, state)
            await self.feed.publish([sources_record(topic) for topic in unknown_topics(state, found)])
            ingest.reading = Reading(self.topics, self.lanes, topic_epochs=state.topic_epochs)

        broker = frame.PatientBroker(self.connection, prepare)
        self.member = frame.subscribe(broker, self.connection, self.topics, settings, listeners).member
        await broker.start()
        tasks = [asyncio.create_task(self.intake.run()), asyncio.create_task(self.feed.follow())]
        try:
            yield self.intake
        finally:
            await self.intake.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await broker.stop()
            await publisher.close()
            await self.feed.stop()

    async def agree(self, content: Agreed) -> None:
        """Somebody else writes what is agreed on, and whoever reads has heard of it."""
        other = ConfigurationFeed(self.connection, self.topics.config)
        try:
            await other.start()
            await other.publish([sources_record(content)])
        finally:
            await other.stop()
        await self.feed.read_up()

    async def send(
        self,
        partition: int,
        names: Sequence[str],
        spoil: int | None = None,
        breaks: bool = False,
        padding_bytes: int = 0,
        **options: Any,
    ) -> None:
        """Write leads to a partition as one batch, each with so much white space behind it.

        `spoil`: the one whose header has a name that is not UTF-8. `breaks`: the compressed stream is broken.
        """
        options |= {"max_batch_size": BATCH_BYTES, "max_request_size": BATCH_BYTES}
        producer = AIOKafkaProducer(**self.connection.client_options(), **options)
        await producer.start()
        try:
            if options.get("transactional_id"):
                await producer.begin_transaction()
            batch = producer.create_batch()
            for number, name in enumerate(names):
                headers = [(HEADER, b"x")] if number == spoil else []
                batch.append(timestamp=None, key=b"k", value=lead(name).value + b" " * padding_bytes, headers=headers)
            if spoil is not None:
                spoilt(batch)
            if breaks:
                broken(batch)
            await (await producer.send_batch(batch, self.source, partition=partition))
        finally:
            await producer.stop()

    async def transaction(self, partition: int, names: Sequence[str], *, commits: bool) -> None:
        """Write leads in a transaction of their own, and end it."""
        producer = AIOKafkaProducer(**self.connection.client_options(), transactional_id=f"{self.source}-{names[0]}")
        await producer.start()
        try:
            await producer.begin_transaction()
            for name in names:
                await producer.send_and_wait(self.source, lead(name).value, partition=partition)
            await (producer.commit_transaction() if commits else producer.abort_transaction())
        finally:
            await producer.stop()

    async def arrived(self) -> dict[str, list[Position]]:
        """The leads that reached the lanes, each with the source positions it came from."""
        found: dict[str, list[Position]] = {}
        async for record in read_topic(self.connection, self.topics.events):
            read = read_input(record.value or b"")
            assert isinstance(read, LaneInput)
            found.setdefault(read.event.record, []).append(read.position)  # type: ignore[union-attr]  # leads only
        return found

    async def arrive(self, names: Sequence[str]) -> dict[str, list[Position]]:
        """Wait until all these leads have arrived; all that have."""
        wanted = {f"lead/{name}" for name in names}
        async with asyncio.timeout(SECONDS):
            while not wanted <= (found := await self.arrived()).keys():
                pass
        return found

    async def problem(self, words: str) -> str:
        """Wait until a problem with these words is told."""
        async with asyncio.timeout(SECONDS):
            while True:
                for problem in (*self.intake.problems(), self.intake.ingest.problem):
                    if words in problem:
                        return problem
                await self.arrived()

    async def no_problem(self) -> None:
        """Wait until nothing is wrong."""
        async with asyncio.timeout(SECONDS):
            while self.intake.problems() or self.intake.ingest.problem:
                await self.arrived()

    async def dead_letters(self) -> list[RawRecord]:
        return [record async for record in read_topic(self.connection, self.topics.dead_letters)]

    async def commit(self, partition: int, offset: int) -> None:
        """Let the group be there, whatever the partition holds."""
        consumer = AIOKafkaConsumer(**(self.connection.consumer_options() | {"group_id": self.group}))
        await consumer.start()
        try:
            place = TopicPartition(self.source, partition)
            consumer.assign([place])
            await consumer.commit({place: offset})
        finally:
            await consumer.stop()

    async def committed(self, partition: int) -> int | None:
        """Where the group is."""
        consumer = AIOKafkaConsumer(**(self.connection.consumer_options() | {"group_id": self.group}))
        await consumer.start()
        try:
            offset: int | None = await consumer.committed(TopicPartition(self.source, partition))
            return offset
        finally:
            await consumer.stop()


async def soon(attempt: int) -> None:
    """Try again without much ado."""
    await asyncio.sleep(0)


def spoilt(batch: Any) -> None:
    """Let a batch go out with a header name that no reader of UTF-8 can read, under a checksum that is right."""
    build = batch._build

    def rebuild() -> bytearray:
        content: bytearray = build()
        place = content.find(HEADER.encode())
        if place >= 0:  # a batch that is sent again is spoilt already
            content[place : place + 2] = b"\xff\xfe"
            struct.pack_into(">I", content, CRC_AT, calc_crc32c(bytes(content[CHECKED_FROM:])))
        return content

    batch._build = rebuild


def broken(batch: Any) -> None:
    """Let a compressed batch go out with bytes behind its end, under a length and a checksum that are right."""
    build = batch._build

    def rebuild() -> bytearray:
        content: bytearray = build()
        if not content.endswith(REST):  # a batch that is sent again is spoilt already
            content += REST
            struct.pack_into(">i", content, LENGTH_AT, len(content) - COUNTED_FROM)
            struct.pack_into(">I", content, CRC_AT, calc_crc32c(bytes(content[CHECKED_FROM:])))
        return content

    batch._build = rebuild
