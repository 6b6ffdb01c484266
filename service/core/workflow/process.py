"""How far a record is in its process: what of it is remembered, and when nothing is."""

from __future__ import annotations

from msgspec.structs import replace

from service.core.acting import NOTHING_DONE, Acting
from service.core.case import Case
from service.core.events import RecordEvent
from service.core.in_process import MARKS_MAX, NO_PROGRESS, InProcess, Mark
from service.core.order import Moment, compare


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
    """Remember what workflows did about the record, or that it is nothing. Of one that is gone nothing is kept."""
    if acting != NOTHING_DONE and not case.record.deleted:
        case.draft.acting.put(case.name, acting)
    else:
        case.draft.acting.drop(case.name)
    _note(case)


def _note(case: Case) -> None:
    """Say in the record whether anything stands beside it."""
    draft, name = case.draft, case.name
    case.record.has_progress = draft.progress.get(name) is not None or draft.acting.get(name) is not None


def drop(case: Case) -> None:
    """The record is gone, and all of this with it."""
    case.draft.progress.drop(case.name)
    case.draft.acting.drop(case.name)
    case.record.has_progress = False


def process_of(case: Case) -> str:
    """The process that the record is in; empty: nobody said so, and its type has not just one."""
    return progress_of(case).process or case.config.workflows.only_process.get(case.record_type, "")


def with_process(event: RecordEvent, at: Moment, known: InProcess) -> InProcess:
    """The process that the record is in by now. A step that is marked tells it where nobody else did."""
    if event.process is not None and compare(at, known.told) != "older":
        return replace(known, process=event.process, told=Moment(at.version, at.time_ms))
    if not known.process and event.process is None and event.step is not None and event.marked:
        return replace(known, process=event.step.process)
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
