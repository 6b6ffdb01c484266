"""A JSON Schema as tables for people: per part its fields, each with type, default, bounds and meaning.

One reader of schemas for every page that shows fields: the configuration's reference and the description that the
service serves. What it writes is plain text; who shows it escapes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]

WORDS: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "null": "nothing",
    "array": "list",
    "object": "map",
}
ANYTHING: Final = "any value"
BOUNDS: Final[Mapping[str, str]] = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} names",
    "maxProperties": "at most {} names",
}
"""What a bound says. Longer than one, that is: nobody has to be told that a text which is needed is not empty."""


class Row(NamedTuple):
    """One field. `default` is JSON, empty where there is none; `allowed` the values or bounds."""

    name: str
    type: str
    required: bool
    default: str
    allowed: str
    meaning: str


class Table(NamedTuple):
    """One part: its name, what it is, and its fields."""

    name: str
    meaning: str
    rows: tuple[Row, ...]


def tables(root: Schema, definitions: Mapping[str, Schema]) -> tuple[Table, ...]:
    """The root's table, then those of all parts it reaches, each once, in the order in which a reader meets them."""
    found = [_table(str(root.get("title", "")), root, definitions)]
    seen: set[str] = set()
    waiting = list(_references(root.get("properties", {})))
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            if "properties" in definitions[name]:
                found.append(_table(name, definitions[name], definitions))
            waiting += _references(definitions[name])
    return tuple(found)


def _table(name: str, schema: Schema, definitions: Mapping[str, Schema]) -> Table:
    required = set(schema.get("required", ()))
    rows = tuple(
        _row(field, described, definitions, required=field in required)
        for field, described in schema.get("properties", {}).items()
    )
    return Table(name, _flowing(str(schema.get("description", ""))), rows)


def _row(name: str, schema: Schema, definitions: Mapping[str, Schema], *, required: bool) -> Row:
    meaning = str(schema.get("description", "")) or _described(schema, definitions)
    words = type_in_words(schema)
    if required and any(choice.get("type") == "null" for choice in schema.get("anyOf", ())):
        words += " or null"
    return Row(name, words, required, _default(schema), "; ".join(_allowed(schema)), _flowing(meaning))


def _default(schema: Schema) -> str:
    """As JSON. Nothing for nothing, and for a part, whose fields have defaults of their own."""
    default = schema.get("default")
    return "" if default is None or "$ref" in schema else json.dumps(default, ensure_ascii=False)


def _described(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """What the part itself says, its first sentence, where the field says nothing of its own."""
    for name in _references(schema):
        return str(definitions[name].get("description", "")).partition("\n\n")[0]
    return ""


def type_in_words(schema: Schema) -> str:
    """Such as `text`, `list of Member or text`, `map of User`. What may be left out is not called "or nothing"."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if choices := schema.get("anyOf", schema.get("oneOf")):
        words = [type_in_words(choice) for choice in choices if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(words)) or WORDS["null"]
    if "const" in schema or "enum" in schema:
        return "word"
    kind = schema.get("type", "")
    if kind == "array":
        return f"list of {type_in_words(items)}" if (items := _inner(schema, "items")) else WORDS[kind]
    if kind == "object":
        values = _values(schema)
        return f"map of {type_in_words(values)}" if values else WORDS[kind]
    if schema.get("format") == "date-time":
        return "time"
    return WORDS.get(kind, ANYTHING)


def _inner(schema: Schema, name: str) -> Schema | None:
    inner = schema.get(name)
    return inner if isinstance(inner, Mapping) and inner else None


def _values(schema: Schema) -> Schema | None:
    """What stands behind the names of a map, whatever form the names have."""
    for values in (_inner(schema, "patternProperties") or {}).values():
        return values if isinstance(values, Mapping) else None
    return _inner(schema, "additionalProperties")


def _allowed(schema: Schema) -> Iterator[str]:
    """Words that are allowed, and bounds, of the field and of each of what it is a list, map or choice of."""
    said: dict[str, None] = {}
    for part, each in _parts(schema):
        if "const" in part or "enum" in part:
            said[", ".join(json.dumps(word) for word in part.get("enum", [part.get("const")]))] = None
        for bound, words in BOUNDS.items():
            if bound in part and not (bound.startswith("min") and bound != "minimum" and part[bound] <= 1):
                said[each + words.format(f"{part[bound]:,}")] = None
    names = _inner(schema, "propertyNames")
    if names and "enum" in names:
        said["names: " + ", ".join(json.dumps(word) for word in names["enum"])] = None
    yield from said


def _parts(schema: Schema, each: str = "") -> Iterator[tuple[Schema, str]]:
    """The schema, its choices, and what it holds, of which bounds speak one by one."""
    yield schema, each
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _parts(choice, each)
    for inner in (_inner(schema, "items"), _values(schema)):
        if inner:
            yield from _parts(inner, "each ")


def _references(part: object) -> Sequence[str]:
    """The parts that a schema names, in their order."""
    if isinstance(part, Mapping):
        own = [str(part["$ref"]).rpartition("/")[2]] if isinstance(part.get("$ref"), str) else []
        return [*own, *(name for inner in part.values() for name in _references(inner))]
    if isinstance(part, list):
        return [name for inner in part for name in _references(inner)]
    return []


def _flowing(text: str) -> str:
    """Without the line breaks of the source."""
    return " ".join(text.split())
