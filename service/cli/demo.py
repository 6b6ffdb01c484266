"""A first look: a made-up CRM, the whole service and both back ends inside this process.

Nothing shown is what was intended. A reader follows the topics while the service works and counts what is there; the
last line is that count, for machines.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Final, NamedTuple

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from service.app.process import Extras, Process
from service.cli.demo_report import Result, show
from service.cli.exits import FoundProblems
from service.cli.run import with_embedded
from service.cli.speech import ERRORS
from service.config.compiler import compile_document
from service.config.loader import load
from service.core.configuration import Config
from service.kafka.publisher import Place, Publisher, partition_of
from service.settings import (
    HttpSettings,
    IngestSettings,
    KafkaSettings,
    LaneSettings,
    LogSettings,
    RedisSettings,
    Settings,
    read_settings,
)
from service.telemetry import configure_logging
from service.tools.demo.following import Follower
from service.tools.demo.story import FEWEST_EVENTS, Scene, story
from service.tools.demo.tally import Tally
from service.wire.outputs import DEFAULT_DIVISION

WAVE: Final = 250
UNDER_WAY: Final = 1_000
"""Events that may be sent and not yet decided: the embedded broker keeps only the newest few thousand."""
LANES: Final = 4
SNAPSHOT_MIN_BYTES: Final = 500_000
PATIENCE_SECONDS: Final = 30.0


class Clock(NamedTuple):
    """When the command began, when the first event was sent, and when the last was answered (seconds)."""

    begun: float
    ready: float
    done: float


def command(
    events: Annotated[int, typer.Option(min=FEWEST_EVENTS, max=1_000_000, help="How many events.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed tells another story.")] = 1,
) -> None:
    """Share out made-up records."""
    begun = time.perf_counter()
    log = read_settings().log
    configure_logging(LogSettings(level=log.level if "level" in log.model_fields_set else "error"), sys.stderr)
    with ExitStack() as stack:
        settings = with_embedded(_settings(), stack)
        result = asyncio.run(tell(settings, events, seed, begun))
    show(result)
    if result.tally.missing or result.tally.doubles:
        raise FoundProblems


async def tell(settings: Settings, events: int, seed: int, begun: float) -> Result:
    """Run the service, send it the story, and count until everything is answered or nothing comes any more."""
    process = Process(settings, Extras(embedded=True))
    tally = Tally(process.topics, settings.kafka.lanes)
    watched = (*process.topics.sources, process.topics.log, process.topics.assignments, process.topics.dead_letters)
    places = [Place(topic, number) for topic in watched for number in range(settings.kafka.lanes)]
    async with (
        process.application.start_lifespan_context(),
        Follower(process.connection, places, tally.take) as follower,
    ):
        await follower.until(lambda: not process.missing and not process.readiness().problems, PATIENCE_SECONDS)
        ready = time.perf_counter()
        with _progress() as progress:
            bar = progress.add_task("events", total=events)
            show_count = partial(progress.update, bar)
            telling = _Telling(Publisher(process.connection), follower, tally, show_count)
            for scene in story(events, seed, process.topics):
                await telling.scene(scene)
        await follower.until(lambda: not (tally.waiting or tally.missing), PATIENCE_SECONDS)
        done = time.perf_counter()
        await telling.publisher.close()
    return Result(tally, _configuration(settings), done - begun, done - ready)


class _Telling(NamedTuple):
    """Sends scenes no faster than they are decided. `show_count` is given `completed`."""

    publisher: Publisher
    follower: Follower
    tally: Tally
    show_count: Callable[..., None]

    async def scene(self, scene: Scene) -> None:
        """Send a scene in waves, and wait until all of it is decided."""
        before = self.tally.answered
        for start in range(0, len(scene), WAVE):
            await self._send(scene[start : start + WAVE])
            sent = min(start + WAVE, len(scene))
            await self._answered(before + sent - UNDER_WAY)
        await self._answered(before + len(scene))

    async def _send(self, wave: Scene) -> None:
        await self.publisher.publish([message for message, elsewhere in wave if not elsewhere])
        for message, elsewhere in wave:
            if elsewhere:
                at = (partition_of(message.key, LANES) + 1) % LANES
                await self.publisher.append(Place(message.topic, at), [message])

    async def _answered(self, count: int) -> None:
        await self.follower.until(lambda: self.tally.answered >= count, PATIENCE_SECONDS)
        self.show_count(completed=self.tally.answered)


def _settings() -> Settings:
    """Only defaults: what the environment says about a real deployment does not belong here."""
    return Settings(
        kafka=KafkaSettings(),
        redis=RedisSettings(),
        ingest=IngestSettings(),
        lane=LaneSettings(snapshot_min_bytes=SNAPSHOT_MIN_BYTES, poll_wait_ms=20),
        http=HttpSettings(),
        config_dir=None,
    )


def _configuration(settings: Settings) -> Config:
    assert settings.config_dir is not None, "the example configuration is used where none is named"
    return compile_document(load(settings.config_dir).documents[DEFAULT_DIVISION], version=1)


def _progress() -> Progress:
    columns = (TextColumn("sharing out"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=ERRORS, transient=True, disable=not ERRORS.is_terminal)
