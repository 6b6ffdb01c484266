"""Topics are looked at before anything starts, and every complaint says what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.kafka.topics import Gravity, TopicProblem, Wanted, check, create, declaration_file, gravity_of, read_wanted
from service.kafka.transport import KafkaTransport
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka

LANES = 4


def one(wanted: list[Wanted], name: str) -> Wanted:
    return next(topic for topic in wanted if topic.name == name)


def test_the_file_declares_every_topic_and_no_other() -> None:
    """What the program names and what the file declares are the same, prefix included."""
    topics = Topics.of("test.", ("crm.records", "crm.offers"))
    names = {topic.name for topic in read_wanted(topics, LANES)}
    assert names == {
        "test.crm.records",
        "test.crm.offers",
        topics.events,
        topics.log,
        topics.config,
        topics.assignments,
        topics.notifications,
        topics.workflow_actions,
        topics.dead_letters,
    }


def test_events_and_log_have_a_partition_per_lane() -> None:
    """No other topic follows the number of lanes."""
    topics = Topics.of()
    wanted = read_wanted(topics, 7)
    assert {topic.name for topic in wanted if topic.is_lanes} == {topics.events, topics.log}
    assert {topic.partitions for topic in wanted if topic.is_lanes} == {7}


def test_promises_stand_in_the_file() -> None:
    """The broker's time on events; a log that only we shorten."""
    wanted = read_wanted(Topics.of(), LANES)
    assert one(wanted, "assignment.events").settings["message.timestamp.type"] == "LogAppendTime"
    log = one(wanted, "assignment.log").settings
    assert (log["cleanup.policy"], log["retention.ms"], log["retention.bytes"]) == ("delete", "-1", "-1")


def test_with_copies_a_write_waits_for_all_but_one() -> None:
    """Three copies: two must have it. One: itself."""
    topics = Topics.of()
    assert one(read_wanted(topics, LANES, 3), topics.log).settings["min.insync.replicas"] == "2"
    assert one(read_wanted(topics, LANES, 1), topics.log).settings["min.insync.replicas"] == "1"
    assert "min.insync.replicas" not in one(read_wanted(topics, LANES), topics.log).settings


def test_a_misspelt_file_is_refused(tmp_path: Path) -> None:
    """A word the file does not know is an error, not a setting that never takes effect."""
    path = tmp_path / "topics.yaml"
    path.write_text(declaration_file().read_text("utf-8").replace("owner: crm", "ownr: crm"), "utf-8")
    with pytest.raises(ValueError, match="ownr"):
        read_wanted(Topics.of(), LANES, path=path)


async def test_what_is_missing_is_named_and_created(real_kafka: Kafka, topics: Topics) -> None:
    """Before: every topic a problem. After: none; and creating again does nothing."""
    connection, wanted = real_kafka.connection(), read_wanted(topics, LANES)
    missing = await check(connection, wanted)
    assert {problem.topic for problem in missing} == {topic.name for topic in wanted}
    ours = next(problem for problem in missing if problem.topic == topics.log)
    assert str(ours) == f"topic {topics.log}: does not exist; run `fairlead topics create`"
    created = await create(connection, wanted)
    assert (set(created.topics), created.problems) == ({topic.name for topic in wanted}, ())
    assert await check(connection, wanted) == []
    assert await create(connection, wanted) == ((), ())


async def test_a_wrong_counted_lanes_is_a_problem(real_kafka: Kafka, topics: Topics) -> None:
    """Both topics of the lanes are named, with the number there is and the number there should be."""
    connection = real_kafka.connection()
    await create(connection, read_wanted(topics, LANES))
    problems = await check(connection, read_wanted(topics, 6))
    assert {problem.topic for problem in problems} == {topics.events, topics.log}
    assert problems[0].what == "has 4 partitions, but there are 6 lanes"


async def test_a_setting_that_differs_is_a_problem(real_kafka: Kafka, topics: Topics) -> None:
    """A log with a retention time would lose the truth: it is named with both values and the way to alter it."""
    connection, wanted = real_kafka.connection(), read_wanted(topics, LANES)
    log = one(wanted, topics.log)
    careless = replace(log, settings=dict(log.settings) | {"retention.ms": "1000000"})
    await create(connection, [careless if topic is log else topic for topic in wanted])
    assert await check(connection, wanted) == [
        TopicProblem(
            topics.log,
            "retention.ms is 1000000, -1 is wanted",
            "alter it with the broker's tools: `--alter --add-config retention.ms=-1`",
        )
    ]


