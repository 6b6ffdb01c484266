"""Timers that raised: each is told of with a dead letter, and goes off again an hour after its lane met it. Until then
nothing is late that waits for it.
"""

from __future__ import annotations

import json
from typing import Final

from tests.log_reader import DEAD_LETTER_REASON, Reader, header

PUT_OFF_MS: Final = 3_600_000


def put_off(reader: Reader) -> frozenset[str]:
    """The timers (`main/offer/lead/1`) that stand where they were put off, as far as dead letters and the log say."""
    letters = (each for outputs in reader.batches.values() for each in outputs)
    raised = (json.loads(each.value) for each in letters if header(each, DEAD_LETTER_REASON) == "timer_raised")
    latest = {f"{each['division']}/{each['timer']}": each["due_ms"] for each in raised}
    timers = reader.content.get("timer", {})
    return frozenset(
        name for name, due_ms in latest.items() if name in timers and timers[name][0] >= due_ms + PUT_OFF_MS
    )
