"""How a lead comes into a sales plan: through a tool, or because something happened to an offer (D8, D45, D54).

A tool counts when it is first told or changed, an offer when it happened (see `offers`). Which of them came last is
asked by their own times. Where something that is told late shows that an offer ought not to have led the lead where it
is, it goes where it would be without.

The plan of a lead is a matter of its own beside its owner: whom a human chose stays, and the plan changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from service.core import questions
from service.core.case import Case
from service.core.events import (
    LEAD,
    OFFER_KINDS,
    OfferKind,
    RecordEvent,
)
from service.core.holding import climbing
from service.core.holding.assign import give_linked, give_to_pool, release
from service.core.holding.clients import enter
from service.core.holding.contacts import contacted, note_contact
from service.core.in_plan import Led, OfferTold
from service.core.model import Decision, Link, Nothing, Rejected, Trace
from service.core.news import Answered, Deleted, News
from service.core.offers import Happened, added, latest_step, no_news
from service.core.pool_spec import PoolSpec
from service.core.sharing.eligibility import Situation, Sought
from service.core.sharing.linked import Linked, first_able, most_recent
from service.core.sizing import weighs
from service.core.targets import too_deep

NO_WAY_IN: Final[frozenset[type[News]]] = frozenset({Deleted, Answered})
"""The news that bring no lead into a plan, whatever else their event tells."""


class Way(NamedTuple):
    """What brings a lead into a plan: the question that named it (`tool`, or what happened to an offer), the tool or
    offer, and when that was by its own time. An empty plan: out of the one in which it is, into none.
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
    if type(news) in NO_WAY_IN:
        return None
    if event.kind in OFFER_KINDS and case.record_type == LEAD:
        return _by_offer(event.kind, event, case)
    return _by_tool(event, news, case)


def known_way(case: Case) -> Way | None:
    """Into which plan the offers and the tool that were told of the lead lead it by now; none: into none."""
    memory = case.draft.plans.get(case.name)
    if memory is None:
        return None
    step, led = latest_step(memory.offers, case.config.plans_by_offer), memory.led
    if step is not None and (led is None or not _is_before(step.time_ms, led.time_ms)):
        return Way(case.config.plans_by_offer[step.kind, step.offer], step.kind, step.offer, step.time_ms)
    plan = case.config.plans_by_tool.get(memory.tool)
    return None if plan is None else Way(plan, "tool", memory.tool, None if led is None else led.time_ms)


def brought_in(case: Case, way: Way) -> tuple[Decision, ...]:
    """The lead comes into the plan, and goes to one of its managers unless a human chose who has it.

    Nothing is decided where it changes nothing about who has it.
    """
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
    return _shared_out(case, case.config.pools[way.plan], way) if way.plan else _left(case, way)


def as_new(way: Way | None, case: Case) -> Decision:
    """The questions of D8 behind the explicit owner, for a record that nobody has: the plan, then the rules. Where they
    lead to the steps on which it is, these go on.
    """
    if way is not None:
        climbing.drop(case)
        return brought_in(case, way)[-1]
    decision = questions.on_creation(case)
    if type(decision.outcome) is Rejected:
        climbing.drop(case)
    return decision


def unmoved(event: RecordEvent, told: Way | Nothing | None, case: Case) -> Nothing:
    """Why an offer or a contact gave the record to nobody."""
    if isinstance(told, Nothing):
        return told
    if told is None or not told.plan:
        return Nothing("no_plan", event.offer or "")
    owner = case.record.owner
    return Nothing("owner_kept", owner) if owner and not case.record.by_us else Nothing("in_plan_already", told.plan)


def note(case: Case, way: Way) -> None:
    """The lead is in the plan, and whoever has it keeps it."""
    enter(case, way.plan, way.by, way.through, way.time_ms)


def _left(case: Case, way: Way) -> tuple[Decision, ...]:
    """The lead is in no plan, and whom we gave it to there must not go on: the rules are asked, as for what is new."""
    released = release(case, "left_plan")
    note(case, way)
    given = (questions.on_creation(case),) if case.before.created else ()
    return given if released is None else (released, *given)


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
    contacts = case.draft.contacts.get(case.name)
    recent = most_recent(contacts, facts.within_ms, case.now_ms)
    linked = _first(case, spec, [each.person for each in recent], "contact")
    if linked is not None:
        return linked
    known = case.draft.plans.get(case.name)
    former = None if known is None else case.config.pools.get(known.plan)
    if former is None or former.plan is None or former.id == spec.id:
        return None
    known_to = [each.person for each in most_recent(contacts, None, case.now_ms)]
    return _first(case, former, [case.record.owner, *known_to], "stays")


