"""Who is there: what events tell of somebody, together with what their calendar says.

Somebody is there who is so by all of it (D28). News of presence never make working hours longer: who is told to be
available in their free time is there from their next shift on, so that a forgotten browser window is nobody's duty.
"""

from __future__ import annotations

from typing import Final

from service.core.calendar import HORIZON_MS, Attendance
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.pool_spec import PoolSpec
from service.core.reasons import AbsenceReason

ALWAYS_THERE: Final = Attendance(None, None, None)


def absence(person: str, draft: Draft, config: Config, now_ms: int) -> AbsenceReason | None:
    """Why somebody cannot take records now: away before on leave before off shift; none: they can."""
    known = draft.people.get(person)
    user = config.users.get(person)
    told = None if known is None else known.absence
    planned = None if user is None or user.time is None else user.time.at(now_ms).absent
    return told if told == "away" or planned is None else "leave" if told == "leave" else planned


def absence_of_named(person: str, draft: Draft, config: Config, now_ms: int) -> AbsenceReason | None:
    """The same of somebody who is named alone: that their shift is over counts only if a setting says so (D30)."""
    reason = absence(person, draft, config, now_ms)
    return None if reason == "off_shift" and not config.pass_over_off_shift else reason


def is_there(person: str, draft: Draft, config: Config, now_ms: int) -> bool:
    """Whether somebody can take records now, as far as is known."""
    return absence(person, draft, config, now_ms) is None


def back_ms(person: str, draft: Draft, config: Config, now_ms: int) -> int | None:
    """When somebody is there next, by all that is known; now, where they are; none: nobody knows."""
    known = draft.people.get(person)
    if known is not None and not known.is_present:
        end_ms = known.back_ms
        if end_ms is None:
            return None
        now_ms = max(now_ms, end_ms)
    user = config.users.get(person)
    return now_ms if user is None or user.time is None else user.time.next_there(now_ms)


def there_until(person: str, config: Config, now_ms: int) -> int | None:
    """Until when somebody who is there is so by their calendar; none: no end is foreseen."""
    user = config.users.get(person)
    return None if user is None or user.time is None else user.time.at(now_ms).until_ms


def next_shift(spec: PoolSpec, draft: Draft, config: Config, now_ms: int) -> int | None:
    """When the first of a pool is back whom their calendar keeps away now; none: it keeps nobody away."""
    moments = (back_ms(person, draft, config, now_ms) for person in config.roster(spec).off(now_ms))
    return min((moment for moment in moments if moment is not None), default=None)


def after_working(spec: PoolSpec, config: Config, since_ms: int, needed_ms: int) -> int | None:
    """When a pool has worked for so long since a moment; it works while somebody of it is there by their calendar.
    None: that is not foreseen.
    """
    users = [config.users[member.person] for member in spec.members if member.person in config.users]
    times = list(dict.fromkeys(user.time for user in users if user.active))
    now_ms = since_ms
    while now_ms < since_ms + HORIZON_MS:
        seen = [ALWAYS_THERE if each is None else each.at(now_ms) for each in times]
        there = [each.until_ms for each in seen if each.absent is None]
        if there:
            end_ms = max(now_ms + needed_ms if until_ms is None else until_ms for until_ms in there)
            if now_ms + needed_ms <= end_ms:
                return now_ms + needed_ms
            needed_ms -= end_ms - now_ms
            now_ms = end_ms
            continue
        back = min((each.back_ms for each in seen if each.back_ms is not None), default=None)
        if back is None:
            return None
        now_ms = back
    return None
