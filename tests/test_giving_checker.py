"""The checkers find what was given and ought not to have been: each rule beside a story that keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.accept_checker import course_violations
from tests.checker import violations
from tests.giving_words import Accept, Bound, Terms
from tests.limits_checker import limit_violations
from tests.log_outputs import Output
from tests.log_reader import DEAD_LETTER_REASON, Line, Reader, Seen
from tests.put_off import PUT_OFF_MS
from tests.test_checker import Run, assigned

START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN_OPEN: Final = Bound("member", "sales", "ann", "open", 5)
ANN_IN_AN_HOUR: Final = Bound("member", "sales", "ann", "1h", 2)
ANN_A_DAY: Final = Bound("person", "", "ann", "day", 3, ("lead",), "America/Los_Angeles")
SALES: Final = Bound("pool", "sales", "", "90s", 1)
ACCEPT: Final = {"hotline": Accept(300_000, 1), "twice": Accept(300_000, 0, ask_again=True)}

Step = tuple[float, str, dict[str, Any]]
"""Minutes after the beginning, the outcome or `heard`, and what is said or was told."""


def gives(minutes: float, person: str = "ann", pool: str | None = "sales", **said: Any) -> Step:
    """Somebody is given a lead."""
    return minutes, "assigned", {"owner": {"kind": "user", "id": person}, "pool": pool, **said}


def offers(minutes: float, person: str = "ann", pool: str = "hotline", until: float | None = None) -> Step:
    """The same, to be accepted within five minutes if nothing else is said."""
    return gives(minutes, person, pool, accept_by=at_minute(minutes + 5 if until is None else until))


def waits(minutes: float, pool: str = "slow", **said: Any) -> Step:
    return minutes, "pending", {"pool": pool, "reason": "nobody_eligible", **said}


def takes(minutes: float, person: str = "ann", reason: str = "not_accepted", *, names: str | None = None) -> Step:
    """It is taken from somebody; the answer that says so `names` an offer."""
    return minutes, "released", {"previous_owner": {"kind": "user", "id": person}, "reason": reason, "names": names}


def hears(kind: str, person: str = "", reason: str = "", **said: Any) -> Step:
    """News of the lead, of which nothing is published."""
    return 0, "heard", {"kind": kind, "person": person, "reason": reason, **said}


def counts(*told: tuple[Bound, int]) -> dict[str, Any]:
    """What a decision says of limits."""
    rows = [{"of": bound.of, "per": bound.per, "count": count, "at_most": bound.at_most} for bound, count in told]
    own = [row for row in rows if row["of"] != "pool"]
    whole = [row for row in rows if row["of"] == "pool"]
    return {"candidates": [{"person": "ann", "limits": own}], "limits": whole}


def complaints(
    terms: Terms, *steps: Step, clock: float = 0, versions: Sequence[Terms] = (), reader: Reader | None = None
) -> list[str]:
    """What the checker finds in a story about one lead, or about a new one each time where limits are meant."""
    known = {("main", number): each for number, each in enumerate((terms, *versions), 1)}
    reader, inputs = reader or Reader(0), []
    for number, (minutes, kind, said) in enumerate(steps):
        record = {"type": "lead", "id": "1" if terms.accept or terms.escalates else str(number)}
        event = said if kind == "heard" else {"kind": "declined", "person": said.get("previous_owner", {}).get("id")}
        event = event | {"decision": said["names"]} if said.get("names") else event
        if kind == "heard" or said.get("reason") == "declined":
            told = {"record": {"record_type": "lead", "record_id": record["id"], **event}}
            inputs.append(Seen("events", 0, number, b"", json.dumps(told).encode()))
        if kind == "heard":
            reader.story.append(Line(number, said["reason"], f"0/crm/0/{number}", None))
            continue
        trace = {"question": "rule_set", "candidates": [], **said.get("trace", {})}
        more = {"record": record, "configuration": {"version": said.get("version", 1)}, **said, "trace": trace}
        named = {"type": f"assignment.{kind}.v1", "division": "main", "id": f"#{number}", "time": at_minute(minutes)}
        headers = tuple((f"ce_{name}", value.encode()) for name, value in named.items())
        output = Output("assignments", b"", json.dumps(more).encode(), headers)
        source = f"0/crm/0/{number}" if said.get("reason") == "declined" else ""
        reader.story.append(Line(number, "", source, output))
    reader.clock = round((START + timedelta(minutes=clock)).timestamp() * 1_000)
    return [*limit_violations(known, reader), *course_violations(known, reader, inputs, is_finished=True)]


def at_minute(minutes: float) -> str:
    """So many minutes after the beginning, as it is told."""
    return (START + timedelta(minutes=minutes)).isoformat()


IN_AN_HOUR: Final = Terms((ANN_IN_AN_HOUR,))
A_DAY: Final = Terms((ANN_A_DAY,))
OF_THE_POOL: Final = Terms((SALES,))
OPEN: Final = Terms((ANN_OPEN,))
ACCEPTING: Final = Terms(accept=ACCEPT)
ESCALATING: Final = Terms(escalates={"slow": 1_800_000})


def hour(count: int) -> dict[str, Any]:
    return counts((ANN_IN_AN_HOUR, count))


def day(count: int) -> dict[str, Any]:
    return counts((ANN_A_DAY, count))


@pytest.mark.parametrize(
    ("terms", "steps"),
    [
        (IN_AN_HOUR, [gives(0, trace=hour(0)), gives(59, trace=hour(1)), gives(60, trace=hour(1))]),
        (IN_AN_HOUR, [gives(0, "bob"), gives(1, pool=None), gives(2, trace=hour(0))]),
        (A_DAY, [gives(0, trace=day(0)), gives(1, pool=None), gives(1_379, trace=day(2)), gives(1_380, trace=day(0))]),
        (A_DAY, [gives(0, pool=None, trace={"question": ""}), gives(1, trace=day(0))]),
        (OF_THE_POOL, [gives(0, trace=counts((SALES, 0))), gives(1.5, trace=counts((SALES, 0)))]),
        (OPEN, [gives(0, trace=counts((ANN_OPEN, 4)))]),
        (OPEN, [gives(0, trace=counts((ANN_OPEN, 5)) | {"asked": [{"pool": "sales"}]})]),
        (ACCEPTING, [offers(0), takes(5), offers(5, "bob"), takes(6, "bob", "declined"), waits(6)]),
        (ACCEPTING, [offers(0), takes(1, reason="not_there"), offers(1)]),
        (
            ACCEPTING,
            [offers(0), hears("accepted", "ann", "accepted"), takes(9, reason="owner_chosen"), offers(9, "bob")],
        ),
        (ACCEPTING, [offers(0), hears("updated", reason="closed"), offers(9, "bob")]),
        (ACCEPTING, [offers(0, pool="twice"), takes(5), offers(5, pool="twice")]),
        (ACCEPTING, [offers(0), hears("declined", "bob", "not_offered"), takes(5)]),
        (ACCEPTING, [offers(0), hears("declined", "ann", "another_offer", decision="#9"), takes(5)]),
        (ACCEPTING, [offers(0), hears("accepted", "ann", "accepted", decision="#0")]),
        (
            ACCEPTING,
            [
                offers(0),
                hears("updated"),
                *(step for at in (1, 2, 3) for step in (takes(at, reason="not_there"), offers(at))),
            ],
        ),
        (
            ACCEPTING,
            [
                offers(0, pool="twice"),
                takes(5),
                offers(5, "bob", "twice"),
                hears("updated"),
                takes(10, "bob"),
                gives(10, "eve", "twice", accept_by=at_minute(15), trace={"candidates": [{"person": "ann"}]}),
                takes(11, "eve", "entered_plan"),
                gives(11, pool="sales", trace={"candidates": [{"person": "ann", "excluded": None}]}),
            ],
        ),
        (
            ACCEPTING,
            [
                offers(0, until=2),
                waits(3, "late", record={"type": "lead", "id": "2"}),
                hears("accepted", "ann", "accepted"),
            ],
        ),
        (ESCALATING, [waits(0), waits(30, "late", trace={"question": "escalated"})]),
    ],
)
def test_what_is_right_is_not_complained_of(terms: Terms, steps: list[Step]) -> None:
    assert complaints(terms, *steps) == []


@pytest.mark.parametrize(
    ("terms", "steps", "complaint"),
    [
        (IN_AN_HOUR, [gives(0, trace=hour(0)), gives(1, trace=hour(1)), gives(59, trace=hour(2))], "more than 2 1h"),
        (IN_AN_HOUR, [gives(0, trace=hour(0)), gives(1, trace=hour(0))], "counts 0 1h of a member"),
        (IN_AN_HOUR, [gives(0, trace=hour(0)), gives(60, trace=hour(1))], "counts 1 1h of a member"),
        (IN_AN_HOUR, [gives(0)], "tells of limits []"),
        (IN_AN_HOUR, [gives(0, trace=counts((ANN_IN_AN_HOUR._replace(at_most=9), 0)))], "tells of limits"),
        (IN_AN_HOUR, [gives(0, trace=hour(0), version=7)], "version 7 of main, which there never was"),
        (A_DAY, [gives(0, trace=day(0)), gives(1, trace=day(0))], "counts 0 day of a person"),
        (A_DAY, [gives(0, trace=day(0)), gives(1_000, trace=day(0))], "counts 0 day of a person"),
        (OF_THE_POOL, [gives(0, "bob", trace=counts((SALES, 0))), gives(1, trace=counts((SALES, 1)))], "than 1 90s"),
        (OPEN, [gives(0, trace=counts((ANN_OPEN, 5)))], "more than 5 open of a member"),
        (ACCEPTING, [offers(0), offers(1, "bob")], "gives to bob what is offered to ann"),
        (ACCEPTING, [offers(0), waits(1)], "waits, and is offered to ann"),
        (ACCEPTING, [gives(0, pool="hotline")], "lets ann accept nothing"),
        (ACCEPTING, [offers(0, pool="sales")], "sales has None"),
        (ACCEPTING, [offers(0, until=6)], "offers until"),
        (ACCEPTING, [offers(5, until=4)], "offers until"),
        (ACCEPTING, [offers(0), takes(4)], "takes from ann at"),
        (ACCEPTING, [offers(0), takes(5, "bob")], "takes from bob what is offered to ann"),
        (ACCEPTING, [offers(0), takes(5), offers(5)], "gives to ann, and ['ann'] let it pass"),
        (ACCEPTING, [offers(0), takes(1, reason="declined"), gives(2, pool="sales")], "gives to ann"),
        (ACCEPTING, [offers(0), takes(5), offers(5, "bob"), takes(9, "bob", "not_there"), offers(9, "eve")], "asked 2"),
        (
            ACCEPTING,
            [offers(0, pool="twice"), takes(5), offers(5, pool="twice"), takes(10), offers(10, pool="twice")],
            "in 2 rounds",
        ),
        (ACCEPTING, [offers(0), hears("accepted", "bob", "accepted")], "is accepted by bob"),
        (ACCEPTING, [offers(0), hears("accepted", "ann", "accepted", decision="#9")], "is accepted by ann"),
        (ACCEPTING, [offers(0), hears("declined", "ann", "another_offer", decision="#0"), takes(5)], "is not answered"),
        (ACCEPTING, [offers(0), takes(1, reason="declined", names="#9")], "says that ann declined"),
        (ACCEPTING, [hears("accepted", "ann", "accepted")], ""),
        (ESCALATING, [waits(0), waits(29, trace={"question": "escalated"})], "escalates at"),
        (ESCALATING, [waits(0), *[waits(30, trace={"question": "escalated"})] * 2], "out of slow again"),
        (ESCALATING, [waits(0, "late"), gives(40, trace={"question": "escalated"})], "out of late, which never does"),
    ],
)
def test_what_is_planted_is_found(terms: Terms, steps: list[Step], complaint: str) -> None:
    """D3 D15 D50 D55 By what is published alone."""
    found = complaints(terms, *steps)
    assert [complaint in each for each in found] == ([True] if complaint else [])


def test_an_offer_that_nobody_ended_is_found() -> None:
    """Each ends in accepted, released or, where the run ends before its time is over, open."""
    assert complaints(ACCEPTING, offers(0), clock=4) == []
    assert ["is offered to ann until" in each for each in complaints(ACCEPTING, offers(0), clock=5)] == [True]


def test_an_offer_whose_timer_raised_ends_when_it_goes_off_again() -> None:
    letter = json.dumps({"division": "main", "timer": "offer/lead/1", "due_ms": 0}).encode()
    raised = Output("letters", b"", letter, ((DEAD_LETTER_REASON, b"timer_raised"),))
    for timers in ({"main/offer/lead/1": [PUT_OFF_MS]}, {}):
        reader = Reader(0, batches={0: [raised]}, content={"timer": timers})
        found = complaints(ACCEPTING, offers(0), clock=5, reader=reader)
        assert ["is offered to ann until" in each for each in found] == ([] if timers else [True])


def test_a_limit_that_changed_is_counted_from_when_it_is_in_force() -> None:
    """At least so many; what was counted before may be known still."""
    other = Terms((ANN_IN_AN_HOUR._replace(at_most=9),))
    for count, is_found in ((0, False), (1, False), (2, True)):
        told = counts((ANN_IN_AN_HOUR._replace(at_most=9), count))
        found = complaints(IN_AN_HOUR, gives(0, trace=hour(0)), gives(1, trace=told, version=2), versions=[other])
        assert bool(found) == is_found


def test_the_checker_of_a_whole_run_knows_all_this() -> None:
    """Where it is told what the configurations say."""
    said = {"owner": {"kind": "user", "id": "ann"}, "configuration": {"version": 1}}
    output = assigned(0, trace={"question": "rule_set", "candidates": []}, **said)
    output[-1].append(("ce_time", at_minute(0)))
    evidence = Run().claim().batch([output]).evidence()

    assert violations(evidence) == []
    assert violations(replace(evidence, terms={("main", 1): Terms()})) == []
    (found,) = violations(replace(evidence, terms={("main", 1): OPEN}))
    assert "tells of limits []" in found
