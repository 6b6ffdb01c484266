"""Who was in contact with a record: told by the CRM, and whoever came to own it."""

from __future__ import annotations

from typing import Final

from service.core.case import Case
from service.core.in_plan import Contact

REMEMBERED_CONTACTS: Final = 3
"""Of so many people it is remembered when they were in contact with a record last."""


def note_contact(case: Case, person: str, time_ms: int) -> bool:
    """Somebody was in contact with the record at this time. False: they were later, or three others were, or there are
    no plans, which alone go by it.
    """
    if not case.config.plans:
        return False
    known = case.draft.contacts.get(case.name)
    before = () if known is None else known.latest
    if any(each.person == person and each.time_ms >= time_ms for each in before):
        return False
    others = [each for each in before if each.person != person]
    latest = sorted([*others, Contact(person, time_ms)], key=lambda each: each.time_ms)[-REMEMBERED_CONTACTS:]
    if tuple(latest) == before:
        return False
    case.draft.contacts.edit(case.name).latest = tuple(latest)
    case.record.contacted = True
    return True


def contacted(case: Case, person: str) -> int | None:
    """When somebody was in contact with the record last, or came to have it; none: it is not remembered."""
    known = case.draft.contacts.get(case.name)
    latest = () if known is None else known.latest
    return next((each.time_ms for each in latest if each.person == person), None)


def note_owner(case: Case, person: str) -> None:
    """Somebody has the record from now on. Noted of leads, where there are plans, which may go by it."""
    if case.record_type == "lead":
        note_contact(case, person, case.now_ms)
