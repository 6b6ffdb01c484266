"""What a planted mistake is."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One mistake. `noticed_by` are the test files of which one at least must fail."""

    file: str
    text: str
    instead: str
    promise: str
    noticed_by: tuple[str, ...]
