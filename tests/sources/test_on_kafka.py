"""What the CRM publishes reaches the lanes, whatever stands beside it in its topics; what cannot be read is named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions
from structlog.testing import capture_logs

from service.app import frame
from service.app.group import LaneGroup
from service.app.probes import _added, _reading
from service.app.sources import reset_positions
from service.config.history import sources_record
from service.config.sources import Loss, Skip, Sources, SourceTopic
from service.kafka.connection import administration
from service.kafka.probing import Readable, Unreadable, probe
from service.kafka.reading import partitions_of, read_topic
from service.wire.lanes import lane_of
from service.wire.outputs import DEFAULT_DIVISION
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.cli.running import lead
from tests.sources.topics import make, remake
from tests.sources.world import PARTITIONS, SECONDS, World

pytestmark = pytest.mark.real


def names(word: str, count: int) -> Sequence[str]:
    return [f"{word}-{number}" for number in range(count)]


async def test_every_codec_of_the_brokers_is_read(world: World) -> None:
    """A producer chooses its codec without asking us."""
    async with world.reading():
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            await world.send(0, names(codec, 20), compression_type=codec)
        found = await world.arrive([name for codec in ("gzip", "snappy", "lz4", "zstd") for name in names(codec, 20)])
    assert len(found) == 80


async def test_a_batch_that_cannot_be_read_costs_nobody_else_anything(world: World) -> None:
    """All good events of the other partitions arrive, and those before it in its own; it is named with its offset."""
    await world.send(0, names("before", 20))
    await world.send(0, names("spoilt", 10), spoil=4)
    await world.send(0, names("behind", 10))
    for partition in range(1, PARTITIONS):
        await world.send(partition, names(f"good{partition}", 100))
    good = [*names("before", 20), *names("spoilt", 4)]
    others = [name for partition in range(1, PARTITIONS) for name in names(f"good{partition}", 100)]
    async with world.reading():
        await world.arrive([*good, *others])
        problem = await world.problem(f"{world.source}/0/24")
        await world.send(1, ["later"])
        found = await world.arrive(["later"])
    assert "fairlead sources skip" in problem
    assert len(found) == len(good) + len(others) + 1
    assert await world.committed(0) == 24


async def test_who_looks_at_a_topic_passes_over_what_nobody_can_read(world: World) -> None:
    """And says where it is; whatever else is there is shown, other partitions included."""
    await world.send(0, names("spoilt", 10), spoil=4)
    await world.send(0, names("behind", 5), compression_type="gzip", breaks=True)
    await world.send(0, names("last", 2))
    await world.send(1, names("other", 3))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET))
    with capture_logs() as lines:
        offsets = [(record.partition, record.offset) async for record in read_topic(world.connection, world.source)]
    assert sorted(offsets) == [*((0, at) for at in (0, 1, 2, 3, 5, 6, 7, 8, 9, 15, 16)), *((1, at) for at in range(3))]
    told = [(line["start"], line["stop"]) for line in lines if line["event"] == "record.unreadable"]
    assert told == [(4, 5), (10, 15)]


async def test_one_record_that_cannot_be_read_is_passed_alone(world: World) -> None:
    """By those who say so: those behind it in its batch are read. A dead letter says what was passed."""
    await world.send(0, names("spoilt", 10), spoil=4)
    await world.send(0, names("behind", 10))
    async with world.reading():
        await world.problem(f"{world.source}/0/4")
        assert isinstance(await probe(world.connection, world.source, 0, 3), Readable)
        assert isinstance(await probe(world.connection, world.source, 0, 5), Readable)
        assert isinstance(await probe(world.connection, world.source, 0, 99), Readable)
        found = await probe(world.connection, world.source, 0, 4)
        assert isinstance(found, Unreadable)
        assert (found.start, found.stop) == (4, 5)
        await world.feed.publish([sources_record(Skip(0, world.source, 0, found.start, found.stop))])
        await world.arrive(
            [*names("spoilt", 4), *(f"spoilt-{number}" for number in range(5, 10)), *names("behind", 10)]
        )
        assert world.intake.problems() == []
        assert "lead/spoilt-4" not in await world.arrived()
    (letter,) = await world.dead_letters()
    headers = dict(letter.headers)
    assert headers["dead_letter_reason"] == b"unreadable_record"
    assert headers["dead_letter_source_offset"] == b"4"
    assert b"4 to 4" in (headers["dead_letter_detail"] or b"")
    assert letter.value == b""
    assert await world.committed(0) == 20


async def test_a_batch_whose_stream_is_broken_is_passed_as_a_whole(world: World) -> None:
    """Its head says which offsets it is about; what lies before and behind it is read."""
    await world.send(0, names("before", 3))
    await world.send(0, names("broken", 5), compression_type="gzip", breaks=True)
    await world.send(0, names("behind", 4))
    async with world.reading():
        await world.problem(f"{world.source}/0/3")
        found = await probe(world.connection, world.source, 0, 3)
        assert isinstance(found, Unreadable)
        assert (found.start, found.stop) == (3, 8)
        await world.feed.publish([sources_record(Skip(0, world.source, 0, found.start, found.stop))])
        await world.arrive([*names("before", 3), *names("behind", 4)])
    (letter,) = await world.dead_letters()
    assert b"3 to 7" in (dict(letter.headers)["dead_letter_detail"] or b"")


async def test_what_was_taken_back_is_not_read_where_a_batch_is_taken_apart(world: World) -> None:
    """Markers and aborted records stand among what cannot be read; the marker may come behind it, or in front."""
    await world.transaction(0, ["a-1"], commits=False)
    await world.send(0, names("spoilt", 3), spoil=1)
    await world.transaction(0, ["b-1", "b-2"], commits=False)
    await world.transaction(0, ["c-1"], commits=True)
    async with world.reading():
        problem = await world.problem("cannot be read")
        spoilt = int(problem.removeprefix(f"{world.source}/0/").partition(" ")[0])
        await world.feed.publish([sources_record(Skip(0, world.source, 0, spoilt, spoilt + 1))])
        found = await world.arrive(["c-1", "spoilt-2"])
    assert found.keys() == {"lead/spoilt-0", "lead/spoilt-2", "lead/c-1"}


async def test_what_was_aborted_is_not_decided(world: World) -> None:
    """The CRM took it back. Markers leave gaps, which are no problem and lose nothing."""
    async with world.reading():
        await world.transaction(0, ["a-1", "a-2"], commits=True)
        await world.transaction(0, ["b-1", "b-2"], commits=False)
        await world.transaction(0, ["c-1"], commits=True)
        await world.send(0, ["d-1"])
        found = await world.arrive(["a-1", "a-2", "c-1", "d-1"])
        assert world.intake.problems() == []
    assert found.keys() == {"lead/a-1", "lead/a-2", "lead/c-1", "lead/d-1"}
    assert all(len(positions) == 1 for positions in found.values())


async def test_a_partition_that_was_added_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its beginning, by whoever the group gives it to."""
    monkeypatch.setattr(frame, "METADATA_MS", 1_000)
    async with world.reading():
        async with administration(world.connection) as admin:
            await admin.create_partitions({world.source: NewPartitions(PARTITIONS + 1)})
        async with asyncio.timeout(SECONDS):
            while PARTITIONS not in await partitions_of(world.connection, world.source):
                pass
        await world.send(PARTITIONS, names("late", 3))
        await world.arrive(names("late", 3))


