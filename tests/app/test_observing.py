"""How long something has not moved is seen by comparing two looks; a silence is counted from the last answer."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaConnectionError

from service.app.observing import BatchPulse, Stillness, backlogs
from service.app.probes import BackEnd, ReadSoFar
from tests.app.test_supervision import Clock


def test_stillness_counts_from_the_first_look_that_found_it_so() -> None:
    clock = Clock()
    stillness = Stillness(clock)
    seen = []
    for now, state in [(0, "a"), (5, "a"), (10, "b"), (12, "b"), (20, "a")]:
        clock.now = now
        stillness.look()
        seen.append(stillness.seconds("lane", state))
    assert seen == [0, 5, 0, 2, 0]


def test_what_was_not_there_in_between_begins_anew() -> None:
    """A lane that left and came back has not been still for the time it was elsewhere."""
    clock = Clock()
    stillness = Stillness(clock)
    stillness.look()
    stillness.seconds("lane", "a")
    clock.now = 10
    stillness.look()
    clock.now = 20
    stillness.look()
    assert stillness.seconds("lane", "a") == 0


def test_what_comes_after_a_long_rest_has_not_waited_for_long() -> None:
    """Who looks at the moment at which it arrives must not call ingest stuck."""
    clock = Clock()
    stillness = Stillness(clock)
    seen = []
    for now, position, end in [(0, 4, 4), (100, 4, 4), (105, 4, 5), (110, 4, 6), (115, 6, 6)]:
        clock.now = now
        stillness.look()
        (backlog,) = backlogs([ReadSoFar("crm.records/4", position, end, end)], stillness)
        seen.append((backlog.records, backlog.still_seconds))
    assert seen == [(0, 0), (0, 100), (1, 0), (2, 5), (0, 0)]


def test_a_batch_is_under_way_until_it_is_sent() -> None:
    clock, heard = Clock(), list[str]()
    pulse = BatchPulse(heard.append, clock)
    assert pulse.seconds == 0
    pulse("ingest_polled")
    clock.now = 7
    assert pulse.seconds == 7
    pulse("ingest_sent")
    assert pulse.seconds == 0
    assert heard == ["ingest_polled", "ingest_sent"]


async def test_silence_counts_from_the_last_answer() -> None:
    clock = Clock()
    back_end = BackEnd(clock)

    async def answers() -> str:
        return "here"

    async def fails() -> str:
        raise KafkaConnectionError

    clock.now = 5
    assert await back_end.ask(answers()) == "here"
    clock.now = 12
    assert await back_end.ask(fails()) is None
    assert back_end.silence() == (7, "KafkaConnectionError")
    assert await back_end.ask(answers()) == "here"
    assert back_end.silence() == (0, "")


async def test_work_that_came_off_is_no_answer() -> None:
    """There may have been nothing to do: a back end that is away would look as if it were there."""
    clock = Clock()
    back_end = BackEnd(clock)

    async def nothing_to_do() -> str:
        return "done"

    clock.now = 5
    assert await back_end.attempt(nothing_to_do()) == "done"
    assert back_end.silence() == (5, "")


async def test_who_never_answers_is_not_waited_for() -> None:
    back_end = BackEnd()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await back_end.ask(asyncio.Event().wait()) is None
    assert loop.time() - began < 10
    assert back_end.silence().error == "TimeoutError"
