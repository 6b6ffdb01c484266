"""Who joins a plan in use, and how many leads they get before anybody else (S114, S115, D46)."""

from __future__ import annotations

import pytest

from service.core.configuration import Config, User
from service.core.plan_facts import PlanFacts
from service.views.joining import Joining, joinings
from tests.core.build import config, pool


def plans(*managers: str, more: tuple[User, ...] = ()) -> Config:
    """One plan with these managers, and a pool."""
    return config(pool(*managers, id="spring", plan=PlanFacts()), pool("ann", "kim", id="sales"), users=more)


CLIENTS = {"spring/ann": 5, "spring/bob": 7, "spring/": 3, "care/eve": 9}


@pytest.mark.parametrize(
    ("before", "after", "leads"),
    [
        (("ann", "bob"), ("ann", "bob", "eve"), {"eve": 5}),
        (("ann", "bob"), ("zoe", "bob", "eve"), {"zoe": 7, "eve": 7}),
        (("ann", "bob"), ("ann",), {}),
        (("ann", "bob"), ("eve",), {}),
        ((), ("ann",), {}),
        (("bob",), ("bob", "ann"), {"ann": 2}),
    ],
)
def test_who_joins_gets_as_many_as_the_one_with_the_fewest_has_more(
    before: tuple[str, ...], after: tuple[str, ...], leads: dict[str, int]
) -> None:
    """D46 Own clients count; where nobody stays there is nobody to get level with."""
    found = list(joinings(plans(*before), plans(*after), CLIENTS))
    assert {each.person: each.leads for each in found} == leads


def test_who_is_switched_off_is_nobody_to_get_level_with() -> None:
    """S114 They get nothing, so they would keep a newcomer behind or level for ever."""
    after = plans("ann", "bob", "eve", more=(User("ann", active=False),))
    assert list(joinings(plans("ann", "bob"), after, CLIENTS)) == [Joining("main", "spring", "eve", 7)]


def test_without_a_memory_nobody_knows_how_many() -> None:
    """S115 It is still said that they join."""
    assert list(joinings(plans("ann"), plans("ann", "eve"), None)) == [Joining("main", "spring", "eve", None)]
