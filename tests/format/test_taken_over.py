"""What earlier builds left is taken over, with their memory and without it, and worked on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from redis.asyncio import Redis

from service.store.keys import LAYOUT
from service.store.redis import RedisStore
from tests.format.deployment import TOPICS, Deployment, configurations
from tests.format.recording import RECORDED, Keys, Recording, file_of, lanes_of, memory_of, put_memory, read
from tests.memory_checker import MARK

NAMES = sorted(path.name for path in RECORDED.iterdir() if path.is_dir())
VERSIONS = "first", "second", "later"
"""Configurations: the last, in which nobody has a limit, became valid after the build had gone."""
HELD = (
    "record",
    "heard",
    "tracked",
    "past",
    "seat",
    "pool",
    "open",
    "pace",
    "person",
    "parked",
    "fields",
    "timer",
    "hit",
    "lane",
)
"""Kinds of which each recording has something."""
recorded = cache(read)
"""Read once: a recording is a value."""


@dataclass
class Left:
    """A deployment as an earlier build left it, and the Redis in which its memory lies."""

    recording: Recording
    deployment: Deployment
    client: Redis
    prefix: str

    async def memory(self) -> Keys:
        return await memory_of(self.client, self.prefix)

    async def go_on(self) -> None:
        """Decide what lay there undecided."""
        await self.deployment.own("a later build")
        await self.deployment.settle()
        assert self.deployment.complaints(lanes_of(await self.memory())) == []

    def assignments(self) -> list[tuple[str | None, str]]:
        """Record and owner of each assignment that was published since."""
        known = self.recording.published(TOPICS.assignments)
        return [
            (str(record.key, "utf-8"), json.loads(record.value)["owner"]["id"])
            for record in self.deployment.broker.records(TOPICS.assignments)
            if record not in known and b'"owner":{' in record.value
        ]


@pytest.fixture(params=NAMES)
async def left(request: pytest.FixtureRequest, redis_address: str, redis_prefix: str) -> AsyncIterator[Left]:
    """Each recording in turn, with its memory."""
    recording = recorded(file_of(request.param))
    client = Redis.from_url(redis_address)
    directories = [RECORDED / request.param / name for name in VERSIONS]
    deployment = Deployment(RedisStore(client, redis_prefix), configurations(directories))
    recording.put_back(deployment)
    await put_memory(client, redis_prefix, recording.memory)
    yield Left(recording, deployment, client, redis_prefix)
    await client.delete(*[redis_prefix + name for name in await memory_of(client, redis_prefix)])
    await client.aclose()


def test_there_is_a_recording_of_every_format() -> None:
    """Of the first, at least; a recording has lanes, snapshots, a log that was cut, and two divisions that wait."""
    assert "format-1" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_holds_what_a_later_build_could_spoil(name: str) -> None:
    """Or taking it over would prove little."""
    recording = recorded(file_of(name))
    kinds = {json.loads(record.value)["kind"] for record in recording.published(TOPICS.log)}
    assert {"claim", "batch", "snapshot", "chunk", "complete"} <= kinds
    assert sum(begin > 0 for begin in recording.begins.values()) >= 2
    for kind in HELD:
        assert _fields(recording.memory, kind), f"{name} holds nothing of {kind}"
    waiting = {field.split(b"/")[0] for field in _fields(recording.memory, "parked")}
    assert waiting >= {b"main", b"north"}


async def test_a_memory_is_taken_over_as_it_was_left(left: Left) -> None:
    """No value has changed. It is laid out anew only where this build knows kinds that it has no place for."""
    await left.deployment.own("a later build")
    assert _values(await left.memory()) == _values(left.recording.memory)
    is_laid_out_anew = _marks(await left.memory()) != _marks(left.recording.memory)
    assert is_laid_out_anew is not all(
        memory.buckets == LAYOUT.kinds for memory in lanes_of(left.recording.memory).values()
    )


async def test_a_memory_that_was_lost_is_made_again_from_the_log(left: Left) -> None:
    """Its newest snapshot and what follows are the whole, value by value."""
    await left.client.delete(*[left.prefix + name for name in left.recording.memory])
    await left.deployment.own("a later build")
    assert _values(await left.memory()) == _values(left.recording.memory)


@pytest.mark.parametrize("is_lost", [False, True], ids=["with its memory", "without it"])
async def test_what_lay_undecided_is_decided(left: Left, is_lost: bool) -> None:
    """No promise is broken on the way from one build to the other, whether or not the memory outlived it."""
    if is_lost:
        await left.client.delete(*[left.prefix + name for name in left.recording.memory])
    await left.go_on()
    assert left.assignments()


async def test_both_ways_lead_to_the_same_state(left: Left) -> None:
    """With the memory and without it the same is decided."""
    await left.go_on()
    kept, given = _values(await left.memory()), left.assignments()
    left.recording.put_back(left.deployment)
    await left.client.delete(*[left.prefix + name for name in await left.memory()])
    await left.go_on()
    assert (_values(await left.memory()), left.assignments()) == (kept, given)


async def test_what_waits_is_given_where_somebody_has_room_again(left: Left) -> None:
    """A newer configuration becomes valid, and the lines that an earlier build left grow shorter."""
    await left.go_on()
    waiting = len(_fields(await left.memory(), "parked"))
    left.deployment.valid = len(VERSIONS)
    for _ in range(30):
        left.deployment.now_ms += 60_000
        await left.deployment.settle()
    assert len(_fields(await left.memory(), "parked")) < waiting
    assert left.deployment.complaints(lanes_of(await left.memory())) == []


def _fields(memory: Keys, kind: str) -> list[bytes]:
    """The full names of all values of a kind, in all lanes."""
    return [
        name
        for key, fields in memory.items()
        if key.rpartition(":")[0].endswith(f":{kind}")
        for name in fields
        if name != MARK.encode()
    ]


def _values(memory: Keys) -> Mapping[str, Any]:
    """What the memory says, without what belongs to a rebuild or a claim. Order and form of JSON mean nothing."""
    found: dict[str, Any] = {}
    for key, fields in memory.items():
        if key.endswith(":head"):
            continue
        kind = key.rpartition(":")[0]
        for name, value in fields.items():
            if name != MARK.encode():
                found[f"{kind}/{name.decode()}"] = json.loads(value)
    return found


def _marks(memory: Keys) -> set[bytes]:
    return {fields[MARK.encode()] for key, fields in memory.items() if not key.endswith(":head")}
