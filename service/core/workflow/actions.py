"""What a workflow does, one row for each kind of action: it is done, or something stands against it.

What asks the CRM for something is a request, and changes nothing here: it is remembered once the CRM tells it (D49).
What gives the record to somebody or tells somebody is done with the decision itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from service.core import rules
from service.core.acting import ORDERS_MAX, WANTED_MAX, Order, Orders, ToSet, latest
from service.core.events import Target
from service.core.filled import is_filled
from service.core.holding.assign import WORKFLOW, give_linked, release
from service.core.model import Assigned, Decision, Trace
from service.core.naming import id_in
from service.core.past import NOTHING_TOLD
from service.core.questions import give_to, is_there, waits_for
from service.core.reasons import Withheld
from service.core.rule_sets import Entry, EntryTarget, Ladder, RuleSet
from service.core.telling import notify
from service.core.telling.timing import GIVEN
from service.core.traits import folded
from service.core.workflow.doing import Turn
from service.core.workflow.process import acting_of, keep_acting, let_answer, process_of, progress_of
from service.core.workflow_specs import ActionKind
from service.language.changes import is_same

TOLD_MAX: Final = 100
"""So many people hear of one action at most: the first by name."""
VALUE_CHARACTERS: Final = 4_000
"""How long the JSON text of a value may be that a field is to be set to."""

_write: Final = json.JSONEncoder(separators=(",", ":")).encode


def act(turn: Turn) -> Withheld | None:
    """Do it, or say what stands against it."""
    return ACTIONS[turn.action.kind](turn)


def _mark_step(turn: Turn) -> Withheld | None:
    step, progress, process = turn.action.step, progress_of(turn.case), process_of(turn.case)
    if process != step.process:
        return "other_process" if process else "process_unknown"
    if progress.is_marked(step):
        return "marked_already"
    if step in turn.doing.marked or any(each.step == step for each in progress.open if each.action == "mark_step"):
        return "asked_already"
    turn.doing.marked.add(step)
    turn.open("mark_step")
    turn.request()
    return None


def _require_field(turn: Turn) -> Withheld | None:
    field = turn.action.field
    told = (turn.case.draft.past.get(turn.case.name) or NOTHING_TOLD).values.get(field)
    if field in turn.doing.set_now:
        value: object = turn.doing.set_now[field]
    elif told is None:
        return "field_unknown"
    else:
        value = told.value
    if is_filled(turn.action.field_type, value):
        return "filled_already"
    turn.open("require_field")
    turn.request()
    return None


def _set_field(turn: Turn) -> Withheld | None:
    field, case = turn.action.field, turn.case
    value, zone = turn.doing.value_of(turn.action.value), ZoneInfo(case.config.zone)
    text = _write(value)
    if len(text) > VALUE_CHARACTERS:
        return "value_too_long"
    told = (case.draft.past.get(case.name) or NOTHING_TOLD).values.get(field)
    known = turn.doing.set_now.get(field) if field in turn.doing.set_now else None if told is None else told.value
    if (told is not None or field in turn.doing.set_now) and is_same(known, value, zone):
        return "set_already"
    acting = acting_of(case)
    if any(each.field == field and is_same(json.loads(each.text), value, zone) for each in acting.wanted):
        return "asked_already"
    wanted = ToSet(turn.workflow.id, turn.number, field, text)
    others = tuple(each for each in acting.wanted if each.field != field)
    let_answer([each for each in acting.wanted if each.field == field], case)
    keep_acting(replace(acting, wanted=latest((*others, wanted), WANTED_MAX)), case)
    turn.doing.set_field(field, value)
    turn.request(value=value)
    return None


def _create_record(turn: Turn) -> Withheld | None:
    record_type, case = turn.action.record_type, turn.case
    fields = {name: turn.doing.value_of(value) for name, value in turn.action.fields}
    text = _write(fields)
    if len(text) > VALUE_CHARACTERS:
        return "value_too_long"
    order = Order(case.name, turn.workflow.id, turn.number, text, case.now_ms)
    known = case.draft.orders.get(record_type) or Orders()
    case.draft.orders.put(record_type, Orders(open=latest((*known.open, order), ORDERS_MAX)))
    turn.request(fields=fields)
    return None


def _assign(turn: Turn) -> Withheld | None:
    """Give the record to the target, as an entry of a rule would whose records may be anybody's but a person's (D5)."""
    case, doing, target = turn.case, turn.doing, turn.action.target
    assert target is not None, "this action has a target"
    if doing.is_assigned:
        return "assigned_already"
    if case.record.closed:
        return "record_closed"
    if case.record.owner and not case.record.by_us:
        return "owner_chosen"
    facts, case.facts, case.requires = case.facts, doing.facts, ()
    found = rules.find(_choice(case.record_type, target), case)
    case.facts = facts
    won = found.won or found.absent
    if won is None:
        return "target_unfit"
    if _has_it(won.target, turn):
        return "there_already"
    released = release(case, "reassigned")
    trace = Trace(question=WORKFLOW, workflow=turn.workflow.id)
    released = None if released is None else replace(released, trace=trace)
    given = give_to(case, won.target, trace) if won.linked is None else give_linked(case, won.linked, trace)
    if released is not None and any(isinstance(each.outcome, Assigned) for each in doing.decisions):
        released = replace(released, notifications=())
    before = tuple(map(_untold, doing.decisions))
    doing.decisions = (*before, given) if released is None else (*before, released, given)
    doing.is_assigned = True
    return None


def _has_it(target: Target | Ladder, turn: Turn) -> bool:
    """Whether one of the target's people has the record, or it waits there."""
    parked = turn.case.draft.parked.get(turn.case.name)
    if parked is None:
        return bool(turn.case.record.owner) and is_there(target, turn.case.record, turn.case)
    return target == waits_for(parked, turn.case)


