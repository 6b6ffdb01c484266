"""The steps of a target: how far a record has come on them, and when the next is reached (D56).

A record is asked of the first step, and after its wait of the next one as well; it waits for all that it has reached,
and whoever of them can first takes it. A wait runs from when its step was reached, by the clock, also while somebody
thinks over whether they accept the record. A step that nobody could ever take (see `sharing.ever`) has no wait, and
where that comes to be so, its wait is over at that moment: it is asked again when the record is heard of, handed on, or
looked at under a new configuration. Nor has a step a wait whose people are, as is foreseen, not there as long as it
lasts, where it says so. It was reached all the same, for all that may change.

It is remembered until somebody has the record for good, or another target is asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Final, NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.climb import Climb, StepReached
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import Target
from service.core.model import StepSeen
from service.core.reasons import UNABLES, ExclusionReason, Skipped, Unresolved
from service.core.rule_sets import Ladder, LadderStep
from service.core.sharing.attendance import absence_of_named, back_ms
from service.core.sharing.eligibility import MINUTE_MS, Situation, Sought, asks_again, drained
from service.core.sharing.ever import against_each
from service.core.sharing.limits import room_never
from service.core.sizing import weighs
from service.core.targets import absence, at_limit, meant, room_for

STEP_PREFIX: Final = "step/"
"""Begins the name of the timer with which a record that waits reaches its next step."""

AWAITED_PREFIX: Final = "for/"
"""Begins the name of the timer that has looked at what waits for one person."""


class Rung(NamedTuple):
    """A step that was reached, and whom it means now, or why nobody."""

    step: LadderStep
    target: Target | Unresolved
    is_last: bool


def begin(case: Case, ladder: Ladder) -> None:
    """The record is asked of the first step, and of those behind it for which nothing waits; on a ladder on which it is
    already, it goes on where it is.
    """
    climb = climb_of(case)
    if climb is None or climb.ladder != ladder.id:
        case.draft.climbs.put(case.name, Climb(ladder.id, (_entered(ladder, 0, case),)))
    settle(case)


def drop(case: Case) -> None:
    """The record is on no step any more."""
    if not case.draft.climbs.is_empty and case.draft.climbs.get(case.name) is not None:
        case.draft.climbs.drop(case.name)
        case.draft.timers.drop(STEP_PREFIX + case.name)


def climb_of(case: Case) -> Climb | None:
    """How far the record has come; none: its target has no steps."""
    return None if case.draft.climbs.is_empty else case.draft.climbs.get(case.name)


def ladder_of(case: Case) -> Ladder | None:
    """The record's target, where it has steps and is still configured."""
    climb = climb_of(case)
    return None if climb is None else case.config.ladders.get(climb.ladder)


def is_gone(case: Case) -> bool:
    """Whether the record's target had steps, and is not configured any more."""
    return climb_of(case) is not None and ladder_of(case) is None


def advance(case: Case) -> None:
    """Reach every step whose time has come."""
    ladder = ladder_of(case)
    if ladder is None:
        return
    due_ms = begins_ms(case)
    while due_ms is not None and due_ms <= case.now_ms:
        climb = case.draft.climbs.edit(case.name)
        climb.reached = (*climb.reached, _entered(ladder, len(climb.reached), case))
        due_ms = begins_ms(case)


def settle(case: Case) -> None:
    """The same, and wait no longer for a step that nobody could ever take by now."""
    advance(case)
    why = why_in_vain(case)
    if why is None:
        return
    climb = case.draft.climbs.edit(case.name)
    climb.reached = (*climb.reached[:-1], replace(climb.reached[-1], skipped=why))
    advance(case)


def why_in_vain(case: Case) -> Skipped | None:
    """Why nobody could take the record of the step that was reached last, if so and another one is to come."""
    climb, ladder = climb_of(case), ladder_of(case)
    if climb is None or ladder is None or len(climb.reached) >= len(ladder.steps):
        return None
    target = meant(ladder.steps[len(climb.reached) - 1].target, case)
    return _in_vain(target, case) if isinstance(target, Target) else target


def begins_ms(case: Case) -> int | None:
    """When the next step is reached; none: there is none."""
    climb, ladder = climb_of(case), ladder_of(case)
    if climb is None or ladder is None or len(climb.reached) >= len(ladder.steps):
        return None
    last = climb.reached[-1]
    return last.since_ms if last.skipped else last.since_ms + ladder.steps[len(climb.reached) - 1].wait_ms


def rungs(case: Case) -> Iterator[Rung]:
    """The steps that the record has reached, in order."""
    climb, ladder = climb_of(case), ladder_of(case)
    if climb is None or ladder is None:
        return
    for number, step in enumerate(ladder.steps[: len(climb.reached)], start=1):
        yield Rung(step, meant(step.target, case), is_last=number == len(ladder.steps))


def is_at_end(case: Case) -> bool:
    """Whether no further step is to come, as where there are none."""
    return begins_ms(case) is None


def home(case: Case, ladder: Ladder) -> str:
    """The pool in whose line the record waits: that of the first step that means somebody."""
    lines = [(step, step.line(ladder.record_type)) for step in ladder.steps]
    known = [(step, line) for step, line in lines if line in case.config.pools]
    meaning = (line for step, line in known if isinstance(meant(step.target, case), Target))
    found = next(meaning, None) or next((line for _, line in known), None)
    assert found is not None, "a ladder has a line"
    return found


