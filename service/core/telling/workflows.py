"""What workflows do, in the words of people: what sets each off, what it does, and why it did nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from service.core.acting import Acting
from service.core.configuration import Config
from service.core.in_process import InProcess
from service.core.limit_spec import words_of
from service.core.model import Weighed
from service.core.reasons import WITHHELD
from service.core.workflow_specs import Action, FromField, Hearers, StepName, Trigger, TriggerKind, Value, Workflow
from service.language.printing import leaf_text
from service.language.tree import leaves

Cells = Sequence[str]


def last_weighed(known: InProcess, acting: Acting) -> tuple[Weighed, ...]:
    """What is remembered of the workflows that last cared for a record: so it is known where no decision tells it."""
    near = {each.workflow: each.criterion for each in acting.near}
    return tuple(
        Weighed(each.workflow, reason, near.get(each.workflow) if reason == "condition" else None)
        for each in known.weighed
        for reason in [next((word for word in WITHHELD if word == each.withheld), None)]
    )


def rows_of(weighed: Iterable[Weighed], config: Config) -> Iterator[Cells]:
    """The workflows that cared for what happened: whether each acted, and what decided."""
    for each in weighed:
        known = config.workflows.all.get(each.workflow)
        name = each.workflow if known is None else known.called
        does = _does(known) if each.withheld is None else why_not(each.withheld, each.criterion, known)
        yield (f'workflow "{name}"', "no" if each.withheld is not None else "yes", does)


def why_not(withheld: str, criterion: int | None, workflow: Workflow | None) -> str:
    """Why a workflow did nothing; where its condition did not hold, the comparison that decided."""
    sentence = next((sentence for word, sentence in WITHHELD.items() if word == withheld), "")
    asked = () if criterion is None or workflow is None else leaves(workflow.condition)
    if criterion is None or criterion >= len(asked):
        return sentence
    return f"{sentence}: {leaf_text(asked[criterion])}"


def _does(workflow: Workflow | None) -> str:
    if workflow is None:
        return "no longer in the configuration"
    return f"{trigger_words(workflow.trigger)}: {', '.join(map(action_words, workflow.actions))}"


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
