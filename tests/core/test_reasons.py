"""D16 Nothing stays unexplained: every reason has its sentence, and every outcome says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from service.core import reasons
from service.core.model import Assigned, Nothing, Outcome, Pending, Queued, Rejected, Released

TABLES: list[tuple[Mapping[Any, object], Any]] = [
    (reasons.PENDING, reasons.PendingReason),
    (reasons.REJECTED, reasons.RejectionReason),
    (reasons.RELEASED, reasons.ReleaseReason),
    (reasons.NOTHING, reasons.NothingReason),
    (reasons.EXCLUDED, reasons.ExclusionReason),
    (reasons.UNRESOLVED, reasons.Unresolved),
    (reasons.SKIPPED, reasons.Skipped),
    (reasons.WITHHELD, reasons.Withheld),
]
OUTCOMES = [
    (Assigned("ann", "sales", 3), ("assigned", "", "sales"), ("Ann", "pool sales, turn 3")),
    (Assigned("ann"), ("assigned", "", ""), ("Ann", "")),
    (Queued("inbox"), ("assigned", "", ""), ("queue inbox", "any member may take it")),
    (
        Pending("sales", "empty_pool", 0),
        ("pending", "empty_pool", "sales"),
        ("waiting in pool sales", "the pool has no members, next try 1970-01-01 00:00 UTC"),
    ),
    (
        Pending("lead:user:ann", "nobody_eligible"),
        ("pending", "nobody_eligible", "lead:user:ann"),
        ("waiting for Ann", "no member can take it now"),
    ),
    (
        Pending("lead:named:f00d", "nobody_eligible"),
        ("pending", "nobody_eligible", "lead:named:f00d"),
        ("waiting for the person whom it names", "no member can take it now"),
    ),
    (
        Rejected("unknown_user", "zoe"),
        ("rejected", "unknown_user", ""),
        ("rejected", "there is no such user: zoe"),
    ),
    (
        Released("ann", "sales", "deleted"),
        ("released", "deleted", "sales"),
        ("released", "Ann no longer has it: the record was deleted"),
    ),
    (Nothing("echo"), ("nothing", "echo", ""), ("nothing to do", "the CRM confirms our own choice")),
]


@pytest.mark.parametrize(("table", "words"), TABLES)
def test_every_reason_has_its_sentence(table: Mapping[str, object], words: Any) -> None:
    """A new reason needs a sentence, and none outlives its reason."""
    assert set(table) == set(get_args(words))


@pytest.mark.parametrize(("outcome", "row", "words"), OUTCOMES)
def test_an_outcome_says_what_it_is(outcome: Outcome, row: tuple[str, str, str], words: tuple[str, str]) -> None:
    """For the log and the counts by name, reason and pool; for people in words."""
    assert (outcome.name, outcome.reason, outcome.pool) == row
    assert outcome.words(str.title) == words


def test_every_outcome_is_in_the_table_above() -> None:
    assert {type(outcome) for outcome, *_ in OUTCOMES} == set(get_args(Outcome))
