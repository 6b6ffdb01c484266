"""What workflows cost: `python -m tests.bench.triggers [--assert]`. Prints ratios of one run, in processor time.

The core alone decides events: with no workflow, with one that acts, and with a thousand of which that one does. The
others wait for other fields, or stand at the same trigger with a condition that asks for another value.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import process_time
from typing import Final

from service.core.configuration import Config
from service.core.decide import decide
from service.core.events import RecordEvent
from service.core.state import State
from service.core.workflow_specs import Action, Cap, Trigger, Workflow, Workflows
from service.language import criteria
from service.language.predicate import Predicate

EVENTS: Final = 300
ROUNDS: Final = 3
NOW_MS: Final = 1_772_442_000_000
WORKFLOWS: Final = 1_000
FIELDS: Final = 99
"""Workflows may ask for a hundred fields of a type of record, and one of them is the one that is changed."""
MOST_RATIO: Final = 2.0
"""A thousand workflows, of what the one of them that acts costs."""
CAP: Final = Cap(per_record=10**6, per_day=10**6)
TASK: Final = Action("create_record", record_type="task")


def flow(number: int, trigger: Trigger, condition: str = "") -> Workflow:
    """A workflow that makes a task where the condition holds."""
    asked = (Predicate(condition, criteria.parse(condition)),) if condition else ()
    return Workflow(f"w{number:04}", "lead", trigger, (TASK,), active=True, criteria=asked, cap=CAP)


def changed(field: str) -> Trigger:
    """The field is changed by an update."""
    return Trigger(("updated",), changed=(field,))


TRIGGERS: Final[Mapping[str, Trigger]] = {
    "stage changed": changed("stage"),
    "updated": Trigger(("updated",)),
    "created": Trigger(("created",)),
    "stage filled": Trigger(("field_filled",), "stage", "text"),
}


def cases(trigger: Trigger) -> Mapping[str, tuple[Workflow, ...]]:
    """None, one, and a thousand of which the same one acts. What other fields cost is looked at where fields are
    what sets it off: they are remembered with each record.
    """
    one = flow(0, trigger, "country equals FR")
    others = range(1, WORKFLOWS)
    fields = tuple(flow(number, changed(f"field_{number % FIELDS}")) for number in others)
    values = tuple(flow(number, trigger, f"country equals c{number}") for number in others)
    found = {"none": (), "one": (one,), "other values": (one, *values)}
    return found | {"other fields": (one, *fields)} if trigger.changed else found


def seconds_per_event(workflows: tuple[Workflow, ...], trigger: Trigger) -> float:
    """How long the core takes for one, applying what comes of it included."""
    config = Config("main", 1, workflows=Workflows(all={each.id: each for each in workflows}))
    state, begun = State(), process_time()
    for number in range(-1, EVENTS):
        is_new = number < 0 or "created" in trigger.on
        event = RecordEvent(
            id=f"e{number}",
            kind="created" if is_new else "updated",
            record_type="lead",
            record_id=str(number) if "created" in trigger.on else "1",
            facts={"stage": "" if trigger.field and number % 2 else str(number), "country": "FR"},
        )
        if number == 1:
            begun = process_time()
        state.apply(decide(event, state, config, NOW_MS + number).changes)
    return (process_time() - begun) / (EVENTS - 1)


def main() -> int:
    """Measure, print, and say whether the bound holds where it is asked for."""
    worst = 0.0
    for name, trigger in TRIGGERS.items():
        known = cases(trigger)
        rounds = [{case: seconds_per_event(each, trigger) for case, each in known.items()} for _ in range(ROUNDS)]
        found = {case: min(each[case] for each in rounds) for case in known}
        for case, seconds in found.items():
            ratio = seconds / found["one"]
            worst = max(worst, ratio)
            print(f"{name:14} {case:14} {len(known[case]):5} workflows {seconds * 1e6:7.0f} µs {ratio:7.2f} of one")
    print(f"a thousand: {worst:.2f} of what one costs at most, {MOST_RATIO} is the bound")
    return int("--assert" in sys.argv and worst > MOST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
