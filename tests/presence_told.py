"""Who is there, by what was told of people in the order in which a lane heard it; part of the independent checker.

It knows no calendars and no clocks: of whom anything begins or ends at a time it says that it does not know.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, Literal

Word = Literal["there", "absent", "unknown"]
CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "available": ("presence", "shift"),
    "away": ("presence",),
    "leave": ("leave",),
    "leave_ended": ("leave",),
    "off_shift": ("shift",),
}
"""What keeps people away, and what each word is news of."""
ENDING: Final = frozenset({"available", "leave_ended"})
HEARD: Final = frozenset({"member_changed", "unknown_user"})
"""What becomes of news of a person that count."""


RESTORED: Final = "restored"
"""Keeps somebody from being known to be there."""


class Presence:
    """What one lane heard of people, in its order."""

    def __init__(self) -> None:
        self._causes: defaultdict[tuple[str, str], dict[str, Word]] = defaultdict(dict)
        self._times: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        self._words: defaultdict[tuple[str, str], list[Word]] = defaultdict(list)
        self._divisions: set[str] = {""}
        self._last: tuple[int, bool] = (-1, False)

    def hear(self, at: int, event: Mapping[str, Any], reason: str, between_ms: tuple[int, int]) -> None:
        """News of a person, what became of them, and behind which time by the lane's clock and by which. Divisions that
        took the same news differently are not told apart by what is published: then it is not known.
        """
        told, is_heard = event["member"], reason in HEARD
        before, self._last = self._last, (at, is_heard)
        if before == (at, is_heard) or not (is_heard or before[0] == at):
            return
        word: Word = "there" if told["availability"] in ENDING else "absent"
        if "until_ms" in told or "begins_ms" in told or before[0] == at:
            word = "unknown"
        division = event.get("division", "")
        for each in self._divisions if not division else self._known(division):
            self._note((each, told["person"]), told, word, between_ms)

    def is_now(self, division: str, person: str) -> Word:
        """By all that was heard so far."""
        self._known(division)
        words = self._words[division, person]
        return words[-1] if words else "there"

    def was(self, division: str, person: str, ms: int) -> Word:
        """At this time; where it may have changed in that very moment nobody knows. A batch begins in the moment of the
        one before where an event of it is not younger.
        """
        self._known(division)
        spans = self._times[division, person]
        last = bisect_left(spans, ms, key=lambda span: span[1])
        if last < len(spans) and spans[last][0] <= ms:
            return "unknown"
        return self._words[division, person][last - 1] if last else "there"

    def since_ms(self, division: str, person: str) -> int:
        """Since when it is so."""
        self._known(division)
        return max((by_ms for _, by_ms in self._times[division, person]), default=0)

    def doubt(self) -> None:
        """The lane's time went back, for it was restored: what it was told last may be lost, and told again."""
        for whose, causes in self._causes.items():
            causes.update(dict.fromkeys((*causes, RESTORED), "unknown"))
            self._times[whose], self._words[whose] = [(0, 0)], ["unknown"]

    def _known(self, division: str) -> tuple[str]:
        """What was told of all divisions was told of this one."""
        if division not in self._divisions:
            self._divisions.add(division)
            for (where, person), causes in list(self._causes.items()):
                if not where:
                    self._causes[division, person] = dict(causes)
                    self._times[division, person] = list(self._times[where, person])
                    self._words[division, person] = list(self._words[where, person])
        return (division,)

    def _note(self, whose: tuple[str, str], told: Mapping[str, Any], word: Word, span: tuple[int, int]) -> None:
        """What is to begin later is not called off by other news."""
        causes = self._causes[whose]
        for cause in CAUSES.get(told["availability"], ("presence",)):
            causes[cause] = word
        if "begins_ms" in told:
            causes["plan"] = "unknown"
        known = set(causes.values())
        self._times[whose].append(span)
        self._words[whose].append("absent" if "absent" in known else "unknown" if "unknown" in known else "there")
