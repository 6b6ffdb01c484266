"""The largest configuration that the language takes, or a share of it."""

from __future__ import annotations

from typing import Any, Final

from schemas.config import MEMBERS_LIMIT, POOLS_LIMIT, USERS_LIMIT
from schemas.config_rules import ENTRIES_LIMIT

PARKED: Final = 100_000
"""So many records wait at once where a service is at its limits."""
SMALL_POOL: Final = 2
"""So many members each other pool has."""


def largest(share: float = 1.0) -> dict[str, Any]:
    """A document with this share of all limits at once: users, pools, members of one of them, entries.

    Every second entry describes people, so that a thousand pools are implied; every twentieth pool has a condition. All
    of it fits one record of Kafka, as a version must.
    """
    users, pools, members, entries = (
        max(4, int(limit * share)) for limit in (USERS_LIMIT, POOLS_LIMIT, MEMBERS_LIMIT, ENTRIES_LIMIT)
    )
    return {
        "users": {f"u{number}": _user(number, entries) for number in range(users)},
        "pools": {"p0": {"record_type": "lead", "members": [f"u{number}" for number in range(members)]}}
        | {f"p{number}": _pool(number, users) for number in range(1, pools)},
        "rule_sets": {
            "all": {
                "record_type": "lead",
                "active": True,
                "entries": [_entry(number, pools) for number in range(entries - 1)] + [{"target": {"pool": "p0"}}],
            }
        },
    }


def _user(number: int, entries: int) -> dict[str, Any]:
    return {"territory": f"t{number // 10 % entries}"} if number % 10 == 0 else {}


def _pool(number: int, users: int) -> dict[str, Any]:
    members = [f"u{(number * SMALL_POOL + at) % users}" for at in range(SMALL_POOL)]
    narrowed = {"criteria": [f"tier == {number}"], "sequence": number % 1_000} if number % 20 == 0 else {}
    return {"record_type": "lead", "members": members} | narrowed


def _entry(number: int, pools: int) -> dict[str, Any]:
    target = {"users": {"territory": f"t{number}"}} if number % 2 else {"pool": f"p{number % pools}"}
    return {"criteria": [f"code == {number}"], "target": target}
