"""A division's document becomes what the core reads, and the bytes that carry it.

The bytes are canonical (sorted keys, defaults left out), so equal content has one hash wherever it was written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

import orjson
from pydantic import ValidationError

from schemas import config as documents
from schemas import config_rules
from schemas.config_entry import Entering
from schemas.config_skills import FromField
from service.config.conditions import asked_of, calendar_of, predicate
from service.config.consistency import entry_name, findings
from service.config.defaults import implied_defaults
from service.config.findings import Declared
from service.config.limits import compiled_limits
from service.config.nodes import shown
from service.config.people import implied_name, implied_pools
from service.config.plans import plan_pools, span_ms
from service.config.problems import ConfigurationError, Problem
from service.config.steps import lines_of
from service.config.telling import means_of, wishes_of, without_the_usual
from service.config.texts import compiled_letters, compiled_link
from service.config.traits import preferred, required, traits_of
from service.config.waiting import accepting, escalation, target_of
from service.config.workflows import compiled as compiled_workflows
from service.config.working_time import working_times, zone_of
from service.core.calendar import WorkingTime
from service.core.configuration import Config, ScoreRow, User
from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.events import Target
from service.core.pool_spec import Membership, PoolSpec
from service.core.rule_sets import Entry, EntryTarget, FieldUser, Ladder, LadderStep, OwnerOf, RuleSet, TeamMatch
from service.language.predicate import Predicate
from service.language.tree import Always, Calendar
from service.wording import worded

LABEL_CHARACTERS: Final = 8


def to_wire(document: documents.Document) -> bytes:
    """The canonical JSON of a division's whole configuration."""
    document = without_the_usual(document)
    content = document.model_dump(mode="json", exclude_defaults=True) | {"division": document.division}
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def from_wire(data: bytes, version: int) -> Config:
    """The compiled form of what `to_wire` made. Raises `ConfigurationError`."""
    origin = f"configuration version {version}"
    try:
        document = documents.Document.model_validate_json(data)
    except ValidationError as error:
        raise ConfigurationError(
            Problem(origin, 0, 0, f"{shown(detail['loc'])}: {worded(detail)}") for detail in error.errors()
        ) from error
    problems = [
        Problem(origin, 0, 0, f"{shown(finding.path)}: {finding.message}", finding.refusal)
        for finding in findings(document, declared_in(document))
    ]
    if problems:
        raise ConfigurationError(problems)
    return compile_document(document, version)


def declared_in(document: documents.Document) -> Declared:
    """The names that a whole document declares."""
    sections = {section: getattr(document, section) for section in Declared._fields}
    fields = [f"{name}.{each}" for name, inside in document.fields.items() for each in inside]
    return Declared(**{**sections, "fields": frozenset({*document.fields, *fields})})


def hash_of(document: documents.Document) -> str:
    """SHA-256 of the canonical content, in hexadecimal."""
    return hash_of_wire(to_wire(document))


def hash_of_wire(data: bytes) -> str:
    """The same of what `to_wire` made."""
    return sha256(data).hexdigest()


def compile_document(document: documents.Document, version: int = 0) -> Config:
    """The compiled form of a document without findings; its label is the beginning of its hash."""
    unowned, calendar = document.settings.treat_as_unowned, calendar_of(document.settings)
    times = working_times(document)
    config = Config(
        division=document.division,
        version=version,
        label=hash_of(document)[:LABEL_CHARACTERS],
        users={user_id: _user(user_id, document, times) for user_id in sorted(document.users)},
        pools={pool_id: _pool(pool_id, pool, calendar) for pool_id, pool in sorted(document.pools.items())}
        | plan_pools(document)
        | implied_pools(document),
        tools={tool_id: tool.name for tool_id, tool in sorted(document.tools.items())},
        offers={offer_id: offer.name for offer_id, offer in sorted(document.offers.items())},
        rule_sets={
            rule_set.record_type: _rule_set(set_id, rule_set, calendar)
            for set_id, rule_set in sorted(document.rule_sets.items())
            if rule_set.active
        },
        defaults={name: _default(target, name) for name, target in sorted(document.defaults.items())}
        | {record_type: Target("pool", pool) for record_type, pool in implied_defaults(document).items()},
        closed_when={
            record_type: whole
            for record_type, closed in sorted(document.closed_when.items())
            if (whole := predicate(closed, calendar)) is not None
        },
        sizes=dict(sorted(document.sizes.items())),
        scores={record_type: _score(rows, calendar) for record_type, rows in sorted(document.scores.items())},
        unowned_users=frozenset(unowned.users),
        unowned_channels=frozenset(unowned.channels),
        require_actor=document.settings.require_actor,
        depth_limit=document.settings.depth_limit,
        pass_over_off_shift=document.settings.presence.pass_over_off_shift,
        zone=calendar.zone,
        week_starts=calendar.week_starts,
        workflows=compiled_workflows(document, _entry_target),
        visibility=document.settings.visibility.model_dump(exclude_defaults=True),
        ids_ignore_case=document.ids_ignore_case,
        letters=compiled_letters(document),
        link=compiled_link(document),
        language=document.settings.notifications.language,
        presence_words={word.casefold(): means for word, means in sorted(document.settings.presence.words.items())},
    )
    lines = lines_of(config.ladders.values())
    return replace(config, pools={**config.pools, **lines}) if lines else config


