"""Who is there by what was told: never surer than the log is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.presence_told import Presence, Word


def heard(*words: str) -> Presence:
    """News of ann, one every ten milliseconds: at most as long after the batch before."""
    presence = Presence()
    for number, word in enumerate(words, 1):
        event: dict[str, Any] = {"member": {"person": "ann", "availability": word}, "division": "main"}
        presence.hear(number, event, "member_changed", (number * 10 - 10, number * 10))
    return presence


@pytest.mark.parametrize(
    ("ms", "word"),
    [(10, "unknown"), (11, "unknown"), (20, "unknown"), (21, "there"), (0, "unknown"), (-1, "there")],
)
def test_between_two_batches_and_at_both_nobody_knows(ms: int, word: Word) -> None:
    """The first events of a batch may be of the very moment of the batch before."""
    assert heard("away", "available").was("main", "ann", ms) == word


def test_what_was_told_before_a_lane_was_restored_is_not_known() -> None:
    """It may have been decided, and then be lost; whoever is told of again is known again, as far as they are away."""
    presence = heard("away")
    presence.doubt()
    assert (presence.was("main", "ann", 50), presence.is_now("main", "ann")) == ("unknown", "unknown")
    assert presence.was("main", "bob", 50) == "there"
    for at, told, word in ((8, "leave_ended", "unknown"), (9, "away", "absent")):
        event = {"member": {"person": "ann", "availability": told}, "division": "main"}
        presence.hear(at, event, "member_changed", (0, at))
        assert presence.was("main", "ann", 50) == word
