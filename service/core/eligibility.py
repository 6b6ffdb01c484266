"""Who may take a record now: one check, one question.

The checks run in the order of `CHECKS`, the cheap and general first; the first that says no is what the trace names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from service.core.configuration import Config, Facts, PoolSpec
from service.core.draft import Draft
from service.core.model import Candidate, ExclusionReason
from service.core.turns import Place, places

LISTED_CANDIDATES: Final = 50
"""A trace names at most so many candidates; it says how many more there were."""

MINUTE_MS: Final = 60_000


class Situation(NamedTuple):
    """What a check may look at besides the member. `paced`: the record comes from the parked ones.

    Without `facts` no record is meant: everything concerns everybody.
    """

    spec: PoolSpec
    config: Config
    draft: Draft
    now_ms: int
    paced: bool
    facts: Facts | None = None


Check = Callable[[Place, Situation], ExclusionReason | None]


def is_active(place: Place, situation: Situation) -> ExclusionReason | None:
    """People who are switched off in the configuration get nothing."""
    user = situation.config.users.get(place.person)
    return None if user is not None and user.active else "inactive"


def is_in_domain(place: Place, situation: Situation) -> ExclusionReason | None:
    """A member whose own domain does not accept the record is not asked (S76)."""
    domain = place.member.domain
    if domain is None or situation.facts is None or domain.test(situation.facts, situation.now_ms):
        return None
    return "domain"


def is_present(place: Place, situation: Situation) -> ExclusionReason | None:
    """Who is away or off shift is passed over (D2)."""
    person = situation.draft.people.get(place.person)
    if person is None or person.availability == "available":
        return None
    return "off_shift" if person.availability == "off_shift" else "away"


def has_room(place: Place, situation: Situation) -> ExclusionReason | None:
    """A member with a limit of open items is passed over while he is at it."""
    limit = place.member.max_open
    return "full" if limit is not None and place.seat.open_items >= limit else None


def is_in_pace(place: Place, situation: Situation) -> ExclusionReason | None:
    """Of the parked records nobody gets more than so many a minute (D3)."""
    if not situation.paced or place.seat.minute != situation.now_ms // MINUTE_MS:
        return None
    return "paced" if place.seat.drained >= situation.spec.drain_per_minute else None


CHECKS: Final[tuple[Check, ...]] = (is_active, is_in_domain, is_present, has_room, is_in_pace)


@lru_cache
def _checks(*, has_domains: bool, has_limits: bool, is_paced: bool) -> tuple[Check, ...]:
    """Those of `CHECKS` that can say no."""
    asked: dict[Check, bool] = {is_in_domain: has_domains, has_room: has_limits, is_in_pace: is_paced}
    return tuple(check for check in CHECKS if asked.get(check, True))


class Choice(NamedTuple):
    """Who is next (none: nobody can), and everybody who was looked at."""

    place: Place | None
    seen: tuple[tuple[Place, ExclusionReason | None], ...]


def choose(situation: Situation) -> Choice:
    """Ask all members the checks that can say no, and pick by the rule of turns."""
    spec, paced = situation.spec, situation.paced
    checks = _checks(has_domains=spec.has_domains, has_limits=spec.has_limits, is_paced=paced)
    seen = tuple([(place, _exclusion(place, situation, checks)) for place in places(spec, situation.draft)])
    eligible = [place for place, exclusion in seen if exclusion is None]
    return Choice(min(eligible) if eligible else None, seen)


def candidates(choice: Choice) -> tuple[tuple[Candidate, ...], int]:
    """The choice as a trace keeps it, and how many members it leaves unnamed."""
    listed = tuple(
        [
            Candidate(place.person, exclusion, place.load, place.last_turn, place.seat.open_items)
            for place, exclusion in choice.seen[:LISTED_CANDIDATES]
        ]
    )
    return listed, len(choice.seen) - len(listed)


def next_return(choice: Choice, draft: Draft) -> int | None:
    """When the first of those who are not there is back (milliseconds), where that is known."""
    absent = (draft.people.get(place.person) for place, exclusion in choice.seen if exclusion in {"away", "off_shift"})
    return min((person.until_ms for person in absent if person and person.until_ms is not None), default=None)


def _exclusion(place: Place, situation: Situation, checks: tuple[Check, ...]) -> ExclusionReason | None:
    for check in checks:
        exclusion = check(place, situation)
        if exclusion is not None:
            return exclusion
    return None
