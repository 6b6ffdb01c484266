"""Scores: what a record is worth, asked first and used where it waits."""

from __future__ import annotations

import pytest

from service.core.configuration import ScoreRow
from service.core.events import Target
from service.core.model import Assigned
from service.core.pool_spec import Membership
from service.core.rule_sets import Entry
from service.core.score import score_of
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


@pytest.mark.parametrize("score", [True, "5", None, 1e16, -1e16, float("nan"), [1]])
def test_what_is_no_number_is_no_score(score: object) -> None:
    """S63 Nothing raises, and nothing absurd orders a line."""
    assert score_of({"score": score}) is None


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
