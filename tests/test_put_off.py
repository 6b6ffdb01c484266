"""Which timers stand where a dead letter says that they were put off."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.log_outputs import Output
from tests.log_reader import DEAD_LETTER_REASON, Reader
from tests.put_off import PUT_OFF_MS, put_off

DUE_MS: Final = 1_000


def letter(timer: str, reason: str = "timer_raised") -> Output:
    """It is told that this timer raised when it was due."""
    about: dict[str, Any] = {"division": "main", "timer": timer, "due_ms": DUE_MS}
    return Output("letters", b"", json.dumps(about).encode(), ((DEAD_LETTER_REASON, reason.encode()),))


def test_a_timer_is_put_off_that_stands_an_hour_behind_its_time() -> None:
    """One that was set anew since, or is none any more, is not; nor is one of which nothing is told."""
    reader = Reader(0)
    reader.batches = {7: [letter("offer/lead/1"), letter("drain/sales")], 8: [letter("step/lead/1")]}
    later_ms = DUE_MS + PUT_OFF_MS
    reader.content["timer"] = {
        "main/offer/lead/1": [later_ms],
        "main/drain/sales": [later_ms - 1],
        "main/drain/late": [later_ms],
    }
    assert put_off(reader) == {"main/offer/lead/1"}


def test_only_of_timers_that_raised_it_is_read_what_they_were() -> None:
    reader = Reader(0)
    reader.batches = {7: [Output("letters", b"", b"no JSON", ((DEAD_LETTER_REASON, b"unreadable"),))]}
    assert put_off(reader) == frozenset()
