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

from service.language.moments import UTC_ZONE
from service.language.reading import Literal, Reader, compared
from service.language.tree import Compare

EXAMPLE: Final = "account.sector equals retail"

_BARE: Final = re.compile(r"[^\[\],\"]+")
_NOT_BARE: Final = re.compile(r"[\[\],<>=!\"()]|(?<!\S)(?:and|or)(?!\S)", re.IGNORECASE)


def parse(text: str, zone: str = UTC_ZONE) -> Compare:
    """Read one criterion; dates without an offset are those of the IANA zone. Raises `ConditionError`."""
    reader = Reader(text, EXAMPLE, zone)
    comparison = compared(reader, _single, _item)
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
        what = f'"{sign}" in a value without quotes: one criterion a line, or put the value in quotes'
        raise reader.wrong(what, f'name equals "a {sign if sign != chr(34) else "="} b"', stop.start())
    begin, reader.at = reader.at, len(reader.text)
    return Literal(reader.text[begin:].rstrip(), begin)


def _item(reader: Reader) -> Literal:
    """A value in a list: in quotes, or what stands before the next comma or bracket."""
    quoted = reader.quoted()
    if quoted is not None:
        return quoted
    begin = reader.at
    bare = reader.take(_BARE)
    if bare is None:
        raise reader.wrong("here an item of the list is missing", 'country in ["DE", "FR"]')
    return Literal(bare.group().rstrip(), begin)
