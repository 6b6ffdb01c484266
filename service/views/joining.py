"""Who joins a sales plan that is in use, and how many leads they get before anybody else does (S114, S115, D46).

Whoever is added gets every new lead until they have as many clients as the one of the others who has fewest; so that is
told when a configuration is put in force. How many clients there are is read from the memory, where it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from service.core.configuration import Config
from service.core.pool_spec import PoolSpec
from service.core.state import clients_field

ClientsOf = Mapping[str, int]
"""How many clients there are, by plan and person (see `clients_field`)."""


class Joining(NamedTuple):
    """Somebody who joins a plan. `leads`: so many new ones they get first; none: nobody knows."""

    division: str
    plan: str
    person: str
    leads: int | None


def joined(before: Config, after: Config) -> dict[str, tuple[str, ...]]:
    """The plans of both that had managers already, with those who are new, in their order."""
    return {
        plan: new
        for plan, spec in sorted(after.pools.items())
        for former in [before.pools.get(plan)]
        if spec.plan is not None and former is not None and former.plan is not None and former.weights
        for new in [_new(former, spec)]
        if new
    }


def joinings(before: Config, after: Config, clients: ClientsOf | None) -> Iterator[Joining]:
    """Who joins a plan in use. Who is level already is left out."""
    for plan, people in joined(before, after).items():
        former, spec = before.pools[plan], after.pools[plan]
        if clients is None:
            yield from (Joining(after.division, plan, person, None) for person in people)
            continue
        had = [clients.get(clients_field(plan, person), 0) for person in former.weights if _takes(person, spec, after)]
        for person in people:
            leads = min(had, default=0) - clients.get(clients_field(plan, person), 0)
            if leads > 0:
                yield Joining(after.division, plan, person, leads)


def _new(former: PoolSpec, spec: PoolSpec) -> tuple[str, ...]:
    return tuple(member.person for member in spec.members if member.person not in former.weights)


def _takes(person: str, spec: PoolSpec, config: Config) -> bool:
    """Whether they stay in the plan and get something there: who does not is nobody to get level with."""
    user = config.users.get(person)
    return person in spec.weights and user is not None and user.active
