"""The CRM of a scenario: who has which record, as a CRM would show it that reads what we publish.

It knows what the steps tell it and what the published decisions say, and nothing of the state inside a lane; so it
shows a human's choice that was overridden, or an assignment that never came out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.scenario import Content, DeleteStep, OwnerStep, RecordStep, RecordWords
from schemas.scenario_values import OwnerValue
from service.core.model import Assigned, Pending, Queued, Rejected, Released
from service.rehearsal.stage import RehearsedDecision


class CardName(NamedTuple):
    """A record's name, unique among all divisions."""

    division: str
    record: str


@dataclass
class Card:
    """What the CRM shows of a record: its owner, the pool or queue it waits in (empty: none), and why; and to whom it
    was offered by which decisions.
    """

    owner: str = ""
    waits_in: str = ""
    version: int = -1
    sequence: int = 0
    latest: RehearsedDecision | None = None
    offers: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Crm:
    """All records that a scenario has named."""

    cards: defaultdict[CardName, Card] = field(default_factory=lambda: defaultdict(Card))
    _sent: set[tuple[CardName, str]] = field(default_factory=set)

    def note(self, name: CardName, step: RecordWords) -> None:
        """Something happens in the CRM. What is sent again, or late, happened before and changes nothing."""
        is_known = name in self.cards
        card = self.cards[name]
        is_late = step.version is not None and step.version < card.version
        is_repeated = step.id is not None and (name, step.id) in self._sent
        if step.id is not None:
            self._sent.add((name, step.id))
        if is_late or is_repeated:
            return
        is_newer = step.version is not None and step.version > card.version
        card.version = card.version if step.version is None else step.version
        if isinstance(step, RecordStep) and step.event == "created" and is_known and not is_newer:
            return
        self._change_owner(name.record, card, step)

    def _change_owner(self, record: str, card: Card, step: RecordWords) -> None:
        if step.winner not in {None, record.partition("/")[2]}:
            card.owner = ""
        elif isinstance(step, OwnerStep):
            card.owner = _person(step.owner[record])
        elif isinstance(step, DeleteStep) or (isinstance(step, RecordStep) and step.event == "deleted"):
            card.owner = ""
        elif isinstance(step, Content) and "owner" in step.model_fields_set:
            card.owner = _person(step.owner)

    def read(self, published: RehearsedDecision) -> None:
        """Apply a decision, unless one came that is newer. A record that waits, lies in a queue or was let go has
        nobody; who was chosen in the CRM meanwhile keeps it when our choice ends.
        """
        decision = published.decision
        card = self.cards[CardName(published.division, decision.record)]
        if decision.sequence <= card.sequence:
            return
        card.sequence, card.latest = decision.sequence, published
        match decision.outcome:
            case Assigned(owner):
                card.owner, card.waits_in = owner, ""
                if decision.outcome.accept_by_ms is not None:
                    card.offers[owner].append(published.id)
            case Queued(queue):
                card.owner, card.waits_in = "", queue
            case Pending(pool):
                card.owner, card.waits_in = "", pool
            case Released(previous=previous):
                card.waits_in = ""
                if card.owner == previous:
                    card.owner = ""
            case Rejected() if decision.trace.question == "parked":
                card.waits_in = ""
            case _:
                pass

    def counts(self) -> Mapping[str, int]:
        """How many records each person has."""
        return Counter(card.owner for card in self.cards.values())

    def waiting(self) -> Mapping[str, int]:
        """How many records wait in each pool."""
        return Counter(card.waits_in for card in self.cards.values())


def _person(owner: OwnerValue | None) -> str:
    return owner.id if owner is not None and owner.kind == "user" else ""
