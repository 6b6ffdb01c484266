"""Compile a map into a function from a row to an event.

Everything that does not depend on the row is decided once: constants are put in, look-up files are read, and each cell
has a reader for its type. What is left per row is a handful of look-ups.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from service.config.problems import ConfigurationError, Problem
from service.connectors.file.event_map import Cell, Constant, EventMap, Link, ReadMap, Value, columns_read
from service.connectors.file.opening import FileRefused, meant_delimiter, opened, repeated
from service.connectors.file.rows import BadRow, NumberedRow, Row
from service.wire.cloudevents import binary_message
from service.wire.messages import Message

Extract = Callable[[Row], Any]
"""Reads one value of a row; none where the cell is empty or not there. Raises `BadCell`."""

ATTRIBUTES: Final = ("time", "division", "correlationid", "partitionkey")
DAY_LENGTH: Final = len("2026-01-31")
OPTIONAL_DATA: Final = ("channel", "version")
OTHER_DELIMITER: Final = 'write `delimiter: "{}"` into the map'
COMMAS: Final = "save it with commas"


class BadCell(ValueError):
    """A cell that cannot be what the map says. Its text says why and what to do."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column


class Converter(NamedTuple):
    """Makes events for one topic from the rows of one file."""

    topic: str
    name: str
    columns: Sequence[str]
    source: str
    event: Extract
    id: Extract
    attributes: Mapping[str, Extract]
    record_type: Extract
    record_id: Extract
    fields: Mapping[str, Extract]
    links: Mapping[str, Extract]
    data: Mapping[str, Extract]

    def convert(self, found: NumberedRow) -> Message | BadRow:
        """The event of a row."""
        try:
            return self._event(found.line, found.row)
        except BadCell as error:
            column = self.columns.index(error.column) + 1 if error.column in self.columns else 1
            why = f"{error.column}: {error}" if error.column else str(error)
            return BadRow(found.line, why, column, found.cells)

    def _event(self, line: int, row: Row) -> Message:
        record_type, record_id = str(self.record_type(row)), _text(self.record_id(row))
        if not record_id:
            raise BadCell("", "the record has no id: fill what the map reads as `record.id`")
        record: dict[str, object] = {"type": record_type, "id": record_id, "fields": _extracted(self.fields, row)}
        linked = _extracted(self.links, row)
        if linked:
            record["linked"] = linked
        attributes = {
            "id": _text(self.id(row)) or f"{self.name}#{line}",
            "source": self.source,
            "type": str(self.event(row)),
            **_extracted(self.attributes, row),
        }
        key = attributes.get("partitionkey") or f"{record_type}/{record_id}"
        return binary_message(self.topic, key, attributes, {"record": record, **_extracted(self.data, row)})


def compile_map(read: ReadMap, file: Path, columns: list[str] | None, topic: str) -> Converter:
    """The converter for a file. `columns` are its header's, none where it has no header.

    Raises `ConfigurationError` for columns that are not there and look-up files that cannot be used.
    """
    content = read.content
    problems = [] if columns is None else _unusable_columns(read, columns, file)
    links: dict[str, Extract] = {}
    for name, link in content.linked.items():
        try:
            links[name] = _link(link, _beside(link.file, file, Path(read.file)))
        except (OSError, ValueError, FileRefused) as error:
            problems.append(read.problem(("linked", name, "file"), str(error)))
    if problems:
        raise ConfigurationError(problems)
    return Converter(
        topic=topic,
        name=file.name,
        columns=columns or (),
        source=content.source or f"file/{file.name}",
        event=_reader(content.event),
        id=_nothing if content.id is None else _reader(content.id),
        attributes=_attributes(content),
        record_type=_reader(content.record.type),
        record_id=_reader(content.record.id),
        fields={name: _reader(value) for name, value in content.fields.items()},
        links=links,
        data={**_given(content, OPTIONAL_DATA), **_people(content)},
    )


def _given(content: EventMap, names: tuple[str, ...]) -> dict[str, Extract]:
    given = {name: getattr(content, name) for name in names}
    return {name: _reader(value) for name, value in given.items() if value is not None}


def _attributes(content: EventMap) -> dict[str, Extract]:
    """Attributes are text; a day stands for its first moment."""
    texts = {name: _as_text(read) for name, read in _given(content, ATTRIBUTES).items()}
    if content.time is not None:
        texts["time"] = _as_moment(texts["time"])
    return texts


def _as_text(read: Extract) -> Extract:
    return lambda row: _text(read(row)) or None


def _as_moment(read: Extract) -> Extract:
    return lambda row: f"{time}T00:00:00Z" if (time := read(row)) and len(time) == DAY_LENGTH else time


