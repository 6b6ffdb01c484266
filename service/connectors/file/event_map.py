"""The map: a YAML document that says how a row of a file becomes a CRM event.

    source: our-crm                      # the system the rows come from
    event: crm.record.created.v1         # any text outside `fields` is meant as it stands …
    id: {column: deal_id}                # … and {column: …} is read from the row
    record: {type: deal, id: {column: deal_id}}
    channel: import
    partitionkey: deals                  # one key for all rows keeps the file's order
    fields:
      product: product                   # inside `fields` a word is a column; an empty cell leaves the field unset
      value: {column: close_value, type: number}
      closed: {column: close_date, type: date, format: "%m/%d/%Y"}
      currency: {constant: USD}
    tool: {column: tool}                 # the lead-generation tool it came in through
    linked:
      account:
        file: accounts.csv               # beside the file that is published, unless found beside the map
        key: name                        # its column that is looked up …
        from: account                    # … by this column of the row
        fields: [sector, {column: employees, type: number}]

What happened to offers is a file, too: its event is a column that says `ordered`, `paid` or `payment_failed`, or words
of your own that `words` translates, and its time puts what happened to one offer in order.

    event: {column: state, words: {bought: ordered, settled: paid, bounced: payment_failed}}
    time: {column: at, type: time, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
    record: {type: lead, id: {column: lead}}
    offer: {column: offer}

Mistakes are told all at once, with file, line and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from service.config.nodes import Node, NotYaml, Steps, from_yaml, shown
from service.config.problems import ConfigurationError, Problem
from service.config.validation import location
from service.wording import worded

CELL: Final = "(cell)"
CONSTANT: Final = "(constant)"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("there is no such time zone: write one like Europe/Berlin") from error
    return value


class Cell(_Part):
    """What stands in a column.

    A date without `format` is written as in 2026-01-31, a time as in 2026-01-31T08:00:00Z; a time that says no offset
    is one of the `zone`, which is UTC unless it says otherwise. `words` are what the file says for what is meant;
    another word is a mistake.
    """

    column: Annotated[str, Field(min_length=1)]
    type: Literal["text", "number", "date", "time"] = "text"
    format: str | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    words: Annotated[dict[str, str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.format is not None and self.type not in ("date", "time"):
            raise ValueError("only a date or a time has a format: add `type: date` or `type: time`, or leave it out")
        if self.zone is not None and self.type != "time":
            raise ValueError("only a time has a zone: add `type: time`, or leave it out")
        if self.words is not None and self.type != "text":
            raise ValueError("only a text is translated: leave `type` or `words` out")
        return self


class Constant(_Part):
    """The same in every row."""

    constant: str | int | float | bool


def _cell(value: object) -> object:
    """A word is short for a column."""
    return {"column": value} if isinstance(value, str) else value


def _constant(value: object) -> object:
    """A word is meant as it stands."""
    return {"constant": value} if isinstance(value, str | int | float | bool) else value


def _named(value: object) -> object:
    """A list of columns is short for fields of the same names."""
    if not isinstance(value, list):
        return value
    columns = [_cell(each) for each in value]
    return {str(each.get("column")) if isinstance(each, dict) else str(each): each for each in columns}


def _form(value: object) -> str:
    """Which of the two forms a value has, so that a mistake is told once and not once for each form."""
    is_cell = "column" in value if isinstance(value, dict) else isinstance(value, Cell)
    return CELL if is_cell else CONSTANT


Value = Annotated[Annotated[Cell, Tag(CELL)] | Annotated[Constant, Tag(CONSTANT)], Discriminator(_form)]
Attribute = Annotated[Value, BeforeValidator(_constant)]
Fields = Annotated[dict[str, Annotated[Value, BeforeValidator(_cell)]], BeforeValidator(_named)]


class RecordName(_Part):
    """Which record a row is about."""

    type: Attribute
    id: Attribute


class Link(_Part):
    """A record of another file that the row points to. `key` is that file's column, `from` the row's."""

    file: Annotated[str, Field(min_length=1)]
    key: Annotated[str, Field(min_length=1)]
    from_: Annotated[str, Field(min_length=1, alias="from")]
    type: str | None = None
    fields: Fields = {}


class EventMap(_Part):
    """The whole document. Without `id` an event is named after the file and the row's number."""

    format: Literal["csv", "jsonl"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    source: str | None = None
    event: Attribute = Constant(constant="crm.record.created.v1")
    id: Attribute | None = None
    time: Attribute | None = None
    division: Attribute | None = None
    correlationid: Attribute | None = None
    partitionkey: Attribute | None = None
    record: RecordName
    channel: Attribute | None = None
    actor: Attribute | None = None
    owner: Attribute | None = None
    version: Attribute | None = None
    tool: Attribute | None = None
    offer: Attribute | None = None
    person: Attribute | None = None
    fields: Fields = {}
    linked: dict[str, Link] = {}


class ReadMap(NamedTuple):
    """A map, and where each part of it was written."""

    content: EventMap
    file: str
    root: Node

    def problem(self, path: Steps, message: str) -> Problem:
        """A problem with the part of the map at this path."""
        where = location(self.root.trail(path))
        return Problem(self.file, where.line, where.column, f"{shown(path)}: {message}")


def read_map(path: Path) -> ReadMap:
    """Read a map. Raises `ConfigurationError` with all its mistakes, `OSError` where there is no such file."""
    try:
        roots, problems = from_yaml(path.read_bytes(), str(path))
    except NotYaml as error:
        raise ConfigurationError([error.problem]) from error
    if len(roots) != 1:
        raise ConfigurationError([Problem(str(path), 1, 1, f"a map is one document, here are {len(roots)}")])
    try:
        content = EventMap.model_validate(roots[0].plain())
    except ValidationError as error:
        raise ConfigurationError([*problems, *_problems(error, roots[0], str(path))]) from error
    if problems:
        raise ConfigurationError(problems)
    return ReadMap(content, str(path), roots[0])


def columns_read(content: EventMap) -> Iterator[tuple[Steps, str]]:
    """Every column of the published file that the map names, and where it names it."""
    attributes: Mapping[str, Any] = dict(content)
    for name, value in attributes.items():
        if isinstance(value, Cell):
            yield (name,), value.column
    for name, value in (("type", content.record.type), ("id", content.record.id)):
        if isinstance(value, Cell):
            yield ("record", name), value.column
    for name, value in content.fields.items():
        if isinstance(value, Cell):
            yield ("fields", name), value.column
    for name, link in content.linked.items():
        yield ("linked", name, "from"), link.from_


def _problems(error: ValidationError, root: Node, file: str) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        steps = [step for step in detail["loc"] if step not in {CELL, CONSTANT}]
        trail = root.trail(steps)
        path = steps[: len(trail) - 1]
        unknown = detail["type"] == "extra_forbidden"
        where = location(trail, of_key=unknown or detail["type"] == "missing")
        said = "this key is unknown" if unknown else worded(detail)
        if detail["type"] == "missing":
            said = f'the key "{steps[-1]}" is missing: add it'
        yield Problem(file, where.line, where.column, f"{shown(path)}: {said}" if path else said)
