"""One record's life: it is decided once, a human's choice stands, and nothing that comes late or twice changes that."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from service.core.events import RecordEvent, Target
from service.core.model import (
    Assigned,
    Nothing,
    Rejected,
    Released,
)
from tests.core.build import Division, created, deleted, owner_changed, pool, turns_of, updated


def reasons(outcomes: tuple[object, ...]) -> list[str]:
    """The reason of each outcome that has one."""
    return [getattr(outcome, "reason", "assigned") for outcome in outcomes]


def test_the_same_event_again_is_nothing_to_do() -> None:
    """S38 D19 One event id is decided once."""
    division = Division(pool("ann", "bob"))
    event = created("lead/1", "pool:sales")
    for _ in range(5):
        division.send(event)

    assert turns_of(division.decisions) == [1]
    assert division.decisions[-1].outcome == Nothing("duplicate_event")


def test_a_repeat_is_known_after_many_other_events_of_the_record() -> None:
    """D19 Several of the latest event ids are remembered."""
    division = Division(pool("ann"))
    event = created("lead/1", "pool:sales")
    division.send(event)
    for _ in range(7):
        division.send(updated("lead/1"))

    assert division.send(event) == (Nothing("duplicate_event"),)


def test_created_again_is_an_update() -> None:
    """S38 D19 A second creation, under a new event id, uses no turn."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")

    assert division.create("lead/1") == Nothing("record_updated")
    assert division.record().owner == "ann"


def test_an_older_version_is_nothing_to_do() -> None:
    """D19 The owner of version 2 stands when version 1 comes late."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)
    division.give("lead/1", "user:zoe", version=3)

    assert division.give("lead/1", "pool:sales", version=2) == (Nothing("older_version"),)
    assert division.record().owner == "zoe"


def test_times_settle_what_has_no_version() -> None:
    """D19 The same by the times of the record."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", time_ms=1_000)
    division.give("lead/1", "user:zoe", time_ms=3_000)

    assert division.give("lead/1", "pool:sales", time_ms=2_000) == (Nothing("older_version"),)


def test_news_of_other_fields_do_not_make_a_change_of_owner_old() -> None:
    """D5 D19 From two topics: the update of version 3 came first, the human's choice of version 2 still counts."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)
    division.send(updated("lead/1", version=3))

    assert division.give("lead/1", "user:zoe", version=2) == (Released("ann", "sales", "owner_chosen"),)
    assert division.last().expected_version == 3


def test_two_messages_about_one_change_are_one_change() -> None:
    """S38 D20 D25 An update and an owner change of the same version name the pool: one turn."""
    division = Division(pool("ann", "bob", "cat"))
    division.create("lead/1", version=1)
    division.give("lead/1", "user:ann", version=2)
    division.send(updated("lead/1", "pool:sales", version=3))

    assert division.give("lead/1", "pool:sales", version=3) == (Nothing("owner_unchanged", "bob"),)
    assert turns_of(division.decisions) == [1, 2]


def test_a_creation_that_comes_after_an_update_is_decided_all_the_same() -> None:
    """D19 Topics race; only a creation that was decided is old."""
    division = Division(pool("ann"))
    assert division.send(updated("lead/1", version=2)) == (Nothing("record_updated"),)

    assert division.create("lead/1", version=1) == Assigned("ann", "sales", 1)


def test_a_creation_that_comes_after_the_owner_was_chosen_leaves_him() -> None:
    """D5 D19 The human was quicker."""
    division = Division(pool("ann"))
    division.give("lead/1", "user:zoe", version=2)

    assert division.create("lead/1", version=1) == Nothing("owner_kept", "zoe")


def test_a_creation_that_comes_after_the_record_was_given_to_the_pool_uses_no_second_turn() -> None:
    """S38 D19 D20 One owner, one turn."""
    division = Division(pool("ann", "bob"))
    division.give("lead/1", "pool:sales", version=2)

    assert division.create("lead/1", version=1) == Nothing("owner_kept", "ann")
    assert division.create("lead/1", version=1) == Nothing("older_version")


def test_a_rejected_creation_may_be_tried_again() -> None:
    """D19 D24 Nothing was decided, so a corrected event is not late."""
    division = Division(pool("ann"))
    assert isinstance(division.create("lead/1", owner="pool:slaes", version=1), Rejected)

    assert division.create("lead/1", owner="pool:sales", version=1) == Assigned("ann", "sales", 1)


@pytest.mark.parametrize("clock", ["version", "time_ms"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_creation_update_and_choice_end_alike_in_every_order(order: tuple[int, ...], clock: str) -> None:
    """S38 D5 D19 Whatever overtakes whatever, the human's choice is what stays, and it is noted as the owner."""
    division = Division(pool("ann", "bob"))
    events = [
        created("lead/1", "pool:sales", **{clock: 1}),
        owner_changed("lead/1", "user:zoe", **{clock: 2}),
        updated("lead/1", None, **{clock: 3}),
    ]
    for number in order:
        division.send(events[number])

    record = division.record()
    assert (record.owner, record.by_us, record.told) == ("zoe", False, "user:zoe")
    assert len(turns_of(division.decisions)) <= 1


