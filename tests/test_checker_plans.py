"""The checker finds plans that do not add up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.log_reader import Content, Seen, read_log
from tests.memory_checker import plan_violations
from tests.test_checker import LOG, Run

LEAD = ["spring", "tool", "form", 1, None, "form", [["gold", "paid", 5]], "spring/ann"]


@pytest.mark.parametrize(
    ("lead", "clients", "complaint"),
    [
        (LEAD, {"main/spring/ann": [1]}, ""),
        (LEAD, {}, "0 clients at main/spring/ann, and 1 leads are counted there"),
        (LEAD, {"main/spring/ann": [1], "main/spring/bob": [2]}, "2 clients at main/spring/bob, and 0 leads"),
        (["care", *LEAD[1:]], {"main/spring/ann": [1]}, "is in the plan care and counted at spring/ann"),
        ([*LEAD[:6], [["gold", "paid", 1], ["gold", "paid", 1]], ""], {}, "has something of an offer twice"),
        ([*LEAD[:6], [["gold", "paid", 2], ["gold", "ordered", 1]], ""], {}, "in another order than that of time"),
    ],
)
def test_plans_that_do_not_add_up_are_found(lead: list[Any], clients: dict[str, list[int]], complaint: str) -> None:
    """D46 D54 Clients equal the fold, one plan at a time, no offer counted twice."""
    run = Run().claim().batch()
    kinds: Content = {"plan": {"main/lead/1": lead}} | ({"clients": clients} if clients else {})
    log = [*run.log[:-1], {**run.log[-1], "changes": {**run.log[-1]["changes"], **kinds}}]
    seen = [Seen(LOG, 0, offset, b"", json.dumps(record).encode()) for offset, record in enumerate(log)]
    found = list(plan_violations(read_log(0, seen)))

    assert [complaint in each for each in found] == ([True] if complaint else [])
