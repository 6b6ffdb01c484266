"""What no schema can say: that names lead somewhere, that types fit, that criteria can be read.

Works on the merged document of a division, so that a pool in one file may name a person of another.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import MEMBERS_LIMIT, Document
from schemas.config_rules import Condition, Entry, People, RuleSet, Target, named_by
from schemas.config_skills import FromField
from schemas.config_workflows import Workflow
from service.config.conditions import asked_before_by, asking_for_changes, calendar_of, mistakes
from service.config.defaults import implied_defaults
from service.config.findings import Declared, Finding, undeclared
from service.config.ids import spelled_alike
from service.config.limits import notes_on_limits
from service.config.nodes import Steps
from service.config.people import people_of
from service.config.plans import notes_on_plans, of_plans
from service.config.steps import notes_on_steps, of_steps
from service.config.telling import notes_on_telling, of_telling
from service.config.text_mistakes import of_texts
from service.config.waiting import notes_on_waiting, of_waiting
from service.config.workflows import notes_on_workflows, of_workflows
from service.config.working_time import notes_on_time, of_time
from service.core.past import PAST_FIELDS
from service.core.sharing.strategies import STRATEGIES


def findings(document: Document, declared: Declared) -> Iterator[Finding]:
    """Every mistake of a document that has the right form."""
    yield from _of_ids(document)
    yield from _of_pools(document, declared)
    yield from of_waiting(document, declared)
    yield from of_time(document, declared)
    yield from of_plans(document, declared)
    yield from of_workflows(document, declared)
    for workflow_id, workflow in document.workflows.items():
        yield from _of_workflow(document, declared, ("workflows", workflow_id), workflow)
    yield from of_telling(document)
    yield from of_texts(document)
    for set_id, rule_set in document.rule_sets.items():
        yield from _of_entries(document, declared, set_id, rule_set)
    yield from _of_activity(document)
    for record_type, target in document.defaults.items():
        yield from _of_default(document, declared, record_type, target)
    for record_type, rows in document.scores.items():
        for number, row in enumerate(rows):
            yield from _of_condition(document, ("scores", record_type, number), row)
    for record_type, closed in document.closed_when.items():
        if not (closed.criteria or closed.domain is not None or closed.when is not None):
            message = f"without a condition every {record_type} is closed: say which, with criteria, domain or when"
            yield Finding(("closed_when", record_type), message, is_missing=True)
        yield from _of_condition(document, ("closed_when", record_type), closed)


def notes(document: Document) -> Iterator[Finding]:
    """What is allowed and yet worth a look."""
    for pool_id, pool in document.pools.items():
        if not pool.members:
            yield Finding(("pools", pool_id), "nobody is in this pool, so its records wait: add members")
        for position, member in enumerate(pool.members):
            user = document.users.get(member.user)
            if user is not None and not user.active:
                message = f'"{member.user}" is not active and gets nothing here; if that stays so, take the line out'
                yield Finding(("pools", pool_id, "members", position), message)
    yield from _notes_on_skew(document)
    yield from notes_on_waiting(document)
    yield from notes_on_steps(document)
    yield from notes_on_limits(document)
    yield from notes_on_plans(document)
    yield from notes_on_workflows(document)
    yield from notes_on_telling(document)
    yield from notes_on_time(document)
    for record_type, pool_id in implied_defaults(document).items():
        if document.pools[pool_id].members:
            message = (
                f"every {record_type} goes here, to the only pool for them: neither rules nor defaults say otherwise"
            )
            yield Finding(("pools", pool_id), message)
    for set_id, rule_set in document.rule_sets.items():
        if not rule_set.active:
            message = 'this rule set is not active, so it decides nothing: add "active: true" to use it'
            yield Finding(("rule_sets", set_id), message)


def _notes_on_skew(document: Document) -> Iterator[Finding]:
    """That a pool is skewed needs somebody to be told, and people who have a share."""
    for pool_id, pool in document.pools.items():
        path = ("pools", pool_id, "skewed_after")
        if pool.skewed_after is None:
            continue
        if pool.manager is None:
            yield Finding(path, "nobody is told when this pool is skewed: name its manager")
        if not STRATEGIES[pool.strategy].levels_newcomers:
            yield Finding(path, f'with "strategy: {pool.strategy}" nobody has a share to be behind: leave this out')


def _of_ids(document: Document) -> Iterator[Finding]:
    """Where ids ignore letter case, nobody is declared twice."""
    declared = spelled_alike(document.users) if document.ids_ignore_case else {}
    for name in document.users:
        first = declared.get(name.casefold(), name)
        if first != name:
            message = f'"{name}" is "{first}" in another letter case, and ids ignore case: keep one of the two'
            yield Finding(("users", name), message)


def _of_pools(document: Document, declared: Declared) -> Iterator[Finding]:
    for pool_id, pool in document.pools.items():
        yield from _of_condition(document, ("pools", pool_id), pool)
        if pool.notify_members and pool.strategy != "take":
            message = 'only a queue tells all its members: leave this out, or add "strategy: take"'
            yield Finding(("pools", pool_id, "notify_members"), message)
        if pool.manager is not None and pool.manager not in declared.users:
            yield undeclared(("pools", pool_id, "manager"), pool.manager, declared.users)
        seen: set[str] = set()
        for position, member in enumerate(pool.members):
            path = ("pools", pool_id, "members", position)
            if member.user in seen:
                yield Finding(path, f'"{member.user}" is a member already: keep one of the two lines')
            seen.add(member.user)
            if member.user not in declared.users:
                yield undeclared((*path, "user"), member.user, declared.users)
            yield from _of_condition(document, path, member)


def _of_entries(document: Document, declared: Declared, set_id: str, rule_set: RuleSet) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, entry in enumerate(rule_set.entries):
        path = ("rule_sets", set_id, "entries", position)
        entry_id = entry_name(entry.id, position)
        if entry_id in seen:
            yield Finding((*path, "id"), f'an earlier entry has the id "{entry_id}": give each its own')
        seen.add(entry_id)
        yield from _of_target(document, declared, (*path, "target"), entry.target, rule_set.record_type)
        yield from of_steps(document, (*path, "target"), entry.target, is_default=False)
        yield from _of_condition(document, path, entry, of_entry=True)
        yield from _of_change(document, path, entry)
    if len(asked_before_by(rule_set, calendar_of(document.settings))) > PAST_FIELDS:
        message = f"at most {PAST_FIELDS} fields may be asked for as they were before: ask for fewer"
        yield Finding(("rule_sets", set_id), message)


def _of_change(document: Document, path: Steps, entry: Entry) -> Iterator[Finding]:
    """What an entry asks about changes is asked on updates, and of values before nothing is a change."""
    calendar = calendar_of(document.settings)
    if entry.before is not None:
        yield from _of_before(document, (*path, "before"), entry.before)
    if "updated" in entry.on:
        return
    places: list[Steps] = [steps for steps, _ in asking_for_changes(entry, calendar)]
    places += [("changed",)] if entry.changed else []
    places += [("before",)] if entry.before is not None else []
    for steps in places:
        yield Finding((*path, *steps), 'only an update changes something: add "on: [updated]" to the entry')


def _of_workflow(document: Document, declared: Declared, path: Steps, workflow: Workflow) -> Iterator[Finding]:
    """Its conditions can be read, and whom it gives records to can have them."""
    yield from _of_condition(document, path, workflow, of_entry="updated" in workflow.trigger.on)
    if workflow.trigger.before is not None:
        yield from _of_before(document, (*path, "trigger", "before"), workflow.trigger.before)
    for place, action in workflow.placed_actions:
        if action.assign is not None:
            named = (*path, *place, "assign")
            yield from _of_target(document, declared, named, action.assign, workflow.type_in(document.processes))


def _of_before(document: Document, path: Steps, before: Condition) -> Iterator[Finding]:
    yield from _of_condition(document, path, before, of_entry=True)
    for steps, _ in asking_for_changes(before, calendar_of(document.settings)):
        message = 'these are the values before: leave "changed" and "before" out here'
        yield Finding((*path, *steps), message)


def _of_condition(document: Document, path: Steps, written: Condition, *, of_entry: bool = False) -> Iterator[Finding]:
    calendar = calendar_of(document.settings)
    for mistake in mistakes(written, calendar):
        yield Finding((*path, *mistake.path), mistake.message, mistake.character)
    for steps, _ in () if of_entry else asking_for_changes(written, calendar):
        message = "here nothing was just changed: only entries that are asked on updates ask what was"
        yield Finding((*path, *steps), message)


def entry_name(entry_id: str | None, position: int) -> str:
    """What an entry is called: its id, or its number in the list, from 1."""
    return entry_id if entry_id is not None else str(position + 1)


def _of_activity(document: Document) -> Iterator[Finding]:
    active: dict[str, str] = {}
    for set_id, rule_set in document.rule_sets.items():
        if rule_set.active and (first := active.setdefault(rule_set.record_type, set_id)) != set_id:
            message = f'"{first}" is active for the record type {rule_set.record_type}, too: only one may be'
            yield Finding(("rule_sets", set_id, "active"), message)


def _of_target(
    document: Document, declared: Declared, path: Steps, target: Target, record_type: str
) -> Iterator[Finding]:
    """What it names must be there, and take the type of record; an empty one is said nowhere, which is told there."""
    for position, step in enumerate(target.steps or ()):
        yield from _of_target(document, declared, (*path, "steps", position), named_by(step), record_type)
    if isinstance(target.user, str) and target.user not in declared.users:
        yield undeclared((*path, "user"), target.user, declared.users)
    if target.pool is not None:
        yield from _of_pool_target(document, declared, (*path, "pool"), target.pool, record_type)
    if target.queue is not None:
        yield from _of_pool_target(document, declared, (*path, "queue"), target.queue, record_type)
    if target.plan is not None:
        yield from _of_plan_target(declared, (*path, "plan"), target.plan, record_type)
    if target.among is not None:
        yield from _of_pool_target(document, declared, (*path, "among"), target.among, record_type)
    if target.users is not None:
        yield from _of_people(document, (*path, "users"), target.users, record_type)
    if target.team is not None and record_type and not _has_team(document, record_type):
        message = f"no pool for {record_type}s says which records it accepts: give one a condition"
        yield Finding((*path, "team"), message)


def _of_default(document: Document, declared: Declared, record_type: str, target: Target) -> Iterator[Finding]:
    path = ("defaults", record_type)
    may_be_nobody = {"owner_of": target.owner_of, "team": target.team, "user": _field_of(target)}
    for key, said in may_be_nobody.items():
        if said is not None:
            message = (
                "this may lead to nobody, so it is no default: make it an entry, and name a pool, queue or user here"
            )
            yield Finding((*path, key), message)
            return
    yield from _of_target(document, declared, path, target, record_type)
    yield from of_steps(document, path, target, is_default=True)


def _field_of(target: Target) -> FromField | None:
    """The field that names the person of a target; none: no field does."""
    return target.user if isinstance(target.user, FromField) else None


def _of_pool_target(
    document: Document, declared: Declared, path: Steps, name: str, record_type: str
) -> Iterator[Finding]:
    pool = document.pools.get(name)
    if name not in declared.pools:
        yield undeclared(path, name, declared.pools, "pools")
    elif pool is None:
        return
    elif path[-1] == "among" and pool.strategy == "take":
        yield Finding(path, f'"{name}" is a queue, in which nobody has a turn: name a pool that hands records out')
    elif path[-1] == "queue" and pool.strategy != "take":
        yield Finding(path, f'"{name}" hands records out: write "pool: {name}", or give it "strategy: take"')
    elif record_type == "*":
        message = f'a pool takes one record type, "*" means all: write "{pool.record_type}" before this target'
        yield Finding(path, message)
    elif record_type not in ("", pool.record_type):
        message = f'"{name}" takes {pool.record_type}s, not {record_type}s: name a pool for {record_type}s'
        yield Finding(path, message)


def _of_plan_target(declared: Declared, path: Steps, name: str, record_type: str) -> Iterator[Finding]:
    if name not in declared.plans:
        yield undeclared(path, name, declared.plans, "plans")
    elif record_type not in ("", "lead"):
        yield Finding(path, "a plan takes leads and nothing else: name a pool, a queue or a user here")


def _of_people(document: Document, path: Steps, people: People, record_type: str) -> Iterator[Finding]:
    if record_type == "*":
        yield Finding(
            path, 'people share one record type, "*" means all: write lead, contact or deal before this target'
        )
    count = len(people_of(document, people))
    if count > MEMBERS_LIMIT:
        yield Finding(path, f"{count} people fit, at most {MEMBERS_LIMIT} can share: say more exactly who is meant")


def _has_team(document: Document, record_type: str) -> bool:
    return any(
        pool.record_type == record_type and (pool.criteria or pool.domain is not None or pool.when is not None)
        for pool in document.pools.values()
    )
