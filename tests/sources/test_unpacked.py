"""A batch that becomes too large when it is unpacked cannot be read: it is named, and costs nobody else anything."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from service.config.history import sources_record
from service.config.sources import Skip
from service.kafka import unpacking
from service.kafka.probing import Unreadable, probe
from service.kafka.reading import read_topic
from tests.sources.test_on_kafka import names
from tests.sources.world import World

pytestmark = pytest.mark.real

LIMIT_BYTES = 1_000_000


@pytest.fixture
def bounded(world: World) -> World:
    """Whoever reads may unpack no more than a megabyte at once."""
    world.connection = replace(world.connection, unpacked_limit_bytes=LIMIT_BYTES)
    return world


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_it_is_named_and_passed_knowingly(bounded: World, codec: str) -> None:
    """What stands before it and in other partitions arrives; a skip passes it as a whole, and no more."""
    await bounded.send(0, names("before", 3))
    await bounded.send(0, names("bomb", 10), padding_bytes=200_000, compression_type=codec)
    await bounded.send(0, names("behind", 3))
    await bounded.send(1, names("other", 50))
    async with bounded.reading():
        problem = await bounded.problem(f"{bounded.source}/0/3")
        await bounded.arrive([*names("before", 3), *names("other", 50)])
        assert "FAIRLEAD_KAFKA__UNPACKED_LIMIT_BYTES" in problem
        assert f"fairlead sources skip {bounded.source}/0/3" in problem
        found = await probe(bounded.connection, bounded.source, 0, 3)
        assert isinstance(found, Unreadable)
        assert (found.start, found.stop) == (3, 13)
        await bounded.feed.publish([sources_record(Skip(0, bounded.source, 0, found.start, found.stop))])
        await bounded.arrive(names("behind", 3))
        await bounded.no_problem()
    (letter,) = await bounded.dead_letters()
    assert b"3 to 12" in (dict(letter.headers)["dead_letter_detail"] or b"")


async def test_it_is_read_once_more_is_allowed(bounded: World) -> None:
    """The records are good, so whoever has the memory raises the limit, and nothing is lost."""
    await bounded.send(0, names("bomb", 10), padding_bytes=200_000, compression_type="zstd")
    async with bounded.reading():
        await bounded.problem(f"{bounded.source}/0/0")
    bounded.connection = replace(bounded.connection, unpacked_limit_bytes=4 * LIMIT_BYTES)
    async with bounded.reading():
        await bounded.arrive(names("bomb", 10))


async def test_many_batches_that_fit_one_by_one_are_read(bounded: World) -> None:
    """One read would bring more than is allowed, and yet each of them is good: nothing is named."""
    wanted: list[str] = []
    for number in range(12):
        await bounded.send(0, words := names(f"large{number}", 3), padding_bytes=200_000, compression_type="zstd")
        wanted += words
    async with bounded.reading():
        found = await bounded.arrive(wanted)
        assert bounded.intake.problems() == []
    assert all(len(positions) == 1 for positions in found.values())


async def test_whoever_looks_at_the_topic_passes_over_it_and_reads_the_rest(bounded: World) -> None:
    """So do lanes, feeds and commands, which all read our own topics by it."""
    for number in range(8):
        await bounded.send(0, names(f"large{number}", 3), padding_bytes=200_000, compression_type="lz4")
    await bounded.send(1, names("bomb", 10), padding_bytes=200_000, compression_type="gzip")
    await bounded.send(1, names("last", 2))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET))
    with capture_logs() as lines:
        found = [(record.partition, record.offset) async for record in read_topic(bounded.connection, bounded.source)]
    assert sorted(found) == [*((0, at) for at in range(24)), (1, 10), (1, 11)]
    told = [(line["partition"], line["start"], line["stop"]) for line in lines if line["event"] == "record.unreadable"]
    assert told == [(1, 0, 10)]


async def test_a_batch_of_very_many_records_is_taken_apart_piece_by_piece(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bad record among them costs itself alone, and those that are read at once are not too many to hold."""
    monkeypatch.setattr(unpacking, "MOST_RECORDS", 50)
    count, bad = 110, 55
    await world.send(0, names("many", count), spoil=bad)
    found = [record.offset async for record in read_topic(world.connection, world.source)]
    assert found == [offset for offset in range(count) if offset != bad]
