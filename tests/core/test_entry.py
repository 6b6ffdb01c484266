"""How newcomers come into a pool, and how they and who returns get level with the others."""

from __future__ import annotations

from collections import Counter

import pytest

from service.core.catch_up import CatchUp
from service.core.draft import Draft
from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.pool_spec import Membership
from service.core.sharing.entry import Entrance
from service.core.sharing.strategies import SCALE
from service.core.state import seat_field
from tests.core.build import Division, pool

CATCH_UP = EntryPolicy(catches_up=True)
ONE_OF_TWO = EntryPolicy(catches_up=True, ceiling=Ceiling(1, 2))


def records(count: int, prefix: str = "x") -> list[str]:
    """So many leads."""
    return [f"lead/{prefix}{number}" for number in range(count)]


def test_a_newcomer_at_the_end_of_the_ring_waits_for_everybody() -> None:
    """S17 D1 A, B, C, next is B; add D: B, C, D, A. Nothing says how D enters."""
    division = Division(pool("a", "b", "c"))
    division.serve("lead/1")
    division.configure(pool("a", "b", "c", "d"))

    assert division.serve(*records(4)) == ["b", "c", "d", "a"]


def test_a_newcomer_who_catches_up_gets_every_record_until_they_are_level() -> None:
    """S114 D1 A=5, B=5, add C: five to C, then shared."""
    division = Division(pool("a", "b", entry=CATCH_UP))
    division.serve(*records(10))
    division.configure(pool("a", "b", "c", entry=CATCH_UP))

    assert division.serve(*records(5, "y")) == ["c"] * 5
    assert division.serve(*records(6, "z")) == ["a", "b", "c"] * 2
    assert not division.state.catch_ups


def test_the_trace_says_how_far_behind_somebody_is() -> None:
    """D16 D1 It counts down to nothing."""
    division = Division(pool("a", "b", entry=CATCH_UP))
    division.serve(*records(6))
    division.configure(pool("a", "b", "c", entry=CATCH_UP))
    division.serve(*records(4, "y"))

    behind = [
        {each.person: each.behind for each in division.last(record).trace.candidates} for record in records(4, "y")
    ]
    assert behind == [{"a": 0, "b": 0, "c": count} for count in (3, 2, 1, 0)]


def test_under_a_ceiling_the_others_go_on_getting_records() -> None:
    """D1 D52 At most one of two turns, until level; who had theirs is left out with the reason."""
    division = Division(pool("a", "b", entry=ONE_OF_TWO))
    division.serve(*records(6))
    division.configure(pool("a", "b", "c", entry=ONE_OF_TWO))

    assert "".join(division.serve(*records(12, "y"))) == "cacbcacbcabc"
    left_out = {each.person: each.excluded for each in division.last("lead/y1").trace.candidates}
    assert left_out == {"a": None, "b": None, "c": "ceiling"}


def test_a_ceiling_keeps_nobody_from_what_nobody_else_can_take() -> None:
    """D1 The newcomer is passed over only where somebody else can."""
    division = Division(pool("a", "b", entry=ONE_OF_TWO))
    division.serve(*records(6))
    division.configure(pool("a", "b", "c", entry=ONE_OF_TWO))
    division.away("a")
    division.away("b")

    assert division.serve(*records(4, "y")) == ["c"] * 4


def test_where_open_records_decide_a_newcomer_is_not_flooded() -> None:
    """D1 D52 Least loaded: one of two turns by default, until their open records are as many as the fewest."""
    division = Division(pool("a", "b", strategy="least_loaded"))
    division.serve(*records(8))
    division.configure(pool("a", "b", "c", strategy="least_loaded"))

    assert "".join(division.serve(*records(16, "y"))) == "cacbcacbcacbcabc"
    assert Counter(division.record(record).owner for record in [*records(8), *records(16, "y")]) == Counter(
        {"a": 8, "b": 8, "c": 8}
    )


