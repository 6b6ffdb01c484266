"""An event is compared with what we know in one place; told again, late or by our own echo, it changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.configuration import User
from service.core.events import RecordEvent, Target
from service.core.holding.load import OUTSTANDING_CHOICES
from service.core.model import (
    Assigned,
    Nothing,
    Rejected,
    Released,
)
from service.core.order import Moment, Order, act_of, compare
from tests.core.build import OUTSIDER, Division, created, deleted, owner_changed, pool, turns_of, updated

CLOCKS = ("version", "time_ms")


@pytest.mark.parametrize(
    ("told", "known", "order"),
    [
        (Moment(2), Moment(1), "newer"),
        (Moment(1), Moment(1), "same"),
        (Moment(1), Moment(2), "older"),
        (Moment(2, 10), Moment(1, 20), "newer"),
        (Moment(1, 10), Moment(1, 20), "same"),
        (Moment(None, 20), Moment(7, 10), "newer"),
        (Moment(7, 10), Moment(None, 10), "same"),
        (Moment(None, 5), Moment(None, 10), "older"),
        (Moment(0), Moment(), "unknown"),
        (Moment(1), Moment(None, 1), "unknown"),
        (Moment(act="a"), Moment(act="a"), "same"),
        (Moment(act="a"), Moment(act="b"), "unknown"),
        (Moment(), Moment(), "unknown"),
    ],
)
def test_what_both_sides_can_say_settles_the_order(told: Moment, known: Moment, order: Order) -> None:
    """D27 D28 By version, else by time, else by the chain of events."""
    assert compare(told, known) == order


def test_no_chain_of_events_is_no_act() -> None:
    """D27 Two events of no chain are not one act; those of one chain are."""
    assert act_of("") == ""
    assert act_of("a") == act_of("a") != act_of("b")


TOLD_AS_ONE: list[dict[str, object]] = [
    {"version": 2},
    {"time_ms": 2},
    {"correlation_id": "c"},
]


@pytest.mark.parametrize("act", TOLD_AS_ONE, ids=lambda act: next(iter(act)))
@pytest.mark.parametrize("again", [owner_changed, updated])
def test_one_act_told_twice_is_one_turn(again: Callable[..., RecordEvent], act: dict[str, object]) -> None:
    """D27 The same version, else the same time, else the same chain."""
    division = Division(pool("ann", "bob"))
    division.send(created("lead/1", "pool:sales", **act))
    outcomes = division.send(again("lead/1", "pool:sales", **act))

    assert all(isinstance(outcome, Nothing) for outcome in outcomes)
    assert turns_of(division.decisions) == [1]


def test_with_nothing_to_compare_an_owner_change_is_news() -> None:
    """D27 S14 As it says: the record is given to the pool once more."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")

    assert division.give("lead/1", "pool:sales")[-1] == Assigned("bob", "sales", 2)


@pytest.mark.parametrize("more", [{}, {"version": 1}, {"version": 2}, {"time_ms": 1}, {"correlation_id": "c"}])
def test_nobody_after_nobody_is_no_news(more: dict[str, Any]) -> None:
    """D27 Whom the rules or a default chose for a record without an owner keeps it."""
    division = Division(pool("ann"), defaults={"*": Target("pool", "sales")})
    division.create("lead/1", owner=None, **({"version": 1} if "version" in more else {}))

    assert division.give("lead/1", None, **more) == (Nothing("owner_unchanged", "ann"),)
    assert division.record().by_us


def test_nobody_after_who_counts_as_none_is_no_news() -> None:
    """D27 D38 The web form that created the record is taken away: whom we chose instead keeps it."""
    division = Division(
        pool("ann"),
        users=[User("robot")],
        unowned_users=frozenset({"robot"}),
        defaults={"*": Target("pool", "sales")},
    )
    division.create("lead/1", owner="user:robot", version=1)

    assert division.give("lead/1", None, version=2) == (Nothing("owner_unchanged", "ann"),)
    assert division.record().by_us


def test_nobody_after_somebody_is_news() -> None:
    """D27 D5 The CRM told of the owner, and takes them away."""
    division = Division(pool("ann"), defaults={"*": Target("pool", "sales")})
    division.create("lead/1", owner=None)
    division.give("lead/1", "user:ann")

    assert division.give("lead/1", None) == (Released("ann", "sales", "owner_removed"),)


@pytest.mark.parametrize("strategy", ["round_robin", "take"])
def test_an_owner_change_to_nobody_leaves_a_waiting_record_in_its_line(strategy: str) -> None:
    """D27 In a pool or a queue: waiting is not owning."""
    division = Division(pool("ann", strategy=strategy))
    division.away("ann")
    division.create("lead/1", version=1)

    assert division.give("lead/1", None, version=2) == (Nothing("parked_already"),)
    assert division.record().parked


