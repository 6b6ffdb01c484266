"""Which broker the tests run against: the first of these that there is.

1. what `FAIRLEAD_TEST_KAFKA` names (`host:port`), 2. a container, where a Docker engine answers, 3. Apache Kafka on the
installed Java, 4. the embedded mock cluster. What needs a real broker asks for `real_kafka`: it is skipped on the mock,
and fails where `FAIRLEAD_REQUIRE_REAL=1` says that there must be a real one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from service.embedded.kafka import EmbeddedKafka
from service.kafka.connection import KafkaConnection
from service.wire.topics import Topics
from tests.backends.kafka_server import KAFKA_VERSION, KafkaServer, missing_tools

Kind = Literal["env", "container", "local", "mock"]

_numbers = count(1)


@dataclass(frozen=True)
class Kafka:
    """A broker for tests, shared by all of a run: take names of your own from `topics`."""

    bootstrap: str
    kind: Kind

    @property
    def is_real(self) -> bool:
        return self.kind != "mock"

    def connection(self, request_timeout_ms: int = 5_000) -> KafkaConnection:
        """How the service connects to it."""
        return KafkaConnection(self.bootstrap, request_timeout_ms=request_timeout_ms, embedded=not self.is_real)


def unique_topics() -> Topics:
    """Names that no other test uses. The topics themselves are made by `service.kafka.topics.create`."""
    return Topics.of(f"t{next(_numbers)}-{uuid4().hex[:8]}.")


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """The broker of this run."""
    with _start() as running:
        yield running


@pytest.fixture
def topics() -> Topics:
    """Topic names of this test alone."""
    return unique_topics()


@pytest.fixture
def real_kafka(kafka: Kafka) -> Kafka:
    """The broker of this run, which must be a real one."""
    if not kafka.is_real:
        _refuse(f"needs a real Kafka: FAIRLEAD_TEST_KAFKA is not set, no Docker engine answers, {missing_tools()}")
    return kafka


@pytest.fixture(scope="session")
def own_kafka() -> Iterator[KafkaServer]:
    """A real broker that a test may stop and kill, for only one test uses it at a time; each leaves it running."""
    missing = missing_tools()
    if missing:
        _refuse(f"needs a Kafka of its own to kill: {missing}")
    with KafkaServer() as server:
        yield server


def _refuse(reason: str) -> None:
    if os.environ.get("FAIRLEAD_REQUIRE_REAL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _start() -> AbstractContextManager[Kafka]:
    named = os.environ.get("FAIRLEAD_TEST_KAFKA")
    if named:
        return _named(named)
    if _docker_answers():
        return _container()
    return _mock() if missing_tools() else _local()


@contextmanager
def _named(bootstrap: str) -> Iterator[Kafka]:
    yield Kafka(bootstrap, "env")


@contextmanager
def _local() -> Iterator[Kafka]:
    with KafkaServer() as server:
        yield Kafka(server.bootstrap, "local")


@contextmanager
def _mock() -> Iterator[Kafka]:
    with EmbeddedKafka() as embedded:
        yield Kafka(embedded.bootstrap, "mock")


@contextmanager
def _container() -> Iterator[Kafka]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    # The port is chosen before, for the broker must be told the address that clients will use.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    container = DockerContainer(f"apache/kafka:{KAFKA_VERSION}").with_bind_ports(port, port)
    for name, value in _container_environment(port).items():
        container.with_env(name, value)
    container.waiting_for(LogMessageWaitStrategy("Kafka Server started"))
    with container:
        yield Kafka(f"127.0.0.1:{port}", "container")


def _container_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


def _docker_answers() -> bool:
    """Whether an engine listens. A look at its socket is enough, and the client would leak one where there is none."""
    host = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    family = socket.AF_UNIX if host.scheme == "unix" else socket.AF_INET
    address = host.path if host.scheme == "unix" else (host.hostname, host.port)
    with socket.socket(family) as probe:
        probe.settimeout(2)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True
