"""A Kafka for a first look: librdkafka's mock cluster inside this process, spoken to over the real wire protocol.

It keeps nothing: memory only, at most 5 MiB per partition, gone with the process. It makes topics itself when it is
asked for them, each with `EMBEDDED_LANES` partitions, and can neither delete records nor run transactions.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import structlog
from confluent_kafka import Producer

EMBEDDED_LANES = 4
"""The number of partitions of every topic of the embedded broker."""
START_SECONDS = 10

log = structlog.get_logger()


class EmbeddedKafka:
    """A running broker on the loopback interface, from `start` to `stop`. `bootstrap` is its `host:port`."""

    def __init__(self) -> None:
        self._client: Producer | None = None
        self.bootstrap = ""

    def start(self) -> Self:
        """Start it; takes milliseconds. Raises `confluent_kafka.KafkaException` when it does not come up."""
        # A client whose broker is a mock cluster owns that cluster: it lives as long as the client.
        # The bootstrap address is never used, but must be set.
        self._client = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused", "log_level": 4})
        (broker,) = self._client.list_topics(timeout=START_SECONDS).brokers.values()
        self.bootstrap = f"{broker.host}:{broker.port}"
        log.warning("embedded.started", part="kafka", address=self.bootstrap, note="NOTHING HERE IS DURABLE")
        return self

    def stop(self) -> None:
        """Stop it; everything it held is gone. Harmless when it does not run."""
        self._client = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
