"""How each outcome is published: the type of its event, and what only this outcome says, there and back.

One row per outcome that is published. What all decisions say stands in `outputs` (written) and `decisions` (read).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from service.core.model import Assigned, Outcome, Pending, Queued, Rejected, Released
from service.wire.input_fields import milliseconds
from service.wire.messages import Header
from service.wire.times import iso_time

Said = Mapping[str, Any]
"""The data of an event."""


class Form(NamedTuple):
    """One outcome's row. `header` names the type of event. `write` makes a dictionary, which whoever asks for it adds
    to. `read` gives none for what this outcome does not say; no two rows read the same.
    """

    header: Header
    write: Callable[[Any], dict[str, object]]
    read: Callable[[Said], Outcome | None]


def _write_assigned(outcome: Assigned) -> dict[str, object]:
    said: dict[str, object] = {
        "owner": _user(outcome.owner),
        "pool": outcome.pool or None,
        "turn": outcome.turn or None,
    }
    return said if outcome.accept_by_ms is None else said | {"accept_by": iso_time(outcome.accept_by_ms)}


def _read_assigned(said: Said) -> Outcome | None:
    match said:
        case {"owner": {"kind": "user", "id": owner}, "pool": pool, "turn": turn}:
            return Assigned(owner, pool or "", turn or 0, _moment(said.get("accept_by")))
        case _:
            return None


def _write_queued(outcome: Queued) -> dict[str, object]:
    return {"owner": {"kind": "queue", "id": outcome.queue}, "pool": None, "turn": None}


def _read_queued(said: Said) -> Outcome | None:
    match said:
        case {"owner": {"kind": "queue", "id": queue}}:
            return Queued(queue)
        case _:
            return None


def _write_pending(outcome: Pending) -> dict[str, object]:
    next_try = None if outcome.next_try_ms is None else iso_time(outcome.next_try_ms)
    return {"pool": outcome.pool, "reason": outcome.reason, "next_try": next_try}


def _read_pending(said: Said) -> Outcome | None:
    match said:
        case {"next_try": next_try, "pool": pool, "reason": reason}:
            return Pending(pool, reason, _moment(next_try))
        case _:
            return None


def _write_rejected(outcome: Rejected) -> dict[str, object]:
    return {"reason": outcome.reason, "detail": outcome.detail}


def _read_rejected(said: Said) -> Outcome | None:
    match said:
        case {"detail": detail, "reason": reason}:
            return Rejected(reason, detail)
        case _:
            return None


def _write_released(outcome: Released) -> dict[str, object]:
    previous = _user(outcome.previous) if outcome.previous else None
    said: dict[str, object] = {"previous_owner": previous, "pool": outcome.pool or None, "reason": outcome.reason}
    return said | {"said": outcome.said} if outcome.said else said


def _read_released(said: Said) -> Outcome | None:
    match said:
        case {"previous_owner": previous, "pool": pool, "reason": reason}:
            return Released("" if previous is None else previous["id"], pool or "", reason, said.get("said", ""))
        case _:
            return None


def _moment(said: str | None) -> int | None:
    return None if said is None else milliseconds(datetime.fromisoformat(said))


def _type(name: str) -> Header:
    return "ce_type", name.encode()


def _user(person: str) -> dict[str, str]:
    return {"kind": "user", "id": person}


FORMS: Final[Mapping[type[Outcome], Form]] = {
    Assigned: Form(_type("assignment.assigned.v1"), _write_assigned, _read_assigned),
    Queued: Form(_type("assignment.assigned.v1"), _write_queued, _read_queued),
    Pending: Form(_type("assignment.pending.v1"), _write_pending, _read_pending),
    Rejected: Form(_type("assignment.rejected.v1"), _write_rejected, _read_rejected),
    Released: Form(_type("assignment.released.v1"), _write_released, _read_released),
}
"""The outcomes that are published. An outcome without a row is noted in the log only."""


def read_outcome(said: Said) -> Outcome | None:
    """The outcome that an event's data tell of; none: they tell of none."""
    return next((outcome for form in FORMS.values() if (outcome := form.read(said)) is not None), None)
