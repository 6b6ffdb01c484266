"""Which pools are asked for a record, one after the other, and who of them can have it (D3).

A pool may name another that helps it out. Then both may take what waits in its line, whoever of them can first; each
pool is asked once, so two that help each other out make no circle. Where a pool would rather give a record to anybody
than let it wait, presence, limits and pace do not count (D55); who declined it, or is switched off, still gets none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import Target
from service.core.holding import offers
from service.core.holding.waiting import is_fit
from service.core.model import AskedPool
from service.core.pool_spec import PoolSpec
from service.core.reasons import PendingReason
from service.core.sharing.eligibility import CHECKS, LAST_RESORT, Choice, Situation, choose


class Taker(NamedTuple):
    """Who is next in the pool `spec` (none chosen: nobody can take it, and `spec` is the one asked first), and which
    pools were asked in vain. `resort` is a person or queue that helps out then; none: there is none. `is_last_resort`:
    who was chosen gets it though they cannot take it now.
    """

    spec: PoolSpec
    choice: Choice
    asked: tuple[AskedPool, ...]
    resort: Target | None = None
    is_last_resort: bool = False

    @property
    def is_somebody(self) -> bool:
        """Whether the record leaves the line."""
        return self.choice.chosen is not None or self.resort is not None


def find(case: Case, first: PoolSpec, *, paced: bool) -> Taker:
    """Ask the pool, and those that help it out."""
    asked: list[AskedPool] = []
    choices: list[Choice] = []
    for spec in _pools(case, first):
        choice = _choose(case, spec, paced=paced)
        if choice.chosen is not None:
            return Taker(spec, choice, tuple(asked))
        choices.append(choice)
        asked.append(AskedPool(spec.id, why_nobody(choice)))
    resort = next((spec.fallback for spec in _pools(case, first) if _is_resort(spec.fallback, case)), None)
    if resort is None and first.assign_anyway:
        handing = case.handing
        handing = None if handing is None else replace(handing, spots=())
        situation = Situation(first, case.config, case.draft, case.now_ms, paced, case.facts, handing)
        choice = choose(situation, LAST_RESORT)
        if choice.chosen is not None:
            return Taker(first, choice, tuple(asked), is_last_resort=True)
    return Taker(first, choices[0], tuple(asked), resort)


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


def _choose(case: Case, spec: PoolSpec, *, paced: bool) -> Choice:
    """Whose turn it is. Where nobody is left to be asked, all are asked once more, if the pool says so and it helps."""
    handing = case.handing
    situation = Situation(spec, case.config, case.draft, case.now_ms, paced, case.facts, handing)
    choice = choose(situation, CHECKS)
    accepting = spec.accepting
    if choice.chosen is not None or handing is None or accepting is None or not accepting.ask_again or handing.rounds:
        return choice
    anew = choose(situation._replace(handing=None), CHECKS)
    if anew.chosen is None:
        return choice
    offers.begin_round(case)
    return anew
