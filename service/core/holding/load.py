"""Whose open items are how many: the one place where a record gets an owner, and where its owner's load changes.

The open items of a person are the records of one type that they own and that are not closed, whoever gave them (D26).
They are counted per person and type; what a pool gave and the person still has is counted beside it, in their seat.
The record notes whether it was counted and with what weight, so that what was never counted is never taken off.

Whatever asks how much somebody has (limits, least loaded) asks here; whatever ends or begins an open item without
another owner (closing, reopening) calls `count_off` and `count_on`.
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.draft import Draft
from service.core.given import USUAL
from service.core.holding import reservations
from service.core.holding.climbing import wake_for
from service.core.holding.contacts import note_owner
from service.core.holding.waiting import wake_served_by
from service.core.seating import Seat
from service.core.sizing import note, noted, size_of, weighs
from service.core.state import open_field, seat_field

OUTSTANDING_CHOICES: Final = 8
"""So many of the people whom we chose for a record, and were not told of yet, are remembered."""


def owned(case: Case, person: str) -> int:
    """How many open items of the record's type somebody has, however they came by them."""
    known = case.draft.open.get(open_field(case.record_type, person))
    return 0 if known is None else known.open_items


def hold(case: Case, owner: str, *, by_us: bool = False, pool: str = "") -> None:
    """Somebody has the record from now on, as an open item; `pool` gave it or they took it from there.

    Whom we chose is outstanding until we are told of them; a human's choice puts an end to all that are (D44).
    """
    let_go(case)
    record = case.record
    record.owner, record.by_us, record.pool = owner, by_us, pool
    record.outstanding = (*record.outstanding[-OUTSTANDING_CHOICES + 1 :], owner) if by_us else ()
    note_owner(case, owner)
    count_on(case)


def let_go(case: Case) -> None:
    """Nobody has the record from now on. Our choice may still be told."""
    count_off(case)
    record = case.record
    record.owner, record.by_us, record.pool, record.owed = "", False, "", False


def count_on(case: Case) -> None:
    """The record is an open item of its owner, and of the pool that gave it. Nothing to do where it is one already, or
    is closed.
    """
    record = case.record
    if record.counted or record.closed or not record.owner:
        return
    record.counted = True
    size = weighs(case)
    note(case, size)
    _count(case, size)


def count_off(case: Case) -> None:
    """The record is no open item any more: its owner has room for another, and what they were to accept they are asked
    no more. Nothing to do where it is none.
    """
    record = case.record
    if not record.counted:
        return
    record.counted = False
    reservations.end(case)
    _count(case, -noted(case))
    note(case, USUAL)
    freed(case, record.owner)


def weigh(case: Case) -> None:
    """The field may say another weight by now: what is counted follows it, over a limit if need be."""
    if not (case.record.counted and case.config.sizes):
        return
    before, size = noted(case), size_of(case)
    if size is None or size == before:
        return
    note(case, size)
    _count(case, size - before)
    if size < before:
        freed(case, case.record.owner)


def freed(case: Case, person: str) -> None:
    """Somebody has room again: have the lines looked at in which records wait for them, of this type or of another that
    a limit of theirs counts with it; and the line of the pool that gave this, where its own limit counts it.
    """
    config, given_by = case.config, case.record.pool
    holders = config.limits.of_person(person, case.record_type)
    types = {case.record_type}.union(*(holder.types for holder in holders if holder.open_at_most is not None))
    wake_for(person, case.draft, config, case.now_ms)
    for pool in case.draft.pools_of(person):
        spec = config.pools.get(pool)
        if spec is not None and spec.record_type in types and not spec.is_queue:
            wake_served_by(pool, config, case.draft, case.now_ms)
    if given_by in config.pools and config.limits.in_pool(config.pools[given_by]).pool is not None:
        wake_served_by(given_by, config, case.draft, case.now_ms)


def _count(case: Case, more: int) -> None:
    """So much more, or less, is open: of the owner, and of the pool that gave it. Nothing is kept of who has none."""
    record, draft = case.record, case.draft
    if not more:
        return
    field = open_field(case.record_type, record.owner)
    known = draft.open.edit(field)
    known.open_items += more
    if not known.open_items:
        draft.open.drop(field)
    if record.pool:
        _count_in_seat(seat_field(record.pool, record.owner), more, draft)


def _count_in_seat(field: str, more: int, draft: Draft) -> None:
    """Who left the pool has a seat for what they have from it, and gives it up with the last."""
    if draft.seats.get(field) is None:
        draft.seats.put(field, Seat(served_pass=0, last_turn=0, joined=0))
    seat = draft.seats.edit(field)
    seat.open_items += more
    if not (seat.open_items or seat.is_taken):
        draft.seats.drop(field)
