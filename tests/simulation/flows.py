"""What made-up divisions have workflows do, and how their people want to be told.

Everything is of minutes: quiet hours that come again and again, summaries, waits and caps begin and end many times
while a simulation lasts. Some workflows come in two revisions, so that what was counted or paused begins anew.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from service.core.calendar import DAY_MINUTES, Block, WorkCalendar
from service.core.events import Target
from service.core.model import NotificationKind
from service.core.wishes import NO_WISHES, Digesting, Wishes
from service.core.workflow_specs import (
    Action,
    Cap,
    FromField,
    Hearers,
    ProcessSpec,
    StepName,
    Trigger,
    TriggerKind,
    Workflow,
    Workflows,
)
from tests.core.directions import direction

MINUTE_MS: Final = 60_000
FOUND: Final = StepName("hunt", "found")
CALLED: Final = StepName("hunt", "called")
OWNER: Final = Hearers(owner=True)
FIELDS: Final = {"budget": "number", "note": "text", "grade": "number", "score": "number"}
QUIET_EVERY: Final = 30
"""Minutes from one quiet time to the next."""
KINDS: Final[tuple[NotificationKind, ...]] = ("assigned", "workflow", "waiting")
"""Kinds of news of which some people want to hear by other means, or not at all."""


def workflows(version: int) -> Workflows:
    """One in each direction, and others with every action and every trigger that is of a whole record or of time."""
    revision = f"r{version // 2}"
    grade = Action("set_field", field="grade", field_type="number", value=FromField("score"))
    task = Action("create_record", record_type="contact", fields=(("of", FromField("city")),))
    few = Cap(per_record=3, per_day=30)
    known = (
        direction("budget", "lead", ("budget", "number"), FOUND, active=True),
        direction("note", "lead", ("note", "text"), CALLED, "ask", active=True),
        _flow("anew", "created", grade, task, Action("notify", told=OWNER)),
        _flow("better", Trigger(("updated",), changed=("score",)), grade, cap=few, revision=revision),
        _flow("gone", "deleted", task, Action("notify", told=Hearers(person="fay"))),
        _flow("moved", "owner_changed", Action("notify", told=OWNER), Action("notify", told=Hearers(person="eve"))),
        _flow("given", "assigned", task, cap=few, revision=revision),
        _flow(
            "stuck",
            Trigger(("waiting_for",), after_ms=2 * MINUTE_MS),
            task,
            Action("notify", told=Hearers(person="bob")),
            Action("assign", target=Target("user", "cem")),
            grade,
        ),
    )
    return Workflows(
        all={each.id: each for each in known},
        processes={"hunt": ProcessSpec("hunt", "lead", frozenset({FOUND.step, CALLED.step}))},
        fields={"lead": FIELDS},
    )


def wishes(random: Random) -> Wishes:
    """Nobody has to want anything; some want quiet, some summaries, some both, and some other means for some news."""
    quiet = _quiet(random) if random.random() < 0.4 else None
    digest = Digesting(random.randrange(3), random.randint(1, 6) * MINUTE_MS) if random.random() < 0.3 else None
    means: tuple[tuple[str, ...], ...] = ((), ("push",))
    kinds: dict[str, tuple[str, ...]] = {kind: random.choice(means) for kind in KINDS if random.random() < 0.15}
    language = random.choice(("", "", "en", "de", "pl"))
    found = Wishes(kinds, quiet, digest, language)
    return NO_WISHES if found == NO_WISHES else found


def _quiet(random: Random) -> WorkCalendar:
    """Some minutes of every half hour."""
    start, length = random.randrange(QUIET_EVERY), random.randint(1, QUIET_EVERY // 2)
    starts = range(start, DAY_MINUTES, QUIET_EVERY)
    return WorkCalendar(random.choice(("UTC", "Europe/Berlin")), tuple(_blocks(starts, length)))


def _blocks(starts: range, length: int) -> list[Block]:
    return [Block(day, at, at + length) for day in range(7) for at in starts]


def _flow(name: str, trigger: TriggerKind | Trigger, *actions: Action, **more: Any) -> Workflow:
    """About leads, and active."""
    on = trigger if isinstance(trigger, Trigger) else Trigger((trigger,))
    return Workflow(name, "lead", on, actions, active=True, **more)
