"""Who knows a record already, and gets it though it need not be their turn (S45, S127, D4, D54).

They are managers of a plan in linked mode, and owners of related records whom a rule binds to a pool.

The most recent contact counts, among those who can still take the record. Somebody who is away or on leave is passed
over, off shift only where the settings say so (D30), and so is who left, is switched off, or has no room.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, cast

from service.core.in_plan import Contact, Contacts
from service.core.model import Link
from service.core.pool_spec import PoolSpec
from service.core.reasons import ABSENT, UNABLE, Unable
from service.core.sharing.choosing import look_at_all
from service.core.sharing.contender import Choice, Contender
from service.core.sharing.eligibility import Situation, at_limit, lacks_skills


class Linked(NamedTuple):
    """Who gets a record whose turn it need not be: in which pool, out of which choice in which situation, why, when
    they were in contact with it last (milliseconds; none: not known), and whether it is a turn all the same.
    """

    spec: PoolSpec
    chosen: Contender
    choice: Choice
    situation: Situation
    link: Link
    contacted_ms: int | None
    counts_as_turn: bool


def is_recent(contact_ms: int | None, within_ms: int | None, now_ms: int) -> bool:
    """Whether a contact is no older than a time span (none: however old). One that is not known is not recent."""
    return within_ms is None or (contact_ms is not None and contact_ms > now_ms - within_ms)


def most_recent(known: Contacts | None, within_ms: int | None, now_ms: int) -> list[Contact]:
    """Who was in contact within the time span, the latest first."""
    latest = () if known is None else known.latest
    return [each for each in reversed(latest) if is_recent(each.time_ms, within_ms, now_ms)]


def first_able(people: Iterable[str], situation: Situation, *, counts_as_turn: bool) -> tuple[Choice, Contender | None]:
    """The first of these people who is in the pool and can take the record, and the choice that was looked at."""
    choice = look_at_all(situation)
    seen = {each.person: each for each in choice.seen}
    here = [seen[person] for person in people if person in seen and _is_there(seen[person], situation)]
    able = (each for each in here if unable(each, situation, counts_as_turn=counts_as_turn) is None)
    return choice, next(able, None)


def unable(contender: Contender, situation: Situation, *, counts_as_turn: bool) -> Unable | None:
    """Why they cannot take the record, whether they are there or not; none: they can. A ceiling is about turns only."""
    excluded = contender.excluded
    if excluded is None or (excluded == "ceiling" and not counts_as_turn):
        return None
    if excluded in UNABLE:
        return cast("Unable", excluded)
    return at_limit(contender, situation) or ("skills" if lacks_skills(contender.person, situation) else None)


def _is_there(contender: Contender, situation: Situation) -> bool:
    excluded = contender.excluded
    if excluded == "off_shift":
        return not situation.config.pass_over_off_shift
    return excluded != "inactive" and excluded not in ABSENT
