"""Who is told of a decision, if they want to be told and as they want it (S19, S20).

It is the person who got the record, or lost it, everybody whom a record in a queue concerns, who reached for a record
in vain, and who manages a pool in which nobody can take one, or that is skewed. Nobody is told of a choice of an owner
that was their own, and nobody twice of one decision (D53). When they are told is another question, which `timing`
answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from service.core.configuration import Config
from service.core.model import Decision, Notification, NotificationKind
from service.core.pool_spec import PoolSpec
from service.core.reasons import ReleaseReason
from service.language.tree import Facts

Told = tuple[Notification, ...]

MOVED: Final = frozenset[ReleaseReason]({"entered_plan", "left_plan", "reassigned"})
CHOSEN: Final = frozenset[ReleaseReason]({"given_to_pool", "owner_chosen", "owner_removed"})
"""Why somebody has a record no more who is told of that, for they may be at work on it: our rules gave it to somebody
else, or a person did.
"""


def of_assignment(owner: str, config: Config) -> Told:
    """The notification of the new owner; none where their settings say so."""
    return _of("assigned", owner, config)


def of_reservation(person: str, config: Config) -> Told:
    """The notification of who is to accept a record."""
    return _of("offered", person, config)


def of_withdrawal(person: str, config: Config) -> Told:
    """The notification of who did not accept a record, and has it no more."""
    return _of("withdrawn", person, config)


def of_loss(person: str, reason: ReleaseReason, actor: str, config: Config) -> Told:
    """The notification of the former owner. Who gave the record away themselves knows it."""
    is_news = reason in MOVED or (reason in CHOSEN and person != actor)
    return _of("reassigned", person, config) if is_news else ()


def of_queueing(spec: PoolSpec, facts: Facts, chooser: str, config: Config, now_ms: int) -> Told:
    """Those of all members whose own domain accepts the record, where the queue is to tell them; but not of who put it
    there themselves.
    """
    if not spec.notify_members:
        return ()
    concerned = [
        member.person
        for member in spec.members
        if member.person != chooser and (member.domain is None or member.domain.test(facts, now_ms))
    ]
    return tuple(notification for person in concerned for notification in _of("queued", person, config))


def of_refusal(person: str, config: Config) -> Told:
    """The notification of who may not have what they reached for."""
    return _of("refused", person, config)


def of_workflow(person: str, workflow: str, config: Config) -> Told:
    """The notification of whom a workflow tells."""
    return _of("workflow", person, config, workflow)


def of_waiting(spec: PoolSpec, config: Config) -> Told:
    """The notification of who manages a pool in which nobody can take a record."""
    return _of("waiting", spec.manager, config, spec.id)


def of_escalation(spec: PoolSpec, config: Config) -> Told:
    """The notification of who manages a pool in which a record waited too long."""
    return _of("escalated", spec.manager, config, spec.id)


def of_skew(spec: PoolSpec, config: Config) -> Told:
    """The notification of who manages a pool in which somebody stays behind the others."""
    return _of("skewed", spec.manager, config, spec.id)


def also(decision: Decision, more: Iterable[Notification]) -> Decision:
    """The decision with others who are told of it. Who is told already hears no more of it."""
    told = {each.person for each in decision.notifications}
    others = tuple(each for each in more if each.person not in told)
    return replace(decision, notifications=decision.notifications + others) if others else decision


def means_for(kind: NotificationKind, person: str, config: Config) -> tuple[str, ...]:
    """By which means somebody is told of such a thing; none: they are not."""
    user = config.users.get(person)
    if user is None or not user.active:
        return ()
    return user.wishes.by_kind.get(kind, user.notify) if user.wishes.by_kind else user.notify


def _of(kind: NotificationKind, person: str, config: Config, about: str = "") -> Told:
    via = means_for(kind, person, config)
    return (Notification(kind, person, via, about=about),) if via else ()
