"""Nobody is idle while a record waits that they can take (D3), by what was published and told, and by nothing else.

It is asked where a run is over, and only of those of whom it is beyond doubt: who is there by all that was told, works
at any time, is under no limit, was given nothing in this very minute, and was never asked for anything before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tests.giving_words import Terms
from tests.presence_told import Presence

MINUTE_MS: Final = 60_000
MOMENT_MS: Final = 2_000
"""What became possible so lately may still be under way."""
Name = tuple[str, str]
"""A division and a record in it."""


class Asked(NamedTuple):
    """What a record that waits is asked of (`pool:sales`, `user:fay`), and since when."""

    target: str
    since_ms: int


@dataclass
class Waits:
    """What waits in the divisions of a lane, what was offered ever or asks for more than that somebody is there, and
    when people were given something last.
    """

    waiting: dict[Name, Asked] = field(default_factory=dict)
    choosy: set[Name] = field(default_factory=set)
    given_ms: dict[Name, int] = field(default_factory=dict)

    def note(self, name: Name, said: Mapping[str, Any], *, is_picky: bool) -> None:
        """A decision about a record, by an entry that is picky or not."""
        if is_picky or "accept_by" in said:
            self.choosy.add(name)
        if said["kind"] == "pending":
            self.waiting[name] = Asked(f"pool:{said['pool']}", said["ms"])
        elif said["kind"] != "rejected":
            self.waiting.pop(name, None)
        if said["kind"] == "assigned":
            self.given_ms[name[0], said["owner"]["id"]] = said["ms"]

    def idle(self, name: Name, targets: Sequence[Asked], terms: Terms, presence: Presence, clock: int) -> Iterator[str]:
        """Who could take a record and was not given it."""
        if name in self.choosy:
            return
        bound = {(each.pool, each.person) for each in terms.bounds}
        for target, since_ms in targets:
            for pool, person in _people(target, name[1].partition("/")[0], terms):
                limited = bound & {("", person), (pool, person), (pool, "")}
                is_free = not limited and person in terms.people - terms.timed
                given_ms = self.given_ms.get((name[0], person), 0)
                is_paced = given_ms // MINUTE_MS == clock // MINUTE_MS
                since_ms = max(since_ms, presence.since_ms(name[0], person))
                is_there = presence.is_now(name[0], person) == "there"
                if is_free and is_there and not is_paced and since_ms + MOMENT_MS <= clock:
                    yield f"{name} waits for {target} since {since_ms}, and {person} can take it; it is {clock}"


def _people(target: str, record_type: str, terms: Terms) -> Iterator[tuple[str, str]]:
    """The people of a target, each with the pool."""
    kind, _, whom = target.partition(":")
    if kind == "user":
        yield "", whom
    for pool in terms.helping(whom) if kind == "pool" else ():
        if terms.circles[pool].record_type == record_type:
            yield from ((pool, person) for person in terms.circles[pool].members)
