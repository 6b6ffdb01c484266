"""Which pools are asked for a record, one after the other, and who of them can have it (D3).

A pool may name another that helps it out. Then both may take what waits in its line, whoever of them can first; each
pool is asked once, so two that help each other out make no circle. Where a pool would rather give a record to anybody
than let it wait, presence, limits and pace do not count (D55); who declined it, or is switched off, still gets none.

Of a target with steps all that were reached are asked, in order (D56): pools with those that help them out, and people.
What a pool has done rather than let a record wait is done behind the last step, for until then the steps say what is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import Target
from service.core.holding import climbing
from service.core.holding.waiting import is_fit
from service.core.model import AskedPool
from service.core.pool_spec import PoolSpec
from service.core.reasons import PendingReason
from service.core.reservation import Handing
from service.core.sharing.choosing import choose
from service.core.sharing.contender import Choice
from service.core.sharing.eligibility import LAST_RESORT, Situation, Sought, asks_again, next_chance
from service.core.sizing import weighs


class Later(NamedTuple):
    """When somebody can take what nobody can now. `next_try_ms` is when time alone lets somebody again, where that is
    known; `is_timed`: calendars or limits keep some away, of which nobody will tell when it ends.
    """

    next_try_ms: int | None = None
    is_timed: bool = False


NEVER: Final = Later()
"""It is not asked: somebody takes it."""


class Taker:
    """Who is next in the pool `spec` (none chosen: nobody can take it, and `spec` is the one asked first), and which
    pools were asked in vain. `resort` is a person or queue that helps out then; none: there is none. `is_last_resort`:
    who was chosen gets it though they cannot take it now.
    """

    __slots__ = ("asked", "choice", "is_last_resort", "later", "resort", "situation", "spec")

    def __init__(
        self,
        situation: Situation,
        choice: Choice,
        asked: tuple[AskedPool, ...],
        resort: Target | None = None,
        later: Later = NEVER,
        *,
        is_last_resort: bool = False,
    ) -> None:
        self.situation = situation
        self.spec = situation.spec
        self.choice = choice
        self.asked = asked
        self.resort = resort
        self.later = later
        self.is_last_resort = is_last_resort

    @property
    def is_somebody(self) -> bool:
        """Whether the record leaves the line."""
        return self.choice.chosen is not None or self.resort is not None

    @property
    def is_open_to_all(self) -> bool:
        """Whether those who were asked for the record before are asked for it as if they had not been."""
        return self.situation.sought.handing is None


def find(case: Case, first: PoolSpec, *, paced: bool) -> Taker:
    """Ask the pool, and those that help it out."""
    climbing.advance(case)
    seen: list[tuple[Situation, Choice]] = []
    person: Target | None = None
    for asked in _in_order(case, first, paced=paced):
        if not isinstance(asked, PoolSpec):
            person = asked
            break
        situation, choice = _choose(case, asked, paced=paced)
        seen.append((situation, choice))
        if choice.chosen is not None:
            return Taker(situation, choice, _asked(seen[:-1]) if len(seen) > 1 else ())
    if person is None and climbing.is_at_end(case):
        pools = [situation.spec for situation, _ in seen]
        person = next((spec.fallback for spec in pools if _is_resort(spec.fallback, case)), None)
        anyway = next((spec for spec in _homes(case, first) if spec.assign_anyway), None) if person is None else None
        last_resort = None if anyway is None else _anybody(case, anyway, paced=paced)
        if last_resort is not None:
            return Taker(*last_resort, _asked(seen), is_last_resort=True)
    tries = [_next_chance(case, choice, situation) for situation, choice in seen]
    next_try_ms = min((moment for moment in (*tries, climbing.begins_ms(case)) if moment is not None), default=None)
    later = Later(next_try_ms, any(situation.off or situation.is_limited for situation, _ in seen))
    return Taker(*(seen[0] if seen else _choose(case, first, paced=paced)), _asked(seen), person, later)


def _in_order(case: Case, first: PoolSpec, *, paced: bool) -> Iterator[PoolSpec | Target]:
    """Whom to ask: pools, each once, and behind them whoever gets the record as they are: a person or a queue."""
    if climbing.climb_of(case) is None:
        yield from _pools(case, first)
        return
    asked: set[str] = set()
    at_most = first.drain_per_minute if paced else None
    for rung in climbing.rungs(case):
        target = rung.target
        if not isinstance(target, Target):
            continue
        if target.kind == "pool":
            pools = [spec for spec in _pools(case, case.config.pools[target.id]) if spec.id not in asked]
            asked.update(spec.id for spec in pools)
            yield from pools
        elif target.kind == "queue" or rung.is_last or climbing.can_have(target.id, case, at_most=at_most):
            yield target


def _homes(case: Case, first: PoolSpec) -> list[PoolSpec]:
    """The pools that a target names, those that help them out aside."""
    if climbing.climb_of(case) is None:
        return [first]
    targets = [rung.target for rung in climbing.rungs(case)]
    return [case.config.pools[each.id] for each in targets if isinstance(each, Target) and each.kind == "pool"]


def _anybody(case: Case, spec: PoolSpec, *, paced: bool) -> tuple[Situation, Choice] | None:
    """Whose turn it is though they may not be there, or full; none: nobody's."""
    handing = case.handing
    situation = _situation(case, spec, None if handing is None else replace(handing, spots=()), paced=paced)
    choice = choose(situation, LAST_RESORT)
    return None if choice.chosen is None else (situation, choice)


