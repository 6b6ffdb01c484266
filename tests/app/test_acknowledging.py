"""How far the sources are sent is committed beside the reading, one commit at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from service.app.acknowledging import Acknowledging
from service.app.intake import Intake
from service.config.sources import SourceState
from service.ingest import Ingest
from service.telemetry.metrics import METERS
from tests.ingest.test_ingest import READING, Broker

HERE = TopicPartition("crm.records", 0)
THERE = TopicPartition("crm.records", 1)


@dataclass
class Coordinator:
    """Takes commits, each only when it is let."""

    taken: list[tuple[int, Mapping[TopicPartition, int]]] = field(default_factory=list)
    may: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    done: int = 0

    async def commit(self, assignment: int, marks: Mapping[TopicPartition, int]) -> str:
        self.taken.append((assignment, marks))
        self.begun.set()
        await self.may.acquire()
        return ""

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

    async def commit(assignment: int, marks: Mapping[TopicPartition, int]) -> str:
        asked.append(marks)
        if len(asked) == 1:
            raise KafkaConnectionError
        return ""

    acknowledging = Acknowledging(commit, lambda: None)
    with capture_logs() as lines:
        acknowledging.sent(1, {HERE: 10})
        await acknowledging.ended()
        acknowledging.sent(1, {HERE: 20})
        await acknowledging.ended()
    assert [line["event"] for line in lines] == ["commit.failed"]
    assert asked == [{HERE: 10}, {HERE: 20}]


async def test_commits_keep_apart_unless_somebody_waits_for_the_last() -> None:
    """Pages come quickly, and each commit costs a round trip."""
    to = Coordinator()
    acknowledging = Acknowledging(to.commit, to.count)
    to.may.release()
    to.may.release()
    acknowledging.sent(1, {HERE: 10})
    for _ in range(10):
        await asyncio.sleep(0)
    acknowledging.sent(1, {HERE: 20})
    for _ in range(10):
        await asyncio.sleep(0)
    assert (to.taken, to.done) == ([(1, {HERE: 10})], 1)
    await acknowledging.ended()
    assert to.taken == [(1, {HERE: 10}), (1, {HERE: 20})]


async def test_a_coordinator_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.app.acknowledging.COMMIT_SECONDS", 0.01)
    to = Coordinator()
    acknowledging = Acknowledging(to.commit, to.count)
    acknowledging.sent(1, {HERE: 10})
    await acknowledging.ended()
    assert (to.taken, to.done) == ([(1, {HERE: 10})], 0)
    to.may.release()
    await acknowledging.ended()
    assert to.done == 1


@dataclass
class Consumer:
    """Takes commits of what it was assigned."""

    commits: list[Mapping[TopicPartition, int]] = field(default_factory=list)

    async def commit(self, marks: Mapping[TopicPartition, int]) -> None:
        self.commits.append(marks)


async def test_a_process_commits_what_it_has_sent_before_it_leaves() -> None:
    """Else whoever comes next reads it again. What was sent under another assignment stays away."""
    consumer = Consumer()
    ingest = Ingest(READING, Broker())
    intake = Intake(ingest, 100, SourceState, subscriber=SimpleNamespace(consumer=consumer))
    intake.acknowledging.sent(intake.reader.assignment, {HERE: 10})
    intake.acknowledging.sent(intake.reader.assignment, {HERE: 20})
    await intake.stop()
    assert consumer.commits == [{HERE: 20}]
    intake.acknowledging.sent(intake.reader.assignment + 1, {HERE: 30})
    await intake.acknowledging.ended()
    assert consumer.commits == [{HERE: 20}]


async def test_with_nothing_sent_there_is_no_end_to_wait_for() -> None:
    to = Coordinator()
    await Acknowledging(to.commit, to.count).ended()
    assert to.taken == []


async def test_refusals_in_a_row_are_counted_until_one_is_taken_or_the_partitions_are_shared_out_anew() -> None:
    """Readiness tells of a broker that refuses all; nothing is tried again for that."""
    answers = ["NotCoordinatorError", "NotCoordinatorError", "", "UnknownMemberIdError", "NotCoordinatorError"]
    left = list(answers)

    async def commit(assignment: int, marks: Mapping[TopicPartition, int]) -> str:
        return left.pop(0)

    acknowledging = Acknowledging(commit, lambda: None)
    seen = []
    for offset, assignment in enumerate((1, 1, 1, 1, 2)):
        acknowledging.sent(assignment, {HERE: offset})
        await acknowledging.ended()
        seen.append(tuple(acknowledging.refusals))
    assert seen == [
        (1, "NotCoordinatorError"),
        (2, "NotCoordinatorError"),
        (0, ""),
        (1, "UnknownMemberIdError"),
        (1, "NotCoordinatorError"),
    ]
    assert left == []


@dataclass
class Refusing(Consumer):
    """Refuses all commits."""

    async def commit(self, marks: Mapping[TopicPartition, int]) -> None:
        raise KafkaConnectionError


async def test_a_refused_commit_is_logged_counted_and_known_to_readiness() -> None:
    intake = Intake(Ingest(READING, Broker()), 100, SourceState, subscriber=SimpleNamespace(consumer=Refusing()))
    before = METERS.registry.get_sample_value("fairlead_commits_refused_total") or 0
    with capture_logs() as lines:
        intake.acknowledging.sent(intake.reader.assignment, {HERE: 10})
        await intake.acknowledging.ended()
    assert [line["event"] for line in lines] == ["commit.refused"]
    assert intake.acknowledging.refusals == (1, "KafkaConnectionError")
    assert METERS.registry.get_sample_value("fairlead_commits_refused_total") == before + 1


class Stopped(Exception):
    """The test has seen enough."""


async def test_partitions_are_taken_up_only_after_a_commit_under_way_has_ended() -> None:
    """Else a mark of the epoch before could come behind those of the one that begins."""
    happened: list[str] = []
    to = Coordinator()

    async def heard() -> None:
        happened.append("taken up")
        raise Stopped

    intake = Intake(Ingest(READING, Broker()), 100, SourceState, read_up=heard)

    async def commit(assignment: int, marks: Mapping[TopicPartition, int]) -> str:
        await to.commit(assignment, marks)
        happened.append("committed")
        return ""

    intake.acknowledging.commit = commit
    intake.acknowledging.sent(intake.reader.assignment, {HERE: 10})
    await to.begun.wait()
    intake.reader.expect([HERE])
    taking = asyncio.create_task(intake._take_up())
    for _ in range(20):
        await asyncio.sleep(0)
    assert happened == []
    to.may.release()
    with pytest.raises(Stopped):
        await taking
    assert happened == ["committed", "taken up"]
