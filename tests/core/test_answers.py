"""Answers to offers: who may answer, what late and repeated ones are, and which offer one is to (D15, D50)."""

from __future__ import annotations

from service.core.model import Nothing, Released
from service.core.state import Timer
from tests.core.build import MINUTE_MS, Division
from tests.core.test_accepting import asking, owner


def test_only_whom_it_is_offered_to_answers() -> None:
    """D50 Late, repeated and strangers' answers are nothing to do, with the reason."""
    division = Division(asking("ann", "bob"))
    division.create()

    assert division.accept("lead/1", "bob") == Nothing("not_offered", "bob")
    assert division.decline("lead/1", "eve") == (Nothing("not_offered", "eve"),)
    assert division.accept("lead/9", "ann") == Nothing("not_offered", "ann")
    division.later(minutes=5)
    assert division.accept("lead/1", "ann") == Nothing("offer_over", "ann")
    assert division.accept("lead/1", "bob") == Nothing("accepted", "bob")
    assert division.accept("lead/1", "bob") == Nothing("accepted_already", "bob")
    assert division.decline("lead/1", "bob") == (Nothing("accepted_already", "bob"),)
    assert owner(division) == "bob"


def test_what_answers_an_earlier_offer_says_nothing_of_the_next_to_the_same_person() -> None:
    """D15 D50 However late and often it comes, and whatever it says; what names the offer that stands counts."""
    division = Division(asking("ann", ask_again=True))
    division.create()
    division.later(minutes=5)
    earlier, standing = division.offer_of(back=1), division.offer_of()
    assert owner(division) == "ann", "ann let it pass, and is asked once more"

    for _ in range(2):
        assert division.decline("lead/1", "ann", decision=earlier) == (Nothing("another_offer", "ann"),)
        assert division.accept("lead/1", "ann", decision=earlier) == Nothing("another_offer", "ann")
    assert division.decline("lead/1", "ann", decision="not-one-of-ours") == (Nothing("another_offer", "ann"),)
    assert division.accept("lead/1", "ann", decision=standing) == Nothing("accepted", "ann")
    assert division.accept("lead/1", "ann", decision=standing) == Nothing("accepted_already", "ann")
    assert division.decline("lead/1", "ann", decision=earlier) == (Nothing("accepted_already", "ann"),)
    assert not division.state.offered_by


def test_who_was_away_is_asked_anew_and_their_late_answer_is_to_the_offer_before() -> None:
    """D15 D50 What was taken back because they went is offered to them again once they are back."""
    division = Division(asking("ann"))
    division.create()
    first = division.offer_of()
    division.away("ann")
    division.back("ann")
    division.later(minutes=1)
    assert division.offer_of() != first

    assert division.decline("lead/1", "ann", decision=first) == (Nothing("another_offer", "ann"),)
    assert division.decline("lead/1", "ann", decision=division.offer_of())[0] == Released("ann", "sales", "declined")


def test_an_answer_that_names_no_offer_is_to_the_one_that_stands() -> None:
    """D50 So a CRM that names none may have a late answer counted for the next offer to the same person."""
    division = Division(asking("ann", ask_again=True))
    division.create()
    division.later(minutes=5)

    assert division.decline("lead/1", "ann")[0] == Released("ann", "sales", "declined")


def test_where_it_is_not_known_by_which_decision_it_was_offered_any_answer_counts() -> None:
    """As on a lane that was not raised to the level yet at which this is remembered."""
    division = Division(asking("ann"))
    division.create()
    del division.state.offered_by["lead/1"]

    assert division.decline("lead/1", "ann", decision="any")[0] == Released("ann", "sales", "declined")


def test_that_it_names_the_offer_makes_nobody_elses_answer_theirs() -> None:
    """D50 A stranger who knows the offer is a stranger."""
    division = Division(asking("ann", "bob"))
    division.create()
    offer = division.offer_of()

    assert division.accept("lead/1", "bob", decision=offer) == Nothing("not_offered", "bob")
    division.later(minutes=5)
    assert division.accept("lead/1", "ann", decision=offer) == Nothing("offer_over", "ann")
    assert division.accept("lead/1", "bob", decision=offer) == Nothing("another_offer", "bob")
    assert owner(division) == "bob"


def test_an_answer_behind_the_deadline_is_late_also_where_the_timer_was_put_off() -> None:
    """D50 A timer that raises is tried again an hour later, and the offer is over by then all the same."""
    division = Division(asking("ann"))
    division.create()
    division.state.apply({"timer": {"offer/lead/1": Timer(division.now_ms + 60 * MINUTE_MS)}})
    division.later(minutes=5)

    assert division.accept("lead/1", "ann") == Nothing("offer_over", "ann")
    assert division.decline("lead/1", "ann") == (Nothing("offer_over", "ann"),)
    division.later(minutes=60)
    assert owner(division) == ""
