"""Run the service until it is told to leave: SIGTERM and SIGINT let it finish what it publishes, then it ends with 0.

What needs no back end is checked before anything is waited for: settings, the configuration directory, the port.
A broker or a memory that is not there is waited for; what only a person can mend ends the command.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvloop

from service.app.process import Extras, Process
from service.cli.exits import FoundProblems, WrongUsage
from service.cli.speech import ERRORS
from service.config.loader import load
from service.config.problems import ConfigurationError
from service.http.serving import Server, serving
from service.settings import HttpSettings, Settings, read_settings
from service.telemetry.logs import configure_logging

log = structlog.get_logger()


def command(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Its configuration becomes the next version.")
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Bring a broker and a memory along. Nothing is durable.")
    ] = False,
) -> None:
    """Run the service."""
    settings = read_settings()
    if directory is not None:
        settings = settings.model_copy(update={"config_dir": directory})
    configure_logging(settings.log, sys.stdout)
    with ExitStack() as stack:
        if embedded:
            settings = with_embedded(settings, stack)
        refuse_bad_configuration(settings)
        uvloop.run(serve(settings, Extras(embedded=embedded)))


def with_embedded(settings: Settings, stack: ExitStack) -> Settings:
    """Start an embedded broker and memory, which end with the stack, and the settings that lead to them."""
    try:
        from service.embedded.example import example_directory  # noqa: PLC0415  # these need the extra
        from service.embedded.kafka import EMBEDDED_LANES, EmbeddedKafka  # noqa: PLC0415
        from service.embedded.redis import EmbeddedRedis  # noqa: PLC0415
    except ImportError as error:
        raise WrongUsage(f"{error.name} is missing: install fairlead with the extra `embedded`") from error
    kafka, redis = stack.enter_context(EmbeddedKafka()), stack.enter_context(EmbeddedRedis())
    lead_there = {"bootstrap": kafka.bootstrap, "security_protocol": "PLAINTEXT", "lanes": EMBEDDED_LANES}
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update=lead_there),
            "redis": settings.redis.model_copy(update={"url": redis.url, "password": None}),
            "config_dir": settings.config_dir or example_directory(),
        }
    )


def refuse_bad_configuration(settings: Settings) -> None:
    """A directory that cannot be used is told before anything is waited for."""
    if settings.config_dir is not None:
        try:
            load(settings.config_dir)
        except ConfigurationError as error:
            raise WrongUsage(str(error)) from error


async def serve(settings: Settings, extras: Extras) -> None:
    """Serve until a signal comes. Raises `WrongUsage` for what only a person can mend, `FoundProblems` after a bug."""
    listener = _listen(settings.http)
    process = Process(settings, extras)
    server = serving(process.application)
    _leave_on_signals(server)
    _say_where(settings, listener, extras)
    served = asyncio.create_task(server.serve([listener]))
    refused = asyncio.create_task(process.refused.wait())
    await asyncio.wait({served, refused}, return_when=asyncio.FIRST_COMPLETED)
    refused.cancel()
    server.should_exit = True
    await served
    if process.refusal is not None:
        raise WrongUsage(str(process.refusal))
    if server.lifespan.error_occurred:
        raise FoundProblems


def _listen(http: HttpSettings) -> socket.socket:
    try:
        return socket.create_server((http.host, http.port))
    except OSError as error:
        raise WrongUsage(
            f"cannot listen on {http.host}:{http.port} ({error.strerror}): set FAIRLEAD_HTTP__PORT, 0 for any free one"
        ) from error


def _leave_on_signals(server: Server) -> None:
    """The server has handlers of its own while it serves, and afterwards sends itself what it got: to these."""

    def leave(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, leave)


def _say_where(settings: Settings, listener: socket.socket, extras: Extras) -> None:
    host, port = listener.getsockname()[:2]
    log.info("http.opened", host=host, port=port)
    if not extras.embedded:
        return
    kafka, redis = settings.kafka, settings.redis
    ERRORS.print(
        "\nEmbedded back ends: nothing here is durable, all is gone when this ends.\n"
        f"  Kafka   {kafka.bootstrap}\n"
        f"  Valkey  {redis.url}\n"
        f"  HTTP    http://{host}:{port}/ready, /docs, /metrics\n\n"
        "To connect other commands, in another terminal:\n"
        f"  export FAIRLEAD_KAFKA__BOOTSTRAP={kafka.bootstrap} FAIRLEAD_KAFKA__LANES={kafka.lanes}"
        f" FAIRLEAD_REDIS__URL={redis.url}\n"
        "  fairlead watch\n"
    )
