"""The reader of the sources: one partition's trouble is never another's, and nothing good is left out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import takewhile

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError, OffsetOutOfRangeError
from hypothesis import given, settings
from hypothesis import strategies as st

from service.config.sources import Skip
from service.kafka.sources import Page, SourceReader
from service.kafka.unpacking import Broken, Stretch
from tests.sources.fake_consumer import BROKEN, MARKER, FakeConsumer, record_of

PARTITIONS = tuple(TopicPartition("crm.records", number) for number in range(3))
HERE = PARTITIONS[0]
ENOUGH = 200
"""Reads after which nothing more can come of logs as short as these."""

logs = st.lists(st.sampled_from(["good", "good", "good", MARKER, BROKEN]), max_size=25)


class Reading:
    """A reader on a fake consumer, with all that it handed out. Its clock moves with every read."""

    def __init__(
        self,
        logs: dict[TopicPartition, list[str]],
        limit: int = 5,
        jumps: float = 0.0,
        seed: int = 0,
        unpack: Callable[[TopicPartition, int], Awaitable[Stretch]] | None = None,
    ) -> None:
        self.now, self.skips, self.pages = 0.0, list[Skip](), list[Page]()
        choose = random.Random(seed)
        self.consumer = FakeConsumer(logs, lambda: choose.randint(1, 4) if choose.random() < jumps else 0)
        self.reader = SourceReader(lambda: self.consumer, limit, self.skip_at, unpack, clock=lambda: self.now)
        self.reader.expect(logs)
        for partition in logs:
            self.reader.begin(partition, 0)

    def skip_at(self, topic: str, partition: int, offset: int) -> Skip | None:
        found = (skip for skip in self.skips if skip.partition == partition and skip.start <= offset < skip.stop)
        return next(found, None)

    async def read(self, times: int = ENOUGH) -> None:
        for _ in range(times):
            self.now += 1.0
            self.pages.append(await self.reader.read())

    def offsets(self, partition: TopicPartition) -> list[int]:
        records = [record for page in self.pages for record in page.records]
        return [record.offset for record in records if record.partition == partition.partition]

    def mark(self, partition: TopicPartition) -> int:
        return [0, *(page.marks[partition] for page in self.pages if partition in page.marks)][-1]


def readable(log: list[str]) -> list[int]:
    """The offsets that must be handed out: all good ones before the first that nobody can read."""
    return [offset for offset, value in enumerate(takewhile(lambda value: value != BROKEN, log)) if value == "good"]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader waits for nobody: its consumer answers at once."""
    monkeypatch.setattr("service.kafka.sources.LOOK_SECONDS", 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(logs, min_size=3, max_size=3), st.integers(1, 30), st.sampled_from([0.0, 0.1, 0.4]), st.integers())
def test_every_good_record_before_a_bad_one_is_handed_out_once_in_order(
    contents: list[list[str]], limit: int, jumps: float, seed: int
) -> None:
    """Whatever another partition holds, and whatever the driver leaves out."""

    async def read() -> Reading:
        reading = Reading(dict(zip(PARTITIONS, contents, strict=True)), limit, jumps, seed)
        await reading.read()
        return reading

    reading = asyncio.run(read())
    for partition, log in zip(PARTITIONS, contents, strict=True):
        assert reading.offsets(partition) == readable(log)
        is_broken = BROKEN in log
        assert any(f"{partition.partition}/" in problem for problem in reading.reader.problems()) == is_broken


@settings(max_examples=60, deadline=None)
@given(logs, st.integers(1, 30), st.integers())
def test_no_mark_passes_what_was_not_handed_out(log: list[str], limit: int, seed: int) -> None:
    """A mark is committed: what lies before it and was not handed out would be lost."""

    async def read() -> Reading:
        reading = Reading({HERE: log}, limit, 0.4, seed)
        await reading.read(60)
        return reading

    reading = asyncio.run(read())
    handed_out: set[int] = set()
    for page in reading.pages:
        handed_out |= {record.offset for record in page.records}
        if HERE in page.marks:
            before = range(page.marks[HERE])
            assert [offset for offset in before if log[offset] == "good" and offset not in handed_out] == []
            assert BROKEN not in log[: page.marks[HERE]]


