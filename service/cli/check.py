"""`fairlead check DIR`: is this configuration right, and does it do what its scenarios say?

A configuration that can be used and is hardly meant has warnings: they fail nothing unless `--strict` says so. Notes
are what is good to know, as which parts need lanes of a higher level: they never fail anything.

Nothing is connected to and nothing is published. The YAML files directly in DIR are the configuration; scenarios lie in
its folder `scenarios`, at any depth. A DIR that is itself called `scenarios`, or has nothing but that folder, is fine,
too: then only scenarios are run.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from service.cli.exits import FoundProblems
from service.cli.speech import OUT, AsJson, write_json
from service.config.problems import Problem
from service.nouns import counted
from service.rehearsal.scenarios.playing import Failure, Report, play
from service.rehearsal.scenarios.reading import Contents, Script, read_directory
from service.settings import LogSettings
from service.telemetry.logs import configure_logging

PASSED: Final = ("passed", "green")
FAILED: Final = ("FAILED", "bold red")

Directory = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", exists=True, file_okay=False, help="A configuration's directory, or one with scenarios."
    ),
]


Strict = Annotated[bool, typer.Option("--strict", help="Warnings are problems, too.")]


def command(directory: Directory, *, strict: Strict = False, as_json: AsJson = False) -> None:
    """Check a configuration and run its scenarios, without any broker."""
    configure_logging(LogSettings(level="error"), sys.stderr)
    started = time.perf_counter()
    found = read_directory(directory)
    reports = asyncio.run(_play_all(found.scripts))
    seconds = time.perf_counter() - started
    is_fine = all(report.passed for report in reports) and not (found.problems or (strict and found.warnings))
    if as_json:
        write_json({"ok": is_fine, **_as_json(found, reports, seconds)})
    else:
        _show(found, reports, seconds)
    if not is_fine:
        raise FoundProblems


async def _play_all(scripts: Iterable[Script]) -> list[Report]:
    return [await play(script) for script in scripts]


def _show(found: Contents, reports: list[Report], seconds: float) -> None:
    _list("note", "yellow", found.notes)
    _list("warning", "magenta", found.warnings)
    _list("problem", "bold red", found.problems)
    for report in reports:
        OUT.print(Text.assemble(PASSED if report.passed else FAILED, "  ", report.name))
        _show_failures(report)
    failed = sum(not report.passed for report in reports)
    OUT.print(_summary(found, len(reports), failed, seconds))


def _show_failures(report: Report) -> None:
    """All that did not hold, step by step; what several expectations of a step share is told once."""
    for _, found in groupby(report.failures, key=lambda failure: failure.step):
        failures = list(found)
        for failure in failures:
            OUT.print(Text(f"        {_said(failure)}"))
        for beside in dict.fromkeys(failure.beside for failure in failures):
            for line in beside:
                OUT.print(Text(f"            {line}"))
        for explanation in dict.fromkeys(failure.explanation for failure in failures):
            for line in explanation:
                OUT.print(Text(f"          {line}", style="dim"))


def _said(failure: Failure) -> str:
    place = f"{failure.file}:{failure.line}:{failure.column}"
    word = f"{failure.word}: " if failure.word else ""
    return f"{place}: {word}expected {failure.expected}, found {failure.found} (step {failure.step})"


def _list(word: str, style: str, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        OUT.print(Text.assemble((word, style), f"  {problem}"))


def _summary(found: Contents, played: int, failed: int, seconds: float) -> Text:
    counts = [
        counted(len(found.problems), "problem"),
        *([counted(len(found.warnings), "warning")] if found.warnings else []),
        f"{played - failed} of {played} scenarios passed",
    ]
    style = "bold red" if found.problems or failed else "bold green"
    return Text(f"{', '.join(counts)} ({seconds:.1f} s)", style=style)


def _as_json(found: Contents, reports: list[Report], seconds: float) -> dict[str, object]:
    failed = sum(not report.passed for report in reports)
    return {
        "problems": [problem._asdict() for problem in found.problems],
        "warnings": [warning._asdict() for warning in found.warnings],
        "notes": [note._asdict() for note in found.notes],
        "scenarios": [asdict(report) | {"passed": report.passed} for report in reports],
        "passed": len(reports) - failed,
        "failed": failed,
        "seconds": round(seconds, 3),
    }
