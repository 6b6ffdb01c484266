"""Scores: what a record is worth, asked first and used where it waits."""

from __future__ import annotations

from itertools import permutations

import pytest

from service.core.configuration import ScoreRow
from service.core.events import Target
from service.core.model import Assigned
from service.core.pool_spec import Membership
from service.core.rule_sets import Entry
from service.core.score import score_of
from service.core.telling.explain import explain
from tests.core.build import Division, pool, predicate, rules, updated

TABLE = {"lead": (ScoreRow(predicate("size > 100"), 20), ScoreRow(predicate("source equals web"), -5.5))}


@pytest.mark.parametrize(
    ("facts", "score"),
    [({}, 0.0), ({"size": 101}, 20.0), ({"size": 101, "source": "web"}, 14.5), ({"size": "many", "score": 9}, 0.0)],
)
def test_the_points_of_all_that_fit_are_the_score(facts: dict[str, object], score: float) -> None:
    """S63 D16 It rides on the decision; the record's own field gives way to the table."""
    division = Division(pool("ann"), scores=TABLE)
    division.create("lead/1", facts=facts)

    assert division.last().trace.score == score


def test_a_type_without_a_table_has_the_score_of_its_field() -> None:
    """S63 None at all where there is no such field."""
    division = Division(pool("ann", record_type="contact"), scores=TABLE)
    division.create("contact/1", facts={"score": 3, "size": 500})
    division.create("contact/2")

    assert division.last("contact/1").trace.score == 3
    assert division.last("contact/2").trace.score is None


@pytest.mark.parametrize("score", [True, "high", "007", "9e99", "NaN", " ", None, 1e16, -1e16, float("nan"), [1]])
def test_what_is_no_number_is_no_score(score: object) -> None:
    """S63 Nothing raises, and nothing absurd orders a line."""
    assert score_of({"score": score}) is None


@pytest.mark.parametrize(("score", "number"), [("90", 90.0), (" -2.5 ", -2.5), ("0", 0.0), (7, 7.0)])
def test_a_number_in_a_text_is_a_score(score: object, number: float) -> None:
    """S63 Forms and files write numbers so."""
    assert score_of({"score": score}) == number


@pytest.mark.parametrize(
    ("score", "is_said"), [("high", True), (["7"], True), (True, True), ("90", False), ("", False), (None, False)]
)
def test_what_can_be_no_score_is_said(score: object, is_said: bool) -> None:
    """S63 Nobody has to find out why a record waits behind all others."""
    division = Division(pool("ann"))
    division.create("lead/1", facts={"score": score})
    said = explain(division.last(), division.config, facts={"score": score})
    assert ("no score: its field is no number" in said[0]) is is_said


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_has_no_score_waits_behind_all_that_have_one(order: tuple[int, ...]) -> None:
    """S63 D3 Whatever came first, and negative scores, too; a number in a text ranks as that number."""
    scores: list[dict[str, object]] = [{"score": "90"}, {"score": 1}, {"score": -1}, {}]
    division = Division(pool(Membership("ann", max_open=1)))
    division.create("lead/first")
    for number in order:
        division.create(f"lead/{number}", facts=scores[number])
    left = []
    held = "lead/first"
    for _ in scores:
        division.send(updated(held, status="closed"))
        held = next(name for name, record in division.state.records.items() if record.owner and not record.closed)
        left.append(held)
    assert left == [f"lead/{number}" for number in range(4)]


def test_a_record_gets_and_loses_its_score_while_it_waits() -> None:
    """S63 Its place follows what is told of it."""
    division = Division(pool(Membership("ann", max_open=0)))
    division.create("lead/1")
    seen = []
    for score in ("55", None, "high", -3):
        division.send(updated("lead/1", facts={"score": score}))
        seen.append(division.state.parked["lead/1"].known_score)
    assert seen == [55.0, None, None, -3.0]


def test_rules_ask_for_the_score() -> None:
    """S51 S63 It is known before the first entry is asked."""
    hot = Entry("hot", Target("pool", "hot"), (predicate("score >= 20"),))
    division = Division(
        pool("ann"), pool("eve", id="hot"), rule_sets=rules(hot, Entry("all", Target("pool", "sales"))), scores=TABLE
    )

    assert division.create("lead/1", owner=None, facts={"size": 500}) == Assigned("eve", "hot", 1)
    assert division.create("lead/2", owner=None, facts={"size": 5}) == Assigned("ann", "sales", 1)


def test_the_best_of_what_waits_goes_first() -> None:
    """S63 D3 Then the oldest; what lies in a queue has its place in line, too."""
    division = Division(pool("ann", drain_per_minute=1), pool("bob", id="hot", strategy="take"), scores=TABLE)
    division.away("ann")
    for name, size in (("old", 1), ("small", 1), ("big", 500)):
        division.create(f"lead/{name}", facts={"size": size})
    division.create("lead/queued", owner="queue:hot", facts={"size": 500})
    assert division.state.parked["lead/queued"].score == 20
    division.back("ann")
    assert division.record("lead/big").owner == "ann"
    division.later(minutes=1)

    assert division.record("lead/old").owner == "ann"


def test_an_update_moves_what_waits_by_all_that_is_known() -> None:
    """S63 The update tells one field, the score needs two."""
    division = Division(pool(Membership("ann", max_open=0)), scores=TABLE)
    division.create("lead/1", facts={"size": 500})
    division.send(updated("lead/1", facts={"source": "web"}))

    assert division.state.parked["lead/1"].score == 14.5