async def test_a_bad_record_is_named_with_what_to_do() -> None:
    """Topic, partition, offset, and the command."""
    reading = Reading({HERE: ["good", "good", BROKEN, "good"]})
    await reading.read(20)
    (problem,) = reading.reader.problems()
    assert "fairlead sources skip crm.records/0/2" in problem
    assert "CannotUnpack" in problem


async def test_what_became_readable_is_read() -> None:
    """A codec was installed, for instance: nobody needs to do more."""
    reading = Reading({HERE: ["good", BROKEN, "good"]})
    await reading.read(20)
    reading.consumer.logs[HERE][1] = "good"
    await reading.read()
    assert reading.offsets(HERE) == [0, 1, 2]
    assert reading.reader.problems() == []


async def test_a_partition_that_stands_is_tried_less_and_less_often() -> None:
    """It costs a fetch each time."""
    reading = Reading({HERE: [BROKEN]})
    await reading.read(10)
    at_first = reading.consumer.reads
    await reading.read(300)
    later = reading.consumer.reads
    await reading.read(300)
    assert at_first >= 4
    assert later - at_first <= 20
    assert reading.consumer.reads - later == 10


async def test_a_skip_passes_what_cannot_be_read_and_says_so() -> None:
    """What follows is read, and the mark behind it is committed."""
    reading = Reading({HERE: ["good", BROKEN, BROKEN, "good"]})
    await reading.read(20)
    reading.skips = [Skip(0, HERE.topic, 0, 1, 3)]
    await reading.read(20)
    (passed,) = [passed for page in reading.pages for passed in page.passed]
    assert (passed.start, passed.stop) == (1, 3)
    assert reading.offsets(HERE) == [0, 3]
    assert reading.mark(HERE) == 4
    assert reading.reader.problems() == []


async def test_a_skip_of_what_can_be_read_passes_nothing() -> None:
    """It only counts where the partition stands."""
    reading = Reading({HERE: ["good", "good"]})
    reading.skips = [Skip(0, HERE.topic, 0, 0, 2)]
    await reading.read(20)
    assert reading.offsets(HERE) == [0, 1]


@given(logs, st.integers(0, 25), st.integers(1, 2**63 - 1))
def test_a_skip_never_passes_what_can_be_read(log: list[str], start: int, stop: int) -> None:
    """However far it reaches: whoever wrote it may have been wrong, or somebody else."""
    unreadable = [offset for offset, value in enumerate(log) if value == BROKEN]

    async def unpack(partition: TopicPartition, offset: int) -> Stretch:
        """A batch of one record."""
        if offset in unreadable:
            return Stretch((), offset + 1, [Broken(offset, offset + 1, "broken")])
        good = [record_of(partition, offset, "good")] if log[offset] == "good" else []
        return Stretch(good, offset + 1)

    async def read() -> Reading:
        reading = Reading({HERE: log}, unpack=unpack)
        reading.skips = [Skip(0, HERE.topic, 0, start, stop)]
        await reading.read()
        return reading

    reading = asyncio.run(read())
    stands = [offset for offset in unreadable if not start <= offset < stop]
    end = min(stands, default=len(log))
    assert reading.offsets(HERE) == [offset for offset in range(end) if log[offset] == "good"]
    passed = [offset for page in reading.pages for each in page.passed for offset in range(each.start, each.stop)]
    assert passed == [offset for offset in unreadable if offset < end]


