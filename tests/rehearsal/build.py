"""Directories with scenarios for the tests of their reader and player."""

from __future__ import annotations

from pathlib import Path

from service.rehearsal.scenarios.playing import Report, play
from service.rehearsal.scenarios.reading import read_directory

SALES = "config: {pools: {sales: {record_type: lead, members: [ann, bob]}}}"


def scenario(tmp_path: Path, text: str, name: str = "sales.yaml") -> Path:
    """A directory with this file in its folder of scenarios."""
    folder = tmp_path / "scenarios"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return tmp_path


async def played(tmp_path: Path, *steps: str, config: str = SALES) -> Report:
    """The report of a scenario whose steps begin in the fourth line."""
    lines = ["name: a scenario", config, "steps:", *(f"  - {step}" for step in steps)]
    found = read_directory(scenario(tmp_path, "\n".join(lines)))
    assert found.problems == ()
    return await play(found.scripts[0])


async def failed(tmp_path: Path, *steps: str, config: str = SALES) -> list[str]:
    """What did not hold: line and column, word, expected and found."""
    report = await played(tmp_path, *steps, config=config)
    return [f"{each.line}:{each.column} {each.word}: {each.expected}, found {each.found}" for each in report.failures]


async def beside(tmp_path: Path, *steps: str, config: str = SALES) -> tuple[str, ...]:
    """What stands beside the one expectation that did not hold."""
    (failure,) = (await played(tmp_path, *steps, config=config)).failures
    return failure.beside


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a scenario file: line and column, then the sentence."""
    found = read_directory(scenario(tmp_path, text))
    return [f"{problem.line}:{problem.column} {problem.message}" for problem in found.problems]
