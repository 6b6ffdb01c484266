"""How somebody comes into a pool, and how they get level with the others (D1, D52).

Who enters at the *end of the ring* is level at once: with the one present who is furthest behind, and behind all of
them in turn. Who *catches up* starts where they would be had they never been served, and gets the next turns until they
are level; the floor of `turns` does not apply to them until then. A *ceiling* makes that slower: of so many turns in a
row they get so many at most, as long as somebody else can take the others.

Who comes back is bounded by the pool's credit. Where open items decide there is no such bound: they are levelled like
newcomers, but slowed down only by a ceiling that the pool itself sets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from service.core.catch_up import CatchUp
from service.core.draft import Draft
from service.core.entry_policy import Ceiling
from service.core.pool_spec import Membership, PoolSpec
from service.core.reasons import ABSENT
from service.core.seating import Seat
from service.core.sharing.contender import Contender
from service.core.sharing.strategies import STRATEGIES, entry_policy, step
from service.core.state import seat_field

NOBODY: Final[Mapping[str, CatchUp]] = MappingProxyType({})

Having = Callable[[str], int]
"""How many somebody has of what a pool levels instead of turns, such as a plan's clients (D46)."""


class Start(NamedTuple):
    """Where a newcomer starts. `catches_up`: they are behind, and get level by `CatchUp`."""

    served_pass: int
    last_turn: int
    catches_up: bool


class Entrance:
    """Where newcomers start, one after another; `having` none: level means turns.

    Everything that decides it is kept up as members are counted in, newcomers too: seating takes one look at each.
    """

    __slots__ = ("_has_settled", "_having", "_highest", "_is_served", "_least", "_lightest", "_lowest", "_spec")

    def __init__(self, spec: PoolSpec, having: Having | None = None) -> None:
        self._spec = spec
        self._having = having
        self._has_settled = False
        self._is_served = False
        self._lightest = inf
        self._highest: int | None = None
        self._lowest = _Lowest()
        self._least = _Lowest()

    def settled(self, member: Membership, seat: Seat, *, is_present: bool) -> None:
        """The member has sat there before."""
        self._has_settled = True
        self._count_in(member, seat.served_pass, seat.last_turn, is_present=is_present)

    def start(self, newcomer: Membership, turn: int, *, is_present: bool) -> Start:
        """Where they start whose first turn is behind the pool's `turn`; from then on they are counted."""
        served_pass, last_turn, catches_up = self._level(newcomer), turn, False
        if entry_policy(self._spec).catches_up:
            level, last_turn = served_pass, 0
            served_pass = self._behind(newcomer, level)
            levels = STRATEGIES[self._spec.strategy].levels_newcomers
            catches_up = levels and (self._has_settled or served_pass < level)
        self._count_in(newcomer, served_pass, last_turn, is_present=is_present)
        return Start(served_pass, last_turn, catches_up)

    def _level(self, newcomer: Membership) -> int:
        """The lowest effective pass of those present; half a step of their own where nobody was served yet."""
        if self._highest is None or not self._is_served:
            return step(newcomer.weight) // 2
        floor = self._highest - credit(self._spec, self._lightest)
        return floor if self._lowest.present is None else max(floor, self._lowest.present)

    def _behind(self, newcomer: Membership, level: int) -> int:
        """As if they had been there all along and were never served; or a step behind level for each that they lack."""
        if self._having is None:
            return step(newcomer.weight) // 2
        least = self._least.present if self._least.present is not None else self._least.all or 0
        return level - step(newcomer.weight) * max(0, least - self._having(newcomer.person))

    def _count_in(self, member: Membership, served_pass: int, last_turn: int, *, is_present: bool) -> None:
        self._is_served = self._is_served or last_turn > 0
        self._lightest = min(self._lightest, member.weight)
        self._highest = served_pass if self._highest is None else max(self._highest, served_pass)
        self._lowest.count_in(served_pass, is_present=is_present)
        if self._having is not None:
            self._least.count_in(self._having(member.person), is_present=is_present)


