"""How far the sources are sent is committed beside the reading, one commit at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from service.app.acknowledging import Acknowledging

HERE = TopicPartition("crm.records", 0)
THERE = TopicPartition("crm.records", 1)


@dataclass
class Coordinator:
    """Takes commits, each only when it is let."""

    taken: list[tuple[int, Mapping[TopicPartition, int]]] = field(default_factory=list)
    may: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    done: int = 0

    async def commit(self, assignment: int, marks: Mapping[TopicPartition, int]) -> None:
        self.taken.append((assignment, marks))
        self.begun.set()
        await self.may.acquire()

    def count(self) -> None:
        self.done += 1


async def test_the_next_commit_takes_the_newest_marks_of_all_that_was_sent_meanwhile() -> None:
    to = Coordinator()
    acknowledging = Acknowledging(to.commit, to.count)
    acknowledging.sent(1, {HERE: 10})
    await to.begun.wait()
    for marks in ({HERE: 20}, {THERE: 5}, {HERE: 30}):
        acknowledging.sent(1, marks)
    assert to.taken == [(1, {HERE: 10})]
    to.may.release()
    to.may.release()
    await acknowledging.ended()
    assert to.taken == [(1, {HERE: 10}), (1, {HERE: 30, THERE: 5})]
    assert to.done == 2


async def test_what_was_sent_under_an_earlier_assignment_is_not_committed() -> None:
    to = Coordinator()
    acknowledging = Acknowledging(to.commit, to.count)
    acknowledging.sent(1, {HERE: 10})
    await to.begun.wait()
    acknowledging.sent(1, {HERE: 20})
    acknowledging.sent(2, {THERE: 7})
    to.may.release()
    to.may.release()
    await acknowledging.ended()
    assert to.taken == [(1, {HERE: 10}), (2, {THERE: 7})]


async def test_a_commit_that_fails_is_told_and_ends_nothing() -> None:
    asked = []

    async def commit(assignment: int, marks: Mapping[TopicPartition, int]) -> None:
        asked.append(marks)
        if len(asked) == 1:
            raise KafkaConnectionError

    acknowledging = Acknowledging(commit, lambda: None)
    with capture_logs() as lines:
        acknowledging.sent(1, {HERE: 10})
        await acknowledging.ended()
        acknowledging.sent(1, {HERE: 20})
        await acknowledging.ended()
    assert [line["event"] for line in lines] == ["commit.failed"]
    assert asked == [{HERE: 10}, {HERE: 20}]


async def test_with_nothing_sent_there_is_no_end_to_wait_for() -> None:
    to = Coordinator()
    await Acknowledging(to.commit, to.count).ended()
    assert to.taken == []
