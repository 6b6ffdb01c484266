"""Where reading the CRM's topics begins, and whether a topic is still the one that was read before.

A position is never reset by itself: what was lost or skipped silently would be a customer without an answer. A group
without a position begins at the beginning of a topic; lanes drop what they took before. That holds only as long as the
topic is the same: one that was deleted and made again begins at 0, too, and all its events would be dropped. So its
identity is compared with the one that the configuration topic keeps. Where the broker tells none, a topic that was read
before and has no position in any partition any more is not begun, either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from service.config.sources import FIRST_EPOCH, SourceState, SourceTopic
from service.core.state import LEVEL
from service.ingest import Reading
from service.kafka.connection import KafkaConnection, administration, let_go
from service.kafka.topic_identity import identities
from service.nouns import counted

log = structlog.get_logger(__name__)

REMEDY: Final = (
    "stop all processes and run `fairlead sources reset --topic {name}`: it is read from its beginning, as a new epoch "
    "of this topic alone"
)


class Places(NamedTuple):
    """Where to begin, per partition, and the topics that must not be read, with the reason."""

    marks: Mapping[TopicPartition, int]
    begun: frozenset[TopicPartition]
    refused: Mapping[str, str]


def not_the_same(state: SourceState, found: Mapping[str, str]) -> dict[str, str]:
    """The topics that are others than those which were read, with what to do. `found`: name to identity."""
    return {
        name: f"topic {name} was deleted and made again: its positions mean something else. " + REMEDY.format(name=name)
        for name, identity in found.items()
        if (known := state.topic(name)) is not None
        if known.identity and identity and known.identity != identity
    }


def other_input(state: SourceState, found: Mapping[str, str], topic: str) -> str:
    """Why the lanes' topic must not be read: it is another one than was agreed on. Empty: it may be read."""
    if topic not in not_the_same(state, found):
        return ""
    return (
        f"topic {topic} was deleted and made again: lanes have no place in it, and what was sent to them and not "
        "decided is gone"
    )


def as_agreed(reading: Reading, state: SourceState) -> Reading:
    """How the sources are read in the epochs that hold now. The settings of this process stay as they are."""
    events = state.topic(reading.topics.events)
    return replace(
        reading,
        epoch=state.current.epoch if state.current else FIRST_EPOCH,
        topic_epochs=dict(state.topic_epochs),
        life=events.identity if events else "",
    )


def unfit(state: SourceState, reading: Reading) -> str:
    """Why a process of this release, with these settings, must not read the sources as they are now. Empty: it may.

    A release below the agreed level would leave out of events what it does not know, and lanes would never hear of it.
    """
    if state.level > LEVEL:
        return (
            f"the lanes are raised to level {state.level} and this release knows level {LEVEL}: it would leave out "
            "what only newer ones read in an event. End this process; one of a newer release takes over"
        )
    agreed = state.current
    if agreed is None or (agreed.division_attribute, agreed.lanes) == (reading.division_attribute, reading.lanes):
        return ""
    return (
        f"the sources were begun anew with division attribute {agreed.division_attribute} and "
        f"{counted(agreed.lanes, 'lane')}, the settings say {reading.division_attribute} and {reading.lanes}: put "
        "the settings right and start this process again"
    )


def lost_input(state: SourceState, topic: str, lane: int) -> str:
    """Why a lane must not read its input any more: it once ended below the lane's place. Empty: it may."""
    loss = state.loss_of(topic, lane)
    return f"its input once ended before offset {loss.offset}, where its place was: records are lost" if loss else ""


def lost_sources(state: SourceState, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, str]:
    """The source partitions that must not be read, with the reason."""
    losses = [loss for partition in partitions if (loss := state.loss_of(*partition)) is not None]
    return {
        TopicPartition(loss.topic, loss.partition): f"{loss.topic}/{loss.partition} once ended before offset "
        f"{loss.offset}, up to which lanes have taken what it held: it lost records, or somebody else wrote into the "
        "lanes' topic. What comes up to there would count as taken before. " + REMEDY.format(name=loss.topic)
        for loss in losses
    }


