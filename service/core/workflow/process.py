"""How far a record is in its process: what of it is remembered, and when nothing is."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from service.core.acting import (
    ANSWERED_WITHIN_MS,
    NOTHING_DONE,
    WANTED_MAX,
    Acting,
    Answerable,
    Answerables,
    ToSet,
    latest,
)
from service.core.case import Case
from service.core.events import RecordEvent
from service.core.in_process import MARKS_MAX, NO_PROGRESS, InProcess, Mark
from service.core.order import Moment, compare
from service.core.workflow_specs import Workflows


def progress_of(case: Case) -> InProcess:
    """How far the record is, to be read only."""
    return case.draft.progress.get(case.name) or NO_PROGRESS


def keep(progress: InProcess, case: Case) -> None:
    """Remember how far the record is, or that there is nothing to be remembered."""
    if progress != NO_PROGRESS:
        case.draft.progress.put(case.name, progress)
    else:
        case.draft.progress.drop(case.name)
    _note(case)


def acting_of(case: Case) -> Acting:
    """What workflows did about the record, to be read only."""
    return case.draft.acting.get(case.name) or NOTHING_DONE


def keep_acting(acting: Acting, case: Case) -> None:
    """Remember what workflows did about the record, or that it is nothing. Of one that is gone it is only kept whose
    condition did not hold when it went.
    """
    acting = Acting(near=acting.near) if case.record.deleted else acting
    if acting != NOTHING_DONE:
        case.draft.acting.put(case.name, acting)
    else:
        case.draft.acting.drop(case.name)
    _note(case)


def answerable_of(case: Case) -> tuple[Answerable, ...]:
    """The values that the CRM may still tell in answer to us, though they are not asked for any more."""
    if case.draft.answerable.is_empty:
        return ()
    known = case.draft.answerable.get(case.name) or Answerables()
    return tuple(each for each in known.values if each.at_ms + ANSWERED_WITHIN_MS > case.now_ms)


def keep_answerable(values: tuple[Answerable, ...], case: Case) -> None:
    """Remember the values that the CRM may still tell in answer to us, or that there are none."""
    if values and not case.record.deleted:
        case.draft.answerable.put(case.name, Answerables(values=latest(values, WANTED_MAX)))
    else:
        case.draft.answerable.drop(case.name)
    _note(case)


def let_answer(wanted: Sequence[ToSet], case: Case) -> None:
    """These values are not asked for any more; should the CRM tell one, that is still its answer."""
    if wanted:
        values = (*answerable_of(case), *(Answerable(each, case.now_ms) for each in wanted))
        keep_answerable(values, case)


def _note(case: Case) -> None:
    """Say in the record whether anything stands beside it."""
    draft, name = case.draft, case.name
    kept = (draft.progress.get(name), draft.acting.get(name), draft.answerable.get(name))
    case.record.has_progress = any(each is not None for each in kept)


def drop(case: Case) -> None:
    """The record is gone, and all of this with it."""
    case.draft.progress.drop(case.name)
    case.draft.acting.drop(case.name)
    case.draft.answerable.drop(case.name)
    case.record.has_progress = False


def process_of(case: Case) -> str:
    """The process that the record is in; empty: nobody said so, its type has not just one, and no step is marked."""
    return process_in(progress_of(case), case.record_type, case.config.workflows)


def process_in(progress: InProcess, record_type: str, workflows: Workflows) -> str:
    """The same of what is remembered of a record of this type. What the CRM said counts (D48). Where it never did, and
    the type has several, the newest step that was marked tells it, whichever of them was told first.
    """
    found = progress.process or workflows.only_process.get(record_type, "")
    if found:
        return found
    newest: Mark | None = None
    for mark in progress.marks:
        if mark.marked and workflows.is_step_of(mark.step, record_type):
            newest = mark if newest is None or compare(mark.moment, newest.moment) != "older" else newest
    return "" if newest is None else newest.step.process


def with_process(event: RecordEvent, at: Moment, known: InProcess) -> InProcess:
    """With the process that the CRM says the record is in by now."""
    if event.process is not None and compare(at, known.told) != "older":
        return replace(known, process=event.process, told=Moment(at.version, at.time_ms))
    return known


def with_mark(event: RecordEvent, at: Moment, known: InProcess) -> InProcess:
    """With what was told of a step, unless something newer is known of it."""
    if event.step is None:
        return known
    mark = Mark(event.step, event.marked, at.version, at.time_ms)
    before = known.mark_of(mark.step)
    if before is not None:
        if compare(mark.moment, before.moment) == "older":
            return known
        version = before.version if mark.version is None else mark.version
        mark = mark._replace(version=version, time_ms=before.time_ms if mark.time_ms is None else mark.time_ms)
    others = tuple(each for each in known.marks if each.step != mark.step)
    return replace(known, marks=(*others, mark)[-MARKS_MAX:])
