"""Mistakes in when a pool is skewed: who is behind, how far, and how often its manager hears of it."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

SKEWING: Final = "service/core/holding/skewing.py"
SKEWED: Final = "tests/core/test_skewed.py"

SKEWED_WRONG: Final = (
    Mutant(
        SKEWING,
        "known.told_ms + TOLD_EVERY_MS > case.now_ms",
        "known.told_ms + TOLD_EVERY_MS >= case.now_ms",
        "a pool that stays skewed is told of again when a day is over",
        (SKEWED,),
    ),
    Mutant(
        SKEWING,
        "if each.person == chosen.person or not _is_counted(each, case):",
        "if each.person == chosen.person:",
        "time off is no skew",
        (SKEWED,),
    ),
    Mutant(
        SKEWING,
        "max(began, load)) // step(spec.weights[each.person])",
        "max(began, load)) // step(1.0)",
        "turns that passed somebody by are those of their own weight",
        (SKEWED,),
    ),
    Mutant(
        SKEWING,
        "    if told is decision:\n        return decision\n",
        "",
        "a manager who gets the record hears of the skew by the next",
        (SKEWED,),
    ),
)
