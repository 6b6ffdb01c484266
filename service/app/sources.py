"""Where reading the CRM's topics begins, and whether it can go on.

A position is never reset by itself: what was lost or skipped silently would be a customer without an answer. A group
without a position begins at the beginning of a topic; one whose position is not there any more stops, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from service.kafka.connection import KafkaConnection, administration

log = structlog.get_logger(__name__)


async def prepare_positions(connection: KafkaConnection, group: str, topics: Sequence[str]) -> None:
    """Give the group a position in each partition in which it has none: the beginning. Raises `KafkaError`."""
    consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"group_id": group}))
    try:
        await consumer.start()
        partitions = await _partitions(connection, topics)
        consumer.assign(partitions)
        without = [partition for partition in partitions if await consumer.committed(partition) is None]
        if not without:
            return
        begins = await consumer.beginning_offsets(without)
        try:
            await consumer.commit(begins)
        except KafkaError as error:
            log.info("positions.left", error=repr(error), why="the group has members; who gets a partition begins it")
        else:
            log.info("positions.set", partitions=len(begins))
    finally:
        await consumer.stop()


class Beginnings(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver ships no types
    """Begins an assigned partition that has no position: a topic or partition that is new to a group at work.

    `prepare_positions` cannot commit for a group that has members. The driver may have complained of the missing
    position already when this runs; its next poll finds one.
    """

    def __init__(self) -> None:
        self.subscriber: Any = None

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to do: what is not acknowledged is read again."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Seek to the beginning where nobody has ever been."""
        consumer: AIOKafkaConsumer = self.subscriber.consumer
        without = [partition for partition in assigned if await consumer.committed(partition) is None]
        begins = await consumer.beginning_offsets(without) if without else {}
        for partition, begin in begins.items():
            consumer.seek(partition, begin)
            log.info("position.begun", partition=f"{partition.topic}/{partition.partition}", offset=begin)


async def reset_positions(connection: KafkaConnection, group: str, topics: Sequence[str]) -> int:
    """Put the group to every partition's beginning; how many there are. Raises `KafkaError` while it has members."""
    consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"group_id": group}))
    try:
        await consumer.start()
        partitions = await _partitions(connection, topics)
        consumer.assign(partitions)
        await consumer.commit(await consumer.beginning_offsets(partitions))
        return len(partitions)
    finally:
        await consumer.stop()


async def out_of_range(consumer: AIOKafkaConsumer) -> list[str]:
    """The partitions whose position lies before what the broker still has, as text."""
    partitions = sorted(consumer.assignment())
    begins = await consumer.beginning_offsets(partitions) if partitions else {}
    lost = []
    for partition in partitions:
        position = await consumer.committed(partition)
        if position is not None and position < begins[partition]:
            lost.append(f"{partition.topic}/{partition.partition} at {position}, which begins at {begins[partition]}")
    return lost


async def _partitions(connection: KafkaConnection, topics: Sequence[str]) -> list[TopicPartition]:
    async with administration(connection) as admin:
        found = await admin.describe_topics(list(topics))
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in found
        for partition in sorted(topic["partitions"], key=lambda partition: partition["partition"])
    ]
