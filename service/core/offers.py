"""What happened to the offers that were made for a lead, put in the order of time (D54).

What is told comes in any order, repeatedly and late. So nothing is decided by what is told: it is put among the rest at
its own time, and then all of it is read again from its beginning. A retry is no news, and a payment that failed after
the offer was paid is none either, until it is ordered again. What is left are the *steps* of the offers, and the latest
step that some plan lists leads the lead there: the same, in whatever order the same was told.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from service.core.events import OfferKind
from service.core.in_plan import OfferTold
from service.core.reasons import NothingReason

REMEMBERED_OFFERS: Final = 16
"""So much of what happened to a lead's offers is remembered, the latest."""

Happened = tuple[OfferTold, ...]


def added(told: OfferTold, happened: Happened) -> Happened:
    """The same with what is told, behind what happened at the same time. What is known to the letter is not added.

    Where it gets too much, a retry between two others goes first: it is the last that would be missed.
    """
    if told in happened:
        return happened
    place = sum(each.time_ms <= told.time_ms for each in happened)
    found = (*happened[:place], told, *happened[place:])
    if len(found) <= REMEMBERED_OFFERS:
        return found
    gone = next((at for at in range(len(found)) if _is_between_retries(at, found)), 0)
    return (*found[:gone], *found[gone + 1 :])


def no_news(happened: Happened) -> list[NothingReason | None]:
    """Of each that happened, why it changes nothing; none: it is a step of its offer."""
    stands: dict[str, OfferKind] = {}
    reasons: list[NothingReason | None] = []
    for each in happened:
        stood = stands.get(each.offer)
        if each.kind == stood:
            reasons.append("offer_told")
        elif each.kind == "payment_failed" and stood == "paid":
            reasons.append("paid_already")
        else:
            stands[each.offer] = each.kind
            reasons.append(None)
    return reasons


def latest_step(happened: Happened, listed: Container[tuple[OfferKind, str]]) -> OfferTold | None:
    """The latest step of any offer that is listed; none: there is none."""
    steps = zip(reversed(happened), reversed(no_news(happened)), strict=True)
    return next((each for each, reason in steps if reason is None and (each.kind, each.offer) in listed), None)


def _is_between_retries(at: int, happened: Sequence[OfferTold]) -> bool:
    """Whether the same happened to the same offer before and behind it, and nothing else to this offer in between."""
    each = happened[at]
    before = [other for other in happened[:at] if other.offer == each.offer]
    behind = [other for other in happened[at + 1 :] if other.offer == each.offer]
    return bool(before) and bool(behind) and before[-1].kind == each.kind == behind[0].kind
