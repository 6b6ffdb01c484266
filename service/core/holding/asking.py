"""Which pools are asked for a record, one after the other, and who of them can have it (D3).

A pool may name another that helps it out. Then both may take what waits in its line, whoever of them can first; each
pool is asked once, so two that help each other out make no circle. Where a pool would rather give a record to anybody
than let it wait, presence, limits and pace do not count (D55); who declined it, or is switched off, still gets none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import Target
from service.core.holding import offers
from service.core.holding.waiting import is_fit
from service.core.model import AskedPool
from service.core.offer import Handing
from service.core.pool_spec import PoolSpec
from service.core.reasons import PendingReason
from service.core.sharing.contender import Choice
from service.core.sharing.eligibility import LAST_RESORT, Situation, choose, next_chance


class Taker(NamedTuple):
    """Who is next in the pool `spec` (none chosen: nobody can take it, and `spec` is the one asked first), and which
    pools were asked in vain. `resort` is a person or queue that helps out then; none: there is none. `is_last_resort`:
    who was chosen gets it though they cannot take it now. `next_try_ms` is when time alone lets somebody again, where
    that is known; `is_timed`: calendars or limits keep some away, of which nobody will tell when it ends.
    """

    situation: Situation
    choice: Choice
    asked: tuple[AskedPool, ...]
    resort: Target | None = None
    is_last_resort: bool = False
    next_try_ms: int | None = None
    is_timed: bool = False

    @property
    def spec(self) -> PoolSpec:
        """The pool."""
        return self.situation.spec

    @property
    def is_somebody(self) -> bool:
        """Whether the record leaves the line."""
        return self.choice.chosen is not None or self.resort is not None


def find(case: Case, first: PoolSpec, *, paced: bool) -> Taker:
    """Ask the pool, and those that help it out."""
    seen: list[tuple[Situation, Choice]] = []
    for spec in _pools(case, first):
        situation, choice = _choose(case, spec, paced=paced)
        seen.append((situation, choice))
        if choice.chosen is not None:
            return Taker(situation, choice, _asked(seen[:-1]))
    resort = next((spec.fallback for spec in _pools(case, first) if _is_resort(spec.fallback, case)), None)
    if resort is None and first.assign_anyway:
        handing = case.handing
        situation = _situation(case, first, None if handing is None else replace(handing, spots=()), paced=paced)
        choice = choose(situation, LAST_RESORT)
        if choice.chosen is not None:
            return Taker(situation, choice, _asked(seen), is_last_resort=True)
    returns = (next_chance(choice, situation) for situation, choice in seen)
    return Taker(
        *seen[0],
        _asked(seen),
        resort,
        next_try_ms=min((moment for moment in returns if moment is not None), default=None),
        is_timed=any(situation.off or situation.is_limited for situation, _ in seen),
    )


def _asked(seen: Sequence[tuple[Situation, Choice]]) -> tuple[AskedPool, ...]:
    return tuple(AskedPool(situation.spec.id, why_nobody(choice)) for situation, choice in seen)


def why_nobody(choice: Choice) -> PendingReason:
    """Why nobody of a pool takes the record."""
    if not choice.seen:
        return "empty_pool"
    return "not_accepted" if any(each.excluded == "handed_on" for each in choice.seen) else "nobody_eligible"


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
    handing, accepting = case.handing, spec.accepting
    situation = _situation(case, spec, handing, paced=paced)
    choice = choose(situation)
    if choice.chosen is not None or handing is None or accepting is None or not accepting.ask_again or handing.rounds:
        return situation, choice
    anew = _situation(case, spec, None, paced=paced)
    choice_anew = choose(anew)
    if choice_anew.chosen is None:
        return situation, choice
    offers.begin_round(case)
    return anew, choice_anew


def _situation(case: Case, spec: PoolSpec, handing: Handing | None, *, paced: bool) -> Situation:
    return Situation(spec, case.config, case.draft, case.now_ms, paced, case.facts, case.requires, handing)
