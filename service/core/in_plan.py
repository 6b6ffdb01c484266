"""What is remembered of a lead's way through the sales plans, and of how many clients a plan's people have."""

from __future__ import annotations

from msgspec import Struct

from service.core.events import OfferKind
from service.core.remembered import Remembered


class OfferTold(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """What happened last to an offer that was made for a lead. `time_ms` none: nobody said when."""

    offer: str
    kind: OfferKind
    time_ms: int | None = None


class InPlan(Remembered, kw_only=True):
    """A lead's place among the sales plans; it goes with the record.

    `plan` is the one it is in (empty: none) since `since_ms`, by the lane's clock; `by` is the question that brought it
    there and `through` the tool or offer. `moved_ms` is when something led there last, by its own time.
    `tool` was told last, `offers` are the latest that something happened to. `counted` is where the lead is counted as
    a client (see `holding.clients`).
    """

    plan: str = ""
    by: str = ""
    through: str = ""
    since_ms: int = 0
    moved_ms: int | None = None
    tool: str = ""
    offers: tuple[OfferTold, ...] = ()
    counted: str = ""

    def offer(self, name: str) -> OfferTold | None:
        """What is known of an offer."""
        return next((each for each in self.offers if each.offer == name), None)


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
