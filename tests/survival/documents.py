"""The configurations of a run: a document for each division, another one in each generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from tests.survival.flows import CATALOGUE, PLAIN, notify_of, workflows

LANES: Final = 3
DIVISIONS: Final = ("main", "south", "east", "emea")
"""Every lane has one, and one lane has two."""
PEOPLE: Final = ("ann", "bob", "eve", "joe", "kim", "zoe")
HOURS: Final = {"mon-sun": [f"{hour:02}:00-{hour:02}:30" for hour in range(4, 24)]}
"""Of one of them: every other half hour, so that some runs see a shift begin or end."""
OF_PEOPLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "kim": {"hours": HOURS},
    "ann": {"limits": [{"at_most": 15, "per": "10s", "types": ["lead"]}, {"at_most": 100_000, "per": "month"}]},
    "eve": {"zone": "America/Los_Angeles", "limits": [{"at_most": 100_000, "per": "day"}]},
}
"""Limits of people over all pools: windows that are full under load, and periods that are counted and never full."""
MANAGERS: Final = ("kim", "bob", "eve")
"""Who is told when somebody of a pool stays behind, as whoever is at a limit does, or nobody can take what comes: in
each generation another, while news may be held back for who was it before.
"""


def configuration(division: str, generation: int = 0, *, is_plain: bool = False) -> dict[str, Any]:
    """A division's document. Each generation is new, with another circle of members, and so other decisions. One that
    `is_plain` has nothing that builds before the newest level do not know.
    """
    first = generation % 3
    circle = [*PEOPLE[first:5], *PEOPLE[:first]][:4]
    managed = {} if is_plain else {"manager": MANAGERS[generation % len(MANAGERS)]}
    wishes = {} if is_plain else {name: {"notify": told} for name, told in notify_of(generation).items()}
    return {
        "division": division,
        "users": {name: {**OF_PEOPLE.get(name, {}), **wishes.get(name, {})} for name in PEOPLE},
        "pools": {
            "sales": {"record_type": "lead", "members": circle, **managed, **({"skewed_after": 2} if managed else {})},
            "deals": {"record_type": "deal", "members": [*map(busy, circle[::-1])], "strategy": "least_loaded"},
            "hotline": {
                "record_type": "lead",
                "members": [*circle],
                "accept_within": "3s",
                "hand_on": 1 + generation % 2,
                "ask_again": generation % 3 == 2,
                "escalate": {"after": "5s", "to": {"pool": "second"}},
                **managed,
            },
            "second": {
                "record_type": "lead",
                "members": [*map(busy, circle)],
                "accept_within": "2s",
                "hand_on": 2,
                "limits": [{"at_most": 20, "per": "10s"}],
                "nobody_eligible": {"fallback": {"pool": "lonely"}},
                "escalate": {"after": "20s", "to": {"user": "joe"}},
                "longest_wait": "4s",
            },
            "lonely": {"record_type": "lead", "members": ["zoe"], "drain_per_minute": 1_000 + generation, **managed},
        },
        "rule_sets": {} if is_plain else {"inbound": stepped(generation)},
        "tools": ["form"],
        "offers": ["gold", "silver"],
        "plans": {
            "spring": {"name": "Spring", "managers": circle[:2], "tools": ["form"], "offers": {"ordered": ["gold"]}},
            "dunning": {"name": "Dunning", "managers": [*circle], "offers": {"payment_failed": ["gold"]}},
            "care": {"name": "Care", "managers": circle[1:], "offers": {"paid": ["gold", "silver"]}, "mode": "linked"},
        },
        **CATALOGUE,
        "workflows": dict(PLAIN) if is_plain else workflows(generation),
        "defaults": {"lead": {"pool": "sales"}, "deal": {"pool": "deals"}},
    }


def stepped(generation: int) -> dict[str, Any]:
    """Targets with steps, for about every third lead that nobody chose an owner for. Every other generation the waits
    of the first are others, so that it is another target.
    """
    first = [
        {"user": {"field": "keeper"}, "wait": "1s"},
        {"pool": "second", "wait": f"{2 + generation % 2}s", "skip_if": "nobody_present"},
        {"pool": "hotline", "wait": "2s"},
        {"user": "joe"},
    ]
    other = [
        {"pool": "lonely", "wait": "1s", "skip_if": "nobody_present"},
        {"user": "kim", "wait": "2s"},
        {"pool": "second", "wait": "3s"},
        {"pool": "hotline"},
    ]
    entries = [{"when": "score < 15", "target": first}, {"when": "score < 35", "target": other}]
    return {"record_type": "lead", "active": True, "entries": entries}


def busy(person: str) -> dict[str, Any]:
    """A member with limits of their own."""
    return {"user": person, "limits": [{"at_most": 40, "open": True}, {"at_most": 4, "per": "2s"}]}


def write_configuration(
    directory: Path, generation: int = 0, divisions: Sequence[str] = DIVISIONS, *, is_plain: bool = False
) -> Path:
    """A directory with the documents of these divisions."""
    directory.mkdir(parents=True, exist_ok=True)
    for division in divisions:
        document = configuration(division, generation, is_plain=is_plain)
        (directory / f"{division}.yaml").write_bytes(orjson.dumps(document))  # what is JSON is YAML
    return directory
