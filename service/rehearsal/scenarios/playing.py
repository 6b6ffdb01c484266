"""Play a script: one step after the other on a stage of its own, and compare what came of it.

A scenario goes on behind a step that does not do what is expected of it: whoever mends it wants to see all that is
wrong. It ends at a step that cannot be played, because what follows is about a world in which it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, assert_never

from schemas.scenario import (
    AnswerStep,
    AnyStep,
    ConfigStep,
    MemberStep,
    RawStep,
    RecordWords,
    TimeStep,
)
from schemas.scenario_expect import Expect
from service.core.calendar import FORESEEN_UNTIL_MS
from service.core.model import ActionRequest
from service.core.reasons import NOTHING
from service.core.telling.explain import explain, explain_weighed
from service.core.telling.workflows import followed
from service.rehearsal.scenarios.crm import CardName, Crm
from service.rehearsal.scenarios.events import at, member_events, record_events
from service.rehearsal.scenarios.expectations import Mismatch, StepResult, mismatches
from service.rehearsal.scenarios.reading import Script
from service.rehearsal.scenarios.reasons import beside
from service.rehearsal.stage import (
    MEMBERS_TOPIC,
    NO_PLANS,
    Looked,
    Rehearsal,
    RehearsedAction,
    RehearsedDecision,
    Scene,
)
from service.wire.log_forms import OutcomeLine
from service.wire.times import iso_time

HOUSEKEEPING: Final = frozenset({"configuration_switched", "member_changed", "tick"})
"""What a step does beside its decisions; no expectation speaks of it."""
PLAYABLE: Final = "a step that can be played"
BEYOND: Final = "it speaks of a time outside the years that there are: write a nearer one"


class Unplayable(Exception):
    """A step that cannot be played. Its text says why."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not hold: its step (from 1) and place, what was found instead, what stands beside it (see
    `reasons`), and why it was decided so. Without a word it is the step itself, which could not be played.
    """

    step: int
    file: str
    line: int
    column: int
    word: str
    expected: str
    found: str
    beside: tuple[str, ...]
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
    """Play all steps, up to one that cannot be played."""
    failures: list[Failure] = []
    play = _Play(script)
    for number, step in enumerate(script.scenario.steps):
        try:
            result = await play.step(number, step)
        except Unplayable as error:
            place = script.root.trail(("steps", number))[-1].location
            found = (str(error), (), ())
            failures.append(Failure(number + 1, script.file, place.line, place.column, "", PLAYABLE, *found))
            break
        failures += [
            play.failure(number, step.expect, mismatch, result) for mismatch in mismatches(step.expect, result)
        ]
    return Report(script.name, script.file, script.line, tuple(failures))


class _Play:
    """A scenario under way."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._stage = Rehearsal(at(script.scenario.start, 0))
        self._crm = Crm()
        self._looked: dict[CardName, Looked] = {}
        for config in script.configs:
            self._stage.configure(config)

    async def step(self, number: int, step: AnyStep) -> StepResult:
        """Let the step happen."""
        names: tuple[CardName, ...] = ()
        sent: set[str] = set()
        match step:
            case RecordWords():
                division = step.division or self._script.division
                names = tuple(CardName(division, record) for record in step.records)
                sent = self._send_records(division, step)
            case MemberStep():
                with _within_the_years():
                    bodies = list(member_events(step, self._stage.now_ms))
                for body in bodies:
                    self._stage.send(body, MEMBERS_TOPIC)
            case RawStep():
                sent = {self._stage.send(step.raw)}
            case ConfigStep():
                self._stage.configure(self._script.switches[number])
            case TimeStep():
                await self._stage.pass_time(self._later(step))
            case _:
                assert_never(step)
        await self._stage.settle()
        return self._result(names, sent, step.expect, self._stage.look())

    def _send_records(self, division: str, step: RecordWords) -> set[str]:
        sent = set()
        with _within_the_years():
            events = list(record_events(step, self._stage.now_ms))
        for record, body in events:
            self._crm.note(CardName(division, record), step)
            if isinstance(step, AnswerStep) and step.answers is not None:
                body["decision"] = self._offer(CardName(division, record), step.person, step.answers)
            sent.add(self._stage.send({"division": division, **body}))
        return sent

    def _offer(self, name: CardName, person: str, number: int) -> str:
        """The decision by which a record was offered to somebody for the so manieth time."""
        offers = self._crm.cards[name].offers[person]
        if number > len(offers):
            raise Unplayable(f"{name.record} was offered to {person} {len(offers)} times, and not {number} times")
        return offers[number - 1]

    def _later(self, step: TimeStep) -> int:
        until_ms, now_ms = at(step.time, self._stage.now_ms), self._stage.now_ms
        if until_ms >= FORESEEN_UNTIL_MS:
            raise Unplayable(BEYOND)
        if until_ms < now_ms:
            raise Unplayable(f"{iso_time(until_ms)} is past, it is {iso_time(now_ms)} here: time does not go back")
        return until_ms

    def failure(self, number: int, expect: Expect, mismatch: Mismatch, result: StepResult) -> Failure:
        """What to tell of an expectation of a step that did not hold."""
        trail = self._script.root.trail(("steps", number, "expect", *mismatch.path))
        place = trail[-1].key or trail[-1].location
        word = ".".join(str(part) for part in mismatch.path)
        shown: tuple[str, ...] = ()
        explanation = [*_undecided(result), *self._followed(result)]
        if mismatch.about is not None:
            decision, config, facts = (
                mismatch.about.decision,
                mismatch.about.config,
                self._stage.facts_of(mismatch.about),
            )
            shown = beside(mismatch.path, expect, decision, config, facts)
            change, asked = self._stage.change_of(mismatch.about), _asked_with(mismatch.about, result)
            explanation = explain(decision, config, facts=facts, change=change, requests=asked)
            explanation += self._stage.due_of(mismatch.about.division, decision.record)
        said = (word, mismatch.expected, mismatch.found, shown, tuple(explanation))
        return Failure(number + 1, self._script.file, place.line, place.column, *said)

    def _result(self, names: tuple[CardName, ...], sent: set[str], expect: Expect, scene: Scene) -> StepResult:
        """What the step led to. Of what an event set off, its own outcomes count; what followed from them does not.
        What people are told and what is asked for is that of the step's division, if it has one: others have timers.
        """
        for published in scene.published.values():
            self._crm.read(published)
        lines = tuple(line for line in scene.lines if (line.source in sent if sent else _is_told(line)))
        division = names[0].division if names else self._script.division
        plans = self._stage.plans_in(division) if expect.plans or expect.clients else NO_PLANS
        looked = {name: self._stage.looked_at(*name) for name in names}
        same = frozenset(name for name, each in looked.items() if each == self._looked.get(name))
        self._looked |= looked
        weighed = {name: each.weighed for name, each in looked.items()}
        is_of_all = not names and self._script.scenario.division is None
        notified = tuple(each for each in scene.notified if is_of_all or each.division == division)
        actions = tuple(each for each in scene.actions if is_of_all or each.division == division)
        said = (scene.published, notified, self._crm, plans, actions, weighed, same)
        return StepResult(names, division, lines, *said)

    def _followed(self, result: StepResult) -> Iterator[str]:
        """What workflows did where no decision was published. Of those that asked for nothing it is remembered which
        cared last, and if they are the same as before, nobody knows whether they cared again; had one of them acted, it
        would be known.
        """
        acted_on: defaultdict[CardName, list[RehearsedAction]] = defaultdict(list)
        for each in result.actions:
            acted_on[CardName(each.division, each.record)].append(each)
        for name in dict.fromkeys((*result.records, *acted_on)):
            asked = acted_on.get(name)
            config, weighed = self._stage.config_of(name.division), result.weighed.get(name, ())
            if asked:
                requests = [each.request for each in asked]
                yield from explain_weighed(followed(requests, (*asked[0].withheld, *weighed)), config, requests)
            elif name not in result.same:
                yield from explain_weighed(weighed, config)
            elif weighed and all(each.withheld is not None for each in weighed):
                yield "  workflows did nothing new; when they last cared for it:"
                yield from explain_weighed(weighed, config)
            yield from self._stage.due_of(*name)


def _asked_with(about: RehearsedDecision, result: StepResult) -> list[ActionRequest]:
    """What workflows asked for with a decision."""
    return [each.request for each in result.actions if each.decision == about.id]


def _is_told(line: OutcomeLine) -> bool:
    return line.kind != "nothing" or line.reason not in HOUSEKEEPING


@contextmanager
def _within_the_years() -> Iterator[None]:
    """A step that speaks of a moment for which there is no date cannot be played."""
    try:
        yield
    except (OverflowError, ValueError) as error:
        raise Unplayable(BEYOND) from error


def _undecided(result: StepResult) -> list[str]:
    """Why it was decided so, where nothing was published."""
    if result.last is None:
        return ["nothing was decided"]
    kind, reason = result.last.kind, result.last.reason
    return [f"{kind}: {next((words for known, words in NOTHING.items() if known == reason), reason)}"]
