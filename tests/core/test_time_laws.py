"""What holds whatever people's hours are: nobody idles while something waits for them, and few timers see to it."""

from __future__ import annotations

import random
from typing import Final

import pytest

from service.core.calendar import DAY_MINUTES, Block, WorkCalendar, WorkingTime, joined
from service.core.configuration import User
from service.core.draft import Draft
from service.core.model import Assigned, Pending
from service.core.pool_spec import Membership
from service.core.sharing.attendance import absence, after_working, back_ms
from service.core.sharing.choosing import choose
from service.core.sharing.eligibility import Situation, Sought
from service.core.traits import NO_TRAITS, Trait, Traits
from tests.core.build import MINUTE_MS, START_MS, Division, config, pool, predicate

PEOPLE: Final = ("ann", "bob", "cem", "dia")
ZONES: Final = ("UTC", "Europe/Berlin", "Asia/Kolkata")
SEEDS: Final = range(60)


def some_time(rng: random.Random) -> WorkingTime | None:
    """Always, or shifts of some hours on some days, and now and then some leave."""
    if rng.random() < 0.2:
        return None
    zone = rng.choice(ZONES)
    blocks = []
    for day in range(7):
        if rng.random() < 0.8:
            start = rng.randrange(0, DAY_MINUTES, 30)
            blocks.append(Block(day, start, start + rng.randrange(60, 600, 30)))
    leave = [(at := START_MS + rng.randrange(4 * DAY_MINUTES) * MINUTE_MS, at + rng.randrange(2_000) * MINUTE_MS)]
    calendar = WorkCalendar(zone, tuple(blocks) or (Block(0, 0, DAY_MINUTES),))
    return WorkingTime(calendar, tuple(joined(leave)) if rng.random() < 0.4 else ())


def a_division(rng: random.Random) -> Division:
    """Two pools of people with hours, some of whom are asked for skills."""
    skills: Traits = {("skill", "german"): 2}
    users = [User(name, time=some_time(rng), traits=skills if rng.random() < 0.5 else NO_TRAITS) for name in PEOPLE]
    pools = [
        pool(
            *(
                Membership(name, max_open=rng.choice([None, 2]), domain=rng.choice([None, predicate("country = DE")]))
                for name in rng.sample(PEOPLE, rng.randint(1, 4))
            ),
            id=name,
            requires=(Trait("skill", path="language"),) if rng.random() < 0.5 else (),
            drain_per_minute=1_000,
        )
        for name in ("sales", "support")
    ]
    return Division(*pools, users=users)


def idle(division: Division) -> list[str]:
    """Records that wait though somebody could take them now."""
    found = []
    draft = Draft(division.state)
    for name, parked in division.state.parked.items():
        spec = division.config.pools[parked.pool]
        facts = FACTS[name]
        situation = Situation(spec, division.config, draft, division.now_ms, Sought(facts), paced=True)
        if choose(situation).chosen is not None:
            found.append(name)
    return found


FACTS: Final[dict[str, dict[str, object]]] = {}


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_idles_while_something_waits_for_them(seed: int) -> None:
    """D3 D12 D28 Whatever shifts begin and whatever is told, at any moment; and one timer a pool is enough for it."""
    rng = random.Random(seed)
    division = a_division(rng)
    for number in range(60):
        match rng.randrange(4):
            case 0 | 1:
                record = f"lead/{seed}-{number}"
                FACTS[record] = {"country": rng.choice(["DE", "FR"]), "language": rng.choice([None, "German"])}
                division.create(record, f"pool:{rng.choice(['sales', 'support'])}", facts=FACTS[record])
            case 2:
                until = rng.choice([None, rng.randrange(1, 900)])
                word = rng.choice(["available", "available", "away", "off_shift", "leave", "leave_ended"])
                until_ms = None if until is None else division.now_ms + until * MINUTE_MS
                division.tell(rng.choice(PEOPLE), word, until_ms=until_ms)
            case _:
                division.later(minutes=rng.choice([1, 30, 600]))
        assert idle(division) == []
        drains = [name for name in division.state.timers if name.startswith("drain/")]
        assert len(drains) <= len(division.config.pools)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_next_try_is_the_first_moment_at_which_somebody_is_back(seed: int) -> None:
    """D3 D12 Nobody of the pool is there a millisecond before, and somebody is then."""
    rng = random.Random(seed)
    division = Division(pool(*PEOPLE), users=[User(name, time=some_time(rng)) for name in PEOPLE])
    for _ in range(8):
        division.later(minutes=rng.randrange(700))
        outcome = division.create(f"lead/{division.now_ms}")
        if isinstance(outcome, Pending) and outcome.next_try_ms is not None:
            next_ms = outcome.next_try_ms
            draft = Draft(division.state)
            there = [
                [name for name in PEOPLE if absence(name, draft, division.config, moment) is None]
                for moment in (next_ms - 1, next_ms)
            ]
            assert not there[0]
            assert there[1]
            division.later(ms=next_ms - division.now_ms)
            assert isinstance(division.decisions[-1].outcome, Assigned)


def test_an_absence_and_a_shift_end_together() -> None:
    """D28 Back is when the last of all causes is over, and nobody knows where one has no end."""
    time = WorkingTime(WorkCalendar("UTC", tuple(Block(day, 540, 1_020) for day in range(7))))
    division = Division(pool("ann"), users=[User("ann", time=time)])
    nine = division.now_ms // 86_400_000 * 86_400_000 + 540 * MINUTE_MS
    nine += 86_400_000 if nine <= division.now_ms else 0
    draft = Draft(division.state)
    assert back_ms("ann", draft, division.config, nine - 1) == nine

    division.tell("ann", "away", until_ms=nine + 600 * MINUTE_MS)
    assert back_ms("ann", Draft(division.state), division.config, nine) == nine + 86_400_000
    division.away("ann")
    assert back_ms("ann", Draft(division.state), division.config, nine - 1) is None


def test_working_time_passes_only_while_somebody_works() -> None:
    """a6 Half an hour from Friday 17:50 is over on Monday at 09:20; with a colleague on Saturdays earlier."""
    office = WorkingTime(WorkCalendar("UTC", tuple(Block(day, 540, 1_080) for day in range(5))))
    saturday = WorkingTime(WorkCalendar("UTC", (Block(5, 600, 615),)))
    friday = START_MS // 604_800_000 * 604_800_000 + (DAY_MINUTES + 1_070) * MINUTE_MS  # 1970 began on a Thursday
    spec = pool("ann", "bob")
    half = 30 * MINUTE_MS

    alone = config(spec, users=[User("ann", time=office), User("bob", active=False)])
    both = config(spec, users=[User("ann", time=office), User("bob", time=saturday)])
    monday = friday + (3 * DAY_MINUTES - 1_070 + 540) * MINUTE_MS
    assert after_working(spec, alone, friday, half) == monday + 20 * MINUTE_MS
    assert after_working(spec, both, friday, half) == monday + 5 * MINUTE_MS
    assert after_working(spec, config(spec), friday, half) == friday + half
    assert after_working(pool(), config(pool()), friday, half) is None
