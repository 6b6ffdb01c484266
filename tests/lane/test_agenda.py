"""In which order timers go off."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from service.core.state import State, Timer
from service.core.timers import due
from service.lane.agenda import LEAST, Agenda
from service.lane.book import Book

NAMES = ("ask/lead/1", "back/ann", "back/bob", "drain/sales", "left/ann", "offer/lead/2")
timers = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 5).map(Timer))


def test_who_comes_or_goes_does_so_before_anything_else_that_is_due_is_decided() -> None:
    """D28 What is decided late is decided with who is there now; before a time has come nothing changes."""
    book = Book()
    book.apply("main", {"timer": {"offer/lead/1": Timer(10), "back/ann": Timer(20), "drain/sales": Timer(20)}})

    assert book.next_timer() == book.next_timer(19) == (10, "main", "offer/lead/1")
    assert book.next_timer(20) == (20, "main", "back/ann")
    assert book.timers_due(20, 2) == [("main", "back/ann"), ("main", "offer/lead/1")]


@given(st.lists(timers, max_size=5), st.integers(0, 5))
def test_a_lane_lets_timers_go_off_in_the_order_of_the_core(changes: Iterable[dict[str, Timer]], now_ms: int) -> None:
    """Whatever was put off before: the core says the order, the agenda finds who is first without looking at all."""
    book, state = Book(), State()
    for change in changes:
        book.apply("main", {"timer": dict(change)})
        state.apply({"timer": dict(change)})

    expected = [name for _, name in due(state, now_ms)]
    assert [name for _, name in book.timers_due(now_ms, 100)] == expected


def test_an_agenda_is_made_anew_where_half_of_it_is_out_of_date() -> None:
    agenda = Agenda()
    for number in range(LEAST + 1):
        agenda.note((number, "main", "back/ann"))
    assert agenda.is_to_be_made_anew

    agenda.make_anew([(LEAST, "main", "back/ann"), (5, "main", "drain/sales")])
    assert len(agenda) == 2
    assert agenda.first(lambda division, name: 5 if name == "drain/sales" else LEAST) == (5, "main", "drain/sales")
