"""Parts of a configuration that are off on a lane below a level: what they need to remember is not written there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.events import Target
from service.core.pool_spec import PoolSpec
from service.core.rule_sets import Ladder, RuleSet
from service.core.workflow_specs import NO_WORKFLOWS


class Part(NamedTuple):
    """Below which level it is off. `without` gives the configuration as it is then: the same object where it has no
    such part.
    """

    level: int
    without: Callable[[Config], Config]


def _without_plans(config: Config) -> Config:
    """No plan's pool is there."""
    left = {name: spec for name, spec in config.pools.items() if spec.plan is None}
    return config if len(left) == len(config.pools) else replace(config, pools=left)


def _without_time(config: Config) -> Config:
    """Everybody works always."""
    if all(user.time is None for user in config.users.values()):
        return config
    return replace(config, users={name: replace(user, time=None) for name, user in config.users.items()})


def _without_skills(config: Config) -> Config:
    """Nobody asks for skills, and nobody is preferred."""
    asking = {name: spec for name, spec in config.pools.items() if spec.requires or spec.prefer}
    rule_sets = {
        name: rule_set for name, rule_set in config.rule_sets.items() if any(each.requires for each in rule_set.entries)
    }
    if not asking and not rule_sets:
        return config
    pools = {name: replace(spec, requires=(), prefer=()) for name, spec in asking.items()}
    asked = {
        name: replace(rule_set, entries=tuple(replace(entry, requires=()) for entry in rule_set.entries))
        for name, rule_set in rule_sets.items()
    }
    return replace(config, pools={**config.pools, **pools}, rule_sets={**config.rule_sets, **asked})


def _without_workflows(config: Config) -> Config:
    """Nobody cares for anything."""
    return replace(config, workflows=NO_WORKFLOWS) if config.workflows else config


def _without_triggers(config: Config) -> Config:
    """Only the plain workflows are there: a field or a step that asks for one other."""
    plain = {name: each for name, each in config.workflows.all.items() if each.is_plain}
    if len(plain) == len(config.workflows.all):
        return config
    return replace(config, workflows=replace(config.workflows, all=plain))


def _without_accepting(config: Config) -> Config:
    """Nobody is asked to accept anything."""
    if all(spec.accepting is None for spec in config.pools.values()):
        return config
    return replace(config, pools={name: replace(spec, accepting=None) for name, spec in config.pools.items()})


def _without_waiting(config: Config) -> Config:
    """What nobody can take waits, and nothing else comes of it."""
    plain = {name: spec for name, spec in config.pools.items() if not spec.cares_for_waiting}
    if len(plain) == len(config.pools):
        return config
    bare = partial(replace, fallback=None, assign_anyway=False, escalation=None, longest_wait_ms=None)
    return replace(config, pools={name: plain.get(name) or bare(spec) for name, spec in config.pools.items()})


def _without_skew(config: Config) -> Config:
    """Nobody is told that a pool is skewed."""
    watched = {name: spec for name, spec in config.pools.items() if spec.skewed_after is not None}
    if not watched:
        return config
    return replace(
        config, pools={**config.pools, **{name: replace(spec, skewed_after=None) for name, spec in watched.items()}}
    )


def _without_limits(config: Config) -> Config:
    """Nothing is bounded, but by what is written as `max_open`."""
    users = {name: replace(user, limits=()) if user.limits else user for name, user in config.users.items()}
    pools = {name: _unlimited(spec) for name, spec in config.pools.items()}
    is_same = all(user is config.users[name] for name, user in users.items()) and all(
        spec is config.pools[name] for name, spec in pools.items()
    )
    return config if is_same else replace(config, users=users, pools=pools)


def _unlimited(spec: PoolSpec) -> PoolSpec:
    if not (spec.limits or any(member.limits for member in spec.members)):
        return spec
    return replace(spec, limits=(), members=tuple(replace(member, limits=()) for member in spec.members))


def _without_sizes(config: Config) -> Config:
    """Every open record weighs the same."""
    return replace(config, sizes={}) if config.sizes else config


