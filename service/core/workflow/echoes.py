"""Which open actions an event answers: by saying what was asked for (D49), or by saying that it was done or failed.

A step is answered by anything newer that is told of it, a field that was asked for once it is filled, a field that is
to be set once it has the value, compared as what it is. Where it really got another value the action is over as well,
and that is news. A record that is to be made is answered by the creation of one with all the fields, within a day.

What an event says beyond that is news like any other (`says_more`): what answers us never hides what somebody did.
"""

from __future__ import annotations

import json
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from service.core.acting import (
    ANSWERED_WITHIN_MS,
    ANSWERS_MAX,
    SAID_CHARACTERS,
    Answer,
    Order,
    Orders,
    ToSet,
)
from service.core.case import Case
from service.core.events import RecordEvent
from service.core.filled import is_filled
from service.core.in_process import Asked, InProcess
from service.core.news import News, OwnerNow
from service.core.past import Past
from service.core.workflow.process import acting_of, answerable_of, keep_acting, keep_answerable, let_answer, process_of
from service.core.workflow_specs import Action
from service.language.changes import UNTOLD, is_same, told_at

NUMBER_DIGITS: Final = 2
NO_ACTION: Final = 0
"""The number of none: actions are counted from 1."""
NO_FIELDS: Final[frozenset[str]] = frozenset()
ANSWER_CHARACTERS: Final = 128
"""So much is remembered of the name of a workflow that an answer names: no workflow has a longer one."""


class Echo(NamedTuple):
    """What an event answers: how far the record is once that is known, the fields in which it says what was asked for,
    whether it answers anything, and the step that it says of.
    """

    progress: InProcess
    fields: frozenset[str]
    is_any: bool
    is_of_step: bool


def hear(event: RecordEvent, news: News, progress: InProcess, case: Case) -> Echo:
    """Close the actions that the event answers."""
    if event.action is not None:
        return Echo(_answered(event, event.action, progress, case), NO_FIELDS, is_any=False, is_of_step=False)
    done = [asked for asked in progress.open if _is_done(asked, event, case)]
    told = _told_values(event, news, case)
    if done:
        progress = replace(progress, open=tuple(asked for asked in progress.open if asked not in done))
    fields = {asked.field for asked in done if asked.action == "require_field"} | told
    is_of_step = any(asked.action == "mark_step" for asked in done)
    return Echo(progress, frozenset(fields), bool(done or told), is_of_step)


def _told_values(event: RecordEvent, news: News, case: Case) -> set[str]:
    """The fields of which the event tells a value that we asked for, in whatever order the CRM answers; each time it
    answers the oldest that is still to be told. Where it tells another value, somebody set that.
    """
    acting, answerable = acting_of(case), answerable_of(case)
    told: set[str] = set()
    left = list(answerable)
    for each in answerable:
        if each.asked.field not in told and _has(each.asked, event, case):
            told.add(each.asked.field)
            left.remove(each)
    if told:
        keep_answerable(tuple(left), case)
    asked = [wanted for wanted in acting.wanted if wanted.field not in told]
    got = [wanted for wanted in asked if _has(wanted, event, case)]
    over = [wanted for wanted in asked if wanted.field in news.change.changed and wanted not in got]
    if got or over:
        wanted = tuple(each for each in acting.wanted if each not in got and each not in over)
        keep_acting(replace(acting, wanted=wanted), case)
    let_answer(over, case)
    return told.union(wanted.field for wanted in got)


def made_for_us(event: RecordEvent, case: Case) -> frozenset[str]:
    """The fields that we asked for, where the event tells of a record that we wanted made: then that is asked for no
    more. None: it is not such a record.
    """
    known = None if case.draft.orders.is_empty else case.draft.orders.get(event.record_type)
    if known is None or event.kind != "created":
        return NO_FIELDS
    zone = ZoneInfo(case.config.zone)
    for order in known.open:
        if order.at_ms + ANSWERED_WITHIN_MS > case.now_ms and (fields := _alike(order, event, zone)):
            _close(order, known, event.record_type, case)
            return fields
    return NO_FIELDS


def says_more(event: RecordEvent, echo: Echo, news: News, past: Past, case: Case) -> bool:
    """Whether an update says anything that we had not asked for: another owner, status or process, or other fields.
    `past`: the fields as they were until now.

    Of a field that is remembered it is known whether it changed. One of which nothing is known counts, unless the event
    repeats others as they were: then it tells the whole record, and what it says of a field need be no change.
    """
    if isinstance(news, OwnerNow) or case.has_turned:
        return True
    if event.process is not None and event.process != process_of(case):
        return True
    zone = ZoneInfo(case.config.zone)
    others = [_was_changed(name, event, news, past, zone) for name in event.facts if name not in echo.fields]
    return True in others or (None in others and False not in others)