def _untold(decision: Decision) -> Decision:
    """Who has it no more was not told that they have it: only the last owner is."""
    left = tuple(each for each in decision.notifications if each.kind not in GIVEN)
    return decision if len(left) == len(decision.notifications) else replace(decision, notifications=left)


def _notify(turn: Turn) -> Withheld | None:
    doing, workflow, config = turn.doing, turn.workflow.id, turn.case.config
    known = {each.person for each in (*doing.decisions[-1].notifications, *doing.notifications)}
    people = list(dict.fromkeys(_people(turn)))[:TOLD_MAX]
    others = [person for person in people if person not in known]
    found = [each for person in others for each in notify.of_workflow(person, workflow, config)]
    doing.notifications += found
    return None if found else "told_already" if known.intersection(people) else "nobody_to_tell"


def _people(turn: Turn) -> Iterator[str]:
    told, case = turn.action.told, turn.case
    if told.owner:
        yield case.record.owner or case.before.owner
    if told.person:
        yield told.person
    if told.role:
        wanted = ("role", folded(told.role))
        for name, user in case.config.users.items():
            if wanted in user.traits:
                yield name
    if told.field:
        value = turn.doing.facts.get(told.field)
        for each in value if isinstance(value, list) else (value,):
            person = id_in(each)
            if person:
                yield case.config.person(person)


@lru_cache(maxsize=1_024)
def _choice(record_type: str, target: EntryTarget) -> RuleSet:
    """The target as the only entry of a rule set: what holds for entries holds for it."""
    return RuleSet("", record_type, (Entry("", target),))


ACTIONS: Final[Mapping[ActionKind, Callable[[Turn], Withheld | None]]] = {
    "mark_step": _mark_step,
    "require_field": _require_field,
    "set_field": _set_field,
    "create_record": _create_record,
    "assign": _assign,
    "notify": _notify,
}
"""What is done, by kind."""
