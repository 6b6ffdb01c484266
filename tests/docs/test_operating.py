"""The operator's page says what settings, topics and metrics are; `FAIRLEAD_WRITE=1` writes what differs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from pydantic import BaseModel

import service
from schemas.generate import renewed
from schemas.tables import Row, tables
from service.kafka.topics import declaration_file
from service.settings import PREFIX, SECRETS_DIR, Settings, variables
from service.telemetry.metrics import (
    COUNTS,
    LANE_STATES,
    LEVELS,
    TIMINGS,
)

PAGE: Final = Path(service.__file__).parent / "docs" / "operating.md"
UNITS: Final[Mapping[str, str]] = {"ms": "milliseconds", "bytes": "bytes", "hours": "hours", "seconds": "seconds"}
DAY_MS: Final = 86_400_000
HOLDS: Final[Mapping[str, str]] = {
    "crm.*": "what happens in the CRM",
    "assignment.events": "decoded events, one partition per lane",
    "assignment.log": "the truth: claims, batches, snapshots",
    "assignment.config": "versions of the configuration",
    "assignments": "decisions",
    "notifications": "who is to be told",
    "workflow-actions": "what a workflow asks for",
    "assignment.dead-letters": "what could not be read or decided",
}


def settings() -> str:
    return "\n".join(
        [
            *_settings_table("Everything", Settings, PREFIX),
            *(line for name, group in groups().items() for line in _group(name, group)),
        ]
    )


def groups() -> Mapping[str, type[BaseModel]]:
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def _group(name: str, group: type[BaseModel]) -> Iterator[str]:
    yield from ("", f"### {name.capitalize()}", "", (group.__doc__ or "").strip(), "")
    yield from _settings_table(name, group, f"{PREFIX}{name.upper()}__")


def _settings_table(name: str, model: type[BaseModel], prefix: str) -> Iterator[str]:
    yield "| variable | unit | default | allowed | meaning |"
    yield "|---|---|---|---|---|"
    if model is Settings:
        yield f"| `{SECRETS_DIR}` | path | | | {variables()[SECRETS_DIR]} |"
    for row in _rows(model):
        default = f"`{row.default.strip(chr(34))}`" if row.default not in ("", '""') else "not set"
        allowed = row.allowed.replace('"', "`")
        meaning = row.meaning.replace("|", "\\|")
        yield f"| `{prefix}{row.name.upper()}` | {_unit(row)} | {default} | {allowed} | {meaning} |"


def _rows(model: type[BaseModel]) -> tuple[Row, ...]:
    schema = model.model_json_schema()
    found: dict[str, Row] = {row.name: row for row in tables(schema, schema.get("$defs", {}))[0].rows}
    inner = groups() if model is Settings else {}
    listed = [row for name, row in found.items() if name not in inner]
    return tuple(row._replace(default=_written(model, row)) for row in listed)


def _written(model: type[BaseModel], row: Row) -> str:
    """A default as it stands in the environment: a list with commas."""
    default = model.model_fields[row.name].default
    return ",".join(default) if isinstance(default, tuple) else row.default


def _unit(row: Row) -> str:
    last = row.name.rpartition("_")[2]
    if row.type in ("whole number", "number"):
        return UNITS.get(last, "number")
    return {"list of text": "list, with commas", "text or list of text": "list, with commas"}.get(row.type, row.type)


def topics() -> str:
    declared: Mapping[str, Any] = yaml.safe_load(declaration_file().read_text())["topics"]
    lines = ["| topic | partitions | kept | holds |", "|---|---|---|---|"]
    for name, topic in declared.items():
        kept = int(topic["settings"]["retention.ms"])
        days = "for ever" if kept < 0 else f"{kept // DAY_MS} days"
        lines.append(f"| `{name}` | {topic['partitions']} | {days} | {HOLDS[name]} |")
    return "\n".join(lines)


def metrics() -> str:
    rows = {
        **{f"fairlead_{name}_total": row for name, row in COUNTS.items()},
        **{f"fairlead_{name}": row for name, row in LEVELS.items()},
        **{f"fairlead_{name}": row for name, row in TIMINGS.items()},
    }
    lines = ["| metric | labels | says |", "|---|---|---|"]
    for name, row in rows.items():
        labels = ", ".join(f"`{label}`" for label in row.labels)
        lines.append(f"| `{name}` | {labels} | {row.sentence} |")
    return "\n".join(lines)


@pytest.mark.parametrize("part", [settings, topics, metrics], ids=lambda part: part.__name__)
def test_the_page_says_what_the_code_says(part: Callable[[], str]) -> None:
    """One source for each: a table that is copied is wrong one day."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = renewed(page, part.__name__, part())
    if os.environ.get("FAIRLEAD_WRITE"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert page == wanted


def test_every_setting_is_on_the_page_with_its_meaning() -> None:
    shown = dict(re.findall(r"^\| `(FAIRLEAD_\w+)` \|.*\| (.+) \|$", settings(), re.MULTILINE))
    assert shown.keys() == variables().keys()
    assert [name for name, meaning in shown.items() if not meaning.endswith(".")] == []


def test_every_variable_that_the_page_names_is_a_setting() -> None:
    """In prose, too."""
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"FAIRLEAD_[A-Z_]+", page)) - {"FAIRLEAD_WRITE"}
    assert named <= variables().keys()


def test_every_metric_that_the_page_names_is_in_the_catalogue() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"\bfairlead_[a-z_]+", page))
    assert named <= set(re.findall(r"\bfairlead_[a-z_]+", metrics()))


def test_every_state_of_a_lane_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [state for state in LANE_STATES if f"\n| `{state}` |" not in page] == []


def test_the_page_draws_the_border_of_trust() -> None:
    """D51 Which topics let in who may say anything in anybody's name is told, with each topic that a process reads."""
    page = PAGE.read_text(encoding="utf-8")
    rights = page[page.index("## Who may do what") : page.index("## Settings")]
    told = set(re.findall(r"`([a-z.*-]+)`", rights))
    read = {
        name
        for name in yaml.safe_load(declaration_file().read_text())["topics"]
        if name.startswith(("crm.", "assignment."))
    }
    assert [name for name in sorted(read) if name not in told and f"{name.partition('.')[0]}.*" not in told] == []
    assert "the *actor* of an event is what the CRM says" in rights
