"""A parent and its workers: who ends is replaced, who does not answer is ended, and all is told as it is."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
from structlog.testing import capture_logs

from service.app.workers.crew import Crew
from service.app.workers.troubles import BEGIN_SECONDS, REPLACED_SECONDS, SILENT_SECONDS
from service.app.workers.worker import Post
from service.settings import Settings
from service.supervision import STEADY_SECONDS
from service.telemetry.folding import read_page
from service.telemetry.metrics import metrics_page
from tests.app.workers.programs import answering, ending, silent
from tests.e2e.programs import a_moment

UNUSABLE: Final = 2
DECISIONS: Final = ("fairlead_decisions_total", (("outcome", "assigned"),))


@dataclass
class Rests:
    """The pauses that were made: each lasts until the test lets it end."""

    times: list[int] = field(default_factory=list)
    over: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def pause(self, times: int) -> None:
        self.times.append(times)
        await self.over.acquire()


@dataclass
class Stage:
    """A crew whose time the test moves."""

    crew: Crew
    rests: Rests
    now: list[float]

    def later(self, seconds: float) -> None:
        self.now[0] += seconds

    async def problems(self) -> list[tuple[str, int | None]]:
        """What keeps all from being ready, asked anew."""
        await self.ask()
        return [(problem.name, problem.worker) for problem in (await self.crew.ready()).problems]

    async def ask(self) -> None:
        await asyncio.gather(*(each.ask() for each in self.crew.workers))

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():
                await self.ask()
                await a_moment()

    async def until_ended(self, times: int) -> None:
        """Until so many processes have ended by themselves, and what comes next is waited for."""
        await self.until(lambda: len(self.rests.times) == times)

    async def until_ready(self) -> None:
        async with asyncio.timeout(30):
            while await self.problems():
                await a_moment()

    async def until_decided(self, count: int) -> None:
        async with asyncio.timeout(30):
            while await self.decisions() != count:
                await a_moment()

    async def decisions(self) -> float:
        """How many the workers made; the parent here is a process in which other tests have decided, too."""
        return decisions_on(await self.crew.numbers()) - decisions_on(metrics_page())


def decisions_on(page: bytes) -> float:
    family = read_page(page).get("fairlead_decisions")
    return 0 if family is None else family.series.get(DECISIONS, 0)


@asynccontextmanager
async def staged(
    command: Callable[[Post], Sequence[str]], *, workers: int = 2, leave_seconds: float = 28.0
) -> AsyncIterator[Stage]:
    now, rests = [1_000.0], Rests()
    crew = Crew(Settings(workers=workers), command, UNUSABLE, rests.pause, lambda: now[0], leave_seconds)
    await crew.start()
    try:
        yield Stage(crew, rests, now)
    finally:
        await crew.stop()


async def test_all_are_ready_when_each_is() -> None:
    """Until a worker has answered nobody knows, so they are not ready."""
    async with staged(answering()) as stage:
        assert {name for name, _ in await stage.problems()} <= {"starting"}
        await stage.until_ready()
        said = await stage.crew.ready()
        assert {lane: shown.worker for lane, shown in said.lanes.items()} == {1: 1, 2: 2}
    assert all(each.pid is None for each in stage.crew.workers)
    assert not stage.crew.was_forced


async def test_a_worker_that_dies_is_named_and_replaced_and_the_others_go_on() -> None:
    async with staged(answering()) as stage:
        await stage.until_ready()
        first, second = stage.crew.workers
        before = (first.pid, second.pid)
        second.kill()
        await stage.until_ended(1)
        (problem,) = (await stage.crew.ready()).problems
        assert problem.name == "worker_ended"
        assert problem.what == "worker 2 was ended by SIGKILL; another is begun soon"
        stage.rests.over.release()
        await stage.until_ready()
        assert first.pid == before[0]
        assert second.pid not in (None, before[1])


async def test_a_worker_that_dies_again_and_again_is_named_until_it_has_stayed() -> None:
    """That the next process answers means nothing then."""
    async with staged(answering(), workers=1) as stage:
        (worker,) = stage.crew.workers
        for times in (1, 2, 3):
            await stage.until(lambda: worker.readiness is not None)
            worker.kill()
            await stage.until_ended(times)
            assert stage.rests.times[-1] == times
            stage.rests.over.release()
        await stage.until(lambda: worker.readiness is not None)
        (problem,) = (await stage.crew.ready()).problems
        assert problem.what == "worker 1 was ended by SIGKILL, 3 times in a row; another was begun"
        for _ in range(3):
            stage.later(STEADY_SECONDS / 3)
            await stage.until(lambda: worker.seen().silent_seconds == 0)
        await stage.until_ready()


async def test_a_worker_that_does_not_answer_is_named_then_ended_and_replaced() -> None:
    async with staged(answering(), workers=1) as stage:
        (worker,) = stage.crew.workers
        await stage.until_ready()
        before = worker.pid
        worker.tell(signal.SIGSTOP)
        await stage.ask()
        stage.later(SILENT_SECONDS)
        assert [name for name, _ in await stage.problems()] == ["worker_silent"]
        stage.later(REPLACED_SECONDS)
        with capture_logs() as lines:
            await stage.crew.look()
            await stage.until_ended(1)
        assert [line["event"] for line in lines if line["log_level"] == "error"][0:1] == ["worker.abandoned"]
        stage.rests.over.release()
        await stage.until_ready()
        assert worker.pid != before


async def test_a_process_that_never_answers_is_replaced_in_the_end() -> None:
    async with staged(silent(), workers=1) as stage:
        (worker,) = stage.crew.workers
        await stage.until(lambda: worker.pid is not None)
        stage.later(BEGIN_SECONDS)
        await stage.crew.look()
        await stage.until_ended(1)


async def test_what_was_counted_stays_when_a_worker_ends() -> None:
    """As it was last seen; and the parent counts whom it replaced."""
    async with staged(answering()) as stage:
        await stage.until_ready()
        await stage.until_decided(10)
        worker = stage.crew.workers[0]
        worker.kill()
        await stage.until_ended(1)
        assert await stage.decisions() == 10
        stage.rests.over.release()
        await stage.until_ready()
        await stage.until_decided(15)
        series = read_page(await stage.crew.numbers())["fairlead_workers_replaced"].series
        assert series["fairlead_workers_replaced_total", (("worker", "1"),)] >= 1


async def test_many_who_ask_for_numbers_at_once_get_one_page() -> None:
    """Where a worker does not answer a page takes seconds, and a scraper does not wait for those of others."""
    async with staged(answering()) as stage:
        await stage.until_ready()
        first, *others = await asyncio.gather(*(stage.crew.numbers() for _ in range(5)))
        assert all(each is first for each in others)
        assert await stage.crew.numbers() is not first


async def test_what_only_a_person_can_mend_refuses_for_all() -> None:
    """It is the same for each, so none is begun again."""
    async with staged(ending(UNUSABLE)) as stage:
        await asyncio.wait_for(stage.crew.refused.wait(), 30)
        assert "cannot start" in str(stage.crew.refusal)
        assert stage.rests.times == []


async def test_once_one_was_ready_a_refusal_is_a_death_like_others() -> None:
    """A file that was spoilt since must not end those that work."""
    programs = {"next": answering()}

    def command(post: Post) -> Sequence[str]:
        return programs["next"](post)

    async with staged(command) as stage:
        await stage.until_ready()
        programs["next"] = ending(UNUSABLE)
        stage.crew.workers[0].kill()
        stage.rests.over.release()
        await stage.until_ended(2)
        assert stage.crew.refusal is None
        (problem,) = (await stage.crew.ready()).problems
        assert problem.what == "worker 1 ended with 2, 2 times in a row; another is begun soon"


async def test_a_program_that_is_not_there_is_a_death_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one for which the system has no room."""
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    async with staged(answering(), workers=1) as stage:
        await stage.until_ended(1)
        (problem,) = (await stage.crew.ready()).problems
        assert "could not be begun (No such file or directory)" in problem.what


