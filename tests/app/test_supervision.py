"""A task that fails is told, counted and begun again; no long work of the process runs beside the supervisor."""

from __future__ import annotations

import ast
import asyncio
from dataclasses import dataclass, field
from typing import Final

import pytest
from structlog.testing import capture_logs

from service.supervision import STEADY_SECONDS, Supervisor
from tests.tidy.tree import modules

LOOKED_AT: Final = {
    "service/app/acknowledging.py": 1,
    "service/app/process.py": 1,
    "service/app/workers/worker.py": 1,
}
"""Tasks that are looked at by whoever makes them: commits, whose failures are told and whose next one follows with the
next page; the preparation, whose end decides whether the process starts; the question to a worker, of which it is told
since when it has answered nothing.
"""


@dataclass
class Clock:
    """Time that a test moves; pauses are counted, and over at once."""

    now: float = 0.0
    pauses: list[int] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def pause(self, times: int) -> None:
        self.pauses.append(times)
        await asyncio.sleep(0)


@dataclass
class Frail:
    """Work that fails so many times, and then goes on until it is told to end."""

    failures: int
    begun: int = 0
    works: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self) -> None:
        self.begun += 1
        if self.begun <= self.failures:
            raise ZeroDivisionError("planted")
        self.works.set()
        await self.end.wait()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def supervisor(clock: Clock) -> Supervisor:
    return Supervisor(clock, clock.pause)


async def test_work_that_fails_begins_again_after_growing_pauses(supervisor: Supervisor, clock: Clock) -> None:
    frail = Frail(3)
    with capture_logs() as lines:
        supervisor.start("frail", frail.work)
        await frail.works.wait()
    assert clock.pauses == [1, 2, 3]
    assert [(line["event"], line["task"], line["times"]) for line in lines] == [
        ("task.failed", "frail", times) for times in (1, 2, 3)
    ]
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)
    await supervisor.stop()


async def test_it_is_a_trouble_until_the_work_is_steady(supervisor: Supervisor, clock: Clock) -> None:
    """A task that falls again and again must not look well in between."""
    frail = Frail(2)
    supervisor.start("frail", frail.work)
    await frail.works.wait()
    (trouble,) = supervisor.troubles()
    assert (trouble.name, trouble.about) == ("task_failed", "frail")
    assert "ZeroDivisionError, 2 times" in trouble.what
    clock.now = STEADY_SECONDS
    assert list(supervisor.troubles()) == []
    await supervisor.stop()


async def test_a_later_failure_is_a_first_one(supervisor: Supervisor, clock: Clock) -> None:
    """What worked for long in between pauses shortly."""
    frail = Frail(1)
    supervisor.start("frail", frail.work)
    await frail.works.wait()
    clock.now = STEADY_SECONDS
    frail.end.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert clock.pauses[:2] == [1, 1]
    await supervisor.stop()


async def test_an_end_that_nobody_asked_for_is_a_failure(supervisor: Supervisor, clock: Clock) -> None:
    """A follower that simply returns does not follow any more."""
    frail = Frail(0)
    frail.end.set()
    supervisor.start("follower", frail.work)
    await frail.works.wait()
    await asyncio.sleep(0)
    assert [trouble.about for trouble in supervisor.troubles()] == ["follower"]
    await supervisor.stop()


async def test_work_that_may_end_ends(supervisor: Supervisor, clock: Clock) -> None:
    frail = Frail(1)
    frail.end.set()
    await supervisor.start("frail", frail.work, may_end=True)
    assert frail.begun == 2
    assert list(supervisor.troubles()) == []


async def test_stopping_ends_everything_in_silence(supervisor: Supervisor) -> None:
    task = supervisor.start("endless", asyncio.Event().wait)  # type: ignore[arg-type]  # it never answers
    await asyncio.sleep(0)
    with capture_logs() as lines:
        await supervisor.stop()
    assert task.cancelled()
    assert lines == []


def test_no_long_work_runs_beside_the_supervisor() -> None:
    """A bare task whose end nobody looks at is how a dead follower looked ready."""
    found: dict[str, int] = {}
    for module in modules("service/app"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr in {"create_task", "ensure_future"}:
                found[module.name] = found.get(module.name, 0) + 1
    assert found == LOOKED_AT
