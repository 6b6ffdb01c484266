"""What a lane remembers, in its log and in Redis, and whether it adds up. Part of the independent checker.

A memory equals the fold of the log at its revision, and so does the newest snapshot with the log after it; what is
counted of plans is what their leads say.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tests.log_reader import NOTHING_FOLDED, Content, Reader, Seen, bucket, differences, fold
from tests.log_snapshots import read_snapshot

MARK: Final = "generation"


class Memory(NamedTuple):
    """A lane's memory: key, field and value, and how far it says it is. Each key has a mark among its fields.

    A key with another mark than `generation`, or none, is lost: what it holds does not count, and what it should hold
    will be missed when it is needed. `buckets` is how many keys each kind has; none: nothing can be lost.
    """

    revision: int
    checksum: str
    is_building: bool
    content: Mapping[str, Mapping[str, bytes]]
    generation: bytes = b""
    buckets: Mapping[str, int] = {}


def memory_violations(reader: Reader, log: Sequence[Seen], memory: Memory) -> Iterator[str]:
    """The memory equals the fold of the log at its revision, and its checksum is that of the record there."""
    if memory.is_building:
        return
    if memory.revision == NOTHING_FOLDED:
        held = _by_kind(memory)
        if held and list(differences(held, _kept(reader.restored, memory))):
            yield f"lane {reader.lane}: the memory is at no revision and not empty"
        return
    if memory.revision not in reader.batches:
        yield f"lane {reader.lane}: the memory is at {memory.revision}, where the log has no batch that counts"
        return
    if reader.digests[memory.revision] != memory.checksum:
        yield f"lane {reader.lane}: the memory's checksum is not that of record {memory.revision}"
    held = _by_kind(memory)
    folded = reader.content if memory.revision == reader.last_batch else fold(log, memory.revision)
    for where in differences(held, _kept(folded, memory)):
        yield f"lane {reader.lane}: memory and log at {memory.revision}: {where}"


def plan_violations(reader: Reader) -> Iterator[str]:
    """Each lead is counted at most once, in its plan, and nothing of an offer twice; clients are those leads."""
    counted: Counter[str] = Counter()
    for name, value in reader.content.get("plan", {}).items():
        plan, *_, offers, place = value
        happened = [tuple(each) for each in offers]
        if len(set(happened)) != len(happened):
            yield f"lane {reader.lane}: {name} has something of an offer twice: {happened}"
        if happened != sorted(happened, key=lambda each: each[2]):
            yield f"lane {reader.lane}: {name} has offers in another order than that of time: {happened}"
        if place and place.partition("/")[0] != plan:
            yield f"lane {reader.lane}: {name} is in the plan {plan} and counted at {place}"
        if place:
            counted[f"{name.partition('/')[0]}/{place}"] += 1
    clients = {name: value[0] for name, value in reader.content.get("clients", {}).items()}
    for name in sorted(counted.keys() | clients.keys()):
        if counted[name] != clients.get(name, 0):
            told = f"{clients.get(name, 0)} clients at {name}, and {counted[name]} leads are counted there"
            yield f"lane {reader.lane}: {told}"


def snapshot_violations(reader: Reader, log: Sequence[Seen], begin: int) -> Iterator[str]:
    """The newest complete snapshot and the log after it are the whole; a log is cut only where one is left."""
    there = [(start, end) for start, end in reader.completes if start >= begin]
    if begin > 0 and not there:
        yield f"lane {reader.lane}: the log begins at {begin} and holds no complete snapshot"
    if begin > reader.last_batch > NOTHING_FOLDED:
        yield f"lane {reader.lane}: the last batch was deleted"
    for start, _ in there[-1:]:
        read, missing = read_snapshot(log, start)
        if missing:
            yield f"lane {reader.lane}: the snapshot at {start} lacks {sorted(missing)[:3]}"
        for where in differences(read, reader.content):
            yield f"lane {reader.lane}: the snapshot at {start} and the log after it: {where}"


def _by_kind(memory: Memory) -> Content:
    held: Content = {}
    for key, fields in memory.content.items():
        if memory.buckets and fields.get(MARK) != memory.generation:
            continue
        for name, value in fields.items():
            if name != MARK:
                held.setdefault(key.rpartition(":")[0], {})[name] = json.loads(value)
    return held


def _kept(content: Content, memory: Memory) -> Content:
    """The content without what is lost."""
    if not memory.buckets:
        return content
    whole = {key for key, fields in memory.content.items() if fields.get(MARK) == memory.generation}
    return {
        kind: {name: value for name, value in fields.items() if bucket(kind, name, memory.buckets) in whole}
        for kind, fields in content.items()
    }
