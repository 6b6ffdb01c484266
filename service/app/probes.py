"""Ask the back ends every few seconds whether they are there and as they must be, also while nothing else does.

All questions of readiness that need the network are asked here: a few small requests over connections that stay, each
with a time-out. What came of them is kept as values; what it means is for `troubles` to say.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from service.app.group import LaneGroup
from service.app.troubles import Silence
from service.config.sources import Loss
from service.kafka import topics as topic_list
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection, let_go
from service.lane.book import SourceMark
from service.store.redis import RedisStore

T = TypeVar("T")

ANSWER_SECONDS: Final = 4.0
"""Who has not answered by then is asked again at the next round."""
RARELY: Final = 12
"""What only a person changes or what changes over hours is asked in every so many rounds."""


@dataclass
class BackEnd:
    """When a back end has answered last, by a clock that counts seconds. It is given time from the beginning."""

    clock: Callable[[], float] = time.monotonic
    error: str = ""
    answered: float = field(init=False)

    def __post_init__(self) -> None:
        self.answered = self.clock()

    async def ask(self, question: Awaitable[T]) -> T | None:
        """The answer; none when it did not come in time or was an error."""
        answer = await self.attempt(question)
        if answer is not None:
            self.answered, self.error = self.clock(), ""
        return answer

    async def attempt(self, work: Awaitable[T]) -> T | None:
        """Do what may need the back end, for as long as a question may take; none when it did not come off.

        That it came off is no answer: there may have been nothing to do.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await work
        except (KafkaError, RedisError, OSError) as error:
            self.error = type(error).__name__
            return None

    def silence(self) -> Silence:
        """For how long there was no answer."""
        return Silence(max(0.0, self.clock() - self.answered), self.error)


class ReadSoFar(NamedTuple):
    """How far a partition of the CRM's topics is read, how far it may be, and the offset its next record will have.

    Behind `end` and before `written` lies what an open transaction holds, whether or not it is its own.
    """

    partition: str
    position: int
    end: int
    written: int


@dataclass
class Answers:
    """What was told last. What was not answered is as it was before.

    `shapes` and `settings`: what is wrong with topics. `ends`: the next input of each lane of ours. `feed`:
    records of the configuration topic still to be read. `added`: source partitions that nobody reads yet.
    """

    policies: frozenset[str] = frozenset()
    shapes: Sequence[topic_list.TopicProblem] = ()
    settings: Sequence[topic_list.TopicProblem] = ()
    ends: Mapping[int, int] = field(default_factory=dict)
    sources: Sequence[ReadSoFar] = ()
    added: Sequence[str] = ()
    feed: int = 0


