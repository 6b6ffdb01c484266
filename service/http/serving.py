"""How connections are served: how many there may be, and how long a client may take to say what it wants.

Whoever opens connections and asks nothing would otherwise hold them for ever, and with them the process's sockets,
until nobody can ask whether it lives. Such a client is let go after seconds, whatever it sends meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, cast

import uvicorn
from faststream.asgi.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS: Final = 5.0
"""How long a request may take to arrive: its headers, and after the answer the rest of its body."""
CONNECTIONS: Final = 200
"""So many at once are answered; more are told to come back. Probes, a scraper and some people need a handful."""
LOOK_SECONDS: Final = 0.5
"""A process that is told to leave begins to do so after so long at most."""
ONLY_LOOK: Final = 1
"""Every tenth tick uvicorn writes the date for its answers, which have none here."""
REQUESTS_END_SECONDS: Final = 5
"""How long requests that are being answered may take when the process leaves."""


class Server(uvicorn.Server):
    """Serves until it is told to leave, or until the application has died of a bug.

    `told` is called at each signal to leave, at once: the application hears of it when what is answered has ended.
    """

    told: Callable[[], None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.told is not None:
            self.told()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self.lifespan.error_occurred

    async def main_loop(self) -> None:
        """Look whether to leave, more rarely than uvicorn does: an idle process would wake for little else."""
        while not await self.on_tick(ONLY_LOOK):  # noqa: ASYNC110  # what uvicorn looks at is no event
            await asyncio.sleep(LOOK_SECONDS)


class ImpatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, to a client that has `header_seconds` for a request."""

    header_seconds = HEADER_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._patience: asyncio.TimerHandle | None = None
        self._heed()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._heed()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._heed()

    def _heed(self) -> None:
        """Let time run while no request is being answered, and begin anew with each request."""
        cycle = cast(Any, self).cycle
        if cycle is not None and not cycle.response_complete:
            self._forget()
        elif self._patience is None:
            self._patience = self.loop.call_later(self.header_seconds, self._give_up)

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        self.timeout_keep_alive_handler()


def serving(application: ASGIApp, protocol: type[ImpatientProtocol] = ImpatientProtocol) -> Server:
    """A server for the application, which has begun nothing yet."""
    return Server(
        uvicorn.Config(
            application,
            lifespan="on",
            http=protocol,
            ws="none",
            log_config=None,
            access_log=False,
            date_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=REQUESTS_END_SECONDS,
        )
    )