async def test_what_was_read_for_an_earlier_assignment_does_not_count() -> None:
    """After a rebalance the partition begins at its committed offset."""
    reading = Reading({HERE: ["good"] * 20})
    await reading.read(1)
    before = reading.reader.assignment
    reading.reader.revoke()
    reading.reader.expect([HERE])
    reading.reader.begin(HERE, 0)
    reading.pages.clear()
    await reading.read(20)
    assert reading.offsets(HERE) == list(range(20))
    assert {page.assignment for page in reading.pages} == {reading.reader.assignment}
    assert reading.reader.assignment != before


async def test_a_refused_partition_is_not_read() -> None:
    """Its topic is another than before; the others go on."""
    reading = Reading({HERE: ["good"] * 3, PARTITIONS[1]: ["good"] * 3})
    reading.reader.refuse(HERE, "the topic was made anew")
    await reading.read(20)
    assert (reading.offsets(HERE), reading.offsets(PARTITIONS[1])) == ([], [0, 1, 2])
    assert reading.reader.problems() == ["the topic was made anew"]


async def test_an_offset_that_is_gone_is_a_matter_of_positions() -> None:
    """Skipping would not help, and nobody is told to."""
    reading = Reading({HERE: ["good"]})

    async def getmany(*_: object, **__: object) -> dict[TopicPartition, list[object]]:
        raise OffsetOutOfRangeError({HERE: 0})

    reading.consumer.getmany = getmany  # type: ignore[method-assign]  # it raises
    await reading.read(10)
    (problem,) = reading.reader.problems()
    assert "positions out of range: crm.records/0 at 0" in problem
    assert "skip" not in problem


async def test_a_partition_that_lost_records_stands_also_when_it_has_grown() -> None:
    """What was in between was never read, and what comes now does not follow on it: a person is asked."""
    reading = Reading({HERE: ["good"] * 3})
    await reading.read(10)
    getmany = reading.consumer.getmany

    async def truncated(*_: object, **__: object) -> dict[TopicPartition, list[object]]:
        raise OffsetOutOfRangeError({HERE: 3})

    reading.consumer.getmany = truncated  # type: ignore[method-assign]  # it raises
    await reading.read(2)
    reading.consumer.getmany = getmany  # type: ignore[method-assign]  # as it was
    reading.consumer.logs[HERE] += ["good"] * 3
    await reading.read()
    assert reading.offsets(HERE) == [0, 1, 2]
    reading.reader.expect([HERE])
    reading.reader.begin(HERE, 3)
    await reading.read()
    assert (reading.offsets(HERE), reading.mark(HERE)) == ([0, 1, 2], 3)
    (problem,) = reading.reader.problems()
    assert "fairlead sources reset --topic crm.records" in problem


async def test_what_was_lost_in_an_epoch_says_nothing_of_the_next() -> None:
    """Its positions are others, though they may be the same numbers."""
    reading = Reading({HERE: ["good"] * 9})
    readable = reading.consumer.getmany

    async def truncated(*_: object, **__: object) -> dict[TopicPartition, list[object]]:
        raise OffsetOutOfRangeError({HERE: 5})

    reading.reader.begin(HERE, 5)
    reading.consumer.getmany = truncated  # type: ignore[method-assign]  # what was read is gone
    await reading.read(5)
    assert reading.reader.lost() == {HERE: 5}
    reading.consumer.getmany = readable  # type: ignore[method-assign]  # and is there again
    reading.reader.expect([HERE])
    reading.reader.forget_lost()
    reading.reader.begin(HERE, 5)
    await reading.read(5)
    assert reading.offsets(HERE) == [5, 6, 7, 8]


async def test_a_stopped_consumer_ends_the_reading() -> None:
    """The only error that leaves the reader."""
    reading = Reading({HERE: ["good"]})

    async def getmany(*_: object, **__: object) -> dict[TopicPartition, list[object]]:
        raise ConsumerStoppedError

    reading.consumer.getmany = getmany  # type: ignore[method-assign]  # it raises
    with pytest.raises(ConsumerStoppedError):
        await reading.read(3)
