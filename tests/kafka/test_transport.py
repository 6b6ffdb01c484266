"""The contract of the transport port, on every broker. A lane's safety rests on these rules."""

from __future__ import annotations

import asyncio
import time
from itertools import groupby

import pytest

from service.kafka.connection import FETCH_WAIT_MS, MAX_BATCH_BYTES
from service.kafka.port import MAX_RECORD_BYTES, TOGETHER_BYTES, BrokerUnreachable, LogEntry, Transport, Truncated
from service.wire.messages import Message
from tests.kafka.transports import LANES, Broker

WAIT_MS = 5_000
"""Long enough for any broker; a test that passes never waits so long."""
BRIEF_MS = 30
AT_ONCE_SECONDS = 1.5
"""Less than an idle fetch stays at the broker."""


async def fill_log(transport: Transport, count: int) -> None:
    for number in range(count):
        await transport.append(b"%d" % number)


async def fill_input(transport: Transport, count: int) -> None:
    for number in range(count):
        await transport.tick(b"%d" % number)


async def read(transport: Transport, start: int, stop: int) -> list[LogEntry]:
    return [entry async for entry in transport.read_log(start, stop)]


async def poll_until(transport: Transport, count: int) -> list[bytes]:
    values: list[bytes] = []
    while len(values) < count:
        values += [arrived.value for arrived in await transport.poll(count, WAIT_MS)]
    return values


async def test_a_new_log_is_empty(broker: Broker) -> None:
    """A lane that nobody ran has a log that begins and ends at 0."""
    transport = broker.transport()
    assert await transport.log_bounds() == (0, 0)
    assert await read(transport, 0, 0) == []


async def test_offsets_of_one_writer_have_no_gap(broker: Broker) -> None:
    """Alone at the log, each append gets the offset after the one before."""
    transport = broker.transport()
    assert [await transport.append(b"x") for _ in range(5)] == [0, 1, 2, 3, 4]
    assert await transport.log_bounds() == (0, 5)


