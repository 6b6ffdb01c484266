"""Who may take a record now: one check, one question.

The checks run in the order of `CHECKS`, the cheap and general first; the first that says no is what the trace names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.limit_spec import Holder, PoolLimits
from service.core.model import Candidate, LimitCount
from service.core.pool_spec import Membership, PoolSpec
from service.core.reasons import ABSENT, AT_LIMIT, AtLimit, ExclusionReason, Hindrance
from service.core.seating import Seat
from service.core.sharing.contender import Contender
from service.core.sharing.limits import counts, hindered, hindrance, open_items_of, room_again
from service.core.sharing.turns import line_up
from service.language.tree import Facts

LISTED_CANDIDATES: Final = 50
"""A trace names at most so many candidates; it says how many more there were."""

NOBODY: Final[Mapping[str, Hindrance]] = MappingProxyType({})
"""Nobody is at a limit."""

LISTED_LIMITS: Final = 3
"""Of so many candidates it tells how much of their limits is used, whatever became of them."""

MINUTE_MS: Final = 60_000


@dataclass(eq=False)
class Situation:
    """What a check may look at besides the member. `paced`: the record comes from the parked ones.

    Without `facts` no record is meant: everything concerns everybody.
    """

    spec: PoolSpec
    config: Config
    draft: Draft
    now_ms: int
    paced: bool
    facts: Facts | None = None

    @cached_property
    def limits(self) -> PoolLimits:
        """What bounds giving in the pool."""
        return self.config.limits.in_pool(self.spec)

    @cached_property
    def hindered(self) -> Mapping[str, Hindrance]:
        """Who is at a limit of theirs."""
        return hindered(self.limits, self.spec, self.draft, self.now_ms) if self.limits.people else NOBODY


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


def is_present(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who is away, off shift or on leave is passed over (D2)."""
    person = situation.draft.people.get(member.person)
    return None if person is None else person.absence


def pool_has_room(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Nobody is given more from a pool that is at a limit as a whole (D14)."""
    whole = situation.limits.pool
    return None if whole is None or _hindrance(whole, "", 0, situation) is None else "pool_limit"


def has_room(member: Membership, seat: Seat, items: int, situation: Situation) -> ExclusionReason | None:
    """Who is at a limit, as a member or over all pools, is passed over while they are (D2, D14, D55)."""
    return situation.hindered.get(member.person)


def _hindrance(holder: Holder, person: str, items: int, situation: Situation) -> Hindrance | None:
    return hindrance(holder, _counted(holder, person, items, situation), situation.draft, situation.now_ms)


def _counted(holder: Holder, person: str, items: int, situation: Situation) -> int:
    """How many open items count for a holder's limits, of somebody with so many in the pool; 0: none asks for it."""
    if holder.open_at_most is None or holder.of == "member":
        return items
    return open_items_of(holder, situation.spec.id if holder.of == "pool" else person, situation.draft)


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


CHECKS: Final = (
    Check(is_active, concerns=lambda situation: situation.config.has_inactive),
    Check(is_in_domain, concerns=lambda situation: situation.spec.has_domains),
    Check(is_present, concerns=lambda situation: not situation.draft.people.is_empty),
    Check(pool_has_room, concerns=lambda situation: situation.limits.pool is not None),
    Check(has_room, concerns=lambda situation: bool(situation.hindered)),
    Check(is_in_pace, concerns=lambda situation: situation.paced),
)


class Choice(NamedTuple):
    """Who is next (none: nobody can), and everybody who was looked at, as configured."""

    chosen: Contender | None
    seen: list[Contender]


def choose(situation: Situation) -> Choice:
    """Ask all members the checks that can say no, and pick by the rule of turns."""
    checks = [check.ask for check in CHECKS if check.concerns(situation)]

    def excluded(member: Membership, seat: Seat, items: int) -> ExclusionReason | None:
        for ask in checks:
            exclusion = ask(member, seat, items, situation)
            if exclusion is not None:
                return exclusion
        return None

    seen = line_up(situation.spec, situation.draft, excluded if checks else None)
    return Choice(min([each for each in seen if each.excluded is None], default=None), seen)


def listed(choice: Choice, situation: Situation) -> tuple[tuple[Candidate, ...], int]:
    """The choice as a trace keeps it, and how many members it leaves unnamed. How much of their limits is used is told
    of the first few, of who is chosen, and of all whom a limit left out.
    """
    named = tuple(
        [
            Candidate(
                person=each.person,
                excluded=each.excluded,
                load=each.load,
                last_turn=each.last_turn,
                open_items=each.open_items,
                behind=each.behind,
                limits=limits_of(each, situation)
                if number < LISTED_LIMITS or each is choice.chosen or each.excluded in AT_LIMIT
                else (),
            )
            for number, each in enumerate(choice.seen[:LISTED_CANDIDATES])
        ]
    )
    return named, len(choice.seen) - len(named)


def at_limit(contender: Contender, situation: Situation) -> AtLimit | None:
    """Which limit stands against somebody, whatever else does."""
    whole = situation.limits.pool
    if whole is not None and _hindrance(whole, "", 0, situation) is not None:
        return "pool_limit"
    return situation.hindered.get(contender.person)


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
        person = draft.people.get(contender.person)
        return None if person is None else person.back_ms
    if contender.excluded == "limit":
        holders = situation.limits.people[contender.person]
    elif contender.excluded == "pool_limit" and situation.limits.pool is not None:
        holders = (situation.limits.pool,)
    else:
        return None
    found = [room_again(holder, draft, now_ms) for holder in holders]
    known = [again_ms for again_ms in found if again_ms is not None and again_ms > now_ms]
    return max(known) if known and None not in found else None
