"""What a record that waits has said of itself: kept as long as it waits, within bounds, seen by what comes later."""

from __future__ import annotations

import pytest

from service.core.configuration import ScoreRow
from service.core.events import Target
from service.core.holding import keeping
from service.core.holding.lines import LOOKED_AT_PER_FIRING
from service.core.model import Assigned, Pending, Rejected
from service.core.pool_spec import Membership
from service.core.rule_sets import Entry
from tests.core.build import Division, pool, predicate, rules, updated

GERMAN = predicate("country equals DE")


@pytest.fixture
def waiting() -> Division:
    """A division whose one member is away."""
    division = Division(pool("ann"))
    division.away("ann")
    return division


def test_all_fields_are_kept_while_a_record_waits_and_no_longer(waiting: Division) -> None:
    """D31 Also those that nobody asks for today; when it has an owner they are gone."""
    waiting.create("lead/1", facts={"country": "DE", "phone": "555"})
    assert waiting.state.fields["lead/1"].text == '{"country":"DE","phone":"555"}'

    waiting.send(updated("lead/1", facts={"phone": "556"}))
    assert waiting.state.fields["lead/1"].text == '{"country":"DE","phone":"556"}'

    waiting.back("ann")
    assert waiting.state.fields == {}
    assert waiting.state.room.taken_bytes == 0


def test_what_is_too_much_is_cut_and_named_and_what_conditions_read_stays() -> None:
    """D31 16 KB a record; the trace says what later conditions do not see."""
    division = Division(pool(Membership("ann", domain=predicate("zone equals south"))))
    facts = {"notes": "n" * keeping.RECORD_LIMIT_BYTES, "a": 1, "zone": "north"}
    assert division.create("lead/1", facts=facts) == Pending("sales", "nobody_eligible")

    assert division.last().trace.cut == ("notes",)
    assert division.state.fields["lead/1"].text == '{"zone":"north","a":1}'
    division.send(updated("lead/1", facts={"zone": "south"}))
    assert division.record().owner == "ann"
    assert division.last().trace.cut == ("notes",)


@pytest.mark.interpreted
def test_a_lane_has_so_much_room_and_no_more(waiting: Division, monkeypatch: pytest.MonkeyPatch) -> None:
    """D31 What comes later waits all the same, and only what conditions read is known of it."""
    monkeypatch.setattr(keeping, "ROOM_LIMIT_BYTES", 20)
    waiting.create("lead/1", facts={"country": "DE", "a": 1})
    waiting.create("lead/2", facts={"country": "DE"})
    assert waiting.last("lead/2").trace.cut == ("country",)
    assert waiting.state.fields["lead/2"].text == ""

    waiting.back("ann")
    assert [waiting.record(name).owner for name in ("lead/1", "lead/2")] == ["ann", "ann"]


def test_a_record_that_moves_to_another_line_takes_along_what_it_said(waiting: Division) -> None:
    """D31 The event that moves it names no fields."""
    waiting.configure(pool("ann"), pool(Membership("bob", domain=GERMAN), "ann", id="other"))
    waiting.create("lead/1", facts={"country": "DE"})
    *_, given = waiting.give("lead/1", "pool:other")
    assert given == Assigned("bob", "other", 1)


def test_a_long_line_is_sifted_to_its_end() -> None:
    """D31 Every record that its pool no longer wants is asked anew, however many there are; the others stay."""
    division = Division(pool("ann"), pool("bob", id="other"), defaults={"lead": Target("pool", "sales")})
    division.away("ann")
    for number in range(2 * LOOKED_AT_PER_FIRING + 10):
        division.create(f"lead/{number}", owner=None, facts={"country": "DE" if number % 2 else "FR"})
    division.configure(pool("ann", domain=GERMAN), pool("bob", id="other"), defaults={"lead": Target("pool", "other")})

    assert division.open_items("bob", "other") == LOOKED_AT_PER_FIRING + 5
    assert division.state.pools["sales"].waiting == LOOKED_AT_PER_FIRING + 5
    assert not division.state.pools["sales"].sifting
    assert division.state.timers == {}


def test_what_nothing_takes_is_rejected_and_says_why() -> None:
    """D31 D24 The pool is gone, and no rule, team or default names another."""
    division = Division(pool("ann"))
    division.away("ann")
    division.create("lead/1")
    division.configure(pool("ann", domain=GERMAN, id="other"))

    outcome = division.last().outcome
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, division.last().trace.question) == ("unknown_pool", "parked")


def test_news_that_make_a_record_unfit_have_it_asked_anew_at_once() -> None:
    """D31 Where nobody wants it any more it is refused aloud; it does not wait for a pool that would not get it."""
    division = Division(
        pool("ann", domain=GERMAN), rule_sets=rules(Entry("german", Target("pool", "sales"), (GERMAN,)))
    )
    division.away("ann")
    assert division.create("lead/1", owner=None, facts={"country": "DE"}) == Pending("sales", "nobody_eligible")
    division.send(updated("lead/1", facts={"country": "FR"}))

    outcome = division.last().outcome
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "no_target"
    assert division.state.parked == {}


def test_a_new_scoring_table_orders_what_waits(waiting: Division) -> None:
    """D31 S63 By fields that nobody asked for when the records came."""
    waiting.create("lead/1", facts={"size": 1})
    waiting.create("lead/2", facts={"size": 900})
    waiting.configure(pool(Membership("ann", max_open=1)), scores={"lead": (ScoreRow(predicate("size > 500"), 30),)})
    waiting.back("ann")

    assert [waiting.record(name).owner for name in ("lead/1", "lead/2")] == ["", "ann"]
