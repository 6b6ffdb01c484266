"""Who shares broker and memory with the service, and does what neighbours do: careless, hostile, or only unlucky.

They write into topics of ours what nobody asked for, send batches that no client can read, take back what they sent,
and delete or overwrite keys of the memory. All of it is drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from redis import Redis
from redis.exceptions import RedisError

from service.kafka.connection import KafkaConnection
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.checker import Strange
from tests.sources.world import HEADER, broken, spoilt
from tests.survival.load import Load

GARBAGE: Final = (None, b"", b"\xff\xfe{", b"[]", b"null", b'"text"', b"9" * 400)
"""What may stand in any topic."""
THEIRS: Final = b"theirs"
MADE_UP: Final = b'{"kind":"created","id":"x","record_type":"lead","record_id":"x","facts":{},"correlation_id":"x"}'
BATCH: Final = 8
BATCH_SPOILT: Final = BATCH - 1
"""The last of a batch: what stands behind a spoilt one is read by us, and by no other reader."""
TRANSACTION: Final = 5
TRANSACTION_MS: Final = 10_000
MOST_KEYS: Final = 12
EVICTED_SHARE: Final = 0.9
KINDS_OF_PLANS: Final = ("plan", "clients", "contacts")

Spoiling = Callable[[Redis, bytes], object]
SPOILINGS: Final[Mapping[str, Spoiling]] = {
    "deleted": lambda redis, key: redis.delete(key),
    "a text": lambda redis, key: redis.set(key, "theirs"),
    "a list": lambda redis, key: (redis.delete(key), redis.rpush(key, "theirs")),
    "without a mark": lambda redis, key: (redis.delete(key), redis.hset(key, "theirs", "x")),
    "with another mark": lambda redis, key: (redis.delete(key), redis.hset(key, "generation", "theirs")),
}
"""What may become of a key of the memory as a whole. Single fields that are lost are not promised to be noticed."""


class Neighbours:
    """Neighbours of one deployment. What they send to the sources is counted with its load."""

    def __init__(self, connection: KafkaConnection, topics: Topics, load: Load, random: Random) -> None:
        self._connection = connection
        self._topics = topics
        self._load = load
        self._random = random

    def strange_records(self) -> dict[str, list[bytes | None]]:
        """Values that none of us writes, for each topic of ours."""
        topics = self._topics
        outputs = (topics.assignments, topics.notifications, topics.workflow_actions, topics.dead_letters)
        return {
            topics.log: [*GARBAGE, *_strange_in_log()],
            topics.events: [*GARBAGE, *_strange_in_events(topics.sources[0])],
            topics.config: [*GARBAGE, *_strange_in_config(topics.sources[0])],
            **{topic: [*GARBAGE, b'{"sequence":"many","record":[]}'] for topic in outputs},
        }

    async def write_strange(self, lanes: int, count: int | None = None) -> set[Strange]:
        """Write strange records, all or `count` of each topic, in between ours. Returns them."""
        written: set[Strange] = set()
        async with AIOKafkaProducer(**self._connection.client_options()) as producer:
            for topic, values in self.strange_records().items():
                for value in values if count is None else self._random.sample(values, count):
                    partition = 0 if topic == self._topics.config else self._random.randrange(lanes)
                    await producer.send_and_wait(topic, value, key=THEIRS, partition=partition)
                    written.add(Strange(topic, THEIRS, value or b""))
        return written

    async def send_unreadable(self, how: str = "") -> str:
        """Send a batch that no client of ours can read: by the name of a header, or by its compression."""
        how = how or self._random.choice(("header", "compression"))
        options = {"compression_type": "gzip"} if how == "compression" else {}
        async with AIOKafkaProducer(**self._connection.client_options(), **options) as producer:
            batch = producer.create_batch()
            for number, message in enumerate(self._load.leads(BATCH)):
                headers = [(HEADER, b"x")] if how == "header" and number == BATCH_SPOILT else []
                batch.append(timestamp=None, key=message.key, value=message.value, headers=headers)
            (spoilt if how == "header" else broken)(batch)
            partitions = await producer.partitions_for(self._topics.sources[0])
            partition = self._random.choice(sorted(partitions))
            await (await producer.send_batch(batch, self._topics.sources[0], partition=partition))
        return f"unreadable by {how}"

    async def transaction(self, *, commits: bool) -> None:
        """Send events in a transaction of their own, and commit it or take all of it back."""
        messages: list[Message] = self._load.events(TRANSACTION)
        name = f"{self._topics.prefix}crm-{self._load.made}"
        options = {"transactional_id": name, "transaction_timeout_ms": TRANSACTION_MS}
        async with AIOKafkaProducer(**self._connection.client_options(), **options) as producer:
            await producer.begin_transaction()
            for message in messages:
                await producer.send_and_wait(message.topic, message.value, key=message.key)
            await (producer.commit_transaction() if commits else producer.abort_transaction())

    def lose_keys(self, port: int, how: str = "", kind: str = "") -> str:
        """Let some whole keys of the memory be lost or spoilt, of any lane, of this kind or any, heads included."""
        how = how or self._random.choice(list(SPOILINGS))
        with Redis(port=port) as redis:
            pattern = f"fairlead{{lane-*}}:{f'{kind}:' if kind else ''}*"
            keys = sorted(redis.scan_iter(match=pattern, count=5_000))
            for key in self._random.sample(keys, min(len(keys), self._random.randint(1, MOST_KEYS))):
                SPOILINGS[how](redis, key)
        return f"memory keys {f'of {kind} ' if kind else ''}{how if keys else 'not there'}"

    def evict(self, port: int) -> str:
        """Let the memory run out of room under a policy that throws away what it was told to remember, for a moment."""
        with Redis(port=port) as redis:
            used = int(redis.info("memory")["used_memory"])
            redis.config_set("maxmemory-policy", "allkeys-random")
            redis.config_set("maxmemory", int(used * EVICTED_SHARE))
            with suppress(RedisError):  # where even that is too little for a write
                redis.set("theirs", "x")
            redis.config_set("maxmemory", 0)
            redis.config_set("maxmemory-policy", "noeviction")
        return "memory evicted"


def _strange_in_log() -> list[bytes]:
    """What looks like ours up to the type of one field."""
    records: list[dict[str, Any]] = [
        {"kind": "claim", "owner": 9},
        {"kind": "claim", "owner": ["theirs"]},
        {"kind": "batch", "token": "theirs", "changes": {}},
        {"kind": "batch", "token": 0, "changes": [], "outcomes": "none"},
        {"kind": "chunk", "token": 0, "start": 0, "content": []},
        {"kind": "complete", "token": 0, "checksum": None},
        {"kind": "of theirs"},
        {"kind": ["claim"]},
    ]
    return [orjson.dumps({"format": 1, "level": 1, **record}) for record in records]


def _strange_in_events(source: str) -> list[bytes]:
    """Inputs that ingest would not write: impossible places, epochs that nobody began, textual times."""
    record = orjson.Fragment(MADE_UP)
    rest = {"origin": ["", "", "", ""], "record": record}
    return [
        orjson.dumps({"at": [0, source, 0, 1e300], **rest}),
        orjson.dumps({"at": [0, source, 0, -1], **rest}),
        orjson.dumps({"at": [2**62, source, 0, 0], **rest}),
        orjson.dumps({"at": [999_999, source, 0, 0], **rest}),
        orjson.dumps({"at": "somewhere", **rest}),
        orjson.dumps({"at": [0, source, 0, 0]}),
        MADE_UP.replace(b'"facts"', b'"time_ms":"noon","facts"').join(
            (b'{"at":[999999,"x",0,0],"origin":["","","",""],"record":', b"}")
        ),
        b'{"tick":"theirs"}',
    ]


def _strange_in_config(source: str) -> list[bytes]:
    """Proposals of wrong types, and such as do not follow on what is valid."""
    contents: list[object] = [
        {"division": "main", "version": "2", "expected_version": 1, "hash": "x", "document": {"division": "main"}},
        {"division": "main", "version": 1, "expected_version": 0, "hash": "x", "document": {"division": "main"}},
        {"division": "main", "version": 10**6, "expected_version": 10**6 - 1, "hash": "x", "document": []},
        {"sources": {"epoch": "next", "division_attribute": "x", "lanes": 1}},
        {"sources": {"epoch": 7_000, "division_attribute": "x", "lanes": 1}},
        {"sources": {"epoch": 7_000, "division_attribute": "x", "lanes": 1, "expected_epoch": None}},
        {"sources": {"epoch": 7_000, "division_attribute": "x", "lanes": 1, "expected_epoch": 6_999}},
        {"source_topic": {"name": source, "identity": 5, "epoch": 0}},
        {"source_topic": {"name": source, "identity": "theirs", "epoch": 7_000}},
        {"skip": {"epoch": 0, "topic": source, "partition": "0", "start": 0, "stop": 10**9}},
        {"skip": {"epoch": 0, "topic": source, "partition": 0, "start": 10, "stop": 1}},
        {"skip": {"epoch": 0, "topic": source, "partition": 9_999, "start": 0, "stop": 2**62}},
        {"loss": {"epoch": 0, "topic": source, "partition": 9_999, "offset": 5}},
        {"loss": {"epoch": 7_000, "topic": source, "partition": 0, "offset": 5}},
        {"level": 0},
        {"level": 10**9},
        {"level": 10**9, "expected_level": 10**9},
        {"level": True},
    ]
    return [orjson.dumps(content) for content in contents]
