"""What a person should look at though all goes on: who else writes into our topics, and what a lane dropped.

Such a thing is over the moment it is seen, so it is remembered for a while: whoever asks what is wrong hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

RECENT_MS: Final = 600_000
"""So long after the last of a kind it is told."""

Notice = Literal["foreign_record", "event_dropped", "log_line_lost"]
"""A kind of what was passed over: a record that is none of ours, an event whose place counts as taken, a line that
could not be written to the log.
"""


class Sighting(NamedTuple):
    """How many there were in a row, without a long pause between any two, and where the last one is."""

    times: int
    last: str


@dataclass
class Noticed:
    """What was noticed in one lane or topic, or of the log. `now_ms`: the wall clock."""

    now_ms: Callable[[], int]
    _kinds: dict[Notice, tuple[int, Sighting]] = field(default_factory=dict)

    def note(self, kind: Notice, where: str) -> None:
        """One more, at this place."""
        known = self.recent().get(kind, Sighting(0, ""))
        self._kinds[kind] = self.now_ms(), Sighting(known.times + 1, where)

    def recent(self) -> Mapping[Notice, Sighting]:
        """What is not long ago."""
        now_ms = self.now_ms()
        return {kind: told for kind, (at_ms, told) in self._kinds.items() if now_ms - at_ms < RECENT_MS}