def _user(user_id: str, document: documents.Document, times: Mapping[str, WorkingTime]) -> User:
    user = document.users[user_id]
    return User(
        user_id,
        user.name,
        active=user.active,
        roles=frozenset(user.roles),
        notify=means_of(user, document.settings.notifications),
        wishes=wishes_of(user, zone_of(user, document), document.settings),
        zone=zone_of(user, document),
        time=times.get(user_id),
        traits=traits_of(user),
        limits=compiled_limits(user.limits),
    )


def _pool(pool_id: str, pool: documents.Pool, calendar: Calendar) -> PoolSpec:
    fallback = pool.nobody_eligible.fallback
    return PoolSpec(
        id=pool_id,
        record_type=pool.record_type,
        members=tuple(
            Membership(
                member.user,
                member.weight,
                member.max_open,
                predicate(member, calendar),
                member.priority,
                compiled_limits(member.limits),
            )
            for member in pool.members
        ),
        name=pool.name,
        strategy=pool.strategy,
        credit=pool.credit,
        drain_per_minute=pool.drain_per_minute,
        domain=predicate(pool, calendar),
        sequence=pool.sequence,
        notify_members=pool.notify_members,
        count=pool.count,
        entry=_entry_policy(pool.entry),
        accepting=accepting(pool),
        fallback=None if fallback is None else target_of(fallback),
        assign_anyway=pool.nobody_eligible.assign_anyway,
        escalation=escalation(pool),
        longest_wait_ms=None if pool.longest_wait is None else span_ms(pool.longest_wait),
        requires=required(pool.requires),
        prefer=preferred(pool.prefer),
        limits=compiled_limits(pool.limits),
        manager=pool.manager or "",
        skewed_after=pool.skewed_after,
    )


def _entry_policy(entry: Entering | None) -> EntryPolicy | None:
    if entry is None:
        return None
    caught = entry.catch_up
    if caught is None or caught.at_most is None or caught.of is None:
        return EntryPolicy(catches_up=caught is not None)
    return EntryPolicy(catches_up=True, ceiling=Ceiling(caught.at_most, caught.of))


def _score(rows: tuple[config_rules.ScoreRow, ...], calendar: Calendar) -> tuple[ScoreRow, ...]:
    everything = Predicate("always", Always())
    return tuple(ScoreRow(predicate(row, calendar) or everything, row.points) for row in rows)


def _rule_set(set_id: str, rule_set: config_rules.RuleSet, calendar: Calendar) -> RuleSet:
    entries = tuple(
        _entry(entry, entry_name(entry.id, position), rule_set.record_type, calendar)
        for position, entry in enumerate(rule_set.entries)
    )
    return RuleSet(set_id, rule_set.record_type, entries, name=rule_set.name, active=rule_set.active)


def _entry(entry: config_rules.Entry, name: str, record_type: str, calendar: Calendar) -> Entry:
    asked = asked_of(entry, entry.changed, entry.before, calendar)
    return Entry(
        id=name,
        target=_entry_target(entry.target, record_type),
        criteria=(*asked.criteria, *asked.changed),
        name=entry.name,
        on=frozenset(entry.on),
        reassign=entry.reassign,
        even_if_away=entry.even_if_away,
        before=asked.before,
        requires=required(entry.requires),
    )


def _default(target: config_rules.Target, record_type: str) -> Target | Ladder:
    return _target(target, record_type) if target.steps is None else _ladder(target.steps, record_type)


def _ladder(steps: tuple[config_rules.TargetStep, ...], record_type: str) -> Ladder:
    return Ladder(record_type, tuple(_step(step, record_type) for step in steps))


def _step(step: config_rules.TargetStep, record_type: str) -> LadderStep:
    target = _entry_target(config_rules.named_by(step), record_type)
    assert not isinstance(target, TeamMatch | Ladder), "a step has no steps, and is no team"
    wait_ms = 0 if step.wait is None else span_ms(step.wait)
    return LadderStep(target, wait_ms, skips_absent=step.skip_if == "nobody_present")


def _entry_target(target: config_rules.Target, record_type: str) -> EntryTarget:
    if target.steps is not None:
        return _ladder(target.steps, record_type)
    if isinstance(target.user, FromField):
        return FieldUser(tuple(target.user.field.split(".")))
    if target.owner_of is not None:
        return OwnerOf(
            tuple(target.owner_of.split(".")),
            within_ms=None if target.within is None else span_ms(target.within),
            contacted=() if target.contacted is None else tuple(target.contacted.split(".")),
            among=target.among or "",
            counts_as_turn=target.counts_as_turn,
        )
    return TeamMatch() if target.team is not None else _target(target, record_type)


def _target(target: config_rules.Target, record_type: str) -> Target:
    if target.users is not None:
        return Target("pool", implied_name(record_type, target.users))
    if target.pool is not None:
        return Target("pool", target.pool)
    if target.queue is not None:
        return Target("queue", target.queue)
    if target.plan is not None:
        return Target("plan", target.plan)
    assert isinstance(target.user, str), "what names nobody by a field names somebody"
    return Target("user", target.user)
