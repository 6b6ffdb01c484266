"""In whatever order it is told, a record ends as it was last told; what is counted never drifts from what is had."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.configuration import User
from service.core.events import MemberEvent, RecordEvent, Target
from tests.core.build import Division, closed, created, deleted, owner_changed, pool, reopened, turns_of, updated
from tests.core.test_closing import open_items

WORDS = st.sampled_from(["closed", "open", "zoe", "pool:a", "pool:b", "nobody", "untold", "deleted"])
CLOCKS = ("version", "time_ms")


def _history(words: Sequence[str], clock: str) -> list[RecordEvent]:
    """What happened to a record, in its order."""
    events, is_deleted = [created("lead/1", "pool:a", **{clock: 1})], False
    for at, word in enumerate(words, start=2):
        when: dict[str, Any] = {clock: at}
        if is_deleted and word in {"nobody", "deleted", "untold"}:
            word = "zoe"
        match word:
            case "closed" | "open":
                events.append(updated("lead/1", status=word, **when))
            case "nobody":
                events.append(owner_changed("lead/1", None, **when))
            case "untold":
                events.append(updated("lead/1", **when))
            case "deleted":
                events.append(deleted("lead/1", **when))
            case _:
                events.append(owner_changed("lead/1", "user:zoe" if word == "zoe" else word, **when))
        is_deleted = word == "deleted"
    return events


@given(st.lists(WORDS, max_size=5), st.sampled_from(CLOCKS), st.data())
@settings(max_examples=600, deadline=None, derandomize=True)
def test_a_history_ends_open_or_closed_in_whatever_order_it_is_told(
    words: list[str], clock: str, data: st.DataObject
) -> None:
    """D33 D19 D34 Any permutation and repetition: the last telling by its own order stands, and the counts with it."""
    events = _history(words, clock)
    told = [event.status for event in events if event.status is not None]
    order = data.draw(st.permutations(events))
    order += data.draw(st.lists(st.sampled_from(events), max_size=3))
    division = Division(pool("ann", id="a"), pool("bob", id="b"), defaults={"*": Target("pool", "a")})
    for each in order:
        division.send(each)

    record = division.record()
    assert record.closed == (bool(told) and told[-1] == "closed")
    is_open = not (record.closed or record.deleted)
    assert open_items(division) == ({record.owner: 1} if record.owner and is_open else {})


CHOSEN = ("kim", "zoe")
"""Whom people in the CRM choose by hand; nobody of them is in a pool, so that none is taken for an echo."""
STEPS = st.tuples(
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from(["closed", "open", "kim", "zoe", "pool:a", "pool:b", "untold", "deleted", "merged"]),
)


class Brute:
    """Who has what, by a list of all that was told: pools have one member each, so it is known whom they choose."""

    members: Mapping[str, str] = {"pool:a": "ann", "pool:b": "bob"}

    def __init__(self) -> None:
        self.owner: dict[str, str] = {}
        self.named: dict[str, str] = {}
        self.closed: set[str] = set()
        self.gone: set[str] = set()

    def hear(self, name: str, word: str) -> None:
        """One thing happens."""
        if word == "closed":
            self.closed.add(name)
        elif word == "open":
            self.closed.discard(name)
            if name in self.named and name not in self.owner:
                self.owner[name] = self.members[self.named[name]]
        elif word in self.members:
            self.owner.pop(name, None)
            self.named[name] = word
            if name not in self.closed:
                self.owner[name] = self.members[word]
        elif word in CHOSEN:
            self.owner[name] = word
            self.named.pop(name, None)
        elif word in {"deleted", "merged"}:
            self.gone.add(name)

    def counts(self) -> Mapping[str, int]:
        """How many open items each has."""
        return Counter(owner for name, owner in self.owner.items() if name not in self.closed and name not in self.gone)


def _told(name: str, word: str, at: int) -> RecordEvent:
    record = f"lead/{name}"
    when: dict[str, Any] = {"version": at}
    match word:
        case "closed" | "open":
            return updated(record, status=word, **when)
        case "deleted":
            return deleted(record, **when)
        case "merged":
            return deleted(record, merged_into="9", **when)
        case "untold":
            return updated(record, **when)
        case _:
            return owner_changed(record, word if ":" in word else f"user:{word}", **when)


@given(st.lists(STEPS, max_size=25))
@settings(max_examples=600, deadline=None, derandomize=True)
def test_what_is_counted_is_what_people_have(steps: list[tuple[str, str]]) -> None:
    """D26 D33 D34 Random histories of creation, closing, opening, hand-over, deletion, merge and return.

    What each person has open equals a count by brute force after every step, never drifts, and is never below zero.
    """
    division = Division(pool("ann", id="a"), pool("bob", id="b"), users=[User("kim")])
    brute = Brute()
    known: set[str] = set()
    for at, (name, word) in enumerate(steps, start=1):
        if name not in known:
            known.add(name)
            division.send(created(f"lead/{name}", "pool:a", version=0))
            brute.hear(name, "pool:a")
        if name in brute.gone:
            brute.gone.discard(name)
            word = "untold" if word in {"deleted", "merged"} else word
        division.send(_told(name, word, at))
        brute.hear(name, word)
        assert open_items(division) == brute.counts()
        assert all(seat.open_items >= 0 for seat in division.state.seats.values())


@given(st.permutations(["away", "closed", "open", "back"]), st.booleans())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_presence_and_closing_do_not_meet(order: list[str], is_first: bool) -> None:
    """D33 b4 Who is away keeps what they have; turns are used for what is given only."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    numbers = itertools.count(1)
    for word in order:
        if word in {"away", "back"}:
            division.send(MemberEvent(f"m{next(numbers)}", "ann", "away" if word == "away" else "available"))
        else:
            division.send(closed() if (word == "closed") == is_first else reopened())
    assert division.record().owner == "ann"
    assert turns_of(division.decisions) == [1]
