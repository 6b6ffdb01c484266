"""From settings to connections: the broker's, the memory's, and the names of the topics.

Files with certificates are tried here, so that a wrong one is told at the start and by the name of its variable, and
not as a connection that never comes.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from schemas.asyncapi import Deployment
from service.kafka.connection import Bearer, KafkaConnection, Password, Tls
from service.settings import BadSettings, KafkaSettings, RedisSettings, Settings
from service.store.redis import RedisStore, connect
from service.wire.topics import Topics


def topics_of(settings: Settings) -> Topics:
    """All topic names of this deployment."""
    return Topics.of(settings.kafka.topic_prefix, settings.ingest.topics)


def deployment_of(settings: Settings) -> Deployment:
    """What the published description says of this deployment's topics."""
    return Deployment(settings.kafka.topic_prefix, settings.ingest.topics, settings.kafka.group)


def kafka_of(settings: KafkaSettings, *, embedded: bool = False) -> KafkaConnection:
    """How to reach the broker. Raises `BadSettings` where a file cannot be used."""
    tls = None
    if settings.security_protocol.endswith("SSL"):
        password = None if settings.key_password is None else settings.key_password.get_secret_value()
        tls = _usable("KAFKA", Tls(settings.ca_file, settings.cert_file, settings.key_file, password))
    return KafkaConnection(
        settings.bootstrap,
        tls=tls,
        sasl=_login(settings),
        unpacked_limit_bytes=settings.unpacked_limit_bytes,
        embedded=embedded,
    )


def memory_of(settings: RedisSettings) -> RedisStore:
    """The memory; nothing is sent before the first call. Raises `BadSettings` where address or file cannot be used."""
    tls = _usable("REDIS", Tls(settings.ca_file, settings.cert_file, settings.key_file))
    files = {"ssl_ca_certs": tls.ca_file, "ssl_certfile": tls.cert_file, "ssl_keyfile": tls.key_file}
    try:
        return connect(
            redis_url(settings), settings.prefix, tls={name: str(file) for name, file in files.items() if file}
        )
    except ValueError as error:
        raise BadSettings((f"FAIRLEAD_REDIS__URL: {error}",)) from None


def redis_url(settings: RedisSettings) -> str:
    """The memory's address with its login."""
    if settings.password is None:
        return settings.url
    parts = urlsplit(settings.url)
    login = f"{quote(settings.username, safe='')}:{quote(settings.password.get_secret_value(), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def _login(settings: KafkaSettings) -> Password | Bearer | None:
    if not settings.security_protocol.startswith("SASL"):
        return None
    if settings.sasl_mechanism == "OAUTHBEARER":
        return None if settings.token_file is None else Bearer(partial(_token, settings.token_file))
    if settings.password is None:
        return None
    return Password(settings.sasl_mechanism, settings.username, settings.password.get_secret_value())


def _token(file: Path) -> str:
    """The token as it is now. Raises `OSError`, which the driver takes for a connection that failed."""
    return file.read_bytes().decode("ascii", "replace").strip()


def _usable(group: str, tls: Tls) -> Tls:
    """The files, once each was read. Raises `BadSettings`, which names those that cannot be used."""
    files = {"CA_FILE": tls.ca_file, "CERT_FILE": tls.cert_file, "KEY_FILE": tls.key_file}
    problems = []
    for name, file in files.items():
        try:
            if file is not None:
                file.read_bytes()
        except OSError as error:
            problems.append(f"FAIRLEAD_{group}__{name}: {file} cannot be read ({error.strerror})")
    if problems:
        raise BadSettings(tuple(problems))
    try:
        tls.context()
    except OSError:
        named = ", ".join(f"FAIRLEAD_{group}__{name}" for name, file in files.items() if file)
        raise BadSettings(
            (f"{named}: not usable. Are they PEM, does the key belong to the certificate, is its password right?",)
        ) from None
    return tls
