"""Who reads `assignments` from its beginning, in the order of `sequence`, knows whom we gave each record.

The CRM's own choices are not published, for it made them: where it has somebody of its own, the last that was published
ends our choice. What a closed record's deletion took back is published again when the record is open again (D33, D34).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.core.configuration import User
from service.core.events import RecordEvent, Target
from service.core.model import (
    Assigned,
    Decision,
    Nothing,
    Pending,
    Queued,
    Rejected,
    Released,
)
from service.core.record import Record
from tests.core.build import Division, created, deleted, owner_changed, pool, updated, users

LEADS = ("lead/1", "lead/2")
WORDS = st.tuples(
    st.sampled_from(LEADS),
    st.sampled_from(
        [
            *("created", "closed", "open", "untold", "deleted", "merged", "nobody", "unowned", "converted", "late"),
            *("user:kim", "user:zoe", "user:ann", "user:bob", "pool:a", "pool:b", "queue:q", "pool:missing"),
            *("+ann", "-ann", "off", "on"),
        ]
    ),
    st.booleans(),
)


class Published(NamedTuple):
    """What a reader holds of a record: whom we gave it (none: nobody), and the sequence number that said so."""

    owner: str = ""
    sequence: int = 0


def fold(decisions: Sequence[Decision]) -> dict[str, Published]:
    """What a reader knows, who goes by the rules of the integrator's page."""
    known: dict[str, Published] = {}
    for each in decisions:
        before = known.get(each.record, Published())
        if isinstance(each.outcome, Nothing):
            continue
        assert each.sequence == before.sequence + 1, "a number is missing, or used twice"
        match each.outcome:
            case Assigned(owner=owner):
                known[each.record] = Published(owner, each.sequence)
            case Released() | Queued() | Pending():
                known[each.record] = Published("", each.sequence)
            case Rejected():
                known[each.record] = Published(before.owner, each.sequence)
    return known


def chosen_by_us(record: Record) -> str:
    """Whom a reader must know: who has the record by our choice, and counts it as an open item or keeps it closed."""
    return record.owner if record.by_us and not record.deleted and not record.owed else ""


def _event(name: str, word: str, clock: dict[str, Any]) -> RecordEvent:
    match word:
        case "created":
            return created(name, "pool:a", **clock)
        case "closed" | "open":
            return updated(name, status=word, **clock)
        case "untold" | "late":
            return updated(name, **clock)
        case "deleted":
            return deleted(name, **clock)
        case "merged":
            return deleted(name, merged_into="9", **clock)
        case "nobody":
            return owner_changed(name, None, **clock)
        case "unowned":
            return created(name, None, **clock)
        case "converted":
            lead = {"lead": {"id": name.partition("/")[2]}}
            return created("contact/1", None, facts=lead, channel="conversion", **clock)
        case _:
            return owner_changed(name, word, **clock)


def _play(steps: Sequence[tuple[str, str, bool]]) -> Division:
    line = [pool("ann", "bob", id="a"), pool("bob", id="b"), pool("ann", id="q", strategy="take")]
    everybody = (User("kim"), *users("ann", "bob"))
    division = Division(*line, users=everybody, defaults={"*": Target("pool", "b")})
    for at, (name, word, has_version) in enumerate(steps, start=1):
        match word:
            case "-ann" | "+ann":
                division.tell("ann", "away" if word == "-ann" else "available")
            case "off" | "on":
                active = (User("kim"), *users("bob"), *users("ann", active=word == "on"))
                division.configure(*line, users=active)
            case _:
                when = max(1, at - 3) if word == "late" else at
                division.send(_event(name, word, {"version": when} if has_version else {"time_ms": when}))
        said = fold(division.decisions)
        for each in division.state.records:
            record = division.record(each)
            assert said.get(each, Published()).owner == chosen_by_us(record), (each, word)
            assert not record.owed or (record.by_us and record.closed and not record.deleted), (each, word)
    return division


def _history(*words: str) -> list[tuple[str, str, bool]]:
    return [("lead/1", word, True) for word in words]


@given(st.lists(WORDS, max_size=14))
@example(_history("created", "closed", "deleted", "untold", "open"))
@example(_history("created", "closed", "deleted", "untold", "off", "open", "on"))
@example(_history("created", "closed", "deleted", "untold", "user:zoe", "open"))
@example(_history("created", "closed", "deleted", "untold", "deleted", "untold", "open"))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_the_last_that_was_published_says_whom_we_count(steps: list[tuple[str, str, bool]]) -> None:
    """D21 D26 D33 D34 D44 Creation, closing, opening, deletion, merge, conversion, return, choices of people, absence.

    After every step the reader's owner is ours, and where a person of the CRM's choice has the record, nobody.
    """
    _play(steps)
