"""Which plan a lead is in, and how many clients a plan's people have: the one place where either changes.

A client of a plan is a lead whose current plan it is, a closed one included (D46); it counts for whoever has the lead,
be they a manager of the plan or not. Where it is counted follows from the lead alone, so it is found out once, when all
else is decided, and what was counted before is taken off there: so the numbers never drift.
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.draft import Draft
from service.core.events import OFFER_KINDS
from service.core.in_plan import InPlan, Led
from service.core.state import clients_field

PARKED: Final = "parked"
"""The question whose answer is the pool in whose line the record waited."""


def enter(case: Case, plan: str, by: str, through: str = "", time_ms: int | None = None) -> None:
    """The lead is in this plan from now on (empty: in none). Where it is already, it stays for what brought it.

    What is no offer leads it there at `time_ms` by its own time, else behind all that was told of its offers; that is
    remembered, because what is told of offers later may have been earlier.
    """
    memory = case.draft.plans.edit(case.name)
    if memory.plan == plan and by == PARKED:
        return
    if by not in OFFER_KINDS:
        last_ms = memory.offers[-1].time_ms if memory.offers else None
        memory.led = Led(plan, by, through, last_ms if time_ms is None else time_ms)
    if memory.plan != plan:
        memory.plan, memory.by, memory.through, memory.since_ms = plan, by, through, case.now_ms


def recount(draft: Draft) -> None:
    """Count every lead that this decision touched where it belongs now."""
    touched = {**draft.plans.own, **draft.records.own} if not draft.plans.is_empty else {}
    for name in touched:
        known = draft.plans.get(name)
        if known is None:
            continue
        draft.records.edit(name).in_plans = True
        place = _place(name, known, draft)
        if place != known.counted:
            _take_off(known.counted, draft)
            _put_on(place, draft)
            draft.plans.edit(name).counted = place


def having(plan: str, draft: Draft, person: str) -> int:
    """How many clients somebody has in a plan."""
    known = draft.clients.get(clients_field(plan, person))
    return 0 if known is None else known.clients


def forget(name: str, draft: Draft) -> None:
    """Nothing is remembered of the lead any more: it is nobody's client."""
    known = draft.plans.get(name)
    if known is not None:
        _take_off(known.counted, draft)
        draft.plans.drop(name)


def _place(name: str, known: InPlan, draft: Draft) -> str:
    record = draft.records.get(name)
    if not known.plan or record is None or record.deleted:
        return ""
    return clients_field(known.plan, record.owner)


def _put_on(place: str, draft: Draft) -> None:
    if place:
        draft.clients.edit(place).clients += 1


def _take_off(place: str, draft: Draft) -> None:
    if not place:
        return
    known = draft.clients.edit(place)
    known.clients -= 1
    if not known.clients:
        draft.clients.drop(place)
