"""Whether there is room: limits of what is open, of what was given lately, and of what was given in a day, week, month.

Asked where somebody is picked and counted in the same step, so no two decisions ever see the same last place (D14). We
never give beyond a limit; what people do themselves (a hand-over, taking from a queue, opening again) may exceed it,
and then it is full until it is below (D55). An open limit has room for a record where all that it weighs fits in; one
on hold weighs nothing, and has room wherever any may be open. A window counts an entry while `now − t` is less than its
length, so N of N is full, and exactly at its length there is room.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.given import Given, Slot, holder_of, slot_field
from service.core.limit_spec import Holder, Limit, PoolLimits
from service.core.model import LimitCount
from service.core.overlay import Overlay
from service.core.pool_spec import PoolSpec
from service.core.reasons import Hindrance
from service.core.seating import Seat
from service.core.state import Open, State, open_field

NOTHING_GIVEN: Final = Given()
DROPPED_AT_ONCE: Final = 2
"""So many slots go with each new entry where a ring has become smaller."""

LONG_AGO: Final = -(2**62)
"""Before every time that there is."""


def hindered(limits: PoolLimits, spec: PoolSpec, draft: Draft, now_ms: int, size: int) -> Mapping[str, Hindrance]:
    """Who of a pool has no room for a record that weighs so much, and which kind of limit leaves none.

    All are looked at together, because every decision asks and mostly nobody is: then it is enough that a counter is
    low, whichever period it is of, or that a ring does not hold as many yet.
    """
    found: dict[str, Hindrance] = {}
    people, most, fields = limits.open
    if people:
        for person, at_most, counted in zip(people, most, open_of_members(fields, spec, draft), strict=True):
            against = fullness(0 if counted is None else counted.open_items, at_most, size)
            if against is not None:
                found[person] = against
    for person, holder in limits.open_everywhere:
        assert holder.open_at_most is not None, "the holder has a limit of open items"
        against = fullness(open_items_of(holder, person, draft), holder.open_at_most, size)
        if against is not None and found.get(person) != "too_large":
            found[person] = against
    people, held, least, names = limits.remembered
    for person, holder, bounds, given in zip(people, held, least, draft.given.get_all(names), strict=True):
        known = NOTHING_GIVEN if given is None else given
        in_window, in_day, in_week, in_month = bounds
        is_high = known.days >= in_day or known.weeks >= in_week or known.months >= in_month
        is_high = is_high or known.total - known.first >= in_window
        if is_high and _is_at_limit(holder, known, draft, now_ms):
            found.setdefault(person, "limit")
    return found


def fullness(open_items: int, at_most: int, size: int) -> Literal["full", "too_large"] | None:
    """Why a limit of open items leaves no room for a record that weighs so much; none: it does. Where not even one
    may be open, none may be that is on hold.
    """
    if open_items + size <= at_most and at_most:
        return None
    if size > at_most > 0:
        return "too_large"
    return "full" if size or not at_most else None


def hindrance(holder: Holder, open_items: int, draft: Draft, now_ms: int, size: int) -> Hindrance | None:
    """Why the holder, with so many open items, has no room for a record that weighs so much; none: it has room."""
    against = None if holder.open_at_most is None else fullness(open_items, holder.open_at_most, size)
    if against is not None:
        return against
    known = draft.given.get(holder.name) or NOTHING_GIVEN
    return "limit" if holder.is_remembered and _is_at_limit(holder, known, draft, now_ms) else None


def room_never(holder: Holder, size: int) -> Hindrance | None:
    """Why the holder has no room for a record that weighs so much though nothing is open and nothing was given, if so:
    what is done or closed, and time, change nothing about it.
    """
    against = None if holder.open_at_most is None else fullness(0, holder.open_at_most, size)
    if against is not None:
        return against
    return "limit" if any(not at_most for at_most, _ in (*holder.windows, *holder.periods)) else None


def room_again(holder: Holder, draft: Draft, now_ms: int) -> int | None:
    """When windows and periods that are full leave room (milliseconds): now, where none is; none: never by itself."""
    known = draft.given.get(holder.name) or NOTHING_GIVEN
    found = [now_ms]
    for at_most, length_ms in holder.windows:
        if not at_most:
            return None
        found.append(_blocks(holder, known, at_most, draft) + length_ms)
    for at_most, period in holder.periods:
        if not at_most:
            return None
        began_ms, ends_ms = holder.present.at(now_ms)[period]
        if known.since(period, began_ms) >= at_most:
            found.append(ends_ms)
    return max(found)


def counts(holder: Holder, open_items: int, draft: Draft, now_ms: int) -> list[LimitCount]:
    """How much of each limit is used."""
    known = draft.given.get(holder.name) or NOTHING_GIVEN
    return [
        LimitCount(
            holder.of,
            words,
            open_items if limit.per == "open" else _given(holder, limit, known, draft, now_ms),
            limit.at_most,
        )
        for limit, words in holder.worded
    ]


def note_given(holders: Iterable[Holder], draft: Draft, now_ms: int) -> None:
    """Something was given, which counts for all these. Where nothing is to be remembered nothing is written."""
    for holder in holders:
        if not holder.is_remembered:
            continue
        given = draft.given.edit(holder.name)
        _keep_time(holder, given, draft, now_ms)
        present = holder.present.at(now_ms)
        given.count(present["day"][0], present["week"][0], present["month"][0])


def open_items_of(holder: Holder, whose: str, draft: Draft) -> int:
    """How many open items count for a pool as a whole (what it gave, and who got it still has), or for a person in all
    their pools.
    """
    if holder.of == "pool":
        return draft.open_in(whose)
    found = draft.open.get_all([open_field(record_type, whose) for record_type in holder.types])
    return sum(each.open_items for each in found if each is not None)


def open_items_in(spec: PoolSpec, member: str, draft: Draft) -> int:
    """How many open items of a member the pool counts."""
    counted = _counted(spec, draft).get(spec.counted_in[member])
    return 0 if counted is None else counted.open_items


def gone_given(state: State, config: Config) -> list[str]:
    """Of which holders something is remembered that nobody counts any more."""
    held = config.limits.remembered
    return sorted(holder for holder in state.given if holder not in held)


def gone_slots(state: State, config: Config) -> list[str]:
    """The slots of the same holders."""
    held = config.limits.remembered
    return sorted(field for field in state.slots if holder_of(field) not in held)


def _is_at_limit(holder: Holder, known: Given, draft: Draft, now_ms: int) -> bool:
    """Whether any window or period is full."""
    for at_most, length_ms in holder.windows:
        if not at_most or _blocks(holder, known, at_most, draft) > now_ms - length_ms:
            return True
    for at_most, period in holder.periods:
        if known.since(period, holder.present.at(now_ms)[period][0]) >= at_most:
            return True
    return False


def open_of_members(fields: Sequence[str], spec: PoolSpec, draft: Draft) -> Sequence[Seat | Open | None]:
    """What says how many open items members have, as the pool counts them; none: they have none. `fields` are where
    the numbers are kept.
    """
    return _counted(spec, draft).get_all(fields)


def _counted(spec: PoolSpec, draft: Draft) -> Overlay[Seat] | Overlay[Open]:
    """Where it is kept how many open items members have, as the pool counts them (D26)."""
    return draft.seats if spec.count == "own" else draft.open


def _keep_time(holder: Holder, given: Given, draft: Draft, now_ms: int) -> None:
    """Note the time in the ring, which has as many slots as the largest window counts: the oldest make room first."""
    new = 1 if holder.slots else 0
    for _ in range(DROPPED_AT_ONCE):
        if given.total + new - given.first > holder.slots:
            draft.slots.drop(slot_field(holder.name, given.first))
            given.first += 1
    if new:
        draft.slots.put(slot_field(holder.name, given.total), Slot(now_ms))
        given.total += 1


def _blocks(holder: Holder, known: Given, at_most: int, draft: Draft) -> int:
    """When the entry was given that has to leave a window of so many before there is room; long ago: there is none."""
    entry = known.total - at_most
    return LONG_AGO if entry < known.first else _at(holder, entry, draft)


def _at(holder: Holder, entry: int, draft: Draft) -> int:
    slot = draft.slots.get(slot_field(holder.name, entry))
    assert slot is not None, f"an entry of {holder.name} that is kept has its time"
    return slot.at_ms


def _given(holder: Holder, limit: Limit, known: Given, draft: Draft, now_ms: int) -> int:
    """How many were given in the limit's window or period, as far as they are kept."""
    if isinstance(limit.per, str):
        assert limit.per != "open", "what is open is counted elsewhere"
        return known.since(limit.per, holder.present.at(now_ms)[limit.per][0])
    entries, since_ms = range(known.first, known.total), now_ms - limit.per
    if not entries or _at(holder, entries[0], draft) > since_ms:
        return len(entries)
    return len(entries) - bisect_right(entries, since_ms, key=lambda entry: _at(holder, entry, draft))
