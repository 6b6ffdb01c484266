"""Ingest loses nothing and stops for nothing: a record costs only itself, and what fails goes again and is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from service.ingest import TOLD_ATTEMPTS, Ingest, Reading, pause, sort_batch
from service.kafka.partitions import Place
from service.kafka.port import Lost, Refused
from service.wire.dead_letters import LEAST_LIMIT_BYTES, stored_bytes
from service.wire.inputs import decode
from service.wire.messages import Message, RawRecord
from service.wire.topics import Topics
from tests.wire.builders import header, plain, raw

TOPICS = Topics.of()
READING = Reading(TOPICS, lanes=2)


@dataclass
class Broker:
    """A broker that refuses dead letters above `takes_bytes`, and fails once with each of `faults` before it works."""

    faults: list[Exception] = field(default_factory=list)
    takes_bytes: int = 10**9
    events: list[Message] = field(default_factory=list)
    letters: list[Message] = field(default_factory=list)
    renewed: int = 0

    async def append(self, place: Place, messages: Sequence[Message]) -> int:
        if self.faults:
            raise self.faults.pop(0)
        self.events += messages
        return 0

    async def publish(self, messages: Sequence[Message]) -> None:
        size = sum(map(stored_bytes, messages))
        if size > self.takes_bytes:
            raise Refused(TOPICS.dead_letters, size, ValueError("too large"), is_too_large=True)
        self.letters += messages

    async def renew(self) -> None:
        self.renewed += 1


async def handled(broker: Broker, *records: RawRecord, reading: Reading = READING) -> tuple[Ingest, list[str]]:
    """Ingest after it has taken the records, and what was its problem at each pause."""
    problems: list[str] = []

    async def paused(attempt: int) -> None:
        problems.append(worker.problem)

    worker = Ingest(reading, broker, pause=paused)
    await worker.handle(records)
    return worker, problems


async def test_what_a_topic_refuses_is_told_with_its_remedy() -> None:
    """Which topic, and what lets it take the batch."""
    told: list[str] = []

    async def paused(attempt: int) -> None:
        told.append(worker.todo)

    refusal = Refused(TOPICS.events, 1_500_000, ValueError("too large"), is_too_large=True)
    worker = Ingest(READING, Broker([refusal] * TOLD_ATTEMPTS), pause=paused)
    await worker.handle([plain()])
    assert "max.message.bytes of assignment.events above 1500000" in told[-1]


async def test_a_record_that_cannot_be_read_takes_no_other_with_it() -> None:
    """Base64 of a letter that is none: the decoder once raised, and the framework skipped the whole batch."""
    broker = Broker()
    bad = raw('{"specversion":"1.0","type":"x","data_base64":"é"}'.encode())
    await handled(broker, *[plain()] * 50, bad, *[plain()] * 50)
    assert (len(broker.events), len(broker.letters)) == (100, 1)
    assert header(broker.letters[0].headers, "dead_letter_reason") == b"invalid_json"


async def test_what_decoding_raises_is_a_dead_letter_of_that_record_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault nobody thought of: the trace stands in the letter, beside the untouched original."""

    def planted(record: RawRecord, **settings: object) -> object:
        if record.key == b"planted":
            raise RecursionError("planted")
        return decode(record, **settings)  # type: ignore[arg-type]  # passed on as they come

    monkeypatch.setattr("service.ingest.decode", planted)
    bad = plain()._replace(key=b"planted")
    with capture_logs() as lines:
        batch = sort_batch([plain(), bad, plain()], READING)
    assert sum(map(len, batch.lanes.values())) == 2
    (letter,) = batch.dead_letters
    assert (letter.poison.reason, letter.poison.raw) == ("decode_raised", bad)
    assert "RecursionError: planted" in letter.traceback
    assert [(line["event"], line["log_level"]) for line in lines] == [("event.refused", "error")]


def test_a_key_that_looks_like_a_known_one_is_logged_by_its_name() -> None:
    """D36 Ignored all the same. Another key that we do not know is nobody's mistake, and is not told."""
    with capture_logs() as lines:
        batch = sort_batch([plain(Owner={"kind": "user", "id": "ann"}, priority=1)], READING)
    assert len(batch.lanes) == 1
    (line,) = lines
    assert (line["event"], line["key"], line["looks_like"]) == ("key.ignored", "Owner", "owner")


def test_no_field_of_a_record_stands_in_the_log() -> None:
    """What does not fit is named in the dead letter, which has its readers."""
    with capture_logs() as lines:
        sort_batch([plain(salary=1, Owner="salary", actor="salary")], READING)
    assert lines
    assert "salary" not in str(lines)


@pytest.mark.parametrize("fault", [Lost("gone"), AssertionError("no such partition"), RuntimeError(), ValueError("x")])
async def test_whatever_a_write_raises_the_batch_goes_again(fault: Exception) -> None:
    """Only a cancellation leaves ingest: whoever reads would skip the batch."""
    broker = Broker([fault] * 2)
    await handled(broker, plain())
    assert (len(broker.events), broker.renewed) == (1, 2)


async def test_a_batch_that_does_not_get_through_is_a_problem_until_it_does() -> None:
    broker = Broker([Lost("nobody answers") for _ in range(TOLD_ATTEMPTS + 1)])
    worker, problems = await handled(broker, plain())
    assert [bool(problem) for problem in problems] == [False] * (TOLD_ATTEMPTS - 1) + [True] * 2
    assert "nobody answers" in problems[-1]
    assert worker.problem == ""


async def test_a_cancellation_ends_ingest() -> None:
    waiting = asyncio.Event()

    async def paused(attempt: int) -> None:
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(Ingest(READING, Broker([Lost("gone")]), pause=paused).handle([plain()]))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_pause_has_a_bound_however_often_it_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 85 minutes of a broker that was away, two to the power of the attempt was no number any more."""
    waited: list[float] = []

    async def instantly(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", instantly)
    for attempt in (1, 2, 10, 2_000):
        await pause(attempt)
    assert waited == [0.2, 0.4, 5.0, 5.0]


async def test_dead_letters_keep_the_limit_of_the_settings() -> None:
    broker = Broker()
    reading = Reading(TOPICS, lanes=2, dead_letter_limit_bytes=10_000)
    await handled(broker, raw(b"x" * 5_000_000), reading=reading)
    (letter,) = broker.letters
    assert 9_000 < stored_bytes(letter) <= 10_000
    assert header(letter.headers, "original_value_bytes") == b"5000000"


@pytest.mark.parametrize("takes_bytes", [LEAST_LIMIT_BYTES, 20_000, 300_000])
async def test_dead_letters_are_cut_to_what_their_topic_takes(takes_bytes: int) -> None:
    """The topic may be smaller than the settings say: half the size is tried, and half of that."""
    broker = Broker(takes_bytes=takes_bytes)
    worker, _ = await handled(broker, raw(b"x" * 500_000), plain(), raw(b"{"))
    large, small = broker.letters[-2:]
    assert takes_bytes // 2 < stored_bytes(large) + LEAST_LIMIT_BYTES
    assert (stored_bytes(large) <= takes_bytes, small.value) == (True, b"{")
    assert worker.problem == ""


async def test_many_small_dead_letters_are_not_cut_because_their_batch_was_too_large() -> None:
    broker = Broker(takes_bytes=50_000)
    await handled(broker, *[raw(b"x" * 4_000)] * 20)
    assert [letter.value for letter in broker.letters] == [b"x" * 4_000] * 20
