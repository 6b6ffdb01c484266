"""The integrator's page: every word that we publish or refuse with is explained, and its consumer is tested."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, get_args

import pytest
from pydantic import BaseModel

import service
from schemas.decisions import OUTPUTS
from schemas.events import INPUTS
from schemas.reasons import PendingReason, RejectionReason, ReleaseReason, Withheld
from schemas.tables import tables
from service.core.events import CHANNELS
from service.wire.messages import PoisonReason
from tests.docs.test_consumer import PROGRAM

PAGE: Final = (Path(service.__file__).parent / "docs" / "integrating.md").read_text(encoding="utf-8")
WORDS: Final = {
    "Why a dead letter": PoisonReason,
    "Why rejected": RejectionReason,
    "Why pending": PendingReason,
    "Why released": ReleaseReason,
    "Why a workflow does nothing": Withheld,
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = re.split(r"^#+ ", PAGE.partition(f" {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("heading", WORDS)
def test_every_reason_is_explained_and_no_other(heading: str) -> None:
    """A new reason needs its row."""
    explained = [row[0].strip("`") for row in rows(heading)]
    assert sorted(explained) == sorted(get_args(WORDS[heading]))
    assert all(all(row) for row in rows(heading))


def test_every_record_type_has_its_channels() -> None:
    """S21-S27."""
    shown = {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows("Record types, and how they come in")
    }
    assert shown == {name: set(channels) for name, channels in CHANNELS.items()}


@pytest.mark.parametrize("name", [*INPUTS, *OUTPUTS])
def test_every_event_has_its_section(name: str) -> None:
    assert f"\n### `{name}`\n" in PAGE


@pytest.mark.parametrize("model", [*INPUTS.values(), *OUTPUTS.values()], ids=lambda model: model.__name__)
def test_every_field_of_an_event_says_what_it_means(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    found = tables(schema, schema.get("$defs", {}))
    assert [f"{table.name}.{row.name}" for table in found for row in table.rows if not row.meaning] == []


def test_the_page_shows_the_consumer_that_is_tested() -> None:
    assert f"```python\n{PROGRAM.read_text()}```\n" in PAGE