def _first(case: Case, spec: PoolSpec, people: Sequence[str], link: Link) -> Linked | None:
    """The first of these people who can take the lead in the plan."""
    if not any(person in spec.weights for person in people):
        return None
    counts = spec.plan is not None and spec.plan.counts_as_turn
    sought = Sought(case.facts, (), case.handing, weighs(case))
    situation = Situation(spec, case.config, case.draft, case.now_ms, sought, paced=False)
    choice, chosen = first_able(people, situation, counts_as_turn=counts)
    if chosen is None:
        return None
    return Linked(spec, chosen, choice, situation, link, contacted(case, chosen.person), counts)


def _contacted(event: RecordEvent, case: Case) -> Nothing:
    """Somebody was in contact with the record, when the event says so or now."""
    person = event.person or ""
    time_ms = case.now_ms if event.time_ms is None else min(event.time_ms, case.now_ms)
    return Nothing("contact_noted" if note_contact(case, person, time_ms) else "contact_known", person)


def _by_tool(event: RecordEvent, news: News, case: Case) -> Way | None:
    """A tool that was never told of this lead, or another one than was told last. What happened to an offer later leads
    the lead elsewhere, although it was told before.
    """
    tool = event.tool
    if tool is None or case.record_type != LEAD or not case.config.plans:
        return None
    known = case.draft.plans.get(case.name)
    if known is not None and known.tool and (known.tool == tool or not news.is_newest):
        return None
    memory = case.draft.plans.edit(case.name)
    memory.tool = tool
    plan, led = case.config.plans_by_tool.get(tool), memory.led
    if plan is None or (led is not None and _is_before(event.time_ms, led.time_ms)):
        return None
    step = latest_step(memory.offers, case.config.plans_by_offer)
    if step is not None and _is_before(event.time_ms, step.time_ms):
        memory.led = Led(plan, "tool", tool, event.time_ms)
        return None
    return Way(plan, "tool", tool, event.time_ms)


def _by_offer(kind: OfferKind, event: RecordEvent, case: Case) -> Way | Nothing:
    """Of several offers in one event all are remembered, and the first that some plan lists decides.

    What happened at a time that nobody tells happened last.
    """
    config = case.config
    told = [offer for offer in event.offers if offer in config.offers] if config.plans else []
    if not told:
        return Nothing("no_plan", event.offer or "")
    memory = case.draft.plans.edit(case.name)
    before = memory.offers
    last_ms = before[-1].time_ms if before else case.now_ms
    time_ms = max(case.now_ms, last_ms) if event.time_ms is None else event.time_ms
    for offer in reversed(told):
        memory.offers = added(OfferTold(offer, kind, time_ms), memory.offers)
    was, step = (latest_step(happened, config.plans_by_offer) for happened in (before, memory.offers))
    no_way = _no_way(OfferTold(event.offers[0], kind, time_ms), before, case)
    if step == was:
        return no_way
    if step is None or (memory.led is not None and _is_before(step.time_ms, memory.led.time_ms)):
        way = _led_back(memory.led, kind, event, case)
        return no_way if way.plan == memory.plan else way
    if _is_earlier_try(step, was):
        return no_way
    return Way(config.plans_by_offer[step.kind, step.offer], step.kind, step.offer, step.time_ms)


def _led_back(led: Led | None, kind: OfferKind, event: RecordEvent, case: Case) -> Way:
    """Where the lead goes that an offer ought not to have led where it is: where it would be without its offers."""
    plan = led.plan if led is not None and led.plan in case.config.plans else ""
    if led is not None and led.by == "tool":
        return Way(plan, led.by, led.through, led.time_ms)
    return Way(plan, kind, event.offer or "", None)


def _is_earlier_try(step: OfferTold, was: OfferTold | None) -> bool:
    """Whether the latest step is the same as it was, and only its first try was earlier than known."""
    return was is not None and (step.offer, step.kind) == (was.offer, was.kind) and step.time_ms < was.time_ms


def _no_way(told: OfferTold, before: Happened, case: Case) -> Nothing:
    """Why what is told of an offer leads the lead nowhere."""
    happened = case.draft.plans.edit(case.name).offers
    if told in before:
        return Nothing("offer_told", told.offer)
    if told.offer not in case.config.offers:
        return Nothing("no_plan", told.offer)
    reason = no_news(happened)[happened.index(told)] if told in happened else "older_offer"
    if reason is not None:
        return Nothing(reason, told.offer)
    is_listed = (told.kind, told.offer) in case.config.plans_by_offer
    return Nothing("older_offer" if is_listed else "no_plan", told.offer)


def _is_before(time_ms: int | None, other_ms: int | None) -> bool:
    """Whether it was earlier, as far as both times are known."""
    return time_ms is not None and other_ms is not None and time_ms < other_ms
