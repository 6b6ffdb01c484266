"""How a command reaches a running deployment: settings, options that say otherwise, and one clear line when it cannot.

The environment says where broker and memory are, as for the service itself; `--kafka` and `--redis` say otherwise for
one command. Whether the broker is the embedded one is seen from its cluster's name, so nobody has to say it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Final, NamedTuple

import typer
from aiokafka.errors import KafkaError

from service.app.connections import kafka_of, memory_of, topics_of
from service.cli.exits import WrongUsage
from service.config.sources import Sources
from service.core.configuration import Config
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection, administration
from service.kafka.port import BrokerUnreachable, Lost
from service.kafka.reading import NoSuchTopic, partitions_of
from service.printable import masked, printable
from service.settings import LogSettings, Settings, read_settings
from service.store.port import StoreUnreachable
from service.store.redis import RedisStore
from service.telemetry.logs import configure_logging
from service.wire.outputs import DEFAULT_DIVISION
from service.wire.topics import Topics

KafkaAddress = Annotated[
    str,
    typer.Option(
        "--kafka", metavar="HOST:PORT", help="The broker; else FAIRLEAD_KAFKA__BOOTSTRAP.", show_default=False
    ),
]
RedisAddress = Annotated[
    str, typer.Option("--redis", metavar="URL", help="The memory; else FAIRLEAD_REDIS__URL.", show_default=False)
]
DivisionName = Annotated[str, typer.Option("--division", help="Whose: a company or a part of one.")]
OneDivision = Annotated[str, typer.Option("--division", help="Only of this one.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without, the command only says what it would do.")]

MAIN: Final = DEFAULT_DIVISION
EMBEDDED_CLUSTER: Final = "mockCluster"
"""What the name of librdkafka's mock cluster begins with."""


class NoConnection(ConnectionError):
    """What does not answer, where, and what to do."""


class Sight(NamedTuple):
    """What a deployment is seen by: its memory, the configurations in force, and over how many lanes they are spread
    (0: nothing is configured).
    """

    store: RedisStore
    configs: Mapping[str, Config]
    lanes: int


@dataclass(frozen=True)
class Reach:
    """A deployment that answers."""

    settings: Settings
    connection: KafkaConnection
    topics: Topics

    @asynccontextmanager
    async def feed(self) -> AsyncIterator[ConfigurationFeed]:
        """The configuration topic, read to its end."""
        await partitions_of(self.connection, self.topics.config)
        feed = ConfigurationFeed(self.connection, self.topics.config)
        try:
            await feed.start()
            yield feed
        finally:
            await feed.stop()

    @asynccontextmanager
    async def store(self) -> AsyncIterator[RedisStore]:
        """The memory; nothing is sent before the first call."""
        store = memory_of(self.settings.redis)
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def sight(self, division: str = "") -> AsyncIterator[Sight]:
        """What the views look at; of all divisions, or of this one. Raises `WrongUsage` as `agreed` does, and where
        this division is not configured: an empty answer would say that there is nothing in it.
        """
        async with self.feed() as feed, self.store() as store:
            configs = {key: config for key, config in feed.latest().items() if division in ("", key)}
            if division and not configs:
                raise WrongUsage(not_configured(division, feed.latest()))
            yield Sight(store, configs, agreed(feed).lanes if configs else 0)


def in_reach(work: Callable[[Reach], Awaitable[None]], kafka: str, redis: str = "") -> None:
    """Do something with a deployment. Raises `NoConnection` and `WrongUsage`, whose texts say what to do."""
    settings = addressed(kafka, redis)
    configure_quietly()
    asyncio.run(_in_reach(work, settings))


def addressed(kafka: str, redis: str) -> Settings:
    """The settings of the environment with these addresses in them. Raises `BadSettings`, `WrongUsage`."""
    if masked(redis) != redis:
        raise WrongUsage("--redis takes no name or password, others see it: set FAIRLEAD_REDIS__PASSWORD")
    settings = read_settings()
    update: dict[str, object] = {}
    if kafka:
        update["kafka"] = settings.kafka.model_copy(update={"bootstrap": kafka})
    if redis:
        update["redis"] = settings.redis.model_copy(update={"url": redis})
    return settings.model_copy(update=update)


def configure_quietly() -> None:
    """Let a command's own words stand alone: the driver's many lines about a lost connection say less than one."""
    configure_logging(LogSettings(level="warning"), sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def agreed(feed: ConfigurationFeed) -> Sources:
    """What holds for the current epoch. Raises `WrongUsage` where the service was never started."""
    sources = feed.history.sources
    if sources is None:
        raise WrongUsage("the service was never started on these topics: nothing is known of lanes and epoch")
    return sources


def not_configured(division: str, divisions: Iterable[str]) -> str:
    """That a division has no configuration, and which have one."""
    known = ", ".join(map(printable, sorted(divisions))) or "none"
    return f"{printable(division)} has no configuration; divisions that have: {known}"


def of_division(name: str) -> str:
    """Whose something is, behind its name; nothing where there may be one division only."""
    return "" if name == MAIN else f" of {name}"


async def _in_reach(work: Callable[[Reach], Awaitable[None]], settings: Settings) -> None:
    where = settings.kafka.bootstrap
    try:
        connection = await _greeted(kafka_of(settings.kafka))
        await work(Reach(settings, connection, topics_of(settings)))
    except NoSuchTopic as error:
        raise WrongUsage(str(error)) from error
    except (KafkaError, Lost, BrokerUnreachable) as error:
        raise NoConnection(
            f"Kafka at {where} ({type(error).__name__}). Is it running? Name another with --kafka or "
            "FAIRLEAD_KAFKA__BOOTSTRAP"
        ) from error
    except StoreUnreachable as error:
        raise NoConnection(
            f"Redis at {settings.redis.url} ({type(error).__name__}). Is it running? Name another with --redis or "
            "FAIRLEAD_REDIS__URL"
        ) from error


async def _greeted(connection: KafkaConnection) -> KafkaConnection:
    """The connection to a broker that has answered, with what must be known of it."""
    async with administration(connection) as admin:
        cluster = await admin.describe_cluster()
    return replace(connection, embedded=str(cluster["cluster_id"]).startswith(EMBEDDED_CLUSTER))
