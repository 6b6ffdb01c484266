"""Membership in the consumer group that shares out the lanes.

The member reads nothing: its partitions are always paused, and each lane reads with a consumer of its own. It is
polled so that the group knows we live, it says which lanes to run, and it commits how far they are, which is for
monitoring and for the question whether a lane is still ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError

from service.lane.lanes import Lanes

log = structlog.get_logger(__name__)

PUMP_MS: Final = 1_000
COMMIT_EVERY: Final = 2
"""Positions are committed each time the member was polled so often."""


class LaneGroup(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver ships no types
    """The listener and the pump of the group's consumer. `member` is the frame's subscriber that holds it.

    The subscriber has its consumer before the group calls the listener for the first time.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._revoked = False
        self._told: dict[TopicPartition, int] = {}
        self.lanes: Lanes | None = None
        self.member: Any = None
        self.assigned: frozenset[int] = frozenset()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Advice only: lanes go on until the next assignment."""
        self._revoked = True

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Run exactly the lanes that are assigned now, without waiting for any."""
        assigned = list(assigned)
        self._started().pause(*assigned)
        self._revoked, self._told = False, {}
        self.assigned = frozenset(partition.partition for partition in assigned)
        log.info("lanes.assigned", lanes=sorted(self.assigned))
        if self.lanes is not None:
            self.lanes.assign(self.assigned)

    async def pump(self) -> None:
        """Poll the paused consumer for ever, and commit the lanes' positions now and then. Ends with the consumer."""
        consumer = self._started()
        polled, is_disturbed = 0, False
        while True:
            try:
                consumer.pause(*consumer.assignment())
                await consumer.getmany(timeout_ms=PUMP_MS)
                is_disturbed = False
                polled += 1
                if polled % COMMIT_EVERY == 0:
                    await self._commit_moved()
            except ConsumerStoppedError:
                return
            except KafkaError as error:
                if not is_disturbed:
                    log.warning("group.disturbed", error=repr(error))
                is_disturbed = True
                await asyncio.sleep(PUMP_MS / 1000)

    async def is_still_ours(self, lane: int) -> bool:
        """Ask the group: a commit in the current generation is only accepted from the lane's member."""
        if self._revoked or lane not in self.assigned:
            return False
        consumer = self._started()
        partition = TopicPartition(self.topic, lane)
        try:
            committed = await consumer.committed(partition)
            return await self._commit({partition: committed or 0})
        except KafkaError:
            return False

    async def ends(self) -> dict[int, int]:
        """The offset the next input of each assigned lane will have. Raises `KafkaError`."""
        if not self.assigned:
            return {}
        ends = await self._started().end_offsets([TopicPartition(self.topic, lane) for lane in self.assigned])
        return {partition.partition: end for partition, end in ends.items()}

    async def written(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset the next record of each will have, what transactions hold included. Raises `KafkaError`."""
        found: Mapping[TopicPartition, int] = await self._started().end_offsets(list(partitions)) if partitions else {}
        return found

    def _positions(self) -> dict[TopicPartition, int]:
        positions = {} if self.lanes is None else self.lanes.positions()
        return {TopicPartition(self.topic, lane): offset for lane, offset in positions.items() if lane in self.assigned}

    async def _commit_moved(self) -> None:
        """Commit the positions, if any has moved since."""
        positions = self._positions()
        if positions != self._told and await self._commit(positions):
            self._told = positions

    async def _commit(self, positions: dict[TopicPartition, int]) -> bool:
        if self._revoked or not positions:
            return False
        try:
            await self._started().commit(positions)
        except (KafkaError, IllegalStateError) as error:
            log.info("commit.refused", error=repr(error))
            return False
        return True

    def _started(self) -> AIOKafkaConsumer:
        if self.member is None or self.member.consumer is None:
            raise RuntimeError("the group's consumer has not been started")
        return self.member.consumer