def unknown_topics(state: SourceState, found: Mapping[str, str]) -> list[SourceTopic]:
    """What to tell the configuration topic: topics that are read for the first time, and identities told lately."""
    news = []
    for name, identity in found.items():
        known = state.topic(name)
        if known is None or (identity and not known.identity):
            news.append(SourceTopic(name, identity, state.epoch_of(name)))
    return news


async def identities_of(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> dict[str, str]:
    """The identity of each topic that exists; empty where the broker does not tell it. Raises `KafkaError`."""
    return await identities(consumer._client, topics)  # noqa: SLF001  # the driver has no such request


async def places(
    consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition], state: SourceState, found: Mapping[str, str]
) -> Places:
    """Where the group goes on in these partitions of topics whose identities were `found`. Raises `KafkaError`."""
    refused = not_the_same(state, found)
    committed: dict[TopicPartition, int | None] = {}
    for partition in partitions:
        if partition.topic not in refused:
            committed[partition] = await consumer.committed(partition)
    lost = await _lost(consumer, committed, state, found)
    refused |= lost
    begun = [each for each, offset in committed.items() if offset is None and each.topic not in lost]
    marks = {each: offset for each, offset in committed.items() if offset is not None}
    if begun:
        marks |= await consumer.beginning_offsets(begun)
    return Places(marks, frozenset(begun), refused)


async def _lost(
    consumer: AIOKafkaConsumer,
    committed: Mapping[TopicPartition, int | None],
    state: SourceState,
    found: Mapping[str, str],
) -> dict[str, str]:
    """Topics without identity that were read before and have no position anywhere."""
    lost = {}
    for name in {partition.topic for partition, offset in committed.items() if offset is None}:
        if found.get(name) or state.topic(name) is None:
            continue
        others = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
        if not any([await consumer.committed(other) is not None for other in others]):
            lost[name] = (
                f"topic {name} was read before, but its positions are gone: they expired, or it was deleted and made "
                f"again. {REMEDY.format(name=name)}"
            )
    return lost


async def prepare_positions(
    connection: KafkaConnection,
    group: str,
    topics: Sequence[str],
    state: SourceState | None = None,
    besides: Sequence[str] = (),
) -> Mapping[str, str]:
    """Give the group a position in each partition in which it has none: the beginning. Raises `KafkaError`.

    Topics that are not the ones which were read before get none. Returns the identities of the topics that there are,
    of those `besides` as well, in which nobody has a position.
    """
    consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"group_id": group}))
    try:
        await consumer.start()
        partitions = await _partitions(connection, topics)
        consumer.assign(partitions)
        found = await identities_of(consumer, [*topics, *besides])
        there = await places(consumer, partitions, state or SourceState(), found)
        begins = {partition: there.marks[partition] for partition in there.begun}
        if begins:
            await _commit(consumer, begins)
        return found
    finally:
        await let_go(consumer.stop())


async def reset_positions(connection: KafkaConnection, group: str, topics: Sequence[str]) -> Mapping[str, str]:
    """Put the group to every partition's beginning. Raises `KafkaError` while it has members.

    Returns the identities of the topics, each of which exists.
    """
    consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"group_id": group}))
    try:
        await consumer.start()
        partitions = await _partitions(connection, topics)
        consumer.assign(partitions)
        await consumer.commit(await consumer.beginning_offsets(partitions))
        return await identities_of(consumer, topics)
    finally:
        await let_go(consumer.stop())


async def _commit(consumer: AIOKafkaConsumer, begins: Mapping[TopicPartition, int]) -> None:
    try:
        await consumer.commit(begins)
    except KafkaError as error:
        log.info("positions.left", error=repr(error), why="the group has members; who gets a partition begins it")
    else:
        log.info("positions.set", partitions=len(begins))


async def _partitions(connection: KafkaConnection, topics: Sequence[str]) -> list[TopicPartition]:
    async with administration(connection) as admin:
        found = await admin.describe_topics(list(topics))
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in found
        for partition in sorted(topic["partitions"], key=lambda partition: partition["partition"])
    ]
