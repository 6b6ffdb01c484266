"""Read one batch record by record, where the driver gives up on all of it.

The driver ends a batch at the first record that it cannot unpack, and all that stands behind it in the batch is lost
to whoever reads. Here the batch is asked for by itself and taken apart by the protocol's own lengths: a record whose
header has a name that is no text costs itself alone. Where the stream is broken as a whole (a codec that is not there,
a checksum, more content than is allowed) the batch's head still says which offsets it is about.

All of it is bounded: what a read unpacks (`codecs`), and how many records of a batch are taken apart at once.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    LeaderNotAvailableError,
    RecordTooLargeError,
    UnsupportedCodecError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy as Batch
from aiokafka.record.util import decode_varint

from service.kafka.codecs import at_most
from service.kafka.connection import MAX_REQUEST_BYTES

UNREADABLE: Final = (UnsupportedCodecError, CorruptRecordException, RecordTooLargeError)
"""What the driver says of records. Its other errors are the broker's, and pass; what is no `KafkaError` is a record's,
too."""

WAIT_MS: Final = 500
HEAD: Final = struct.Struct(">qi")
"""A batch begins with its first offset, and how many bytes follow."""
MAGIC_AT: Final = 16
FIRST_WITH_LENGTHS: Final = 2
"""The oldest format whose records say how long they are."""
MOST_RECORDS: Final = 5_000
"""So many records are read at once where nobody asks for fewer. A record takes far more memory than its bytes."""


class Broken(NamedTuple):
    """Offsets from `start`, up to but without `stop`, that nobody can read, and what was raised instead."""

    start: int
    stop: int
    why: str


class Stretch(NamedTuple):
    """What there is of a partition from some offset up to `stop`: records, and what is broken among them."""

    records: Sequence[ConsumerRecord[Any, Any]]
    stop: int
    broken: Sequence[Broken] = ()
    unpacked_bytes: int = 0


def is_unreadable(error: BaseException) -> bool:
    """Whether the records are to blame. The broker's own errors pass by themselves."""
    return isinstance(error, Exception) and (not isinstance(error, KafkaError) or isinstance(error, UNREADABLE))


async def read_pages(
    consumer: AIOKafkaConsumer,
    partitions: Collection[TopicPartition],
    limit_bytes: int,
    timeout_ms: int,
    max_records: int = MOST_RECORDS,
) -> Mapping[TopicPartition, Stretch]:
    """What the driver's `getmany` brings, and what it cannot unpack as `Broken`; each goes on. Raises `KafkaError`.

    `limit_bytes` bounds what is unpacked. After an error the driver has passed what it drained of others: all are put
    back, and each is read by itself, a batch at a time.
    """
    marks = {partition: await consumer.position(partition) for partition in partitions} if len(partitions) > 1 else {}
    try:
        with at_most(limit_bytes):
            found = await consumer.getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        return {partition: Stretch(records, records[-1].offset + 1) for partition, records in found.items() if records}
    except Exception as error:  # whatever the driver raises where it unpacks
        if not is_unreadable(error):
            raise
    marks = marks or {partition: await consumer.position(partition) for partition in partitions}
    for partition, mark in marks.items():
        consumer.seek(partition, mark)
    pages, left_bytes = {}, limit_bytes
    for partition, mark in marks.items():
        if left_bytes > 0:
            page = pages[partition] = await unpack(consumer, partition, mark, limit_bytes)
            consumer.seek(partition, page.stop)
            left_bytes -= page.unpacked_bytes
    return {partition: page for partition, page in pages.items() if page.stop > marks[partition]}


async def unpack(
    consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int, limit_bytes: int, *, committed: bool = False
) -> Stretch:
    """The batch at an offset, from there on; nothing where there is none yet. Raises `KafkaError`.

    It is broken where it unpacks to more than `limit_bytes`. `committed`: of a transaction only what was not taken
    back.
    """
    client = consumer._client  # noqa: SLF001  # the driver tells nobody what it has not unpacked
    node = client.cluster.leader_for_partition(partition)
    if node is None or node < 0:
        raise LeaderNotAvailableError(partition)
    place = (partition.topic, [(partition.partition, offset, MAX_REQUEST_BYTES)])
    answer = await client.send(node, FetchRequest(WAIT_MS, 1, MAX_REQUEST_BYTES, int(committed), [place]))
    ((_, ((_, error_code, *_rest, raw),)),) = answer.topics
    if error_code:
        raise for_code(error_code)(partition)
    aborted = next((each for each in _rest if isinstance(each, list)), None) or []
    with at_most(limit_bytes):
        return await asyncio.to_thread(_first_batch, partition, bytes(raw or b""), offset, aborted)


