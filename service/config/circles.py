"""Workflows that set each other off: what one asks for, once the CRM tells it, is what another is triggered by.

What a workflow asked for is no news when it comes back, so a circle ends where the CRM does just that and nothing else.
It is worth a look all the same: a rule of the CRM that undoes it, or a person who does it, makes it go round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from schemas.config import Document
from schemas.config_workflows import Action, Trigger, Workflow
from service.config.findings import Finding


def of_circles(document: Document) -> Iterator[Finding]:
    """Each circle once, told at the first of its active workflows."""
    active = {name: each for name, each in sorted(document.workflows.items()) if each.active}
    follows = {
        name: [other for other, each in active.items() if _sets_off(workflow, each, document)]
        for name, workflow in active.items()
    }
    told: set[frozenset[str]] = set()
    for name in active:
        circle = _circle(name, follows)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            way = " → ".join((*circle, name))
            message = f"these set each other off: {way}; say in a condition where that ends"
            yield Finding(("workflows", name, "trigger"), message)


def _circle(start: str, follows: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The shortest way from a workflow back to itself; nothing where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for name in follows[way[-1]]:
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return ()


def _sets_off(one: Workflow, other: Workflow, document: Document) -> bool:
    """Whether what the one asks for is what the other is triggered by."""
    is_same_type = one.type_in(document.processes) == other.type_in(document.processes)
    return any(
        _is_heard(action, other.trigger) if action.create_record is None else _is_made(action, other, document)
        for _, action in one.placed_actions
        if is_same_type or action.create_record is not None
    )


def _is_heard(action: Action, trigger: Trigger) -> bool:
    if action.mark_step is not None:
        return trigger.step_marked == action.mark_step
    asked = action.set_field or action.require_field
    if asked is None:
        return False
    is_update = "updated" in trigger.on and (not trigger.changed or asked.field in trigger.changed)
    return is_update or asked.field in (trigger.field_filled, trigger.field_cleared)


def _is_made(action: Action, other: Workflow, document: Document) -> bool:
    made = action.create_record
    return made is not None and "created" in other.trigger.on and other.type_in(document.processes) == made.type
