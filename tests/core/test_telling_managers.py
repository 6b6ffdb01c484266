"""News of a pool are for whoever manages it when they are told: D22, whoever that was when it happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.core.events import Target
from service.core.held import HELD_LIMIT
from service.core.model import Notification
from service.core.pool_spec import Escalation, PoolSpec
from service.core.wishes import Digesting
from tests.core.build import MINUTE_MS, Division, pool
from tests.core.nights import kept, person, quiet, reasons, told

NIGHT: Final = quiet(-60, 60)
LONGER: Final = quiet(-60, 120)


def managed(manager: str, *members: str, **more: Any) -> PoolSpec:
    """The pool `sales`, which somebody manages."""
    return replace(pool(*members, **more), manager=manager)


def identity(number: int, news: Notification) -> tuple[str, str, str]:
    """Decision, kind and person: what makes a notification one."""
    return (news.late.decision if news.late else str(number), news.kind, news.person)


def identities(division: Division) -> Counter[tuple[str, str, str]]:
    return Counter(
        identity(number, news)
        for number, decision in enumerate(division.decisions)
        for news in decision.notifications
        if news.summary is None
    )


def _waits_too_long(division: Division) -> None:
    division.serve("lead/1")
    division.later(minutes=2)


STORIES: Final[dict[str, tuple[dict[str, Any], tuple[str, ...], Callable[[Division], object]]]] = {
    "waiting": ({}, (), lambda division: division.serve("lead/1")),
    "escalated": (
        {"escalation": Escalation(MINUTE_MS, Target("user", "joe"))},
        (),
        _waits_too_long,
    ),
}


@pytest.mark.parametrize("kind", STORIES)
@pytest.mark.parametrize(
    ("manager", "wishes", "minutes", "hears"),
    [
        ("ann", {}, 60, ["ann"]),
        ("bob", {}, 60, ["bob"]),
        ("bob", {"quiet": LONGER}, 60, []),
        ("bob", {"quiet": LONGER}, 120, ["bob"]),
        ("bob", {"quiet": NIGHT}, 60, ["bob"]),
        ("bob", {"by_kind": {"waiting": (), "escalated": ()}}, 120, []),
        ("joe", {}, 60, ["joe"]),
        ("", {}, 120, []),
    ],
    ids=["as before", "another", "quiet still", "quiet then", "quiet alike", "unwanted", "who has it", "nobody"],
)
def test_what_is_held_for_a_manager_is_told_to_whoever_manages_the_pool_then(
    kind: str, manager: str, wishes: dict[str, Any], minutes: int, hears: list[str]
) -> None:
    """D22 D53 And to nobody who has the record by the very decision, and was told so."""
    more, members, happens = STORIES[kind]
    people = [person("ann", quiet=NIGHT), person("bob", **wishes), person("joe")]
    division = Division(managed("ann", *members, **more), users=people)
    happens(division)
    division.configure(managed(manager, *members, **more))
    division.later(minutes=minutes)
    if (kind, manager) == ("escalated", "joe"):
        hears = []
    assert [each.person for each in told(division) if each.kind == kind] == hears
    assert all(count == 1 for count in identities(division).values())
    is_told = hears or division.state.held
    assert is_told or any(reason.startswith("untold_") for reason in reasons(division))


def test_a_manager_who_was_replaced_is_left_with_a_reason() -> None:
    """The log says of the piece why it is gone, with the decision that tells it to somebody else."""
    division = Division(managed("ann"), users=[person("ann", quiet=NIGHT), person("bob")])
    division.serve("lead/1")
    division.configure(managed("bob"))
    division.later(minutes=60)
    (late,) = [each for each in division.decisions if each.notifications]
    assert (late.outcome.reason, late.notifications[0].person) == ("untold_replaced", "bob")
    assert late.notifications[0].late is not None
    assert late.notifications[0].late.why == "waiting_empty_pool"


def test_of_a_line_that_is_full_nothing_is_lost_either() -> None:
    """What does not fit the line of who manages it now is in a summary of theirs."""
    division = Division(managed("ann"), users=[person("ann", quiet=NIGHT), person("bob", quiet=LONGER)])
    division.serve(*(f"lead/{number}" for number in range(HELD_LIMIT)))
    division.configure(managed("bob"))
    division.serve("lead/last")
    division.later(minutes=120)
    found = told(division)
    assert {each.person for each in found} == {"bob"}
    assert sum(each.summary.count if each.summary else 1 for each in found) == HELD_LIMIT + 1
    assert kept(division) == []


PEOPLE: Final = ("ann", "bob", "cem")
HOURS: Final = (None, (-60, 60), (0, 30), (20, 300), (90, 100))
TURNS: Final = st.one_of(
    st.just("lead"),
    st.sampled_from(("manager ann", "manager bob", "manager cem", "manager ")),
    st.sampled_from((1, 7, 60, 200)),
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(HOURS), st.sampled_from((None, 0, 2))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TURNS, max_size=30))
@example([("ann", None, 0), "lead", 60, "lead"])
def test_each_piece_is_told_once_to_a_manager_of_then_or_left_with_a_reason(history: Sequence[Any]) -> None:
    """D22 Whoever manages the pool, whatever hours they have: exactly one request for person, decision and kind."""
    manager, wishes = "ann", {name: person(name) for name in PEOPLE}
    escalation = Escalation(90 * MINUTE_MS, Target("user", "joe"))
    more: dict[str, Any] = {"escalation": escalation}

    def configured() -> PoolSpec:
        return managed(manager, **more)

    division = Division(configured(), users=[*wishes.values(), person("joe")])
    seen = leads = 0
    for turn in [*history, *((name, None, None) for name in PEOPLE), 1_440 * 3]:
        match turn:
            case "lead":
                leads += 1
                division.serve(f"lead/{leads}")
            case str():
                manager = turn.removeprefix("manager ")
                division.configure(configured(), users=[*wishes.values(), person("joe")])
            case int():
                division.later(minutes=turn)
            case (name, hours, alone):
                digest = None if alone is None else Digesting(alone, 30 * MINUTE_MS)
                wishes[name] = person(name, quiet=quiet(*hours) if hours else None, digest=digest)
                division.configure(configured(), users=[*wishes.values(), person("joe")])
        news = [each for decision in division.decisions[seen:] for each in decision.notifications]
        assert all(each.person == manager or each.summary or each.kind == "assigned" for each in news)
        seen = len(division.decisions)
    assert all(count == 1 for count in identities(division).values())
    assert [*division.state.held, *division.state.hushes, *division.state.digests] == []
    by_kind = Counter(kind for _, kind, _ in identities(division).elements())
    for each in told(division):
        by_kind[each.kind] += each.summary.count if each.summary else 0
    unheard = sum(reason.startswith("untold_") for reason in reasons(division))
    assert by_kind["waiting"] <= leads
    assert by_kind["escalated"] <= leads
    assert by_kind["assigned"] == leads
    assert 2 * leads >= by_kind["waiting"] + by_kind["escalated"]
    if "manager " not in history:
        assert by_kind["waiting"] + by_kind["escalated"] + unheard >= 2 * leads
