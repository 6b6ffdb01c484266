"""Ids of people in another letter case: the same person where the CRM says that ids ignore case, else a near miss.

Most CRMs take an e-mail address as an id and its letter case for nothing, and write it now so and now so. With
`ids_ignore_case` a document may, too: people are then called as they were declared. Without it two spellings are two
people, and whoever writes a second one is told of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.config import Document, Pool
from schemas.config_plans import Plan
from schemas.config_rules import RuleSet, Target, TargetStep
from schemas.config_waiting import Resort
from schemas.config_workflows import Action, Workflow

REMEDY: Final = 'write one of the two everywhere, or say "ids_ignore_case: true" if the CRM takes them for one'


def spelled_alike(ids: Iterable[str]) -> Mapping[str, str]:
    """For each id without its letter case the first that was declared."""
    found: dict[str, str] = {}
    for each in ids:
        found.setdefault(each.casefold(), each)
    return found


def as_declared(document: Document) -> Document:
    """The document with people called as they were declared, where ids ignore letter case."""
    if not document.ids_ignore_case:
        return document
    declared = spelled_alike(document.users)
    update: dict[str, object] = {
        "pools": {name: _pool(pool, declared) for name, pool in document.pools.items()},
        "plans": {name: _plan(plan, declared) for name, plan in document.plans.items()},
        "rule_sets": {name: _rule_set(rule_set, declared) for name, rule_set in document.rule_sets.items()},
        "defaults": {name: _target(target, declared) for name, target in document.defaults.items()},
    }
    update["workflows"] = {name: _workflow(workflow, declared) for name, workflow in document.workflows.items()}
    unowned = document.settings.treat_as_unowned
    if unowned.users:
        users = tuple(sorted({_called(user, declared) for user in unowned.users}))
        named = unowned.model_copy(update={"users": users})
        update["settings"] = document.settings.model_copy(update={"treat_as_unowned": named})
    return document.model_copy(update=update)


def _called(user: str, declared: Mapping[str, str]) -> str:
    return declared.get(user.casefold(), user)


def _pool(pool: Pool, declared: Mapping[str, str]) -> Pool:
    members = tuple(each.model_copy(update={"user": _called(each.user, declared)}) for each in pool.members)
    manager = None if pool.manager is None else _called(pool.manager, declared)
    update: dict[str, object] = {"members": members, "manager": manager}
    if pool.nobody_eligible.fallback is not None:
        fallback = _resort(pool.nobody_eligible.fallback, declared)
        update["nobody_eligible"] = pool.nobody_eligible.model_copy(update={"fallback": fallback})
    if pool.escalate is not None:
        update["escalate"] = pool.escalate.model_copy(update={"to": _resort(pool.escalate.to, declared)})
    return pool.model_copy(update=update)


def _resort(resort: Resort, declared: Mapping[str, str]) -> Resort:
    return resort if resort.user is None else resort.model_copy(update={"user": _called(resort.user, declared)})


def _plan(plan: Plan, declared: Mapping[str, str]) -> Plan:
    return plan.model_copy(update={"managers": tuple(_called(each, declared) for each in plan.managers)})


def _rule_set(rule_set: RuleSet, declared: Mapping[str, str]) -> RuleSet:
    entries = tuple(entry.model_copy(update={"target": _target(entry.target, declared)}) for entry in rule_set.entries)
    return rule_set.model_copy(update={"entries": entries})


def _target(target: Target, declared: Mapping[str, str]) -> Target:
    if target.steps is not None:
        return target.model_copy(update={"steps": tuple(_step(step, declared) for step in target.steps)})
    if not isinstance(target.user, str):
        return target
    return target.model_copy(update={"user": _called(target.user, declared)})


def _step(step: TargetStep, declared: Mapping[str, str]) -> TargetStep:
    return step.model_copy(update={"user": _called(step.user, declared)}) if isinstance(step.user, str) else step


def _workflow(workflow: Workflow, declared: Mapping[str, str]) -> Workflow:
    action = None if workflow.action is None else _action(workflow.action, declared)
    actions = tuple(_action(each, declared) for each in workflow.actions)
    return workflow.model_copy(update={"action": action, "actions": actions})


def _action(action: Action, declared: Mapping[str, str]) -> Action:
    update: dict[str, object] = {}
    if action.assign is not None:
        update["assign"] = _target(action.assign, declared)
    if action.notify is not None and action.notify.user is not None:
        update["notify"] = action.notify.model_copy(update={"user": _called(action.notify.user, declared)})
    return action.model_copy(update=update)
