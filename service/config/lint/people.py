"""People who get nothing because they are switched off, and people who are probably one."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document, Pool
from schemas.config_rules import Target, named_by
from service.config.findings import Finding
from service.config.ids import REMEDY, spelled_alike
from service.config.lint.written import targets_of
from service.config.nodes import Steps
from service.config.people import people_of


def of_people(document: Document) -> Iterator[Finding]:
    """Targets of entries, defaults and workflows, and pools, with nobody active behind them."""
    for path, _, target in targets_of(document):
        yield from _of_target(document, path, target)
    yield from _of_near_misses(document)
    for pool_id, pool in document.pools.items():
        if pool.members and not any(document.users[member.user].active for member in pool.members):
            yield Finding(("pools", pool_id), "nobody in this pool is active, so its records wait: add somebody who is")
        yield from _of_pool(document, pool_id, pool)
    for plan_id, plan in document.plans.items():
        if plan.managers and not any(document.users[person].active for person in plan.managers):
            message = "no manager of this plan is active, so its leads wait: add somebody who is"
            yield Finding(("plans", plan_id), message)


def _of_pool(document: Document, pool_id: str, pool: Pool) -> Iterator[Finding]:
    """People whom a pool names besides its members."""
    path: Steps = ("pools", pool_id)
    fallback, escalate = pool.nobody_eligible.fallback, pool.escalate
    named: list[tuple[Steps, str | None]] = [
        (("manager",), pool.manager),
        (("nobody_eligible", "fallback", "user"), None if fallback is None else fallback.user),
        (("escalate", "to", "user"), None if escalate is None else escalate.to.user),
    ]
    for place, name in named:
        if name is not None and not document.users[name].active:
            yield Finding((*path, *place), f'"{name}" is not active: name somebody who is')


def _of_near_misses(document: Document) -> Iterator[Finding]:
    """Two people whose ids differ in letter case only, where ids do not ignore it."""
    declared = {} if document.ids_ignore_case else spelled_alike(document.users)
    for name in document.users:
        first = declared.get(name.casefold(), name)
        if first != name:
            yield Finding(("users", name), f'this differs from "{first}" only in letter case: {REMEDY}')
    for name in () if document.ids_ignore_case else document.settings.treat_as_unowned.users:
        first = declared.get(name.casefold(), name)
        if name not in document.users and first != name:
            path = ("settings", "treat_as_unowned", "users")
            yield Finding(path, f'"{name}" differs from "{first}" only in letter case: {REMEDY}')


def _of_target(document: Document, path: Steps, target: Target) -> Iterator[Finding]:
    for position, step in enumerate(target.steps or ()):
        yield from _of_target(document, (*path, "steps", position), named_by(step))
    if isinstance(target.user, str) and not document.users[target.user].active:
        message = f'"{target.user}" is not active and gets nothing: name somebody who is'
        yield Finding((*path, "user"), message)
    if target.users is not None:
        people = people_of(document, target.users)
        if not people:
            yield Finding((*path, "users"), "nobody fits this: say it in words that users have, or give them to users")
        elif not any(document.users[name].active for name in people):
            yield Finding((*path, "users"), "nobody who fits this is active, so it gives nothing: name somebody who is")
