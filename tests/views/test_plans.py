"""What people see of sales plans, and of them only what is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from service.cli.plans import label_preview
from service.core.configuration import User
from service.core.in_plan import Clients, InPlan
from service.core.model import Label
from service.core.plan_facts import Money, PlanFacts
from service.core.state import Value
from service.lane.changed import stored
from service.store.keys import LAYOUT, MARK
from service.store.memory import LaneMemory, MemoryStore
from service.views.plans import Client, ManagerClients, Potential, clients_of, plan_standings, potential_of
from service.wire.lanes import lane_of
from tests.core.build import config, pool

LANES = 4
MANY = 100
CONFIG = config(
    pool("ann", "bob", id="spring", name="Spring", plan=PlanFacts(conversion=2.5, average_sale=Money(100))),
    pool("bob", id="care", name="Care", plan=PlanFacts()),
    pool("ann", id="sales"),
)


def store_with(division: str = "main", store: MemoryStore | None = None, **kinds: Mapping[str, Value]) -> MemoryStore:
    """A memory that holds these values of the division, beside what it holds."""
    store = MemoryStore() if store is None else store
    empty = LaneMemory(generation=b"0", content={key: {MARK: b"0"} for key in LAYOUT.keys})
    memory = store.lanes.setdefault(lane_of(division, LANES), empty)
    for kind, values in kinds.items():
        named: Any = kind
        memory.write(LAYOUT.placed(stored(named, division, values)))
    return store


STORE = store_with(
    clients={"spring/ann": Clients(3), "spring/zoe": Clients(1), "spring/": Clients(1), "care/bob": Clients(2)},
    plan={
        "lead/1": InPlan(plan="spring", by="tool", through="form", since_ms=5, counted="spring/ann"),
        "lead/2": InPlan(plan="spring", by="paid", through="gold", since_ms=7, counted="spring/zoe"),
        "lead/3": InPlan(plan="care", by="tool", through="chat", since_ms=6, counted="care/bob"),
        "lead/4": InPlan(plan="spring", by="tool", through="form", since_ms=9, counted=""),
    },
)


async def test_plans_are_listed_with_their_clients_by_manager() -> None:
    """S119 S132-S136 D46 Who has clients and is no manager is shown, and what nobody has yet."""
    care, spring = await plan_standings(STORE, {"main": CONFIG}, LANES)

    assert (care.plan, care.clients, care.potential) == ("care", 2, None)
    assert (spring.name, spring.clients) == ("Spring", 5)
    assert spring.managers == (
        ManagerClients("ann", 3, is_manager=True),
        ManagerClients("bob", 0, is_manager=True),
        ManagerClients("", 1, is_manager=False),
        ManagerClients("zoe", 1, is_manager=False),
    )
    assert spring.potential == Potential(Decimal("12.50"), "USD")


async def test_the_clients_of_a_plan_say_how_they_came_in() -> None:
    """S134-S136 The newest first; who is deleted is none."""
    assert await clients_of(STORE, CONFIG, "spring", LANES, MANY) == [
        Client("lead/2", "zoe", "paid", "gold", 7),
        Client("lead/1", "ann", "tool", "form", 5),
    ]


async def test_somebody_sees_their_plans_and_there_their_clients() -> None:
    """S111 S112 D10 A plan in which they are not does not exist for them."""
    (spring,) = await plan_standings(STORE, {"main": CONFIG}, LANES, "ann")

    assert (spring.plan, spring.clients, spring.managers) == ("spring", 3, (ManagerClients("ann", 3, is_manager=True),))
    assert await clients_of(STORE, CONFIG, "spring", LANES, MANY, "ann") == [Client("lead/1", "ann", "tool", "form", 5)]
    assert await clients_of(STORE, CONFIG, "care", LANES, MANY, "ann") == []
    assert await plan_standings(STORE, {"main": CONFIG}, LANES, "zoe") == []


async def test_divisions_on_one_lane_with_the_same_names_have_nothing_in_common() -> None:
    """D42 Plans, leads and people of one name are counted and shown each for their division."""
    south = next(name for name in map("south-{}".format, range(99)) if lane_of(name, LANES) == lane_of("main", LANES))
    lead = InPlan(plan="spring", by="paid", through="gold", since_ms=1, counted="spring/ann")
    store = store_with(
        clients={"spring/ann": Clients(3)}, plan={"lead/1": InPlan(plan="spring", since_ms=9, counted="spring/ann")}
    )
    store_with(south, store, clients={"spring/ann": Clients(1)}, plan={"lead/1": lead})
    configs = {"main": CONFIG, south: replace(CONFIG, division=south)}

    plans = await plan_standings(store, configs, LANES)
    assert [(each.division, each.clients) for each in plans if each.plan == "spring"] == [("main", 3), (south, 1)]
    found = [await clients_of(store, config, "spring", LANES, MANY) for config in configs.values()]
    assert [[client.since_ms for client in each] for each in found] == [[9], [1]]


@pytest.mark.parametrize(
    ("audience", "person", "seen"),
    [("everyone", "zoe", 7), ("admins", "ann", 0), ("admins", "kim", 7), ("members", "kim", 0), ("members", "bob", 2)],
)
async def test_a_setting_says_who_sees_plans(audience: str, person: str, seen: int) -> None:
    """D10 Everyone sees all of them with all clients, and so do administrators, where they are who may look."""
    shown = replace(CONFIG, visibility={"plans": audience}, users={"kim": User("kim", roles=frozenset({"admin"}))})
    plans = await plan_standings(STORE, {"main": shown}, LANES, person)

    assert sum(plan.clients for plan in plans) == seen
    assert len(await clients_of(STORE, shown, "spring", LANES, MANY, person)) == 2 * (seen == 7)


async def test_of_many_clients_the_newest_are_shown() -> None:
    """S134 As many as asked for."""
    assert [each.record for each in await clients_of(STORE, CONFIG, "spring", LANES, 1)] == ["lead/2"]


@pytest.mark.parametrize(
    ("conversion", "sale", "potential"),
    [
        (0, Money(100), Potential(Decimal("0.00"), "USD")),
        (2.5, Money(100), Potential(Decimal("100.00"), "USD")),
        (100, Money(99.99, "EUR"), Potential(Decimal("3999.60"), "EUR")),
        (None, Money(100), None),
        (2.5, None, None),
    ],
)
def test_potential_is_clients_by_conversion_by_average_sale(
    conversion: float | None, sale: Money | None, potential: Potential | None
) -> None:
    """D11 S117 S130 S135 g2 Of 40 clients: zero is zero, unset is no figure, exact to the cent."""
    assert potential_of(PlanFacts(conversion=conversion, average_sale=sale), 40) == potential


@pytest.mark.parametrize(
    ("label", "style"),
    [
        (Label("VIP", "#15803d"), "white on #15803d"),
        (Label("VIP", "#facc15"), "black on #facc15"),
        (Label("VIP"), "reverse"),
    ],
)
def test_a_label_is_shown_as_it_will_look(label: Label, style: str) -> None:
    """S129 S131 Its text on its colour, in ink that can be read."""
    preview = label_preview(label)
    assert (preview.plain, str(preview.style)) == (" VIP ", style)
