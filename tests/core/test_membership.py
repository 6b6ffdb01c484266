"""Joining and leaving: a newcomer goes to the end, the pool goes on without who left, open items are not forgotten."""

from __future__ import annotations

import pytest

from service.core.model import Assigned, Nothing, Pending
from service.core.pool_spec import Membership
from tests.core.build import Division, pool, turns_of


def serve(division: Division, count: int) -> list[str]:
    """Who gets the next `count` records."""
    start = len(division.state.records)
    return division.serve(*(f"lead/{start + n}" for n in range(count)))


def test_a_new_member_joins_at_the_end() -> None:
    """S17 D1 A, B, C and next is B; add D: B, C, D, A."""
    division = Division(pool("ann", "bob", "cat"))
    serve(division, 1)
    division.configure(pool("ann", "bob", "cat", "dan"))

    assert serve(division, 8) == ["bob", "cat", "dan", "ann"] * 2


def test_a_new_member_at_the_top_of_the_file_joins_at_the_end() -> None:
    """S16 S17 File position means nothing for who was there before."""
    division = Division(pool("ann", "bob"))
    division.configure(pool("dan", "ann", "bob"))

    assert serve(division, 3) == ["ann", "bob", "dan"]


def test_several_who_join_in_one_version_do_so_in_file_order() -> None:
    """S17 D1 They stand behind the others, and behind each other."""
    division = Division(pool("ann", "bob"))
    serve(division, 3)
    division.configure(pool("ann", "eve", "bob", "dan"))

    assert serve(division, 4) == ["bob", "eve", "dan", "ann"]


def test_a_newcomer_to_a_long_served_pool_is_not_flooded() -> None:
    """D1 At the end of the ring means level with the others, not with the beginning."""
    division = Division(pool("ann", "bob"))
    serve(division, 50)
    division.configure(pool("ann", "bob", "cat"))

    assert serve(division, 6) == ["ann", "bob", "cat"] * 2


@pytest.mark.parametrize(
    ("leaver", "expected"),
    [("bob", ["cat", "ann", "cat"]), ("cat", ["bob", "ann", "bob"]), ("ann", ["bob", "cat", "bob"])],
)
def test_the_pool_goes_on_without_who_left(leaver: str, expected: list[str]) -> None:
    """S18 Remove who is next: the one after is next. Remove another: next unchanged."""
    division = Division(pool("ann", "bob", "cat"))
    serve(division, 1)
    division.configure(pool(*(name for name in ("ann", "bob", "cat") if name != leaver)))

    assert serve(division, 3) == expected


def test_without_its_last_member_the_pool_is_empty_and_says_so() -> None:
    """S18 What comes then waits."""
    division = Division(pool("ann"))
    division.configure(pool())

    assert division.create("lead/1") == Pending("sales", "empty_pool")


def test_somebody_removed_and_added_again_is_new() -> None:
    """S17 S18 Their old place is gone: they go to the end."""
    division = Division(pool("ann", "bob", "cat"))
    serve(division, 1)
    division.configure(pool("ann", "cat"))
    division.configure(pool("ann", "bob", "cat"))

    assert serve(division, 3) == ["cat", "bob", "ann"]


def test_the_turn_number_outlives_all_members_and_the_pool() -> None:
    """S15 S18 No turn number comes twice."""
    division = Division(pool("ann"))
    serve(division, 2)
    division.configure()
    division.configure(pool())
    division.configure(pool("bob"))
    serve(division, 2)

    assert turns_of(division.decisions) == [1, 2, 3, 4]


def test_open_items_are_waiting_for_who_joins_again() -> None:
    """S18 D14 Who left with open items and comes back still has them: their limit holds."""
    division = Division(pool(Membership("ann", max_open=2), "bob"))
    assert serve(division, 3) == ["ann", "bob", "ann"]
    division.configure(pool("bob"))
    division.configure(pool("bob", Membership("ann", max_open=2)))

    assert division.open_items("ann") == 2
    assert serve(division, 2) == ["bob", "bob"]


def test_what_is_released_while_somebody_is_gone_is_not_counted_when_he_is_back() -> None:
    """S18 D5 The books follow the records, not the membership."""
    division = Division(pool("ann", "bob"))
    serve(division, 3)
    division.configure(pool("bob"))
    division.give("lead/0", "user:zoe")
    division.configure(pool("bob", "ann"))

    assert division.open_items("ann") == 1


def test_nothing_is_kept_of_who_left_without_open_items() -> None:
    """S18 The last release takes the seat away."""
    division = Division(pool("ann", "bob"))
    serve(division, 1)
    division.configure(pool("bob"))
    division.delete("lead/0")

    assert set(division.state.seats) == {"sales/bob"}


def test_the_old_seat_of_a_returner_sets_nobody_back() -> None:
    """S17 D1 A newcomer starts level with the members there are, not with the memory of one who left long ago."""
    division = Division(pool("ann", "bob", "cat"))
    serve(division, 3)
    division.configure(pool("ann", "bob"))
    serve(division, 40)
    division.configure(pool("dan", "ann", "bob", "cat"))

    assert serve(division, 4) == ["ann", "bob", "dan", "cat"]


def test_a_newcomer_stands_level_with_who_is_there_not_with_who_is_away() -> None:
    """D1 The passed-over may catch up a turn; a newcomer has nothing to catch up."""
    division = Division(pool("ann", "bob", "cat"))
    division.away("cat")
    serve(division, 20)
    division.configure(pool("ann", "bob", "cat", "dan"))

    assert serve(division, 6) == ["ann", "bob", "dan"] * 2


def test_a_new_weight_counts_from_now_on() -> None:
    """D13 The past is not counted again."""
    division = Division(pool("ann", "bob"))
    serve(division, 20)
    division.configure(pool(Membership("ann", weight=3), "bob"))

    owners = serve(division, 40)

    assert 29 <= owners.count("ann") <= 31


def test_weights_are_smooth() -> None:
    """D13 3 to 1 is never a block of three after a block of one only by chance: the gap between bob's turns is even."""
    division = Division(pool(Membership("ann", weight=3), "bob"))
    owners = "".join(name[0] for name in serve(division, 12))

    assert owners.count("b") == 3
    assert "aaaa" not in owners
    assert "bb" not in owners


def test_a_switch_without_news_changes_nothing() -> None:
    """S16 The same pools in a new version leave every number as it was."""
    division = Division(pool("ann", "bob"))
    serve(division, 1)
    before = (dict(division.state.pools), dict(division.state.seats))
    division.configure(pool("ann", "bob"))

    assert (division.state.pools, division.state.seats) == before
    assert division.decisions[-1].outcome == Nothing("configuration_switched", "")


def test_two_pools_of_one_person_are_two_orders() -> None:
    """S13 Turns, limits and open items belong to the pool."""
    division = Division(pool("ann", "bob"), pool("ann", "bob", id="other"))
    division.create("lead/1")

    assert division.create("lead/2", owner="pool:other") == Assigned("ann", "other", 1)
    assert division.create("lead/3") == Assigned("bob", "sales", 2)
