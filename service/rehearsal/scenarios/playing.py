"""Play a script: one step after the other on a stage of its own, and compare what came of it.

A scenario ends at the first step that does not do what is expected of it: what follows would only fail because of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from schemas.scenario import (
    AnyStep,
    ConfigStep,
    DeleteStep,
    MemberStep,
    OwnerStep,
    RawStep,
    RecordStep,
    RecordWords,
    TimeStep,
    UpdateStep,
)
from service.core.telling.explain import NOTHING, explain
from service.rehearsal.scenarios.crm import Crm, Name
from service.rehearsal.scenarios.events import at, member_events, record_events
from service.rehearsal.scenarios.expectations import Mismatch, Result, mismatches
from service.rehearsal.scenarios.reading import Script
from service.rehearsal.stage import MEMBERS_TOPIC, Scene, Stage
from service.wire.log_records import OutcomeLine

HOUSEKEEPING: Final = frozenset({"configuration_switched", "member_changed", "tick"})
"""What a step does beside its decisions; no expectation speaks of it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not hold: where it stands, what was found instead, and why it was decided so."""

    file: str
    line: int
    column: int
    word: str
    expected: str
    found: str
    explanation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one scenario."""

    name: str
    file: str
    line: int
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


async def play(script: Script) -> Report:
    """Play all steps, up to the first that fails."""
    failures: tuple[Failure, ...] = ()
    play = _Play(script)
    for number, step in enumerate(script.scenario.steps):
        result = await play.step(number, step)
        failures = tuple(_failure(script, number, mismatch, result) for mismatch in mismatches(step.expect, result))
        if failures:
            break
    return Report(script.name, script.file, script.line, failures)


class _Play:
    """A scenario under way."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._stage = Stage(at(script.scenario.start, 0))
        self._crm = Crm()
        for config in script.configs:
            self._stage.configure(config)

    async def step(self, number: int, step: AnyStep) -> Result:
        """Let the step happen."""
        names: tuple[Name, ...] = ()
        sent: set[str] = set()
        match step:
            case RecordStep() | UpdateStep() | DeleteStep() | OwnerStep():
                division = step.division or self._script.division
                names = tuple(Name(division, record) for record in step.records)
                sent = self._send_records(division, step)
            case MemberStep():
                for body in member_events(step, self._stage.now_ms):
                    self._stage.send(body, MEMBERS_TOPIC)
            case RawStep():
                sent = {self._stage.send(step.raw)}
            case ConfigStep():
                self._stage.configure(self._script.switches[number])
            case TimeStep():
                await self._stage.pass_time(at(step.time, self._stage.now_ms))
            case _:
                assert_never(step)
        await self._stage.settle()
        return self._result(names, sent, self._stage.look())

    def _send_records(self, division: str, step: RecordWords) -> set[str]:
        sent = set()
        for record, body in record_events(step):
            self._crm.note(Name(division, record), step)
            sent.add(self._stage.send({"division": division, **body}))
        return sent

    def _result(self, names: tuple[Name, ...], sent: set[str], scene: Scene) -> Result:
        """What the step led to. Of what an event set off, its own outcomes count; what followed from them does not."""
        for published in scene.published.values():
            self._crm.read(published)
        lines = tuple(line for line in scene.lines if (line.source in sent if sent else _is_told(line)))
        division = names[0].division if names else self._script.division
        return Result(names, division, lines, scene.published, scene.told, self._crm)


def _is_told(line: OutcomeLine) -> bool:
    return line.kind != "nothing" or line.reason not in HOUSEKEEPING


def _failure(script: Script, step: int, mismatch: Mismatch, result: Result) -> Failure:
    trail = script.root.trail(("steps", step, "expect", *mismatch.path))
    place = trail[-1].key or trail[-1].place
    word = ".".join(str(part) for part in mismatch.path)
    explanation = tuple(_explained(mismatch, result))
    return Failure(script.file, place.line, place.column, word, mismatch.expected, mismatch.found, explanation)


def _explained(mismatch: Mismatch, result: Result) -> list[str]:
    if mismatch.about is not None:
        return explain(mismatch.about.decision, mismatch.about.config)
    if result.last is None:
        return ["nothing was decided"]
    kind, reason = result.last.kind, result.last.reason
    return [f"{kind}: {next((words for known, words in NOTHING.items() if known == reason), reason)}"]
