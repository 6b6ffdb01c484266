"""Configuration directories for tests: texts in, what was read or what was wrong out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from schemas.config import Document
from service.config.loader import Loaded, load
from service.config.problems import ConfigurationError

PEOPLE = "users: [ann, bob, eve]\n"
SALES = "pools: {sales: {record_type: lead, members: [ann, bob]}}\n"


def read(**files: str) -> Loaded:
    """Load a directory that holds `name.yaml` for every keyword."""
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory), files)
        return load(Path(directory))


def document(*texts: str) -> Document:
    """The one document of a directory with one file."""
    (only,) = read(config="".join(map(dedent, texts))).documents.values()
    return only


def refused(**files: str) -> list[str]:
    """Every problem of a directory, as `name.yaml:line:column: message`."""
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory), files)
        with pytest.raises(ConfigurationError) as error:
            load(Path(directory))
    assert all(str(problem) in str(error.value) for problem in error.value.problems)
    return [str(problem).replace(f"{directory}/", "") for problem in error.value.problems]


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Write each text, without its indent, to its file."""
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(dedent(text), encoding="utf-8")


def rule_set(entries: str, more: str = "") -> str:
    """An active rule set for leads with these entries."""
    return f"rule_sets: {{leads: {{record_type: lead, active: true, {more} entries: [{entries}]}}}}\n"
