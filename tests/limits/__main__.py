"""All declared limits at once, and processes that are killed: `python -m tests.limits --minutes 4 --seed 7`.

Starts a Kafka and a Redis of its own and two processes with the settings of production and the largest configuration
there may be. As many records come as may wait, of which nobody can take one, and every 15 to 30 seconds a process is
killed, with all that in its lane; then people come back, and what waits is given at its pace. The checker judges it.
Ends with 1 where it finds anything.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import structlog
from msgspec.structs import replace

from schemas.config import Document
from service.config.history import proposals
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection
from service.settings import KafkaSettings, LogSettings, RedisSettings, Settings
from service.telemetry.logs import configure_logging
from service.wire.topics import Topics
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import own_redis
from tests.cli.running import lead, member
from tests.limits.largest import PARKED, largest
from tests.survival.__main__ import PATIENCE, PATIENT_MS
from tests.survival.cluster import Cluster, a_moment
from tests.survival.documents import LANES

SENT_AT_ONCE: Final = 500
CODE: Final = 2
"""The entry of this code gives to the pool of the same number, whose two members are away."""
KILLED_AFTER_SECONDS: Final = (15.0, 30.0)
KILLS_WHILE_GIVEN: Final = 2
"""So often a process is killed once people are back."""


class LargeCluster(Cluster):
    """A deployment with the largest configuration, and the settings of production."""

    document: Document

    async def configure(self, generation: int) -> None:
        self.document = Document.model_validate(largest())
        feed = ConfigurationFeed(self.connection, self.topics.config)
        try:
            await feed.start()
            await feed.publish(proposals([self.document], feed.history))
        finally:
            await feed.stop()

    async def tell(self, availability: str) -> None:
        """The members of the pool go, or come back."""
        for each in self.document.pools[f"p{CODE}"].members:
            said = member(each.user, availability, id=f"{each.user}-{availability}")
            await self._publisher.publish([replace(said, topic=self.topics.sources[1])])

    async def pour_in(self, count: int) -> None:
        """So many records come that have to wait."""
        topic = self.topics.sources[0]
        for first in range(0, count, SENT_AT_ONCE):
            names = range(first, min(first + SENT_AT_ONCE, count))
            messages = [replace(lead(f"l{name}", code=CODE), topic=topic) for name in names]
            await self.insist(partial(self._publisher.publish, messages), "records are sent")

    async def kill_one(self, random: Random) -> None:
        """Some time from now a process is killed and replaced."""
        await a_moment(random.uniform(*KILLED_AFTER_SECONDS))
        worker = random.choice(self.workers)
        assert not worker.has_ended, f"ended by itself:\n{worker.last_words}"
        await self.kill(worker)
        self.start()

    def _settings(self) -> Settings:
        connected = KafkaSettings(
            bootstrap=self.connection.bootstrap, topic_prefix=self.topics.prefix, group=self.group, lanes=LANES
        )
        return Settings(kafka=connected, redis=RedisSettings(url=self.redis.address))


async def killed(minutes: float, seed: int, directory: Path) -> list[str]:
    """What the checker found. Prints what there was."""
    random, kills = Random(seed), 0
    with KafkaServer() as broker, own_redis() as redis:
        connection = KafkaConnection(broker.bootstrap, request_timeout_ms=PATIENT_MS)
        cluster = LargeCluster(connection, Topics.of("limits."), redis, directory, seed, patience=PATIENCE)
        try:
            await cluster.open()
            cluster.start()
            cluster.start()
            await cluster.tell("away")
            end = time.monotonic() + 60 * minutes
            pouring = asyncio.create_task(cluster.pour_in(PARKED))
            while time.monotonic() < end or not pouring.done():
                await cluster.kill_one(random)
                kills += 1
            await pouring
            await cluster.tell("available")
            for _ in range(KILLS_WHILE_GIVEN):
                await cluster.kill_one(random)
                kills += 1
            found = await cluster.finish()
            waiting = sum(len(reader.content.get("parked", {})) for reader in cluster.witness.readers.values())
            print(f"{PARKED:,} records, {waiting:,} of them wait still; {kills} kills: {len(found)} violations")
            return found
        finally:
            await cluster.close()


def main() -> int:
    """Parse the command line, run it, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.limits", description=__doc__)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    configure_logging(LogSettings(level="error"), sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="fairlead-limits-") as directory:
        found = asyncio.run(killed(arguments.minutes, arguments.seed, Path(directory)))
    print(*found[:20], sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
