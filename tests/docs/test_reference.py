"""The configuration's reference: every key is there with its meaning, and the examples beside it can be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from schemas import (
    config,
    config_entry,
    config_limits,
    config_plans,
    config_rights,
    config_rules,
    config_settings,
    config_skills,
    config_telling,
    config_time,
    config_waiting,
    config_workflows,
    generate,
)
from schemas.config import Document
from schemas.reference import EXAMPLES, WHERE, configuration_tables
from schemas.tables import Row, Table, tables, type_in_words
from service.config.nodes import from_yaml

ROOT: Final = Path(__file__).parents[2]
MODELS: Final[dict[str, Any]] = {
    name: model
    for module in (
        config_entry,
        config_limits,
        config_plans,
        config_rights,
        config_rules,
        config_settings,
        config_skills,
        config_telling,
        config_time,
        config_waiting,
        config_workflows,
        config,
    )
    for name, model in vars(module).items()
}
PARTS: Final[dict[str, type[BaseModel]]] = {
    name: Document if name == "Configuration" else MODELS[name] for name in WHERE
}
TABLES: Final = configuration_tables()


def read(content: bytes) -> list[Any]:
    """The documents as the service reads them: YAML 1.1 would make a truth of `on`."""
    found, problems = from_yaml(content, "example.yaml")
    assert problems == []
    return [node.plain() for node in found]


def values(part: str) -> list[Any]:
    (found,) = read(EXAMPLES[part].encode())
    return found if isinstance(found, list) else [found]


def documents(*folders: str) -> list[Any]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).glob("*.yaml"))]
    return [
        pytest.param(document, id=f"{path.relative_to(ROOT)}-{number}")
        for path in paths
        for number, document in enumerate(read(path.read_bytes()))
    ]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((generate.FOLDER / "json" / f"{name}.json").read_text()))


def test_the_pages_say_what_the_models_say() -> None:
    """`python -m schemas` writes what differs."""
    assert generate.renew_pages(write=False) == []


def test_a_page_that_differs_is_noticed_and_written(tmp_path: Path) -> None:
    """Only the generated part is; what stands around it stays."""
    for name, parts in generate.PARTS.items():
        generated = "".join(f"<!-- {part}: x -->\nold\n<!-- end of {part} -->\n" for part in parts)
        (tmp_path / name).write_text(f"before\n{generated}after\n")
    assert len(generate.renew_pages(tmp_path, write=True)) == len(generate.PARTS)
    assert generate.renew_pages(tmp_path, write=False) == []
    written = (tmp_path / "configuration.md").read_text()
    assert (written[:7], written[-6:]) == ("before\n", "after\n")
    assert "old\n" not in written


def test_a_page_without_the_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="no part called reference"):
        generate.renewed("a page", "reference", "")


def test_every_part_of_a_document_is_on_the_page_and_named() -> None:
    """A new part of the models needs a name and an example."""
    assert set(TABLES) == set(WHERE) == set(EXAMPLES)


@pytest.mark.parametrize("part", WHERE)
def test_every_key_says_what_it_means(part: str) -> None:
    assert [row.name for row in TABLES[part].rows if not row.meaning] == []


@pytest.mark.parametrize("part", WHERE)
def test_every_key_is_in_an_example_that_its_model_accepts(part: str) -> None:
    """And so does the JSON Schema, which editors use."""
    shown: set[str] = set()
    for value in values(part):
        set_here = PARTS[part].model_validate(value).model_fields_set
        shown |= {PARTS[part].model_fields[name].alias or name for name in set_here}
        Draft202012Validator(PARTS[part].model_json_schema()).validate(value)
    assert {row.name for row in TABLES[part].rows} <= shown


@pytest.mark.parametrize("document", documents("deploy/config", "deploy/examples/crm-sales/config"))
def test_the_json_schema_accepts_what_the_service_accepts(document: object) -> None:
    """Short forms, too: an editor must not mark what is right."""
    validator("configuration").validate(document)


@pytest.mark.parametrize("document", documents("deploy/config/scenarios", "tests/scenarios"))
def test_the_json_schema_of_scenarios_accepts_what_is_played(document: object) -> None:
    validator("scenario").validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {"pols": {}},
        {"users": {"ann": {"nmae": "Ann"}}},
        {"pools": {"a": {"record_type": "house"}}},
        {"pools": {"a": {"record_type": "lead", "strategy": "random"}}},
    ],
    ids=str,
)
def test_the_json_schema_refuses_mistakes(document: object) -> None:
    assert not validator("configuration").is_valid(document)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "array", "items": {"$ref": "#/$defs/Member"}}, "list of Member"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number"),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "text or list of text"),
        ({"type": "object", "additionalProperties": {"$ref": "#/$defs/Pool"}}, "map of Pool"),
        ({"type": "object", "patternProperties": {"^a$": {"type": "number"}}}, "map of number"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"enum": ["a", "b"]}, "word"),
        ({}, "any value"),
    ],
    ids=str,
)
def test_a_type_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_in_words(schema) == words


def test_a_table_tells_required_fields_defaults_words_and_bounds() -> None:
    """What a reader of a schema would have to look together."""
    schema = {
        "title": "Thing",
        "description": "A\nthing.",
        "required": ["kind"],
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "count": {"type": "integer", "minimum": 1, "maximum": 5_000, "default": 1, "description": "How many."},
            "inner": {"$ref": "#/$defs/Inner", "default": {"x": 1}},
            "names": {"type": "array", "maxItems": 9, "items": {"type": "string", "maxLength": 20}},
        },
    }
    inner = {"description": "What is inside.\n\nMore.", "properties": {"again": {"$ref": "#/$defs/Inner"}}}
    (thing, within) = tables(schema, {"Inner": inner})
    assert thing == Table(
        "Thing",
        "A thing.",
        (
            Row("kind", "word", True, "", '"a", "b"', ""),
            Row("count", "whole number", False, "1", "at least 1; at most 5,000", "How many."),
            Row("inner", "Inner", False, "", "", "What is inside."),
            Row("names", "list of text", False, "", "at most 9 items; each at most 20 characters", ""),
        ),
    )
    assert (within.name, within.rows[0].type) == ("Inner", "Inner")
