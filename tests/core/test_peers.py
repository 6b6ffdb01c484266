"""How other systems break at sharing out, a test each: what goes wrong there, and what is right.

What comes of several workers, redelivery and restarts is tested again on real back ends in `survival` and `lane`; here
stands the rule that makes it impossible.
"""

from __future__ import annotations

from collections import Counter

import pytest

from service.core.decide import decide
from service.core.model import Assigned, Nothing
from service.core.pool_spec import Membership
from service.core.state import Open, State
from tests.core.build import Division, created, pool, turns_of, updated, users
from tests.core.rota import Rota


def leads(count: int, prefix: str = "x") -> list[str]:
    return [f"lead/{prefix}{number}" for number in range(count)]


def test_a_turn_is_taken_with_the_record_or_not_at_all() -> None:
    """Chatwoot: read, remove and push are separate, a crash in between drops a member, the turn moves before the claim.

    A decision that is thrown away leaves everything as it was; pool, seat and record change together.
    """
    division = Division(pool("ann", "bob"))
    lost = decide(created("lead/1", "pool:sales"), division.state, division.config, division.now_ms)

    assert {"pool", "seat", "record"} <= lost.changes.keys()
    assert division.serve("lead/2", "lead/3", "lead/4") == ["ann", "bob", "ann"]
    assert turns_of(division.decisions) == [1, 2, 3]


def test_nobody_overwrites_an_assignment_by_hand() -> None:
    """Chatwoot, libredesk: 46 of 67 automatic assignments were overwritten within seconds; a human was overridden."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    division.give("lead/1", "user:zoe")
    division.create("lead/1")

    assert division.record("lead/1").owner == "zoe"


def test_who_returns_is_not_flooded_by_lifetime_counts() -> None:
    """Rocket.Chat: lifetime counts flood whoever returns from leave."""
    rota = Rota("ann", "bob", "cat")
    for _ in range(1_000):
        rota.next({"ann", "bob"})

    assert Counter(rota.next() for _ in range(7)) == {"ann": 2, "bob": 2, "cat": 3}


def test_a_limit_is_never_exceeded() -> None:
    """Rocket.Chat: caps were exceeded across instances. Counted and picked in one step, from all pools together."""
    division = Division(pool(Membership("ann", max_open=2)), pool(Membership("ann", max_open=2), id="inbound"))
    for number in range(6):
        division.create(f"lead/{number}", owner="pool:sales" if number % 2 else "pool:inbound")

    assert division.state.open == {"lead/ann": Open(2)}


def test_seniority_gives_nobody_more() -> None:
    """Odoo: a bias to seniority gave all 30 leads to one member."""
    rota = Rota("oldest")
    for _ in range(500):
        rota.next()
    rota.join("new1", "new2")

    assert Counter(rota.next() for _ in range(30)) == {"oldest": 10, "new1": 10, "new2": 10}


def test_a_holiday_has_no_echo() -> None:
    """Odoo: who was away for a while gets more for the whole window after it. Here it is their credit, once."""
    rota = Rota("ann", "bob")
    for _ in range(100):
        rota.next({"ann"})
    rota.next({"bob"})

    assert [rota.next() for _ in range(6)] in (["bob", "ann"] * 3, ["ann", "bob"] * 3)


def test_nothing_is_drawn_at_random() -> None:
    """Odoo: members are drawn. The same history leads to the same person, however often it is asked."""
    division = Division(pool("ann", "bob", "cat"))
    division.serve(*leads(4))
    event = created("lead/9", "pool:sales")

    asked = [decide(event, division.state, division.config, division.now_ms) for _ in range(20)]

    assert all(each.decisions == asked[0].decisions and each.changes == asked[0].changes for each in asked)


def test_one_record_is_assigned_once() -> None:
    """Frappe: one document was assigned three times."""
    division = Division(pool("ann", "bob"))
    event = created("lead/1", "pool:sales")

    assert division.send(event) == (Assigned("ann", "sales", 1),)
    assert [type(outcome) for _ in range(2) for outcome in division.send(event)] == [Nothing, Nothing]


def test_weights_do_not_come_in_runs() -> None:
    """Frappe: weights come in runs. 3 to 1 is never more than three in a row."""
    rota = Rota(Membership("ann", 3.0), "bob", "cat")
    served = "".join(rota.next()[0] for _ in range(50))

    assert "aaaa" not in served
    assert abs(served.count("a") - 30) <= 1


def test_the_rotation_does_not_restart_when_the_last_one_leaves() -> None:
    """Frappe: the rotation restarts when the user who was served last leaves."""
    rota = Rota("ann", "bob", "cat", "dan")
    assert [rota.next(), rota.next()] == ["ann", "bob"]
    rota.leave("bob")

    assert [rota.next() for _ in range(3)] == ["cat", "dan", "ann"]


def test_who_is_switched_off_is_never_chosen() -> None:
    """SuiteCRM: inactive people are chosen."""
    division = Division(pool("ann", "bob", "cat"), users=users("bob", active=False))

    assert division.serve(*leads(4)) == ["ann", "cat", "ann", "cat"]


def test_one_choice_tells_one_person_once() -> None:
    """SuiteCRM: mails are sent twice. Neither the same event again nor the CRM's echo of our choice is news."""
    division = Division(pool("ann", "bob"))
    event = created("lead/1", "pool:sales")
    division.send(event)
    division.send(event)
    division.give("lead/1", "user:ann")
    division.send(updated("lead/1", "user:ann"))

    told = [notification.person for decision in division.decisions for notification in decision.notifications]
    assert told == ["ann"]