def _people(content: EventMap) -> dict[str, Extract]:
    """An actor is a person's id; an owner too, unless its kind is said (`pool:emea`)."""
    people: dict[str, Extract] = {}
    if content.actor is not None:
        actor = _reader(content.actor)
        people["actor"] = lambda row: {"id": name} if (name := _text(actor(row))) else None
    if content.owner is not None:
        owner = _reader(content.owner)
        people["owner"] = lambda row: _owner(_text(owner(row)))
    return people


def _owner(text: str) -> dict[str, str] | None:
    kind, colon, name = text.partition(":")
    if not colon:
        kind, name = "user", text
    return {"kind": kind, "id": name} if name else None


def _reader(value: Value) -> Extract:
    match value:
        case Constant(constant=constant):
            return lambda row: constant
        case Cell(column=column, type="text"):
            return lambda row: None if (cell := row.get(column)) == "" else cell
        case Cell(column=column, type="number"):
            return lambda row: None if _is_empty(cell := row.get(column)) else _number(cell, column)
        case Cell(column=column, format=form):
            return lambda row: None if _is_empty(cell := row.get(column)) else _date(cell, column, form)


def _nothing(row: Row) -> None:
    return None


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
        like = form or "2026-01-31"
        remedy = "write `format:` as your dates are" if form is None else "mend the cell, or `format:`"
        raise BadCell(column, f"{text[:40]!r} is not a date like {like}: {remedy}") from None
    return found.isoformat()


def _link(link: Link, path: Path) -> Extract:
    """Looks up the linked record. One that is not in the file keeps its id and has no fields."""
    known = {key: {"id": key, "fields": fields} for key, fields in _look_up_table(link, path).items()}
    more = {} if link.type is None else {"type": link.type}
    column = link.from_

    def look_up(row: Row) -> object:
        key = _text(row.get(column))
        return {**more, **known.get(key, {"id": key, "fields": {}})} if key else None

    return look_up


def _look_up_table(link: Link, path: Path) -> dict[str, dict[str, object]]:
    readers = {name: _reader(value) for name, value in link.fields.items()}
    wanted = {link.key, *(value.column for value in link.fields.values() if isinstance(value, Cell))}
    table: dict[str, dict[str, object]] = {}
    with opened(path, "csv", ",", COMMAS) as (columns, rows, _):
        header = columns or []
        if absent := sorted(wanted - set(header)):
            raise ValueError(f"{path} has no column {', '.join(absent)}; it has {', '.join(header)}")
        for name, places in repeated(header).items():
            if name in wanted:
                raise ValueError(f"{path}: {_twice(name, places)}")
        for found in rows:
            if isinstance(found, BadRow):
                raise ValueError(f"{path}:{found}")  # noqa: TRY004  # it is the row's content that is wrong
            key = found.row[link.key]
            if key in table:
                raise ValueError(f"{path}, line {found.line}: {link.key} {key!r} stands there twice: keep one of them")
            table[key] = _extracted(readers, found.row)
    return table


def _beside(name: str, *places: Path) -> Path:
    """The file next to the first of these that has one of that name."""
    candidates = [place.parent / name for place in places]
    return next((path for path in candidates if path.exists()), candidates[0])


def unread_twins(read: ReadMap, columns: Sequence[str]) -> list[str]:
    """Names that several columns share and the map does not read: doubtful, and no harm."""
    wanted = {column for _, column in columns_read(read.content)}
    return [_twice(name, places) for name, places in repeated(columns).items() if name not in wanted]


def _twice(name: str, places: str) -> str:
    return f"{name!r} is the name of {places}: give each its own"


def _unusable_columns(read: ReadMap, columns: list[str], file: Path) -> list[Problem]:
    """Columns that the map reads and the file has not, or more than once, so that nobody knows which is meant."""
    twins = repeated(columns)
    wanted = {column for _, column in columns_read(read.content)}
    meant = meant_delimiter(columns, read.content.delimiter, wanted)
    if meant is not None:
        said = f"divided by {meant!r} the header of {file.name} has all columns that are read"
        return [read.problem(("delimiter",), f"{said}; {OTHER_DELIMITER.format(meant)}")]
    problems = []
    for path, column in columns_read(read.content):
        if column not in columns:
            listed = ", ".join(name for name in columns if name)
            problems.append(read.problem(path, f"{file.name} has no column {column!r}; it has {listed}"))
        elif column in twins:
            problems.append(read.problem(path, f"in {file.name}, {_twice(column, twins[column])}"))
    return problems


def _extracted(readers: Mapping[str, Extract], row: Row) -> dict[str, Any]:
    """What the row says; what it does not say is left out."""
    return {name: value for name, read in readers.items() if (value := read(row)) is not None}


def _text(value: object) -> str:
    return "" if value is None else str(value)


_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
