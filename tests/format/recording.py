"""What a build left behind, as a file: `python -m tests.format NAME` makes one, and never writes over another.

A file holds, for each lane, the log and the input from their very beginning, where the log begins by now, and the
memory as it lies in Redis. Bytes stand as text in Latin-1, which has one character for each.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from service.kafka.memory import BrokerRecord
from service.kafka.partitions import Place
from tests.format.deployment import LANES, TOPICS, Deployment
from tests.log_reader import NOTHING_FOLDED, Seen
from tests.memory_checker import MARK, Memory

RECORDED: Final = Path(__file__).parent / "recorded"
TOPICS_KEPT: Final = (
    TOPICS.log,
    TOPICS.events,
    TOPICS.assignments,
    TOPICS.notifications,
    TOPICS.workflow_actions,
    TOPICS.dead_letters,
)
MANY: Final = 5_000

Keys = dict[str, dict[bytes, bytes]]
"""A memory: hashes by the part of their names behind the prefix."""


@dataclass(frozen=True)
class Recording:
    """One file. `partitions` are the records of all topics from their beginning, `begins` where the logs begin now."""

    valid: int
    now_ms: int
    once: list[str]
    everywhere: list[str]
    partitions: Mapping[Place, list[BrokerRecord]]
    begins: Mapping[int, int]
    memory: Keys

    def published(self, topic: str) -> list[BrokerRecord]:
        """What a topic held."""
        return [record for place, records in self.partitions.items() if place.topic == topic for record in records]

    def put_back(self, deployment: Deployment) -> None:
        """Make broker and clock what they were. The memory is put back by `put_memory`."""
        deployment.now_ms, deployment.valid = self.now_ms, self.valid
        deployment.once, deployment.everywhere = list(self.once), list(self.everywhere)
        for place, records in self.partitions.items():
            partition = deployment.broker.partitions[place]
            partition.begin = self.begins[place.partition] if place.topic == TOPICS.log else 0
            partition.records = [record for record in records if record.offset >= partition.begin]
            kept = {TOPICS.log: deployment.logs, TOPICS.events: deployment.inputs}.get(place.topic)
            if kept is not None:
                kept[place.partition] = [Seen(*place, record.offset, record.key, record.value) for record in records]


async def taken_of(deployment: Deployment, redis: Redis, prefix: str) -> Recording:
    """A recording of what there is now."""
    deployment.take_down()
    kept = {TOPICS.log: deployment.logs, TOPICS.events: deployment.inputs}
    partitions = {}
    for topic in TOPICS_KEPT:
        for lane in range(LANES):
            records = deployment.broker.partitions[Place(topic, lane)].records
            there = {record.offset for record in records}
            gone = [
                BrokerRecord(seen.offset, 0, seen.key or b"", seen.value, ())
                for seen in kept.get(topic, {}).get(lane, ())
                if seen.offset not in there
            ]
            partitions[Place(topic, lane)] = gone + records
    begins = {lane: deployment.broker.partitions[Place(TOPICS.log, lane)].begin for lane in range(LANES)}
    return Recording(
        deployment.valid,
        deployment.now_ms,
        deployment.once,
        deployment.everywhere,
        partitions,
        begins,
        await memory_of(redis, prefix),
    )


async def memory_of(redis: Redis, prefix: str) -> Keys:
    """The memory as it lies in Redis."""
    found = sorted([name async for name in redis.scan_iter(match=f"{prefix}*", count=MANY)])
    pipeline = redis.pipeline(transaction=False)
    for name in found:
        pipeline.hgetall(name)
    held: list[dict[bytes, bytes]] = await pipeline.execute()
    return {str(name, "utf-8").removeprefix(prefix): fields for name, fields in zip(found, held, strict=True)}


async def put_memory(redis: Redis, prefix: str, memory: Keys) -> None:
    """Lay a memory out as it was."""
    pipeline = redis.pipeline(transaction=False)
    for name, fields in memory.items():
        pipeline.hset(prefix + name, items=[part for pair in fields.items() for part in pair])
    await pipeline.execute()


def lanes_of(memory: Keys) -> dict[int, Memory]:
    """The memory as the independent checker reads it."""
    found = {}
    for lane in range(LANES):
        start = f"{{lane-{lane}}}:"
        keys = {
            name.removeprefix(start): {str(field, "utf-8"): value for field, value in fields.items()}
            for name, fields in memory.items()
            if name.startswith(start)
        }
        head = keys.pop("head", {})
        found[lane] = Memory(
            int(head.get("revision") or NOTHING_FOLDED),
            str(head.get("checksum", b""), "utf-8"),
            "building" in head,
            keys,
            head.get(MARK, b""),
            json.loads(head.get("layout") or b"{}").get("kinds", {}),
        )
    return found


def file_of(name: str) -> Path:
    """Where the recording of this name is."""
    return RECORDED / name / "left.json.gz"


def write(recording: Recording, path: Path) -> None:
    """As a file, which must not be there yet. Raises `FileExistsError`."""
    content = {
        "valid": recording.valid,
        "now_ms": recording.now_ms,
        "once": recording.once,
        "everywhere": recording.everywhere,
        "begins": {str(lane): begin for lane, begin in recording.begins.items()},
        "partitions": {
            f"{place.topic}/{place.partition}": [_told(record) for record in records]
            for place, records in recording.partitions.items()
        },
        "memory": {
            name: {_text(field): _text(value) for field, value in sorted(fields.items())}
            for name, fields in recording.memory.items()
        },
    }
    with path.open("xb") as file:
        file.write(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))


def read(path: Path) -> Recording:
    """What `write` wrote."""
    content: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    partitions = {}
    for name, records in content["partitions"].items():
        topic, _, number = name.rpartition("/")
        partitions[Place(topic, int(number))] = [_heard(record) for record in records]
    return Recording(
        content["valid"],
        content["now_ms"],
        content["once"],
        content["everywhere"],
        partitions,
        {int(lane): begin for lane, begin in content["begins"].items()},
        {
            name: {_bytes(field): _bytes(value) for field, value in fields.items()}
            for name, fields in content["memory"].items()
        },
    )


def _told(record: BrokerRecord) -> list[Any]:
    headers = [[name, None if value is None else _text(value)] for name, value in record.headers]
    return [record.offset, record.time_ms, _text(record.key), _text(record.value), headers]


def _heard(told: list[Any]) -> BrokerRecord:
    offset, time_ms, key, value, headers = told
    read = tuple((name, None if text is None else _bytes(text)) for name, text in headers)
    return BrokerRecord(offset, time_ms, _bytes(key), _bytes(value), read)


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
