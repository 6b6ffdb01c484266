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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from schemas.config import Document
from service.app import frame
from service.app.allocation import expect_batches
from service.app.connections import deployment_of, kafka_of, memory_of, topics_of
from service.app.group import LaneGroup
from service.app.health import Health
from service.app.intake import Intake
from service.app.observing import BatchPulse, Observer
from service.app.probes import Probes
from service.app.sources import as_agreed, lost_input, prepare_positions, unknown_topics
from service.app.troubles import Observed, about_log, troubles
from service.config.history import History, Proposal, proposals, sources_record
from service.config.loader import load
from service.config.problems import ConfigurationError
from service.config.sources import FIRST_EPOCH, AgreedLevel, Sources
from service.core.configuration import Config
from service.core.state import LEVEL
from service.http.routes import LaneShown, Readiness, routes
from service.ingest import Ingest, Reading
from service.kafka import topics as topic_list
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection, let_go
from service.kafka.port import Lost
from service.kafka.publisher import Publisher
from service.kafka.transport import KafkaTransport
from service.lane.lanes import Lanes
from service.lane.loop import Lane
from service.lane.surroundings import InputSeen, Safeguards, Surroundings, no_step
from service.nouns import counted
from service.settings import Settings
from service.store.redis import RedisStore
from service.supervision import Supervisor
from service.telemetry.metrics import metrics_page
from service.telemetry.troubles import Trouble
from service.wire.lanes import lane_of

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 5.0
STOP_SECONDS: Final = 20.0
"""How long the lanes may take to finish what they are writing."""
FIRST_PAUSE_MS: Final = 50
LONGEST_PAUSE_MS: Final = 5_000


Wanted = Callable[[Iterable[Document], History], Sequence[Proposal]]
"""Which documents become versions: those that were never valid (`proposals`), or are not valid now (`instructions`)."""


class CannotStart(Exception):
    """What the deployment says and what the topics say do not fit; only a person can mend that."""


