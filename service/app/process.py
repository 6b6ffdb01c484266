"""One process of the service: everything it consists of, how it comes up, and how it goes down.

It comes up patiently: HTTP answers at once and says what is still missing; topics, configuration and subscribers
follow when broker and memory are there. It goes down in order: no new events, then each lane after the batch that it
is writing, then the connections.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from service.app import frame
from service.app.allocation import expect_batches
from service.app.connections import kafka_of, redis_url, topics_of
from service.app.group import LaneGroup
from service.app.sources import out_of_range, prepare_positions
from service.config.history import FIRST_EPOCH, Sources, proposals, sources_record
from service.config.loader import load
from service.config.problems import ConfigurationError
from service.core.configuration import Config
from service.http.routes import Readiness, routes
from service.ingest import Ingest, Reading
from service.kafka import topics as topic_list
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection, let_go
from service.kafka.port import Lost
from service.kafka.publisher import Publisher
from service.kafka.transport import KafkaTransport
from service.lane.lanes import Lanes
from service.lane.loop import Lane
from service.lane.surroundings import Safeguards, Surroundings, no_step
from service.settings import Settings
from service.store.redis import RedisStore, connect
from service.telemetry import METERS
from service.wire.lanes import lane_of

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 5.0
STOP_SECONDS: Final = 20.0
"""How long the lanes may take to finish what they are writing."""
FIRST_PAUSE_MS: Final = 50
LONGEST_PAUSE_MS: Final = 5_000


class CannotStart(Exception):
    """What the deployment says and what the topics say do not fit; only a person can mend that."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What only tests and the embedded mode change. `step` is called between any two steps of ingest and lanes."""

    embedded: bool = False
    step: Callable[[str], None] = no_step
    safeguards: Safeguards = Safeguards()