def test_a_target_that_refused_the_record_may_be_told_again() -> None:
    """D27 D24 It was answered with a refusal; the pool is there by now."""
    division = Division(pool("ann"))
    division.create("lead/1", owner="user:zoe", version=1)
    (refused,) = division.give("lead/1", "pool:late", version=2)
    assert isinstance(refused, Rejected)
    division.configure(pool("ann"), pool("bob", id="late"))

    assert division.give("lead/1", "pool:late", version=2) == (Assigned("bob", "late", 1),)


def test_a_creation_that_somebody_was_taken_away_from_since_gives_nobody() -> None:
    """D27 D19 The removal came first. Where the creation named nobody either, the removal is no news."""
    for owner, outcome in (("pool:sales", Nothing("owner_unchanged")), (None, Assigned("ann", "sales", 1))):
        division = Division(pool("ann"), defaults={"*": Target("pool", "sales")})
        division.give("lead/1", None, version=2)

        assert division.create("lead/1", owner=owner, version=1) == outcome


def test_who_is_named_between_two_tellings_of_nobody_was_taken_away() -> None:
    """D27 D19 The second was news, after all: our own choice of before goes with them."""
    division = Division(pool("ann"), defaults={"*": Target("pool", "sales")})
    division.create("lead/1", owner=None, version=1)
    division.give("lead/1", None, version=3)
    assert division.record().owner == "ann"

    assert division.give("lead/1", "user:zoe", version=2) == (Released("ann", "sales", "owner_removed"),)


def _twice_given(**more: Any) -> Division:
    """First ann has the record, then bob, both by our choice; the CRM has told us of neither."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", **more)
    division.give("lead/1", "pool:sales")
    assert division.record().owner == "bob"
    return division


@pytest.mark.parametrize("tell", [owner_changed, updated])
def test_a_late_echo_is_no_humans_choice(tell: Callable[..., RecordEvent]) -> None:
    """D44 The CRM applies our first choice, and tells of it when we have made the second."""
    division = _twice_given()
    assert division.send(tell("lead/1", "user:ann")) == (Nothing("echo", "ann"),)
    assert division.send(tell("lead/1", "user:bob")) == (Nothing("echo", "bob"),)

    assert (division.record().owner, division.record().by_us) == ("bob", True)
    assert division.record().outstanding == ()


def test_a_snapshot_that_repeats_our_choice_is_no_humans_choice() -> None:
    """D44 Updates carry the owner of their moment, again and again."""
    division = _twice_given()
    for _ in range(3):
        division.send(updated("lead/1", "user:ann"))

    assert (division.record().owner, division.record().by_us) == ("bob", True)


def test_a_choice_that_was_told_is_outstanding_no_more() -> None:
    """D44 D5 Told once it is no echo the next time: somebody chose."""
    division = _twice_given()
    division.give("lead/1", "user:ann")

    assert division.give("lead/1", "user:ann") == (Released("bob", "sales", "owner_chosen"),)


def test_after_a_humans_choice_a_return_to_ours_is_a_humans_choice() -> None:
    """D44 D7 The choice empties the list."""
    division = _twice_given()
    division.give("lead/1", "user:zoe")
    division.give("lead/1", "user:ann")

    assert (division.record().owner, division.record().by_us) == ("ann", False)


def test_nobody_is_a_humans_choice_too() -> None:
    """D44 D5 Who is named after that was chosen."""
    division = _twice_given()
    division.give("lead/1", None)
    division.give("lead/1", "user:ann")

    assert (division.record().owner, division.record().by_us) == ("ann", False)


def test_an_echo_leaves_a_record_in_its_line() -> None:
    """D44 Our first choice is confirmed while the record waits for another; who takes it for themselves chooses."""
    division = Division(pool("ann", "bob"), pool("ann", id="hot", strategy="take"))
    division.create("lead/1")
    division.give("lead/1", "queue:hot")
    assert division.give("lead/1", "user:ann") == (Nothing("echo", "ann"),)
    assert division.record().parked

    division.create("lead/2")
    division.give("lead/2", "queue:hot")
    assert division.give("lead/2", "user:bob", actor="kate") == (Nothing("echo", "bob"),)
    division.create("lead/3")
    division.give("lead/3", "queue:hot")
    assert division.give("lead/3", "user:ann", actor="ann") == (Released("", "hot", "taken"),)


def test_so_many_choices_are_outstanding() -> None:
    """D44 The last eight; an older one is taken for a human's."""
    people = [f"p{number}" for number in range(OUTSTANDING_CHOICES + 1)]
    division = Division(pool(*people))
    division.create("lead/1")
    for _ in range(OUTSTANDING_CHOICES):
        division.give("lead/1", "pool:sales")
    assert division.record().outstanding == tuple(people[1:])

    assert division.give("lead/1", "user:p1") == (Nothing("echo", "p1"),)
    assert division.give("lead/1", "user:p0")[-1] == Released("p8", "sales", "owner_chosen")


