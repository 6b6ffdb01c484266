"""What the charts show: the same sixty records under each way of sharing out and of coming in.

Decided by the product's own code, through the division that the tests of the core drive. Nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.pool_spec import Membership, PoolSpec
from tests.core.build import Division, pool

RECORDS: Final = 60
AWAY: Final = range(20, 40)
JOINS_AT: Final = 24
CLOSED_AFTER: Final[Mapping[str, int]] = {"ann": 9, "bob": 24, "eve": 24}
"""So many records later a member has closed one of theirs; who is new closes none for now."""

CATCH_UP: Final = EntryPolicy(catches_up=True)
ONE_OF_TWO: Final = EntryPolicy(catches_up=True, ceiling=Ceiling(1, 2))


class Story(NamedTuple):
    """One panel: a pool, and who of it joins later or is away for a while (empty: nobody)."""

    title: str
    subtitle: str
    spec: PoolSpec
    away: str = ""
    joins: str = ""


class Course(NamedTuple):
    """How many records each member has had, after none, one, two, … of them."""

    story: Story
    counts: Mapping[str, tuple[int, ...]]


def stories() -> Iterator[Story]:
    """All panels, in the order in which they are drawn."""
    yield Story("Round robin", "everybody alike", pool("ann", "bob", "eve"), away="eve")
    weighted = pool(Membership("ann", 2.0), "bob", "eve")
    yield Story("Weighted", "ann has weight 2", weighted, away="eve")
    loaded = pool("ann", "bob", "eve", strategy="least_loaded")
    yield Story("Least loaded", "ann closes records soon", loaded, away="eve")
    yield Story("Longest idle", "who waits longest", pool("ann", "bob", "eve", strategy="longest_idle"), away="eve")
    ranked = (Membership("ann", max_open=5, priority=1), Membership("bob", max_open=8, priority=2), Membership("eve"))
    yield Story("Ranked", "ann 1, at most 5 open; bob 2, at most 8", pool(*ranked, strategy="ranked"))
    members = ("ann", "bob", "new")
    yield Story("End of the ring", "new is level at once", pool(*members), joins="new")
    yield Story("Catch up", "new gets all until level", pool(*members, entry=CATCH_UP), joins="new")
    yield Story("Catch up, 1 of 2", "new gets every second one", pool(*members, entry=ONE_OF_TWO), joins="new")


def course(story: Story) -> Course:
    """Let the story happen."""
    division = Division(_without(story.spec, story.joins))
    counts = {member.person: [0] for member in story.spec.members}
    closing: dict[int, list[str]] = {}
    for number in range(RECORDS):
        if story.joins and number == JOINS_AT:
            division.configure(story.spec)
        if story.away and number == AWAY.start:
            division.away(story.away)
        if story.away and number == AWAY.stop:
            division.back(story.away)
        for record in closing.pop(number, []):
            division.delete(record)
        (owner,) = division.serve(f"lead/{number}")
        if owner in CLOSED_AFTER:
            closing.setdefault(number + CLOSED_AFTER[owner], []).append(f"lead/{number}")
        for person, course in counts.items():
            course.append(course[-1] + (person == owner))
    return Course(story, {person: tuple(course) for person, course in counts.items()})


def _without(spec: PoolSpec, person: str) -> PoolSpec:
    members = (member for member in spec.members if member.person != person)
    return pool(*members, strategy=spec.strategy, entry=spec.entry)