def _asked(seen: Sequence[tuple[Situation, Choice]]) -> tuple[AskedPool, ...]:
    return tuple(AskedPool(situation.spec.id, why_nobody(choice)) for situation, choice in seen)


def why_nobody(choice: Choice) -> PendingReason:
    """Why nobody of a pool takes the record."""
    if not choice.seen:
        return "empty_pool"
    return "not_accepted" if any(each.excluded == "handed_on" for each in choice.seen) else "nobody_eligible"


def why_pending(case: Case, found: Taker) -> PendingReason:
    """Why the record waits; of several steps the reason that leaves most hope."""
    if climbing.climb_of(case) is None:
        return why_nobody(found.choice)
    reasons = {each.reason for each in found.asked}
    is_anybody_named = any(
        isinstance(each.target, Target) and each.target.kind == "user" for each in climbing.rungs(case)
    )
    if is_anybody_named or not reasons or "nobody_eligible" in reasons:
        return "nobody_eligible"
    return "not_accepted" if "not_accepted" in reasons else "empty_pool"


def _pools(case: Case, first: PoolSpec) -> Iterator[PoolSpec]:
    """The pool, and those that help it out and want the record, each once."""
    yield first
    for name in case.config.helpers.get(first.id, ()):
        if is_fit(case, name, named=False):
            yield case.config.pools[name]


def _is_resort(target: Target | None, case: Case) -> bool:
    """Whether this is a person or a queue that there is."""
    if target is None or target.kind == "pool":
        return False
    if target.kind == "user":
        user = case.config.users.get(target.id)
        return user is not None and user.active
    return is_fit(case, target.id, named=True)


def _choose(case: Case, spec: PoolSpec, *, paced: bool) -> tuple[Situation, Choice]:
    """Whose turn it is. Where nobody is left to be asked, all are asked once more, if the pool says so and it helps."""
    handing = case.handing
    situation = _situation(case, spec, handing, paced=paced)
    choice = choose(situation)
    if choice.chosen is not None or not asks_again(spec, handing):
        return situation, choice
    anew = _situation(case, spec, None, paced=paced)
    choice_anew = choose(anew)
    return (situation, choice) if choice_anew.chosen is None else (anew, choice_anew)


def _next_chance(case: Case, choice: Choice, situation: Situation) -> int | None:
    """When time alone lets somebody have the record, those whom it is asked of once more among them."""
    if asks_again(situation.spec, case.handing):
        situation = _situation(case, situation.spec, None, paced=situation.paced)
        choice = choose(situation)
    return next_chance(choice, situation)


def _situation(case: Case, spec: PoolSpec, handing: Handing | None, *, paced: bool) -> Situation:
    sought = Sought(case.facts, case.requires, handing, weighs(case))
    return Situation(spec, case.config, case.draft, case.now_ms, sought, paced=paced)