@dataclass
class Process:
    """The parts of a process. Make one, then serve `application` with any ASGI server.

    `refused` is set when it cannot start until a person has mended something; `refusal` says what.
    """

    settings: Settings
    extras: Extras = Extras()
    missing: str = "not started"
    refusal: CannotStart | ConfigurationError | None = None
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    _preparation: asyncio.Task[None] | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.settings
        self.owner = f"{socket.gethostname()}/{os.getpid()}"
        self.topics = topics_of(settings)
        self.connection: KafkaConnection = kafka_of(settings.kafka, embedded=self.extras.embedded)
        self.store: RedisStore = connect(redis_url(settings.redis), settings.redis.prefix)
        self.feed = ConfigurationFeed(self.connection, self.topics.config)
        self.publisher = Publisher(self.connection)
        self.group = LaneGroup(self.topics.events)
        self.lanes = Lanes(self._make_lane, self.group.is_still_ours, _pause)
        self.ingest_problem = ""
        self.broker = frame.PatientBroker(self.connection, self._prepare)
        self.subscriptions = frame.subscribe(self.broker, self.connection, self.topics, settings, self.group)
        frame.declare_publishers(self.broker, self.topics)
        reading = Reading(
            self.topics,
            settings.kafka.lanes,
            division_attribute=settings.ingest.division_attribute,
            size_limit_bytes=settings.ingest.size_limit_bytes,
            dead_letter_limit_bytes=settings.ingest.dead_letter_limit_bytes,
        )
        self.ingest = Ingest(reading, self.publisher, self.extras.step)
        frame.handle_sources(self.subscriptions, self.ingest)
        self.application = frame.application(
            self.broker,
            routes(self.readiness),
            after_startup=[self._started],
            on_shutdown=[self._stopping],
            after_shutdown=[self._stopped],
        )

    def readiness(self) -> Readiness:
        """Whether the process does its work, and what keeps it from it."""
        problems = [problem for problem in (self.missing, self.ingest_problem) if problem]
        if not self.lanes.is_ready:
            problems += [
                f"lane {number} is {one.state}: {one.problem}"
                for number, one in self.lanes.running.items()
                if one.state != "owned"
            ]
        return Readiness(tuple(problems), {number: one.state for number, one in self.lanes.running.items()})

    async def _prepare(self) -> None:
        """Wait until all is there. What only a person can mend stays in `refusal`, and nothing goes on.

        Nothing goes on either when the process stops meanwhile: the frame must not start what is being stopped.
        """
        self._preparation = asyncio.create_task(self._prepare_patiently())
        await asyncio.wait([self._preparation])
        if not self._preparation.cancelled():
            match self._preparation.exception():
                case None:
                    return
                case CannotStart() | ConfigurationError() as refusal:
                    self.missing = f"cannot start: {refusal}"
                    self.refusal = refusal
                    self.refused.set()
                case unforeseen:
                    raise unforeseen
        await asyncio.Event().wait()

    async def _prepare_patiently(self) -> None:
        """Wait until broker and memory are there, then make topics, epoch and configuration what they must be."""
        while True:
            try:
                await self._see_back_ends()
                self.missing = "waiting for configuration and positions"
                await self.feed.start()
                await self._agree_on_sources()
                await self._publish_configuration()
                await prepare_positions(self.connection, f"{self.settings.kafka.group}.ingest", self.topics.sources)
            except (KafkaError, Lost, OSError) as error:
                log.warning("start.delayed", why=self.missing, error=str(error), retry_in_seconds=RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.group.lanes = self.lanes
                self.missing = "waiting for the consumer group"
                return

    async def _see_back_ends(self) -> None:
        """Ask memory and broker at once, so that all that is missing is told. Raises what its driver raised."""
        asked = {"the memory (Redis)": self.store.peek(0, []), "the broker (Kafka)": self._prepare_topics()}
        answers = await asyncio.gather(*asked.values(), return_exceptions=True)
        silent = {
            name: answer for name, answer in zip(asked, answers, strict=True) if isinstance(answer, BaseException)
        }
        if silent:
            self.missing = f"waiting for {' and '.join(silent)}"
            raise next(iter(silent.values()))

    async def _prepare_topics(self) -> None:
        settings = self.settings.kafka
        wanted = topic_list.read_wanted(self.topics, settings.lanes, settings.replication_factor)
        if settings.create_topics:
            created = await topic_list.create(self.connection, wanted)
            if created.topics:
                log.info("topics.created", topics=created.topics)
        for problem in await topic_list.check(self.connection, wanted):
            log.warning("topic.differs", problem=str(problem))

    async def _agree_on_sources(self) -> None:
        """The number of lanes and the division attribute belong to the epoch: a process with others must not run."""
        ours = (self.settings.ingest.division_attribute, self.settings.kafka.lanes)
        if self.feed.history.sources is None:
            await self.feed.publish([sources_record(Sources(FIRST_EPOCH, *ours))])
        agreed = self.feed.history.sources
        if agreed is None or (agreed.division_attribute, agreed.lanes) != ours:
            raise CannotStart(
                f"the topics were begun with {agreed}, the settings say division_attribute {ours[0]!r} and {ours[1]} "
                "lanes: put the settings back, or migrate with `fairlead sources reset`"
            )
        self.ingest.reading = replace(self.ingest.reading, epoch=agreed.epoch)

    async def _publish_configuration(self) -> None:
        directory = self.settings.config_dir
        if directory is not None:
            await publish_directory(self.feed, directory)

    async def _started(self) -> None:
        """The subscribers run: let the group's member be polled and follow the configuration."""
        await self.lanes.assign(self.group.assigned)
        self._spawn(self.group.pump())
        self._spawn(self.feed.follow())
        self._spawn(self._watch())
        expect_batches()
        self.missing = ""
        log.info("process.started", owner=self.owner)

    async def _stopping(self) -> None:
        self.missing = "stopping"
        self.group.lanes = None
        if self._preparation is not None:
            self._preparation.cancel()
        await let_go(self.subscriptions.sources.stop())
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.lanes.stop()
        except TimeoutError:
            log.error("lanes.abandoned", lanes=sorted(self.lanes.running), why=f"no end after {STOP_SECONDS:g} s")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _stopped(self) -> None:
        await self.feed.stop()
        await self.publisher.close()
        await self.store.close()
        log.info("process.stopped", owner=self.owner)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _watch(self) -> None:
        """See now and then whether the sources can still be read where we are, and show how the lanes are."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                lost = await out_of_range(self.subscriptions.sources.consumer)
                await self._show_lanes()
            except KafkaError:
                continue
            self.ingest_problem = (
                f"positions out of range: {'; '.join(lost)}; see `fairlead sources reset`" if lost else ""
            )
            if lost:
                log.error("sources.out_of_range", partitions=lost, todo="fairlead sources reset")

    async def _show_lanes(self) -> None:
        """Set the levels that change with the work: what waits for a lane, and what waits in it."""
        ends = await self.group.ends()
        for number, one in self.lanes.running.items():
            if one.tenure is None:
                continue
            book = one.tenure.book
            METERS.level("lane_lag", max(0, ends.get(number, 0) - book.place.offset), lane=str(number))
            METERS.level("parked", len(book.parked_records()), lane=str(number))
            for division, version in book.versions.items():
                METERS.level("configuration_version", version, division=division)

    async def _make_lane(self, number: int) -> Lane:
        return Lane(
            number,
            KafkaTransport(self.connection, number, self.topics),
            self.store,
            Surroundings(
                owner=self.owner,
                topics=self.topics,
                configs=lambda: self._configs_of(number),
                configured=self.feed.configured,
                now_ms=lambda: time.time_ns() // 1_000_000,
                step=self.extras.step,
                safeguards=self.extras.safeguards,
                level=self.settings.lane.level,
            ),
            self.settings.limits(),
        )

    def _configs_of(self, number: int) -> Mapping[str, Config]:
        lanes = self.settings.kafka.lanes
        return {name: config for name, config in self.feed.latest().items() if lane_of(name, lanes) == number}


async def publish_directory(feed: ConfigurationFeed, directory: Path) -> Sequence[str]:
    """Make a directory's documents the next versions, unless they were valid before. Returns what was published.

    Raises `ConfigurationError` with all problems of the directory, `Lost` and `KafkaError`.
    """
    loaded = load(directory)
    for note in loaded.notes:
        log.warning("configuration.noticed", note=str(note))
    records = proposals(loaded.documents.values(), feed.history)
    await feed.publish(records)
    return [record.key.decode() for record in records]


async def _pause(attempt: int) -> None:
    """Longer with each attempt, and at random, so that two owners do not claim in step for ever."""
    longest = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2**attempt)
    await asyncio.sleep(random.uniform(FIRST_PAUSE_MS, longest) / 1000)  # noqa: S311  # no secret depends on it
