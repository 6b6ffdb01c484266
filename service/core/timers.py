"""What happens when a time has come: somebody is back, parked records can move, or are asked for anew, reservations
lapse, people hear of what was held back for them.

A timer's name says what it does and for whom. Which are due is the lane's question; time is an input like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from service.core import accepting, following, questions
from service.core.case import Verdict
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding import draining, escalation, reservations, stepping
from service.core.holding.clients import recount
from service.core.holding.climbing import AWAITED_PREFIX, STEP_PREFIX
from service.core.holding.draining import ROOM_BYTES, drain
from service.core.holding.presence import LEAVE_PREFIX, RETURN_PREFIX, come_back
from service.core.holding.reservations import RESERVATION_PREFIX
from service.core.holding.waiting import AGE_PREFIX, ASK_PREFIX, DRAIN_PREFIX, RISE_PREFIX, STAY_PREFIX
from service.core.model import Decision
from service.core.state import State
from service.core.telling.timing import (
    HUSH_PREFIX,
    SUMMARY_PREFIX,
    UNNUMBERED,
    Numbers,
    held_records,
    passed_on,
    tell_digest,
    tell_held,
)
from service.core.workflow import timing


class Firing(NamedTuple):
    """What a timer is about to decide: for whom or what it goes off, and about how much may come of it."""

    about: str
    draft: Draft
    config: Config
    now_ms: int
    room_bytes: int


class Rule(NamedTuple):
    """What a kind of timer does, and which records it looks at for that. `tells`: what comes of it is told now;
    `serves_all`: the first of those that are due does what all are for.
    """

    fire: Callable[[Firing], tuple[Decision, ...]]
    needed: Callable[[str, State, Config, int], Iterable[str]]
    tells: bool = False
    serves_all: bool = False


def _come_back(firing: Firing) -> tuple[Decision, ...]:
    return (come_back(firing.about, firing.draft, firing.config, firing.now_ms),)


def _take(firing: Firing) -> tuple[Decision, ...]:
    reservations.take_from(firing.about, firing.draft, firing.now_ms)
    return ()


def _line(prefix: str) -> Rule:
    """A line is looked at, and with it all others that are due."""
    return Rule(
        lambda firing: drain(prefix + firing.about, *firing[1:], follow=questions.follow),
        lambda about, state, config, now_ms: draining.needed(prefix + about, Draft(state), config, now_ms),
        serves_all=True,
    )


def _no_record(about: str, state: State, config: Config, now_ms: int) -> tuple[str, ...]:
    return ()


def _if_parked(record: str, state: State, config: Config, now_ms: int) -> tuple[str, ...]:
    return (record,) if record in state.parked else ()


RULES: Final = {
    AGE_PREFIX: Rule(lambda firing: escalation.grow_old(*firing[:4]), _no_record),
    ASK_PREFIX: Rule(lambda firing: following.anew(*firing[:4]), _if_parked),
    RETURN_PREFIX: Rule(_come_back, _no_record),
    DRAIN_PREFIX: _line(DRAIN_PREFIX),
    AWAITED_PREFIX: _line(AWAITED_PREFIX),
    HUSH_PREFIX: Rule(
        lambda firing: tell_held(*firing[:4]),
        lambda person, state, config, now_ms: held_records(person, Draft(state)),
        tells=True,
    ),
    LEAVE_PREFIX: Rule(_take, _no_record),
    RESERVATION_PREFIX: Rule(
        lambda firing: accepting.lapse(*firing[:4]),
        lambda record, state, config, now_ms: (record,) if record in state.reservations else (),
    ),
    RISE_PREFIX: Rule(lambda firing: escalation.escalate(*firing[:4]), _if_parked),
    STAY_PREFIX: Rule(lambda firing: timing.stayed(*firing[:4]), _if_parked),
    STEP_PREFIX: Rule(lambda firing: stepping.step_on(*firing[:4]), _if_parked),
    SUMMARY_PREFIX: Rule(lambda firing: tell_digest(*firing[:4]), _no_record, tells=True),
}
"""By how the name of a timer begins. Of those that are due at one time they go off in this order: it is that of names.
"""


def goes_first(name: str) -> bool:
    """Whether this timer goes off before all others that are due by now: somebody comes or goes. Where time has passed
    unheeded, what is decided now is decided with who is there now.
    """
    return name.startswith(RETURN_PREFIX)


def due(state: State, now_ms: int) -> list[tuple[int, str]]:
    """The timers whose time has come, in the order in which they go off: those of people, then by time and name."""
    found = sorted((timer.due_ms, name) for name, timer in state.timers.items() if timer.due_ms <= now_ms)
    return sorted(found, key=lambda timer: not goes_first(timer[1]))


def serves_all(name: str) -> bool:
    """Whether the first of the timers of this kind that are due does what all of them are for."""
    return _rule(name)[0].serves_all


def needed(name: str, state: State, config: Config, now_ms: int) -> Iterable[str]:
    """The records that the timer looks at when it goes off, in order; at least the first of them must be loaded."""
    rule, about = _rule(name)
    return rule.needed(about, state, config, now_ms)


def fire(
    name: str,
    state: State,
    config: Config,
    now_ms: int,
    room_bytes: int = ROOM_BYTES,
    numbers: Numbers = UNNUMBERED,
) -> Verdict:
    """Let one timer go off. Pure, like `decide`. About so much may come of it, or what one record makes. The decisions
    will be known by these `numbers`.
    """
    draft = Draft.over(state)
    draft.timers.drop(name)
    rule, about = _rule(name)
    decisions = rule.fire(Firing(about, draft, config, now_ms, room_bytes))
    decisions = timing.after_timer(decisions, draft, config, now_ms)
    if not rule.tells:
        decisions = passed_on(decisions, draft, config, now_ms, numbers)
    reservations.note_decisions(decisions, draft, numbers)
    recount(draft)
    return Verdict(decisions, draft.finish())


def _rule(name: str) -> tuple[Rule, str]:
    kind, slash, about = name.partition("/")
    return RULES[kind + slash], about
