"""When nothing waits for a step (c5): its people are not there as long as its wait would last."""

from __future__ import annotations

from typing import Any, Final

import pytest

from service.core.model import Assigned, Pending
from service.core.reasons import SKIPPED
from service.core.telling.explain import explain
from tests.core.build import MINUTE_MS, START_MS, updated
from tests.core.test_steps import HOUR, TWO, WORLD, Climbing

FRIDAY_MS = START_MS + 3 * 24 * HOUR * MINUTE_MS
"""The test begins on a Tuesday at 22:13 UTC; three days on it is Friday night."""

OFFICE = {"hours": {"mon-fri": "09:00-18:00"}, "zone": "UTC"}
SKIPPING: list[Any] = [{"pool": "emea", "wait": "15m", "skip_if": "nobody_present"}, {"pool": "world"}]


def office(*, also: dict[str, Any] | None = None) -> Climbing:
    """A division whose people of emea work in an office, from Friday night on."""
    users = {"ann": OFFICE, "bob": OFFICE, "eve": {}} | (also or {})
    division = Climbing(SKIPPING, users=users)
    division.later(minutes=(FRIDAY_MS - START_MS) // MINUTE_MS)
    return division


def test_c5_nobody_is_there_before_monday_so_the_world_is_asked_at_once() -> None:
    """c5 And who was skipped has it all the same where they are back first."""
    division = office()
    assert division.new("lead/1") == Assigned("eve", "world", 1)
    assert division.last().trace.steps[0].skipped == "nobody_present"
    division.away("eve")
    division.new("lead/2")
    division.later(minutes=3 * 24 * HOUR)

    assert division.owner("lead/2") in ("ann", "bob")


def test_c5_somebody_is_on_in_five_minutes_so_they_are_waited_for() -> None:
    division = office()
    minutes_to_nine = (33 * HOUR + 24 * HOUR) - 22 * HOUR - (FRIDAY_MS // MINUTE_MS) % HOUR
    division.later(minutes=minutes_to_nine + 24 * HOUR - 5)
    assert isinstance(division.new(), Pending)
    division.later(minutes=5)

    assert division.owner() in ("ann", "bob")


def test_c5_a_record_that_is_days_old_waits_for_a_step_as_one_that_is_new() -> None:
    """c5 It was three days in another step, and the next has its whole wait."""
    steps = [{"pool": "old", "wait": "3d"}, *SKIPPING]
    pools = {**TWO, "old": {"record_type": "lead", "members": ["zed"]}}
    division = Climbing(steps, pools, users={"ann": OFFICE, "bob": OFFICE, "eve": {}, "zed": {}})
    division.away("zed")
    minutes_to_nine = 33 * HOUR - 22 * HOUR - (START_MS // MINUTE_MS) % HOUR
    division.later(minutes=minutes_to_nine - 5 + 2 * 24 * HOUR)
    division.new()
    division.later(minutes=3 * 24 * HOUR)
    assert division.owner() == "", "it is Monday, 08:55"
    division.later(minutes=5)
    assert division.owner() in ("ann", "bob")


def test_who_is_away_without_a_known_end_is_not_counted_on() -> None:
    division = Climbing(SKIPPING)
    division.away("ann")
    division.away("bob", until_minutes=15)
    assert division.new("lead/1") == Assigned("eve", "world", 1)
    division.away("bob", until_minutes=14)

    assert isinstance(division.new("lead/2"), Pending)


def test_an_explanation_says_which_steps_were_reached_and_why_nothing_waited() -> None:
    """D16 D56"""
    division = office()
    division.new()

    assert explain(division.last(), division.config)[1:4] == [
        "  step 1   pool emea    reached Fri 2023-11-17 22:13 UTC, without a wait: nobody of it is there in time",
        "  step 2   pool world   reached Fri 2023-11-17 22:13 UTC",
        "  eve   chosen   0 open, place 1 of 1, never served",
    ]


EMEA_AND_WORLD: list[Any] = [{"pool": "emea", "wait": "15m"}, {"pool": "world"}]
ANYBODY: dict[str, Any] = {"ann": {}, "bob": {}, "eve": {}, "off": {"active": False}}


def emea(*members: Any, **said: Any) -> dict[str, Any]:
    """The pool that is asked first."""
    return {"record_type": "lead", "members": list(members), **said}


def asked_first(pool: dict[str, Any], **sections: Any) -> Climbing:
    """A division in which leads are asked of this pool first, and of eve after 15 minutes."""
    return Climbing(EMEA_AND_WORLD, {"emea": pool, "world": emea("eve")}, **{"users": ANYBODY} | sections)


WANTS_DE: dict[str, Any] = {"user": "ann", "criteria": ["country equals DE"]}
WANTS_FR: dict[str, Any] = {"user": "bob", "criteria": ["country equals FR"]}


@pytest.mark.parametrize(
    ("pool", "why"),
    [
        (emea(WANTS_DE, WANTS_FR), "domain"),
        (emea(WANTS_DE, "off"), "domain"),
        (emea("ann", "bob", requires=[{"skill": "german"}]), "skills"),
        (emea(WANTS_DE, "bob", requires=[{"skill": "german"}]), "nobody"),
        (emea({"user": "ann", "max_open": 0}, {"user": "bob", "limits": [{"at_most": 0, "open": True}]}), "full"),
        (emea({"user": "ann", "limits": [{"at_most": 0, "per": "1h"}]}), "limit"),
        (emea({"user": "ann", "limits": [{"at_most": 0, "per": "month"}, {"at_most": 3, "open": True}]}), "limit"),
        (emea("ann", "bob", limits=[{"at_most": 0, "per": "day"}]), "pool_limit"),
        (emea("ann", "bob", limits=[{"at_most": 2, "open": True}]), "too_large"),
        (emea({"user": "ann", "max_open": 2}, "off"), "too_large"),
        (emea("off"), "nobody"),
        (emea(), "nobody"),
    ],
)
def test_c5_a_step_whose_members_can_none_take_the_record_has_no_wait(pool: dict[str, Any], why: str) -> None:
    """c5 D56 By their own conditions, by skills, by what it weighs, by a limit of nothing: whoever comes or goes."""
    division = asked_first(pool, sizes={"lead": "size"})

    assert division.new(country="AT", size=3) == Assigned("eve", "world", 1)
    assert division.said() == [f"pool:emea 0 {why}", "pool:world 0"]


def test_what_only_time_or_presence_or_load_keeps_away_is_waited_for() -> None:
    """c5 Who is away, off, at a limit, or wants it at another time may take it after all."""
    today: dict[str, Any] = {"user": "bob", "criteria": ["due equals today"]}
    full: dict[str, Any] = {"user": "bob", "max_open": 1}
    busy: dict[str, Any] = {"user": "bob", "limits": [{"at_most": 1, "per": "1h"}]}
    for member in ("bob", today, full, busy):
        division = asked_first(emea(WANTS_DE, member))
        division.create("lead/0", "pool:emea", facts={"due": "2023-11-14"})
        division.away("bob")

        assert isinstance(division.new("lead/1", country="AT", due="2024-05-01"), Pending), member
        assert division.said("lead/1") == ["pool:emea 0", "pool:world 15 ahead"]


@pytest.mark.parametrize(("limit", "why"), [({"open": True}, "full"), ({"per": "day"}, "limit")])
def test_a_person_who_may_be_given_nothing_is_not_waited_for(limit: dict[str, Any], why: str) -> None:
    steps = [{"user": "ann", "wait": "15m"}, {"user": {"field": "manager"}, "wait": "15m"}, {"pool": "world"}]
    nothing = {"limits": [{"at_most": 0, **limit}]}
    division = Climbing(steps, {"world": WORLD}, users={"ann": nothing, "bob": nothing, "eve": {}})

    assert division.new(manager="bob") == Assigned("eve", "world", 1)
    assert division.said() == [f"user:ann 0 {why}", f"user:{{manager}} 0 {why}", "pool:world 0"]


def test_pools_that_help_a_step_out_are_waited_for_if_they_want_the_record() -> None:
    """D3 c5"""
    for country, is_waited_for in (("DE", True), ("FR", False)):
        pools = {
            "emea": emea(
                WANTS_FR | {"criteria": ["country equals IT"]}, nobody_eligible={"fallback": {"pool": "help"}}
            ),
            "help": emea("ann", criteria=["country equals DE"]),
            "world": emea("eve"),
        }
        division = Climbing(EMEA_AND_WORLD, pools, users=ANYBODY)
        division.away("ann")
        assert isinstance(division.new(country=country), Pending) is is_waited_for


def test_nobody_present_asks_those_alone_who_could_take_the_record() -> None:
    """c5 Bob is there, and does not want it: of those who do nobody is."""
    division = Climbing(SKIPPING, {"emea": emea(WANTS_DE, WANTS_FR), "world": emea("eve")}, users=ANYBODY)
    division.away("ann")

    assert division.new(country="DE") == Assigned("eve", "world", 1)
    assert division.said() == ["pool:emea 0 nobody_present", "pool:world 0"]


GERMAN: Final = {"skills": {"german": 2}}
CHANGES: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "domain": ({"facts": {"country": "FR"}}, {}),
    "skills": ({"facts": {"language": "finnish"}}, {}),
    "too_large": ({"facts": {"size": 6}}, {}),
    "nobody": ({}, {"users": ANYBODY | {"ann": GERMAN | {"active": False}}}),
    "full": ({}, {"pools": {"emea": emea(WANTS_DE | {"max_open": 0}), "world": emea("eve")}}),
    "limit": ({}, {"users": ANYBODY | {"ann": GERMAN | {"limits": [{"at_most": 0, "per": "day"}]}}}),
    "pool_limit": (
        {},
        {"pools": {"emea": emea(WANTS_DE, limits=[{"at_most": 0, "open": True}]), "world": emea("eve")}},
    ),
}


@pytest.mark.parametrize("why", CHANGES)
def test_c5_where_nobody_could_take_it_any_more_the_wait_is_over_at_that_moment(why: str) -> None:
    """c5 D56 News of the record, somebody who is switched off, a limit that leaves nothing."""
    news, sections = CHANGES[why]
    first = emea(WANTS_DE | {"max_open": 5}, requires=[{"skill": {"field": "language"}}])
    division = asked_first(first, users=ANYBODY | {"ann": GERMAN}, sizes={"lead": "size"})
    division.away("ann")
    assert isinstance(division.new(country="DE", language="german", size=2), Pending)
    division.later(minutes=7)
    assert division.owner() == ""
    if news:
        division.send(updated("lead/1", **news))
    else:
        division.configure(**sections)
    division.later(minutes=0)

    assert division.said() == [f"pool:emea 0 {why}", "pool:world 7"]
    assert division.owner() == "eve"


@pytest.mark.parametrize(
    ("manager", "why"), [(None, "field_unset"), ("nobody-we-know", "unknown_user"), ("off", "inactive_user")]
)
def test_c5_a_field_that_names_nobody_any_more_ends_the_wait(manager: str | None, why: str) -> None:
    """c5 And where it names somebody else, they are waited for as long as the first would have been."""
    steps = [{"user": {"field": "manager"}, "wait": "15m"}, {"pool": "world"}]
    division = Climbing(steps, {"world": WORLD}, users=ANYBODY)
    division.away("ann")
    division.away("bob")
    division.new(manager="ann")
    division.later(minutes=5)
    division.send(updated("lead/1", facts={"manager": "bob"}))
    division.later(minutes=5)
    assert division.owner() == ""
    division.send(updated("lead/1", facts={"manager": manager}))
    division.later(minutes=0)

    assert division.owner() == "eve"
    assert division.said() == [f"user:{{manager}} 0 {why}", "pool:world 10"]


def test_c5_who_is_switched_off_while_a_record_waits_for_them_is_not_waited_for() -> None:
    steps = [{"user": {"field": "manager"}, "wait": "15m"}, {"pool": "world"}]
    division = Climbing(steps, {"world": WORLD}, users=ANYBODY)
    division.away("ann")
    division.new(manager="ann")
    division.later(minutes=5)
    division.configure(users=ANYBODY | {"ann": {"active": False}})
    division.later(minutes=0)

    assert division.owner() == "eve"
    assert division.said() == ["user:{manager} 0 inactive_user", "pool:world 5"]


@pytest.mark.parametrize("ask_again", [False, True])
def test_d50_where_all_of_a_step_declined_it_the_next_is_asked_at_once(*, ask_again: bool) -> None:
    """c5 D50 But where the pool asks once more, for who may be asked again is waited for."""
    division = asked_first(emea("ann", "off", accept_within="5m", hand_on=3, ask_again=ask_again))
    division.new(country="DE")
    division.later(minutes=2)
    division.decline("lead/1", "ann")
    assert division.owner() == ("ann" if ask_again else "eve")
    division.away("ann")
    division.later(minutes=1)

    assert division.said() == (
        ["pool:emea 0", "pool:world 15 ahead"] if ask_again else ["pool:emea 0 declined", "pool:world 2"]
    )


def test_who_can_take_it_after_all_has_it_though_nothing_waited_for_their_step() -> None:
    division = asked_first(emea(WANTS_DE))
    division.away("eve")
    division.new(country="AT")
    assert division.said() == ["pool:emea 0 domain", "pool:world 0"]
    division.send(updated("lead/1", facts={"country": "DE"}))
    division.later(minutes=0)

    assert division.owner() == "ann"


def test_an_explanation_says_why_a_wait_ended_before_its_time() -> None:
    """D16 D56"""
    division = asked_first(emea(WANTS_DE))
    division.away("ann")
    division.new(country="DE")
    division.later(minutes=7)
    division.send(updated("lead/1", facts={"country": "AT"}))
    division.later(minutes=0)

    assert explain(division.last(), division.config)[1:3] == [
        "  step 1   pool emea    reached Tue 2023-11-14 22:13 UTC, waited for until Tue 2023-11-14 22:20 UTC: "
        + SKIPPED["domain"],
        "  step 2   pool world   reached Tue 2023-11-14 22:20 UTC",
    ]
