"""Run the service until it is told to leave: SIGTERM, SIGINT and SIGHUP let it finish what it publishes, then it ends
with 0.

What needs no back end is checked before anything is waited for: settings, the configuration directory, the port.
A broker or a memory that is not there is waited for; what only a person can mend ends the command. With several workers
this command is their parent, and each of them the same command once more, which is told that it is one.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, Protocol

import structlog
import typer
import uvloop

from service.app.process import Extras, Process
from service.app.workers.crew import Crew
from service.app.workers.lifeline import leave_with_the_parent
from service.app.workers.worker import Post
from service.cli.exits import UNUSABLE, FoundProblems, WrongUsage
from service.cli.speech import ERRORS
from service.config.loader import load
from service.config.problems import ConfigurationError
from service.http.serving import Server, serving
from service.settings import WORKERS_MAX, HttpSettings, Settings, read_settings
from service.telemetry.logs import configure_logging

log = structlog.get_logger()


def command(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Its configuration becomes the next version.")
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Bring a broker and a memory along. Nothing is durable.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=WORKERS_MAX, help="So many processes, each for a core.", show_default="1"),
    ] = None,
    worker: Annotated[int | None, typer.Option("--worker", hidden=True)] = None,
    instance: Annotated[str | None, typer.Option("--instance", hidden=True)] = None,
    listener: Annotated[int | None, typer.Option("--listener", hidden=True)] = None,
) -> None:
    """Run the service."""
    settings = read_settings()
    told = {"config_dir": directory, "workers": workers if worker is None else 1}
    settings = settings.model_copy(update={name: value for name, value in told.items() if value is not None})
    configure_logging(settings.log, sys.stdout, worker=worker)
    with ExitStack() as stack:
        if embedded:
            settings = with_embedded(settings, stack)
        refuse_bad_configuration(settings)
        if settings.workers > 1:
            uvloop.run(parent(settings))
        else:
            uvloop.run(alone(settings, Extras(embedded=embedded, instance=instance), listener))


def with_embedded(settings: Settings, stack: ExitStack) -> Settings:
    """Start an embedded broker and memory, which end with the stack, and the settings that lead to them."""
    if settings.workers > 1:
        raise WrongUsage("embedded back ends are of one process: leave out --workers (FAIRLEAD_WORKERS), or --embedded")
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


async def alone(settings: Settings, extras: Extras, listener: int | None) -> None:
    """Serve as one process; as a worker at the socket with this descriptor, for as long as the parent lives."""
    if listener is not None:
        leave_with_the_parent()
    there = _listen(settings.http) if listener is None else socket.socket(fileno=listener)
    process = Process(settings, extras)
    await serve(process, serving(process.application), there, lambda: _say_where(settings, there, extras))


async def parent(settings: Settings) -> None:
    """Serve as the parent of several. Raises `FoundProblems` also where a worker had to be ended by force."""
    crew = Crew(settings, partial(_once_more, settings), UNUSABLE)
    listener, server = _listen(settings.http), serving(crew.application)
    server.told = crew.told
    await serve(crew, server, listener, lambda: _say_where(settings, listener, Extras()))
    if crew.was_forced:
        raise FoundProblems


def _once_more(settings: Settings, post: Post) -> list[str]:
    """The command as it was begun, by the same interpreter with the same options, as a worker."""
    begun = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    directory = [] if settings.config_dir is None else [str(settings.config_dir)]
    told = {"--worker": post.number, "--instance": post.instance, "--listener": post.listener}
    return [*begun, "run", *(str(word) for option in told.items() for word in option), *directory]


class Served(Protocol):
    """What is served: one process, or the parent of several."""

    refused: asyncio.Event

    @property
    def refusal(self) -> Exception | None: ...


async def serve(served: Served, server: Server, listener: socket.socket, opened: Callable[[], None]) -> None:
    """Serve until a signal comes. Raises `WrongUsage` for what only a person can mend, `FoundProblems` after a bug."""
    _leave_on_signals(server)
    opened()
    serving_it = asyncio.create_task(server.serve([listener]))
    refused = asyncio.create_task(served.refused.wait())
    await asyncio.wait({serving_it, refused}, return_when=asyncio.FIRST_COMPLETED)
    refused.cancel()
    server.should_exit = True
    await serving_it
    if served.refusal is not None:
        raise WrongUsage(str(served.refusal))
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
    """The server has handlers of its own while it serves, and afterwards sends itself what it got: to these.

    It has none for SIGHUP, by which a terminal that closes says to leave. The system, the shell and a service manager
    may all send that, beside another signal, so it is never a second telling, which would end workers by force. Who
    began us with it ignored (`nohup`) wants us to stay.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    def leave_once(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:
            server.handle_exit(signal.SIGTERM, frame)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, leave_once)


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