async def test_a_partition_that_was_added_is_named_until_it_is_read(world: World) -> None:
    """The group hears of it within half a minute."""
    async with world.reading() as intake, administration(world.connection) as admin:
        await world.send(0, ["first"])
        await world.arrive(["first"])
        assert await _added(intake._started(), admin, ()) == []
        await admin.create_partitions({world.source: NewPartitions(PARTITIONS + 1)})
        async with asyncio.timeout(SECONDS):
            while not (added := await _added(intake._started(), admin, ())):
                pass
        assert added == [f"{world.source}/{PARTITIONS}"]


async def test_what_an_open_transaction_holds_is_seen(world: World) -> None:
    """A reader of what is committed is at the end that it sees, and more is written."""
    async with world.reading() as intake:
        await world.send(0, ["before-1"])
        await world.arrive(["before-1"])
        producer = AIOKafkaProducer(**world.connection.client_options(), transactional_id=world.source)
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(world.source, lead("open-1").value, partition=0)
            await world.send(0, ["behind-1"])
            group = LaneGroup(world.topics.events)
            group.member = world.member
            found = {each.partition: each[1:] for each in await _reading(intake._started(), group)}
            assert found[f"{world.source}/0"] == (1, 1, 3)
        finally:
            await producer.stop()


async def test_a_topic_made_anew_is_noticed_and_read_after_a_reset(world: World) -> None:
    """Its offsets begin below what the lanes have taken: read as before, its events would be dropped in silence."""
    async with world.reading():
        await world.send(0, names("old", 5))
        await world.arrive(names("old", 5))
        await remake(world.connection, world.source, PARTITIONS)
        await world.send(0, names("new", 3))
        await world.intake.look()
        problem = await world.problem("deleted and made again")
    assert f"fairlead sources reset --topic {world.source}" in problem
    assert not any("new" in name for name in await world.arrived())
    async with world.reading():
        await world.problem("deleted and made again")
    assert not any("new" in name for name in await world.arrived())
    await reset(world)
    async with world.reading():
        found = await world.arrive(names("new", 3))
        assert world.intake.problems() == []
    assert [position.epoch for position in found["lead/new-0"]] == [1]
    assert [position.epoch for position in found["lead/old-0"]] == [0]


