"""The checker finds switches that were decided by a clock that stood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.log_reader import Seen, read_log
from tests.switch_checker import SWITCHED, switch_violations


def complaints(*versions: tuple[int, int], arrived_ms: list[int], is_finished: bool = True) -> str:
    """Of a lane that goes over to versions, each with the time of its clock, in front of its second input."""
    records: list[dict[str, Any]] = [{"kind": "claim", "owner": "one"}]
    for number, (version, ms) in enumerate(versions):
        at = [min(number, 1), 0]
        told = {"from": at, "to": [1, 0], "time": ms, "versions": {"main": version}, "parts": [], "kinds": {}}
        rows = [[at[0], 0, "nothing", SWITCHED, f"0-0-{at[0]}-0", ""]]
        records.append(
            {"kind": "batch", "token": 0, "outcomes": rows, "changes": {}, "headers": [], "outputs": []} | told
        )
    log = [Seen("log", 0, at, b"", json.dumps({"format": 1, **each}).encode()) for at, each in enumerate(records)]
    inputs = [Seen("events", 0, at, b"", b"", time_ms=ms) for at, ms in enumerate(arrived_ms)]
    return "\n".join(switch_violations(read_log(0, log), log, inputs, is_finished=is_finished))


@pytest.mark.parametrize("arrived_ms", [[], [10, 20], [10, 5]])
def test_the_time_of_the_next_input_is_right_and_what_is_not_known_is_not_judged(arrived_ms: list[int]) -> None:
    assert complaints((1, 0), (2, 20), arrived_ms=arrived_ms) == ""


def test_a_division_that_is_configured_for_the_first_time_need_not_wait() -> None:
    assert complaints((1, 0), arrived_ms=[10]) == ""


def test_an_older_time_is_found() -> None:
    assert "goes over with ['main'] at 19, and what comes next was there at 20" in complaints(
        (1, 0), (2, 19), arrived_ms=[10, 20]
    )


def test_that_nothing_had_come_in_is_found_once_all_is_read() -> None:
    assert "nothing had come in" in complaints((1, 0), (2, 20), arrived_ms=[10])
    assert complaints((1, 0), (2, 20), arrived_ms=[10], is_finished=False) == ""
