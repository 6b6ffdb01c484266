"""What comes of a file's rows: what became events, what could not, and what is doubtful.

Publishing and checking count in the same way; the one sends the events as well. What is kept does not grow with the
file: the first problems and warnings to tell, and a bounded number of ids to recognise repeats by. All failed rows go
into a table that a spreadsheet reads, where somebody wants one.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from service.config.problems import Problem
from service.connectors.file.rows import BadRow, NumberedRow
from service.wire.messages import Message

TOLD: Final = 20
REMEMBERED_NAMES: Final = 500_000
"""Of events and created records: so many are compared with those behind them."""

CREATED: Final = "crm.record.created.v1"

Convert = Callable[[NumberedRow], Message | BadRow]


@dataclass
class Progress:
    """How far it is with a file. `bad` and `warnings` are the first `TOLD` of `bad_rows` and `doubts`."""

    file: str
    sent: int = 0
    bad_rows: int = 0
    doubts: int = 0
    bad: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    first: Message | None = None
    failed: Callable[[BadRow], None] | None = None
    _lines: dict[str, int] = field(default_factory=dict)

    def leave_out(self, row: BadRow) -> None:
        """A row that becomes no event."""
        self.bad_rows += 1
        if len(self.bad) < TOLD:
            self.bad.append(Problem(self.file, row.line, row.column, row.why))
        if self.failed is not None:
            self.failed(row)

    def warn(self, line: int, why: str) -> None:
        """What is sent, or harms nothing, and is hardly meant."""
        self.doubts += 1
        if len(self.warnings) < TOLD:
            self.warnings.append(Problem(self.file, line, 1, why))

    def take(self, line: int, event: Message) -> None:
        """A row that became an event."""
        self.first = self.first or event
        kind, event_id, record = _named(event)
        self.kinds[kind] += 1
        earlier = self._earlier(f"id {event_id}", line) if event_id else None
        if earlier is not None:
            self.warn(line, f"the event id {event_id!r} was in line {earlier} already: a repeat changes nothing")
        elif kind == CREATED and record and (earlier := self._earlier(f"record {record}", line)) is not None:
            self.warn(line, f"{record} was created in line {earlier} already: this is heard as a change of it")

    def _earlier(self, name: str, line: int) -> int | None:
        earlier = self._lines.get(name)
        if earlier is None and len(self._lines) < REMEMBERED_NAMES:
            self._lines[name] = line
            if len(self._lines) == REMEMBERED_NAMES:
                self.warn(line, f"repeats are looked for among the first {REMEMBERED_NAMES:,} ids, up to here")
        return earlier


def events_of(rows: Iterable[NumberedRow | BadRow], convert: Convert, progress: Progress) -> Iterator[Message]:
    """The rows' events in their order. What cannot be one is left out."""
    for row in rows:
        event = row if isinstance(row, BadRow) else convert(row)
        if isinstance(event, BadRow):
            progress.leave_out(event)
        else:
            progress.take(row.line, event)
            yield event


@contextmanager
def failed_rows(path: Path, columns: Sequence[str] | None, delimiter: str) -> Iterator[Callable[[BadRow], None]]:
    """A table of the rows that failed: their own cells, then line and reason, then cells that were too many.

    It is divided like the original, so that the same map reads it once its cells are mended. A JSON line is one cell.
    It begins with a byte order mark, without which spreadsheets take UTF-8 for something else. Raises `OSError`.
    """
    header = list(columns if columns is not None else ("row",))
    width = len(header)
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        table = csv.writer(lines, delimiter=delimiter, lineterminator="\n")
        table.writerow([*header, _unlike("line", header), _unlike("reason", header)])

        def write(row: BadRow) -> None:
            cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
            table.writerow([*cells, row.line, row.why, *row.cells[width:]])

        yield write


def _unlike(name: str, header: Sequence[str]) -> str:
    """The name, made different from the original's columns."""
    while name in header:
        name = f"{name}_"
    return name


def _named(event: Message) -> tuple[str, str, str]:
    """Type, id and record of an event; what it does not name is empty."""
    value = orjson.loads(event.value)
    envelope = attributes(event) or value
    record = value.get("data", value).get("record")
    named = f"{record.get('type')}/{record.get('id')}" if isinstance(record, dict) else ""
    return str(envelope.get("type", "")), str(envelope.get("id") or ""), named


def attributes(event: Message) -> dict[str, Any]:
    """The attributes that stand in an event's headers; none where the value is all there is."""
    return {name[3:]: (value or b"").decode() for name, value in event.headers if name.startswith("ce_")}
