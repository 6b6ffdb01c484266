"""Who of a plan knows a lead already: the linked mode of plans (S127, D4, D54).

The most recent contact counts, among those who can still take the lead. Somebody who is away or on leave is passed
over, off shift only where the settings say so (D30), and so is who left the plan or is switched off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from service.core.in_plan import Contacts
from service.core.model import Link
from service.core.pool_spec import PoolSpec
from service.core.sharing.contender import Contender
from service.core.sharing.eligibility import Choice, Situation, is_at_limit


class Linked(NamedTuple):
    """Who gets a lead whose turn it need not be: in which plan, out of which choice in which situation, and why."""

    spec: PoolSpec
    chosen: Contender
    choice: Choice
    situation: Situation
    link: Link


def most_recent(known: Contacts | None, since_ms: int | None) -> list[str]:
    """Who was in contact, the latest first; none of them before `since_ms`, where that is given."""
    latest = () if known is None else known.latest
    return [each.person for each in reversed(latest) if since_ms is None or each.time_ms > since_ms]


def first_able(people: Iterable[str], choice: Choice, situation: Situation) -> Contender | None:
    """The first of these people who is in the pool and can take the lead."""
    seen = {each.person: each for each in choice.seen}
    return next((seen[person] for person in people if person in seen and _is_able(seen[person], situation)), None)


def _is_able(contender: Contender, situation: Situation) -> bool:
    excluded = contender.excluded
    if excluded == "off_shift" and not situation.config.pass_over_off_shift:
        return not is_at_limit(contender, situation)
    return excluded is None
