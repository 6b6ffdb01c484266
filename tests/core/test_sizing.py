"""How much an open record weighs, where a field says so, and what has room for it."""

from __future__ import annotations

from typing import Final

import pytest

from service.core.configuration import User
from service.core.events import RecordEvent
from service.core.limit_spec import Limit
from service.core.pool_spec import Membership
from tests.core.build import Division, closed, pool, reopened, updated
from tests.core.test_limits import excluded, limited

SIZES: Final = {"lead": "effort", "deal": "account.effort"}


def weighing(effort: object, record: str = "lead/1") -> RecordEvent:
    """The record's field says another weight."""
    return updated(record, facts={"effort": effort})


def test_work_on_hold_takes_no_place_and_resuming_may_exceed() -> None:
    """D55 b6"""
    division = Division(pool(limited("ann", (3, "open"))), sizes=SIZES)
    for n in range(1, 5):
        division.create(f"lead/{n}", facts={"effort": 1})
    assert not division.record("lead/4").owner

    division.send(weighing(0))
    assert division.record("lead/4").owner == "ann"
    division.send(weighing(1))
    assert division.open_items("ann") == 4
    assert division.serve("lead/5") == [""]


@pytest.mark.parametrize(
    ("open_now", "size", "against"),
    [
        (0, 1, None),
        (2, 1, None),
        (3, 1, "full"),
        (1, 2, None),
        (2, 2, "full"),
        (0, 3, None),
        (0, 4, "too_large"),
        (3, 4, "too_large"),
        (3, 0, None),
        (9, 0, None),
    ],
)
@pytest.mark.parametrize("of", ["member", "person", "pool"])
def test_a_record_fits_in_with_all_that_it_weighs(of: str, open_now: int, size: int, against: str | None) -> None:
    """D55 An open limit of three, of a member, a person or a pool: what weighs more than is left is given to nobody; on
    hold it fits in wherever any may be open.
    """
    bounds = {of: (Limit(3, "open"),)}
    ann = Membership("ann", limits=bounds.get("member", ()))
    sales = pool(ann, limits=bounds.get("pool", ()))
    division = Division(sales, users=[User("ann", limits=bounds.get("person", ()))], sizes=SIZES)
    division.create("lead/1", facts={"effort": 1})
    division.send(weighing(open_now))
    division.create("lead/2", facts={"effort": size})

    told = "pool_limit" if against == "full" and of == "pool" else against
    assert division.record("lead/2").owner == ("" if against else "ann")
    assert division.last("lead/2").trace.size == size
    assert division.last("lead/2").trace.candidates[0].excluded == told


def test_where_nothing_may_be_open_nothing_is_given_that_is_on_hold() -> None:
    """D55 None at all is none."""
    division = Division(pool(limited("ann", (0, "open"))), sizes=SIZES)
    division.create(facts={"effort": 0})
    assert excluded(division, "lead/1") == {"ann": "full"}


def test_what_is_too_large_now_holds_up_nothing_behind_it_and_is_given_when_there_is_room() -> None:
    """D3 D55 What weighs less is given meanwhile, and what can never be is given by a last resort only."""
    division = Division(pool(limited("ann", (3, "open"))), sizes=SIZES)
    for record, effort, score in (("lead/1", 3, 0), ("lead/large", 2, 9), ("lead/small", 1, 1), ("lead/huge", 7, 10)):
        division.create(record, facts={"effort": effort, "score": score})
    division.send(weighing(2))
    assert [division.record(f"lead/{each}").owner for each in ("large", "small", "huge")] == ["", "ann", ""]
    division.send(closed("lead/1"))
    assert [division.record(f"lead/{each}").owner for each in ("large", "huge")] == ["ann", ""]
    division.configure(pool(limited("ann", (3, "open")), assign_anyway=True), sizes=SIZES)
    assert division.record("lead/huge").owner == "ann"


@pytest.mark.parametrize(
    ("told", "size"),
    [
        (0, 0),
        (3, 3),
        ("2", 2),
        (0.5, 1),
        (-1, 1),
        (None, 1),
        ("much", 1),
        (True, 1),
        (5_000, 1_000),
        ("nan", 1),
        ([], 1),
    ],
    ids=str,
)
def test_what_a_field_says_is_what_a_record_weighs(told: object, size: int) -> None:
    """D26 What is no number from 0 on weighs as much as without the field."""
    division = Division(pool("ann"), sizes=SIZES)
    division.create(facts={"effort": told})
    assert division.open_items("ann") == size


def test_a_weight_is_taken_off_as_it_was_counted() -> None:
    """D26 Whatever the field and the configuration say by then; handed over it weighs what is known of it."""
    division = Division(pool("ann", "bob"), sizes=SIZES)
    division.create(facts={"effort": 3})
    division.configure(pool("ann", "bob"), sizes={})
    division.send(weighing(7))
    assert division.open_items("ann") == 3
    division.configure(pool("bob"), sizes=SIZES)
    division.give("lead/1", "zoe")
    assert division.state.open["lead/zoe"].open_items == 1, "nothing is known of a field that was not kept"
    division.delete("lead/1")
    assert not division.state.open
    assert not division.state.sizes


def test_what_weighs_nothing_keeps_no_seat_of_who_left() -> None:
    """D26 And the seat is there again when it weighs something."""
    division = Division(pool("ann"), sizes=SIZES)
    division.create(facts={"effort": 0})
    division.configure(pool("bob"))
    assert "sales/ann" not in division.state.seats
    division.send(weighing(2))
    assert division.open_items("ann") == 2


def test_a_record_that_waited_weighs_what_it_said() -> None:
    """D26 D31"""
    division = Division(pool(limited("ann", (1, "open"))), sizes={"deal": "x"})
    division.create("lead/1")
    division.create("lead/2", facts={"effort": 4})
    division.configure(pool(limited("ann", (4, "open"))), sizes=SIZES)
    division.delete("lead/1")
    assert division.open_items("ann") == 4
    division.send(updated("lead/2", facts={"other": 1}))
    assert division.open_items("ann") == 4


def test_closing_and_opening_again_count_the_weight() -> None:
    """D33"""
    division = Division(pool("ann"), sizes=SIZES)
    division.create(facts={"effort": 5})
    division.send(closed())
    assert division.open_items("ann") == 0
    division.send(reopened(facts={"effort": 2}))
    assert division.open_items("ann") == 2
