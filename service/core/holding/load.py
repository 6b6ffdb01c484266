"""Whose open items are how many: the one place where a record gets an owner, and where its owner's load changes.

The open items of a person are the records of one type that they own and that are not closed, whoever gave them (D26).
They are counted per person and type; what a pool gave and the person still has is counted beside it, in their seat.
The record notes whether it was counted, so that what was never counted is never taken off.

Whatever asks how much somebody has (limits, least loaded) asks here; whatever ends or begins an open item without
another owner (closing, reopening) calls `count_off` and `count_on`.
"""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.holding import offers
from service.core.holding.contacts import note_owner
from service.core.holding.waiting import wake_served_by
from service.core.seating import Seat
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
    case.draft.open.edit(open_field(case.record_type, record.owner)).open_items += 1
    if record.pool:
        _come_to_seat(seat_field(record.pool, record.owner), case)


def count_off(case: Case) -> None:
    """The record is no open item any more: its owner has room for another, and what they were to accept they are asked
    no more. Nothing to do where it is none.
    """
    record = case.record
    if not record.counted:
        return
    record.counted = False
    offers.end(case)
    _take_off(open_field(case.record_type, record.owner), case)
    if record.pool:
        _leave_seat(seat_field(record.pool, record.owner), case)
    freed(case, record.owner)


def freed(case: Case, person: str) -> None:
    """Somebody has room again: have the lines looked at in which records of this type wait for them."""
    for pool in case.draft.pools_of(person):
        spec = case.config.pools.get(pool)
        if spec is not None and spec.record_type == case.record_type and not spec.is_queue:
            wake_served_by(pool, case.config, case.draft, case.now_ms)


def _take_off(field: str, case: Case) -> None:
    """One less; nothing is kept of who has none."""
    known = case.draft.open.edit(field)
    known.open_items -= 1
    if not known.open_items:
        case.draft.open.drop(field)


def _come_to_seat(field: str, case: Case) -> None:
    """One more in the pool. Who left it with none is a member no more, and has a seat for what they have from it."""
    if case.draft.seats.get(field) is None:
        case.draft.seats.put(field, Seat(served_pass=0, last_turn=0, joined=0))
    case.draft.seats.edit(field).open_items += 1


def _leave_seat(field: str, case: Case) -> None:
    """One less in the pool. Who has left it gives up their seat with the last one."""
    seat = case.draft.seats.edit(field)
    seat.open_items -= 1
    if not (seat.open_items or seat.is_taken):
        case.draft.seats.drop(field)