async def test_a_topic_made_anew_while_nobody_ran_is_noticed(world: World) -> None:
    """The group's positions went with the old one, so it would begin at 0. The other topics go on."""
    async with world.reading():
        await world.send(0, names("old", 5))
        await world.arrive(names("old", 5))
    await remake(world.connection, world.source, PARTITIONS)
    await world.send(0, names("new", 3))
    async with world.reading():
        await world.problem("deleted and made again")
        assert [problem for problem in world.intake.problems() if world.topics.sources[1] in problem] == []
    assert not any("new" in name for name in await world.arrived())


async def test_a_reset_counts_for_who_read_all_the_while(world: World) -> None:
    """In the epoch before, all that they read would look as if it were taken, and be dropped."""
    async with world.reading():
        await world.send(0, names("old", 3))
        await world.arrive(names("old", 3))
        identity = world.feed.history.source_state.topic(world.source)
        assert identity is not None
        await world.agree(identity._replace(epoch=1))
        await world.send(0, names("new", 3))
        found = await world.arrive(names("new", 3))
        assert world.intake.problems() == []
    assert [position.epoch for name in names("new", 3) for position in found[f"lead/{name}"]] == [1, 1, 1]


async def test_a_reset_is_heard_of_before_anything_is_read(world: World) -> None:
    """A process that was frozen meanwhile takes its partitions up again with what it knew before."""

    async def hear() -> None:
        world.feed.history.source_state.fold(SourceTopic(world.source, "", 1))

    world.hear = hear
    await world.send(0, names("new", 3))
    async with world.reading():
        found = await world.arrive(names("new", 3))
    assert {position.epoch for each in found.values() for position in each} == {1}


async def test_a_loss_of_the_epoch_before_is_not_told_of_the_next(world: World) -> None:
    """Whoever saw it late, or was frozen meanwhile, would have everybody refuse what was just reset."""
    async with world.reading():
        await world.send(0, names("old", 3))
        await world.arrive(names("old", 3))
        state = world.feed.history.source_state
        await world.agree(SourceTopic(world.source, "", 1))
        await world.intake.tell_lost([Loss(0, world.source, 0, 50), Loss(0, world.topics.sources[1], 0, 50)])
        await world.feed.read_up()
        assert state.loss_of(world.source, 0) is None
        assert state.loss_of(world.topics.sources[1], 0) is not None


async def test_what_somebody_sees_to_be_lost_is_read_by_nobody(world: World) -> None:
    """Its reader may have no doubt: the lanes have taken more than the partition holds, and would drop what comes."""
    async with world.reading():
        await world.send(0, names("old", 3))
        await world.arrive(names("old", 3))
        await world.agree(Loss(0, world.source, 0, 50))
        await world.intake.look()
        problem = await world.problem("once ended before offset 50")
        assert f"fairlead sources reset --topic {world.source}" in problem
        await world.send(0, names("lost", 3))
        await world.send(1, names("other", 3))
        assert "lead/lost-0" not in await world.arrive(names("other", 3))


