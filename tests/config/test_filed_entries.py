"""Of the entries above one, those that may cover it are found without looking at all of them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from schemas.config import Document
from service.config.lint.entries import _Filed, _line


def criteria(chance: random.Random) -> list[str]:
    """A few comparisons of few fields, so that entries have much in common."""
    written = (
        lambda field: f"{field} == {chance.randrange(4)}",
        lambda field: f"{field} in [{chance.randrange(4)}, {chance.randrange(4)}]",
        lambda field: f"{field} > {chance.randrange(4)}",
        lambda field: f"{field} != {chance.randrange(4)}",
    )
    return [chance.choice(written)(field) for field in chance.sample("abc", chance.randrange(4))]


@pytest.mark.parametrize("seed", range(10))
def test_filed_entries_are_found_as_if_all_were_looked_at(seed: int) -> None:
    chance = random.Random(seed)
    entries: list[dict[str, Any]] = []
    for _ in range(60):
        entry: dict[str, Any] = {"criteria": criteria(chance), "target": {"user": "ann"}}
        if len(entry["criteria"]) == 2 and chance.random() < 0.3:
            entry["logic"] = "1 OR 2"
        entries.append(entry)
    document = Document.model_validate(
        {"users": ["ann"], "rule_sets": {"all": {"record_type": "lead", "entries": entries}}}
    )
    rule_set = document.rule_sets["all"]
    lines = [_line(document, "all", rule_set, position) for position in range(len(entries))]
    filed = _Filed()
    for position, below in enumerate(lines):
        assert filed.worth_asking(below) == [line for line in lines[:position] if line.may_cover(below)]
        filed.add(below)
