"""To say that somebody is away: the event that is sent, what comes of it, and what is refused before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.cli.exits import WrongUsage
from service.cli.members import Telling, event_of
from service.wire.inputs import decode, read_input
from service.wire.messages import Poison, RawRecord
from tests.cli.conftest import Ended, Run
from tests.cli.running import Service, until

SOON = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


@pytest.fixture
def tell(run: Run, service: Service) -> Callable[..., Ended]:
    """Run `fairlead members`, and wait until the lane of `main` has heard of it."""

    def run_it(*arguments: str) -> Ended:
        told = run("members", *arguments)
        if told.code == 0:
            service.sent += 1
            service.run(until(lambda: service._taken() >= service.sent))
        return told

    return run_it


def state_of(person: str, run: Run) -> object:
    (pool,) = said(run("pools", "sales", "--json").json)
    return next(member["excluded"] for member in pool["members"] if member["person"] == person)


@pytest.mark.parametrize(
    ("word", "state", "ending", "ended"),
    [
        ("away", "away", "back", "available again"),
        ("off-shift", "off_shift", "back", "available again"),
        ("leave", "leave", "leave-ended", "back from leave"),
    ],
)
def test_who_goes_gets_nothing_until_they_are_back(
    tell: Callable[..., Ended], run: Run, word: str, state: str, ending: str, ended: str
) -> None:
    """The lane notes it, `pools` shows it, and its own word ends it."""
    told = tell(word, "bob", "--until", SOON.isoformat())
    assert (told.code, f"until {SOON:%Y-%m-%d %H:%M} UTC" in told.out) == (0, True)
    assert state_of("bob", run) == state
    assert ended in tell(ending, "bob").out
    assert state_of("bob", run) is None


def test_who_is_available_is_on_leave_all_the_same(tell: Callable[..., Ended], run: Run) -> None:
    """D28 A leave ends at its end or by its own word: a phone that says "available" ends none."""
    tell("leave", "bob")
    tell("back", "bob")
    assert state_of("bob", run) == "leave"
    tell("leave-ended", "bob")
    assert state_of("bob", run) is None


def test_a_leave_to_come_is_told_and_called_off(tell: Callable[..., Ended], run: Run, service: Service) -> None:
    """They get what comes until then. Lanes remember it from a level on; the command knows."""
    begins, until = SOON, SOON + timedelta(days=5)
    told = tell("leave", "bob", "--from", begins.isoformat(), "--until", until.isoformat())
    assert f"from {begins:%Y-%m-%d %H:%M} UTC until {until:%Y-%m-%d %H:%M} UTC" in told.out
    assert state_of("bob", run) is None
    assert tell("leave-ended", "bob", "--from", begins.isoformat()).code == 0


@pytest.mark.parametrize("word", ["away", "off-shift", "leave"])
def test_a_time_to_come_may_be_told_from_now(tell: Callable[..., Ended], run: Run, word: str) -> None:
    """Of each who goes, both when that begins and when it ends."""
    told = said(tell(word, "kim", "--from", "+2h", "--until", "+3d", "--json").json)
    begins, until = (datetime.fromisoformat(told[name]) for name in ("begins", "until"))
    assert until - begins < timedelta(days=3, hours=-2, minutes=1)
    assert timedelta(hours=1, minutes=59) < begins - datetime.now(UTC) <= timedelta(hours=2)
    ending = "leave-ended" if word == "leave" else "back"
    assert tell(ending, "kim", "--from", told["begins"]).code == 0


def test_machines_read_what_was_sent(tell: Callable[..., Ended]) -> None:
    """One JSON value with the event's id, by which a dead letter or a log line is found."""
    told = said(tell("away", "kim", "--json").json)
    assert told.pop("id")
    assert told == {
        "person": "kim",
        "availability": "away",
        "begins": None,
        "until": None,
        "division": "main",
        "topic": "crm.members",
    }
    tell("back", "kim")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("away", "bbo"), "did you mean bob?"),
        (("away", "nobody-like-this"), "is not a user of main"),
        (("back", "ann", "--division", "elsewhere"), "divisions that have: main"),
        (("away", "ann", "--until", "christmas"), "this is no time"),
        (("away", "ann", "--until", "2099-12-24T08:00"), "the zone is missing"),
        (("off-shift", "ann", "--until", "2001-01-01T08:00Z"), "this is over"),
        (("away", "ann", "--until", "9999-12-31T23:00-05:00"), "too far away"),
        (("leave", "ann", "--from", "2002-01-01T08:00Z"), "--from 2002-01-01T08:00Z: this is over"),
        (("leave", "ann", "--from", "2099-12-24T08:00Z", "--until", "2099-12-24T08:00Z"), "later than `begins`"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_sent(run: Run, arguments: tuple[str, ...], words: str) -> None:
    told = run("members", *arguments)
    assert (told.code, words in told.err) == (2, True), told.err


def test_the_division_stands_where_the_deployment_reads_it() -> None:
    """A deployment may call its divisions otherwise."""
    message = event_of(Telling("ann", "away", SOON), "acme", "tenant", "crm.members")
    raw = RawRecord(message.topic, 0, 0, message.key, message.value, message.headers, 0)
    found = decode(raw, epoch=0, division_attribute="tenant")
    assert not isinstance(found, Poison)
    assert (found.division, found.broadcast) == ("acme", False)
    read = said(read_input(found.value))
    assert (read.event.person, read.event.until_ms) == ("ann", int(SOON.timestamp() * 1000))


def test_an_event_that_ingest_would_refuse_is_never_sent() -> None:
    with pytest.raises(WrongUsage, match="dead letter"):
        event_of(Telling("ann", "away", None), "no division", "division", "crm.members")
