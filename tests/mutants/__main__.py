"""Plants each mistake of the table in a copy, and has the tests beside it run there: `make mutants`.

A mistake that no test notices is a promise that nobody keeps. Tests that fail without one notice nothing, so each file
of them runs in a copy without any, too. Nothing of the working tree is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Final, Literal, get_args

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS, TURNS

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("service", "schemas", "tests")
SECONDS_EACH: Final = 120
AT_ONCE: Final = 2
FAILED: Final = 1
"""What pytest answers where a test failed. Anything else, such as a file that is not there, notices nothing."""

Verdict = Literal["noticed", "hung", "missed"]
"""What became of a mistake. Tests that hang noticed it, too; on a machine that is busy they may only be slow."""


def without_mistake(tests: str) -> Mutant:
    """A row that plants nothing, for the tests of one file."""
    return Mutant(TURNS, "pool.turn += 1", "pool.turn += 1", "nothing is noticed without a mistake", (tests,))


def planted(mutant: Mutant, source: str) -> str:
    """The file with the mistake in it. Raises `ValueError` where the text does not stand there exactly once."""
    if source.count(mutant.text) != 1:
        raise ValueError(f"{mutant.file} has {source.count(mutant.text)} times: {mutant.text}")
    return source.replace(mutant.text, mutant.instead)


def judged(mutant: Mutant) -> Verdict:
    """Whether a test fails with the mistake in place, or hangs."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in COPIED:
            copytree(ROOT / name, copy / name, ignore=ignore_patterns("__pycache__"))
        (copy / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
        wrong = copy / mutant.file
        wrong.write_text(planted(mutant, wrong.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.noticed_by]
        environment = {**os.environ, "PYTHONPATH": directory, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS_EACH, check=False
            )
        except subprocess.TimeoutExpired:
            return "hung"
        return "noticed" if done.returncode == FAILED else "missed"


def main() -> int:
    """Say of each mistake what became of it; 1 where one was missed, or where tests fail without any."""
    controls = [without_mistake(name) for name in sorted({name for mutant in MUTANTS for name in mutant.noticed_by})]
    with ThreadPoolExecutor(AT_ONCE) as running:
        failing = [
            control.noticed_by[0]
            for control, verdict in zip(controls, running.map(judged, controls), strict=True)
            if verdict != "missed"
        ]
        if failing:
            print("fail or hang without any mistake:", *failing, sep="\n    ")
            return 1
        verdicts = Counter[Verdict]()
        for mutant, verdict in zip(MUTANTS, running.map(judged, MUTANTS), strict=True):
            print(f"{verdict:<7}   {mutant.promise}   {mutant.file}", flush=True)
            verdicts[verdict] += 1
    print(f"{len(MUTANTS)} mistakes: " + ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in get_args(Verdict)))
    return 1 if verdicts["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
