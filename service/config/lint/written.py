"""The conditions of a document, with the places where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from schemas import config as documents
from schemas import config_rules
from schemas.config_rules import Target
from service.config.conditions import asked_of, predicates
from service.config.nodes import Steps
from service.language.implication import never
from service.language.predicate import Predicate
from service.language.tree import All, Always, Calendar, Condition


class Named(NamedTuple):
    """A target as a document has it, and for which type of record."""

    path: Steps
    record_type: str
    target: Target


class Written(NamedTuple):
    """A condition as a document has it, of which thing and about which type of record."""

    path: Steps
    record_type: str
    condition: config_rules.Condition


def conditions_of(document: documents.Document) -> Iterator[Written]:
    """Every condition: of entries, workflows, pools, members and scores, and of what is closed."""
    for set_id, rule_set in document.rule_sets.items():
        for position, entry in enumerate(rule_set.entries):
            path = ("rule_sets", set_id, "entries", position)
            yield Written(path, rule_set.record_type, entry)
            if entry.before is not None:
                yield Written((*path, "before"), rule_set.record_type, entry.before)
    yield from _of_workflows(document)
    for pool_id, pool in document.pools.items():
        yield Written(("pools", pool_id), pool.record_type, pool)
        for position, member in enumerate(pool.members):
            yield Written(("pools", pool_id, "members", position), pool.record_type, member)
    for record_type, rows in document.scores.items():
        for position, row in enumerate(rows):
            yield Written(("scores", record_type, position), record_type, row)
    for record_type, closed in document.closed_when.items():
        yield Written(("closed_when", record_type), record_type, closed)


def targets_of(document: documents.Document) -> Iterator[Named]:
    """Every target: of entries, defaults and workflows."""
    for set_id, rule_set in document.rule_sets.items():
        for position, entry in enumerate(rule_set.entries):
            path: Steps = ("rule_sets", set_id, "entries", position, "target")
            yield Named(path, rule_set.record_type, entry.target)
    for record_type, target in document.defaults.items():
        yield Named(("defaults", record_type), record_type, target)
    for workflow_id, workflow in document.workflows.items():
        for place, action in workflow.placed_actions:
            if action.assign is not None:
                path = ("workflows", workflow_id, *place, "assign")
                yield Named(path, workflow.type_in(document.processes), action.assign)


def _of_workflows(document: documents.Document) -> Iterator[Written]:
    for workflow_id, workflow in document.workflows.items():
        record_type = workflow.type_in(document.processes)
        yield Written(("workflows", workflow_id), record_type, workflow)
        if workflow.trigger.before is not None:
            yield Written(("workflows", workflow_id, "trigger", "before"), record_type, workflow.trigger.before)


def all_asked(entry: config_rules.Entry, calendar: Calendar) -> tuple[Predicate, ...]:
    """Everything that an entry asks on an update."""
    asked = asked_of(entry, entry.changed, entry.before, calendar)
    return (*asked.criteria, *asked.changed, *asked.before)


def whole(written: config_rules.Condition, calendar: Calendar) -> Condition:
    """All of it as one condition."""
    parts = tuple(predicate.condition for predicate in predicates(written, calendar))
    return parts[0] if len(parts) == 1 else All(parts) if parts else Always()


def never_fits(parts: Sequence[Predicate], what: str) -> str:
    """What excludes what of conditions that no record fits, where two do, as a sentence; `what` has them."""
    for one, other in combinations(parts, 2):
        if never(All((one.condition, other.condition))):
            return f"no record can fit {one.source} and {other.source}: change one of them, or remove the {what}"
    return f"no record can fit {' and '.join(part.source for part in parts)}: change it, or remove the {what}"
