"""Who may take a record now: one check, one question.

The checks run in the order of `CHECKS`, the cheap and general first; the first that says no is what the trace names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from service.core.calendar import Attendance
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.model import Candidate
from service.core.offer import Handing
from service.core.pool_spec import Membership, PoolSpec
from service.core.reasons import ABSENT, ExclusionReason
from service.core.seating import Seat
from service.core.sharing.attendance import back_ms
from service.core.sharing.contender import Contender
from service.core.sharing.turns import line_up
from service.core.traits import Trait, Wanted, has_all, wanted
from service.language.tree import Facts

LISTED_CANDIDATES: Final = 50
"""A trace names at most so many candidates; it says how many more there were."""

MINUTE_MS: Final = 60_000

PASSED_LIMIT: Final = 64
"""Once so many people have declined a record or let it pass, in however many pools, nobody is asked any more."""


@dataclass(eq=False)
class Situation:
    """What a check may look at besides the member. `paced`: the record comes from the parked ones; `requires`: what the
    entry that gives it asks for; `off`: who is not there by their calendar; `wanted`: what members must have, and
    `preferred`: what those have who come first.

    Without `facts` no record is meant: everything concerns everybody. `handing`: to whom it was offered before.
    """

    spec: PoolSpec
    config: Config
    draft: Draft
    now_ms: int
    paced: bool
    facts: Facts | None = None
    requires: tuple[Trait, ...] = ()
    handing: Handing | None = None
    off: Mapping[str, Attendance] = field(init=False)
    wanted: tuple[Wanted, ...] = ()
    preferred: tuple[Wanted, ...] = ()

    def __post_init__(self) -> None:
        self.off = self.config.roster(self.spec).off(self.now_ms)
        if self.facts is not None:
            self.wanted = wanted((*self.spec.requires, *self.requires), self.facts)
            self.preferred = wanted(self.spec.prefer, self.facts)


def is_active(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """People who are switched off in the configuration get nothing."""
    user = situation.config.users.get(member.person)
    return None if user is not None and user.active else "inactive"


def is_in_domain(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """A member whose own domain does not accept the record is not asked (S76)."""
    domain = member.domain
    if domain is None or situation.facts is None or domain.test(situation.facts, situation.now_ms):
        return None
    return "domain"


def is_to_be_asked(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who declined the record or let it pass is not asked again, and nobody is once it was handed on often enough
    (D50).
    """
    handing, accepting = situation.handing, situation.spec.accepting
    if handing is None:
        return None
    if member.person in handing.passed:
        return "declined"
    place = None if accepting is None else handing.spot(situation.spec.id)
    if place is None or accepting is None:
        return None
    is_over = place.offers > accepting.hand_on or len(handing.passed) >= PASSED_LIMIT
    return "handed_on" if is_over else None


