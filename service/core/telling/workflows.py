"""What workflows do, in the words of people: what sets each off, what it does, and why it did nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from service.core.acting import Acting
from service.core.configuration import Config
from service.core.in_process import InProcess
from service.core.limit_spec import words_of
from service.core.model import ActionRequest, Weighed
from service.core.parked import Parked
from service.core.reasons import WITHHELD
from service.core.telling.clock import clock_time
from service.core.workflow_specs import (
    Action,
    ActionKind,
    FromField,
    Hearers,
    StepName,
    Trigger,
    TriggerKind,
    Value,
    Workflow,
)
from service.language.printing import leaf_text
from service.language.tree import leaves

Cells = Sequence[str]
OURS: Final[frozenset[ActionKind]] = frozenset({"assign", "notify"})
"""What is done here, and not asked of the CRM."""


def last_weighed(known: InProcess, acting: Acting) -> tuple[Weighed, ...]:
    """What is remembered of the workflows that last cared for a record: so it is known where no decision tells it."""
    near = {each.workflow: each.criterion for each in acting.near}
    return tuple(
        Weighed(each.workflow, reason, near.get(each.workflow) if reason == "condition" else None)
        for each in known.weighed
        for reason in [next((word for word in WITHHELD if word == each.withheld), None)]
    )


def rows_of(
    weighed: Iterable[Weighed], config: Config, requests: Sequence[ActionRequest] | None = None
) -> Iterator[Cells]:
    """The workflows that cared for what happened: whether each acted, and what decided. `requests` are all that was
    asked for; none: that is not known.
    """
    for each in weighed:
        known = config.workflows.all.get(each.workflow)
        name = each.workflow if known is None else known.called
        does = _does(known, requests) if each.withheld is None else why_not(each.withheld, each.criterion, known)
        yield (f'workflow "{name}"', "no" if each.withheld is not None else "yes", does)


def why_not(withheld: str, criterion: int | None, workflow: Workflow | None) -> str:
    """Why a workflow did nothing; where its condition did not hold, the comparison that decided."""
    sentence = next((sentence for word, sentence in WITHHELD.items() if word == withheld), "")
    asked = () if criterion is None or workflow is None else leaves(workflow.condition)
    if criterion is None or criterion >= len(asked):
        return sentence
    return f"{sentence}: {leaf_text(asked[criterion])}"


def followed(requests: Sequence[ActionRequest], weighed: Iterable[Weighed]) -> list[Weighed]:
    """The workflows that cared, in their order: those that asked for something, and what is known of all others."""
    cared = {each.workflow: each for each in weighed}
    cared |= {each.workflow: Weighed(each.workflow, None) for each in requests}
    return sorted(cared.values(), key=lambda each: each.workflow)


def due_at(record_type: str, parked: Parked, acting: Acting, config: Config) -> list[tuple[str, int]]:
    """The workflows that a record which waits will set off, and when (milliseconds since 1970, UTC), the next first."""
    told_ms = acting.waited_ms if acting.since_ms == parked.since_ms else 0
    due = [
        (each.id, parked.since_ms + each.trigger.after_ms)
        for each in config.workflows.all.values()
        if each.active and each.record_type == record_type and each.trigger.after_ms > told_ms
    ]
    return sorted(due, key=lambda each: (each[1], each[0]))


def due_rows(due: Iterable[tuple[str, int]], config: Config) -> Iterator[Cells]:
    """The same for people: when, and what each does then."""
    for workflow_id, at_ms in due:
        known = config.workflows.all[workflow_id]
        does = ", ".join(map(action_words, known.actions))
        when = clock_time(datetime.fromtimestamp(at_ms / 1_000, UTC), config.zone)
        yield (f'workflow "{known.called}"', f"due {when}", f"if it still waits then: {does}")


def _does(workflow: Workflow | None, requests: Sequence[ActionRequest] | None) -> str:
    """What it did: of what is asked of the CRM that which was asked for, and what there was no need for."""
    if workflow is None:
        return "no longer in the configuration"
    asked = None if requests is None else {each.number for each in requests if each.workflow == workflow.id}
    done: list[str] = []
    left: list[str] = []
    for number, action in enumerate(workflow.actions, 1):
        is_done = asked is None or action.kind in OURS or number in asked
        (done if is_done else left).append(action_words(action))
    said = f"{trigger_words(workflow.trigger)}: {', '.join(done)}"
    return f"{said}; nothing to do for: {', '.join(left)}" if left else said


def trigger_words(trigger: Trigger) -> str:
    """What sets a workflow off: `budget filled`."""
    changed = f" ({', '.join(trigger.changed)} changed)" if trigger.changed else ""
    match trigger.on:
        case ("field_filled",):
            return f"{trigger.field} filled"
        case ("field_cleared",):
            return f"{trigger.field} emptied"
        case ("step_marked",):
            return f"{trigger.step} marked"
        case ("waiting_for",):
            return f"waiting for {words_of(trigger.after_ms)}"
        case kinds:
            return " or ".join(kind.replace("_", " ") for kind in kinds) + changed


def action_words(action: Action) -> str:
    """What a workflow does: `mark sales/qualified`."""
    match action.kind:
        case "mark_step":
            return f"mark {action.step}"
        case "require_field":
            return f"{'require' if action.enforcement == 'required' else 'ask for'} {action.field}"
        case "set_field":
            return f"set {action.field} to {_value(action.value)}"
        case "create_record":
            return f"make a {action.record_type}"
        case "assign":
            return f"assign to {action.target}"
        case _:
            return f"tell {_people(action.told)}"


def _value(value: Value) -> str:
    return f"what {value.path} says" if isinstance(value, FromField) else "nothing" if value is None else str(value)


def _people(told: Hearers) -> str:
    if told.owner:
        return "the owner"
    if told.role:
        return f"everybody with the role {told.role}"
    return told.person or f"whom {told.field} names"


def sentence(workflow: Workflow, action: Action, kind: TriggerKind) -> str:
    """Why an action is asked for."""
    return f"{workflow.called}: {_happened(workflow.trigger, kind)}{_wanted(action)}"


def _happened(trigger: Trigger, kind: TriggerKind) -> str:
    match kind:
        case "field_filled":
            return f"the field {trigger.field} was filled"
        case "field_cleared":
            return f"the field {trigger.field} was emptied"
        case "step_marked":
            return f"{_step(trigger.step)} was marked"
        case "waiting_for":
            return f"the record has waited for {words_of(trigger.after_ms)}"
        case "owner_changed":
            return "the record has another owner"
        case _:
            return f"the record was {kind}"


def _wanted(action: Action) -> str:
    match action.kind:
        case "mark_step":
            return f", so {_step(action.step)} is to be marked"
        case "require_field":
            word = "must be filled" if action.enforcement == "required" else "is asked for"
            return f" and the field {action.field} is empty, so it {word}"
        case "set_field":
            return f", so the field {action.field} is to be set"
        case _:
            return f", so a {action.record_type} is to be made"


def _step(step: StepName) -> str:
    return f"the step {step.step} of {step.process}"
