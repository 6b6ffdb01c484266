"""The checker finds workflows that act more often than they may, and knows when what was counted begins anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.caps_checker import cap_violations
from tests.giving_words import Terms
from tests.log_reader import Seen, read_log

TERMS: Final = {("south", 1): Terms(caps={"greet": (1, 2)})}
START: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
Step = tuple[float, list[str], dict[str, Any]]
"""Hours after the beginning, the records for which the workflow asks for something, and what is remembered."""


def asks(hours: float, *records: str, **changes: Any) -> Step:
    return hours, [*records], changes


def tally(times: int, revision: str = "r1") -> dict[str, Any]:
    return {"tally": {"south/greet": [revision, 0, times]}}


def acting(times: int) -> dict[str, Any]:
    return {"acting": {"south/deal/1": [[], [["greet", "r1", 0, times]], []]}}


def complaints(*steps: Step, level: int = 4) -> str:
    records: list[dict[str, Any]] = [{"kind": "claim", "owner": "one"}]
    for at, (hours, asked, changes) in enumerate(steps):
        headers = [
            ["ce_type", "workflow.action_requested.v1"],
            ["ce_division", "south"],
            ["ce_time", (START + timedelta(hours=hours)).isoformat()],
        ]
        bodies = {each: {"record": {"type": "deal", "id": each}, "sequence": 1, "workflow": "greet"} for each in asked}
        place = {"from": [at, 0], "to": [at + 1, 0], "time": at, "parts": [], "kinds": {}, "outcomes": []}
        rows = [["actions", f"south/deal/{each}", json.dumps(body), [0, 1, 2]] for each, body in bodies.items()]
        told = {"kind": "batch", "token": 0, "versions": {"south": 1}, "level": level, "headers": headers}
        records.append({**told, **place, "changes": changes, "outputs": rows})
    log = [Seen("log", 0, at, b"", json.dumps({"format": 1, **each}).encode()) for at, each in enumerate(records)]
    return "\n".join(cap_violations(TERMS, read_log(0, log), log))


@pytest.mark.parametrize(
    "steps",
    [
        [asks(0, "1"), asks(0, "2")],
        [asks(0, "1"), asks(13, "1")],
        [asks(0, "1", **tally(1)), asks(0, "1", **tally(1, "r2"))],
        [asks(0, "1", **tally(1)), asks(0, tally={"south/greet": None}), asks(0, "1", **tally(1))],
        [asks(0, "1", **acting(1)), asks(0, acting={"south/deal/1": None}), asks(0, "1", **acting(1))],
        [asks(0, **tally(2)), asks(0, **acting(1))],
    ],
)
def test_what_begins_anew_counts_anew(steps: list[Step]) -> None:
    """Another record, another day, another revision, a workflow or a record that was gone meanwhile."""
    assert complaints(*steps) == ""


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([asks(0, "1"), asks(1, "1")], "is beyond 1 in a day"),
        ([asks(0, "1", "2"), asks(1, "3")], "is beyond 2 in a day"),
        ([asks(0, **tally(3))], "south/greet acted 3 times"),
        ([asks(0, **acting(2))], "acted 2 times in a day about south/deal/1"),
    ],
)
def test_what_is_beyond_a_cap_is_found(steps: list[Step], complaint: str) -> None:
    assert complaint in complaints(*steps)
    assert complaints(*steps, level=3) == ""
