"""The checker finds what is written below its level, and a level that goes down."""

from __future__ import annotations

import json

import pytest

from service.core.state import KINDS
from service.wire.log_forms import OBJECTS_LEVEL
from service.wire.people import IN_SHORT_FROM
from tests.level_checker import FIRST_LEVELS, OUTPUTS_AS_OBJECTS, PEOPLE_IN_SHORT, level_violations
from tests.log_reader import Seen, read_log
from tests.test_checker import LOG, Run


@pytest.mark.parametrize(
    ("levels", "kind", "complaint"),
    [
        ((4, 5), "skew", ""),
        ((4, 4), "held", ""),
        ((4, 4), "skew", "batch 2 is of level 4 and changes ['skew']"),
        ((5, 4), "record", "batch 2 is of level 4, and the lane of 5"),
    ],
)
def test_what_is_written_below_its_level_is_found(levels: tuple[int, int], kind: str, complaint: str) -> None:
    run = Run().claim().batch().batch()
    log = [run.log[0], *({**batch, "level": level} for batch, level in zip(run.log[1:], levels, strict=True))]
    log[-1]["changes"] = {**log[-1]["changes"], kind: {"main/sales": None}}
    seen = [Seen(LOG, 0, offset, b"", json.dumps(record).encode()) for offset, record in enumerate(log)]
    found = list(level_violations(read_log(0, seen), seen))
    assert [complaint in each for each in found] == ([True] if complaint else [])


@pytest.mark.parametrize(("level", "value", "is_found"), [(4, ["", 0], True), (5, ["", 0], False), (4, None, False)])
def test_a_person_in_short_below_its_level_is_found(level: int, value: object, is_found: bool) -> None:
    run = Run().claim().batch()
    log = [run.log[0], {**run.log[1], "level": level}]
    log[-1]["changes"] = {**log[-1]["changes"], "person": {"main/ann": value, "main/bob": [[True], [], [], [], 0]}}
    seen = [Seen(LOG, 0, offset, b"", json.dumps(record).encode()) for offset, record in enumerate(log)]
    found = list(level_violations(read_log(0, seen), seen))
    assert ["has main/ann in short" in each for each in found] == [True] * is_found


@pytest.mark.parametrize("is_part", [False, True])
@pytest.mark.parametrize(("level", "value", "is_found"), [(4, {}, True), (5, {}, False), (4, "{}", False)])
def test_an_output_as_an_object_below_its_level_is_found(
    is_part: bool, level: int, value: object, is_found: bool
) -> None:
    """Be it in a batch, or in one of the records that hold outputs of a large one."""
    run = Run().claim().batch()
    outputs = {"headers": [], "outputs": [["t", "k", "{}", []], ["t", "k", value, []]], "level": level}
    part = {"kind": "outputs", "format": 1, "token": 0, **outputs}
    log = [run.log[0], part, {**run.log[1], "parts": [1]}] if is_part else [run.log[0], {**run.log[1], **outputs}]
    seen = [Seen(LOG, 0, offset, b"", json.dumps(record).encode()) for offset, record in enumerate(log)]
    found = list(level_violations(read_log(0, seen), seen))
    assert ["has outputs as objects" in each for each in found] == [True] * is_found


def test_the_checker_knows_the_levels_of_newer_forms() -> None:
    assert (PEOPLE_IN_SHORT, OUTPUTS_AS_OBJECTS) == (IN_SHORT_FROM, OBJECTS_LEVEL)


def test_the_checker_knows_the_levels_of_the_newest_kinds() -> None:
    newest = {kind: row.level for kind, row in KINDS.items() if row.level >= min(FIRST_LEVELS.values())}
    assert newest == FIRST_LEVELS
