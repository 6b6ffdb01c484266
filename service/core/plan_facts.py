"""What makes a pool a sales plan: what brings leads into it, whom they go to, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.core.events import OfferKind
from service.core.model import Label


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, as it was written, in a currency of three letters."""

    amount: float
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What makes a pool a sales plan.

    Leads come in through `tools`, or when something happens to one of `offers`. `is_linked`: who was in contact with a
    lead `within_ms` (none: ever) gets it, which is a turn where `counts_as_turn` says so. `conversion` is in percent.
    """

    tools: frozenset[str] = frozenset()
    offers: Mapping[OfferKind, frozenset[str]] = field(default_factory=dict)
    is_linked: bool = False
    within_ms: int | None = None
    counts_as_turn: bool = False
    conversion: float | None = None
    average_sale: Money | None = None
    label: Label | None = None
