"""Other systems that do the same work, or less of it, on the same events in the same run.

A peer is a program and a topic, as every contestant is: it reads the source of its task and writes one record for each
event to the topic of assignments. Who adds one here measures it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.backends.kafka_server import KafkaNotStarted, libraries
from tests.bench.contestants import Program, Task

STREAMS: Final = "Kafka Streams"
ARTIFACT: Final = "kafka-streams"
TOPOLOGY: Final = Path(__file__).with_name("Assign.java")
COMPILER: Final = "javac"
"""Whoever has no compiler of Java cannot run the topology from its source."""


class Peer(NamedTuple):
    """Somebody else's system. `missing` says why it cannot run here, empty: it can; `warm_up` events go before those
    for which its time is taken.
    """

    name: str
    program: Program
    missing: Callable[[], str]
    warm_up: int


def kafka_streams(task: Task) -> None:
    """A topology with a smaller job, exactly once. It becomes the virtual machine: so its time is measured."""
    output = os.open(task.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    (source,) = task.topics.sources
    given = (task.connection.bootstrap, source, task.topics.assignments, f"{task.log}state")
    os.execvp("java", ["java", "-cp", f"{libraries(ARTIFACT)}/*", str(TOPOLOGY), *given])  # noqa: S606  # no shell, indeed


def no_streams() -> str:
    """Why Kafka Streams cannot run here; empty: it can, and its jars are there."""
    lacking = [tool for tool in (COMPILER, "mvn") if shutil.which(tool) is None]
    if lacking:
        return f"there is no {' and no '.join(lacking)}"
    try:
        libraries(ARTIFACT)
    except KafkaNotStarted as error:
        return str(error)
    return ""


PEERS: Final = (Peer(STREAMS, kafka_streams, no_streams, warm_up=100_000),)
