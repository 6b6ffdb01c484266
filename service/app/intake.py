"""Keep the CRM's events coming: read, send, commit, and never lose one, whatever comes up.

The frame's subscriber to the sources has no handler: a handler that raises loses its batch in silence, and the frame
polls all partitions in one call. Its consumer is the group's member; this loop reads from it (`service.kafka.sources`)
and hands each page to ingest. A page is only given up when it is sent, or when its partitions are ours no more: whoever
has them then reads it again. What is sent is committed beside the reading (`service.app.acknowledging`). Whatever is
raised on the way is told in log, metric and readiness, and the same page is tried again after a growing pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError

from service.app.acknowledging import COMMIT_SECONDS, Acknowledging, Marks
from service.app.sources import (
    as_agreed,
    identities_of,
    lost_sources,
    not_the_same,
    other_input,
    places,
    unfit,
    unknown_topics,
)
from service.config.history import sources_record
from service.config.sources import Loss, Skip, SourceState
from service.ingest import Ingest, pause
from service.kafka.partitions import Place
from service.kafka.port import Lost
from service.kafka.reading import raw_record
from service.kafka.sources import Page, Passed, SourceReader
from service.kafka.unpacking import Stretch, unpack
from service.lane.surroundings import all_read
from service.limits import UNPACKED_LIMIT_BYTES
from service.telemetry.metrics import METERS
from service.wire.dead_letters import dead_letter
from service.wire.messages import Message, Poison, Position, RawRecord

log = structlog.get_logger(__name__)

HEAR_SECONDS: Final = 5.0
"""So long an attempt waits to hear what was agreed on."""
STOP_SECONDS: Final = 5.0
"""How long the page at hand may take when the process stops. What is not committed then is read again."""


@dataclass(eq=False)
class Intake(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver ships no types
    """The loop, and the listener of its consumer. `subscriber` is the frame's, which holds the consumer.

    `limit`: about so many records are sent at once; `unpacked_limit_bytes` bounds what a read unpacks. `state`: what is
    agreed on about the sources; `read_up` returns when it knows all that was published before.
    `input_problem` says why lanes must not read what is sent to them: their topic is another one.
    """

    ingest: Ingest
    limit: int
    state: Callable[[], SourceState]
    pause: Callable[[int], Awaitable[None]] = field(default=pause)
    read_up: Callable[[], Awaitable[None]] = field(default=all_read)
    unpacked_limit_bytes: int = UNPACKED_LIMIT_BYTES
    subscriber: Any = None

    def __post_init__(self) -> None:
        self.reader = SourceReader(
            self._started, self.limit, self._skip_at, self._unpack, unpacked_limit_bytes=self.unpacked_limit_bytes
        )
        self.acknowledging = Acknowledging(self._commit, lambda: self.ingest.step("ingest_acknowledged"))
        self._page: Page | None = None
        self._trouble = ""
        self._others: tuple[str, ...] = ()
        self.input_problem = ""
        self._is_unfit = False
        self._is_leaving = False
        self._is_sending = False
        self._task: asyncio.Task[Any] | None = None

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget what was not acknowledged: it is read again by whoever gets it."""
        self.reader.revoke()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take them up in the loop, which can ask again where the broker does not answer."""
        self.reader.expect(assigned)

    def problems(self) -> list[str]:
        """What keeps events from coming: what, where, and what to do."""
        found = [*([self._trouble] if self._trouble else []), *self._others, *self.reader.problems()]
        return list(dict.fromkeys(found))

    async def run(self) -> None:
        """Read and send until `stop`."""
        self._task = asyncio.current_task()
        self.reader.expect(self._started().assignment())
        attempt = 0
        while not self._is_leaving:
            (error,) = await asyncio.gather(self._step(), return_exceptions=True)
            if error is None:
                attempt, self._trouble = 0, ""
                continue
            attempt += 1
            self._trouble = f"the CRM's events wait ({type(error).__name__}, see the log); it is tried again"
            log.error("intake.repeated", attempt=attempt, exc_info=error)
            METERS.count("intake_repeats")
            await self.pause(attempt)
            await self.ingest.sender.renew()

    async def stop(self) -> None:
        """End after the page at hand, or without it where it cannot be sent in time."""
        self._is_leaving = True
        if self._task is not None and not self._task.done():
            if not self._is_sending:
                self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            self._task.cancel()
        await self.acknowledging.ended()
        await self.reader.stop()

    async def look(self) -> None:
        """See whether the topics are still the same; call it now and then. Raises `KafkaError`."""
        topics = self.ingest.reading.topics.sources
        found = dict(await identities_of(self._started(), [*topics, self.ingest.reading.topics.events]))
        self.see_input(found)
        found.pop(self.ingest.reading.topics.events, None)
        others = not_the_same(self.state(), found)
        gone = [
            f"topic {name} does not exist: create it, or name the CRM's topics in the settings"
            for name in topics
            if name not in found
        ]
        self._others = (*gone, *others.values())
        self._refuse(others, self.reader.partitions())
        epoch_of = self.ingest.reading.epoch_of
        lost = self.reader.lost().items()
        await self.tell_lost(Loss(epoch_of(each.topic), each.topic, each.partition, mark) for each, mark in lost)
        self._refuse_lost()

    async def tell_lost(self, losses: Iterable[Loss]) -> None:
        """Tell all processes, those that come later included, what was seen to be lost in the epoch that holds.

        The mark is gone with the process, and the partition grows. Of several who tell it, the first counts. Raises
        `KafkaError`.
        """
        state, config = self.state(), self.ingest.reading.topics.config
        news = [
            sources_record(loss)
            for loss in losses
            if loss.epoch == state.epoch_of(loss.topic) and state.loss_of(loss.topic, loss.partition) is None
        ]
        if news:
            try:
                messages = [Message(config, record.key, record.value) for record in news]
                await self.ingest.sender.append(Place(config, 0), messages)
            except Lost as error:
                raise KafkaError(str(error)) from error

    def see_input(self, found: Mapping[str, str]) -> None:
        """Judge whether the lanes' topic is the one that was agreed on; `found`: name to identity. Lanes ask for it."""
        self.input_problem = other_input(self.state(), found, self.ingest.reading.topics.events)

    async def _step(self) -> None:
        if self._is_outdated():
            self.reader.expect(self._started().assignment())
        if self.reader.expected:
            await self._take_up()
        if self._page is None:
            self._page = await self.reader.read()
        self._is_sending = True
        try:
            await self._send(self._page)
        finally:
            self._is_sending = False
        self._page = None

    def _is_behind(self) -> bool:
        """Whether another epoch than ours has begun: in ours, whatever is read looks as if it were taken before."""
        state, reading = self.state(), self.ingest.reading
        return any(state.epoch_of(topic) != reading.epoch_of(topic) for topic in reading.topics.sources)

    def _is_outdated(self) -> bool:
        """Whether another epoch has begun since places were taken up, or this release may read no more, or again."""
        return self._is_behind() or bool(unfit(self.state(), self.ingest.reading)) != self._is_unfit

    async def _take_up(self) -> None:
        """Give each partition that was assigned its place, in the epoch that holds now.

        Somebody may have reset the sources while this process was not in the group: it was frozen, or cut off. So what
        was agreed on is heard first.
        """
        await self.acknowledging.ended()  # a mark of the epoch before must not come behind those of this one
        async with asyncio.timeout(HEAR_SECONDS):
            await self.read_up()
        if self._is_behind():
            self.reader.forget_lost()
        self.ingest.reading = as_agreed(self.ingest.reading, self.state())
        assignment, partitions = self.reader.assignment, sorted(self.reader.expected)
        consumer, state = self._started(), self.state()
        found = await identities_of(consumer, {partition.topic for partition in partitions})
        there = await places(consumer, partitions, state, found)
        await self._make_known(state, found)
        if self.reader.assignment != assignment:
            return
        others = unfit(state, self.ingest.reading)
        self._is_unfit = bool(others)
        refused = dict.fromkeys(found, others) if others else there.refused
        self._refuse(refused, partitions)
        lost = lost_sources(state, there.marks)
        for partition, mark in there.marks.items():
            if partition.topic in refused:
                continue
            if partition in lost:
                self.reader.refuse(partition, lost[partition])
            else:
                self.reader.begin(partition, mark)
        begun = {partition: there.marks[partition] for partition in there.begun if partition.topic not in refused}
        if begun:
            log.info("positions.begun", partitions=[f"{topic}/{number}" for topic, number in sorted(begun)])
            await self._commit(assignment, begun)

    async def _make_known(self, state: SourceState, found: Mapping[str, str]) -> None:
        """Tell all processes which topics are read. Of several who do, the first wins."""
        news = unknown_topics(state, found)
        if news:
            config = self.ingest.reading.topics.config
            records = [sources_record(topic) for topic in news]
            messages = [Message(config, record.key, record.value) for record in records]
            await self.ingest.sender.append(Place(config, 0), messages)

    def _refuse_lost(self) -> None:
        """Read no further where somebody has seen a loss, in this epoch, since the partition was taken up."""
        if not self._is_behind():
            for partition, why in lost_sources(self.state(), self.reader.partitions()).items():
                self.reader.refuse(partition, why)

    def _refuse(self, reasons: Mapping[str, str], partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            if partition.topic in reasons:
                self.reader.refuse(partition, reasons[partition.topic])

    async def _send(self, page: Page) -> None:
        """Send all of a page. What is not ours to send is read again by whoever has it now."""
        if page.assignment != self.reader.assignment:
            return
        if self._is_outdated():
            self.reader.expect(self._started().assignment())
            return
        if page.passed:
            await self.ingest.sender.publish([self._told(passed) for passed in page.passed])
            METERS.count("dead_letters", len(page.passed), reason="unreadable_record")
        if page.records:
            await self.ingest.handle([raw_record(record) for record in page.records])
        if page.marks:
            self.acknowledging.sent(page.assignment, page.marks)

    async def _commit(self, assignment: int, marks: Marks) -> str:
        """Commit what is ours to commit. Why it was refused; empty: it was not."""
        if assignment != self.reader.assignment or self._is_outdated():
            return ""
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._started().commit(dict(marks))
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info(
                "commit.refused",
                error=repr(error),
                why="whoever has the partitions reads again, and lanes drop what they took",
            )
            METERS.count("commits_refused")
            return type(error).__name__
        return ""

    def _told(self, passed: Passed) -> Message:
        """The dead letter that says what was skipped. Of the records themselves nothing could be read."""
        topic, partition = passed.partition
        position = Position(self.state().epoch_of(topic), topic, partition, passed.start)
        detail = f"offsets {passed.start} to {passed.stop - 1} cannot be read and were skipped: {passed.why}"
        raw = RawRecord(topic, partition, passed.start, None, b"", (), 0)
        return dead_letter(Poison("unreadable_record", detail, raw), position, self.ingest.reading.topics)

    async def _unpack(self, partition: TopicPartition, offset: int) -> Stretch:
        return await unpack(self._started(), partition, offset, self.unpacked_limit_bytes, committed=True)

    def _skip_at(self, topic: str, partition: int, offset: int) -> Skip | None:
        return self.state().skip_at(topic, partition, offset)

    def _started(self) -> AIOKafkaConsumer:
        consumer = None if self.subscriber is None else self.subscriber.consumer
        if consumer is None:
            raise ConsumerStoppedError
        return consumer
