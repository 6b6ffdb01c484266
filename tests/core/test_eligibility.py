"""Checks: one that says it concerns nobody is not asked, so it must be right about that."""

from __future__ import annotations

import random
from typing import Final

import pytest

from service.core.calendar import Block, WorkCalendar, WorkingTime
from service.core.configuration import User
from service.core.draft import Draft
from service.core.limit_spec import Limit
from service.core.pool_spec import Membership
from service.core.sharing.choosing import look_at_all
from service.core.sharing.eligibility import CHECKS, MINUTE_MS, Situation, Sought
from service.core.state import Pace, State
from service.core.traits import Trait
from tests.core.build import START_MS, Division, absent, config, pool, predicate

SEEDS: Final = range(200)
PEOPLE: Final = ("ann", "bob", "cem", "dia")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_check_that_concerns_nobody_says_no_to_nobody(seed: int) -> None:
    """D2 D3 D14 S76 In situations where each of them may or may not have something to say."""
    rng = random.Random(seed)
    situation = _situation(rng)
    for check in CHECKS:
        said = [check.ask(member, situation) for member in situation.spec.members]
        assert check.concerns(situation) or not any(said)


@pytest.mark.parametrize("seed", SEEDS)
def test_whom_checks_stop_is_told_as_if_each_had_been_asked(seed: int) -> None:
    """Also where it is known by name; and what is told of somebody is what the first of the checks says."""
    situation = _situation(random.Random(seed))
    for check in CHECKS:
        if check.known is not None:
            said = {member.person: check.ask(member, situation) for member in situation.spec.members}
            assert check.known(situation) == {person: reason for person, reason in said.items() if reason is not None}
    first = {
        member.person: next(filter(None, (check.ask(member, situation) for check in CHECKS)), None)
        for member in situation.spec.members
    }
    assert {each.person: each.excluded for each in look_at_all(situation).seen} == first


def test_each_check_can_say_no() -> None:
    """Among the situations of the law above there is one for each."""
    said: set[str] = set()
    for seed in SEEDS:
        situation = _situation(random.Random(seed))
        for member in situation.spec.members:
            said |= {str(check.ask(member, situation)) for check in CHECKS}
    reasons = {"inactive", "domain", "away", "leave", "off_shift", "full", "limit", "pool_limit", "paced", "skills"}
    assert said == {"None", *reasons}


def test_checks_are_asked_in_the_documented_order() -> None:
    """D2 `docs/time.md` names them so: of several refusals the first is told."""
    assert [check.ask.__name__ for check in CHECKS] == [
        "is_active",
        "is_to_be_asked",
        "is_in_domain",
        "is_present",
        "is_not_on_leave",
        "is_at_work",
        "is_on_shift",
        "pool_has_room",
        "has_room",
        "has_skills",
        "is_in_pace",
    ]


def _time(rng: random.Random) -> WorkingTime:
    """On leave now, or with a shift that is over, or under way."""
    calendar = WorkCalendar("UTC", tuple(Block(day, 0, rng.choice([60, 1_439])) for day in range(7)))
    leave = ((START_MS - 1, START_MS + MINUTE_MS),) if rng.random() < 0.3 else ()
    return WorkingTime(calendar, leave)


def _situation(rng: random.Random) -> Situation:
    def sometimes(chance: float = 0.4) -> bool:
        return rng.random() < chance

    spec = pool(
        *(
            Membership(
                person,
                max_open=1 if sometimes(0.2) else None,
                domain=predicate("country equals DE") if sometimes(0.2) else None,
                limits=(Limit(1, rng.choice([MINUTE_MS, "day"])),) if sometimes(0.2) else (),
            )
            for person in PEOPLE
        ),
        limits=(Limit(2, rng.choice([MINUTE_MS, "open"])),) if sometimes(0.2) else (),
        drain_per_minute=1,
        requires=(Trait("skill", path="language"),) if sometimes(0.3) else (),
    )
    users = [
        User(
            person,
            active=not sometimes(0.1),
            time=_time(rng) if sometimes(0.3) else None,
            traits={("skill", "german"): 1} if sometimes() else {},
        )
        for person in PEOPLE
    ]
    division = Division(spec)
    for number in range(rng.randint(0, 4)):
        division.create(f"lead/{number}", facts={"country": "DE"})
    state: State = division.state
    away = [person for person in PEOPLE if sometimes(0.2)]
    state.apply({"person": {person: absent(rng.choice(["away", "leave", "off_shift"])) for person in away}})
    draft = Draft(state)
    for person in PEOPLE:
        draft.paces.put(person, Pace(START_MS // MINUTE_MS - rng.randint(0, 1), rng.randint(0, 1)))
    facts = rng.choice([None, {"country": "DE"}, {"country": "FR", "language": "German"}])
    return Situation(spec, config(spec, users=users), draft, START_MS, Sought(facts), paced=sometimes())
