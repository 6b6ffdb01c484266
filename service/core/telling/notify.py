"""Who is told of a decision, if they want to be told and as they want it (S19, S20).

It is the person who got the record, or lost it unanswered, everybody whom a record in a queue concerns, or who reached
for a record in vain.
"""

from __future__ import annotations

from service.core.configuration import Config
from service.core.model import Notification, NotificationKind
from service.core.pool_spec import PoolSpec
from service.language.tree import Facts


def of_assignment(owner: str, config: Config) -> tuple[Notification, ...]:
    """The notification of the new owner; none where their settings say so."""
    return _of("assigned", owner, config)


def of_offer(person: str, config: Config) -> tuple[Notification, ...]:
    """The notification of who is to accept a record."""
    return _of("offered", person, config)


def of_withdrawal(person: str, config: Config) -> tuple[Notification, ...]:
    """The notification of who did not accept a record, and has it no more."""
    return _of("withdrawn", person, config)


def of_queueing(spec: PoolSpec, facts: Facts, config: Config, now_ms: int) -> tuple[Notification, ...]:
    """Those of all members whose own domain accepts the record, where the queue is to tell them."""
    if not spec.notify_members:
        return ()
    concerned = [member.person for member in spec.members if member.domain is None or member.domain.test(facts, now_ms)]
    return tuple(notification for person in concerned for notification in _of("queued", person, config))


def of_refusal(person: str, config: Config) -> tuple[Notification, ...]:
    """The notification of who may not have what they reached for."""
    return _of("refused", person, config)


def of_workflow(person: str, config: Config) -> tuple[Notification, ...]:
    """The notification of whom a workflow tells."""
    return _of("workflow", person, config)


def _of(kind: NotificationKind, person: str, config: Config) -> tuple[Notification, ...]:
    user = config.users.get(person)
    return (Notification(kind, person, user.notify),) if user is not None and user.active and user.notify else ()
