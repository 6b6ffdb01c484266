"""A record that comes back from its deletion: whoever tells it, it has the owner who is named, or the former (D34)."""

from __future__ import annotations

from service.core.events import Target
from service.core.model import Assigned, Nothing, Rejected, Released
from tests.core.build import Division, closed, created, owner_changed, pool, reopened, updated, users


def test_a_restored_record_goes_to_the_owner_it_names() -> None:
    """D34 Whatever event tells that it is back; a person chosen there is a human's choice."""
    for tell in (created, updated, owner_changed):
        division = Division(pool("ann", "bob"))
        division.create("lead/1", version=1)
        division.delete("lead/1", version=2)

        assert division.send(tell("lead/1", "user:zoe", version=3)) == (Nothing("owner_kept", "zoe"),)
        assert (division.record().owner, division.record().by_us) == ("zoe", False)
        assert not division.record().deleted


def test_a_restored_record_that_names_nobody_goes_to_who_had_it() -> None:
    """D34 D21 The tombstone keeps the owner and by whom; no turn is spent, and the place is taken again."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)
    division.delete("lead/1", version=2)
    assert division.open_items("ann") == 0

    assert division.send(updated("lead/1", version=3)) == (Assigned("ann"),)
    assert (division.record().by_us, division.open_items("ann")) == (True, 1)
    assert division.last().expected_owner == Target("pool", "sales")
    assert division.create("lead/2") == Assigned("bob", "sales", 2)


def test_a_human_who_had_the_record_has_it_again() -> None:
    """D34 D5 Nothing is told of it: the CRM knows."""
    division = Division(pool("ann"), defaults={"*": Target("pool", "sales")})
    division.create("lead/1", owner="user:zoe", version=1)
    division.delete("lead/1", version=2)

    assert division.create("lead/1", owner=None, version=3) == Nothing("owner_kept", "zoe")
    assert not division.record().by_us


def test_where_the_former_owner_is_switched_off_it_is_asked_anew() -> None:
    """D34 D8 First the pool that the CRM named last, then the other questions."""
    division = Division(pool("ann", "bob"), defaults={"*": Target("user", "zoe")})
    division.create("lead/1", version=1)
    division.create("lead/2", owner=None, version=1)
    for record in ("lead/1", "lead/2"):
        division.delete(record, version=2)
    division.configure(pool("ann", "bob"), users=users("ann", "zoe", active=False))

    assert division.send(updated("lead/1", version=3)) == (Assigned("bob", "sales", 2),)
    division.configure(pool("ann", "bob"), defaults={"*": Target("pool", "sales")})
    assert division.send(updated("lead/2", version=3)) == (Assigned("bob", "sales", 3),)


def test_a_record_that_waited_is_asked_for_again_when_it_is_back() -> None:
    """D34 Nobody had it: the pool that was named."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1", version=1)
    division.delete("lead/1", version=2)
    division.back("ann")

    assert division.send(updated("lead/1", version=3)) == (Assigned("ann", "sales", 1),)


def test_giving_a_restored_record_to_a_pool_takes_the_right_to() -> None:
    """D34 S7 S8 What brings it back is not what allows it."""
    division = Division(pool("ann"), users=users("dan"))
    division.create("lead/1", version=1)
    division.delete("lead/1", version=2)

    (refused,) = division.give("lead/1", "pool:sales", version=3, actor="dan")
    assert isinstance(refused, Rejected)
    assert refused.reason == "not_permitted"
    assert not division.record().deleted


def test_a_tombstone_hears_who_had_the_record() -> None:
    """D34 A choice of before the deletion comes after it: who had the record at last has it again."""
    division = Division(pool("ann"))
    division.create("lead/1", version=1)
    division.delete("lead/1", version=3)
    assert division.give("lead/1", "user:zoe", version=2) == (Nothing("deleted"),)

    assert division.send(updated("lead/1", version=4)) == (Nothing("owner_kept", "zoe"),)


def test_that_a_closed_record_is_back_with_whom_we_had_chosen_is_published_once_it_is_open() -> None:
    """D34 D33 D21 While it is closed nobody is given it; its deletion told that they have it no more."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)
    division.send(closed("lead/1", version=2))
    assert division.delete("lead/1", version=3) == (Released("ann", "sales", "deleted"),)

    assert division.send(updated("lead/1", version=4)) == (Nothing("closed", "ann"),)
    assert division.send(reopened("lead/1", version=5)) == (Assigned("ann"),)
    assert (division.record().by_us, division.open_items("ann")) == (True, 1)
    assert division.send(closed("lead/1", version=6)) == (Nothing("closed", "ann"),)
    assert division.send(reopened("lead/1", version=7)) == (Nothing("reopened", "ann"),)


def test_a_choice_whose_end_was_published_is_not_ended_twice() -> None:
    """D34 D5 Somebody else is chosen, or it is deleted once more, while it is closed."""
    division = Division(pool("ann", "bob"))
    for record in ("lead/1", "lead/2"):
        division.create(record, version=1)
        division.send(closed(record, version=2))
        division.delete(record, version=3)
        division.send(updated(record, version=4))

    assert division.give("lead/1", "user:zoe", version=5) == (Nothing("owner_kept", "zoe"),)
    assert division.delete("lead/2", version=5) == (Nothing("deleted"),)
