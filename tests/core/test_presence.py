"""News of people: what keeps somebody away, and what division it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.configuration import User
from service.core.events import MemberEvent
from service.core.holding.planning import PLANNED_LIMIT
from service.core.holding.presence import REMEMBERED_EVENTS, REMEMBERED_UNTIMED, STRANGERS_LIMIT
from service.core.model import Assigned, Nothing, Pending
from service.core.person import Absence, Person
from tests.core.build import MINUTE_MS, START_MS, Division, pool

WORDS: Final = ("available", "away", "leave", "leave_ended", "off_shift")
BEGINS: Final = st.sampled_from([None, None, 2, 20])
NEWS: Final = st.lists(
    st.tuples(st.sampled_from(WORDS), BEGINS, st.sampled_from([None, 1, 30])), min_size=1, max_size=6
).map(
    lambda told: [
        MemberEvent(
            f"event-{number}",
            "ann",
            word,
            None if minutes is None else START_MS + ((begins or 0) + minutes) * MINUTE_MS,
            time_ms=START_MS - MINUTE_MS + number,
            begins_ms=None if begins is None else START_MS + begins * MINUTE_MS,
        )
        for number, (word, begins, minutes) in enumerate(told)
    ]
)


@given(news=NEWS, shuffled=st.randoms(use_true_random=False), repeated=st.integers(0, 3))
@settings(max_examples=300, deadline=timedelta(seconds=5))
def test_news_in_any_order_and_told_twice_lead_to_one_presence(
    news: list[MemberEvent], shuffled: object, repeated: int
) -> None:
    """D28 Each cause follows its own newest time, so what overtook what is not seen afterwards."""
    mixed = [*news, *news[:repeated]]
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis gives a `random.Random`
    in_order, mixed_up = Division(pool("ann")), Division(pool("ann"))
    for event in news:
        in_order.send(event)
    for event in mixed:
        mixed_up.send(event)
    for minutes in (0, 2, 60):
        in_order.later(minutes=minutes)
        mixed_up.later(minutes=minutes)
        assert _causes(in_order) == _causes(mixed_up)
        assert in_order.state.timers == mixed_up.state.timers
        assert in_order.state.planned == mixed_up.state.planned


def test_who_is_away_by_two_causes_is_back_when_both_have_ended() -> None:
    """D28 The first end wakes nobody, the second what waits; the pending record names the second."""
    division = Division(pool("ann"))
    division.tell("ann", "leave", until_ms=START_MS + 60 * MINUTE_MS)
    division.tell("ann", "off_shift", until_ms=START_MS + 10 * MINUTE_MS)
    outcome = division.create()
    assert getattr(outcome, "next_try_ms", None) == START_MS + 60 * MINUTE_MS

    division.later(minutes=30)
    assert division.record().owner == ""
    division.later(minutes=30)
    assert division.record().owner == "ann"


@pytest.mark.parametrize("word", ["leave", "away", "off_shift"])
def test_an_end_that_is_over_is_no_absence(word: str) -> None:
    """D28 A leave whose last day was yesterday."""
    division = Division(pool("ann"))
    division.tell("ann", word, until_ms=START_MS - MINUTE_MS)
    assert division.serve("lead/1") == ["ann"]
    assert division.state.timers == {}


def test_an_unknown_word_is_nothing_to_do_and_says_which() -> None:
    """D28 Nobody is passed over for what nobody understands."""
    division = Division(pool("ann"))
    assert division.send(MemberEvent("e", "ann", "lunch")) == (Nothing("unknown_availability", "lunch"),)
    assert division.state.people == {}


def test_of_unknown_people_the_latest_are_remembered() -> None:
    """D42 So many and no more: of a CRM with many users a division needs few."""
    division = Division(pool("ann"))
    for number in range(STRANGERS_LIMIT + 10):
        division.now_ms += 1
        division.tell(f"stranger-{number}", "away", until_ms=division.now_ms + MINUTE_MS)
    division.tell("ann", "away")

    assert len(division.state.people) == STRANGERS_LIMIT + 1
    assert not {f"stranger-{number}" for number in range(10)} & division.state.people.keys()
    assert len(division.state.timers) == STRANGERS_LIMIT


def test_a_stranger_who_is_configured_later_is_away_from_the_beginning() -> None:
    """D42 And counts among the unknown no longer; who is taken out of the configuration does."""
    division = Division(pool("ann"))
    division.tell("bob", "away")
    division.configure(pool("bob"))

    assert division.state.people["bob"].heard_ms == 0
    assert division.serve("lead/1") == [""]
    division.configure(pool("ann"), users=[User("ann")])
    assert set(division.state.strangers) == {"bob"}


def test_a_repeat_is_known_among_the_latest_news_of_a_person() -> None:
    """D28 By its id where it has no time; what has one is older than what overtook it, however long ago that was."""
    division = Division(pool("ann"))
    words = [("away", "available")[number % 2] for number in range(3 * REMEMBERED_EVENTS)]
    timed = [MemberEvent(f"timed-{number}", "ann", word, time_ms=number) for number, word in enumerate(words)]
    untimed = [MemberEvent(f"untimed-{at}", "ann", word) for at, word in enumerate(words[:REMEMBERED_UNTIMED])]
    for told, repeated, reason in (
        (timed, timed[:-REMEMBERED_EVENTS], "older_news"),
        (untimed, untimed, "duplicate_event"),
    ):
        for event in told:
            assert division.send(event) == (Nothing("member_changed", event.availability),)
        assert [division.send(event)[0].reason for event in repeated] == [reason] * len(repeated)
    division.tell("ann", "away", time_ms=START_MS)
    assert len(division.state.people["ann"].seen) == REMEMBERED_EVENTS


def _causes(division: Division) -> tuple[Absence, ...]:
    person = division.state.people.get("ann") or Person()
    return person.presence, person.shift, person.leave


def test_a_leave_that_is_to_come_begins_by_itself_and_ends() -> None:
    """D12 D28 Until then they get what comes, from then on nothing, and afterwards what waits."""
    division = Division(pool("ann"))
    division.tell("ann", "leave", begins_ms=START_MS + 60 * MINUTE_MS, until_ms=START_MS + 90 * MINUTE_MS)
    assert division.create("lead/1") == Assigned("ann", "sales", 1)
    division.later(minutes=59)
    assert division.create("lead/2") == Assigned("ann", "sales", 2)
    division.later(minutes=1)
    outcome = division.create("lead/3")
    assert outcome == Pending("sales", "nobody_eligible", START_MS + 90 * MINUTE_MS)
    division.later(minutes=30)
    assert division.last("lead/3").outcome == Assigned("ann", "sales", 3)
    assert not division.state.planned
    assert not division.state.timers


@pytest.mark.parametrize(
    ("later", "is_there"),
    [
        (("leave_ended", {"begins_ms": START_MS + 5 * MINUTE_MS}), True),
        (("leave_ended", {"begins_ms": START_MS + 6 * MINUTE_MS}), False),
        (("leave_ended", {}), False),
        (("available", {}), False),
        (("leave", {"begins_ms": START_MS + 5 * MINUTE_MS, "until_ms": START_MS + 6 * MINUTE_MS}), True),
        (("leave", {"begins_ms": START_MS + 5 * MINUTE_MS, "until_ms": START_MS + 9 * MINUTE_MS}), False),
    ],
    ids=["called off", "another one", "of now", "of presence", "shortened", "told again"],
)
def test_what_is_planned_is_changed_by_what_names_its_beginning(later: tuple[str, Any], is_there: bool) -> None:
    """What ends a leave that they are on says nothing of the next one."""
    division = Division(pool("ann"))
    division.tell("ann", "leave", begins_ms=START_MS + 5 * MINUTE_MS, until_ms=START_MS + 9 * MINUTE_MS)
    division.tell("ann", later[0], **later[1])
    division.later(minutes=7)
    assert isinstance(division.create(), Assigned) is is_there


def test_a_leave_that_begins_during_another_goes_on_to_the_later_end() -> None:
    """Two requests that overlap are one absence."""
    division = Division(pool("ann"))
    division.tell("ann", "leave", until_ms=START_MS + 9 * MINUTE_MS)
    division.tell("ann", "leave", begins_ms=START_MS + 5 * MINUTE_MS, until_ms=START_MS + 7 * MINUTE_MS)
    division.tell("ann", "leave", begins_ms=START_MS + 8 * MINUTE_MS, until_ms=START_MS + 20 * MINUTE_MS)
    for minutes, absence in ((6, "leave"), (2, "leave"), (4, "leave"), (8, None)):
        division.later(minutes=minutes)
        assert division.state.people["ann"].absence == absence


def test_a_person_has_a_bounded_counted_plans() -> None:
    """D28 Those that begin next are kept; and of somebody who is forgotten nothing is."""
    division = Division(pool("ann"))
    for number in range(PLANNED_LIMIT + 5):
        division.tell("ann", "away", begins_ms=START_MS + (100 - number) * MINUTE_MS)
    begins = [each.begins_ms for each in division.state.planned["ann"].spells]
    assert len(begins) == PLANNED_LIMIT
    assert begins[0] == START_MS + (100 - PLANNED_LIMIT - 4) * MINUTE_MS
    division.tell("eve", "leave", begins_ms=START_MS + 900 * MINUTE_MS)
    for number in range(STRANGERS_LIMIT):
        division.tell(f"stranger-{number}", "away")
    assert "eve" not in division.state.planned
