"""Rows of a file, each with its number: CSV with a header, or one JSON object a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

Format = Literal["csv", "jsonl"]
Row = Mapping[str, Any]

FORMATS: Final[Mapping[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}


class BadRow(NamedTuple):
    """A row that cannot be used. `line` is where it ends in the file, counted from 1."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


class NumberedRow(NamedTuple):
    """A row and the line it ends in."""

    line: int
    row: Row


def format_of(path: Path) -> Format | None:
    """The format by the file's ending; none where it says nothing."""
    return FORMATS.get(path.suffix.lower())


def csv_rows(lines: Iterable[str], delimiter: str) -> tuple[list[str], Iterator[NumberedRow | BadRow]]:
    """The header's columns, and the rows behind it."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header = next(reader, [])
    return header, _csv_rows(reader, header)


def json_rows(lines: Iterable[str]) -> Iterator[NumberedRow | BadRow]:
    """One JSON object a line; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield BadRow(number, f"not JSON: {error}")
            continue
        yield NumberedRow(number, row) if isinstance(row, dict) else BadRow(number, "not a JSON object")


def _csv_rows(reader: Any, header: list[str]) -> Iterator[NumberedRow | BadRow]:
    width = len(header)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(reader.line_num, str(error))
            continue
        if len(cells) == width:
            yield NumberedRow(reader.line_num, dict(zip(header, cells, strict=True)))
        elif cells:
            yield BadRow(reader.line_num, f"{len(cells)} cells, the header has {width}")
