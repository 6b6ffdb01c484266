"""How long a record is remembered, and what it is to forget one.

Records come for ever, and what is kept of them is people's data. What was deleted in the CRM, and what was only ever
refused, stays as long as it takes to recognise what comes late; a closed one as long as it may be opened again; any
other record, while it is heard of now and then. A record that waits is never forgotten: it is still to be given to
somebody.
"""

from __future__ import annotations

from typing import Final

from service.core.case import FORGOTTEN_RECORDS, Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding import clients, load, reservations
from service.core.record import Record
from service.core.state import Changes, State

MINUTE_MS: Final = 60_000


def is_forgettable(record: Record, now_ms: int, *, deleted_ms: int, closed_ms: int, untouched_ms: int) -> bool:
    """Whether nothing was heard of the record for so long: as a tombstone or a refused one, a closed, or any other."""
    if record.parked or record.offered or not record.heard_min:
        return False
    if record.deleted or not (record.created or record.owner or record.closed):
        kept_ms = deleted_ms
    else:
        kept_ms = closed_ms if record.closed else untouched_ms
    return record.heard_min * MINUTE_MS <= now_ms - kept_ms


def forget(name: str, state: State, config: Config, now_ms: int) -> Changes:
    """Remember nothing of the record any more: it is no open item of anybody. The CRM is told of nothing.

    If it is heard of again it is new, but for its sequence numbers, which go on above all that were forgotten.
    """
    draft = Draft(state)
    case = Case(name, draft, config, now_ms, "", 0)
    load.let_go(case)
    reservations.drop(case)
    left = draft.forgotten.edit(FORGOTTEN_RECORDS)
    left.sequence = max(left.sequence, case.record.sequence)
    draft.records.drop(name)
    draft.fields.drop(name)
    clients.forget(name, draft)
    draft.contacts.drop(name)
    draft.past.drop(name)
    draft.progress.drop(name)
    draft.acting.drop(name)
    draft.answerable.drop(name)
    draft.sizes.drop(name)
    return draft.changes()
