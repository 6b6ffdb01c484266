"""The independent checker of the promises: it reads topics and memories, and shares no code with what it checks.

It applies the rule of the log anew (a record counts if its token is the newest claim before it), folds the changes,
reads the snapshots, and compares all of it with what was sent in, what was published and what the memories hold. What
it is given are plain records, so that a simulation and a run on real back ends can both be checked.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tests.log_reader import (
    DEAD_LETTER_REASON,
    NOTHING_FOLDED,
    Content,
    Output,
    Reader,
    Seen,
    bucket,
    fold,
    header,
    read_log,
    read_snapshot,
)

MARK: Final = "generation"
LANE_REASONS: Final = frozenset({"decide_raised", "unreadable_event"})


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


@dataclass(frozen=True)
class Evidence:
    """Everything that a run left behind.

    `once` are the source positions (`epoch/topic/partition/offset`) that one lane must have decided, `everywhere`
    those that each lane must. `inputs` and `logs` are the lanes' topics from their very beginning, what was deleted
    since included; `log_begins` tells where the logs begin now. `outputs` is what was published, dead letters too, in
    order within each partition.
    """

    once: Collection[str]
    everywhere: Collection[str]
    inputs: Mapping[int, Sequence[Seen]]
    logs: Mapping[int, Sequence[Seen]]
    outputs: Sequence[Seen]
    memories: Mapping[int, Memory]
    log_begins: Mapping[int, int] = field(default_factory=dict)


def violations(evidence: Evidence, *, is_finished: bool = True) -> list[str]:
    """All promises that were broken. Before a run is finished, what is still under way is not missing."""
    readers = {lane: read_log(lane, log) for lane, log in evidence.logs.items()}
    found = [complaint for reader in readers.values() for complaint in reader.found]
    found += _inputs_answered(evidence, readers)
    found += _published(evidence, readers, is_finished)
    if is_finished:
        found += _nothing_missing(evidence, readers)
    found += _decided_in_one_lane(evidence, readers)
    for lane, reader in readers.items():
        found += snapshot_violations(reader, evidence.logs[lane], evidence.log_begins.get(lane, 0))
        if lane in evidence.memories:
            memory = evidence.memories[lane]
            found += memory_violations(reader, evidence.logs[lane], memory)
            if is_finished and (memory.is_building or memory.revision != reader.last_batch):
                found.append(f"lane {lane}: the memory is at {memory.revision}, the log at {reader.last_batch}")
    return found


def memory_violations(reader: Reader, log: Sequence[Seen], memory: Memory) -> Iterator[str]:
    """The memory equals the fold of the log at its revision, and its checksum is that of the record there."""
    if memory.is_building:
        return
    if memory.revision == NOTHING_FOLDED:
        if _by_kind(memory):
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


def differences(one: Content, other: Content) -> Iterator[str]:
    """Where two contents differ; a key without fields is no key."""
    for key in sorted(one.keys() | other.keys()):
        left, right = one.get(key, {}), other.get(key, {})
        for name in sorted(left.keys() | right.keys()):
            if left.get(name) != right.get(name):
                yield f"{key} {name} is {left.get(name)} and {right.get(name)}"


def _nothing_missing(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    refused = {str(seen.key, "utf-8") for seen in evidence.outputs if _is_letter_of_ingest(seen) and seen.key}
    decided: Counter[str] = Counter(source for reader in readers.values() for source in reader.decided)
    for position in evidence.once:
        if decided[position] + (position in refused) != 1:
            yield f"{position} ended {decided[position] + (position in refused)} times"
    for position in evidence.everywhere:
        for lane, reader in readers.items():
            if position not in reader.decided and position not in refused:
                yield f"lane {lane}: {position} is missing"


def _decided_in_one_lane(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    everywhere = set(evidence.everywhere)
    decided = Counter(source for reader in readers.values() for source in reader.decided)
    for source, times in decided.items():
        if times > 1 and source not in everywhere:
            yield f"{source} is decided twice: in {times} lanes"


def _inputs_answered(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    """Each input in front of the log's position has an outcome, and it is the outcome of what stood there."""
    for lane, reader in readers.items():
        sources = {at: source for source, (_, at) in reader.decided.items()}
        for seen in evidence.inputs.get(lane, ()):
            source = _source_of(seen.value)
            if seen.offset >= reader.place[0] or source is None:
                continue
            if seen.offset not in reader.answered:
                yield f"lane {lane}: input {seen.offset} was passed over"
            elif source and sources.get(seen.offset, source) != source:
                yield f"lane {lane}: input {seen.offset} is {source}, the log says {sources[seen.offset]}"


def _published(evidence: Evidence, readers: Mapping[int, Reader], is_finished: bool) -> Iterator[str]:
    """All outputs of the log are out, nothing else is, and the first ones of a record are in order."""
    logged = {output for reader in readers.values() for outputs in reader.batches.values() for output in outputs}
    out = {Output(seen.topic, seen.key or b"", seen.value, seen.headers) for seen in evidence.outputs}
    for lane, reader in readers.items():
        for offset, outputs in reader.batches.items():
            if is_finished or offset != reader.last_batch:
                for output in outputs:
                    if output not in out:
                        yield f"lane {lane}: {_name(output)} of batch {offset} was never published"
    by_id: dict[str, Output] = {}
    for output in out:
        if output not in logged and not _is_letter_of_ingest(output):
            yield f"{_name(output)} was published and is in no batch that counts"
        name = header(output, "ce_id")
        if name and by_id.setdefault(name, output) != output:
            yield f"{name} was published with different bytes"
    yield from _order(evidence.outputs)


def _order(outputs: Sequence[Seen]) -> Iterator[str]:
    newest: defaultdict[tuple[str, bytes | None, str], int] = defaultdict(int)
    known: set[str] = set()
    for seen in outputs:
        name = header(seen, "ce_id")
        if not header(seen, "ce_type").startswith("assignment.") or name in known:
            continue
        known.add(name)
        sequence = json.loads(seen.value)["sequence"]
        record = (seen.topic, seen.key, header(seen, "ce_division"))
        if sequence != newest[record] + 1:
            yield f"{name} is the first with sequence {sequence}; {newest[record]} came before"
        newest[record] = sequence


def _source_of(value: bytes) -> str | None:
    """The source position of an input; none for a tick, empty for what cannot be read."""
    try:
        found = json.loads(value)
        if "tick" in found:
            return None
        epoch, topic, partition, offset = found["at"]
        return f"{epoch}/{topic}/{partition}/{offset}" if "record" in found or "member" in found else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _is_letter_of_ingest(output: Output | Seen) -> bool:
    reason = header(output, DEAD_LETTER_REASON)
    return bool(reason) and reason not in LANE_REASONS


def _name(output: Output) -> str:
    return header(output, "ce_id") or f"the dead letter {str(output.key, 'utf-8')}"
