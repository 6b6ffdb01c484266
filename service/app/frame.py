"""The FastStream application: what the process subscribes to and publishes, its routes, and when it begins.

FastStream gives the life cycle, the connection, the subscribers and the published description. Neither subscriber has a
handler: the consumer of the sources is read by `intake`, the one of the lanes' topic is the group's member (see
`group`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.asgi import AsgiFastStream
from faststream.asgi.types import ASGIApp
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512

from service.app.group import LaneGroup
from service.app.intake import Intake
from service.http.application import Application
from service.kafka.connection import Bearer, KafkaConnection, Password, Tokens, let_go
from service.settings import Settings
from service.wire.topics import Topics

log = structlog.get_logger(__name__)


METADATA_MS: Final = 30_000
"""After so long a partition that was added to a topic is known to the group, and read."""


class FrameLog:
    """What the frame and its subscribers have to say, in our log. `level` as in `logging`."""

    def log(self, level: int, message: Any, *, exc_info: Any = None, **more: Any) -> None:
        """Tell one line: an error as it is; the rest (its life cycle, our own settings) only to who debugs.

        Nothing of `more`: it may hold a message, and with it people's data.
        """
        told = level if level >= logging.ERROR else logging.DEBUG
        log.log(told, "frame.told", said=str(message), exc_info=exc_info)


class PatientBroker(KafkaBroker):
    """A broker that starts when everything it needs is there; until then HTTP answers and says what is missing."""

    def __init__(self, connection: KafkaConnection, prepare: Callable[[], Awaitable[None]]) -> None:
        super().__init__(
            connection.bootstrap,
            security=security_of(connection),
            sasl_oauth_token_provider=Tokens(connection.sasl) if isinstance(connection.sasl, Bearer) else None,
            request_timeout_ms=connection.request_timeout_ms,
            metadata_max_age_ms=METADATA_MS,
            apply_types=False,
            allow_auto_create_topics=False,
            logger=FrameLog(),
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

    def leave_for_good(self) -> None:
        """See that stopping them leaves their groups, so that others have their partitions at once.

        The driver leaves no group in which it has a name: who comes next with that name would have all as it was.
        Nobody does, once a process was told to leave.
        """
        for each in (self.sources, self.member):
            coordinator = None if each.consumer is None else each.consumer._coordinator  # noqa: SLF001  # as below
            if coordinator is not None:
                coordinator._group_instance_id = None  # noqa: SLF001  # the driver has no request for it


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who reads from the subscribers' consumers, and is told which partitions they have."""

    intake: Intake
    group: LaneGroup


def subscribe(
    broker: PatientBroker,
    connection: KafkaConnection,
    topics: Topics,
    settings: Settings,
    listeners: Listeners,
    *,
    instance: str | None = None,
) -> Subscriptions:
    """Declare what is read, and tell the listeners where. `instance`: the name of the member in its groups, if any."""
    shared = {
        "group_instance_id": instance,
        "session_timeout_ms": settings.kafka.session_timeout_ms,
        "heartbeat_interval_ms": settings.kafka.session_timeout_ms // 3,
        "check_crcs": not connection.embedded,
        **{name: connection.consumer_options()[name] for name in ("fetch_max_wait_ms", "consumer_timeout_ms")},
    }
    sources = broker.subscriber(
        *topics.sources,
        group_id=f"{settings.kafka.group}.ingest",
        auto_offset_reset="none",
        isolation_level="read_uncommitted" if connection.embedded else "read_committed",
        ack_policy=AckPolicy.MANUAL,
        listener=listeners.intake,
        title="CRM events",
        **shared,
    )
    listeners.intake.subscriber = sources
    member = broker.subscriber(
        topics.events,
        group_id=f"{settings.kafka.group}.lanes",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        listener=listeners.group,
        title="Lanes",
        **shared,
    )
    listeners.group.member = member
    return Subscriptions(broker, sources, member)


def declare_publishers(broker: PatientBroker, topics: Topics) -> None:
    """Name in the application's description what the process publishes; the lanes have producers of their own."""
    for topic, title in (
        (topics.assignments, "Assignments"),
        (topics.notifications, "Notifications"),
        (topics.workflow_actions, "Workflow actions"),
        (topics.dead_letters, "Dead letters"),
    ):
        broker.publisher(topic, title=title)


def application(broker: KafkaBroker, routes: Sequence[tuple[str, ASGIApp]], **hooks: Any) -> AsgiFastStream:
    """The ASGI application. Hooks are FastStream's: `on_startup`, `after_startup`, `on_shutdown`, `after_shutdown`."""
    return Application(broker, routes, logger=FrameLog(), **hooks)


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
