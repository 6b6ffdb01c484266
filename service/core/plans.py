"""How a lead comes into a sales plan: through a tool, or because something happened to an offer (D8, D45, D54).

A tool counts when it is first told or changed, an offer when it happens. Offers are put in order by the time at which
things happened to them, each for itself: a retry is no news, what comes late changes nothing, and a payment that failed
never takes a lead away from where its payment brought it. Which of several things happened last is asked by time, too.

The plan of a lead is a matter of its own beside its owner: whom a human chose stays, and the plan changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from service.core.case import Case
from service.core.events import (
    LEAD,
    OFFER_KINDS,
    OfferKind,
    RecordEvent,
)
from service.core.holding.assign import give_linked, give_to_pool, release
from service.core.holding.clients import enter
from service.core.holding.contacts import note_contact
from service.core.in_plan import InPlan, OfferTold
from service.core.model import (
    Decision,
    Link,
    Nothing,
    Trace,
)
from service.core.news import Answered, Deleted, News
from service.core.pool_spec import PoolSpec
from service.core.reasons import NothingReason
from service.core.sharing.eligibility import Situation, choose
from service.core.sharing.linked import Linked, first_able, most_recent
from service.core.targets import too_deep

REMEMBERED_OFFERS: Final = 8
"""Of so many offers it is remembered what happened to them last."""


STALE: Final[frozenset[NothingReason | None]] = frozenset({"older_offer", "paid_already"})
"""What came too late to be the last that happened to an offer."""


class Way(NamedTuple):
    """What brings a lead into a plan: the question that named it (`tool`, or what happened to an offer), the tool or
    offer, and when that was by its own time.
    """

    plan: str
    by: str
    through: str
    time_ms: int | None


def way_in(event: RecordEvent, news: News, case: Case) -> Way | Nothing | None:
    """What of the event brings the lead into a plan, or why its offers do not. What it tells is remembered.

    None: it is not about a plan at all.
    """
    if event.kind == "contacted":
        known = _contacted(event, case)
        return _by_tool(event, news, case) or known
    if isinstance(news, Deleted | Answered):
        return None
    if event.kind in OFFER_KINDS and case.record_type == LEAD:
        return _by_offer(event.kind, event, case)
    return _by_tool(event, news, case)


def brought_in(case: Case, way: Way) -> tuple[Decision, ...]:
    """The lead comes into the plan, and goes to one of its managers unless a human chose who has it.

    Nothing is decided where it changes nothing about who has it.
    """
    spec = case.config.pools[way.plan]
    record, known = case.record, case.draft.plans.get(case.name)
    is_there = known is not None and known.plan == way.plan
    if record.closed or (record.owner and not record.by_us):
        note(case, way)
        return ()
    if is_there and (record.owner or record.parked):
        note(case, way)
        return ()
    if case.depth > case.config.depth_limit:
        return (case.conclude(too_deep(case)),)
    return _shared_out(case, spec, way)


def unmoved(event: RecordEvent, told: Way | Nothing | None, case: Case) -> Nothing:
    """Why an offer or a contact gave the record to nobody."""
    if isinstance(told, Nothing):
        return told
    if told is None:
        return Nothing("no_plan", event.offer or "")
    owner = case.record.owner
    return Nothing("owner_kept", owner) if owner and not case.record.by_us else Nothing("in_plan_already", told.plan)


def note(case: Case, way: Way) -> None:
    """The lead is in the plan, and whoever has it keeps it."""
    enter(case, way.plan, way.by, way.through, way.time_ms)


def _shared_out(case: Case, spec: PoolSpec, way: Way) -> tuple[Decision, ...]:
    linked = _linked(case, spec) if spec.plan is not None and spec.plan.is_linked else None
    if linked is not None:
        return _to_linked(case, linked, way)
    released = release(case, "entered_plan")
    note(case, way)
    given = give_to_pool(case, spec, Trace(question=way.by, through=way.through))
    return (given,) if released is None else (released, given)


def _to_linked(case: Case, linked: Linked, way: Way) -> tuple[Decision, ...]:
    """The lead goes to who knows it: into the plan, or it stays in the one in which it was."""
    owner = case.record.owner
    if linked.link == "stays" and owner == linked.chosen.person:
        return (case.conclude(Nothing("stays_in_plan", linked.spec.id)),)
    released = release(case, "entered_plan") if owner != linked.chosen.person else None
    if linked.link == "contact":
        note(case, way)
    given = give_linked(case, linked, Trace(question=way.by, through=way.through))
    return (given,) if released is None else (released, given)


def _linked(case: Case, spec: PoolSpec) -> Linked | None:
    """Who of the plan was in contact with the lead, else who has it in the plan in which it is (S127, S128, D45)."""
    facts = spec.plan
    assert facts is not None, "the pool is a plan"
    since_ms = None if facts.within_ms is None else case.now_ms - facts.within_ms
    contacts = case.draft.contacts.get(case.name)
    linked = _first(case, spec, most_recent(contacts, since_ms), "contact")
    if linked is not None:
        return linked
    known = case.draft.plans.get(case.name)
    former = None if known is None else case.config.pools.get(known.plan)
    if former is None or former.plan is None or former.id == spec.id:
        return None
    return _first(case, former, [case.record.owner, *most_recent(contacts, None)], "stays")


def _first(case: Case, spec: PoolSpec, people: Sequence[str], link: Link) -> Linked | None:
    """The first of these people who can take the lead in the plan."""
    if not any(person in spec.weights for person in people):
        return None
    situation = Situation(spec, case.config, case.draft, case.now_ms, paced=False, facts=case.facts)
    choice = choose(situation)
    chosen = first_able(people, choice, situation)
    return None if chosen is None else Linked(spec, chosen, choice, link)


def _contacted(event: RecordEvent, case: Case) -> Nothing:
    """Somebody was in contact with the record, when the event says so or now."""
    person = event.person or ""
    time_ms = case.now_ms if event.time_ms is None else min(event.time_ms, case.now_ms)
    return Nothing("contact_noted" if note_contact(case, person, time_ms) else "contact_known", person)


def _by_tool(event: RecordEvent, news: News, case: Case) -> Way | None:
    """A tool that was never told of this lead, or another one than was told last."""
    tool = event.tool
    if tool is None or case.record_type != LEAD or not case.config.plans:
        return None
    known = case.draft.plans.get(case.name)
    if known is not None and known.tool and (known.tool == tool or not news.is_newest):
        return None
    case.draft.plans.edit(case.name).tool = tool
    plan = case.config.plans_by_tool.get(tool)
    if plan is None or (known is not None and _is_before(event.time_ms, known.moved_ms)):
        return None
    return Way(plan, "tool", tool, event.time_ms)


def _by_offer(kind: OfferKind, event: RecordEvent, case: Case) -> Way | Nothing:
    """Of several offers in one event all are remembered, and the first that some plan lists decides."""
    answers = [_heard(OfferTold(offer, kind, event.time_ms), case) for offer in event.offers]
    ways = [answer for answer in answers if isinstance(answer, Way)]
    return ways[0] if ways else answers[0]


def _heard(told: OfferTold, case: Case) -> Way | Nothing:
    """What happened to one offer, and whether it brings the lead into a plan."""
    config = case.config
    if told.offer not in config.offers or not config.plans:
        return Nothing("no_plan", told.offer)
    memory = case.draft.plans.edit(case.name)
    known = memory.offer(told.offer)
    reason = None if known is None else _no_news(told, known)
    if reason not in STALE:
        others = tuple(each for each in memory.offers if each.offer != told.offer)
        memory.offers = (*others[-REMEMBERED_OFFERS + 1 :], _later(told, known))
    if reason is not None:
        return Nothing(reason, told.offer)
    plan = config.plans_by_offer.get((told.kind, told.offer))
    if plan is None:
        return Nothing("no_plan", told.offer)
    if _is_before(told.time_ms, memory.moved_ms) and not _makes_good(told, known, memory):
        return Nothing("older_offer", told.offer)
    return Way(plan, told.kind, told.offer, told.time_ms)


def _no_news(told: OfferTold, known: OfferTold) -> NothingReason | None:
    """Why what is told of an offer changes nothing; none: it does."""
    if told.kind == known.kind:
        return "offer_told"
    if told.kind == "payment_failed" and known.kind == "paid":
        return "paid_already"
    if told.kind == "paid" and known.kind == "payment_failed":
        return None
    return "older_offer" if _is_before(told.time_ms, known.time_ms) else None


def _makes_good(told: OfferTold, known: OfferTold | None, memory: InPlan) -> bool:
    """Whether this is the payment of the very offer whose failed payment moved the lead, told late, and nothing has
    brought the lead there since.
    """
    is_failed = told.kind == "paid" and (memory.by, memory.through) == ("payment_failed", told.offer)
    return is_failed and known is not None and not _is_before(known.time_ms, memory.moved_ms)


def _later(told: OfferTold, known: OfferTold | None) -> OfferTold:
    """What was told, at the later of both times."""
    if known is None or not _is_before(told.time_ms, known.time_ms):
        return told
    return OfferTold(told.offer, told.kind, known.time_ms)


def _is_before(time_ms: int | None, other_ms: int | None) -> bool:
    """Whether it was earlier, as far as both times are known."""
    return time_ms is not None and other_ms is not None and time_ms < other_ms
