"""What a pool promises: one order of turns, for one type of record, whatever way records come in."""

from __future__ import annotations

import itertools

import pytest

from service.core.events import CHANNELS, MemberEvent
from service.core.model import (
    Assigned,
    Nothing,
    Notification,
    Pending,
    Rejected,
    Released,
)
from service.core.person import Absence, Person
from service.core.pool_spec import Counted, Membership
from tests.core.build import Division, pool, turns_of, users


def test_a_record_given_to_a_pool_gets_one_member() -> None:
    """S2 S28 A created event that names a pool is assigned once, and the decision says pool and turn."""
    division = Division(pool("ann", "bob"))

    assert division.create("lead/1") == Assigned("ann", "sales", 1)
    assert len([decision for decision in division.decisions if isinstance(decision.outcome, Assigned)]) == 1


def test_the_order_is_that_of_joining() -> None:
    """S3 S16 The first added gets the first record; names do not matter."""
    assert Division(pool("cat", "ann", "bob")).serve("lead/1", "lead/2", "lead/3") == ["cat", "ann", "bob"]


def test_after_the_last_comes_the_first() -> None:
    """S4 S5 n records over n members are one each, the next goes to the first."""
    division = Division(pool("ann", "bob", "cat"))

    assert division.serve(*(f"lead/{n}" for n in range(7))) == ["ann", "bob", "cat", "ann", "bob", "cat", "ann"]


def test_reordering_the_members_in_a_file_changes_nothing() -> None:
    """S16 The order cannot be set by hand."""
    division = Division(pool("ann", "bob", "cat"))
    division.create("lead/1")
    division.configure(pool("cat", "bob", "ann"))

    assert division.serve("lead/2", "lead/3", "lead/4") == ["bob", "cat", "ann"]


def test_creation_and_change_of_owner_share_one_order() -> None:
    """S13 S14 A, B, C, A by creation, then an owner change to the pool gives B."""
    division = Division(pool("ann", "bob", "cat"))
    division.create("lead/0", owner="user:dan")
    assert division.serve("lead/1", "lead/2", "lead/3", "lead/4") == ["ann", "bob", "cat", "ann"]

    division.give("lead/0", "pool:sales")

    assert division.record("lead/0").owner == "bob"


def test_three_producers_stay_equal() -> None:
    """S15 A form, an import and an interface, interleaved, share one state: no turn is used twice."""
    division = Division(pool("ann", "bob", "cat"))
    for number, channel in enumerate(itertools.islice(itertools.cycle(["capture_form", "import", "api"]), 20)):
        division.create(f"lead/{channel}-{number}", channel=channel)

    assert turns_of(division.decisions) == list(range(1, 21))
    assert sorted(division.open_items(person) for person in ("ann", "bob", "cat")) == [6, 7, 7]


@pytest.mark.parametrize(
    ("record_type", "channel"),
    [(record_type, channel) for record_type, channels in CHANNELS.items() for channel in sorted(channels)],
)
def test_every_way_in_takes_the_same_path(record_type: str, channel: str) -> None:
    """S10 S21-S27 Each channel that a record type has leads to the pool's next turn."""
    division = Division(pool("ann", record_type=record_type))

    assert division.create(f"{record_type}/1", channel=channel) == Assigned("ann", "sales", 1)


@pytest.mark.parametrize(
    ("record_type", "channel"),
    [("deal", "capture_form"), ("contact", "capture_form"), ("lead", "from_contact"), ("contact", "from_contact")],
)
def test_a_way_in_that_the_type_does_not_have_is_rejected(record_type: str, channel: str) -> None:
    """S21-S27 D24 A capture form makes no deal, a contact makes no lead; the turn stays."""
    division = Division(pool("ann", record_type=record_type))

    outcome = division.create(f"{record_type}/1", channel=channel)

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "channel_not_allowed"
    assert turns_of(division.decisions) == []


def test_a_conversion_makes_two_decisions_of_one_chain() -> None:
    """S27 D25 A contact and a deal made of one lead take one turn each, under one correlation id."""
    division = Division(pool("ann", id="people", record_type="contact"), pool("bob", id="deals", record_type="deal"))
    division.create("contact/1", owner="pool:people", channel="conversion", correlation_id="lead-9")
    division.create("deal/1", owner="pool:deals", channel="conversion", correlation_id="lead-9")

    assert division.last("contact/1").outcome == Assigned("ann", "people", 1)
    assert division.last("deal/1").outcome == Assigned("bob", "deals", 1)
    assert {division.last("contact/1").correlation_id, division.last("deal/1").correlation_id} == {"lead-9"}


def test_a_pool_serves_one_type_of_record() -> None:
    """S11 S12 A contact sent to a pool of leads is rejected and the turn stays."""
    division = Division(pool("ann", "bob"))

    outcome = division.create("contact/1")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "wrong_record_type"
    assert division.serve("lead/1") == ["ann"]


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        ("pool:nowhere", "unknown_pool"),
        ("queue:support", "unknown_queue"),
        ("plan:winter", "unknown_plan"),
        ("user:ghost", "unknown_user"),
    ],
)
def test_an_owner_that_does_not_exist_is_rejected(owner: str, reason: str) -> None:
    """D24 Readable but not known: rejected with the reason."""
    outcome = Division(pool("ann")).create("lead/1", owner=owner)

    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason


