"""What the made-up configurations say of giving, in the words of the checker, which knows nothing of the core's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from service.core.calendar import DAY_MINUTES
from service.core.configuration import Config, User
from service.core.limit_spec import Limit, words_of
from service.core.model import NotificationKind
from service.core.pool_spec import PoolSpec
from service.core.rule_sets import Ladder
from tests.giving_words import Accept, Bound, Circle, Hearer, Known, Quiet, Stage, Stages, Terms

ALL_TYPES = ("contact", "deal", "lead")
NEWS = get_args(NotificationKind)


def known_terms(versions: Mapping[str, Sequence[Config]]) -> Known:
    """Of all versions of all divisions."""
    return {(each.division, each.version): _terms(each) for known in versions.values() for each in known}


def _terms(config: Config) -> Terms:
    accepting = {spec.id: spec.accepting for spec in config.pools.values() if spec.accepting is not None}
    escalating = {spec.id: spec.escalation for spec in config.pools.values() if spec.escalation is not None}
    return Terms(
        tuple(_bounds(config)),
        {name: Accept(each.within_ms, each.hand_on, each.ask_again) for name, each in accepting.items()},
        {name: each.after_ms for name, each in escalating.items()},
        hearers={name: _hearer(user) for name, user in config.users.items() if user.active},
        caps={name: workflow.cap for name, workflow in config.workflows.all.items()},
        circles={name: _circle(spec) for name, spec in config.pools.items()},
        stages=tuple(_stages(config)),
        picky=frozenset(
            f"{each.id}/{entry.id}" for each in config.rule_sets.values() for entry in each.entries if entry.requires
        ),
        people=frozenset(name for name, user in config.users.items() if user.active),
        timed=frozenset(name for name, user in config.users.items() if user.time is not None),
        sizes=config.sizes,
        closes=frozenset(config.closed_when),
        skewed={name: after for name, spec in config.pools.items() if (after := spec.skewed_after) is not None},
    )


def _hearer(user: User) -> Hearer:
    wishes, quiet = user.wishes, user.wishes.quiet
    kinds = {kind for kind in NEWS if wishes.by_kind.get(kind, user.notify)}
    starts = {} if quiet is None else {each: each.weekday * DAY_MINUTES for each in quiet.blocks}
    blocks = tuple((start + each.start, start + each.end) for each, start in starts.items())
    return Hearer(
        frozenset(kinds),
        None if quiet is None else Quiet(quiet.zone, blocks),
        None if wishes.digest is None else wishes.digest.alone,
    )


def _circle(spec: PoolSpec) -> Circle:
    helped_by = "" if spec.fallback is None else str(spec.fallback)
    members = tuple(each.person for each in spec.members)
    with_conditions = {each.person for each in spec.members if each.domain is not None}
    choosy = frozenset(members if spec.domain is not None or spec.requires else with_conditions)
    return Circle(spec.record_type, members, helped_by, spec.count == "own", choosy)


def _stages(config: Config) -> Iterator[Stages]:
    for rule_set in config.rule_sets.values():
        for entry in rule_set.entries:
            if isinstance(entry.target, Ladder):
                steps = tuple(Stage(str(each.target), each.wait_ms, each.skips_absent) for each in entry.target.steps)
                yield Stages(f"{rule_set.id}/{entry.id}", steps)


def _bounds(config: Config) -> Iterator[Bound]:
    for spec in config.pools.values():
        for limit in spec.limits:
            yield _bound("pool", spec.id, "", limit, config.zone)
        for member in spec.members:
            room = () if member.max_open is None else (Limit(member.max_open, "open"),)
            for limit in (*room, *member.limits):
                yield _bound("member", spec.id, member.person, limit, _zone(member.person, config))
    for user in config.users.values():
        for limit in user.limits:
            typed = limit._replace(types=limit.types or ALL_TYPES)
            yield _bound("person", "", user.id, typed, _zone(user.id, config))


def _bound(of: str, pool: str, person: str, limit: Limit, zone: str) -> Bound:
    return Bound(of, pool, person, words_of(limit.per), limit.at_most, limit.types, zone)


def _zone(person: str, config: Config) -> str:
    """Of somebody's clock, else the division's."""
    user = config.users.get(person)
    return config.zone if user is None else user.zone or config.zone
