"""Follow the configuration topic: one history of versions, the same for every process that reads it.

Reads from the beginning with a consumer of its own. Of each division the newest version that this release can compile
is kept compiled, because lanes ask for it with every batch; whatever else somebody names is read again at its offset
and compiled for them alone, so neither a start nor the memory depends on how many versions there ever were.

A version that cannot be compiled (it was made for a newer release) is told and passed over: the one before stays in
use, and the next one takes its place, also for a lane whose log names it. What is none of ours is told once with its
position; what says once more what is in force is not, for processes that begin at one moment do that. Nothing else is
passed over: following may be begun again at any moment, and goes on behind the last record that was folded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from service.config.compiler import from_wire
from service.config.history import History, Ignored, Proposal, Version, document_of
from service.config.problems import ConfigurationError
from service.config.sources import AgreedLevel, Loss, Skip, Sources, SourceTopic
from service.core.configuration import Config
from service.kafka.connection import KafkaConnection, let_go
from service.kafka.partitions import Place
from service.kafka.port import BrokerUnreachable
from service.kafka.publisher import Publisher
from service.kafka.reading import NoSuchTopic, read_some, tell_broken
from service.kafka.topic_identity import identities
from service.kafka.unpacking import read_pages
from service.noticed import Noticed
from service.telemetry.metrics import METERS
from service.wire.messages import Message

log = structlog.get_logger(__name__)

POLL_MS: Final = 2_000
"""A read without records ends after so long. A record that comes ends it at once."""
RETRY_SECONDS: Final = 1.0
GONE: Final = (
    "it did not hold what comes next: it was made anew, or lost records. Nothing is read of it any more: bring its "
    "records back or publish the configuration again, and start all processes again"
)
TOLD_CHARACTERS: Final = 300
"""So much is told of why a version cannot be used."""
PAGE_VERSIONS: Final = 10
"""So many documents are read in one go where the newest versions cannot be used: each may have two megabytes."""


class Unusable(NamedTuple):
    """Why this release cannot use a version."""

    why: str


class ConfigurationFeed:
    """The configuration topic as this process knows it. `history` grows while `follow` runs.

    `problem` says why the topic cannot be read now; `unusable` per division why its newest version cannot be used.
    """

    def __init__(self, connection: KafkaConnection, topic: str) -> None:
        self.history = History()
        self.problem = ""
        self.unusable: dict[str, str] = {}
        self.noticed = Noticed(lambda: time.time_ns() // 1_000_000)
        self._next = 0
        self._known = ""
        self._is_another = False
        self._is_read_to = 0
        self._connection = connection
        self._partition = TopicPartition(topic, 0)
        self._latest: dict[str, Config] = {}
        self._uncompiled: set[str] = set()
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
            self._known = await self._identity(consumer)
            self._consumer = consumer
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read to the end as it is now, then compile what is newest. Raises `KafkaError`."""
        consumer = self._started()
        consumer.seek(self._partition, self._next)
        end = await self._end(consumer)
        while await consumer.position(self._partition) < end:
            await self._read(consumer)
        await self._compile_newest()

    async def follow(self) -> None:
        """Read what comes, for ever. What keeps it from reading stands in `problem`.

        A topic that has lost records is read no further: what it holds later does not follow on what is known here.
        """
        consumer = self._started()
        consumer.seek(self._partition, self._next)
        while True:
            if self._is_another:
                await asyncio.Event().wait()
            try:
                await self._compile_newest()
                async with self._grown:
                    self._is_read_to = int(await consumer.position(self._partition))
                    self._grown.notify_all()
                await self._read(consumer)
            except OffsetOutOfRangeError as error:
                self.problem = GONE
                log.error("configuration.lost", error=repr(error), why=GONE)
                await asyncio.Event().wait()
            except (KafkaError, NoSuchTopic, OSError) as error:
                self.problem = repr(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.problem = GONE if self._is_another else ""

    async def read_up(self) -> None:
        """Wait until `follow` has read and compiled all that the topic holds now. Raises `BrokerUnreachable`."""
        with _reaching():
            end = await self._end(self._started())
        async with self._grown:
            await self._grown.wait_for(lambda: self._is_read_to >= end)

    @property
    def is_lost(self) -> bool:
        """Whether nothing is read of the topic any more: it was made anew, or lost records."""
        return self.problem == GONE

    async def backlog(self) -> int:
        """How many records of the topic are still to be read. Raises `KafkaError`.

        Looks whether it is still the topic that was read: one that was made anew and has grown since looks like it.
        """
        consumer = self._started()
        found = await self._identity(consumer)
        self._is_another = self._is_another or bool(self._known and found and found != self._known)
        if self._is_another and self.problem != GONE:
            self.problem = GONE
            log.error("configuration.lost", error="it has another identity", why=GONE)
        return max(0, await self._end(consumer) - int(await consumer.position(self._partition)))

    async def stop(self) -> None:
        """Let go of the connection, whether or not the broker answers."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await let_go(consumer.stop())
            await let_go(consumer._client.close())  # noqa: SLF001  # a `stop` that gave up halfway left it open

    async def publish(self, records: Iterable[Proposal]) -> None:
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
        """Of every division the newest configuration that this release can use."""
        return self._latest

    async def configured(self, division: str, version: int) -> Config:
        """One version of a division's configuration, as soon as it has been read.

        Where it cannot be used it is the next that can: whoever asks for one that was replaced goes over to that
        before anything else. Raises `BrokerUnreachable`.
        """
        while True:
            with _reaching():
                found = await self.version(division, version)
            newest = self._latest.get(division)
            if isinstance(found, Config):
                return found
            if newest is not None and newest.version > version:
                return newest
            async with self._grown:
                await self._grown.wait_for(partial(self._is_replaced, division, newest))

    async def version(self, division: str, number: int) -> Config | Unusable:
        """One version of a division's configuration as it is now known; nothing is waited for. Raises `KafkaError`."""
        newest = self._latest.get(division)
        if newest is not None and newest.version == number:
            return newest
        known = self.history.get(division, number)
        if known is None:
            return Unusable("it was never published")
        document = (await self.documents([known])).get(number)
        return Unusable("the topic does not hold it any more") if document is None else compiled(document, number)

    async def documents(self, versions: Iterable[Version]) -> dict[int, bytes]:
        """The documents of some versions of one division, by number; absent: the topic does not hold it any more.

        Raises `KafkaError`.
        """
        found: dict[int, bytes] = {}
        elsewhere: dict[int, int] = {}
        for version in versions:
            newest, document = self.history.latest(version.division), self.history.document(version.division)
            if version == newest and document is not None:
                found[version.number] = document
            else:
                elsewhere[version.offset] = version.number
        if elsewhere:
            read = await read_some(self._connection, Place(*self._partition), elsewhere)
            for offset, record in read.items():
                if (document := document_of(record.value or b"")) is not None:
                    found[elsewhere[offset]] = document
        return found

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        limit_bytes = self._connection.unpacked_limit_bytes
        page = (await read_pages(consumer, [self._partition], limit_bytes, POLL_MS)).get(self._partition)
        if page is None:
            return
        for record in page.records:
            self._fold(record)
            self._next = record.offset + 1
        for broken in page.broken:
            tell_broken(self._partition, broken)
            self._ignore(broken.start, "unreadable")
        self._next = page.stop

    def _fold(self, record: ConsumerRecord[bytes | None, bytes | None]) -> None:
        match self.history.fold(record.value or b"", record.offset, record.timestamp):
            case Version(division, number, content_hash):
                self._uncompiled.add(division)
                log.info("configuration.read", division=division, version=number, label=content_hash)
            case Sources(epoch, attribute, lanes, _):
                log.info("sources.read", epoch=epoch, division_attribute=attribute, lanes=lanes)
            case SourceTopic(name, identity, epoch):
                log.info("topic.known", topic=name, identity=identity, epoch=epoch)
            case Skip(_, topic, partition, start, stop):
                log.info("skip.read", partition=f"{topic}/{partition}", start=start, stop=stop)
            case Loss(_, topic, partition, offset):
                log.error("loss.read", partition=f"{topic}/{partition}", offset=offset)
            case AgreedLevel(level, _):
                log.info("level.read", level=level)
            case Ignored("repeated"):
                log.debug("configuration.repeated", position=self._position(record.offset))
            case Ignored(why):
                self._ignore(record.offset, why)

    def _ignore(self, offset: int, why: str) -> None:
        position = self._position(offset)
        METERS.count("configuration_ignored", why=why)
        log.warning("configuration.ignored", position=position, why=why)
        if why != "late":
            self.noticed.note("foreign_record", position)

    def _position(self, offset: int) -> str:
        return f"{self._partition.topic}/{self._partition.partition}/{offset}"

    async def _compile_newest(self) -> None:
        """Bring `latest` and `unusable` up to the history. Raises `KafkaError`; what is left is done the next time."""
        for division in sorted(self._uncompiled):
            config = await self._newest_usable(division)
            self._uncompiled.discard(division)
            async with self._grown:
                if config is not None:
                    self._latest[division] = config
                self._grown.notify_all()

    async def _newest_usable(self, division: str) -> Config | None:
        """Newer than what is in use, if there is one. Says in `unusable` why the newest version of all is not it."""
        newest = self.history.latest(division)
        document = self.history.document(division)
        assert newest is not None, "a version was folded"
        assert document is not None, "with its document"
        found = compiled(document, newest.number)
        if isinstance(found, Config):
            self.unusable.pop(division, None)
            return found
        self.unusable[division] = f"version {newest.number}: {found.why}"[:TOLD_CHARACTERS]
        log.error("configuration.refused", division=division, version=newest.number, why=self.unusable[division])
        in_use = self._latest.get(division)
        between = self.history.versions(division)[in_use.version if in_use else 0 : -1]
        async for earlier in self._downward(between):
            if isinstance(earlier, Config):
                return earlier
        return None

    async def _downward(self, versions: Sequence[Version]) -> AsyncIterator[Config | Unusable]:
        """These versions, the newest first, as far as the topic holds them."""
        for start in range(len(versions), 0, -PAGE_VERSIONS):
            documents = await self.documents(versions[max(0, start - PAGE_VERSIONS) : start])
            for number in sorted(documents, reverse=True):
                yield compiled(documents[number], number)

    def _is_replaced(self, division: str, known: Config | None) -> bool:
        return self._latest.get(division) is not known

    async def _identity(self, consumer: AIOKafkaConsumer) -> str:
        topic = self._partition.topic
        client = consumer._client  # noqa: SLF001  # the driver has no such request
        return (await identities(client, [topic])).get(topic, "")

    async def _end(self, consumer: AIOKafkaConsumer) -> int:
        return int((await consumer.end_offsets([self._partition]))[self._partition])

    def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("start the feed first")
        return self._consumer


@contextmanager
def _reaching() -> Iterator[None]:
    """What lanes ask for raises what lanes know: the port's error."""
    try:
        yield
    except (KafkaError, NoSuchTopic, OSError) as error:
        raise BrokerUnreachable(f"the topic of configurations: {error!r}") from error


def compiled(document: bytes, number: int) -> Config | Unusable:
    """A version's compiled form, or why this release cannot use it. Whatever it raises costs no other version."""
    try:
        return from_wire(document, number)
    except ConfigurationError as error:
        return Unusable(str(error))
    except Exception as error:
        log.exception("configuration.raised", version=number)
        return Unusable(f"compiling it raised {type(error).__name__}: this is a bug")
