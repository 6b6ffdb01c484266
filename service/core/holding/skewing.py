"""When a pool is skewed: one of its people stays behind the others, and its manager is told.

Whenever a pool chooses somebody, it is noted who was passed over although they are there: they are at a limit, lack a
skill, have another domain, or others are preferred. The load of who was chosen says how far the others had come by
then. As they come further, whoever is passed over falls behind: by as many turns as they would have had, each of their
own weight. Once that is more than the pool lets it be, its manager is told, once a day.

Time off is no skew, however long it was: whoever is not there is counted anew from when they are passed over next. So
is who gets a turn. Where neither passes nor open items decide nobody has a share to be behind, and of a large pool
those are looked at whom its decision names: they come before all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from service.core.case import Case
from service.core.draft import Draft
from service.core.model import Decision
from service.core.pool_spec import PoolSpec
from service.core.sharing.attendance import is_there
from service.core.sharing.contender import Choice, Contender
from service.core.sharing.strategies import STRATEGIES, step
from service.core.skew import Skew
from service.core.state import seat_field
from service.core.telling import notify

TOLD_EVERY_MS: Final = 24 * 3_600_000
"""The manager of a pool hears no more often than this that it is skewed."""

NOBODY: Final[Mapping[str, int]] = {}


def heeded(case: Case, spec: PoolSpec, choice: Choice, decision: Decision) -> Decision:
    """The decision by which somebody of the pool was chosen; where the pool is skewed, and that is not known yet, its
    manager is told of it, and the trace says who is behind.
    """
    if spec.skewed_after is None or not STRATEGIES[spec.strategy].levels_newcomers:
        return decision
    news = notify.of_skew(spec, case.config)
    if not news:
        return decision
    behind = _passed_over(case, spec, choice)
    known = case.draft.skews.get(spec.id)
    if known is None or max(behind.values(), default=0) <= spec.skewed_after:
        return decision
    if known.told_ms and known.told_ms + TOLD_EVERY_MS > case.now_ms:
        return decision
    told = notify.also(decision, news)
    if told is decision:
        return decision
    case.draft.skews.edit(spec.id).told_ms = case.now_ms
    candidates = tuple(
        replace(each, behind=max(each.behind, behind.get(each.person, 0))) for each in decision.trace.candidates
    )
    return replace(told, trace=replace(decision.trace, candidates=candidates))


def count_anew(spec: PoolSpec, draft: Draft) -> None:
    """Under another configuration nobody is behind yet, and of a pool that is not watched any more nothing is kept."""
    known = draft.skews.get(spec.id)
    if known is None:
        return
    if spec.skewed_after is None:
        draft.skews.drop(spec.id)
    elif known.since:
        draft.skews.edit(spec.id).since = {}


def _passed_over(case: Case, spec: PoolSpec, choice: Choice) -> Mapping[str, int]:
    """By person, how many turns of their own passed those by who were passed over. It is noted since when."""
    chosen, known = choice.chosen, case.draft.skews.get(spec.id)
    assert chosen is not None, f"somebody of {spec.id} was chosen"
    before = NOBODY if known is None else known.since
    since = dict(before)
    behind = {}
    for each in choice.seen:
        if each.person == chosen.person or not _is_counted(each, case):
            since.pop(each.person, None)
            continue
        load = _load(each, spec, case.draft)
        is_passed_over = each.excluded is not None or each.others_first
        if is_passed_over and load <= chosen.load:
            began = since.setdefault(each.person, chosen.load)
            behind[each.person] = max(0, chosen.load - max(began, load)) // step(spec.weights[each.person])
    if since != before:
        case.draft.skews.put(spec.id, Skew(since, 0 if known is None else known.told_ms))
    return behind


def _is_counted(each: Contender, case: Case) -> bool:
    """Whether somebody could have their share: they are active, and there."""
    return each.excluded != "inactive" and is_there(each.person, case.draft, case.config, case.now_ms)


def _load(each: Contender, spec: PoolSpec, draft: Draft) -> int:
    """Somebody's load without the floor, which forgives who was passed over what they are not to catch up."""
    if not STRATEGIES[spec.strategy].is_by_pass:
        return each.load
    seat = draft.seats.get(seat_field(spec.id, each.person))
    return each.load if seat is None else seat.served_pass
