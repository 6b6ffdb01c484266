"""Follow the configuration topic: one history of versions, the same for every process that reads it.

Reads from the beginning with a consumer of its own. Compiled configurations are kept, because a lane asks for them
with every batch. A version that this release cannot compile (it was made for a newer one) is told and passed over: the
one before stays in use, and the next one takes its place. Nothing else is passed over: following may be begun again at
any moment, and goes on behind the last record that was folded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from service.config.compiler import from_wire
from service.config.history import History, Record, Sources, Version
from service.config.problems import ConfigurationError
from service.config.sources import Skip, SourceTopic
from service.core.configuration import Config
from service.kafka.connection import KafkaConnection, let_go
from service.kafka.partitions import Place
from service.kafka.port import Message
from service.kafka.publisher import Publisher

log = structlog.get_logger(__name__)

POLL_MS: Final = 250
RETRY_SECONDS: Final = 1.0
GONE: Final = (
    "it did not hold what comes next: it was made anew, or lost records. Nothing is read of it any more: bring its "
    "records back or publish the configuration again, and start all processes again"
)
TOLD_CHARACTERS: Final = 300
"""So much is told of why a version cannot be used."""


class ConfigurationFeed:
    """The configuration topic as this process knows it. `history` grows while `follow` runs.

    `problem` says why the topic cannot be read now; `unusable` per division why its newest version cannot be used.
    """

    def __init__(self, connection: KafkaConnection, topic: str) -> None:
        self.history = History()
        self.problem = ""
        self.unusable: dict[str, str] = {}
        self._next = 0
        self._connection = connection
        self._partition = TopicPartition(topic, 0)
        self._compiled: dict[tuple[str, int], Config] = {}
        self._latest: dict[str, Config] = {}
        self._grown = asyncio.Condition()
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Read all that is there now. Raises `KafkaError`."""
        if self._consumer is None:
            consumer = AIOKafkaConsumer(**self._connection.consumer_options())
            await consumer.start()
            consumer.assign([self._partition])
            begin = await consumer.beginning_offsets([self._partition])
            self._next = begin[self._partition]
            self._consumer = consumer
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read to the end as it is now. Raises `KafkaError`."""
        consumer = self._started()
        consumer.seek(self._partition, self._next)
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        while await consumer.position(self._partition) < end:
            await self._read(consumer)

    async def follow(self) -> None:
        """Read what comes, for ever. What keeps it from reading stands in `problem`.

        A topic that has lost records is read no further: what it holds later does not follow on what is known here.
        """
        consumer = self._started()
        consumer.seek(self._partition, self._next)
        while True:
            try:
                await self._read(consumer)
            except OffsetOutOfRangeError as error:
                self.problem = GONE
                log.error("configuration.lost", error=repr(error), why=GONE)
                await asyncio.Event().wait()
            except KafkaError as error:
                self.problem = repr(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.problem = ""

    async def backlog(self) -> int:
        """How many records of the topic are still to be read. Raises `KafkaError`."""
        consumer = self._started()
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        return max(0, int(end) - int(await consumer.position(self._partition)))

    async def stop(self) -> None:
        """Let go of the connection, whether or not the broker answers."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await let_go(consumer.stop())
            await let_go(consumer._client.close())  # noqa: SLF001  # a `stop` that gave up halfway left it open

    async def publish(self, records: Iterable[Record]) -> None:
        """Write proposals and read to the end, so that the history says what became of them. Raises `Lost`."""
        publisher = Publisher(self._connection)
        try:
            messages = [Message(self._partition.topic, record.key, record.value) for record in records]
            if messages:
                await publisher.append(Place(*self._partition), messages)
        finally:
            await publisher.close()
        await self.catch_up()

    def latest(self) -> Mapping[str, Config]:
        """The valid configuration of every division."""
        return self._latest

    async def configured(self, division: str, version: int) -> Config:
        """One version of a division's configuration, as soon as it has been read."""
        async with self._grown:
            await self._grown.wait_for(lambda: (division, version) in self._compiled)
        return self._compiled[division, version]

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        pages = await consumer.getmany(timeout_ms=POLL_MS)
        for record in (record for page in pages.values() for record in page):
            await self._fold(record.value or b"")
            self._next = record.offset + 1

    async def _fold(self, value: bytes) -> None:
        match self.history.fold(value):
            case Version(division, number, content_hash, document):
                try:
                    config = from_wire(document, number)
                except ConfigurationError as error:
                    self.unusable[division] = f"version {number}: {error}"[:TOLD_CHARACTERS]
                    log.error("configuration.refused", division=division, version=number, why=self.unusable[division])
                    return
                async with self._grown:
                    self._compiled[division, number] = self._latest[division] = config
                    self._grown.notify_all()
                self.unusable.pop(division, None)
                log.info("configuration.read", division=division, version=number, label=content_hash)
            case Sources(epoch, attribute, lanes):
                log.info("sources.read", epoch=epoch, division_attribute=attribute, lanes=lanes)
            case SourceTopic(name, identity, epoch):
                log.info("topic.known", topic=name, identity=identity, epoch=epoch)
            case Skip(_, topic, partition, start, stop):
                log.info("skip.read", partition=f"{topic}/{partition}", start=start, stop=stop)
            case None:
                log.warning("configuration.ignored", why="it does not follow on the valid version")

    def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("start the feed first")
        return self._consumer