def is_present(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who was told to be away is passed over (D2)."""
    person = situation.draft.people.get(member.person)
    return "away" if person is not None and person.presence.is_absent else None


def is_not_on_leave(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who was told to be on leave is passed over."""
    person = situation.draft.people.get(member.person)
    return "leave" if person is not None and person.leave.is_absent else None


def is_at_work(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who is on leave or off shift by their calendar is passed over."""
    planned = situation.off.get(member.person)
    return None if planned is None else planned.absent


def is_on_shift(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who was told to be off shift is passed over."""
    person = situation.draft.people.get(member.person)
    return "off_shift" if person is not None and person.shift.is_absent else None


def has_room(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """A member with a limit of open items is passed over while they are at it."""
    limit = member.max_open
    return "full" if limit is not None and items >= limit else None


def has_skills(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who lacks a skill that the record asks for is passed over."""
    return "skills" if lacks_skills(member.person, situation) else None


def lacks_skills(person: str, situation: Situation) -> bool:
    """Whether somebody has not all that the record asks for."""
    user = situation.config.users.get(person)
    return user is None or not has_all(user.traits, situation.wanted)


def is_in_pace(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Of the parked records nobody gets more than so many a minute, from all pools together (D3, D40)."""
    if not situation.paced:
        return None
    has_had = drained(member.person, situation.draft, situation.now_ms)
    return "paced" if has_had >= situation.spec.drain_per_minute else None


def drained(person: str, draft: Draft, now_ms: int) -> int:
    """How many parked records somebody was given in this minute."""
    pace = draft.paces.get(person)
    return pace.drained if pace is not None and pace.minute == now_ms // MINUTE_MS else 0


class Check(NamedTuple):
    """`ask` says why a member with so many open items cannot take the record, none: this does not stop them. `concerns`
    says whether it can stop anybody in this situation: every member is asked each check that can, and mostly none can.
    """

    ask: Callable[[Membership, Seat, int, Situation], ExclusionReason | None]
    concerns: Callable[[Situation], bool]


def _anybody_told(situation: Situation) -> bool:
    """Whether any news of people are remembered."""
    return not situation.draft.people.is_empty


CHECKS: Final = (
    Check(is_active, concerns=lambda situation: situation.config.has_inactive),
    Check(is_to_be_asked, concerns=lambda situation: situation.handing is not None),
    Check(is_in_domain, concerns=lambda situation: situation.spec.has_domains),
    Check(is_present, concerns=_anybody_told),
    Check(is_not_on_leave, concerns=_anybody_told),
    Check(is_at_work, concerns=lambda situation: bool(situation.off)),
    Check(is_on_shift, concerns=_anybody_told),
    Check(has_room, concerns=lambda situation: situation.spec.has_limits),
    Check(has_skills, concerns=lambda situation: bool(situation.wanted)),
    Check(is_in_pace, concerns=lambda situation: situation.paced),
)


LAST_RESORT: Final = tuple(
    check for check in CHECKS if check.ask in {is_active, is_to_be_asked, is_in_domain, has_skills}
)
"""What stands against somebody who would get a record rather than nobody (D55)."""


class Choice(NamedTuple):
    """Who is next (none: nobody can), and everybody who was looked at, as configured."""

    chosen: Contender | None
    seen: list[Contender]


def choose(situation: Situation, checks_of: Sequence[Check] = CHECKS) -> Choice:
    """Ask all members the checks that can say no, and pick by the rule of turns."""
    checks = [check.ask for check in checks_of if check.concerns(situation)]

    def excluded(member: Membership, seat: Seat, items: int) -> ExclusionReason | None:
        for ask in checks:
            exclusion = ask(member, seat, items, situation)
            if exclusion is not None:
                return exclusion
        return None

    seen = line_up(situation.spec, situation.draft, excluded if checks else None)
    if situation.preferred:
        seen = [replace(each, others_first=not _is_preferred(each, situation)) for each in seen]
    return Choice(min([each for each in seen if each.excluded is None], default=None), seen)


def _is_preferred(contender: Contender, situation: Situation) -> bool:
    user = situation.config.users.get(contender.person)
    return user is not None and has_all(user.traits, situation.preferred)


def listed(choice: Choice, situation: Situation) -> tuple[tuple[Candidate, ...], int]:
    """The choice as a trace keeps it, and how many members it leaves unnamed."""
    named = tuple(
        [
            Candidate(
                person=each.person,
                excluded=each.excluded,
                load=each.load,
                last_turn=each.last_turn,
                open_items=each.open_items,
                behind=each.behind,
                preferred=bool(situation.preferred) and not each.others_first,
                back=_back(each, situation) if each.excluded in ABSENT else None,
            )
            for each in choice.seen[:LISTED_CANDIDATES]
        ]
    )
    return named, len(choice.seen) - len(named)


def next_return(choice: Choice, situation: Situation) -> int | None:
    """When the first of those who are not there is back (milliseconds), where that is known."""
    moments = (_back_ms(each, situation) for each in choice.seen if each.excluded in ABSENT)
    return min((moment for moment in moments if moment is not None), default=None)


def _back(absent: Contender, situation: Situation) -> datetime | None:
    moment = _back_ms(absent, situation)
    return None if moment is None else _as_time(moment)


@lru_cache(maxsize=1_024)
def _as_time(moment_ms: int) -> datetime:
    """Made once: many come back at one time."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC)


def _back_ms(absent: Contender, situation: Situation) -> int | None:
    person = absent.person
    if situation.draft.people.get(person) is None:
        planned = situation.off.get(person)
        return None if planned is None else planned.back_ms
    return back_ms(person, situation.draft, situation.config, situation.now_ms)
