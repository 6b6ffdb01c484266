"""What is to come of people: a leave that begins next month, a shift that ends tonight.

News of somebody may say when it *begins* to hold. Where that is still to come, it is a spell of its own beside what
holds now: known by its cause and its beginning, ordered by its own time as all news of a cause is. Told again with
another end it has that end; the word that ends the cause, with the same beginning, calls it off. When its time has come
it is as if it were told then, and it ends by the later of two ends where the same cause keeps them away already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from service.core.draft import Draft
from service.core.events import MemberEvent
from service.core.order import Moment, compare
from service.core.person import Absence, Cause, Person, Planned, Spell

PLANNED_LIMIT: Final = 32
"""So many spells of a person are remembered, those that begin next."""


def plan(event: MemberEvent, begins_ms: int, causes: Iterable[Cause], draft: Draft, *, is_off: bool) -> bool:
    """Take note of what begins then, or does not after all. Whether it was news."""
    known = draft.planned.get(event.person) or Planned()
    spells = {(each.begins_ms, each.cause): each for each in known.spells}
    is_news = False
    for cause in causes:
        before = spells.get((begins_ms, cause))
        told_ms = None if before is None else before.time_ms
        if compare(Moment(time_ms=event.time_ms), Moment(time_ms=told_ms)) == "older":
            continue
        time_ms = told_ms if event.time_ms is None else event.time_ms
        spells[begins_ms, cause] = Spell(cause, begins_ms, event.until_ms, time_ms, is_off)
        is_news = True
    if is_news:
        draft.planned.put(event.person, Planned(tuple(spells[at] for at in sorted(spells)[:PLANNED_LIMIT])))
    return is_news


def begin(name: str, person: Person, draft: Draft, now_ms: int) -> None:
    """Let hold, in the decision's own copy of the person, what was planned for a time that has come."""
    known = draft.planned.get(name)
    if known is None:
        return
    for each in known.spells:
        if each.begins_ms <= now_ms and not each.is_off and (each.until_ms is None or each.until_ms > now_ms):
            setattr(person, each.cause, _joined(getattr(person, each.cause), each))
    left = tuple(each for each in known.spells if each.begins_ms > now_ms)
    if left:
        draft.planned.put(name, Planned(left))
    else:
        draft.planned.drop(name)


def next_ms(name: str, draft: Draft) -> int | None:
    """When the next spell begins; none: nothing is planned."""
    known = draft.planned.get(name)
    return known.spells[0].begins_ms if known is not None and known.spells else None


def _joined(now: Absence, spell: Spell) -> Absence:
    """The absence of a cause from now on."""
    ends = [spell.until_ms, *([now.until_ms] if now.is_absent else [])]
    known = [end for end in ends if end is not None]
    times = [time for time in (now.time_ms, spell.time_ms) if time is not None]
    until_ms = max(known) if len(known) == len(ends) else None
    return Absence(is_absent=True, until_ms=until_ms, time_ms=max(times, default=None))
