"""`fairlead demo`: what it shows was counted, and the count is right."""

from __future__ import annotations

from typing import Any

import orjson

from service.demo.story import LUNCH_DEALS
from tests.e2e.programs import Ended, fairlead


async def demo(*arguments: str) -> tuple[Ended, dict[str, Any]]:
    """What was shown, and the last line."""
    ended = await fairlead("demo", *arguments, environment={})
    assert ended.code == 0, ended.err
    return ended, orjson.loads(ended.out.splitlines()[-1])


async def test_two_thousand_events_are_shared_out() -> None:
    """S13-S15, D2, D24: nothing missing, nothing double, a spread of one; who was away and what was broken is told."""
    ended, count = await demo()
    assert count.pop("seconds") < 20
    assert count.pop("assigned") > 1_500
    assert count == {
        "events": 2_000,
        "pending": LUNCH_DEALS,
        "rejected": 6,
        "dead_letters": 5,
        "missing": 0,
        "double": 0,
        "max_spread": 1,
    }
    for shown in ("Dirk Vogel", "was away for a while", "Largest spread", "left out   away", "invalid_header"):
        assert shown in ended.out
    assert ended.err == ""


async def test_twenty_thousand_events_do_not_overrun_the_embedded_broker() -> None:
    """It keeps five megabytes per partition: events are sent no faster than they are decided and read."""
    _, count = await demo("--events", "20000", "--seed", "7")
    assert (count["events"], count["missing"], count["double"], count["max_spread"]) == (20_000, 0, 0, 1)
