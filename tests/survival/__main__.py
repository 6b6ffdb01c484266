"""More faults than the tests have time for: `python -m tests.survival --minutes 10 --seed 7`.

With `--older DIR`, a checkout of an older build, half of the processes are of that one; after half of the time the
lanes are raised to the level of this build.

Starts a Kafka and a Redis of its own and lets a storm loose on them (see `storm`), round after round. Prints figures
after each round and at the end: events, faults by kind, violations. Ends with 1 as soon as the checker finds anything;
the files of the processes are kept then.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

import structlog

from service.kafka.connection import KafkaConnection
from service.settings import LogSettings
from service.telemetry.logs import configure_logging
from service.wire.topics import Topics
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import own_redis
from tests.survival.cluster import Cluster
from tests.survival.storm import Storm

ROUND_SECONDS: Final = 40.0
MOST_MINUTES: Final = 240.0
PATIENCE: Final = 6.0
"""An hour on a machine that has other things to do must not end because something took a minute."""
PATIENT_MS: Final = 30_000
"""So long the conductor waits for an answer of the broker. The processes have the limits of production."""


async def storm(minutes: float, seed: int, directory: Path, older: Path | None = None) -> list[str]:
    """Rounds until the time is over or something is found."""
    end = time.monotonic() + 60 * min(minutes, MOST_MINUTES)
    half = (time.monotonic() + end) / 2
    with KafkaServer() as broker, own_redis() as redis:
        connection = KafkaConnection(broker.bootstrap, request_timeout_ms=PATIENT_MS)
        cluster = Cluster(connection, Topics.of("storm."), redis, directory, seed, patience=PATIENCE)
        cluster.is_plain = older is not None
        raging = Storm(cluster, broker, Random(seed), older)
        found: list[str] = []
        try:
            await cluster.open()
            await begin(cluster, older)
            while time.monotonic() < end and not found:
                found = await raging.rage(min(ROUND_SECONDS, end - time.monotonic()))
                print(await figures(raging, found), flush=True)
                if older is not None and time.monotonic() > half and not raging.faults["level raised"]:
                    await raging.raise_level()
            return found
        finally:
            print(*table(raging, found), sep="\n", flush=True)
            await cluster.close()


async def begin(cluster: Cluster, older: Path | None) -> None:
    """Who comes first agrees on the level and on the sources: that is nobody who only writes strange records."""
    first = cluster.start(older=older)
    await cluster.owned_by(first)
    await cluster.stop(first)


def table(raging: Storm, found: Sequence[str]) -> Iterator[str]:
    """What came of all rounds: events, faults by kind, violations."""
    yield f"{raging.cluster.load.made:9,} events in {raging.rounds} rounds that were checked"
    yield f"{raging.faults.total():9,} faults:"
    for fault, count in sorted(raging.faults.items()):
        if count:
            yield f"{count:9,}   {fault}"
    yield f"{len(found):9,} violations"


async def figures(raging: Storm, found: Sequence[str]) -> str:
    """What has happened so far, in one line."""
    witness, ledger = raging.cluster.witness, raging.cluster.witness.ledger
    cuts = sum(begin > 0 for begin in (await witness.log_begins()).values())
    held = f"{len(ledger.records)} records, {len(ledger.members)} of people, {len(ledger.unreadable)} unreadable"
    return (
        f"round {raging.rounds}: {raging.cluster.load.made} events made, sources hold {held}; "
        f"{raging.faults.total()} faults, {cuts} logs cut: {len(found)} violations"
    )


def main() -> int:
    """Parse the command line, storm, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.survival", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--older", type=Path, help="the root of a checkout of an older build")
    arguments = parser.parse_args()
    configure_logging(LogSettings(level="error"), sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # What the conductor does wrong on purpose is not worth a line; the processes have logs of their own.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    directory = Path(tempfile.mkdtemp(prefix="fairlead-storm-"))
    found = asyncio.run(storm(arguments.minutes, arguments.seed, directory, arguments.older))
    if found:
        print(f"{len(found)} violations, files in {directory}", *found[:20], sep="\n")
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
