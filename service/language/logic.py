"""Filter logic: `1 AND (2 OR NOT 3)` says how numbered criteria are combined.

As Salesforce writes it: numbers from 1, AND, OR, NOT and brackets. Mixing AND with OR without brackets has two
meanings, so it is an error that points at the place. Every criterion has to be used: one that is left out decides
nothing, which is more often an oversight than a wish.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from service.language.reading import Reader
from service.language.tree import Condition

EXAMPLE: Final = "1 AND (2 OR NOT 3)"
_NUMBER: Final = re.compile(r"[0-9]{1,4}(?!\w)")


def parse(text: str, criteria: Sequence[Condition]) -> Condition:
    """The criteria combined as the text says. Raises `ConditionError`."""
    reader = Reader(text, EXAMPLE)
    used: set[int] = set()

    def numbered(reader: Reader) -> Condition:
        number = _number(reader, len(criteria))
        used.add(number)
        return criteria[number - 1]

    condition = reader.combined(numbered, may_mix=False)
    if not reader.is_done:
        raise reader.wrong(f'here AND or OR is missing, not "{reader.rest}"')
    unused = sorted(set(range(1, len(criteria) + 1)) - used)
    if unused:
        what = f"the logic leaves out criterion {unused[0]}: use its number, or take the criterion away"
        raise reader.wrong(what, f"{text.strip()} AND {unused[0]}")
    return condition


def _number(reader: Reader, count: int) -> int:
    reader.count_comparison()
    begin = reader.at
    match = reader.take(_NUMBER)
    if match is None:
        found = f', not "{reader.rest}"' if reader.rest else ""
        raise reader.wrong(f"here the number of a criterion is missing{found}", at=begin)
    number = int(match.group())
    if not 1 <= number <= count:
        there_are = f"there are {count}" if count != 1 else "there is 1"
        raise reader.wrong(f"there is no criterion {number}, {there_are}: they are counted from 1", at=begin)
    return number
