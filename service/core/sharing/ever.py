"""Whether somebody could ever take a record: as it is, and as it is configured.

Ever: whatever time brings, whoever comes or goes, and whatever is closed. What is left are a few of the checks (see
`eligibility`), and limits that leave no room though nothing is open and nothing was given. They depend on the record's
fields, on the configuration, and on who declined it: where one of these changes the answer may be another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from service.core.pool_spec import Membership
from service.core.reasons import ExclusionReason
from service.core.sharing.eligibility import (
    Check,
    Situation,
    has_skills,
    is_active,
    is_in_domain,
    is_to_be_asked,
)
from service.core.sharing.limits import room_never


def against_each(situation: Situation) -> Iterator[tuple[str, ExclusionReason | None]]:
    """What stands against each member of the pool for good, by the first of the checks that says so; none: nothing."""
    asks = [check.ask for check in FOR_GOOD if check.concerns(situation)]
    for member in situation.spec.members:
        against: ExclusionReason | None = None
        for ask in asks:
            against = ask(member, situation)
            if against is not None:
                break
        yield member.person, against


def will_be_in_domain(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Whom a member does not want by a condition that asks for the time of day or year, they may want later."""
    return None if member.domain is not None and member.domain.moves else is_in_domain(member, situation)


def pool_will_have_room(member: Membership, situation: Situation) -> ExclusionReason | None:
    """A pool that may give nothing at all, or nothing that weighs so much."""
    whole = situation.limits.pool
    against = None if whole is None else room_never(whole, situation.sought.size)
    return against if against is None or against == "too_large" else "pool_limit"


def will_have_room(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who may be given nothing at all, or have nothing open that weighs so much."""
    holders = situation.limits.people.get(member.person, ())
    found = (room_never(holder, situation.sought.size) for holder in holders)
    return next((against for against in found if against is not None), None)


FOR_GOOD: Final = (
    Check(is_active, concerns=lambda situation: situation.config.has_inactive),
    Check(is_to_be_asked, concerns=lambda situation: situation.sought.handing is not None),
    Check(will_be_in_domain, concerns=lambda situation: situation.spec.has_domains),
    Check(pool_will_have_room, concerns=lambda situation: situation.limits.pool is not None),
    Check(will_have_room, concerns=lambda situation: bool(situation.limits.people)),
    Check(has_skills, concerns=lambda situation: bool(situation.wanted)),
)
"""In the order of the checks of who may take a record now."""