async def test_sources_begun_anew_for_other_settings_are_not_read(world: World) -> None:
    """Divisions would be told by another attribute, and lie in other lanes than everybody else's."""
    async with world.reading():
        await world.send(0, names("old", 3))
        await world.arrive(names("old", 3))
        await world.agree(Sources(1, "tenant", world.lanes, 0))
        await world.problem("begun anew with division attribute tenant")
        await world.send(0, names("new", 3))
        await world.agree(Sources(2, "division", world.lanes, 1))
        found = await world.arrive(names("new", 3))
        await world.no_problem()
    assert [position.epoch for position in found["lead/new-0"]] == [2]


async def test_that_a_source_lost_what_was_read_outlives_who_saw_it(world: World) -> None:
    """It grows past the mark, and another process must not go on there: only a reset does."""
    await world.commit(0, 50)
    await world.send(0, names("old", 3))
    async with world.reading():
        await world.problem("the topic did not hold that offset")
        await world.intake.look()
    await world.send(0, names("new", 60))
    async with world.reading():
        problem = await world.problem("once ended before offset 50")
        assert f"fairlead sources reset --topic {world.source}" in problem
        await world.send(1, ["other"])
        assert "lead/new-59" not in await world.arrive(["other"])
    await reset(world)
    async with world.reading():
        await world.arrive([*names("old", 3), *names("new", 60)])
        assert world.intake.problems() == []


async def test_a_topic_that_is_gone_is_named(world: World) -> None:
    """Whether or not it comes back."""
    async with world.reading():
        async with administration(world.connection) as admin:
            await admin.delete_topics([world.source])
        while "does not exist" not in "".join(world.intake.problems()):
            await world.intake.look()
        await make(world.connection, world.source, PARTITIONS)
        while "deleted and made again" not in "".join(world.intake.problems()):
            await world.intake.look()


async def test_what_nobody_foresaw_loses_no_event(world: World) -> None:
    """It is told, and the same page is tried again until it works."""
    raised = 0

    def step(name: str) -> None:
        nonlocal raised
        if name == "ingest_sent" and raised < 5:
            raised += 1
            raise RuntimeError("nobody foresaw this")

    world.step = step
    async with world.reading():
        for partition in range(PARTITIONS):
            await world.send(partition, names(f"good{partition}", 50))
        found = await world.arrive([name for number in range(PARTITIONS) for name in names(f"good{number}", 50)])
        await world.no_problem()
    assert raised == 5
    assert len(found) == 50 * PARTITIONS


async def test_a_lanes_topic_with_too_few_partitions_loses_no_event(real_kafka: Kafka, topics: Topics) -> None:
    """The driver asserts that a partition exists. It is told; when the topic is mended, everything arrives."""
    lanes = next(lanes for lanes in range(2, 100) if lane_of(DEFAULT_DIVISION, lanes) > 0)
    world = World(real_kafka.connection(), topics, lanes, partitions=1)
    await world.make_topics()
    async with world.reading():
        for partition in range(PARTITIONS):
            await world.send(partition, names(f"good{partition}", 5))
        await world.problem("events are not sent on")
        async with administration(world.connection) as admin:
            await admin.create_partitions({topics.events: NewPartitions(lanes)})
        await world.arrive([name for number in range(PARTITIONS) for name in names(f"good{number}", 5)])
        await world.no_problem()


async def test_two_processes_share_the_partitions_and_lose_nothing(world: World) -> None:
    """One joins, both read, one leaves: what was not committed is read again by the other."""
    other = World(world.connection, world.topics)
    async with world.reading():
        await world.send(0, names("first", 50))
        async with other.reading():
            for partition in range(PARTITIONS):
                await world.send(partition, names(f"both{partition}", 50))
            await world.arrive([name for number in range(PARTITIONS) for name in names(f"both{number}", 50)])
        for partition in range(PARTITIONS):
            await world.send(partition, names(f"alone{partition}", 50))
        await world.arrive([name for number in range(PARTITIONS) for name in names(f"alone{number}", 50)])
        await world.arrive(names("first", 50))


async def reset(world: World) -> None:
    """As `fairlead sources reset --topic` does it."""
    found = await reset_positions(world.connection, world.group, [world.source])
    await world.feed.start()
    try:
        await world.feed.publish([sources_record(SourceTopic(world.source, found[world.source], 1))])
    finally:
        await world.feed.stop()