class _Lowest:
    """The lowest number of all, and of those present; none: there was none."""

    __slots__ = ("all", "present")

    def __init__(self) -> None:
        self.all: int | None = None
        self.present: int | None = None

    def count_in(self, number: int, *, is_present: bool) -> None:
        self.all = number if self.all is None else min(self.all, number)
        if is_present:
            self.present = number if self.present is None else min(self.present, number)


def credit(spec: PoolSpec, lightest: float) -> int:
    """How far behind the highest pass the floor is: no member who is level, present or not, is further behind."""
    return spec.credit * step(lightest)


def catching_up(spec: PoolSpec, draft: Draft) -> Mapping[str, CatchUp]:
    """Who of the pool is not level yet. Mostly few are in any pool, and these are looked through instead of members."""
    if draft.catch_ups.is_empty or not entry_policy(spec).catches_up:
        return NOBODY
    if draft.catch_ups.at_most < len(spec.members):
        found = {}
        for field, each in draft.catch_ups.items():
            pool, _, person = field.partition("/")
            if pool == spec.id and person in spec.weights:
                found[person] = each
        return found
    known = zip(spec.members, draft.catch_ups.get_all(spec.seats), strict=True)
    return {member.person: each for member, each in known if each is not None}


def levelled(line: Sequence[Contender], late: Mapping[str, CatchUp], spec: PoolSpec, turn: int) -> list[Contender]:
    """The same line, in which it is said how far behind those are who catch up, and who of them has to wait.

    Level is the lowest load of the others who can be served, else of all others; without others everybody is level.
    """
    others = [each for each in line if each.person not in late]
    able = [each.load for each in others if each.excluded is None] or [each.load for each in others]
    level = min(able, default=None)
    found = list(line)
    for place, each in enumerate(line):
        if each.person in late and level is not None and each.load < level:
            found[place] = replace(each, behind=-((each.load - level) // step(spec.weights[each.person])))
    ceiling = entry_policy(spec).ceiling
    return found if ceiling is None else _held_back(found, late, ceiling, turn)


def follow(spec: PoolSpec, line: Sequence[Contender], chosen: Contender, turn: int, draft: Draft) -> None:
    """After a turn: note it of who is behind, forget who is level, foresee who will come back behind the others."""
    policy = entry_policy(spec)
    slows = slows_returners(spec)
    if not policy.catches_up or (draft.catch_ups.is_empty and not slows):
        return
    for each in line:
        field = seat_field(spec.id, each.person)
        known = draft.catch_ups.get(field)
        if slows and each.excluded in ABSENT:
            if known is None:
                draft.catch_ups.put(field, CatchUp())
        elif known is not None and each.behind <= (each.person == chosen.person):
            draft.catch_ups.drop(field)
        elif known is not None and each.person == chosen.person and policy.ceiling is not None:
            draft.catch_ups.put(field, CatchUp((*known.turns, turn)[-policy.ceiling.at_most :]))


def slows_returners(spec: PoolSpec) -> bool:
    """Whether who comes back is under the ceiling that the pool itself sets."""
    has_own_ceiling = spec.entry is not None and spec.entry.ceiling is not None
    return has_own_ceiling and STRATEGIES[spec.strategy].levels_returners


def _held_back(line: list[Contender], late: Mapping[str, CatchUp], ceiling: Ceiling, turn: int) -> list[Contender]:
    """Leave out who has had what the ceiling allows, counting the turn to come, while somebody else can be served."""
    held = {
        each.person
        for each in line
        if each.behind and sum(had > turn + 1 - ceiling.of for had in late[each.person].turns) >= ceiling.at_most
    }
    if all(each.person in held for each in line if each.excluded is None):
        return line
    return [
        replace(each, excluded="ceiling") if each.person in held and each.excluded is None else each for each in line
    ]
