"""Our own behaviours, in the format in which users write theirs: each scenario is a test."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from service.rehearsal.scenarios.playing import play
from service.rehearsal.scenarios.reading import Script, read_directory

ROOT: Final = Path(__file__).parents[2]
OURS: Final = read_directory(ROOT / "tests" / "scenarios")
EXAMPLE: Final = read_directory(ROOT / "deploy" / "config")


def label(script: Script) -> str:
    return f"{Path(script.file).stem}: {script.name}"


@pytest.mark.parametrize("script", [*OURS.scripts, *EXAMPLE.scripts], ids=label)
async def test_scenario(script: Script) -> None:
    report = await play(script)

    assert [
        f"{failure.file}:{failure.line}: {failure.word}: expected {failure.expected}, found {failure.found}\n  "
        + "\n  ".join(failure.explanation)
        for failure in report.failures
    ] == []


def test_every_scenario_can_be_read() -> None:
    """A file that cannot be read would be left out without a word."""
    assert OURS.problems + EXAMPLE.problems == ()
