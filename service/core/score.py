"""How much a record is worth to us, asked before anything else: the order of whatever waits (S63).

A scoring table is a list of conditions with points. Where a record type has one, its sum is the record's score from
then on, also for rules; else the score is the number in the record's own field `score`, also where a form or a file
wrote it as text. A record that has none waits behind all that have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.core.configuration import ScoreRow
from service.language.tree import Facts, number_in
from service.language.unset import is_unset

FIELD: Final = "score"
SCORE_LIMIT: Final = 1e15
"""A score beyond this, to either side, counts as none: it is a mistake, not a priority."""


def scored(facts: Facts, rows: Sequence[ScoreRow], now_ms: int) -> Facts:
    """The facts with the sum of the points of all rows that hold as score."""
    return {**facts, FIELD: sum(row.points for row in rows if row.predicate.test(facts, now_ms))}


def score_of(facts: Facts) -> float | None:
    """The score among the facts; none where there is none that can be one."""
    found = facts.get(FIELD)
    score = number_in(found) if isinstance(found, str) else found
    if score is None or isinstance(score, bool) or not isinstance(score, (int, float)):
        return None
    return float(score) if -SCORE_LIMIT <= score <= SCORE_LIMIT else None


def is_no_score(facts: Facts) -> bool:
    """Whether the field of the score says something that can be none."""
    return not is_unset(facts.get(FIELD)) and score_of(facts) is None
