"""What moves a record on its steps: the wait for one is over, or somebody can whom a step names alone (D56).

Members of pools take it out of the line in which it stands, like all that waits there (see `holding.draining`).
"""

from __future__ import annotations

from itertools import islice, takewhile

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.climbing import AWAITED_PREFIX, climb_of
from service.core.holding.draining import DRAINED_PER_FIRING, look_in_time, move
from service.core.holding.waiting import ask_anew, is_fit, set_clocks, waiting_case
from service.core.model import Decision
from service.core.parked import Parked


def step_on(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The record has waited for a step as long as it says: the next is asked, too."""
    parked = draft.parked.get(name)
    decided = None if parked is None else _ask(name, parked, draft, config, now_ms)
    return () if decided is None else decided


def serve(person: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """Somebody may have what waits for them alone: as much as they can, best score first, then oldest."""
    names = needed(person, draft)
    decisions: list[Decision] = []
    moved = 0
    for name in takewhile(lambda each: draft.records.get(each) is not None, names):
        parked = draft.parked.get(name)
        decided = None if parked is None else _ask(name, parked, draft, config, now_ms)
        moved += decided is None or len(decided)
        decisions += decided or ()
    if moved and draft.awaits(person) > moved:
        draft.set_timer(AWAITED_PREFIX + person, now_ms)
    return tuple(decisions)


def needed(person: str, draft: Draft) -> tuple[str, ...]:
    """The first of the records that wait for somebody alone, in the order in which they get them."""
    return tuple(islice(draft.awaiting(person), DRAINED_PER_FIRING))


def _ask(name: str, parked: Parked, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...] | None:
    """What comes of asking all whom the record has reached; none: it does not belong there, and is asked anew."""
    case = waiting_case(name, parked, draft, config, now_ms)
    if climb_of(case) is None:
        return ()
    if not is_fit(case, parked.pool, named=parked.named):
        ask_anew(name, draft, now_ms)
        return None
    decision = move(case, parked)
    if decision is not None:
        return (decision,)
    set_clocks(case, parked)
    look_in_time(config.pools[parked.pool], draft, config, now_ms)
    return ()