def test_who_returns_is_levelled_by_open_records() -> None:
    """D52 Least loaded: without a ceiling, unless the pool sets one."""
    for entry, expected in ((None, "bbbbab"), (ONE_OF_TWO, "bababa")):
        division = Division(pool("a", "b", strategy="least_loaded", entry=entry))
        division.serve(*records(2))
        division.away("b")
        division.serve(*records(4, "y"))
        division.back("b")

        assert "".join(division.serve(*records(6, "z"))) == expected


def test_who_returns_to_a_ring_is_levelled_by_the_credit() -> None:
    """D1 D52 Also where newcomers catch up: a returner never floods."""
    for entry in (None, CATCH_UP, ONE_OF_TWO):
        division = Division(pool("a", "b", "c", entry=entry))
        division.serve(*records(3))
        division.away("c")
        division.serve(*records(20, "y"))
        division.back("c")

        assert division.serve(*records(7, "z")) == ["c", "a", "b", "c", "a", "b", "c"]


def test_longest_idle_gives_a_newcomer_who_catches_up_the_next_record() -> None:
    """D1 They were never served, so nobody has waited longer; then they take their turn."""
    division = Division(pool("a", "b", strategy="longest_idle", entry=CATCH_UP))
    division.serve(*records(3))
    division.configure(pool("a", "b", "c", strategy="longest_idle", entry=CATCH_UP))

    assert division.serve(*records(4, "y")) == ["c", "b", "a", "c"]


def test_a_pool_that_no_longer_lets_newcomers_catch_up_forgets_who_does() -> None:
    """D1 A new version counts for who is still behind, too: at most the credit is left to them."""
    division = Division(pool("a", "b", entry=CATCH_UP))
    division.serve(*records(20))
    division.configure(pool("a", "b", "c", entry=CATCH_UP))
    division.configure(pool("a", "b", "c"))

    assert not division.state.catch_ups
    assert Counter(division.serve(*records(6, "y")))["c"] <= 3


def test_who_leaves_is_not_remembered_as_being_behind() -> None:
    """D1 The end of life of a value: level, or gone from the pool."""
    division = Division(pool("a", "b", entry=CATCH_UP))
    division.serve(*records(6))
    division.configure(pool("a", "b", "c", entry=CATCH_UP))
    assert set(division.state.catch_ups) == {"sales/c"}

    division.configure(pool("a", "b", entry=CATCH_UP))

    assert not division.state.catch_ups


def test_who_joins_a_pool_together_with_everybody_is_not_behind() -> None:
    """D1 Nobody has anything that others lack."""
    for strategy in ("round_robin", "least_loaded"):
        assert not Division(pool("a", "b", "c", strategy=strategy, entry=CATCH_UP)).state.catch_ups


@pytest.mark.parametrize(("clients", "missing"), [({"a": 7, "b": 5}, 5), ({"a": 7, "b": 5, "c": 4}, 1), ({"c": 9}, 0)])
def test_level_may_mean_something_else_than_turns(clients: dict[str, int], missing: int) -> None:
    """D46 A newcomer starts as many steps behind level as they have fewer than who has the fewest of those present."""
    spec = pool("a", "b", entry=CATCH_UP)
    division = Division(spec)
    division.serve(*records(10))
    entrance = Entrance(spec, lambda person: clients.get(person, 0))
    draft = Draft(division.state)
    for member in spec.members:
        seat = draft.seats.get(seat_field("sales", member.person))
        assert seat is not None
        entrance.settled(member, seat, is_present=True)
    level = min(seat.served_pass for seat in division.state.seats.values())

    start = entrance.start(Membership("c"), 10, is_present=True)

    assert start.served_pass == level - missing * SCALE
    assert start.last_turn == 0


def test_what_is_remembered_of_turns_is_bounded() -> None:
    """D1 As many as the ceiling allows in a row."""
    three_of_ten = EntryPolicy(catches_up=True, ceiling=Ceiling(3, 10))
    division = Division(pool("a", "b", entry=three_of_ten))
    division.serve(*records(40))
    division.configure(pool("a", "b", "c", entry=three_of_ten))
    got = "".join(division.serve(*records(30, "y")))

    assert all(got[start : start + 10].count("c") <= 3 for start in range(21))
    assert division.state.catch_ups == {"sales/c": CatchUp((61, 62, 63))}