@dataclass
class Probes:
    """The questions of one process. `sources` gives the consumer of the CRM's topics, once there is one.

    `beyond` says of lanes that their input was seen to end below their place. That does not mend itself: where it grows
    past the place, what was in between is lost. So it stays until the process ends, and is told to all as a loss, as
    what lanes have taken of a source that does not reach there.
    """

    connection: KafkaConnection
    store: RedisStore
    wanted: Sequence[topic_list.Wanted]
    feed: ConfigurationFeed
    group: LaneGroup
    sources: Callable[[], AIOKafkaConsumer | None]
    kafka: BackEnd = field(default_factory=BackEnd)
    redis: BackEnd = field(default_factory=BackEnd)
    answers: Answers = field(default_factory=Answers)
    beyond: dict[int, str] = field(default_factory=dict)
    _lost: dict[tuple[str, int], Loss] = field(default_factory=dict)
    _admin: AIOKafkaAdminClient | None = None
    _rounds: int = 0

    def begin(self, problems: Sequence[topic_list.TopicProblem]) -> None:
        """Count silence from now on; these problems of topics are known."""
        self.kafka.answered, self.redis.answered = self.kafka.clock(), self.redis.clock()
        self.answers.shapes, self.answers.settings = problems, ()

    async def ask(self) -> None:
        """One round of questions to both, side by side; at most some seconds."""
        await asyncio.gather(self._ask_redis(), self._ask_kafka())
        self._rounds += 1

    def losses(self) -> Collection[Loss]:
        """Places that a partition did not hold, of lanes in their inputs and of what they took of the sources; each in
        the epoch in which that was seen.
        """
        return self._lost.values()

    async def close(self) -> None:
        """Let go of the connection that is only for questions."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await let_go(admin.close())

    async def _ask_redis(self) -> None:
        policies = await self.redis.ask(self.store.eviction_policies())
        if policies is not None:
            self.answers.policies = policies

    async def _ask_kafka(self) -> None:
        """The first question tells whether it answers at all: where it does not, the others would wait for nothing."""
        shapes = await self.kafka.ask(self._about_topics(topic_list.shape_problems))
        if shapes is None:
            await self.close()
            return
        answers, is_rare = self.answers, self._rounds % RARELY == 0
        answers.shapes = shapes
        if is_rare and not self.connection.embedded:
            answers.settings = await self._or(answers.settings, self._about_topics(topic_list.settings_problems))
        places = dict(self.group.lanes.positions()) if self.group.lanes else {}
        topic = self.group.topic
        epoch = self.feed.history.source_state.epoch_of(topic)
        ends = await self.kafka.ask(self.group.ends())
        if ends is not None:
            answers.ends = ends
            self.beyond |= beyond_their_input(places, ends)
            self._note(Loss(epoch, topic, lane, places[lane]) for lane in beyond_their_input(places, ends))
        answers.feed = await self._or(answers.feed, self.feed.backlog())
        consumer = self.sources()
        if consumer is not None:
            answers.sources = await self._or(answers.sources, _reading(consumer, self.group))
            answers.added = await self._or(answers.added, self._about_topics(partial(_added, consumer)))
            await self._ask_about_marks(consumer)

    async def _ask_about_marks(self, consumer: AIOKafkaConsumer) -> None:
        """See whether lanes have taken what no source holds. Marks are looked at first: ends only grow."""
        state = self.feed.history.source_state
        marks = {
            TopicPartition(topic, number): mark
            for (topic, number), mark in (self.group.lanes.marks() if self.group.lanes else {}).items()
            if state.topic(topic) is not None and number in (consumer.partitions_for_topic(topic) or ())
        }
        ends = await self.kafka.ask(consumer.end_offsets(list(marks))) if marks else {}
        self._note(marks_beyond(marks, ends or {}, state.epoch_of))

    def _note(self, losses: Iterable[Loss]) -> None:
        self._lost |= {(each.topic, each.partition): each for each in losses}

    async def _or(self, known: T, question: Awaitable[T]) -> T:
        """The answer; what was known where it does not come. A broker that answered before is not away for that."""
        told = await self.kafka.ask(question)
        return known if told is None else told

    async def _about_topics(
        self, question: Callable[[AIOKafkaAdminClient, Sequence[topic_list.Wanted]], Awaitable[T]]
    ) -> T:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**self.connection.client_options())
            await self._admin.start()
        return await question(self._admin, self.wanted)


def beyond_their_input(places: Mapping[int, int], ends: Mapping[int, int]) -> dict[int, str]:
    """The lanes whose place lies behind the end of their input, which was asked for later, with that in words."""
    return {
        lane: f"its input ends at {ends[lane]}, and its place is {place}: the topic lost records, or is another one"
        for lane, place in places.items()
        if place > ends.get(lane, place)
    }


def marks_beyond(
    marks: Mapping[TopicPartition, SourceMark], ends: Mapping[TopicPartition, int], epoch_of: Callable[[str], int]
) -> Iterator[Loss]:
    """The marks of a topic's epoch that lie at its end or behind it: what comes up to there would count as taken, and
    be dropped. `ends` were asked for later.
    """
    for (topic, number), (epoch, mark) in marks.items():
        if epoch == epoch_of(topic) and mark >= ends.get(TopicPartition(topic, number), mark + 1):
            yield Loss(epoch, topic, number, mark + 1)


async def _added(
    consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, wanted: Sequence[topic_list.Wanted]
) -> Sequence[str]:
    """The partitions of the consumer's topics that its group has not heard of yet. Raises `KafkaError`."""
    found = await admin.describe_topics(sorted(consumer.subscription()))
    return [
        f"{topic['topic']}/{number}"
        for topic in found
        for number in sorted(each["partition"] for each in topic["partitions"])
        if number not in (consumer.partitions_for_topic(topic["topic"]) or ())
    ]


async def _reading(consumer: AIOKafkaConsumer, group: LaneGroup) -> Sequence[ReadSoFar]:
    """How far each partition that the consumer has is read. Raises `KafkaError`."""
    partitions = sorted(consumer.assignment())
    ends = await consumer.end_offsets(partitions) if partitions else {}
    written = await group.written(partitions)
    return [
        ReadSoFar(f"{each.topic}/{each.partition}", await consumer.position(each), ends[each], written[each])
        for each in partitions
        if each in consumer.assignment()
    ]
