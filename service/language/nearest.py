"""Which of the names that there are somebody meant, who wrote one that there is not: the one place that guesses.

Words of the published language itself, days and zones, are guessed where they are defined, and more strictly.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(written: str, known: Iterable[str]) -> str | None:
    """The name that is the same in another letter case, else one that is spelt almost so; none: there is none."""
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.casefold(), name)
    found = get_close_matches(written.casefold(), folded, n=1)
    return folded[found[0]] if found else None
