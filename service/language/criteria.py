"""Criteria: one line of text, `field op value`, becomes a comparison.

A sales-operations person writes the text, so the operators are words, their meaning is the one Salesforce documents
(see `operators`), and each error says what is wrong, at which character, and how it is done. Criteria are combined
by filter logic (`logic`) or, without one, all must hold.

`and`, `or` and brackets are refused in a value unless quoted: they belong to the filter logic and to the expression
line, and nobody shall believe that they work here.
"""

from __future__ import annotations

import re
from typing import Final

from service.language.lookalikes import lookalike
from service.language.moments import UTC_CALENDAR
from service.language.reading import Literal, Literals, Reader, compared
from service.language.tree import Calendar, Compare

EXAMPLE: Final = "account.sector equals retail"

_BARE: Final = re.compile(r"[^\[\],\"]+")
_LOW: Final = re.compile(r"[^\[\],<>=!\"()]+?(?=\sand(?!\w))", re.IGNORECASE)
_NOT_BARE: Final = re.compile(r"[\[\],<>=!\"()]|(?<!\S)(?:and|or)(?!\S)", re.IGNORECASE)


def parse(text: str, calendar: Calendar = UTC_CALENDAR) -> Compare:
    """Read one criterion; days, and dates without an offset, are those of the calendar. Raises `ConditionError`."""
    reader = Reader(text, EXAMPLE, calendar)
    comparison = compared(reader, Literals(_single, _item, _low))
    if not reader.is_done:
        raise reader.wrong(f'after the value nothing may follow, here stands "{reader.rest}"', "country in [DE, FR]")
    return comparison


def _single(reader: Reader) -> Literal:
    """A value that stands alone: in quotes, or the rest of the line."""
    quoted = reader.quoted()
    if quoted is not None:
        return quoted
    stop = _NOT_BARE.search(reader.text, reader.at)
    if stop is not None:
        sign = stop.group()
        if hint := lookalike(reader.text[reader.at :].strip()):
            raise reader.wrong(*hint)
        what = f'"{sign}" in a value without quotes: one criterion a line, or put the value in quotes'
        raise reader.wrong(what, f'name equals "a {sign if sign != chr(34) else "="} b"', stop.start())
    begin, reader.at = reader.at, len(reader.text)
    return Literal(reader.text[begin:].rstrip(), begin)


def _item(reader: Reader) -> Literal:
    """A value in a list: in quotes, or what stands before the next comma or bracket."""
    return _up_to(reader, _BARE, "here an item of the list is missing", 'country in ["DE", "FR"]')


def _low(reader: Reader) -> Literal:
    """The first of two values: in quotes, or what stands before "and"."""
    missing = 'here two values with "and" between them are missing'
    return _up_to(reader, _LOW, missing, "employees between 50 and 500")


def _up_to(reader: Reader, bare: re.Pattern[str], missing: str, example: str) -> Literal:
    """A value in quotes, or as far as the pattern goes. Raises `ConditionError`, with an example, for none."""
    quoted = reader.quoted()
    if quoted is not None:
        return quoted
    begin = reader.at
    found = reader.take(bare)
    if found is None:
        raise reader.wrong(missing, example)
    return Literal(found.group().rstrip(), begin)
