"""What a process costs at rest: `python -m tests.bench.idle [--seconds 30] [--assert]`, or `make idle`.

Starts a broker and a memory and one service on them that owns all lanes, waits until it is ready, and reads from the
operating system how much processor time it takes while nothing comes in. Then it sends events one by one: whoever
sleeps well must still wake at once, so the time from an event to its assignment is told, too.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple
from urllib.request import urlopen

from service.settings import LogSettings
from service.telemetry.logs import configure_logging
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import own_redis
from tests.bench.__main__ import CONFIG_DIR, moved
from tests.bench.contestants import service
from tests.bench.events import created_leads
from tests.bench.latency import timed
from tests.bench.meters import LOOPBACK, free_port
from tests.bench.stage import SOURCE, Stage, cpu_seconds, pause, running

MOST_PERCENT: Final = 1.0
"""Of one core, with twelve lanes."""
REST_SECONDS: Final = 10
"""Between ready and at rest: connections are made, lazy imports done."""
READY_SECONDS: Final = 60
EVENTS: Final = 20
EVENTS_PER_SECOND: Final = 2
LOOK_SECONDS: Final = 0.2


class Idle(NamedTuple):
    """Processor time as percent of a core, and how long events wait that come one by one to an idle process."""

    percent: float
    waits_ms: list[float]


async def measured(stage: Stage, seconds: int) -> Idle:
    """What a service on this stage costs that has nothing to do. Raises `Stuck`."""
    port = free_port()
    task = await stage.prepare(http={"port": port})
    with running(service, task) as process:
        async with asyncio.timeout(READY_SECONDS):
            while not await is_ready(port):
                await pause(LOOK_SECONDS)
        await pause(REST_SECONDS)
        began, before = time.perf_counter(), cpu_seconds(process)
        await pause(seconds)
        percent = 100 * (cpu_seconds(process) - before) / (time.perf_counter() - began)
        watch = await timed(task, moved(created_leads(SOURCE, 0, EVENTS, seed=1), task), rate=EVENTS_PER_SECOND)
    return Idle(percent, watch.waits_ms())


async def is_ready(port: int) -> bool:
    """Whether the service says so."""
    try:
        await asyncio.to_thread(urlopen, f"http://{LOOPBACK}:{port}/ready")
    except OSError:
        return False
    return True


def main() -> int:
    """Run it; 1: it costs more than it may, and that was asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.idle", description="Measure a service at rest.")
    parser.add_argument("--seconds", type=int, default=30, choices=range(5, 601), metavar="5-600")
    parser.add_argument("--assert", dest="asserts", action="store_true", help="end with 1 if it costs too much")
    given = parser.parse_args()
    configure_logging(LogSettings(level="error"), sys.stderr)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        KafkaServer(is_measured=True) as kafka,
        own_redis() as redis,
    ):
        stage = Stage(kafka.bootstrap, redis.address, CONFIG_DIR, Path(directory))
        idle = asyncio.run(measured(stage, given.seconds))
    sys.stdout.write(
        f"at rest: {idle.percent:.2f} % of a core (at most {MOST_PERCENT:g} % is wanted)\n"
        f"an event then: {median(idle.waits_ms):.0f} ms to its assignment (p50), {idle.waits_ms[-1]:.0f} ms at worst, "
        f"of {len(idle.waits_ms)}\n"
    )
    return int(given.asserts and idle.percent > MOST_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