def test_an_unknown_type_of_record_is_rejected() -> None:
    """D24 There are three record types."""
    outcome = Division(pool("ann")).create("invoice/1")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "unknown_record_type"


@pytest.mark.parametrize(("role", "is_allowed"), [("admin", True), ("reassign", True), ("member", False)])
def test_giving_to_a_pool_takes_the_right_to_reassign(role: str, is_allowed: bool) -> None:
    """S7 S8 D6 Without it the change is rejected, the owner stays, the turn does not move."""
    division = Division(pool("ann", "bob"), users=users("zoe", roles=frozenset({role})))
    division.create("lead/1")

    outcomes = division.give("lead/1", "pool:sales", actor="zoe")

    if is_allowed:
        assert outcomes == (Released("ann", "sales", "given_to_pool"), Assigned("bob", "sales", 2))
    else:
        assert [outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)] == ["not_permitted"]
        assert division.record().owner == "ann"
        assert turns_of(division.decisions) == [1]


@pytest.mark.parametrize(("require_actor", "is_allowed"), [(False, True), (True, False)])
def test_a_system_without_a_name_is_allowed_unless_actors_are_required(require_actor: bool, is_allowed: bool) -> None:
    """D6 No actor: a system source."""
    division = Division(pool("ann"), require_actor=require_actor)

    outcomes = division.give("lead/1", "pool:sales")

    assert (outcomes == (Assigned("ann", "sales", 1),)) is is_allowed


def test_an_actor_nobody_knows_may_not_give_to_a_pool() -> None:
    """D6 S8 A name that the configuration does not have carries no right."""
    (outcome,) = Division(pool("ann")).give("lead/1", "pool:sales", actor="stranger")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "not_permitted"


def test_the_chosen_person_is_told_as_he_wishes() -> None:
    """S19 S20 The notification belongs to the decision that assigns, by the means of the person's settings."""
    division = Division(pool("ann"), users=users("ann", notify=("chat", "email")))
    division.create("lead/1")

    assert division.last().notifications == (Notification("assigned", "ann", ("chat", "email")),)


def test_with_notifications_off_the_assignment_is_the_same() -> None:
    """S20 Nobody is told, the record has its owner."""
    division = Division(pool("ann"), users=users("ann", notify=()))

    assert division.create("lead/1") == Assigned("ann", "sales", 1)
    assert division.last().notifications == ()


def test_an_empty_pool_says_so() -> None:
    """S18 D24 Nobody is there to take it: the record waits, and that is an event."""
    assert Division(pool()).create("lead/1") == Pending("sales", "empty_pool")


def test_a_full_member_is_passed_over() -> None:
    """D2 D14 The limit holds, and the turn moves to who was served."""
    division = Division(pool(Membership("ann", max_open=1), "bob"))

    assert division.serve("lead/1", "lead/2", "lead/3") == ["ann", "bob", "bob"]


def test_people_who_are_switched_off_get_nothing() -> None:
    """D2 D16 They stay members, and the trace says why they were left out."""
    division = Division(pool("ann", "bob"), users=users("ann", active=False))

    assert division.serve("lead/1", "lead/2") == ["bob", "bob"]
    assert [(each.person, each.excluded) for each in division.last("lead/2").trace.candidates] == [
        ("ann", "inactive"),
        ("bob", None),
    ]


@pytest.mark.parametrize(("count", "served"), [("all", "bob"), ("own", "ann")])
def test_a_pool_looks_at_all_that_somebody_has_or_at_what_it_gave(count: Counted, served: str) -> None:
    """D26 By default what another pool gave is load, too."""
    division = Division(pool("ann", "bob", strategy="least_loaded", count=count), pool("ann", id="inbound"))
    division.create("lead/1", owner="pool:inbound")

    assert division.serve("lead/2") == [served]


def test_least_loaded_gives_to_who_has_the_fewest_open_items() -> None:
    """S39 The load is open items for their weight; ties go by turn."""
    division = Division(pool("ann", "bob", strategy="least_loaded"))
    division.serve("lead/1", "lead/2", "lead/3")
    division.give("lead/1", "user:zoe")
    division.give("lead/3", "user:zoe")

    assert division.serve("lead/4", "lead/5", "lead/6") == ["ann", "bob", "ann"]


def test_longest_idle_gives_to_who_was_served_longest_ago() -> None:
    """S39 Open items do not matter."""
    division = Division(pool("ann", "bob", "cat", strategy="longest_idle"))
    division.away("ann")
    division.serve("lead/1", "lead/2")
    division.back("ann")

    assert division.serve("lead/3", "lead/4", "lead/5") == ["ann", "bob", "cat"]


def test_an_absence_of_a_stranger_is_nothing_to_do_but_remembered() -> None:
    """D24 Presence events name people of other divisions, too, and people who are configured later."""
    division = Division(pool("ann"))

    assert division.send(MemberEvent("event-x", "stranger", "away")) == (Nothing("unknown_user", "stranger"),)
    assert division.state.people == {
        "stranger": Person(presence=Absence(is_absent=True), seen=("event-x",), heard_ms=division.now_ms)
    }
