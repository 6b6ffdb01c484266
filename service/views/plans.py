"""The sales plans as they stand: their people's clients, what they are worth, and how their clients came in.

Read from the memories of the lanes without a fence, as they are at that moment. What somebody sees who is named is
theirs alone: the plans whose manager they are, and in them their own clients (S111, S112), unless the setting shows
plans to everyone, or to administrators only (D10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from heapq import nsmallest
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.model import Label
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import PoolSpec
from service.core.state import State
from service.core.visibility import DEFAULTS, is_admin
from service.store.port import Store
from service.views.peeking import MemoryState, peek

PERCENT: Final = Decimal(100)


class ManagerClients(NamedTuple):
    """How many clients somebody has in a plan. An empty name: nobody has them yet."""

    person: str
    clients: int
    is_manager: bool


class Potential(NamedTuple):
    """What a plan is worth: clients, times conversion, times the average sale (D11)."""

    amount: Decimal
    currency: str


class Client(NamedTuple):
    """A lead of a plan: who has it (empty: nobody), what brought it in, by which tool or offer, and when."""

    record: str
    owner: str
    by: str
    through: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """One plan. `potential` none: its conversion or its average sale is not set, so there is no figure."""

    division: str
    plan: str
    name: str
    label: Label | None
    is_linked: bool
    clients: int
    managers: tuple[ManagerClients, ...]
    potential: Potential | None
    memory: MemoryState


async def plan_standings(
    store: Store, configs: Mapping[str, Config], lanes: int, person: str | None = None
) -> list[PlanStanding]:
    """The plans of these divisions' newest configurations, by division and name; only what `person` sees, if given."""
    found: list[PlanStanding] = []
    for division, config in sorted(configs.items()):
        state, memory = await peek(store, division, lanes, ("clients",))
        numbers = _numbers(state)
        whose = _whose(person, config)
        specs = [spec for _, spec in sorted(config.pools.items()) if _is_seen(spec, whose)]
        found += [_standing(spec, division, numbers.get(spec.id, {}), memory, whose) for spec in specs]
    return found


async def clients_of(
    store: Store, config: Config, plan: str, lanes: int, limit: int, person: str | None = None
) -> list[Client]:
    """The newest clients of a plan, `limit` at most, the newest first; only those of `person`, if given."""
    spec, whose = config.pools.get(plan), _whose(person, config)
    if spec is None or not _is_seen(spec, whose):
        return []
    state, _ = await peek(store, config.division, lanes, ("plan",))
    found = (
        Client(record, known.counted.partition("/")[2], known.by, known.through, known.since_ms)
        for record, known in state.plans.items()
        if known.plan == plan and known.counted
    )
    seen = (client for client in found if whose is None or client.owner == whose)
    return nsmallest(limit, seen, key=lambda client: (-client.since_ms, client.record))


def potential_of(facts: PlanFacts, clients: int) -> Potential | None:
    """What so many clients are worth; zero percent is zero, and unset is no figure."""
    sale = facts.average_sale
    if facts.conversion is None or sale is None:
        return None
    amount = clients * Decimal(str(facts.conversion)) / PERCENT * Decimal(str(sale.amount))
    return Potential(amount.quantize(Decimal("0.01")), sale.currency)


def _whose(person: str | None, config: Config) -> str | None:
    """Whose plans and clients somebody sees: everybody's (none), their own, or nobody's (empty)."""
    audience = config.visibility.get("plans", DEFAULTS["plans"])
    if person is None or audience == "everyone" or (audience == "admins" and is_admin(person, config)):
        return None
    return person if audience == "members" else ""


def _is_seen(spec: PoolSpec, whose: str | None) -> bool:
    return spec.plan is not None and (whose is None or whose in spec.weights)


def _numbers(state: State) -> Mapping[str, Mapping[str, int]]:
    """How many clients everybody has, by plan and person."""
    found: dict[str, dict[str, int]] = {}
    for field, each in state.clients.items():
        plan, _, person = field.partition("/")
        found.setdefault(plan, {})[person] = each.clients
    return found


def _standing(
    spec: PoolSpec, division: str, numbers: Mapping[str, int], memory: MemoryState, whose: str | None
) -> PlanStanding:
    facts = spec.plan
    assert facts is not None, "only plans are shown"
    people = [member.person for member in spec.members]
    others = sorted(name for name in numbers if name not in spec.weights)
    shown = [name for name in (*people, *others) if whose in (None, name)]
    managers = tuple(ManagerClients(name, numbers.get(name, 0), name in spec.weights) for name in shown)
    total = sum(each.clients for each in managers)
    return PlanStanding(
        division=division,
        plan=spec.id,
        name=spec.name,
        label=facts.label,
        is_linked=facts.is_linked,
        clients=total,
        managers=managers,
        potential=potential_of(facts, total),
        memory=memory,
    )
