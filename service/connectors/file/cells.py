"""Read one cell of a row as what the map says that it is: a text, a number, a day or a moment.

What a cell cannot be is told with its column and what to do, and spoils its row alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from service.connectors.file.event_map import Cell, Constant, Value
from service.connectors.file.rows import Row
from service.language.nearest import nearest

Extract = Callable[[Row], Any]
"""Reads one value of a row; none where the cell is empty or not there. Raises `BadCell`."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")


class BadCell(ValueError):
    """A cell that cannot be what the map says. Its text says why and what to do."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column


def reader(value: Value) -> Extract:
    """How this value is read from a row."""
    match value:
        case Constant(constant=constant):
            return lambda row: constant
        case Cell(column=column, type="text", words=None):
            return lambda row: None if (cell := row.get(column)) == "" else cell
        case Cell(column=column, type="text", words=words):
            return lambda row: None if _is_empty(cell := row.get(column)) else translated(cell, column, words or {})
        case Cell(column=column, type="number"):
            return lambda row: None if _is_empty(cell := row.get(column)) else _number(cell, column)
        case Cell(column=column, type="time", format=form, zone=name):
            zone = UTC if name is None else ZoneInfo(name)
            return lambda row: None if _is_empty(cell := row.get(column)) else _moment(cell, column, form, zone)
        case Cell(column=column, format=form):
            return lambda row: None if _is_empty(cell := row.get(column)) else _date(cell, column, form)


def nothing(row: Row) -> None:
    """Reads what the map does not name."""


def read_text(value: object) -> str:
    """What was read, as a text; none is empty."""
    return "" if value is None else str(value)


def translated(cell: object, column: str, known: Mapping[str, str], unlike: str = "no word of the map") -> str:
    """What a cell's word stands for, whatever its case. Raises `BadCell`."""
    text = str(cell).strip()
    meant = next((meant for word, meant in known.items() if word.casefold() == text.casefold()), None)
    if meant is not None:
        return meant
    near = nearest(text, known)
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
    raise BadCell(column, f"{text[:40]!r} is {unlike}: {hint}")


def _is_empty(cell: object) -> bool:
    return cell is None or cell == ""


def _number(cell: object, column: str) -> int | float:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    text = str(cell).strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadCell(column, f"{text[:40]!r} is not a number: write it like 1234.5")
    return number


def _date(cell: object, column: str, form: str | None) -> str:
    text = str(cell).strip()
    try:
        found = date.fromisoformat(text) if form is None else datetime.strptime(text, form).date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        raise _unlike(text, column, "date", "2026-01-31", form) from None
    return found.isoformat()


def _moment(cell: object, column: str, form: str | None, zone: tzinfo) -> str:
    """In UTC, so that it is written in one way whatever the file's. What names its offset needs no zone."""
    text = str(cell).strip()
    try:
        found = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007  # the zone follows
        meant = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        return meant.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise _unlike(text, column, "time", "2026-01-31T08:00:00Z", form) from None


def _unlike(text: str, column: str, kind: str, usual: str, form: str | None) -> BadCell:
    remedy = f"write `format:` as your {kind}s are" if form is None else "mend the cell, or `format:`"
    return BadCell(column, f"{text[:40]!r} is not a {kind} like {form or usual}: {remedy}")
