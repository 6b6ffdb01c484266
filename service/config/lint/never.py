"""Workflows that never do anything: what sets them off and what they ask exclude each other, or another one is first.

What a trigger says is a condition like any other: a field that was just filled holds something. So is what an action
needs: a field is asked for where it is empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.config import Document
from schemas.config_rules import Target
from schemas.config_workflows import Action, Workflow
from service.config.conditions import asked_of, calendar_of
from service.config.findings import Finding
from service.config.lint.entries import taken_by
from service.config.lint.written import never_fits, whole
from service.config.nodes import Steps
from service.language.implication import implies, never
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.operators import NAMED
from service.language.predicate import Predicate
from service.language.tree import All, Always, Compare, Condition, Not

GIVERS_MAX: Final = 20
"""With so many of one type of record, from the first on, later ones are compared."""


class _Giver(NamedTuple):
    """An active workflow that gives its record to somebody, and what it asks of it."""

    name: str
    workflow: Workflow
    fits: Condition


def of_idle_workflows(document: Document) -> Iterator[Finding]:
    """Everything of the kind."""
    for workflow_id, workflow in document.workflows.items():
        path: Steps = ("workflows", workflow_id)
        asked = _asked(workflow, document)
        implied = _implied(workflow)
        found = never_fits((*asked, *implied), "workflow") if never(_all(*asked, *implied)) else ""
        if found:
            yield Finding(path, found)
            continue
        for place, action in workflow.placed_actions:
            message = _idle(workflow, action, asked)
            if message:
                yield Finding((*path, *place, action.kind), message)
    yield from _of_waiting(document)
    yield from _of_givers(document)


def _asked(workflow: Workflow, document: Document) -> tuple[Predicate, ...]:
    """What is asked whenever it is set off. What was changed, and the values before, are not asked at the creation."""
    trigger = workflow.trigger
    asked = asked_of(workflow, trigger.changed, trigger.before, calendar_of(document.settings))
    return asked.criteria if "created" in trigger.on else (*asked.criteria, *asked.changed, *asked.before)


def _all(*parts: Predicate) -> Condition:
    return All(tuple(part.condition for part in parts))


def _empty(field: str, *, in_domain: bool) -> Condition:
    """That a field holds nothing, as the notation has it."""
    path = tuple(field.split("."))
    operator, nothing = (DOMAIN["="].operator, False) if in_domain else (NAMED["equals"].operator, "")
    return Compare(path, operator, nothing)


def _implied(workflow: Workflow) -> tuple[Predicate, ...]:
    """What holds of a field that was just filled. One that was emptied may hold blanks, so nothing is sure of it."""
    trigger, in_domain = workflow.trigger, workflow.domain is not None
    if trigger.field_filled is not None:
        empty = _empty(trigger.field_filled, in_domain=in_domain)
        return (Predicate(f"{trigger.field_filled} just filled", Not(empty)),)
    return ()


def _idle(workflow: Workflow, action: Action, asked: tuple[Predicate, ...]) -> str:
    """Why an action never comes to anything; empty: it may."""
    trigger = workflow.trigger
    if action.mark_step is not None and action.mark_step == trigger.step_marked:
        return "this step is marked by then, so this does nothing: mark another one"
    if action.require_field is None:
        return ""
    field = action.require_field.field
    if field == trigger.field_filled:
        return f'"{field}" is filled by then, and is asked for where it is empty: ask for another field'
    empty = Predicate("", _empty(field, in_domain=workflow.domain is not None))
    if never(_all(*asked, empty)):
        return f'"{field}" is asked for where it is empty, and by the condition it is not: change one of the two'
    return ""


def _of_waiting(document: Document) -> Iterator[Finding]:
    """What waits for a turn is what pools and plans, rules and defaults are for."""
    waiting = {pool.record_type for pool in document.pools.values()} | {*document.defaults}
    waiting |= {rule_set.record_type for rule_set in document.rule_sets.values()}
    waiting |= {"lead"} if document.plans else set()
    for workflow_id, workflow in document.workflows.items():
        record_type = workflow.type_in(document.processes)
        if workflow.trigger.waiting_for is not None and waiting.isdisjoint({record_type, "*"}):
            message = f"no pool takes {record_type}s, so none ever waits in a line: name a type that does"
            yield Finding(("workflows", workflow_id, "trigger", "waiting_for"), message)


def _of_givers(document: Document) -> Iterator[Finding]:
    """What comes second wherever it would give a record away: that is done once for each thing that happens, by the
    first in the order of ids, and in a workflow by its first action.
    """
    calendar = calendar_of(document.settings)
    before: defaultdict[str, list[_Giver]] = defaultdict(list)
    for name, workflow in sorted(document.workflows.items()):
        record_type = workflow.type_in(document.processes)
        certain = [_is_certain(action.assign, document, record_type) for _, action in workflow.placed_actions]
        for number, (place, action) in enumerate(workflow.placed_actions):
            if action.assign is not None and any(certain[:number]):
                message = "an action above gives the record away already, and it is given once: keep one of the two"
                yield Finding(("workflows", name, *place, "assign"), message)
        if not workflow.active or all(action.assign is None for _, action in workflow.placed_actions):
            continue
        giver = _Giver(name, workflow, whole(workflow, calendar))
        first = next((each for each in before[record_type] if _is_before(each, giver)), None)
        if first is not None:
            message = (
                f'"{first.name}" is set off by the same and gives the record away before, and it is given once: keep '
                "one of the two, or say in conditions which is for which record"
            )
            yield Finding(("workflows", name), message)
        if any(certain) and len(before[record_type]) < GIVERS_MAX:
            before[record_type].append(giver)


def _is_certain(target: Target | None, document: Document, record_type: str) -> bool:
    """Whether this gives a record to somebody whatever the record says; one that may lead to nobody leaves it to
    others.
    """
    return target is not None and taken_by(target, document, record_type) == Always()


def _is_before(first: _Giver, second: _Giver) -> bool:
    """Whether one gives away whatever the other would."""
    one, other = first.workflow.trigger, second.workflow.trigger
    is_wider = bool(other.on) and {*other.on} <= {*one.on} and not one.changed and one.before is None
    return (one == other or is_wider) and implies(second.fits, first.fits)
