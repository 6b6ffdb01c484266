"""News of people: what keeps somebody away, and what division it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.configuration import User
from service.core.events import MemberEvent
from service.core.holding.presence import STRANGERS_LIMIT
from service.core.model import Nothing
from service.core.person import Absence, Person
from tests.core.build import MINUTE_MS, START_MS, Division, pool

WORDS: Final = ("available", "away", "leave", "leave_ended", "off_shift")
NEWS: Final = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from([None, 1, 30])), min_size=1, max_size=6).map(
    lambda told: [
        MemberEvent(
            f"event-{number}",
            "ann",
            word,
            None if minutes is None else START_MS + minutes * MINUTE_MS,
            time_ms=START_MS - MINUTE_MS + number,
        )
        for number, (word, minutes) in enumerate(told)
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


def _causes(division: Division) -> tuple[Absence, ...]:
    person = division.state.people.get("ann") or Person()
    return person.presence, person.shift, person.leave