def test_an_event_that_names_who_counts_as_none_tells_nothing_of_the_owner() -> None:
    """D38 Outside the creation, and of people only: a way in that counts as none does so at the creation."""
    division = Division(
        pool("ann"),
        users=[User("robot")],
        unowned_users=frozenset({"robot"}),
        unowned_channels=frozenset({"import"}),
    )
    division.create("lead/1")
    assert division.give("lead/1", "user:robot") == (Nothing("owner_unchanged", "ann"),)
    assert division.send(updated("lead/1", "user:robot")) == (Nothing("record_updated"),)
    assert (division.record().owner, division.record().told) == ("ann", "pool:sales")

    division.give("lead/1", "user:zoe", channel="import")
    assert division.record().owner == "zoe"


def test_who_counts_as_none_does_not_bring_a_record_back_for_themselves() -> None:
    """D38 D34 The former owner has it again."""
    division = Division(pool("ann"), users=[User("robot")], unowned_users=frozenset({"robot"}))
    for number, tell in enumerate((created, updated)):
        division.create(f"lead/{number}", version=1)
        division.delete(f"lead/{number}", version=2)

        assert division.send(tell(f"lead/{number}", "user:robot", version=3)) == (Assigned("ann"),)


WORDS = st.sampled_from(["zoe", "ghost", "pool:a", "pool:b", "nobody", "untold", "deleted"])
NAMED = {"zoe": "user:zoe", "ghost": "user:ghost", "pool:a": "pool:a", "pool:b": "pool:b"}


def _history(beginning: str, words: Sequence[str], clock: str) -> list[RecordEvent]:
    """What happened to a record, in its order: a creation, then a change of owner, fields or life for each word."""
    named = NAMED.get(beginning)
    when: dict[str, Any] = {clock: 1}
    events = [created("lead/1", named, **when)]
    is_deleted = False
    for at, word in enumerate(words, start=2):
        if is_deleted:
            word = word if word in NAMED else "zoe"
        when = {clock: at}
        if word == "deleted":
            events.append(deleted("lead/1", **when))
        elif word == "untold":
            events.append(updated("lead/1", **when))
        elif word == "nobody":
            events.append(owner_changed("lead/1", None, **when))
        else:
            events.append((updated if at % 2 else owner_changed)("lead/1", NAMED[word], **when))
        is_deleted = word == "deleted"
    return events


def _played(events: Sequence[RecordEvent]) -> Division:
    division = Division(pool("ann", id="a"), pool("bob", id="b"), defaults={"*": Target("pool", "a")})
    for event in events:
        division.send(event)
    return division


@given(st.sampled_from(["zoe", "pool:a", "pool:b", "nobody"]), st.lists(WORDS, max_size=5), st.data())
@settings(max_examples=600, deadline=None, derandomize=True)
def test_a_history_ends_with_the_same_owner_in_whatever_order_it_is_told(
    beginning: str, words: list[str], data: st.DataObject
) -> None:
    """D19 D27 D34 Any permutation and repetition: the owner is that of the versions' order, and no turn comes twice.

    The same with times alone. An act may be told by several events, each with an id of its own.
    """
    events = _history(beginning, words, data.draw(st.sampled_from(CLOCKS)))
    in_order = _played(events)
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    repeats = [replace(event, id=f"again-{number}") if number % 2 else event for number, event in enumerate(again)]
    division = _played(data.draw(st.permutations([*events, *repeats])))

    assert division.record().deleted == in_order.record().deleted
    if not in_order.record().deleted:
        assert division.record().owner == in_order.record().owner
    asked = sum(event.owner is not None and event.owner.kind == "pool" for event in events)
    asked += (beginning == "nobody") + ("deleted" in words) * words.count("untold")
    turns = [(id, turn) for id in ("a", "b") for turn in turns_of(division.decisions, id)]
    assert len(turns) == len(set(turns)) <= asked


@given(st.lists(st.sampled_from(["echo", "snapshot", "pool:a", "pool:b"]), max_size=12), st.data())
@settings(max_examples=500, deadline=None, derandomize=True)
def test_no_echo_is_ever_a_humans_choice(steps: list[str], data: st.DataObject) -> None:
    """D44 The CRM applies our choices whenever it likes, in any order, each once, and tells no versions."""
    division = Division(pool("ann", "cat", id="a"), pool("bob", id="b"))
    division.create("lead/1", owner="pool:a")
    untold = ["ann"]
    for step in steps:
        if step in NAMED:
            division.give("lead/1", step)
            untold = [*untold, division.record().owner][-OUTSTANDING_CHOICES:]
        elif untold:
            person = untold.pop(data.draw(st.integers(0, len(untold) - 1)))
            division.send((owner_changed if step == "echo" else updated)("lead/1", f"user:{person}"))
        assert division.record().by_us


def test_every_order_of_an_echo_and_a_choice_ends_with_the_human() -> None:
    """D44 D5 With versions, whatever comes when: who was chosen last by a human has the record."""
    events = [
        created("lead/1", "pool:sales", version=1),
        owner_changed("lead/1", "user:ann", version=2),
        owner_changed("lead/1", "user:zoe", version=3),
        updated("lead/1", "user:zoe", version=4),
    ]
    for order in itertools.permutations(events):
        division = Division(pool("ann", "bob"))
        for event in order:
            division.send(event)
        assert (division.record().owner, division.record().by_us) == (OUTSIDER, False)
