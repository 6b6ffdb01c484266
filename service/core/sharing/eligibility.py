"""Who may take a record now: one check, one question.

The checks run in the order of `CHECKS`, the cheap and general first; the first that says no is what the trace names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from service.core.calendar import Attendance
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.given import USUAL
from service.core.limit_spec import Holder, PoolLimits
from service.core.model import Candidate, LimitCount
from service.core.pool_spec import Membership, PoolSpec
from service.core.reasons import ABSENT, AT_LIMIT, HINDRANCES, AtLimit, ExclusionReason, Hindrance
from service.core.reservation import Handing
from service.core.sharing.attendance import back_ms
from service.core.sharing.contender import Choice, Contender
from service.core.sharing.limits import counts, hindered, hindrance, open_items_in, open_items_of, room_again
from service.core.traits import Trait, Wanted, has_all, wanted
from service.language.tree import Facts

LISTED_CANDIDATES: Final = 50
"""A trace names at most so many candidates; it says how many more there were."""

NOBODY: Final[Mapping[str, Hindrance]] = MappingProxyType({})
"""Nobody is at a limit."""

LISTED_LIMITS: Final = 3
"""Of so many candidates it tells how much of their limits is used, whatever became of them."""

MINUTE_MS: Final = 60_000

PASSED_LIMIT: Final = 64
"""Once so many people have declined a record or let it pass, in however many pools, nobody is asked any more."""


class Sought:
    """What somebody is looked for: the record's `facts`, what the entry that gives it asks for (`requires`), to whom it
    was offered before (`handing`), and how much it weighs (`size`). Without facts no record is meant: everything
    concerns everybody.
    """

    def __init__(
        self,
        facts: Facts | None = None,
        requires: tuple[Trait, ...] = (),
        handing: Handing | None = None,
        size: int = USUAL,
    ) -> None:
        self.facts = facts
        self.requires = requires
        self.handing = handing
        self.size = size


NO_RECORD: Final = Sought()


class Situation:
    """What a check may look at besides the member. `paced`: the record comes from the parked ones; `off`: who is not
    there by their calendar; `wanted`: what members must have, and `preferred`: what those have who come first;
    `limits`: what bounds giving in the pool.
    """

    def __init__(
        self, spec: PoolSpec, config: Config, draft: Draft, now_ms: int, sought: Sought = NO_RECORD, *, paced: bool
    ) -> None:
        self.spec = spec
        self.config = config
        self.draft = draft
        self.now_ms = now_ms
        self.sought = sought
        self.paced = paced
        self.off: Mapping[str, Attendance] = config.roster(spec).off(now_ms)
        self.limits: PoolLimits = config.limits.in_pool(spec)
        self.wanted: tuple[Wanted, ...] = ()
        self.preferred: tuple[Wanted, ...] = ()
        self._hindered: Mapping[str, Hindrance] | None = None
        if sought.facts is not None and (spec.requires or sought.requires):
            self.wanted = wanted((*spec.requires, *sought.requires), sought.facts)
        if sought.facts is not None and spec.prefer:
            self.preferred = wanted(spec.prefer, sought.facts)

    @property
    def hindered(self) -> Mapping[str, Hindrance]:
        """Whom of the pool a limit of theirs leaves no room, as it stood when this was asked first."""
        if self._hindered is None:
            people = self.limits.people
            self._hindered = (
                hindered(self.limits, self.spec, self.draft, self.now_ms, self.sought.size) if people else NOBODY
            )
        return self._hindered

    def limit_of(self, person: str) -> Hindrance | None:
        """Which kind of limit leaves somebody of the pool no room."""
        if self._hindered is not None:
            return self._hindered.get(person)
        holders = self.limits.people.get(person)
        if holders is None:
            return None
        items = open_items_in(self.spec, person, self.draft)
        found = [_hindrance(holder, person, items, self) for holder in holders]
        return next((each for each in HINDRANCES if each in found), None)

    @property
    def is_limited(self) -> bool:
        """Whether a limit stands against somebody."""
        return bool(self.hindered) or self.limits.pool is not None


def is_active(member: Membership, situation: Situation) -> ExclusionReason | None:
    """People who are switched off in the configuration get nothing."""
    user = situation.config.users.get(member.person)
    return None if user is not None and user.active else "inactive"


def is_in_domain(member: Membership, situation: Situation) -> ExclusionReason | None:
    """A member whose own domain does not accept the record is not asked (S76)."""
    domain = member.domain
    if domain is None or situation.sought.facts is None or domain.test(situation.sought.facts, situation.now_ms):
        return None
    return "domain"


def is_to_be_asked(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who declined the record or let it pass is not asked again, and nobody is once it was handed on often enough
    (D50).
    """
    handing, accepting = situation.sought.handing, situation.spec.accepting
    if handing is None:
        return None
    if member.person in handing.passed:
        return "declined"
    place = None if accepting is None else handing.spot(situation.spec.id)
    if place is None or accepting is None:
        return None
    is_over = place.times > accepting.hand_on or len(handing.passed) >= PASSED_LIMIT
    return "handed_on" if is_over else None


