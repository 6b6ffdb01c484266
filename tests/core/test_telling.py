"""Who is told of what, when, and how often: D22 D53 S19 S20, whatever else happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.core import parts
from service.core.configuration import User
from service.core.held import HELD_LIMIT, NAMED_LIMIT
from service.core.model import Notification
from service.core.pool_spec import Accepting
from service.core.timers import RULES
from service.core.wishes import Digesting
from tests.core.build import MINUTE_MS, START_MS, Division, closed, created, event, pool, users
from tests.core.nights import Timed, kept, kinds, person, quiet, reasons, records, told


def test_what_is_held_back_is_told_in_order_and_then_nothing_is_left_of_it() -> None:
    """D22 A line ends with its timer, and so does what is remembered of it."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve(*records(5))
    assert told(division) == []
    assert [division.state.held[f"ann/{n}"].record for n in range(5)] == records(5)
    division.later(minutes=60)
    late = [each for each in division.decisions if each.notifications]
    assert [each.record for each in late] == records(5)
    assert [each.notifications[0].late.why for each in late if each.notifications[0].late] == ["turn"] * 5
    assert kept(division) == []


def test_what_does_not_fit_a_line_is_in_one_summary_of_its_kind() -> None:
    """Nothing is lost, and a night takes no more than its room."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve(*records(HELD_LIMIT + 13))
    assert len(division.state.held) == HELD_LIMIT
    division.later(minutes=60)
    *single, last = told(division)
    assert [each.late is not None for each in single] == [True] * HELD_LIMIT
    assert last.summary is not None
    assert (last.summary.count, len(last.summary.records)) == (13, NAMED_LIMIT)
    assert kept(division) == []


def test_a_summary_that_is_due_in_quiet_hours_comes_when_they_end() -> None:
    """One summary, which counts all that came until then."""
    ann = person("ann", quiet=quiet(5, 60), digest=Digesting(2, 10 * MINUTE_MS))
    division = Division(pool("ann"), users=[ann])
    division.serve(*records(5))
    division.later(minutes=30)
    division.serve(*records(5, 10))
    assert kinds(division) == [("ann", "assigned")] * 2
    division.later(minutes=30)
    (summary,) = [each.summary for each in told(division) if each.summary is not None]
    assert (summary.count, summary.since_ms) == (8, START_MS)


def test_kinds_have_summaries_of_their_own() -> None:
    spec = pool("ann", accepting=Accepting(5 * MINUTE_MS, 0))
    division = Division(spec, users=[person("ann", digest=Digesting(0, 10 * MINUTE_MS))])
    division.serve(*records(3))
    division.later(minutes=20)
    found = {(each.kind, each.summary.count) for each in told(division) if each.summary}
    assert found == {("offered", 3), ("withdrawn", 3)}


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda division: division.give("lead/1", "user:zoe"), "untold_moved"),
        (lambda division: division.delete("lead/1"), "untold_moved"),
        (lambda division: division.send(closed("lead/1")), "untold_closed"),
        (lambda division: division.configure(pool("ann"), users=users("ann", active=False)), "untold_unwanted"),
        (lambda division: division.configure(pool("ann"), users=users("ann", notify=())), "untold_unwanted"),
    ],
    ids=["another owner", "deleted", "closed", "switched off", "unwanted"],
)
def test_what_is_not_true_when_quiet_hours_end_is_dropped_with_a_reason(
    happens: Callable[[Division], object], reason: str
) -> None:
    """D22 What was held back is told only if it still holds, and the log says why it is not."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve("lead/1")
    happens(division)
    division.later(minutes=90)
    assert told(division) == []
    assert reason in reasons(division)
    assert not division.state.held


def test_what_is_true_whatever_became_of_the_record_is_told() -> None:
    """Who lost a record that they had known of hears it, also in the morning, and also if it was deleted since."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(10, 60))])
    division.serve("lead/1")
    division.later(minutes=20)
    division.give("lead/1", "user:zoe")
    division.delete("lead/1")
    division.later(minutes=60)
    assert kinds(division) == [("ann", "assigned"), ("ann", "reassigned")]


@pytest.mark.parametrize("wishes", [{}, {"digest": Digesting(5, MINUTE_MS)}])
def test_who_is_off_by_a_new_configuration_without_quiet_hours_is_told_in_order(wishes: dict[str, Any]) -> None:
    """What comes while a line is being told stands behind it, and the line waits for nothing any more."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve("lead/1")
    division.configure(pool("ann"), users=[person("ann", **wishes)])
    division.serve("lead/2")
    division.later(minutes=1)
    assert [each.record for each in division.decisions if each.notifications] == ["lead/1", "lead/2"]


@pytest.mark.parametrize("digest", [None, Digesting(0, 15 * MINUTE_MS)])
def test_a_summary_that_waits_for_quiet_hours_is_told_at_once_when_these_are_switched_off(
    digest: Digesting | None,
) -> None:
    """Be it one that counts what comes too fast, or what no line has room for; it is of the time of its first piece."""
    division = Timed(pool("ann"), users=[person("ann", quiet=quiet(-60, 60), digest=digest)])
    division.serve(*records(HELD_LIMIT + 2))
    division.later(minutes=20)
    division.configure(pool("ann"), users=[person("ann", digest=digest)])
    assert {minute for minute, _ in division.told} == {20}
    (summary,) = [each.summary for each in told(division) if each.summary]
    assert (summary.since_ms, summary.until_ms) == (START_MS, START_MS + 20 * MINUTE_MS)
    assert kept(division) == []


def test_below_its_level_people_are_told_at_once() -> None:
    """Quiet hours and summaries are of level 4; means and languages need nothing that is remembered."""
    wishes = {"quiet": quiet(-60, 60), "digest": Digesting(0, MINUTE_MS), "by_kind": {"assigned": ("chat",)}}
    division = Division(pool("ann"), users=[person("ann", **wishes)])
    division.config = parts.at(division.config, 3)
    division.serve("lead/1")
    assert told(division) == [Notification("assigned", "ann", ("chat",))]
    assert parts.at(division.config, 4) is division.config


def test_timers_of_one_time_go_off_in_the_order_of_their_names() -> None:
    """The table says so: what is held back comes before the summary of what was too much."""
    assert list(RULES) == sorted(RULES)


@pytest.mark.parametrize("kind", ["updated", "owner_changed"])
@pytest.mark.parametrize("to", ["bob", "pool:sales", None])
@pytest.mark.parametrize("status", [None, "closed", "open"])
@pytest.mark.parametrize("first", ["ann", "pool:first"])
def test_who_loses_a_record_hears_of_it_whatever_else_the_event_says(
    kind: Any, to: str | None, status: Any, first: str
) -> None:
    """D53 Also where it closes or reopens the record, by whose choice ever they had it; and nobody hears it twice."""
    division = Division(pool("ann", id="first"), pool("bob"), users=[User("boss", roles=frozenset({"admin"}))])
    division.send(created(owner=first))
    if status == "open":
        division.send(closed())
    division.decisions.clear()
    division.send(event(kind, "lead/1", to, status=status, actor="boss"))
    has_lost = division.state.records["lead/1"].owner != "ann"
    assert [each for each in kinds(division) if each == ("ann", "reassigned")] == [("ann", "reassigned")] * has_lost