@pytest.mark.parametrize("size", [1, TOGETHER_BYTES // 3])
async def test_records_that_are_appended_together_follow_one_another(broker: Broker, size: int) -> None:
    """Whatever others write meanwhile; the answer is the offset of the first."""
    ours, other = broker.transport(), broker.transport()
    values = [letter * size for letter in (b"a", b"b", b"c")]
    firsts = list[int]()
    for _ in range(2):
        firsts += await asyncio.gather(ours.append(*values), other.append(*values))
    end = (await ours.log_bounds())[1]
    held = [entry.value for entry in await read(ours, 0, end)]
    assert [held[first : first + 3] for first in firsts] == [values] * len(firsts)


async def test_another_writer_leaves_a_gap(broker: Broker) -> None:
    """Whoever writes in between can be seen by the offset alone, and what they wrote can be read."""
    ours, other = broker.transport(), broker.transport()
    assert await ours.append(b"ours") == 0
    await other.append(b"other's")
    assert await ours.append(b"ours again") == 2
    assert await read(ours, 1, 2) == [LogEntry(1, b"other's")]


async def test_a_zombie_is_not_refused_but_seen(broker: Broker) -> None:
    """The broker takes a former owner's late record: it lies after the successor's claim, for all to see."""
    zombie, successor = broker.transport(), broker.transport()
    await zombie.append(b"claim 1")
    token = await successor.append(b"claim 2")
    late = await zombie.append(b"batch of 1")
    assert late == token + 1
    assert await successor.append(b"batch of 2") == token + 2
    assert await read(successor, token, token + 3) == [
        LogEntry(token, b"claim 2"),
        LogEntry(late, b"batch of 1"),
        LogEntry(token + 2, b"batch of 2"),
    ]


async def test_a_long_log_is_read_whole_and_in_order(broker: Broker) -> None:
    """However many pages it takes."""
    transport = broker.transport()
    await fill_log(transport, 1_100)
    entries = await read(transport, 0, 1_100)
    assert entries == [LogEntry(number, b"%d" % number) for number in range(1_100)]


async def test_the_log_is_read_from_start_up_to_stop(broker: Broker) -> None:
    """`start` is included, `stop` is not; a second reading may begin anywhere."""
    transport = broker.transport()
    await fill_log(transport, 10)
    assert [entry.offset for entry in await read(transport, 3, 6)] == [3, 4, 5]
    assert [entry.offset for entry in await read(transport, 0, 2)] == [0, 1]
    assert [entry.offset for entry in await read(transport, 6, 6)] == []


async def test_a_record_without_a_value_is_read_as_an_empty_one(broker: Broker) -> None:
    """Anybody may write one into the log or the input; what it means is not for the transport to say."""
    transport = broker.transport()
    for topic in (broker.topics.log, broker.topics.events):
        await broker.write_nothing(topic)
    await transport.append(b"ours")
    assert await read(transport, 0, 2) == [LogEntry(0, b""), LogEntry(1, b"ours")]
    await transport.seek(0)
    assert await poll_until(transport, 1) == [b""]


async def test_reading_ends_where_the_log_ends(broker: Broker) -> None:
    """A `stop` beyond the end does not wait for records that nobody may ever write."""
    transport = broker.transport()
    await fill_log(transport, 2)
    assert [entry.offset for entry in await read(transport, 1, 99)] == [1]


async def test_no_question_waits_behind_a_read_of_the_log(broker: Broker) -> None:
    """Whoever takes a lane over reads its log several times: no fetch for more may stay at the broker meanwhile."""
    transport = broker.transport()
    await fill_log(transport, 40)
    took = []
    for _ in range(5):
        async for _ in transport.read_log(0, 40):
            await asyncio.sleep(0)  # the driver's fetches are tasks, too
        began = time.monotonic()
        await transport.log_bounds()
        took.append(time.monotonic() - began)
    assert min(took) < FETCH_WAIT_MS / 2000, took


async def test_a_start_beyond_the_end_is_said(broker: Broker) -> None:
    """A log shorter than what is asked for is another life of the log: nothing is read, the bounds are told."""
    transport = broker.transport()
    await fill_log(transport, 2)
    with pytest.raises(Truncated) as refused:
        await read(transport, 3, 4)
    assert (refused.value.begin, refused.value.end) == (0, 2)


@pytest.mark.needs("truncates")
async def test_a_truncated_log_begins_later(broker: Broker) -> None:
    """What was cut off cannot be read, what remains keeps its offsets, and appending goes on behind it."""
    transport = broker.transport()
    await fill_log(transport, 5)
    await transport.truncate_log(3)
    assert await transport.log_bounds() == (3, 5)
    with pytest.raises(Truncated) as refused:
        await read(transport, 2, 5)
    assert (refused.value.begin, refused.value.end) == (3, 5)
    assert [entry.offset for entry in await read(transport, 3, 5)] == [3, 4]
    assert await transport.append(b"next") == 5


@pytest.mark.needs("truncates")
async def test_a_truncation_beyond_the_end_changes_nothing(broker: Broker) -> None:
    """Nor does one below the beginning."""
    transport = broker.transport()
    await fill_log(transport, 3)
    await transport.truncate_log(2)
    await transport.truncate_log(9)
    await transport.truncate_log(1)
    assert await transport.log_bounds() == (2, 3)


async def test_input_is_polled_in_order_from_where_seek_pointed(broker: Broker) -> None:
    """Never more than the limit at once, nothing left out, nothing twice."""
    transport = broker.transport()
    await fill_input(transport, 7)
    await transport.seek(2)
    first = await transport.poll(3, WAIT_MS)
    assert 1 <= len(first) <= 3
    assert first[0].offset == 2
    rest = await poll_until(transport, 5 - len(first))
    assert [arrived.value for arrived in first] + rest == [b"2", b"3", b"4", b"5", b"6"]


async def test_seek_may_go_back(broker: Broker) -> None:
    """After a claim the lane reads again what it had read and not decided."""
    transport = broker.transport()
    await fill_input(transport, 3)
    await transport.seek(0)
    await poll_until(transport, 3)
    await transport.seek(1)
    assert await poll_until(transport, 2) == [b"1", b"2"]


async def test_an_idle_reader_goes_elsewhere_and_wakes_at_once(broker: Broker) -> None:
    """Its fetch waits long at the broker. What is read elsewhere does not wait behind it, nor does what arrives."""
    transport = broker.transport()
    await fill_input(transport, 3)
    await transport.seek(3)
    assert await transport.poll(1, BRIEF_MS) == []
    began = time.monotonic()
    await transport.seek(0)
    assert await poll_until(transport, 3) == [b"0", b"1", b"2"]
    assert await transport.poll(1, BRIEF_MS) == []
    await transport.tick(b"3")
    assert await poll_until(transport, 1) == [b"3"]
    assert time.monotonic() - began < AT_ONCE_SECONDS


async def test_without_input_poll_comes_back_empty(broker: Broker) -> None:
    """At the end of the input it is not an error to wait in vain."""
    transport = broker.transport()
    await fill_input(transport, 1)
    await transport.seek(1)
    assert list(await transport.poll(10, BRIEF_MS)) == []
    await transport.tick(b"now")
    assert await poll_until(transport, 1) == [b"now"]


async def test_a_position_that_is_not_there_stops_the_poll(broker: Broker) -> None:
    """Never a silent jump to another place in the input."""
    transport = broker.transport()
    await fill_input(transport, 2)
    await transport.seek(50)
    with pytest.raises(Truncated) as refused:
        await transport.poll(10, WAIT_MS)
    assert (refused.value.begin, refused.value.end) == (0, 2)


async def test_a_poll_needs_a_position(broker: Broker) -> None:
    """No default decides for the lane where it begins."""
    transport = broker.transport()
    await fill_input(transport, 1)
    with pytest.raises((RuntimeError, BrokerUnreachable)):
        await transport.poll(10, WAIT_MS)


async def test_a_tick_arrives_in_the_own_input_with_its_time(broker: Broker) -> None:
    """Time is an event: it comes as a record with the time of its append."""
    transport = broker.transport()
    await transport.seek(0)
    before_ms = int(time.time() * 1000)
    await transport.tick(b"tick")
    (arrived,) = await transport.poll(10, WAIT_MS)
    assert (arrived.offset, arrived.value) == (0, b"tick")
    assert before_ms - 1 <= arrived.time_ms <= int(time.time() * 1000) + 1


async def test_published_messages_keep_their_order_per_key(broker: Broker) -> None:
    """All messages of one key are in one partition, in the order they were published."""
    transport = broker.transport()
    keys = [b"lead/%d" % number for number in range(20)]
    messages = [Message(broker.topics.assignments, key, b"%d" % n) for n in range(10) for key in keys]
    await transport.publish(messages[:90])
    await transport.publish(messages[90:])
    published = await broker.published(broker.topics.assignments)
    assert len(published) == len(messages)
    for _, group in groupby(sorted(published, key=lambda one: one.key or b""), key=lambda one: one.key):
        of_key = list(group)
        assert [one.value for one in of_key] == [b"%d" % n for n in range(10)]
        assert len({one.partition for one in of_key}) == 1


async def test_keys_are_spread_over_the_partitions(broker: Broker) -> None:
    """As every other Kafka client would spread them."""
    transport = broker.transport()
    await transport.publish([Message(broker.topics.assignments, b"lead/%d" % n, b"") for n in range(200)])
    published = await broker.published(broker.topics.assignments)
    assert len({one.partition for one in published}) >= LANES


async def test_messages_of_several_topics_go_in_one_call(broker: Broker) -> None:
    """Headers arrive byte for byte, a null one too."""
    transport = broker.transport()
    headers = (("ce_id", b"1-1-1-1"), ("empty", b""), ("null", None), ("odd", b"\xff"))
    await transport.publish(
        [
            Message(broker.topics.assignments, b"lead/1", b"to ann", headers),
            Message(broker.topics.notifications, b"ann", b"you have a lead"),
        ]
    )
    (assignment,) = await broker.published(broker.topics.assignments)
    (notification,) = await broker.published(broker.topics.notifications)
    assert (assignment.value, assignment.headers) == (b"to ann", headers)
    assert (notification.key, notification.value, notification.headers) == (b"ann", b"you have a lead", ())


async def test_more_than_a_batch_keeps_its_order(broker: Broker) -> None:
    """What does not fit into one request follows in the next, behind it."""
    transport = broker.transport()
    size = MAX_BATCH_BYTES // 4
    values = [b"%02d" % number + bytes(size) for number in range(12)]
    await transport.publish([Message(broker.topics.assignments, b"lead/1", value) for value in values])
    published = await broker.published(broker.topics.assignments)
    assert [one.value for one in published] == values


async def test_publishing_nothing_is_allowed(broker: Broker) -> None:
    """A batch may have no outputs."""
    transport = broker.transport()
    await transport.publish([])
    assert await transport.log_bounds() == (0, 0)


async def test_the_largest_record_passes(broker: Broker) -> None:
    """A log record of the largest size is written, and read back whole."""
    transport = broker.transport()
    value = bytes(range(250)) * (MAX_RECORD_BYTES // 250)
    assert await transport.append(b"before") == 0
    assert await transport.append(value) == 1
    assert await read(transport, 1, 2) == [LogEntry(1, value)]


async def test_a_renewed_producer_goes_on(broker: Broker) -> None:
    """Nothing is skipped or repeated when the producer is replaced, however often."""
    transport = broker.transport()
    assert await transport.append(b"first") == 0
    await transport.renew()
    assert await transport.append(b"second") == 1
    await transport.renew()
    await transport.renew()
    await transport.tick(b"tick")
    assert await transport.append(b"third") == 2


async def test_closing_is_allowed_at_any_time(broker: Broker) -> None:
    """Before the first use, and twice."""
    unused, used = broker.transport(), broker.transport()
    await unused.close()
    await used.append(b"x")
    await used.close()
    await used.close()
