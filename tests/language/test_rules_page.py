"""The page about rules says what the operator table and the limits say."""

from __future__ import annotations

from typing import Final

import pytest

from service.language import criteria, expression
from service.language.operators import TABLE, Row
from service.language.probes import MAX_SOUGHT
from service.language.tree import MAX_CHARACTERS, MAX_COMPARISONS, MAX_DEPTH, MAX_LIST_ITEMS, MAX_PATH_STEPS
from service.language.unset import MAX_ELEMENTS
from tests.language.pages import holds

TAKEN: Final = {
    "value": "a value, a field",
    "order": "a number, date, quoted text, a field",
    "text": "a text, a list",
    "list": "a list",
    "choices": "a choice, a list",
    "range": "two with `and` between them",
    "values": "a value, a list",
    "nothing": "",
}


def operators() -> str:
    head = (
        "| operator | also | in the line | takes | holds where the field | a field that is not set |\n"
        "|---|---|---|---|---|---|\n"
    )
    return head + "".join(map(line_of, TABLE))


def line_of(row: Row) -> str:
    name, written = row.operator.name, row.operator.written["expression"]
    also = " ".join(f"`{word}`" for word in (*row.also, *row.blank) if word != written)
    return f"| `{name}` | {also} | `{written}` | {TAKEN[row.takes]} | {row.meaning} | {row.unset} |\n"


def limits() -> str:
    return (
        f"Conditions have limits: {MAX_CHARACTERS:,} characters, {MAX_COMPARISONS} comparisons, {MAX_LIST_ITEMS} items "
        f"in a list, {MAX_PATH_STEPS} steps in a path, {MAX_DEPTH} brackets inside each other; of a field with several "
        f"choices the first {MAX_ELEMENTS:,} are looked at.\n"
        f"A list of texts is sought in the first {MAX_SOUGHT:,} characters divided by its length: of {MAX_LIST_ITEMS} "
        f"each in the first {MAX_SOUGHT // MAX_LIST_ITEMS:,}.\n"
    )


def test_the_page_shows_the_operator_table_and_the_limits() -> None:
    """Every operator that exists is on the page, and no other."""
    holds("rules.md", {"operators": operators(), "limits": limits()})


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.operator.name)
def test_whatever_the_table_lets_stand_after_an_operator_may(row: Row) -> None:
    """S42: in criteria and in the line."""
    allowed = {
        "value": ['"x"', "5", "field y"],
        "order": ["5", "today", '"x"', "field y"],
        "text": ['"x"', '["x", "y"]'],
        "list": ['["x"]', "today"],
        "choices": ['"x"', '["x", "y"]'],
        "range": ["5 and 6", "today - 7d and now", '"a" and "b"'],
        "values": ['"x"', "5", "today", '["x", 5]'],
        "nothing": [""],
    }
    for value in allowed[row.takes]:
        written = criteria.parse(f"x {row.operator.name} {value}")
        assert expression.parse(f"x {row.operator.written['expression']} {value}") == written
    for word in row.blank:
        assert criteria.parse(f"x {word}") == expression.parse(f"x {word}")
