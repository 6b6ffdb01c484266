"""The page about domains says what the operator table, the limits and the conformance table say."""

from __future__ import annotations

from typing import Final

import pytest

from service.language.odoo.operators import TABLE, Row
from service.language.odoo.patterns import MAX_PATTERN_CHARACTERS, MAX_SCANNED
from service.language.tree import MAX_CHARACTERS, MAX_COMPARISONS, MAX_DEPTH, MAX_LIST_ITEMS, MAX_PATH_STEPS
from service.language.unset import MAX_ELEMENTS
from tests.language.pages import DOCS, holds
from tests.language.test_domains import table

PAGE: Final = DOCS / "domains.md"
TAKEN: Final = {
    "value": "a value",
    "ordered": "a number, text, date",
    "list": "a list",
    "text": "a pattern",
    "domain": "a domain",
    "place": "ids, names, ways",
    "values": "a value, a list",
    "truth": "`True`, `False`",
}


def operators() -> str:
    head = (
        "| operator | takes | holds where the field | a field that is not set | letter case |\n|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| `{row.symbol}` | {TAKEN[row.takes]} | {row.meaning} | {row.unset} | {row.case} |\n" for row in TABLE
    )


def limits() -> str:
    return (
        f"{MAX_CHARACTERS:,} characters of text, {MAX_COMPARISONS} terms, {MAX_LIST_ITEMS} items in a list, "
        f"{MAX_PATTERN_CHARACTERS} characters in a pattern, {MAX_PATH_STEPS} steps in a path, "
        f"{MAX_DEPTH} brackets or conditions inside each other.\n"
        f"Of a list the first {MAX_ELEMENTS:,} elements are looked at, of lists behind one another and of `any` in "
        f"`any` {MAX_ELEMENTS:,} at all, by patterns the first {MAX_SCANNED:,} "
        "characters; as many of a text where `_` stands between other characters.\n"
        "Each limit of what is written has an error that says so.\n"
    )


def test_the_page_shows_the_operator_table_and_the_limits() -> None:
    """Every operator that exists is on the page with its null rule and case rule, and no other."""
    holds("domains.md", {"operators": operators(), "limits": limits()})


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.symbol)
def test_a_row_of_the_table_is_complete(row: Row) -> None:
    """Meaning, null rule and case rule are part of the operator."""
    assert row.meaning
    assert row.unset
    assert row.case


@pytest.mark.parametrize("group", [group for group in table() if "differs" in group], ids=lambda group: group["why"])
def test_the_page_names_every_difference_from_odoo(group: dict[str, str]) -> None:
    """S75: who brings their domains can read what means something else here."""
    assert group["differs"] in PAGE.read_text().partition("## Where we differ from Odoo")[2]
