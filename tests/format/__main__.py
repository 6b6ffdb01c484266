"""Record what this build leaves behind: `python -m tests.format NAME`. For a build that is being released.

The configurations stand in `recorded/NAME/first` and `second`; the file is written beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from typing import Final

import structlog
from redis.asyncio import Redis

from service.store.redis import RedisStore
from tests.backends.redis_server import any_redis
from tests.format.deployment import Deployment, configurations
from tests.format.recording import RECORDED, Recording, file_of, taken_of, write
from tests.lane.mixed_events.events import steps

EVENTS: Final = 1_500
UNDECIDED: Final = 60
"""At least so many of them lie there in the end, and nobody has looked at them."""
SEED: Final = 11
PREFIX: Final = "recording:"


async def record(address: str, name: str) -> Recording:
    """Play the events, change hands and configuration half-way, and leave before the last have been decided."""
    client = Redis.from_url(address)
    deployment = Deployment(
        RedisStore(client, PREFIX), configurations([RECORDED / name / "first", RECORDED / name / "second"])
    )
    try:
        await deployment.own("one")
        sent = 0
        for step in steps(SEED, events=EVENTS):
            deployment.now_ms += step.pass_ms
            if step.is_switch:
                deployment.valid += 1
                await deployment.own("two")
            deployment.send(step.arriving)
            sent += step.events
            if sent == EVENTS:
                break
            if sent < EVENTS - UNDECIDED:
                await deployment.settle()
        return await taken_of(deployment, client, PREFIX)
    finally:
        await client.aclose()


def main() -> None:
    """Write the recording, unless there is one of this name."""
    parser = argparse.ArgumentParser(prog="python -m tests.format")
    parser.add_argument("name")
    name = parser.parse_args().name
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with any_redis() as address:
        recording = asyncio.run(record(address, name))
    write(recording, file_of(name))
    kinds = sorted({key.rpartition(":")[0].rpartition(":")[2] for key in recording.memory})
    print(f"{file_of(name)}: logs begin at {dict(recording.begins)}, kinds {', '.join(kinds)}")


if __name__ == "__main__":
    main()
