"""What is wrong with a configuration: one error for all mistakes, each with its place.

A person who mends a file wants to see everything at once, in the order of the file, in words that say what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from service.nouns import counted


class Problem(NamedTuple):
    """One mistake. Lines and columns count from 1; both are 0 where the data did not come from a file.

    `refusal`: nothing is wrong with it, but the product plan does not have it, or not so much (see `findings`).
    """

    file: str
    line: int
    column: int
    message: str
    refusal: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


class ConfigurationError(Exception):
    """The configuration cannot be used. `problems` holds every mistake, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        title = "one problem" if count == 1 else counted(count, "problem")
        super().__init__("\n".join([f"the configuration has {title}:", *(f"  {problem}" for problem in self.problems)]))
