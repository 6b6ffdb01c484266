"""Compile a map into a function from a row to an event.

Everything that does not depend on the row is decided once: constants are put in, look-up files are read, and each cell
has a reader for its type. What is left per row is a handful of look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from service.config.problems import ConfigurationError, Problem
from service.connectors.file.cells import BadCell, Extract, nothing, read_text, reader
from service.connectors.file.event_map import Cell, EventMap, Link, ReadMap, columns_read
from service.connectors.file.happenings import NEEDED, event_type, unfit_for_event
from service.connectors.file.opening import FileRefused, meant_delimiter, opened, repeated
from service.connectors.file.rows import BadRow, NumberedRow, Row
from service.wire.cloudevents import binary_message
from service.wire.messages import Message

ATTRIBUTES: Final = ("time", "division", "correlationid", "partitionkey")
DAY_LENGTH: Final = len("2026-01-31")
OPTIONAL_DATA: Final = ("channel", "version")
NAMES: Final = ("tool", "offer", "person")
"""Of data, what names something: a number in a file is its digits."""
NO_TIME: Final = (
    "the map reads no `time`, so what is sent later counts as later: add the column that says when it happened"
)
OTHER_DELIMITER: Final = 'write `delimiter: "{}"` into the map'
COMMAS: Final = "save it with commas"


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
        record_type, record_id = str(self.record_type(row)), read_text(self.record_id(row))
        if not record_id:
            raise BadCell("", "the record has no id: fill what the map reads as `record.id`")
        record: dict[str, object] = {"type": record_type, "id": record_id, "fields": _extracted(self.fields, row)}
        linked = _extracted(self.links, row)
        if linked:
            record["linked"] = linked
        attributes = {
            "id": read_text(self.id(row)) or f"{self.name}#{line}",
            "source": self.source,
            "type": read_text(self.event(row)),
            **_extracted(self.attributes, row),
        }
        data = _extracted(self.data, row)
        needed = NEEDED.get(attributes["type"])
        if needed is not None and needed not in data:
            raise BadCell("", f"{attributes['type']} names no {needed}: fill what the map reads as `{needed}`")
        key = attributes.get("partitionkey") or f"{record_type}/{record_id}"
        return binary_message(self.topic, key, attributes, {"record": record, **data})


def compile_map(read: ReadMap, file: Path, columns: list[str] | None, topic: str) -> Converter:
    """The converter for a file. `columns` are its header's, none where it has no header.

    Raises `ConfigurationError` for columns that are not there and look-up files that cannot be used.
    """
    content = read.content
    problems = [] if columns is None else _unusable_columns(read, columns, file)
    problems += unfit_for_event(read)
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
        event=event_type(content.event),
        id=nothing if content.id is None else reader(content.id),
        attributes=_attributes(content),
        record_type=reader(content.record.type),
        record_id=reader(content.record.id),
        fields={name: reader(value) for name, value in content.fields.items()},
        links=links,
        data={**_given(content, OPTIONAL_DATA), **_named(content), **_people(content)},
    )


def _given(content: EventMap, names: tuple[str, ...]) -> dict[str, Extract]:
    given = {name: getattr(content, name) for name in names}
    return {name: reader(value) for name, value in given.items() if value is not None}


def _named(content: EventMap) -> dict[str, Extract]:
    return {name: _as_text(read) for name, read in _given(content, NAMES).items()}


def doubts_of(read: ReadMap, columns: Sequence[str]) -> list[str]:
    """What is sent, or harms nothing, and is hardly meant."""
    content = read.content
    found = _unread_twins(read, columns)
    if content.offer is not None and content.time is None:
        found.append(NO_TIME)
    return found


def _attributes(content: EventMap) -> dict[str, Extract]:
    """Attributes are text; a day stands for its first moment."""
    texts = {name: _as_text(read) for name, read in _given(content, ATTRIBUTES).items()}
    if content.time is not None:
        texts["time"] = _as_moment(texts["time"])
    return texts


def _as_text(read: Extract) -> Extract:
    return lambda row: read_text(read(row)) or None


def _as_moment(read: Extract) -> Extract:
    return lambda row: f"{time}T00:00:00Z" if (time := read(row)) and len(time) == DAY_LENGTH else time


def _people(content: EventMap) -> dict[str, Extract]:
    """An actor is a person's id; an owner too, unless its kind is said (`pool:emea`)."""
    people: dict[str, Extract] = {}
    if content.actor is not None:
        actor = reader(content.actor)
        people["actor"] = lambda row: {"id": name} if (name := read_text(actor(row))) else None
    if content.owner is not None:
        owner = reader(content.owner)
        people["owner"] = lambda row: _owner(read_text(owner(row)))
    return people


def _owner(text: str) -> dict[str, str] | None:
    kind, colon, name = text.partition(":")
    if not colon:
        kind, name = "user", text
    return {"kind": kind, "id": name} if name else None


def _link(link: Link, path: Path) -> Extract:
    """Looks up the linked record. One that is not in the file keeps its id and has no fields."""
    known = {key: {"id": key, "fields": fields} for key, fields in _look_up_table(link, path).items()}
    more = {} if link.type is None else {"type": link.type}
    column = link.from_

    def look_up(row: Row) -> object:
        key = read_text(row.get(column))
        return {**more, **known.get(key, {"id": key, "fields": {}})} if key else None

    return look_up


def _look_up_table(link: Link, path: Path) -> dict[str, dict[str, object]]:
    readers = {name: reader(value) for name, value in link.fields.items()}
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


def _unread_twins(read: ReadMap, columns: Sequence[str]) -> list[str]:
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
