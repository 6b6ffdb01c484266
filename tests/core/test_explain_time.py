"""What people read of somebody's time and skills: in an explanation, and of a pool as it stands."""

from __future__ import annotations

from service.core.calendar import Block, WorkCalendar, WorkingTime
from service.core.configuration import User
from service.core.telling.explain import explain
from service.core.traits import Trait, Traits
from service.views.standing import _standing
from tests.core.build import Division, pool

ZONE = "Asia/Kolkata"
MORNINGS = WorkingTime(WorkCalendar(ZONE, tuple(Block(day, 540, 720) for day in range(7))))
GERMAN: Traits = {("skill", "german"): 1}


def a_division() -> Division:
    """It is Wednesday, 15 November 2023, 03:43 in Kolkata: ann works from nine on, and bob always."""
    ann = User("ann", zone=ZONE, time=MORNINGS, traits=GERMAN)
    wanted, preferred = Trait("skill", path="language"), Trait("skill", "german")
    spec = pool("ann", "bob", "eve", requires=(wanted,), prefer=(preferred,))
    return Division(spec, users=[ann, User("bob"), User("eve", traits=GERMAN)])


def test_an_explanation_says_until_when_somebody_is_off_shift_and_who_is_preferred() -> None:
    """D12 D16 S39 On the clock of the person."""
    division = a_division()
    division.create("lead/1", facts={"language": "German"})
    division.create("lead/2")

    off_shift = "  ann   left out   off shift until Wed 2023-11-15 09:00 Asia/Kolkata"
    assert explain(division.last("lead/1"), division.config)[1:] == [
        off_shift,
        "  bob   left out   lacks a skill that the record asks for",
        "  eve   chosen     0 open, place 1 of 1, never served, preferred",
    ]
    assert explain(division.last("lead/2"), division.config)[1:] == [
        off_shift,
        "  eve   chosen     1 open, place 1 of 2, in line since turn 1, preferred",
        "  bob   behind     0 open, place 2 of 2, never served",
    ]


def test_a_pool_shows_who_is_there_until_when_and_when_the_others_are_back() -> None:
    """D12 Of who is there always no end is shown."""
    division = a_division()
    division.away("bob", until_minutes=60)

    def shown() -> dict[str, tuple[str | None, str]]:
        spec = division.config.pools["sales"]
        found = _standing(spec, division.config, division.state, division.now_ms, "ready")
        return {each.person: (each.excluded, each.until) for each in found.members}

    assert shown() == {
        "ann": ("off_shift", "Wed 2023-11-15 09:00 Asia/Kolkata"),
        "bob": ("away", "Tue 2023-11-14 23:13 UTC"),
        "eve": (None, ""),
    }
    division.later(minutes=6 * 60)
    assert shown()["ann"] == (None, "Wed 2023-11-15 12:00 Asia/Kolkata")