def test_the_turn_is_in_the_state_and_nowhere_else() -> None:
    """SuiteCRM, libredesk: it lives in a session, a cache file or a process, and is lost with it.

    Whoever has the values has the turn: another memory, filled from the same changes, goes on where this one stood.
    """
    division = Division(pool("ann", "bob", "cat"))
    division.serve(*leads(4))
    restored = State()
    restored.apply({kind: dict(division.state.of_kind(kind)) for kind in ("record", "pool", "seat", "open")})
    division.state = restored

    assert division.serve(*leads(3, "y")) == ["bob", "cat", "ann"]


def test_own_work_does_not_move_the_turn() -> None:
    """Trap d2; EspoCRM: the turn is derived from the newest record, so work by hand moves it.

    Next is B; B creates one for themselves and takes one from a queue: next is still B.
    """
    division = Division(pool("ann", "bob"), pool("ann", "bob", id="inbox", strategy="take"))
    division.create("lead/1")
    division.create("lead/own", owner="user:bob")
    division.create("lead/queued", owner="queue:inbox")
    division.give("lead/queued", "user:bob", actor="bob")

    assert division.record("lead/queued").owner == "bob"
    assert division.serve("lead/2") == ["bob"]


@pytest.mark.parametrize("apart_ms", [0, 1, -1])
def test_records_that_come_together_take_a_turn_each(apart_ms: int) -> None:
    """EspoCRM: the turn is derived from the newest record, so concurrent creates collide.

    Here neither the times of records nor which of them are still there says whose turn it is.
    """
    division = Division(pool("ann", "bob", "cat"))
    for number, record in enumerate(leads(4)):
        division.create(record, time_ms=division.now_ms + number * apart_ms)
    for record in leads(4)[2:]:
        division.delete(record)

    assert division.serve(*leads(3, "y")) == ["bob", "cat", "ann"]
    assert turns_of(division.decisions) == [1, 2, 3, 4, 5, 6, 7]


def test_who_comes_and_goes_shifts_nobody() -> None:
    """GLPI and a Salesforce package: an index is stored, so an edit of the members shifts everybody."""
    rota = Rota("ann", "bob", "cat", "dan")
    assert rota.next() == "ann"
    rota.leave("ann")
    rota.join("eve")

    assert [rota.next() for _ in range(4)] == ["bob", "cat", "dan", "eve"]


def test_an_edit_of_the_list_resets_no_counts() -> None:
    """HubSpot, GoHighLevel: any edit of the list resets the counts."""
    rota = Rota(Membership("ann", 2.0), "bob")
    for _ in range(5):
        rota.next()
    before = dict(rota.state.seats)
    rota.join("cat")

    assert {field: seat for field, seat in rota.state.seats.items() if field in before} == before