def _was_changed(name: str, event: RecordEvent, news: News, past: Past, zone: ZoneInfo) -> bool | None:
    """Whether a field, or anything behind a link, is another now; none: nothing is known of what it was."""
    if any(path == name or path.startswith(f"{name}.") for path in news.change.changed):
        return True
    told = past.values.get(name)
    before = told.value if told is not None and told.text else told_at(name, news.before)
    return None if before is UNTOLD else not _is_alike(before, event.facts[name], zone)


def _is_alike(before: object, now: object, zone: ZoneInfo) -> bool:
    """Whether two values are one; of a linked record only parts may be told, or remembered."""
    if isinstance(before, dict) and isinstance(now, dict):
        return all(_is_alike(before[part], now[part], zone) for part in before.keys() & now.keys())
    return is_same(before, now, zone)


def action_named(identity: str) -> tuple[str, int]:
    """The workflow that asked for an action, and the number of the action among its own, from the action's id."""
    _, _, named = identity.partition("/")
    workflow, slash, number = named.partition("/")
    if not slash:
        return workflow, 1
    return workflow, int(number) if len(number) <= NUMBER_DIGITS and number.isdecimal() else NO_ACTION


def _alike(order: Order, event: RecordEvent, zone: ZoneInfo) -> frozenset[str]:
    """The fields that were asked for, where the event says all of them."""
    fields, facts = json.loads(order.text), event.facts
    is_like = all(name in facts and is_same(value, facts[name], zone) for name, value in fields.items())
    return frozenset(fields) if is_like else NO_FIELDS


def _close(order: Order, known: Orders, record_type: str, case: Case) -> None:
    left = tuple(each for each in known.open if each is not order)
    if left:
        case.draft.orders.put(record_type, Orders(open=left))
    else:
        case.draft.orders.drop(record_type)


def _is_done(asked: Asked, event: RecordEvent, case: Case) -> bool:
    """Whether the event says what the action asked for. Of a step it is enough that something newer is told."""
    if asked.action == "mark_step":
        return event.step == asked.step
    if told_at(asked.field, event.facts) is UNTOLD:
        return False
    kind = case.config.workflows.fields.get(event.record_type, {}).get(asked.field, "text")
    return is_filled(kind, event.facts[asked.field])


def _has(wanted: ToSet, event: RecordEvent, case: Case) -> bool:
    """Whether the event says that the field has the value."""
    told = told_at(wanted.field, event.facts)
    return told is not UNTOLD and is_same(json.loads(wanted.text), told, ZoneInfo(case.config.zone))


def _answered(event: RecordEvent, identity: str, progress: InProcess, case: Case) -> InProcess:
    """The CRM says what became of an action: it is not open any more, and the answer is remembered."""
    name, number = action_named(identity)
    workflow = case.config.workflows.all.get(name)
    action = None if workflow is None or not 0 < number <= len(workflow.actions) else workflow.actions[number - 1]
    acting = acting_of(case)
    result: Literal["done", "failed"] = "done" if event.kind == "action_done" else "failed"
    answer = Answer(name[:ANSWER_CHARACTERS], number, result, case.now_ms, event.reason[:SAID_CHARACTERS])
    answerable = answerable_of(case)
    late = next((each for each in answerable if (each.asked.workflow, each.asked.number) == (name, number)), None)
    closed = [each for each in acting.wanted if late is None and (each.workflow, each.number) == (name, number)]
    answers = (*acting.answers, answer)[-ANSWERS_MAX:]
    wanted = tuple(each for each in acting.wanted if each not in closed)
    keep_acting(replace(acting, wanted=wanted, answers=answers), case)
    if result == "done":
        let_answer(closed, case)
    elif late is not None:
        keep_answerable(tuple(each for each in answerable if each is not late), case)
    if action is not None and action.kind == "create_record":
        _forget_order(name, number, action, case)
    left = tuple(asked for asked in progress.open if asked.workflow != name or not _is_of(action, asked))
    return progress if left == progress.open else replace(progress, open=left)


def _is_of(action: Action | None, asked: Asked) -> bool:
    """Whether this is what the action asked for; of one that is not configured any more, all that its workflow did."""
    if action is None:
        return True
    if action.kind != asked.action:
        return False
    return asked.step == action.step if asked.action == "mark_step" else asked.field == action.field


def _forget_order(workflow: str, number: int, action: Action, case: Case) -> None:
    known = case.draft.orders.get(action.record_type)
    made_for = (case.name, workflow, number)
    order = None if known is None else next((each for each in known.open if each[:3] == made_for), None)
    if known is not None and order is not None:
        _close(order, known, action.record_type, case)
