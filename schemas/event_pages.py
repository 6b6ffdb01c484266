"""The generated parts of the integrator's page: every event with its fields and an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel

from schemas.decisions import OUTPUTS, DecisionData
from schemas.events import INPUTS, RecordData
from schemas.reference import markdown_table
from schemas.samples import SAMPLES
from schemas.tables import Table, tables

SHARED: Final[Mapping[type[BaseModel], str]] = {
    RecordData: "Every event about a record",
    DecisionData: "Every decision",
}
"""What several events have in common is told once, under these names."""


def events_read() -> str:
    """What we read, as Markdown."""
    return "\n".join((*_shared(RecordData), *_events(INPUTS, RecordData)))


def events_written() -> str:
    """What we publish, as Markdown."""
    return "\n".join((*_shared(DecisionData), *_events(OUTPUTS, DecisionData)))


def _tables(model: type[BaseModel]) -> tuple[Table, ...]:
    schema = model.model_json_schema()
    return tables(schema, schema.get("$defs", {}))


def _shared(model: type[BaseModel]) -> Iterator[str]:
    first, *parts = _tables(model)
    yield from (f"### {SHARED[model]}", "")
    yield from markdown_table(first.rows)
    for part in parts:
        yield from ("", f"**{part.name}.** {part.meaning}", "")
        yield from markdown_table(part.rows)
    yield ""


def _events(events: Mapping[str, type[BaseModel]], shared: type[BaseModel]) -> Iterator[str]:
    known = {row for table in _tables(shared) for row in table.rows}
    for name, model in events.items():
        yield from (f"### `{name}`", "", (model.__doc__ or "").strip(), "")
        rows = tuple(row for row in _tables(model)[0].rows if row not in known)
        if rows:
            yield from (*markdown_table(rows), "")
        yield from ("```json", *_lines(SAMPLES[name]), "```", "")


def _lines(sample: Mapping[str, object]) -> Iterator[str]:
    """JSON with a line per attribute, and one per part of the data."""
    *attributes, _ = sample.items()
    yield "{"
    for name, value in attributes:
        yield f"  {json.dumps(name)}: {json.dumps(value)},"
    data: Mapping[str, object] = dict(sample["data"])  # type: ignore[call-overload]  # every sample has data
    parts = [f"    {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in data.items()]
    yield from ('  "data": {', *",\n".join(parts).splitlines(), "  }", "}")
