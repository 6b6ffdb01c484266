"""What no schema can say of sales plans: that names lead somewhere, and that a lead is never brought into two plans.

A tool belongs to one plan, and an offer stands at most once in each kind of list over all plans: else it would depend
on the order of names where a lead goes. What your product plan allows is asked here as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.config import Document
from schemas.config_plans import Plan
from schemas.config_settings import Available
from schemas.spans import SECONDS
from service.config.findings import Declared, Finding, undeclared
from service.config.limits import compiled_limits
from service.config.nodes import Steps
from service.config.traits import preferred, required
from service.core.entry_policy import EntryPolicy
from service.core.events import OFFER_KINDS
from service.core.model import Label
from service.core.plan_facts import Money, PlanFacts
from service.core.pool_spec import Membership, PoolSpec

CATCH_UP: Final = EntryPolicy(catches_up=True)
"""Who is added to a plan gets every new lead until they are level (S114)."""


def of_plans(document: Document, declared: Declared) -> Iterator[Finding]:
    """Every mistake in plans, and what of pools and plans is more than the product plan has."""
    brought: dict[tuple[str, str], str] = {}
    for plan_id, plan in document.plans.items():
        path: Steps = ("plans", plan_id)
        if plan_id in declared.pools:
            message = f'there is a pool "{plan_id}", too, and a plan is a pool: give one of the two another id'
            yield Finding(path, message)
        yield from _of_managers(path, plan, declared)
        for where, names in _lists(plan):
            section, kind = where[0], where[-1]
            known = declared.tools if section == "tools" else declared.offers
            for position, name in enumerate(names):
                place = (*path, *where, position)
                if name not in known:
                    yield undeclared(place, name, known, section)
                first = brought.setdefault((kind, name), plan_id)
                if first != plan_id or name in names[:position]:
                    yield Finding(place, _twice(section, name, first, kind))
    yield from _of_product("pools", document.settings.product.pools, list(document.pools))
    yield from _of_product("plans", document.settings.product.plans, list(document.plans))


def notes_on_plans(document: Document) -> Iterator[Finding]:
    """What is allowed and yet worth a look."""
    for plan_id, plan in document.plans.items():
        path: Steps = ("plans", plan_id)
        if not plan.managers:
            yield Finding(path, "nobody works on this plan, so its leads wait: add managers")
        else:
            message = (
                "whoever is added here while the plan is in use gets every new lead until they have as many clients as "
                "the others: it is better to have all managers from the start"
            )
            yield Finding((*path, "managers"), message)
        for position, person in enumerate(plan.managers):
            user = document.users.get(person)
            if user is not None and not user.active:
                message = f'"{person}" is not active and gets nothing here; if that stays so, take the line out'
                yield Finding((*path, "managers", position), message)
        if not any(names for _, names in _lists(plan)):
            message = "no tool and no offer brings leads into this plan: only events and rules that name it do"
            yield Finding(path, message)


def named_by_plans(document: Document) -> tuple[list[str], list[str]]:
    """The tools and the offers that plans name, declared or not."""
    tools: list[str] = []
    offers: list[str] = []
    for plan in document.plans.values():
        for where, names in _lists(plan):
            (tools if where[0] == "tools" else offers).extend(names)
    return tools, offers


def plan_pools(document: Document) -> dict[str, PoolSpec]:
    """The pools that the plans are."""
    return {plan_id: _compiled(plan_id, plan) for plan_id, plan in sorted(document.plans.items())}


def span_ms(text: str) -> int:
    """`90d`, `12h`, `30m` or `15s` in milliseconds."""
    return int(text[:-1]) * SECONDS[text[-1]] * 1_000


def _compiled(plan_id: str, plan: Plan) -> PoolSpec:
    money, label = plan.average_sale, plan.label
    facts = PlanFacts(
        tools=frozenset(plan.tools),
        offers={kind: frozenset(getattr(plan.offers, kind)) for kind in OFFER_KINDS},
        is_linked=plan.mode == "linked",
        within_ms=None if plan.within is None else span_ms(plan.within),
        counts_as_turn=plan.counts_as_turn,
        conversion=plan.conversion,
        average_sale=None if money is None else Money(money.amount, money.currency),
        label=None if label is None or not label.text else Label(label.text, label.colour),
    )
    return PoolSpec(
        id=plan_id,
        record_type="lead",
        members=tuple(map(Membership, plan.managers)),
        name=plan.name,
        credit=plan.credit,
        entry=CATCH_UP,
        plan=facts,
        requires=required(plan.requires),
        prefer=preferred(plan.prefer),
        limits=compiled_limits(plan.limits),
    )


def _lists(plan: Plan) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Everything that brings leads in: where it stands, and the names."""
    yield ("tools",), plan.tools
    for kind in OFFER_KINDS:
        yield ("offers", kind), getattr(plan.offers, kind)


def _of_managers(path: Steps, plan: Plan, declared: Declared) -> Iterator[Finding]:
    for position, person in enumerate(plan.managers):
        place = (*path, "managers", position)
        if person in plan.managers[:position]:
            yield Finding(place, f'"{person}" is a manager already: keep one of the two')
        if person not in declared.users:
            yield undeclared(place, person, declared.users)


def _twice(section: str, name: str, first: str, kind: str) -> str:
    if section == "tools":
        return f'the tool "{name}" belongs to the plan "{first}" already: a tool has one plan, keep it in one of them'
    return f'the offer "{name}" stands under "{kind}" of the plan "{first}" already: keep it in one of them'


def _of_product(section: str, allowed: Available, names: list[str]) -> Iterator[Finding]:
    """What is not part of the product plan, or one too many (S1, D47)."""
    if names and not allowed.available:
        message = f'your product plan has no {section} ("settings.product.{section}"): take them out'
        yield Finding((section, names[0]), message, refusal="not_in_product")
    elif allowed.at_most is not None and len(names) > allowed.at_most:
        message = f"your product plan has {allowed.at_most} {section}, these are {len(names)}: take some out"
        yield Finding((section, names[allowed.at_most]), message, refusal="over_the_number")
