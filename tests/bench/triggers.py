"""What workflows cost: `python -m tests.bench.triggers [--assert]`. Prints ratios of one run, in processor time.

The core alone decides updates of one field each: with no workflow, with one that acts, and with a thousand of which
that one does. The others wait for other fields, or stand at the same trigger with a condition that does not hold.
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

UPDATES: Final = 400
ROUNDS: Final = 3
NOW_MS: Final = 1_772_442_000_000
WORKFLOWS: Final = 1_000
FIELDS: Final = 99
"""Workflows may ask for a hundred fields of a type of record, and one of them is the one that is changed."""
MOST_RATIO: Final = 2.0
"""A thousand workflows that wait for other fields, of what the one that acts costs."""
CAP: Final = Cap(per_record=10**6, per_day=10**6)
TASK: Final = Action("create_record", record_type="task")


def flow(number: int, field: str, condition: str = "") -> Workflow:
    """A workflow that makes a task when a field is changed, where the condition holds."""
    asked = (Predicate(condition, criteria.parse(condition)),) if condition else ()
    trigger = Trigger(("updated",), changed=(field,))
    return Workflow(f"w{number:04}", "lead", trigger, (TASK,), active=True, criteria=asked, cap=CAP)


ONE: Final = flow(0, "stage", "country equals FR")
CASES: Final[Mapping[str, tuple[Workflow, ...]]] = {
    "none": (),
    "one": (ONE,),
    "other fields": (ONE, *(flow(number, f"field_{number % FIELDS}") for number in range(1, WORKFLOWS))),
    "conditions": (ONE, *(flow(number, "stage", f"country equals c{number}") for number in range(1, WORKFLOWS))),
}


def seconds_per_update(workflows: tuple[Workflow, ...]) -> float:
    """How long the core takes for one, applying what comes of it included."""
    config = Config("main", 1, workflows=Workflows(all={each.id: each for each in workflows}))
    state, begun = State(), process_time()
    for number in range(-1, UPDATES):
        event = RecordEvent(
            id=f"e{number}",
            kind="created" if number < 0 else "updated",
            record_type="lead",
            record_id="1",
            facts={"stage": str(number), "country": "FR"},
        )
        if number == 1:
            begun = process_time()
        state.apply(decide(event, state, config, NOW_MS + number).changes)
    return (process_time() - begun) / (UPDATES - 1)


def main() -> int:
    """Measure, print, and say whether the bound holds where it is asked for."""
    rounds = [{name: seconds_per_update(each) for name, each in CASES.items()} for _ in range(ROUNDS)]
    found = {name: min(each[name] for each in rounds) for name in CASES}
    for name, seconds in found.items():
        ratio = seconds / found["one"]
        print(f"{name:14} {len(CASES[name]):5} workflows {seconds * 1e6:9.0f} µs an update {ratio:8.2f} of one")
    ratio = found["other fields"] / found["one"]
    print(f"a thousand for other fields: {ratio:.2f} of what one costs, {MOST_RATIO} is the bound")
    return int("--assert" in sys.argv and ratio > MOST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
