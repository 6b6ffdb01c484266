"""What a choice costs as pools grow: `python -m tests.bench.choosing [--assert]`. Prints ratios of one run.

The core alone decides leads for one pool, of 10, 100 and 1,000 members, by each strategy: plain, with working hours,
with limits (of what is open, in an hour, in a day), and with both. Half an hour passes with every hundred leads, so
that shifts begin and end on the way. The first row's plain pool of 10 members is what all are compared with.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from random import Random
from time import process_time
from typing import Final, get_args

from service.core.calendar import Block, WorkCalendar, WorkingTime
from service.core.configuration import Config, User
from service.core.decide import decide
from service.core.events import RecordEvent, Target
from service.core.holding import membership
from service.core.limit_spec import Limit
from service.core.pool_spec import Membership, PoolSpec, Strategy
from service.core.state import State

SIZES: Final = (10, 100, 1_000)
ROUNDS: Final = 3
LEADS: Final = {10: 1_000, 100: 500, 1_000: 100}
START_MS: Final = 1_772_442_000_000
HALF_AN_HOUR_MS: Final = 1_800_000
EACH_LEADS: Final = 100
LEAST_RATIO: Final = 0.6
"""At 100 members, of what plain round robin with 10 does."""

MOST_GROWTH: Final = 2.0
"""From 100 to 1,000 members, in time for a lead."""

LIMITS: Final = (Limit(1_000, "open"), Limit(100, 3_600_000), Limit(500, "day"))
SETTINGS: Final = {
    "plain": (False, False),
    "hours": (True, False),
    "limits": (False, True),
    "both": (True, True),
}

ZONES: Final = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")
NAMES: Final = {strategy for strategy in get_args(Strategy) if strategy != "take"}


def times(people: int) -> Mapping[str, WorkingTime]:
    """Offices in several zones, whose days begin on quarters of an hour; a few nights; some leave."""
    rng = Random(1)
    offices = [
        WorkCalendar(zone, tuple(Block(day, start, start + length) for day in range(6)))
        for zone in ZONES
        for start, length in ((480, 540), (495, 480), (1_320, 480))
    ]
    leave = ((START_MS + HALF_AN_HOUR_MS, START_MS + 4 * HALF_AN_HOUR_MS),)
    return {
        f"p{number}": WorkingTime(rng.choice(offices), leave if number % 10 == 0 else ()) for number in range(people)
    }


def configured(strategy: Strategy, people: int, *, has_hours: bool, has_limits: bool) -> Config:
    """A division with one pool."""
    limits = LIMITS if has_limits else ()
    found = times(people) if has_hours else {}
    users = {name: User(name, time=found.get(name)) for name in (f"p{number}" for number in range(people))}
    members = tuple(Membership(name, priority=float(place), limits=limits) for place, name in enumerate(users))
    return Config("main", 1, users=users, pools={"sales": PoolSpec("sales", "lead", members, strategy=strategy)})


def seconds_per_lead(config: Config, leads: int) -> float:
    """How long the core takes for one, applying what comes of it included."""
    state = State()
    for step in membership.switch_steps(state, config, START_MS):
        state.apply(step.changes())
    events = [
        RecordEvent(
            id=f"e{number}",
            kind="created",
            record_type="lead",
            record_id=str(number),
            owner=Target("pool", "sales"),
            facts={},
        )
        for number in range(leads)
    ]
    begun = process_time()
    for number, event in enumerate(events):
        now_ms = START_MS + number // EACH_LEADS * HALF_AN_HOUR_MS
        state.apply(decide(event, state, config, now_ms).changes)
    return (process_time() - begun) / leads


def main() -> int:
    """Measure, print, and say whether the bounds hold where it is asked for."""
    first: float | None = None
    found: dict[tuple[str, int, str], float] = {}
    had = SETTINGS.values()
    print(f"{'strategy':14} {'members':>7}" + "".join(f" {name:>8}" for name in SETTINGS) + "   us a lead")
    for strategy in sorted(NAMES, key=lambda name: name != "round_robin"):
        for people in SIZES:
            configs = [configured(strategy, people, has_hours=hours, has_limits=limits) for hours, limits in had]
            runs = [[seconds_per_lead(config, LEADS[people]) for config in configs] for _ in range(ROUNDS)]
            best = [min(each) for each in zip(*runs, strict=True)]
            first = best[0] if first is None else first
            found |= {(strategy, people, name): first / each for name, each in zip(SETTINGS, best, strict=True)}
            ratios = "".join(f" {first / each:8.2f}" for each in best)
            print(f"{strategy:14} {people:7}{ratios}   " + " ".join(f"{each * 1e6:.0f}" for each in best))
    worst = min(ratio for (_, people, _), ratio in found.items() if people == 100)
    growth = max(found[strategy, 100, name] / found[strategy, 1_000, name] for strategy in NAMES for name in SETTINGS)
    print(f"at 100 members: at least {worst:.2f} of the pace of round robin with 10, {LEAST_RATIO} is the bound")
    print(f"from 100 to 1,000 members: at most {growth:.2f} times the time, {MOST_GROWTH} is the bound")
    return int("--assert" in sys.argv and (worst < LEAST_RATIO or growth > MOST_GROWTH))


if __name__ == "__main__":
    sys.exit(main())
