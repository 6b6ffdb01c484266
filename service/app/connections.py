"""From settings to connections: the broker's, the memory's, and the names of the topics."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from schemas.asyncapi import Deployment
from service.kafka.connection import KafkaConnection, Password, Tls
from service.settings import KafkaSettings, RedisSettings, Settings
from service.wire.topics import Topics


def topics_of(settings: Settings) -> Topics:
    """All topic names of this deployment."""
    return Topics.of(settings.kafka.topic_prefix, settings.ingest.topics)


def deployment_of(settings: Settings) -> Deployment:
    """What the published description says of this deployment's topics."""
    return Deployment(settings.kafka.topic_prefix, settings.ingest.topics, settings.kafka.group)


def kafka_of(settings: KafkaSettings, *, embedded: bool = False) -> KafkaConnection:
    """How to reach the broker."""
    sasl = None
    if settings.security_protocol.startswith("SASL") and settings.password is not None:
        sasl = Password(settings.sasl_mechanism, settings.username, settings.password.get_secret_value())
    tls = Tls(ca_file=settings.ca_file) if settings.security_protocol.endswith("SSL") else None
    return KafkaConnection(settings.bootstrap, tls=tls, sasl=sasl, embedded=embedded)


def redis_url(settings: RedisSettings) -> str:
    """The memory's address with its login."""
    if settings.password is None:
        return settings.url
    parts = urlsplit(settings.url)
    login = f"{quote(settings.username)}:{quote(settings.password.get_secret_value(), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
