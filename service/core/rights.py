"""Who may give records to pools (S7, S8)."""

from __future__ import annotations

from service.core.case import Case
from service.core.configuration import User
from service.core.events import RecordEvent, Target
from service.core.model import Rejected
from service.core.naming import missed
from service.core.targets import refusal


def may_not_give(event: RecordEvent, target: Target, case: Case) -> Rejected | None:
    """Giving a record to a pool needs the right to reassign (S7, S8), and a pool that can take it."""
    config = case.config
    if event.actor is None:
        if config.require_actor:
            return Rejected("not_permitted", "the event names no actor, and the settings require one")
    else:
        user = config.users.get(event.actor)
        if user is None or not may_give(user):
            return Rejected(
                "not_permitted", f"{event.actor} may not give records to a {target.kind}{missed(event.actor, config)}"
            )
    return refusal(target, case)


def may_give(user: User) -> bool:
    """Whether somebody has the right to reassign."""
    return not user.roles.isdisjoint({"admin", "reassign"})