@pytest.mark.parametrize(
    ("declared", "setting", "actual", "wanted", "gravity"),
    [
        ("assignment.events", "message.timestamp.type", "CreateTime", "LogAppendTime", "refuses"),
        ("assignment.events", "cleanup.policy", "compact", "delete", "refuses"),
        ("assignment.events", "retention.ms", "3600000", "2592000000", "warns"),
        ("assignment.log", "cleanup.policy", "compact,delete", "delete", "refuses"),
        ("assignment.log", "cleanup.policy", "", "delete", "unready"),
        ("assignment.log", "retention.ms", "604800000", "-1", "unready"),
        ("assignment.log", "retention.bytes", "1000000", "-1", "unready"),
        ("assignment.log", "max.message.bytes", "1048588", "2097152", "unready"),
        ("assignment.log", "max.message.bytes", "5000000", "2097152", "warns"),
        ("assignment.log", "min.insync.replicas", "1", "2", "unready"),
        ("assignment.log", "min.insync.replicas", "3", "2", "warns"),
        ("assignment.config", "retention.ms", "604800000", "-1", "unready"),
        ("assignment.config", "cleanup.policy", "compact", "delete", "refuses"),
        ("assignments", "retention.ms", "604800000", "2592000000", "warns"),
        ("assignments", "cleanup.policy", "compact", "delete", "warns"),
        ("assignment.dead-letters", "max.message.bytes", "1048588", "2097152", "unready"),
    ],
)
def test_how_bad_a_setting_is(declared: str, setting: str, actual: str, wanted: str, gravity: Gravity) -> None:
    """What would decide wrongly does not start; what breaks a promise is not ready; the rest is a line in the log."""
    assert gravity_of(declared, setting, actual, wanted) == gravity


async def test_a_wrong_counted_lanes_refuses_and_a_missing_topic_does_not(real_kafka: Kafka, topics: Topics) -> None:
    """Somebody may still make what is missing; what is there in another shape only a person can mend."""
    connection = real_kafka.connection()
    ours = [topic for topic in read_wanted(topics, LANES) if topic.name != topics.assignments]
    await create(connection, ours)
    problems = await check(connection, read_wanted(topics, 6))
    assert {(problem.topic, problem.gravity) for problem in problems} == {
        (topics.events, "refuses"),
        (topics.log, "refuses"),
        (topics.assignments, "waits"),
    }


async def test_what_the_broker_refuses_is_said(real_kafka: Kafka, topics: Topics) -> None:
    """One topic refused does not keep the others from being made."""
    connection, wanted = real_kafka.connection(), read_wanted(topics, LANES)
    log = one(wanted, topics.log)
    broken = replace(log, settings={"retention.ms": "soon"})
    created = await create(connection, [broken if topic is log else topic for topic in wanted])
    (problem,) = created.problems
    assert problem.topic == topics.log
    assert "retention.ms" in problem.what
    assert len(created.topics) == len(wanted) - 1


async def test_too_few_copies_are_a_problem(real_kafka: Kafka, topics: Topics) -> None:
    """A topic made with fewer copies than are wanted now is named."""
    connection = real_kafka.connection()
    await create(connection, read_wanted(topics, LANES, 1))
    problems = await check(connection, read_wanted(topics, LANES, 3))
    copies = [problem for problem in problems if problem.topic == topics.log and "of a partition" in problem.what]
    assert [problem.what for problem in copies] == ["has 1 copy of a partition, 3 are wanted"]


async def test_a_topic_of_the_crm_only_has_to_be_there(real_kafka: Kafka, topics: Topics) -> None:
    """Its partitions and settings are the CRM's business."""
    connection, wanted = real_kafka.connection(), read_wanted(topics, LANES)
    theirs = [replace(topic, partitions=2, settings={}) for topic in wanted if not topic.ours]
    await create(connection, [*theirs, *(topic for topic in wanted if topic.ours)])
    assert await check(connection, wanted) == []


async def test_events_carry_the_broker_s_time(real_kafka: Kafka, topics: Topics) -> None:
    """Whatever time a producer writes on an event, what arrives is the time of its append."""
    connection = real_kafka.connection()
    await create(connection, read_wanted(topics, LANES))
    publisher, transport = Publisher(connection), KafkaTransport(connection, 0, topics)
    try:
        producer = await publisher._ready()
        batch = producer.create_batch()
        batch.append(timestamp=1, key=b"", value=b"from 1970")
        await (await producer.send_batch(batch, topics.events, partition=0))
        await transport.seek(0)
        (arrived,) = await transport.poll(1, 5_000)
        assert arrived.time_ms > 1_600_000_000_000
    finally:
        await publisher.close()
        await transport.close()


async def test_the_embedded_broker_makes_topics_itself(mock_connection: KafkaConnection, topics: Topics) -> None:
    """Only names and the number of lanes are looked at; settings it does not have are no problem."""
    wanted = read_wanted(topics, LANES)
    await create(mock_connection, wanted)
    assert await check(mock_connection, wanted) == []
    assert {problem.topic for problem in await check(mock_connection, read_wanted(topics, 12))} == {
        topics.events,
        topics.log,
    }
