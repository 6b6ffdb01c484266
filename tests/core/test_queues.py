"""Queues: a group shares responsibility, and any member takes."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.configuration import User
from service.core.model import Assigned, Nothing, Notification, Pending, Queued, Rejected, Released
from service.core.pool_spec import Membership, PoolSpec
from tests.core.build import Division, config, pool, predicate, users


def queue(*members: str | Membership, **settings: Any) -> PoolSpec:
    """A queue of leads, `hot`."""
    return pool(*members, id="hot", strategy="take", **settings)


def test_what_lies_in_a_queue_is_nobodys() -> None:
    """S35 S53 D19 No personal owner, no turn, nobody told unless the queue says so."""
    division = Division(queue("ann", "bob"))

    assert division.create("lead/1", owner="queue:hot") == Queued("hot")
    assert (division.record().owner, division.record().parked) == ("", True)
    assert division.last().notifications == ()
    assert division.state.pools["hot"].turn == 0


def test_a_member_takes_and_it_counts_as_his() -> None:
    """S55 D5 A human's choice, so rules never replace it; given up, it no longer counts."""
    division = Division(queue("ann", "bob"))
    division.create("lead/1", owner="queue:hot")

    assert division.give("lead/1", "user:bob", actor="bob") == (Released("", "hot", "taken"),)
    assert division.open_items("bob", "hot") == 1
    assert not division.record().by_us
    assert division.give("lead/1", "user:bob") == (Nothing("owner_unchanged", "bob"),)
    division.give("lead/1", "user:zoe")
    assert division.open_items("bob", "hot") == 0


@pytest.mark.parametrize("end", ["delete", "owner", "queue"])
def test_what_was_taken_counts_until_it_is_given_up(end: str) -> None:
    """S55 D14 Deleted, owned by nobody, or given back to the queue."""
    division = Division(queue("ann"))
    division.create("lead/1", owner="queue:hot")
    division.give("lead/1", "user:ann")
    if end == "delete":
        division.delete("lead/1")
    else:
        division.give("lead/1", "queue:hot" if end == "queue" else None)

    assert division.open_items("ann", "hot") == 0
    assert division.record().parked == (end == "queue")


def test_anybody_else_is_refused_and_told() -> None:
    """S55 The record stays in the queue, and who reached for it hears so."""
    division = Division(queue("ann"))
    division.create("lead/1", owner="queue:hot")
    (outcome,) = division.give("lead/1", "user:zoe", actor="zoe")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "not_a_member"
    assert division.last().notifications == (Notification("refused", "zoe", ("email",)),)
    assert division.record().parked


def test_who_may_reassign_gives_it_to_anybody() -> None:
    """S55 D5 D6 And a name that nobody knows is reported."""
    division = Division(queue("ann"), users=users("kate", roles=frozenset({"reassign"})))
    division.create("lead/1", owner="queue:hot")
    division.create("lead/2", owner="queue:hot")

    assert division.give("lead/1", "user:zoe", actor="kate") == (Released("", "hot", "owner_chosen"),)
    released, refused = division.give("lead/2", "user:stranger", actor="kate")
    assert released == Released("", "hot", "owner_chosen")
    assert isinstance(refused, Rejected)


def test_who_left_the_queue_takes_no_more() -> None:
    """S18 S55 Members are those of now."""
    division = Division(queue("ann", "bob"))
    division.create("lead/1", owner="queue:hot")
    division.configure(queue("bob"), users=users("ann"))
    (outcome,) = division.give("lead/1", "user:ann")

    assert isinstance(outcome, Rejected)


def test_all_are_told_whom_the_record_concerns() -> None:
    """S53 S76 D22 One notification each; who is switched off or wants none has none."""
    french = Membership("eve", domain=predicate("country equals FR"))
    spec = queue("ann", "bob", "cat", french, notify_members=True)
    division = Division(spec, users=[User("bob", notify=()), User("cat", active=False)])
    division.create("lead/1", owner="queue:hot", facts={"country": "DE"})

    assert division.last().notifications == (Notification("queued", "ann", ("email",)),)


def test_the_echo_of_a_queue_changes_nothing() -> None:
    """D7 D20 Also where who applied it may not give records away."""
    division = Division(queue("ann"), users=users("robot"))
    division.create("lead/1", owner="queue:hot")

    assert division.give("lead/1", "queue:hot", actor="robot") == (Nothing("echo", "hot"),)


def test_a_pool_that_becomes_a_queue_owns_what_waits() -> None:
    """D19 And what lies in a queue that becomes a pool is handed out, or waits."""
    division = Division(pool("ann", "bob", id="hot"))
    division.away("ann")
    division.away("bob")
    assert division.create("lead/1", owner="pool:hot") == Pending("hot", "nobody_eligible")
    division.configure(queue("ann", "bob"))
    assert division.last().outcome == Queued("hot")
    division.configure(pool("ann", "bob", id="hot"))
    assert division.last().outcome == Pending("hot", "nobody_eligible")
    division.back("bob")
    assert division.last().outcome == Assigned("bob", "hot", 1)


def test_presence_says_nothing_about_a_queue() -> None:
    """S53 Nothing is handed out when somebody comes back."""
    division = Division(queue("ann"))
    division.away("ann")
    division.create("lead/1", owner="queue:hot")
    division.back("ann")

    assert division.record().parked
    assert division.state.timers == {}


def test_a_queue_is_a_pool_by_its_strategy() -> None:
    """D19 Either word names it as owner."""
    division = Division(queue("ann"))

    assert config(queue("ann")).pools["hot"].is_queue
    assert division.create("lead/1", owner="pool:hot") == Queued("hot")
