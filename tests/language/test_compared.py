"""The page that says what was compared with brute force: every operator of every notation, and how often."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from service.language.odoo.operators import TABLE as DOMAIN_TABLE
from service.language.operators import TABLE
from tests.language.comparing import VALUES, Counts, compared

PAGE: Final = Path(__file__).with_name("COMPARED.md")
SEED: Final = 20_240_502
TREES: Final = 1_000


def page(found: dict[str, Counts]) -> str:
    """What the page says of these counts."""
    head = (
        "# What was compared\n\n"
        "Made by `tests/language/test_compared.py`, which fails if the page says anything else; run it with "
        "`FAIRLEAD_WRITE=1` to renew.\n\n"
        f"{TREES:,} random trees of each notation (seed {SEED}), each with a second one that may well follow from it, "
        f"were asked about records with {len(VALUES)} values of every kind:\n\n"
        "* **concluded**: so many times implication said that the first never holds, or that one follows from the "
        "other. No record contradicted it.\n"
        "* **read again**: so many were printed in their own notations and read as the same condition.\n"
        "* **as a domain**: so many were printed as a domain, which gave the same answer for every text, number, date "
        "and for nothing.\n\n"
        "Beside it `test_implication.py` compares trees that hypothesis makes up (new ones each time, all notations "
        "mixed), `test_printing.py` and `test_domains.py` print and read, and every parser is fed with nonsense in "
        "`test_criteria.py`, `test_expression.py`, `test_logic.py`, `test_domains_fuzz.py`, `test_moments.py` and "
        "`test_odoo_dates.py`.\n"
    )
    return head + "".join(f"\n## {notation.capitalize()}\n{table(counts)}" for notation, counts in found.items())


def table(counts: Counts) -> str:
    """A line for every operator."""
    lines = [
        f"| `{name.removeprefix('domain ')}` | {total} | {counts.concluded[name]} | {counts.printed[name]} "
        f"| {counts.translated[name] or ''} |\n"
        for name, total in sorted(counts.trees.items())
    ]
    return "\n| operator | trees | concluded | read again | as a domain |\n|---|---|---|---|---|\n" + "".join(lines)


def test_every_operator_was_compared_with_brute_force_as_the_page_says() -> None:
    """S43 S49 S75: no conclusion, no printed text and no equivalent is wrong, for any operator there is."""
    found = compared(SEED, TREES)
    names = [{row.operator.name for row in rows} for rows in (TABLE, DOMAIN_TABLE)]
    assert [set(counts.trees) for counts in found.values()] == names
    assert all(count > 0 for counts in found.values() for count in counts.concluded.values())
    if os.environ.get("FAIRLEAD_WRITE"):
        PAGE.write_text(page(found))
    assert PAGE.read_text() == page(found)
