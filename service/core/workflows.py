"""What follows from workflows: from a field that is filled, or a step that is marked, to an action that is asked for.

Like everything else it is heard first, then acted on. `hear` takes note of what an event tells of the record's process,
and says what of it really happened: which fields were filled, which step was marked. `follow` asks the workflows that
care for it, found by the name of the field or step, and has their actions asked for with the decision.

An action is asked for once per real change. It is *open* until the CRM tells that it is done; that telling is its echo
and no news (D49). What one workflow asks for sets off no other (S106): nothing here is heard but what the CRM tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import RecordEvent
from service.core.filled import is_filled
from service.core.in_process import (
    MARKS_MAX,
    NO_PROGRESS,
    OPEN_MAX,
    WEIGHED_MAX,
    Asked,
    Considered,
    InProcess,
    Mark,
    step_element,
)
from service.core.model import ActionRequest, Decision, Weighed
from service.core.news import Deleted, News
from service.core.order import Moment, compare
from service.core.past import NOTHING_TOLD, Past
from service.core.reasons import Withheld
from service.core.workflow_specs import Workflow
from service.language.changes import UNTOLD, told_at


class Occasion(NamedTuple):
    """Something that a workflow cares for, with the values before and after: of the field that it is triggered by, or
    whether its step was marked. `reason`: why it is none, after all.
    """

    workflow: Workflow
    before: Any
    after: Any
    reason: Withheld | None = None


def hear(event: RecordEvent, news: News, before: Past, case: Case) -> tuple[News, tuple[Occasion, ...]]:
    """The news without echoes of actions, and what workflows care for. `before`: the fields as they were until now."""
    workflows = case.config.workflows
    is_gone = isinstance(news, Deleted)
    if is_gone or event.record_type not in workflows.fields_read:
        if is_gone and case.record.has_progress:
            _keep(NO_PROGRESS, case)
        return news, ()
    known = case.draft.progress.get(case.name) or NO_PROGRESS
    occasions = [*_fields(event, news, before, known, case), *_steps(event, news, known, case)]
    now = _with_process(event, news.at, known)
    if event.step in workflows.steps_used:
        now = _with_mark(Mark(event.step, event.marked, news.at.version, news.at.time_ms), now)
    done = [asked for asked in known.open if _is_done(asked, event, case)]
    if done:
        now = replace(now, open=tuple(asked for asked in now.open if asked not in done))
        echoes = {asked.field for asked in done if asked.action == "require_field"}
        news = replace(news, change=news.change._replace(changed=news.change.changed - echoes))
    if now != known:
        _keep(now, case)
    return news, tuple(sorted(occasions, key=lambda occasion: occasion.workflow.id))


def follow(occasions: tuple[Occasion, ...], decisions: tuple[Decision, ...], case: Case) -> tuple[Decision, ...]:
    """The decisions, the last of them with the actions that workflows ask for, and with what stood against others."""
    if not occasions:
        return decisions
    actions: list[ActionRequest] = []
    weighed: list[Weighed] = []
    for occasion in occasions:
        workflow = occasion.workflow
        reason = occasion.reason or _withheld(workflow, case)
        weighed.append(Weighed(workflow.id, reason))
        if reason is None:
            actions.append(_asked_for(occasion, case))
        elif occasion.reason is None:
            usage = case.draft.workflows.edit(workflow.id)
            usage.withheld, usage.withheld_ms = reason, case.now_ms
    _remember(weighed, case)
    last = decisions[-1]
    trace = replace(last.trace, workflows=tuple(weighed))
    return (*decisions[:-1], replace(last, trace=trace, actions=tuple(actions)))


def _remember(weighed: list[Weighed], case: Case) -> None:
    """Keep what workflows did when they last cared for the record."""
    progress = case.draft.progress.get(case.name) or NO_PROGRESS
    considered = tuple(Considered(each.workflow, each.withheld or "") for each in weighed[:WEIGHED_MAX])
    _keep(replace(progress, weighed=considered, weighed_ms=case.now_ms), case)


def _keep(progress: InProcess, case: Case) -> None:
    """Remember how far the record is, or that there is nothing to be remembered."""
    case.record.has_progress = progress != NO_PROGRESS
    if case.record.has_progress:
        case.draft.progress.put(case.name, progress)
    else:
        case.draft.progress.drop(case.name)


def _fields(event: RecordEvent, news: News, before: Past, known: InProcess, case: Case) -> Iterator[Occasion]:
    """Fields that got another value. One that was too long to keep is told by the event alone."""
    by_field = case.config.workflows.on_filled.get(event.record_type)
    if not by_field:
        return
    kept, past = news.past.values, before.values
    echoes = {asked.field for asked in known.open if asked.action == "require_field"}
    for field in {*news.change.changed, *event.facts} & by_field.keys() - echoes:
        workflow = by_field[field]
        was, now = past.get(field), kept.get(field)
        if field in news.change.changed:
            value = event.facts.get(field) if now is None or not now.text else now.value
            yield _filling(workflow, news.change.before.get(field), value)
        elif was is not None and was.text and now is not None and not now.text:
            yield _filling(workflow, was.value, event.facts.get(field))


def _filling(workflow: Workflow, before: object, after: object) -> Occasion:
    """A field with another value, which is an occasion where it was empty and is filled."""
    if not is_filled(workflow.field_type, after):
        return Occasion(workflow, before, after, "left_empty")
    if is_filled(workflow.field_type, before):
        return Occasion(workflow, before, after, "filled_before")
    return Occasion(workflow, before, after)


def _steps(event: RecordEvent, news: News, known: InProcess, case: Case) -> Iterator[Occasion]:
    """A step that is marked and was not. The echo of our own action is no occasion, nor is what came late."""
    workflow = None if event.step is None else case.config.workflows.on_marked.get(event.step)
    if workflow is None or not event.marked:
        return
    mark = known.mark_of(workflow.step)
    if any(_is_done(asked, event, case) for asked in known.open if asked.action == "mark_step"):
        return
    if mark is not None and compare(news.at, mark.moment) == "older":
        return
    is_marked = mark is not None and mark.marked
    yield Occasion(workflow, is_marked, event.marked, "marked_before" if is_marked else None)


def _with_process(event: RecordEvent, at: Moment, known: InProcess) -> InProcess:
    """The process that the record is in by now. A step that is marked tells it where nobody else did."""
    if event.process is not None and compare(at, known.told) != "older":
        return replace(known, process=event.process, told=Moment(at.version, at.time_ms))
    if not known.process and event.process is None and event.step is not None and event.marked:
        return replace(known, process=event.step.process)
    return known


def _with_mark(mark: Mark, known: InProcess) -> InProcess:
    """With what was told of a step, unless something newer is known of it."""
    before = known.mark_of(mark.step)
    if before is not None:
        if compare(mark.moment, before.moment) == "older":
            return known
        version = before.version if mark.version is None else mark.version
        mark = mark._replace(version=version, time_ms=before.time_ms if mark.time_ms is None else mark.time_ms)
    others = tuple(each for each in known.marks if each.step != mark.step)
    return replace(known, marks=(*others, mark)[-MARKS_MAX:])


def _is_done(asked: Asked, event: RecordEvent, case: Case) -> bool:
    """Whether the event says what the action asked for. Of a step it is enough that something newer is told."""
    if asked.action == "mark_step":
        return event.step == asked.step
    if told_at(asked.field, event.facts) is UNTOLD:
        return False
    kind = case.config.workflows.fields.get(event.record_type, {}).get(asked.field, "text")
    return is_filled(kind, event.facts[asked.field])


def _withheld(workflow: Workflow, case: Case) -> Withheld | None:
    """What stands against a workflow whose occasion has come; none: nothing."""
    usage = case.draft.workflows.get(workflow.id)
    if usage is not None and usage.lost:
        return "field_deleted" if usage.lost.startswith("field/") else "step_deleted"
    element = case.draft.elements.get(step_element(workflow.step))
    if element is not None and element.requires_note:
        return "note_required"
    if element is not None and element.generates_task:
        return "task_generated"
    if case.depth > case.config.depth_limit:
        return "chain_depth"
    progress = case.draft.progress.get(case.name) or NO_PROGRESS
    process = progress.process or case.config.workflows.only_process.get(workflow.record_type, "")
    if process != workflow.step.process:
        return "other_process" if process else "process_unknown"
    return _done_already(workflow, progress, case)


def _done_already(workflow: Workflow, progress: InProcess, case: Case) -> Withheld | None:
    if workflow.action == "mark_step":
        if progress.is_marked(workflow.step):
            return "marked_already"
        is_asked = any(asked.step == workflow.step for asked in progress.open if asked.action == "mark_step")
        return "asked_already" if is_asked else None
    told = (case.draft.past.get(case.name) or NOTHING_TOLD).values.get(workflow.field)
    if told is None:
        return "field_unknown"
    return "filled_already" if is_filled(workflow.field_type, told.value) else None


def _asked_for(occasion: Occasion, case: Case) -> ActionRequest:
    """Ask for the action of a workflow: it is counted, and open from now on."""
    workflow = occasion.workflow
    usage = case.draft.workflows.edit(workflow.id)
    usage.times += 1
    usage.last_ms = case.now_ms
    progress = case.draft.progress.get(case.name) or NO_PROGRESS
    asked = Asked(workflow.id, workflow.action, workflow.field, workflow.step)
    others = tuple(each for each in progress.open if each.workflow != workflow.id)
    _keep(replace(progress, open=(*others, asked)[-OPEN_MAX:]), case)
    case.record.sequence += 1
    return ActionRequest(
        workflow=workflow.id,
        action=workflow.action,
        step=workflow.step,
        field=workflow.field,
        enforcement=workflow.enforcement,
        before=occasion.before,
        after=occasion.after,
        reason=_sentence(workflow),
        sequence=case.record.sequence,
    )


def _sentence(workflow: Workflow) -> str:
    """Why the action is asked for."""
    step = f"the step {workflow.step.step} of {workflow.step.process}"
    if workflow.action == "mark_step":
        return f"{workflow.called}: the field {workflow.field} was filled, so {step} is to be marked"
    word = "must be filled" if workflow.enforcement == "required" else "is asked for"
    return f"{workflow.called}: {step} was marked and the field {workflow.field} is empty, so it {word}"
