"""A list of the records that are open in a CRM: CSV with the columns record type, id, owner, and maybe size.

A list that is only partly read would say of the rest that it is closed: so one bad row refuses all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, get_args

from service.config.problems import Problem
from service.connectors.file.opening import FileRefused, opened, repeated
from service.connectors.file.rows import BadRow, NumberedRow
from service.core.events import CHANNELS, TargetKind

COLUMNS: Final = ("record_type", "id", "owner")
SIZE: Final = "size"
OTHER_NAMES: Final = {"type": "record_type", "record_id": "id", "owner_id": "owner"}
OTHER_OWNERS: Final = frozenset(get_args(TargetKind)) - {"user"}
OTHER_DELIMITER: Final = 'its columns are divided by another character: say --delimiter "{}"'
SIZE_LIMIT: Final = 1_000_000_000


class OpenRecord(NamedTuple):
    """One row: a record that is open, who has it (empty: nobody), and its size where the list says it."""

    record: str
    owner: str
    size: float | None


def open_records(path: Path, delimiter: str = ",") -> list[OpenRecord]:
    """The rows. Raises `OSError`, and `FileRefused` with the place of what is wrong."""
    with opened(path, "csv", delimiter, OTHER_DELIMITER) as (columns, rows, _):
        names = [_column(name) for name in columns or ()]
        twice = next((name for name in repeated(names) if name in (*COLUMNS, SIZE)), None)
        if twice is not None:
            message = f"the column {twice} stands there twice, maybe under another name: keep one of them"
            raise FileRefused(Problem(str(path), 1, len(names) - names[::-1].index(twice), message))
        named = dict(zip(names, columns or (), strict=True))
        missing = [name for name in COLUMNS if name not in named]
        if missing:
            message = f"the column {missing[0]} is missing: a list has record_type, id, owner, and maybe size"
            raise FileRefused(Problem(str(path), 1, 1, message))
        found = list(_read(rows, named, path))
    seen: dict[str, int] = {}
    for line, each in found:
        if seen.setdefault(each.record, line) != line:
            message = f"{each.record} stands in line {seen[each.record]} already: keep one of them"
            raise FileRefused(Problem(str(path), line, 1, message))
    return [each for _, each in found]


def _read(rows: Iterable[NumberedRow | BadRow], named: dict[str, str], path: Path) -> Iterator[tuple[int, OpenRecord]]:
    for row in rows:
        read = row if isinstance(row, BadRow) else _open_record(row, named)
        if isinstance(read, BadRow):
            raise FileRefused(Problem(str(path), read.line, read.column, read.why))
        yield row.line, read


def _open_record(found: NumberedRow, named: dict[str, str]) -> OpenRecord | BadRow:
    cells = {name: str(found.row[column]).strip() for name, column in named.items()}
    record_type = cells["record_type"].casefold()
    if record_type not in CHANNELS:
        return BadRow(found.line, f"this is no type of record: write one of {', '.join(CHANNELS)}")
    if not cells["id"]:
        return BadRow(found.line, "the id is missing")
    kind, colon, _ = cells["owner"].partition(":")
    if colon and kind in OTHER_OWNERS:
        return BadRow(found.line, "this owner is no person: leave it empty, for nobody has the record")
    size = cells.get(SIZE, "")
    if size and not _is_size(size):
        return BadRow(found.line, "this is no size: write a number from 0 on, or nothing")
    return OpenRecord(f"{record_type}/{cells['id']}", cells["owner"], float(size) if size else None)


def _is_size(text: str) -> bool:
    try:
        return 0 <= float(text) <= SIZE_LIMIT
    except ValueError:
        return False


def _column(name: str) -> str:
    """A column by its name as it is known, however a spreadsheet writes it."""
    word = "_".join(name.strip().casefold().split())
    return OTHER_NAMES.get(word, word)