async def test_who_does_not_leave_in_time_is_ended_by_force() -> None:
    async with staged(answering(stubborn=True), leave_seconds=0.2) as stage:
        await stage.until_ready()
        await stage.crew.stop()
        assert stage.crew.was_forced
        assert all(each.pid is None for each in stage.crew.workers)


async def test_leaving_waits_for_no_pause() -> None:
    """Who is about to be begun again is not."""
    async with staged(ending(1)) as stage:
        await stage.until_ended(2)
        await asyncio.wait_for(stage.crew.stop(), 30)
        assert all(each.pid is None for each in stage.crew.workers)


async def test_told_again_all_end_at_once() -> None:
    async with staged(answering(stubborn=True)) as stage:
        await stage.until_ready()
        stage.crew.told()
        leaving = asyncio.create_task(stage.crew.stop())
        await asyncio.wait({leaving}, timeout=0.05)
        assert not stage.crew.was_forced
        stage.crew.told()
        await asyncio.wait_for(leaving, 30)
        assert stage.crew.was_forced


async def test_who_ends_once_all_are_told_to_leave_is_missed_by_nobody() -> None:
    """Who stops the service may tell all its processes at once, and a worker may be quicker than the parent."""
    async with staged(answering()) as stage:
        await stage.until_ready()
        stage.crew.told()
        assert [name for name, _ in await stage.problems()] == ["stopping"]
        with capture_logs() as lines:
            for each in stage.crew.workers:
                each.tell(signal.SIGTERM)
            await stage.until(lambda: all(each.ended for each in stage.crew.workers))
            await stage.crew.stop()
        assert {line["event"] for line in lines} <= {"trouble.begun", "trouble.ended", "workers.stopped"}
        assert stage.rests.times == []
        assert not stage.crew.was_forced


async def test_who_has_stayed_for_long_begins_to_count_anew() -> None:
    """Two deaths on two days are no row."""
    async with staged(answering(), workers=1) as stage:
        for _ in range(2):
            await stage.until_ready()
            stage.later(STEADY_SECONDS)
            stage.crew.workers[0].kill()
            stage.rests.over.release()
            await stage.until(lambda: stage.crew.workers[0].readiness is None)
        await stage.until_ended(2)
        assert stage.rests.times == [1, 1]


async def test_each_has_a_name_of_its_own_in_the_groups() -> None:
    """Also beside another crew on the same machine: two of one name put each other out."""
    crews = [Crew(Settings(workers=3), answering(), UNUSABLE) for _ in range(2)]
    names = [each.instance for crew in crews for each in crew.workers]
    assert len(set(names)) == 6
    for crew in crews:
        for each in crew.workers:
            each.listener.close()


async def test_a_signal_to_a_worker_that_is_gone_is_nothing() -> None:
    async with staged(ending(1), workers=1) as stage:
        await stage.until_ended(1)
        stage.crew.workers[0].tell(signal.SIGTERM)