def await_people(case: Case) -> None:
    """Note who of the record's steps is named alone, and have looked at it when they can have it for all that is known.

    Who comes back, or has room, is told of by news, which has it looked at as well.
    """
    climb = climb_of(case)
    if climb is None:
        return
    passed = () if case.handing is None else case.handing.passed
    people = dict.fromkeys(
        rung.target.id for rung in rungs(case) if isinstance(rung.target, Target) and rung.target.kind == "user"
    )
    awaited = tuple(person for person in people if person not in passed)
    if awaited != climb.awaited:
        case.draft.climbs.edit(case.name).awaited = awaited
    for person in awaited:
        again_ms = next_chance_of(person, case)
        if again_ms is not None:
            case.draft.set_timer(AWAITED_PREFIX + person, max(again_ms, case.now_ms))


def await_nobody(case: Case) -> None:
    """The record stands in no line."""
    climb = climb_of(case)
    if climb is not None and climb.awaited:
        case.draft.climbs.edit(case.name).awaited = ()


def can_have(person: str, case: Case, *, at_most: int | None) -> bool:
    """Whether somebody whom a step names can have the record now. `at_most`: so many that waited they get in a minute;
    none: the record did not wait.
    """
    if case.handing is not None and person in case.handing.passed:
        return False
    is_paced = at_most is not None and drained(person, case.draft, case.now_ms) >= at_most
    return not is_paced and absence(person, case) is None and at_limit(person, case) is None


def next_chance_of(person: str, case: Case) -> int | None:
    """When somebody whom a step names can have records again, as far as time decides; none: something has to happen."""
    if absence(person, case) is not None:
        return back_ms(person, case.draft, case.config, case.now_ms)
    hindrance = at_limit(person, case)
    if hindrance is None:
        return (case.now_ms // MINUTE_MS + 1) * MINUTE_MS
    return room_for(person, case) if hindrance == "limit" else None


def wake_for(person: str, draft: Draft, config: Config, now_ms: int) -> None:
    """Somebody is there, or has room: have looked at what waits for them alone."""
    if not draft.awaits(person):
        return
    is_there = absence_of_named(person, draft, config, now_ms) is None
    due_ms = now_ms if is_there else back_ms(person, draft, config, now_ms)
    if due_ms is not None:
        draft.set_timer(AWAITED_PREFIX + person, due_ms)


def steps_seen(case: Case) -> tuple[StepSeen, ...]:
    """The steps as a decision tells of them."""
    climb, ladder = climb_of(case), ladder_of(case)
    if climb is None or ladder is None:
        return ()
    begins = begins_ms(case)
    seen: list[StepSeen] = []
    for step, reached in zip_longest(ladder.steps, climb.reached):
        name = str(step.target)
        if reached is not None:
            seen.append(StepSeen(target=name, since=_time(reached.since_ms), skipped=reached.skipped or None))
        elif begins is not None and len(seen) == len(climb.reached):
            seen.append(StepSeen(target=name, begins=_time(begins)))
        else:
            seen.append(StepSeen(target=name))
    return tuple(seen)


def _entered(ladder: Ladder, number: int, case: Case) -> StepReached:
    step = ladder.steps[number]
    is_last = number == len(ladder.steps) - 1
    return StepReached(case.now_ms, _skipped(step, case, is_last=is_last) or "")


def _skipped(step: LadderStep, case: Case, *, is_last: bool) -> Skipped | None:
    """Why nothing waits for a step, if so. The last has no wait: of its people it is asked alone who is switched on."""
    target = meant(step.target, case)
    if not isinstance(target, Target):
        return target
    if is_last:
        is_anybody = target.kind != "pool" or any(against != "inactive" for _, against in _against(target, case))
        return None if is_anybody else "nobody"
    why = _in_vain(target, case)
    if why is not None or not step.skips_absent:
        return why
    ends_ms = case.now_ms + step.wait_ms
    suited = [person for person, against in _against(target, case) if against is None]
    backs = (back_ms(person, case.draft, case.config, case.now_ms) for person in suited)
    return None if any(back is not None and back < ends_ms for back in backs) else "nobody_present"


def _in_vain(target: Target, case: Case) -> Skipped | None:
    """Why nobody of a step could ever take the record, if so: what stands against all who are switched on, where that
    is one and the same.
    """
    if target.kind == "queue":
        return None
    reasons: set[ExclusionReason] = set()
    for _, against in _against(target, case):
        if against is None:
            return None
        reasons.add(against)
    found = [each for each in UNABLES if each in reasons]
    return found[0] if len(found) == 1 else "nobody"


def _against(target: Target, case: Case) -> Iterator[tuple[str, ExclusionReason | None]]:
    """Who may take the record of a step's person or pool, and what stands against each of them for good; none: nothing
    does.
    """
    if target.kind == "user":
        yield target.id, _against_named(target.id, case)
        return
    for name in (target.id, *case.config.helpers.get(target.id, ())):
        if isinstance(meant(Target("pool", name), case), Target):
            spec = case.config.pools[name]
            handing = None if asks_again(spec, case.handing) else case.handing
            sought = Sought(case.facts, case.requires, handing, weighs(case))
            yield from against_each(Situation(spec, case.config, case.draft, case.now_ms, sought, paced=False))


def _against_named(person: str, case: Case) -> ExclusionReason | None:
    if case.handing is not None and person in case.handing.passed:
        return "declined"
    holders, size = case.config.limits.of_person(person, case.record_type), weighs(case)
    return next((against for holder in holders if (against := room_never(holder, size)) is not None), None)


def _time(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, UTC)
