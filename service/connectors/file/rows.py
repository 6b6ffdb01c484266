"""Rows of a file, each with its line: CSV with a header, or one JSON object a line.

What a spreadsheet exports is not always what was meant: a quote that is left open swallows the rows behind it. Such a
row is told where its quote opened, and nothing behind it is read, because nobody knows any more what is a row there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from service.nouns import counted

Format = Literal["csv", "jsonl"]
Row = Mapping[str, Any]

FORMATS: Final[Mapping[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
QUOTE: Final = '"'


class BadRow(NamedTuple):
    """A row that cannot be used, and what to do about it. `cells` is the row as it was, as far as it is known.

    `line` is where it begins in the file, counted from 1; `column` is the cell of a CSV file and the character of a
    JSON line, counted from 1 as well.
    """

    line: int
    why: str
    column: int = 1
    cells: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.why}"


class NumberedRow(NamedTuple):
    """A row, the line it begins in, and its cells as they stand there (a JSON line is one cell)."""

    line: int
    row: Row
    cells: tuple[str, ...] = ()


def format_of(path: Path) -> Format | None:
    """The format by the file's ending; none where it says nothing."""
    return FORMATS.get(path.suffix.lower())


def csv_rows(lines: Iterable[str], delimiter: str) -> tuple[list[str] | BadRow, Iterator[NumberedRow | BadRow]]:
    """The header's columns, or what is wrong with the header, and the rows behind it."""
    taken: list[str] = []
    reader = csv.reader(_remembering(lines, taken), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        return _unsplit(error, 1, taken, delimiter)[0], iter(())
    return header, _csv_rows(reader, header, taken, delimiter)


def json_rows(lines: Iterable[str]) -> Iterator[NumberedRow | BadRow]:
    """One JSON object a line; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        text = line.rstrip()
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            yield BadRow(number, f"not JSON ({error.msg}): write one object a line", error.colno, (text,))
            continue
        if isinstance(row, dict):
            yield NumberedRow(number, row, (text,))
        else:
            yield BadRow(number, "not a JSON object: write one object a line", 1, (text,))


def _remembering(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """The lines as they are; those of the row under way are kept, so that a mistake can be shown its place."""
    for line in lines:
        taken.append(line)
        yield line


def _csv_rows(reader: Any, header: list[str], taken: list[str], delimiter: str) -> Iterator[NumberedRow | BadRow]:
    width = len(header)
    while True:
        begin = reader.line_num + 1
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad, is_lost = _unsplit(error, begin, taken, delimiter)
            yield bad
            if is_lost:
                return
            continue
        if len(cells) == width:
            if any(cells):
                yield NumberedRow(begin, dict(zip(header, cells, strict=True)), tuple(cells))
        elif any(cells):
            yield _of_another_width(begin, tuple(cells), width, delimiter)


def _of_another_width(line: int, cells: tuple[str, ...], width: int, delimiter: str) -> BadRow:
    found = f"{counted(len(cells), 'cell')}, the header has {width}"
    too_many = f"put a cell that contains {delimiter!r} into quotes, or remove what is too much"
    remedy = too_many if len(cells) > width else "add those that are missing"
    return BadRow(line, f"{found}: {remedy}", min(len(cells), width) + 1, cells)


def _unsplit(error: csv.Error, begin: int, taken: list[str], delimiter: str) -> tuple[BadRow, bool]:
    """A row that cannot be taken apart, and whether the rest of the file is lost with it."""
    text = "".join(taken)
    raw = (text.rstrip("\r\n"),)
    opened = _spoiled_quote(text, delimiter)
    if opened is None:
        return BadRow(begin, f"{error}: shorten the cell", 1, raw), False
    at, cell = opened
    before = text[:at].splitlines(keepends=True)
    is_line_begun = bool(before) and not before[-1].endswith(("\n", "\r"))
    line = begin + len(before) - is_line_begun
    character = len(before[-1]) + 1 if is_line_begun else 1
    if len(taken) == 1 and QUOTE in text[at + 1 :]:
        why = f"the quote at character {character} closes before its cell ends: write two quotes for one inside a cell"
        return BadRow(line, why, cell, raw), False
    why = (
        f"the quote at character {character} is left open: close it, or write two quotes for one inside a cell; "
        "nothing behind it was read"
    )
    return BadRow(line, why, cell, raw), True


def _spoiled_quote(text: str, delimiter: str) -> tuple[int, int] | None:
    """Where a quote opens that does not close at the end of its cell, and in which cell of its row."""
    ends = re.escape(delimiter) + r"\r\n"
    cell_text = re.compile(rf'"(?:[^"]++|"")*+"(?=[{ends}]|\Z)|(?!")[^{ends}]*+')
    at, cell = 0, 1
    while at < len(text):
        found = cell_text.match(text, at)
        if found is None:
            return at, cell
        cell = cell + 1 if text[found.end() : found.end() + 1] == delimiter else 1
        at = found.end() + 1
    return None