class TopicsMissing(Exception):
    """A topic of ours is not there and was not made: whoever makes it, the start waits for it."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What only tests, the embedded mode and workers change.

    `instance` names a worker to the consumer groups: who begins with the same name has what the one before had, once
    that one is dead. `step` is called between any two steps of ingest and lanes.
    """

    embedded: bool = False
    instance: str | None = None
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
    supervisor: Supervisor = field(default_factory=Supervisor)
    health: Health = field(default_factory=Health)
    _is_leaving: bool = False
    _preparation: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        settings = self.settings
        self.owner = f"{socket.gethostname()}/{os.getpid()}"
        self.topics = topics_of(settings)
        self.connection: KafkaConnection = kafka_of(settings.kafka, embedded=self.extras.embedded)
        self.store: RedisStore = memory_of(settings.redis)
        self.feed = ConfigurationFeed(self.connection, self.topics.config)
        self.publisher = Publisher(self.connection)
        self.group = LaneGroup(self.topics.events)
        self.lanes = Lanes(self._make_lane, self.group.is_still_ours, _pause, self.supervisor)
        reading = Reading(
            self.topics,
            settings.kafka.lanes,
            division_attribute=settings.ingest.division_attribute,
            size_limit_bytes=settings.ingest.size_limit_bytes,
            dead_letter_limit_bytes=settings.ingest.dead_letter_limit_bytes,
            dropped_headers=frozenset(settings.ingest.dropped_headers),
        )
        pulse = BatchPulse(self.extras.step)
        self.ingest = Ingest(reading, self.publisher, pulse)
        self.intake = Intake(
            self.ingest,
            settings.ingest.batch,
            lambda: self.feed.history.source_state,
            read_up=self._hear,
            unpacked_limit_bytes=settings.kafka.unpacked_limit_bytes,
        )
        self.broker = frame.PatientBroker(self.connection, self._prepare)
        listeners = frame.Listeners(self.intake, self.group)
        self.subscriptions = frame.subscribe(
            self.broker, self.connection, self.topics, settings, listeners, instance=self.extras.instance
        )
        frame.declare_publishers(self.broker, self.topics)
        wanted = topic_list.read_wanted(self.topics, settings.kafka.lanes, settings.kafka.replication_factor)
        sources = self.subscriptions.sources
        self.probes = Probes(self.connection, self.store, wanted, self.feed, self.group, lambda: sources.consumer)
        self.observer = Observer(self.lanes, self.feed, self.probes, self.intake, pulse)
        self.health.sources += [self.supervisor.troubles, self._troubles, about_log]
        self.application = frame.application(
            self.broker,
            routes(self._ready, self._numbers, deployment_of(settings)),
            after_startup=[self._started],
            on_shutdown=[self._stopping],
            after_shutdown=[self._stopped],
        )

    def readiness(self) -> Readiness:
        """Whether the process does its work, what keeps it from it, and how its lanes are."""
        problems = self.health.look()
        lanes = {
            number: LaneShown(one.state, str(one.lane.stage) if one.state == "claiming" else "")
            for number, one in sorted(self.lanes.running.items())
        }
        return Readiness(problems, lanes)

    async def _ready(self) -> Readiness:
        return self.readiness()

    async def _numbers(self) -> bytes:
        return metrics_page()

    def _troubles(self) -> Iterator[Trouble]:
        if self._is_leaving:
            return troubles(Observed(leaving=True))
        return troubles(self.observer.starting(self.missing) if self.missing else self.observer.running())

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
        told = ""
        while True:
            try:
                self._judge_topics(await self._see_back_ends())
                self.missing = "waiting for configuration and positions"
                await self.feed.start()
                await self._agree_on_sources()
                await self._publish_configuration()
                await self._prepare_sources()
            except (KafkaError, Lost, OSError, TopicsMissing) as error:
                if told != (told := f"{self.missing}: {error}"):
                    log.warning("start.delayed", why=self.missing, error=str(error), retry_in_seconds=RETRY_SECONDS)
                self.health.look()
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.group.lanes = self.lanes
                self.missing = "waiting for the consumer group"
                return

    async def _see_back_ends(self) -> Sequence[topic_list.TopicProblem]:
        """Ask memory and broker at once, so that all that is missing is told; the problems of topics.

        Raises what the driver of one raised.
        """
        memory, topics = await asyncio.gather(self.store.peek(0, []), self._prepare_topics(), return_exceptions=True)
        asked = {"the memory (Redis)": memory, "the broker (Kafka)": topics}
        silent = {name: answer for name, answer in asked.items() if isinstance(answer, BaseException)}
        if silent or isinstance(topics, BaseException):
            self.missing = f"waiting for {' and '.join(silent)}"
            raise next(iter(silent.values()))
        return topics

    async def _prepare_topics(self) -> Sequence[topic_list.TopicProblem]:
        """Make what is missing, where that is allowed, and say what is not as it must be."""
        wanted = self.probes.wanted
        refused: Mapping[str, topic_list.TopicProblem] = {}
        if self.settings.kafka.create_topics:
            created = await topic_list.create(self.connection, wanted)
            refused = {problem.topic: problem for problem in created.problems}
            if created.topics:
                log.info("topics.created", topics=created.topics)
        found = await topic_list.check(self.connection, wanted)
        return [refused.get(problem.topic, problem) for problem in found]

    def _judge_topics(self, problems: Sequence[topic_list.TopicProblem]) -> None:
        """Not every difference keeps the process from starting. Raises `CannotStart` and `TopicsMissing`."""
        if problems != self.probes.answers.shapes:
            for problem in problems:
                if problem.gravity == "warns":
                    log.warning("topic.differs", problem=str(problem))
        self.probes.begin(problems)
        refusing = [str(problem) for problem in problems if problem.gravity == "refuses"]
        if refusing:
            raise CannotStart("; ".join(refusing))
        missing = [str(problem) for problem in problems if problem.gravity == "waits"]
        if missing:
            self.missing = "waiting for topics"
            raise TopicsMissing("; ".join(missing))

    async def _agree_on_sources(self) -> None:
        """The number of lanes and the division attribute belong to the epoch: a process with others must not run."""
        ours = (self.settings.ingest.division_attribute, self.settings.kafka.lanes)
        if self.feed.history.sources is None:
            await self.feed.publish([sources_record(AgreedLevel(LEVEL)), sources_record(Sources(FIRST_EPOCH, *ours))])
        agreed = self.feed.history.sources
        if agreed is None or (agreed.division_attribute, agreed.lanes) != ours:
            raise CannotStart(
                f"{_begun(agreed)}, the settings say division attribute {ours[0]} and {ours[1]} "
                "lanes: put the settings back, or migrate with `fairlead sources reset`"
            )

    async def _prepare_sources(self) -> None:
        """See which topics there are, begin what nobody has begun, and read each in its epoch."""
        state = self.feed.history.source_state
        group = f"{self.settings.kafka.group}.ingest"
        found = await prepare_positions(self.connection, group, self.topics.sources, state, [self.topics.events])
        self.intake.see_input(found)
        await self.feed.publish([sources_record(topic) for topic in unknown_topics(state, found)])
        self.ingest.reading = as_agreed(self.ingest.reading, state)

    async def _hear(self) -> None:
        """Hear all that was agreed on until now. Of a topic that is lost there is nothing more to hear."""
        if not self.feed.is_lost:
            await self.feed.read_up()

    async def _publish_configuration(self) -> None:
        directory = self.settings.config_dir
        if directory is not None:
            await publish_directory(self.feed, directory)

    async def _started(self) -> None:
        """The subscribers run: let the group's member be polled and follow the configuration."""
        self.lanes.assign(self.group.assigned)
        self.probes.begin(self.probes.answers.shapes)
        self.supervisor.start("intake", self.intake.run, may_end=True)
        self.supervisor.start("membership", self.group.pump)
        self.supervisor.start("configuration", self.feed.follow)
        self.supervisor.start("watch", self._watch)
        expect_batches()
        self.missing = ""
        log.info("process.started", owner=self.owner)

    async def _stopping(self) -> None:
        self._is_leaving = True
        self.group.lanes = None
        if self._preparation is not None:
            self._preparation.cancel()
        await self.intake.stop()
        self.subscriptions.leave_for_good()
        await let_go(self.subscriptions.sources.stop())
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.lanes.stop()
        except TimeoutError:
            log.error("lanes.abandoned", lanes=sorted(self.lanes.running), why=f"no end after {STOP_SECONDS:g} s")
        await self.supervisor.stop()

    async def _stopped(self) -> None:
        await self.probes.close()
        await self.feed.stop()
        await self.publisher.close()
        await self.store.close()
        log.info("process.stopped", owner=self.owner)

    async def _watch(self) -> None:
        """Ask the back ends every few seconds, show how the lanes are, and say what has begun or ended to be wrong."""
        while True:
            await self.probes.ask()
            await self.probes.kafka.attempt(self.intake.look())
            await self.probes.kafka.attempt(self.intake.tell_lost(self.probes.losses()))
            self.observer.show()
            self.health.look()
            await asyncio.sleep(WATCH_SECONDS)

    def _make_lane(self, number: int) -> Lane:
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
                level=lambda: self.feed.history.source_state.level,
                newest_epoch=lambda: self.feed.history.source_state.newest_epoch,
                input=lambda: self._input_of(number),
                read_up=self.feed.read_up,
            ),
            self.settings.limits(),
        )

    def _input_of(self, number: int) -> InputSeen:
        state = self.feed.history.source_state
        known = state.topic(self.topics.events)
        problem = self.intake.input_problem or self.probes.beyond.get(number, "")
        problem = problem or lost_input(state, self.topics.events, number)
        return InputSeen(known.identity if known else "", problem, state.lives(self.topics.events))

    def _configs_of(self, number: int) -> Mapping[str, Config]:
        lanes = self.settings.kafka.lanes
        return {name: config for name, config in self.feed.latest().items() if lane_of(name, lanes) == number}


def _begun(agreed: Sources | None) -> str:
    if agreed is None:
        return "nobody says how the topics were begun"
    lanes = counted(agreed.lanes, "lane")
    return f"the topics were begun with division attribute {agreed.division_attribute} and {lanes}"


async def publish_directory(feed: ConfigurationFeed, directory: Path, wanted: Wanted = proposals) -> Sequence[str]:
    """Make those of a directory's documents that are wanted the next versions. Returns what was published.

    Raises `ConfigurationError` with all problems of the directory, `Lost` and `KafkaError`.
    """
    loaded = load(directory)
    for note in loaded.notes:
        log.warning("configuration.noticed", note=str(note))
    records = wanted(loaded.documents.values(), feed.history)
    await feed.publish(records)
    return [record.key.decode() for record in records]


async def _pause(attempt: int) -> None:
    """Longer with each attempt, and at random, so that two owners do not claim in step for ever."""
    longest = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2**attempt)
    await asyncio.sleep(random.uniform(FIRST_PAUSE_MS, longest) / 1000)  # noqa: S311  # no secret depends on it
