"""What is offered, handed on and escalated, by what was published and what the configurations say, and nothing else.

All that a lane decided is gone through in its order, with the events of the CRM in between: who has a record to accept,
who declined it, how often it was handed on, and what waited too long follow from that. Where an event of a record may
have ended what was going on without a word, nothing more is concluded from before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.giving_words import Known, Terms, id_of, milliseconds, said_of
from tests.log_reader import DEAD_LETTER_REASON, Reader, Seen, header

TAKEN_BACK: Final = frozenset({"declined", "not_accepted", "not_there"})
LONG_AGO: Final = 0
"""Stands for a time that is not known."""
UNHEARD: Final = frozenset({"duplicate_event", "redriven_already"})
"""Why an event changes nothing that was known before."""
ANSWERS: Final = frozenset({"accepted", "declined"})
"""Kinds of events that end nothing by themselves; what comes of an answer is said."""


@dataclass
class Course:
    """How far a record has come: whom it is offered to, who was asked how often, and since when it has nobody.

    The id of the `offer` is what an answer may name. It may be told to end before the `deadline_ms`, because somebody
    is to go; then they may stay after all. Once it may have ended without a word, it is not known how often the record
    was offered (`is_counted`).
    """

    person: str = ""
    offer: str = ""
    deadline_ms: int = 0
    passed: set[str] = field(default_factory=set)
    offers: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    since_ms: int | None = None
    line: str = ""
    escalated: set[str] = field(default_factory=set)
    decliner: str = ""
    is_sure: bool = True
    is_counted: bool = True

    def finish(self) -> None:
        """Somebody has it for good: nothing is left but who is not asked again."""
        self.__init__(passed=self.passed)  # type: ignore[misc]  # all else begins anew

    def doubt(self) -> None:
        """An event may have ended the offer without a word, or have changed nothing."""
        person, offer, until_ms = self.person, self.offer, self.deadline_ms
        self.finish()
        self.person, self.offer, self.deadline_ms = person, offer, until_ms
        self.is_sure, self.since_ms = False, LONG_AGO
        self.is_counted = False

    @property
    def offered_to(self) -> str:
        """Whom it is offered to for sure."""
        return self.person if self.is_sure else ""


def course_violations(known: Known, reader: Reader, inputs: Sequence[Seen], *, is_finished: bool) -> Iterator[str]:
    """Record by record: one person at a time, nobody again, not too often, not for ever, and escalated once."""
    if known:
        found = _violations(known, reader, {seen.offset: seen.value for seen in inputs}, is_finished=is_finished)
        yield from (f"lane {reader.lane}: {line}" for line in found)


def _violations(known: Known, reader: Reader, inputs: Mapping[int, bytes], *, is_finished: bool) -> Iterator[str]:
    courses: dict[tuple[str, str], Course] = {}
    last, clock_ms = -1, 0
    for line in reader.story:
        if line.forgotten:
            division, _, record = line.forgotten.partition("/")
            courses.pop((division, record), None)
            continue
        if line.source and line.at != last and line.reason not in UNHEARD:
            yield from _heard(inputs.get(line.at, b""), line.reason, courses, clock_ms)
        last = line.at if line.source else last
        said = said_of(line.output)
        if said is not None:
            clock_ms = said["ms"]
            name = f"{said['record']['type']}/{said['record']['id']}"
            course = courses.setdefault((said["division"], name), Course())
            terms = known.get((said["division"], said["configuration"]["version"]), Terms())
            yield from (f"{id_of(line)} {complaint}" for complaint in _decided(said, course, terms))
            course.offer = id_of(line) if "accept_by" in said else course.offer
    put_off = _put_off(reader)
    for (division, name), course in courses.items():
        is_over = course.offered_to and course.deadline_ms <= reader.clock
        if is_finished and is_over and f"{division}/offer/{name}" not in put_off:
            yield f"{division} {name} is offered to {course.person} until {course.deadline_ms}; it is {reader.clock}"


def _put_off(reader: Reader) -> set[str]:
    """The timers that raised when they went off. They do so again later, and until then what they end goes on."""
    letters = [output for outputs in reader.batches.values() for output in outputs]
    raised = [json.loads(each.value) for each in letters if header(each, DEAD_LETTER_REASON) == "timer_raised"]
    return {f"{each['division']}/{each['timer']}" for each in raised}


def _heard(value: bytes, reason: str, courses: Mapping[tuple[str, str], Course], clock_ms: int) -> Iterator[str]:
    """News of a record, heard at `clock_ms` or later. Only whom it is offered to accepts, and only in time."""
    event = json.loads(value or b"{}")
    record = event.get("record") or {}
    if "record_id" not in record:
        return
    division, kind = event.get("division", "main"), record["kind"]
    concerned = [f"{record['record_type']}/{record['record_id']}", *_others(record)]
    for name in concerned:
        course = courses.get((division, name))
        if course is None:
            continue
        answers_another = bool(course.offer) and record.get("decision", course.offer) != course.offer
        course.decliner = record.get("person", "") if kind == "declined" and not answers_another else ""
        if reason == "another_offer" and not answers_another:
            yield f"{division} {name} is not answered by {record['decision']}, which offered it"
        if reason == "accepted":
            if course.person != record["person"] or clock_ms >= course.deadline_ms or answers_another:
                yield f"{division} {name} is accepted by {record['person']}; it is offered to {course}"
            course.finish()
        elif kind not in ANSWERS:
            course.doubt()


def _others(record: Mapping[str, Any]) -> Iterator[str]:
    """The lead that is converted, whose course ends with it."""
    for linked in (record.get("linked"), record.get("facts")):
        lead = linked.get("lead") if isinstance(linked, dict) else None
        if isinstance(lead, dict) and "id" in lead:
            yield f"lead/{lead['id']}"


def _decided(said: Mapping[str, Any], course: Course, terms: Terms) -> Iterator[str]:
    if said["trace"]["question"] == "escalated":
        yield from _escalated(said, course, terms)
    match said["kind"]:
        case "assigned" if said["owner"]["kind"] == "user":
            yield from _given(said, course, terms)
        case "pending":
            if course.offered_to:
                yield f"waits, and is offered to {course.person}"
            course.line, course.person = said["pool"], ""
            course.since_ms = said["ms"] if course.since_ms is None else course.since_ms
        case "released":
            yield from _released(said, course)
        case "assigned":
            course.finish()
        case _:
            pass


def _given(said: Mapping[str, Any], course: Course, terms: Terms) -> Iterator[str]:
    person, pool = said["owner"]["id"], said["pool"] or ""
    if course.offered_to:
        yield f"gives to {person} what is offered to {course.person}"
    accept = terms.accept.get(pool)
    is_last_resort = any(asked["pool"] == pool for asked in said["trace"].get("asked", ()))
    is_over = accept is not None and course.offers[pool] > accept.hand_on and not is_last_resort
    if not course.is_counted:
        is_over = bool(course.passed & _not_left_out(said))
    if pool and (is_over or person in course.passed):
        if accept is None or not accept.ask_again or course.rounds:
            asked = f"asked {course.offers[pool]} times in {course.rounds + 1} rounds"
            yield f"gives to {person}, and {sorted(course.passed)} let it pass; {pool} {asked}, and has {accept}"
        course.passed, course.offers, course.rounds = set(), Counter(), course.rounds + 1
    if "accept_by" not in said:
        if accept is not None and not is_last_resort:
            yield f"lets {person} accept nothing, though those of {pool} are to"
        course.finish()
        return
    until_ms = milliseconds(said["accept_by"])
    if accept is None or not said["ms"] <= until_ms <= said["ms"] + accept.within_ms:
        yield f"offers until {until_ms} at {said['ms']}; {pool} has {accept}"
    course.offers[pool] += 1
    deadline_ms = until_ms if accept is None else said["ms"] + accept.within_ms
    course.person, course.deadline_ms, course.is_sure = person, deadline_ms, True
    course.since_ms = said["ms"] if course.since_ms is None else course.since_ms


def _not_left_out(said: Mapping[str, Any]) -> set[str]:
    """Who was asked, by what the decision tells of whom it looked at."""
    return {each["person"] for each in said["trace"]["candidates"] if each.get("excluded") is None}


def _released(said: Mapping[str, Any], course: Course) -> Iterator[str]:
    reason = said["reason"]
    if reason not in TAKEN_BACK:
        course.finish()
        return
    person = said["previous_owner"]["id"]
    if course.person != person:
        yield f"takes from {person} what is offered to {course.person or 'nobody'}"
    if reason == "declined" and course.decliner != person:
        yield f"says that {person} declined, and it was {course.decliner or 'nobody'}"
    if reason == "not_accepted" and said["ms"] < course.deadline_ms:
        yield f"takes from {person} at {said['ms']} what they have until {course.deadline_ms}"
    if reason != "not_there":
        course.passed.add(person)
    course.person, course.deadline_ms, course.decliner = "", 0, ""


def _escalated(said: Mapping[str, Any], course: Course, terms: Terms) -> Iterator[str]:
    """By the pool in whose line it waited."""
    after_ms = terms.escalates.get(course.line)
    if not course.line:
        return
    if after_ms is None:
        yield f"escalates out of {course.line}, which never does"
    elif course.since_ms is not None and said["ms"] < course.since_ms + after_ms:
        yield f"escalates at {said['ms']} what waits since {course.since_ms} and is to for {after_ms}"
    if course.line in course.escalated:
        yield f"escalates out of {course.line} again"
    course.escalated.add(course.line)