def asks_again(spec: PoolSpec, handing: Handing | None) -> bool:
    """Whether the pool asks once more whom it asked for the record before, where nobody else is left."""
    accepting = spec.accepting
    return accepting is not None and accepting.ask_again and handing is not None and not handing.rounds


def is_present(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who was told to be away is passed over (D2)."""
    person = situation.draft.people.get(member.person)
    return "away" if person is not None and person.presence.is_absent else None


def is_not_on_leave(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who was told to be on leave is passed over."""
    person = situation.draft.people.get(member.person)
    return "leave" if person is not None and person.leave.is_absent else None


def is_at_work(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who is on leave or off shift by their calendar is passed over."""
    planned = situation.off.get(member.person)
    return None if planned is None else planned.absent


def is_on_shift(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who was told to be off shift is passed over."""
    person = situation.draft.people.get(member.person)
    return "off_shift" if person is not None and person.shift.is_absent else None


def pool_has_room(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Nobody is given more from a pool that is at a limit as a whole (D14)."""
    return _limit_of_pool(situation)


def has_room(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who is at a limit, as a member or over all pools, is passed over while they are (D2, D14, D55)."""
    return situation.limit_of(member.person)


def _limit_of_pool(situation: Situation) -> AtLimit | None:
    """Which limit of the pool as a whole leaves no room: what will never fit in says so, as it does of a person's."""
    whole = situation.limits.pool
    against = None if whole is None else _hindrance(whole, "", 0, situation)
    return against if against is None or against == "too_large" else "pool_limit"


def _hindrance(holder: Holder, person: str, items: int, situation: Situation) -> Hindrance | None:
    counted = _counted(holder, person, items, situation)
    return hindrance(holder, counted, situation.draft, situation.now_ms, situation.sought.size)


def _counted(holder: Holder, person: str, items: int, situation: Situation) -> int:
    """How many open items count for a holder's limits, of somebody with so many in the pool; 0: none asks for it."""
    if holder.open_at_most is None or holder.of == "member":
        return items
    return open_items_of(holder, situation.spec.id if holder.of == "pool" else person, situation.draft)


def has_skills(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Who lacks a skill that the record asks for is passed over."""
    return "skills" if lacks_skills(member.person, situation) else None


def lacks_skills(person: str, situation: Situation) -> bool:
    """Whether somebody has not all that the record asks for."""
    user = situation.config.users.get(person)
    return user is None or not has_all(user.traits, situation.wanted)


def is_in_pace(member: Membership, situation: Situation) -> ExclusionReason | None:
    """Of the parked records nobody gets more than so many a minute, from all pools together (D3, D40)."""
    if not situation.paced:
        return None
    has_had = drained(member.person, situation.draft, situation.now_ms)
    return "paced" if has_had >= situation.spec.drain_per_minute else None


def drained(person: str, draft: Draft, now_ms: int) -> int:
    """How many parked records somebody was given in this minute of the clock.

    The pace is there so that whoever comes first is not flooded, and for that a minute of the clock does: at its turn
    they may get two shares at once, and never more. An exact window is a limit (`per: 1m`), which remembers each entry.
    """
    pace = draft.paces.get(person)
    return pace.drained if pace is not None and pace.minute == now_ms // MINUTE_MS else 0


class Check(NamedTuple):
    """`ask` says why a member cannot take a record, none: this does not stop them. `concerns` says whether it can stop
    anybody in this situation: mostly none can. Where it is known by name whom it stops, `known` says so of all at once.
    """

    ask: Callable[[Membership, Situation], ExclusionReason | None]
    concerns: Callable[[Situation], bool]
    known: Callable[[Situation], Mapping[str, ExclusionReason]] | None = None


def _anybody_told(situation: Situation) -> bool:
    """Whether any news of people are remembered."""
    return not situation.draft.people.is_empty


def _not_at_work(situation: Situation) -> Mapping[str, ExclusionReason]:
    """Who is on leave or off shift by their calendar."""
    return {person: planned.absent for person, planned in situation.off.items() if planned.absent is not None}


CHECKS: Final = (
    Check(is_active, concerns=lambda situation: situation.config.has_inactive),
    Check(is_to_be_asked, concerns=lambda situation: situation.sought.handing is not None),
    Check(is_in_domain, concerns=lambda situation: situation.spec.has_domains),
    Check(is_present, concerns=_anybody_told),
    Check(is_not_on_leave, concerns=_anybody_told),
    Check(is_at_work, concerns=lambda situation: bool(situation.off), known=_not_at_work),
    Check(is_on_shift, concerns=_anybody_told),
    Check(pool_has_room, concerns=lambda situation: situation.limits.pool is not None),
    Check(
        has_room, concerns=lambda situation: bool(situation.limits.people), known=lambda situation: situation.hindered
    ),
    Check(has_skills, concerns=lambda situation: bool(situation.wanted)),
    Check(is_in_pace, concerns=lambda situation: situation.paced),
)


LAST_RESORT: Final = tuple(
    check for check in CHECKS if check.ask in {is_active, is_to_be_asked, is_in_domain, has_skills}
)
"""What stands against somebody who would get a record rather than nobody (D55)."""


def listed(choice: Choice, situation: Situation) -> tuple[tuple[Candidate, ...], int]:
    """The choice as a trace keeps it, and how many members it leaves unnamed. How much of their limits is used is told
    of the first few, of who is chosen, and of all whom a limit left out.
    """
    limited, seen, chosen = situation.limits.people, choice.seen, choice.chosen
    shown, has_preferred = seen[:LISTED_CANDIDATES], bool(situation.preferred)
    if chosen is not None and len(seen) > len(shown) and not any(each is chosen for each in shown):
        shown[-1] = chosen
    named = []
    for number, each in enumerate(shown):
        excluded = each.excluded
        is_limit_told = limited and (number < LISTED_LIMITS or each is chosen or excluded in AT_LIMIT)
        named.append(
            Candidate(
                person=each.person,
                excluded=excluded,
                load=each.load,
                last_turn=each.last_turn,
                open_items=each.open_items,
                behind=each.behind,
                preferred=has_preferred and not each.others_first,
                back=_back(each, situation) if excluded is not None and excluded in ABSENT else None,
                limits=limits_of(each, situation) if is_limit_told else (),
            )
        )
    return tuple(named), len(seen) + choice.unnamed - len(named)


def at_limit(contender: Contender, situation: Situation) -> AtLimit | None:
    """Which limit stands against somebody, whatever else does."""
    return _limit_of_pool(situation) or situation.limit_of(contender.person)


def limits_of(contender: Contender, situation: Situation) -> tuple[LimitCount, ...]:
    """How much of each limit somebody has used, as a member and over all pools."""
    holders = situation.limits.people.get(contender.person, ())
    return _used(holders, contender.person, contender.open_items, situation)


def limits_of_pool(situation: Situation) -> tuple[LimitCount, ...]:
    """How much of each limit the pool as a whole has used."""
    whole = situation.limits.pool
    return () if whole is None else _used((whole,), "", 0, situation)


def _used(holders: Iterable[Holder], person: str, items: int, situation: Situation) -> tuple[LimitCount, ...]:
    found: list[LimitCount] = []
    for holder in holders:
        found += counts(holder, _counted(holder, person, items, situation), situation.draft, situation.now_ms)
    return tuple(found)


def next_chance(choice: Choice, situation: Situation) -> int | None:
    """When the first of those who were left out may be eligible again (milliseconds), as far as time decides: who is
    not there is back, or a limit of a time has room. None: something has to happen first.
    """
    known = (_again(each, situation) for each in choice.seen if each.excluded is not None)
    return min((again_ms for again_ms in known if again_ms is not None), default=None)


def _again(contender: Contender, situation: Situation) -> int | None:
    """When what somebody was left out for is over by itself, if that is known."""
    draft, now_ms = situation.draft, situation.now_ms
    if contender.excluded in ABSENT:
        return _back_ms(contender, situation)
    if contender.excluded == "limit":
        holders = situation.limits.people[contender.person]
    elif contender.excluded == "pool_limit" and situation.limits.pool is not None:
        holders = (situation.limits.pool,)
    else:
        return None
    found = [room_again(holder, draft, now_ms) for holder in holders]
    known = [again_ms for again_ms in found if again_ms is not None and again_ms > now_ms]
    return max(known) if known and None not in found else None


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
