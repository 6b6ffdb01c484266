"""What is remembered of a lead's way through the sales plans, and of how many clients a plan's people have."""

from __future__ import annotations

from msgspec import Struct

from service.core.events import OfferKind
from service.core.remembered import Remembered


class OfferTold(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """Something happened to an offer that was made for a lead; see `offers`."""

    offer: str
    kind: OfferKind
    time_ms: int


class Led(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """What led a lead into a plan: the question that named it, and the tool, where it was one.

    `time_ms` is when that was, by its own time; none: it was before whatever is told later.
    """

    plan: str
    by: str
    through: str
    time_ms: int | None


class InPlan(Remembered, kw_only=True):
    """A lead's place among the sales plans; it goes with the record.

    `plan` is the one it is in (empty: none) since `since_ms`, by the lane's clock; `by` is the question that brought it
    there and `through` the tool or offer. `led` is where it would be but for its offers (none: nowhere). `tool` was
    told last, `offers` are the latest that happened to offers, in order of time. `counted` is where the lead is counted
    as a client (see `holding.clients`).
    """

    plan: str = ""
    by: str = ""
    through: str = ""
    since_ms: int = 0
    led: Led | None = None
    tool: str = ""
    offers: tuple[OfferTold, ...] = ()
    counted: str = ""


class Clients(Remembered):
    """How many clients somebody has in a plan. Nothing is kept of who has none."""

    clients: int = 0


class Contact(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """Somebody was in contact with a record, or came to own it, at `time_ms` last."""

    person: str
    time_ms: int


class Contacts(Remembered):
    """Who was in contact with a record, the latest last; it goes with the record."""

    latest: tuple[Contact, ...] = ()