def _first_batch(partition: TopicPartition, raw: bytes, offset: int, aborted: Sequence[tuple[int, int]]) -> Stretch:
    at = 0
    while at + HEAD.size <= len(raw):
        base, length = HEAD.unpack_from(raw, at)
        content = raw[at : at + HEAD.size + length]
        at += len(content)
        if len(content) < HEAD.size + length:
            break
        if content[MAGIC_AT] < FIRST_WITH_LENGTHS:
            if base >= offset:
                return Stretch((), base + 1, [Broken(offset, base + 1, "its format is older than that of Kafka 0.11")])
            continue
        batch = Batch(content)
        if batch.next_offset > offset:
            is_aborted = batch.is_transactional and any(
                producer == batch.producer_id and first <= batch.base_offset for producer, first in aborted
            )
            if batch.is_control_batch or is_aborted:
                return Stretch((), batch.next_offset)
            return _taken_apart(partition, batch, offset)
    return Stretch((), offset)


def _taken_apart(partition: TopicPartition, batch: Batch, offset: int) -> Stretch:
    """The records of a batch from an offset on, each by its own length."""
    start, stop = max(offset, batch.base_offset), batch.next_offset
    if not batch.validate_crc():
        return Stretch((), stop, [Broken(start, stop, "its checksum is wrong")])
    try:
        batch._maybe_uncompress()  # noqa: SLF001  # there is no other way to have the stream without its records
    except Exception as error:  # noqa: BLE001  # each codec has errors of its own
        return Stretch((), stop, [Broken(start, stop, repr(error))])
    content, at = batch._buffer, batch._pos  # noqa: SLF001  # see above
    records, broken = [], []
    here = batch.base_offset
    for _ in range(batch._num_records):  # noqa: SLF001  # see above
        try:
            length, begin = decode_varint(content, at)
            at = begin + length
            if length <= 0 or at > len(content):
                raise CorruptRecordException("a record is longer than its batch")
            here = batch.base_offset + _offset_delta(content, begin)
        except (ValueError, IndexError, KafkaError) as error:
            broken.append(Broken(max(start, here), stop, repr(error)))
            break
        record = _record(partition, batch, content, begin, at)
        if isinstance(record, str) and here >= offset:
            broken.append(Broken(here, here + 1, record))
        elif not isinstance(record, str) and here >= offset:
            records.append(record)
        here += 1
        if len(records) + len(broken) >= MOST_RECORDS:
            return Stretch(records, here, broken, len(content))
    return Stretch(records, stop, broken, len(content))


def _offset_delta(content: bytearray, at: int) -> int:
    _, at = decode_varint(content, at + 1)
    delta, _ = decode_varint(content, at)
    return int(delta)


def _record(
    partition: TopicPartition, batch: Batch, content: bytearray, begin: int, end: int
) -> ConsumerRecord[Any, Any] | str:
    """A record as the driver gives it, or why it cannot be read."""
    try:
        delta, at = decode_varint(content, begin + 1)
        offset, at = decode_varint(content, at)
        key, at = _bytes(content, at)
        value, at = _bytes(content, at)
        count, at = decode_varint(content, at)
        headers = []
        for _ in range(count):
            name, at = _bytes(content, at)
            told, at = _bytes(content, at)
            headers.append(((name or b"").decode(), told))
        if at != end:
            raise CorruptRecordException("a record does not end where it says")
    except (ValueError, IndexError, KafkaError) as error:
        return repr(error)
    is_append_time = batch.timestamp_type == batch.LOG_APPEND_TIME
    time_ms = batch.max_timestamp if is_append_time else batch.first_timestamp + delta
    sizes = [-1 if each is None else len(each) for each in (key, value)]
    return ConsumerRecord(
        *partition, batch.base_offset + offset, time_ms, batch.timestamp_type, key, value, None, *sizes, tuple(headers)
    )


def _bytes(content: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(content, at)
    if length < 0:
        return None, at
    if at + length > len(content):
        raise IndexError("it reaches beyond its batch")
    return bytes(content[at : at + length]), at + length
