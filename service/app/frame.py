"""The FastStream application: what the process subscribes to and publishes, its routes, and when it begins.

FastStream gives the life cycle, the connection, the ingest subscriber and the published description. Lanes stand beside
it: the subscriber to the lanes' topic has no handler, its consumer is the group's member (see `group`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.asgi import AsgiFastStream
from faststream.asgi.types import ASGIApp
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage, KafkaMessage
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512

from service.app.group import LaneGroup
from service.app.sources import Beginnings
from service.ingest import Ingest
from service.kafka.connection import Bearer, KafkaConnection, Password, let_go
from service.kafka.reading import raw_record
from service.settings import Settings
from service.wire.topics import Topics

log = structlog.get_logger(__name__)


BATCH_WAIT_MS: Final = 10
"""The framework sleeps so long after an empty poll, so it must be short."""

ACKNOWLEDGE_SECONDS: Final = 5.0
"""A commit may wait for ever for a coordinator that is gone. What was not acknowledged is read again, and dropped."""


class PatientBroker(KafkaBroker):
    """A broker that starts when everything it needs is there; until then HTTP answers and says what is missing."""

    def __init__(self, connection: KafkaConnection, prepare: Callable[[], Awaitable[None]]) -> None:
        super().__init__(
            connection.bootstrap,
            security=security_of(connection),
            request_timeout_ms=connection.request_timeout_ms,
            apply_types=False,
            allow_auto_create_topics=False,
            logger=None,
        )
        self._prepare = prepare

    async def start(self) -> None:
        """Prepare, connect and start all subscribers; from the beginning again where the broker goes away meanwhile.

        Subscribers start side by side: each waits until its group has given it partitions, which takes seconds.
        """
        while True:
            await self._prepare()
            try:
                await self.connect()
                await asyncio.gather(*(subscriber.start() for subscriber in self.subscribers))
            except KafkaError as error:
                log.warning("start.repeated", error=repr(error))
                await self.stop()
            else:
                self.running = True
                return

    async def stop(self, *why: Any, **more: Any) -> None:
        """Stop all subscribers and disconnect, whether or not the broker answers."""
        await let_go(super().stop(*why, **more))


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """The broker with its two subscribers, whose consumers exist once it has started."""

    broker: PatientBroker
    sources: Any
    member: Any


def subscribe(
    broker: PatientBroker, connection: KafkaConnection, topics: Topics, settings: Settings, group: LaneGroup
) -> Subscriptions:
    """Declare what is read. The handler for the sources is added by `handle_sources`."""
    shared = {
        "session_timeout_ms": settings.kafka.session_timeout_ms,
        "heartbeat_interval_ms": settings.kafka.session_timeout_ms // 3,
        "check_crcs": not connection.embedded,
        "fetch_max_wait_ms": connection.consumer_options()["fetch_max_wait_ms"],
    }
    beginnings = Beginnings()
    sources = broker.subscriber(
        *topics.sources,
        group_id=f"{settings.kafka.group}.ingest",
        batch=True,
        max_records=settings.ingest.batch,
        batch_timeout_ms=BATCH_WAIT_MS,
        auto_offset_reset="none",
        ack_policy=AckPolicy.MANUAL,
        listener=beginnings,
        title="CRM events",
        **shared,
    )
    beginnings.subscriber = sources
    member = broker.subscriber(
        topics.events,
        group_id=f"{settings.kafka.group}.lanes",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        listener=group,
        title="Lanes",
        **shared,
    )
    group.member = member
    return Subscriptions(broker, sources, member)


def handle_sources(subscriptions: Subscriptions, ingest: Ingest) -> None:
    """Let ingest handle each batch of source records unread: the framework would lose a whole batch over one header."""
    sources = subscriptions.sources

    async def keep_unread(records: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaMessage:
        return KafkaAckableMessage(raw_message=records, body=b"", consumer=sources.consumer)

    async def keep_message(message: KafkaMessage) -> KafkaMessage:
        return message

    async def take(message: KafkaMessage) -> None:
        async def acknowledge() -> None:
            try:
                async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                    await message.ack()
            except (KafkaError, IllegalStateError, TimeoutError) as error:
                log.info(
                    "commit.refused",
                    error=repr(error),
                    why="whoever has the partitions reads again, and lanes drop what they took",
                )

        await ingest.handle([raw_record(record) for record in message.raw_message], acknowledge)

    sources(take, parser=keep_unread, decoder=keep_message)


def declare_publishers(broker: PatientBroker, topics: Topics) -> None:
    """Name in the application's description what the process publishes; the lanes have producers of their own."""
    for topic, title in (
        (topics.assignments, "Assignments"),
        (topics.notifications, "Notifications"),
        (topics.workflow_actions, "Workflow actions"),
        (topics.dead_letters, "Dead letters"),
    ):
        broker.publisher(topic, title=title)


def application(broker: PatientBroker, routes: Sequence[tuple[str, ASGIApp]], **hooks: Any) -> AsgiFastStream:
    """The ASGI application. Hooks are FastStream's: `on_startup`, `after_startup`, `on_shutdown`, `after_shutdown`."""
    return AsgiFastStream(broker, asgi_routes=routes, logger=None, **hooks)


def security_of(connection: KafkaConnection) -> BaseSecurity | None:
    """The connection's login and encryption in FastStream's words."""
    context = connection.tls.context() if connection.tls else None
    tls: dict[str, Any] = {"ssl_context": context, "use_ssl": context is not None}
    match connection.sasl:
        case None:
            return BaseSecurity(**tls) if context else None
        case Password("PLAIN", username, password):
            return SASLPlaintext(username, password, **tls)
        case Password("SCRAM-SHA-256", username, password):
            return SASLScram256(username, password, **tls)
        case Password(_, username, password):
            return SASLScram512(username, password, **tls)
        case Bearer():
            return SASLOAuthBearer(**tls)
