"""What readiness depends on, gathered from the parts of the process at one moment.

It only looks: at what the lanes, the feed and ingest say of themselves, and at what the probes were told last. How long
something has not moved is seen by comparing two looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from service.app import gauges
from service.app.intake import Intake
from service.app.probes import Probes, ReadSoFar
from service.app.troubles import Backlog, Held, LaneSeen, Observed, Uncommitted
from service.kafka.configuration import ConfigurationFeed
from service.lane.lanes import Lanes, Running
from service.lane.surroundings import Step


@dataclass
class Stillness:
    """For how many seconds something has been the same, from look to look. What is not asked for is forgotten."""

    clock: Callable[[], float] = time.monotonic
    _before: dict[str, tuple[Hashable, float]] = field(default_factory=dict)
    _now: dict[str, tuple[Hashable, float]] = field(default_factory=dict)

    def look(self) -> None:
        """Begin another look."""
        self._before, self._now = self._now, {}

    def seconds(self, name: str, state: Hashable) -> float:
        """How long what is called so has been in this state."""
        now = self.clock()
        before, since = self._before.get(name, (state, now))
        self._now[name] = state, since if before == state else now
        return now - self._now[name][1]


@dataclass
class BatchPulse:
    """Hears the steps of ingest, and knows for how long it has been sending one batch."""

    step: Step
    clock: Callable[[], float] = time.monotonic
    _since: float | None = None

    def __call__(self, name: str) -> None:
        if name == "ingest_polled":
            self._since = self.clock()
        elif name == "ingest_sent":
            self._since = None
        self.step(name)

    @property
    def seconds(self) -> float:
        """How long; nothing while it has no batch."""
        return 0.0 if self._since is None else self.clock() - self._since


@dataclass
class Observer:
    """Looks at the parts of a process. `now_ms` is the wall clock, by which timers are due."""

    lanes: Lanes
    feed: ConfigurationFeed
    probes: Probes
    intake: Intake
    pulse: BatchPulse
    now_ms: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000_000)
    stillness: Stillness = field(default_factory=Stillness)
    _is_up: bool = False

    def starting(self, missing: str) -> Observed:
        """Before anything runs: only what the start waits for, and what it found of the topics."""
        return Observed(missing=missing, topics=self.probes.answers.shapes)

    def running(self) -> Observed:
        """Everything as it is now."""
        self.stillness.look()
        told = self.probes.answers
        unclaimed = self._unclaimed()
        return Observed(
            unclaimed=unclaimed,
            kafka=self.probes.kafka.silence(),
            redis=self.probes.redis.silence(),
            policies=told.policies,
            topics=(*told.shapes, *told.settings),
            divisions=len(self.feed.latest()),
            feed=Backlog("", told.feed, self.stillness.seconds("feed", told.feed)),
            feed_problem=self.feed.problem,
            feed_noticed=self.feed.noticed.recent(),
            unusable=dict(self.feed.unusable),
            lanes=tuple(self._lanes()),
            sources=tuple(backlogs(told.sources, self.stillness)),
            held=tuple(
                Held(
                    each.partition,
                    each.end,
                    each.written - each.end,
                    self.stillness.seconds(f"{each.partition} held", (each.end, each.written > each.end)),
                )
                for each in told.sources
            ),
            ingest_problem=self.intake.ingest.problem,
            ingest_todo=self.intake.ingest.todo,
            batch_seconds=self.pulse.seconds,
            unread=self.intake.problems(),
            added=told.added,
            uncommitted=self._uncommitted(),
        )

    def show(self) -> None:
        """Set the levels that change with the work."""
        owned = {number: one for number, one in self.lanes.running.items() if one.tenure is not None}
        gauges.show(
            {number: one.tenure.book for number, one in owned.items() if one.tenure is not None},
            {number: self._waiting(number, one) for number, one in owned.items()},
            self.probes.answers.sources,
        )
        gauges.show_limits(
            {number: one.tenure.book for number, one in owned.items() if one.tenure is not None},
            self.feed.latest(),
            self.now_ms(),
        )

    def _unclaimed(self) -> tuple[int, ...]:
        """The lanes that are being taken over, until once there are none: afterwards lanes come and go."""
        unclaimed = tuple(number for number, one in sorted(self.lanes.running.items()) if one.state == "claiming")
        self._is_up |= not unclaimed
        return () if self._is_up else unclaimed

    def _lanes(self) -> Iterator[LaneSeen]:
        for number, one in sorted(self.lanes.running.items()):
            label = f"lane {number}"
            done = (0, 0) if one.tenure is None else (one.tenure.book.place.offset, one.tenure.head.revision)
            has_work = one.tenure is not None and (self._waiting(number, one) > 0 or self._is_due(one))
            idle = self.stillness.seconds(f"{label} done", (id(one), has_work, done))
            yield LaneSeen(
                number,
                one.state,
                one.problem,
                one.todo or one.lane.stage.todo,
                str(one.lane.stage),
                one.lane.awaited,
                one.attempts,
                held_seconds=self.stillness.seconds(f"{label} held", (id(one), one.state)),
                still_seconds=self.stillness.seconds(
                    f"{label} still", (id(one), one.state, one.rounds, one.lane.stage)
                ),
                waiting=self._waiting(number, one),
                idle_seconds=idle if has_work else 0.0,
                noticed=one.lane.noticed.recent(),
            )

    def _uncommitted(self) -> Uncommitted:
        refused, why = self.intake.acknowledging.refusals
        return Uncommitted(refused, why, self.stillness.seconds("commits", refused > 0) if refused else 0.0)

    def _waiting(self, number: int, one: Running) -> int:
        ends: Mapping[int, int] = self.probes.answers.ends
        return 0 if one.tenure is None else max(0, ends.get(number, 0) - one.tenure.book.place.offset)

    def _is_due(self, one: Running) -> bool:
        return one.tenure is not None and one.tenure.book.has_due_timer(self.now_ms())


def backlogs(sources: Iterable[ReadSoFar], stillness: Stillness) -> Iterator[Backlog]:
    """What is still to be read of each partition, and for how long none of it was: what came just now has waited for
    no longer than since the last look, however long there was nothing before.
    """
    for each in sources:
        waiting = each.end - each.position
        yield Backlog(each.partition, waiting, stillness.seconds(each.partition, (each.position, waiting > 0)))
