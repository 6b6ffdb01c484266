"""Workflows that set each other off: what one asks for, once the CRM tells it, is what another is triggered by.

What a workflow asked for is no news when it comes back, so a circle ends where the CRM does just that and nothing else.
It is worth a look all the same: a rule of the CRM that undoes it, or a person who does it, makes it go round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from schemas.config import Document
from schemas.config_workflows import Action, Trigger
from service.config.findings import Finding

News = tuple[str, str, str]
"""What the CRM tells: of which type of record, what happened to it, and to which field or step of it."""


def of_circles(document: Document) -> Iterator[Finding]:
    """Each circle once, told at the first of its active workflows."""
    heard: defaultdict[News, list[str]] = defaultdict(list)
    told_by: dict[str, Sequence[News]] = {}
    for name, workflow in sorted(document.workflows.items()):
        if workflow.active:
            record_type = workflow.type_in(document.processes)
            told_by[name] = [news for _, action in workflow.placed_actions for news in _told_by(action, record_type)]
            for news in _heard_by(workflow.trigger, record_type):
                heard[news].append(name)
    told: set[frozenset[str]] = set()
    for name in told_by:
        circle = _circle(name, told_by, heard)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            way = " → ".join((*circle, name))
            message = f"these set each other off: {way}; say in a condition where that ends"
            yield Finding(("workflows", name, "trigger"), message)


def _circle(start: str, told_by: Mapping[str, Sequence[News]], heard: Mapping[News, Sequence[str]]) -> tuple[str, ...]:
    """The shortest way from a workflow back to itself; nothing where there is none. What is news once is none again."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    known: set[News] = set()
    for way in ways:
        news = dict.fromkeys(each for each in told_by[way[-1]] if each in heard and each not in known)
        known.update(news)
        following = {name for each in news for name in heard[each]}
        if start in following:
            return way
        ways += [(*way, name) for name in sorted(following - seen)]
        seen |= following
    return ()


def _told_by(action: Action, record_type: str) -> Iterator[News]:
    """What the CRM tells once it did what is asked for."""
    asked = action.set_field or action.require_field
    if action.mark_step is not None:
        yield record_type, "step", f"{action.mark_step.process}/{action.mark_step.step}"
    elif action.create_record is not None:
        yield action.create_record.type, "created", ""
    elif asked is not None:
        yield record_type, "field", asked.field
        yield record_type, "updated", ""


def _heard_by(trigger: Trigger, record_type: str) -> Iterator[News]:
    """What sets a workflow off, of that which a workflow can ask for."""
    step = trigger.step_marked
    if step is not None:
        yield record_type, "step", f"{step.process}/{step.step}"
    if "created" in trigger.on:
        yield record_type, "created", ""
    if "updated" in trigger.on and not trigger.changed:
        yield record_type, "updated", ""
    fields = (trigger.field_filled, trigger.field_cleared, *(trigger.changed if "updated" in trigger.on else ()))
    for field in dict.fromkeys(fields):
        if field is not None:
            yield record_type, "field", field
