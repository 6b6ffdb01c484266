"""Who of a pool is chosen, and who is looked at for it.

A pool of the usual size is looked at as a whole, and its decisions tell of everybody. In a larger one the members are
asked in the order of turns until one can take the record: those behind are not looked at, because nothing about them
could change who is chosen. Nor are those asked who are not there by their calendar, but for the few whom the decision
names. Both find the same one.

Everybody is looked at all the same where it takes that: whom the pool prefers stand anywhere in the order; where a
ceiling slows down who comes back, each turn notes all who are away; and where nobody can take the record, when that
changes depends on all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Container, Mapping, Sequence
from heapq import merge
from typing import Final

from msgspec.structs import replace

from service.core.pool_spec import Membership
from service.core.reasons import ExclusionReason
from service.core.sharing.contender import Choice, Contender
from service.core.sharing.eligibility import CHECKS, LISTED_CANDIDATES, NOBODY, Check, Situation, is_at_work
from service.core.sharing.entry import catching_up, levelled, slows_returners
from service.core.sharing.limits import open_items_in
from service.core.sharing.ring import Place, Ring, ring_of
from service.core.sharing.turns import contenders, line_up, turn_of
from service.core.traits import has_all

NAMED: Final = 5
"""Of so many who are passed over in a large pool, those whose turn it was first, a decision tells."""

NOBODY_LATE: Final[frozenset[str]] = frozenset()
"""Everybody is level."""

Ask = Callable[[Membership, Situation], ExclusionReason | None]
Answer = tuple[Place, ExclusionReason | None]


def choose(
    situation: Situation, checks_of: Sequence[Check] = CHECKS, looked_at_whole: int = LISTED_CANDIDATES
) -> Choice:
    """Ask of members the checks that can say no, and pick by the rule of turns. Pools of up to so many members are
    looked at as a whole.
    """
    if len(situation.spec.members) > looked_at_whole:
        found = _first_in_turn(situation, checks_of)
        if found is not None:
            return found
    return look_at_all(situation, checks_of)


def look_at_all(situation: Situation, checks_of: Sequence[Check] = CHECKS) -> Choice:
    """The same choice with everybody in it, as configured."""
    seen = line_up(situation.spec, situation.draft, _left_out(situation, checks_of))
    if situation.preferred:
        seen = [replace(each, others_first=not _is_preferred(each, situation)) for each in seen]
    return Choice(_first(seen), seen)


def _first(line: Sequence[Contender]) -> Contender | None:
    return min([each for each in line if each.excluded is None], default=None)


def _first_in_turn(situation: Situation, checks_of: Sequence[Check]) -> Choice | None:
    """The choice with those in it who come before the first who can take the record, and all who catch up; none: it
    takes a look at everybody.
    """
    spec, draft = situation.spec, situation.draft
    if situation.preferred or slows_returners(spec):
        return None
    ring = ring_of(spec, draft, situation.off)
    if ring is None:
        return None
    asks = [check.ask for check in checks_of if check.concerns(situation)]
    late = catching_up(spec, draft)
    numbers_late = sorted(map(ring.number, late))
    answers, passed_over = _answers(ring, asks, numbers_late, situation)
    if not answers:
        return None
    line = _contenders([(place[3], reason) for place, reason in answers], ring, situation, NOBODY_LATE)
    unnamed = passed_over + 1 - len(line)
    not_looked_at = len(spec.members) - passed_over - 1 - len(late)
    if not late:
        return Choice(line[-1], line, unnamed, not_looked_at)
    of_late = [(number, _refusal(spec.members[number], situation, asks)) for number in numbers_late]
    line += _contenders(of_late, ring, situation, late)
    line = levelled(line, late, spec, turn_of(spec, draft))
    return Choice(_first(line), line, unnamed, not_looked_at)


def _answers(
    ring: Ring, asks: Sequence[Ask], late: Sequence[int], situation: Situation
) -> tuple[Sequence[Answer], int]:
    """What the first few say who are passed over, and behind them the first who can take the record; and how many are
    passed over. Those who are `late` are not among them. Empty: nobody can take it.
    """
    members = situation.spec.members
    is_apart = is_at_work in asks
    refused: list[Answer] = []
    for place in ring.there if is_apart else merge(ring.there, ring.off):
        if place[3] in late:
            continue
        reason = _refusal(members[place[3]], situation, asks)
        if reason is None:
            break
        refused.append((place, reason))
    else:
        return (), len(refused)
    off = ring.off[: bisect_left(ring.off, place)] if is_apart else []
    off = [each for each in off if each[3] not in late] if late else off
    named = refused[:NAMED] + [(each, _refusal(members[each[3]], situation, asks)) for each in off[:NAMED]]
    return [*sorted(named)[:NAMED], (place, None)], len(refused) + len(off)


def _contenders(
    answers: Sequence[tuple[int, ExclusionReason | None]], ring: Ring, situation: Situation, late: Container[str]
) -> list[Contender]:
    """Members by their number, each with why they cannot take the record."""
    spec, draft = situation.spec, situation.draft
    seated, excluded = [], {}
    for number, reason in answers:
        member = spec.members[number]
        seated.append((member, ring.seat(number, draft), open_items_in(spec, member.person, draft)))
        if reason is not None:
            excluded[member.person] = reason
    return contenders(spec, seated, ring.floor, late, excluded)


def _refusal(member: Membership, situation: Situation, asks: Sequence[Ask]) -> ExclusionReason | None:
    """Why somebody cannot take the record by the first of the checks that says no; none: they can."""
    for ask in asks:
        reason = ask(member, situation)
        if reason is not None:
            return reason
    return None


def _left_out(situation: Situation, checks_of: Sequence[Check]) -> Mapping[str, ExclusionReason]:
    """Who cannot take the record, and why by the first of the checks that says no."""
    found: Mapping[str, ExclusionReason] = NOBODY
    for check in reversed([check for check in checks_of if check.concerns(situation)]):
        stopped = _asked(check, situation) if check.known is None else check.known(situation)
        found = {**found, **stopped} if found else stopped
    return found


def _asked(check: Check, situation: Situation) -> Mapping[str, ExclusionReason]:
    reasons = {member.person: check.ask(member, situation) for member in situation.spec.members}
    return {person: reason for person, reason in reasons.items() if reason is not None}


def _is_preferred(each: Contender, situation: Situation) -> bool:
    user = situation.config.users.get(each.person)
    return user is not None and has_all(user.traits, situation.preferred)