def _without_steps(config: Config) -> Config:
    """Of a target with steps there is only the first that names somebody for certain."""
    if not config.ladders:
        return config
    rule_sets = {name: _plain(rule_set) for name, rule_set in config.rule_sets.items()}
    defaults = {name: _first(target) for name, target in config.defaults.items()}
    return replace(config, rule_sets=rule_sets, defaults={name: each for name, each in defaults.items() if each})


def _plain(rule_set: RuleSet) -> RuleSet:
    entries = [
        replace(entry, target=entry.target.plain) if isinstance(entry.target, Ladder) else entry
        for entry in rule_set.entries
    ]
    return replace(rule_set, entries=tuple(entries))


def _first(target: Target | Ladder) -> Target | None:
    """What a default is without steps; none: they name nobody for certain."""
    plain = target.plain if isinstance(target, Ladder) else target
    return plain if isinstance(plain, Target) else None


def _without_delays(config: Config) -> Config:
    """People are told of everything when it happens."""
    if not config.holds_back:
        return config
    plain = {
        name: replace(user, wishes=replace(user.wishes, quiet=None, digest=None))
        for name, user in config.users.items()
        if user.wishes.holds_back
    }
    return replace(config, users={**config.users, **plain})


PARTS: Final[dict[str, Part]] = {
    "pools.*.prefer": Part(3, _without_skills),
    "pools.*.requires": Part(3, _without_skills),
    "rule_sets.*.entries.*.requires": Part(3, _without_skills),
    "users.*.calendar": Part(3, _without_time),
    "users.*.holidays": Part(3, _without_time),
    "users.*.hours": Part(3, _without_time),
    "users.*.leave": Part(3, _without_time),
    "plans": Part(2, _without_plans),
    "plans.*.limits": Part(3, _without_limits),
    "plans.*.prefer": Part(3, _without_skills),
    "plans.*.requires": Part(3, _without_skills),
    "pools.*.limits": Part(3, _without_limits),
    "pools.*.members.*.limits": Part(3, _without_limits),
    "users.*.limits": Part(3, _without_limits),
    "sizes": Part(3, _without_sizes),
    "workflows": Part(2, _without_workflows),
    "workflows.*.actions": Part(4, _without_triggers),
    "workflows.*.action.assign": Part(4, _without_triggers),
    "workflows.*.action.create_record": Part(4, _without_triggers),
    "workflows.*.action.notify": Part(4, _without_triggers),
    "workflows.*.action.set_field": Part(4, _without_triggers),
    "workflows.*.at_most": Part(4, _without_triggers),
    "workflows.*.criteria": Part(4, _without_triggers),
    "workflows.*.domain": Part(4, _without_triggers),
    "workflows.*.trigger.field_cleared": Part(4, _without_triggers),
    "workflows.*.trigger.on": Part(4, _without_triggers),
    "workflows.*.trigger.waiting_for": Part(4, _without_triggers),
    "workflows.*.when": Part(4, _without_triggers),
    "pools.*.accept_within": Part(3, _without_accepting),
    "pools.*.nobody_eligible": Part(3, _without_waiting),
    "pools.*.escalate": Part(3, _without_waiting),
    "pools.*.longest_wait": Part(3, _without_waiting),
    "pools.*.skewed_after": Part(5, _without_skew),
    "defaults.*.steps": Part(4, _without_steps),
    "rule_sets.*.entries.*.target.steps": Part(4, _without_steps),
    "settings.notifications.digest": Part(4, _without_delays),
    "settings.notifications.quiet": Part(4, _without_delays),
    "users.*.notify.digest": Part(4, _without_delays),
    "users.*.notify.quiet": Part(4, _without_delays),
}
"""By their place in a document; a star stands for every name (`pools.*.limits`)."""


def at(config: Config, level: int) -> Config:
    """What holds of a configuration on a lane at this level. Equal levels give the same object."""
    found = config.below.get(level)
    if found is None:
        found = config
        for part in PARTS.values():
            found = part.without(found) if part.level > level else found
        config.below[level] = found
    return found
