"""Run the whole service inside this process, tell it the story, and count what comes of it.

Nothing counted is what was intended: a reader follows the topics while the service works and counts what is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from service.app.process import Extras, Process
from service.config.compiler import compile_document
from service.config.loader import load
from service.core.configuration import Config
from service.demo.story import Scene, story
from service.demo.tally import Tally
from service.kafka.partitions import Place, partition_of
from service.kafka.publisher import Publisher
from service.kafka.reading import Follower
from service.settings import Settings
from service.wire.outputs import DEFAULT_DIVISION

WAVE: Final = 250
UNDER_WAY: Final = 1_000
"""Events that may be sent and not yet decided: the embedded broker keeps only the newest few thousand."""
PATIENCE_SECONDS: Final = 30.0

Showing = AbstractContextManager[Callable[[int], None]]
"""While events are sent: what is told how many of them are answered."""


class DemoResult(NamedTuple):
    """What was counted, with which configuration, in how many seconds: of all, and from the first event on."""

    tally: Tally
    config: Config
    seconds: float
    working_seconds: float


class Plan(NamedTuple):
    """So many events of the story of this seed. `begun` is when the first look began, on the performance counter."""

    events: int
    seed: int
    begun: float


async def tell(settings: Settings, plan: Plan, showing: Showing) -> DemoResult:
    """Run the service, send it the story, and count until everything is answered or nothing comes any more."""
    process = Process(settings, Extras(embedded=True))
    lanes = settings.kafka.lanes
    tally = Tally(process.topics, lanes)
    watched = (*process.topics.sources, process.topics.log, process.topics.assignments, process.topics.dead_letters)
    places = [Place(topic, number) for topic in watched for number in range(lanes)]
    async with (
        process.application.start_lifespan_context(),
        Follower(process.connection, places, tally.take) as follower,
    ):
        await follower.until(lambda: not process.missing and not process.readiness().problems, PATIENCE_SECONDS)
        ready = time.perf_counter()
        with showing as show_count:
            telling = _Telling(Publisher(process.connection), follower, tally, lanes, show_count)
            for scene in story(plan.events, plan.seed, process.topics):
                await telling.scene(scene)
        await follower.until(lambda: not (tally.waiting or tally.missing), PATIENCE_SECONDS)
        done = time.perf_counter()
        await telling.publisher.close()
    return DemoResult(tally, _configuration(settings), done - plan.begun, done - ready)


class _Telling(NamedTuple):
    """Sends scenes no faster than they are decided."""

    publisher: Publisher
    follower: Follower
    tally: Tally
    lanes: int
    show_count: Callable[[int], None]

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
                at = (partition_of(message.key, self.lanes) + 1) % self.lanes
                await self.publisher.append(Place(message.topic, at), [message])

    async def _answered(self, count: int) -> None:
        await self.follower.until(lambda: self.tally.answered >= count, PATIENCE_SECONDS)
        self.show_count(self.tally.answered)


def _configuration(settings: Settings) -> Config:
    assert settings.config_dir is not None, "the example configuration is used where none is named"
    return compile_document(load(settings.config_dir).documents[DEFAULT_DIVISION], version=1)