@pytest.mark.parametrize("clock", ["version", "time_ms"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_after_a_deletion_nothing_is_left_in_every_order(order: tuple[int, ...], clock: str) -> None:
    """S38 D19 A deleted record is a tombstone; what comes later but is older does not bring it back."""
    division = Division(pool("ann", "bob"))
    events = [
        created("lead/1", "pool:sales", **{clock: 1}),
        owner_changed("lead/1", "pool:sales", **{clock: 2}),
        updated("lead/1", "user:zoe", **{clock: 3}),
        deleted("lead/1", **{clock: 4}),
    ]
    for number in order:
        division.send(events[number])

    assert division.record().deleted
    assert sum(seat.open_items for seat in division.state.seats.values()) == 0


@pytest.mark.parametrize("late", [created, owner_changed, updated])
def test_after_a_deletion_a_late_event_without_any_order_changes_nothing(late: Callable[..., RecordEvent]) -> None:
    """D19 What is not known to be newer came late."""
    division = Division(pool("ann"))
    division.create("lead/1")
    division.delete("lead/1")

    assert division.send(late("lead/1", "pool:sales")) == (Nothing("deleted"),)


def test_a_creation_of_the_deleted_version_is_late() -> None:
    """D19 A deletion carries the last version there was: the same creation once more is no new record."""
    division = Division(pool("ann"))
    division.create("lead/1", version=1)
    division.delete("lead/1", version=1)

    assert division.create("lead/1", version=1) == Nothing("deleted")


def test_a_restored_record_is_decided_anew() -> None:
    """D19 A creation that is newer than the deletion; its sequence goes on, and its old owner is forgotten."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)
    division.send(updated("lead/1", "user:ann", version=2))
    division.delete("lead/1", version=3)
    before = division.record().sequence

    assert division.create("lead/1", owner="pool:sales", version=4) == Assigned("bob", "sales", 2)
    assert division.last().sequence == before + 1
    assert division.last().expected_owner == Target("pool", "sales")
    assert division.give("lead/1", "user:zoe", version=2) == (Nothing("older_version"),)


def test_a_deletion_is_honoured_whatever_its_channel_and_depth() -> None:
    """S38 D7 What was done in the CRM is a fact; only what asks us for somebody can be refused."""
    division = Division(pool("ann"))
    division.create("lead/1")

    assert division.delete("lead/1", channel="from_contact", depth=99) == (Released("ann", "sales", "deleted"),)


def test_our_own_assignment_coming_back_changes_nothing() -> None:
    """D7 The echo names the owner we hold and set."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")

    assert division.give("lead/1", "user:ann") == (Nothing("echo", "ann"),)
    assert division.send(updated("lead/1", "user:ann")) == (Nothing("record_updated"),)
    assert division.record().by_us
    assert division.open_items("ann") == 1


def test_a_human_who_returns_to_our_choice_made_a_humans_choice() -> None:
    """D7 D5 From then on the record is theirs, not ours."""
    division = Division(pool("ann"))
    division.create("lead/1")
    division.give("lead/1", "user:zoe")
    division.give("lead/1", "user:ann")

    assert (division.record().owner, division.record().by_us) == ("ann", False)
    assert division.open_items("ann") == 0


def test_a_humans_choice_frees_the_former_owners_place() -> None:
    """D5 And is never answered with an assignment."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")

    assert division.give("lead/1", "user:bob") == (Released("ann", "sales", "owner_chosen"),)
    assert (division.open_items("ann"), division.open_items("bob")) == (0, 0)


def test_an_update_whose_owner_changed_is_a_change_of_owner() -> None:
    """D25 To a person, and to a pool."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    division.send(updated("lead/1", "user:zoe"))
    assert division.record().owner == "zoe"

    assert division.send(updated("lead/1", "pool:sales")) == (Assigned("bob", "sales", 2),)


def test_an_update_that_repeats_the_owner_of_an_older_version_is_overtaken() -> None:
    """D5 D19 A human changed it since."""
    division = Division(pool("ann"))
    division.create("lead/1", version=1)
    division.send(updated("lead/1", "user:ann", version=2))
    division.give("lead/1", "user:zoe", version=4)

    assert division.send(updated("lead/1", "user:ann", version=3)) == (Nothing("older_version"),)
    assert division.record().owner == "zoe"


def test_an_update_that_still_names_the_pool_is_no_new_request() -> None:
    """D20 D25 The CRM has not applied our assignment yet."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")

    assert division.send(updated("lead/1", "pool:sales")) == (Nothing("record_updated"),)


def test_an_owned_record_given_to_its_pool_takes_a_new_turn() -> None:
    """D20 Released first; the turn may fall on the same person."""
    division = Division(pool("ann"))
    division.create("lead/1")

    assert division.give("lead/1", "pool:sales") == (
        Released("ann", "sales", "given_to_pool"),
        Assigned("ann", "sales", 2),
    )
    assert division.open_items("ann") == 1


def test_a_record_of_a_person_given_to_a_pool_is_assigned() -> None:
    """D20 S13 Nothing of ours is released."""
    division = Division(pool("ann"))
    division.create("lead/1", owner="user:zoe")

    assert division.give("lead/1", "pool:sales") == (Assigned("ann", "sales", 1),)


def test_a_refused_change_leaves_owner_and_place() -> None:
    """D24 A pool that does not exist takes nothing away."""
    division = Division(pool("ann"))
    division.create("lead/1")

    assert reasons(division.give("lead/1", "pool:nowhere")) == ["unknown_pool"]
    assert division.record().owner == "ann"
    assert division.open_items("ann") == 1


def test_an_owner_taken_away_is_a_release() -> None:
    """D5 Nobody has it then."""
    division = Division(pool("ann"))
    division.create("lead/1")

    assert division.give("lead/1", None) == (Released("ann", "sales", "owner_removed"),)
    assert division.record().owner == ""


def test_an_owner_taken_away_and_named_again_is_a_choice() -> None:
    """D5 D25 What the CRM told before the owner was taken away is not what it tells now."""
    division = Division(pool("ann"))
    division.create("lead/1")
    division.give("lead/1", "user:ann")
    division.give("lead/1", None)
    division.send(updated("lead/1", "user:ann"))

    assert (division.record().owner, division.record().by_us) == ("ann", False)


def test_a_person_we_do_not_know_is_reported_and_stands() -> None:
    """D5 D24 The CRM may know more people than our configuration."""
    division = Division(pool("ann"))
    division.create("lead/1")

    assert reasons(division.give("lead/1", "user:ghost")) == ["owner_chosen", "unknown_user"]
    assert division.record().owner == "ghost"


def test_a_chain_of_automatic_decisions_ends() -> None:
    """D7 Beyond the limit nothing is given away any more; what a human does is still taken note of."""
    division = Division(pool("ann", "bob"), depth_limit=3)
    assert division.create("lead/1", depth=3) == Assigned("ann", "sales", 1)
    assert reasons(division.give("lead/1", "pool:sales", depth=4)) == ["chain_depth"]
    assert division.record().owner == "ann"

    assert division.give("lead/1", "user:zoe", depth=4) == (Released("ann", "sales", "owner_chosen"),)
