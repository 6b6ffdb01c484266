"""Plants each mistake of the table in a copy, and has the tests beside it run there: `make mutants`.

A mistake that no test notices is a promise that nobody keeps. Nothing of the working tree is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Final

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("service", "schemas", "tests")
SECONDS_EACH: Final = 120
AT_ONCE: Final = 2
FAILED: Final = 1
"""What pytest answers where a test failed. Anything else, such as a file that is not there, notices nothing."""


def planted(mutant: Mutant, source: str) -> str:
    """The file with the mistake in it. Raises `ValueError` where the text does not stand there exactly once."""
    if source.count(mutant.text) != 1:
        raise ValueError(f"{mutant.file} has {source.count(mutant.text)} times: {mutant.text}")
    return source.replace(mutant.text, mutant.instead)


def is_noticed(mutant: Mutant) -> bool:
    """Whether a test fails with the mistake in place. One that hangs was noticed, too."""
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
            return True
        return done.returncode == FAILED


def main() -> int:
    """Say of each mistake whether it was noticed; 1 where one was not."""
    with ThreadPoolExecutor(AT_ONCE) as running:
        missed = []
        for mutant, noticed in zip(MUTANTS, running.map(is_noticed, MUTANTS), strict=True):
            print(f"{'noticed' if noticed else 'MISSED '}   {mutant.promise}   {mutant.file}", flush=True)
            missed += [] if noticed else [mutant]
    print(f"{len(MUTANTS) - len(missed)} of {len(MUTANTS)} mistakes were noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
