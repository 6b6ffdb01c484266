"""The architecture page names every module of the rooms that decide, gives each word one meaning, and has no walls."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import Final

import pytest

from tests.tidy.tree import ROOT, modules

PAGE: Final = (ROOT / "service/ARCHITECTURE.md").read_text(encoding="utf-8")

LONGEST_PARAGRAPH: Final = 600
"""Characters."""


@pytest.mark.parametrize("room", ["core", "lane", "wire", "kafka"])
def test_every_module_is_named(room: str) -> None:
    """Whoever opens a room finds on the page what each file in it is for."""
    names = [PurePath(module.name).stem for module in modules(f"service/{room}")]
    quoted = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))

    assert [name for name in names if name != "__init__" and name not in quoted] == []


def test_every_module_that_is_named_is_there() -> None:
    """`core.decide.decide` is a function of a module; the last word, or the last two, may be a name in it."""
    named = re.findall(r"`((?:core|lane|wire|kafka|app|store|config|views|http)(?:\.\w+)+)`", PAGE)
    there = {".".join(PurePath(module.name).with_suffix("").parts[1:]) for module in modules("service")}

    def is_there(name: str) -> bool:
        parts = name.split(".")
        return any(".".join(parts[:length]) in there for length in range(2, len(parts) + 1)) or _is_room(name, there)

    assert [name for name in named if not is_there(name)] == []


def test_a_word_has_one_row_in_the_glossary() -> None:
    glossary = PAGE.partition("## Glossary")[2]
    terms = [term.strip() for row in re.findall(r"^\| ([^|]+) \|", glossary, re.MULTILINE) for term in row.split(",")]

    assert [term for term, times in Counter(terms).items() if times > 1] == []


def test_every_section_is_in_the_table_on_top() -> None:
    """Whoever opens the page finds their question without reading it through; each link leads to a section."""
    sections = [_anchor(title) for title in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)]
    linked = re.findall(r"\(#([\w-]+)\)", PAGE.partition("\n## ")[0])

    assert linked == sections


def test_no_paragraph_is_a_wall() -> None:
    """About six lines of a screen; what is longer has a heading, a list or a table in it that wants to come out."""
    paragraphs = [line for line in PAGE.splitlines() if not line.startswith("|")]

    assert [line[:60] for line in paragraphs if len(line) > LONGEST_PARAGRAPH] == []


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _is_room(name: str, there: set[str]) -> bool:
    return any(each.startswith(f"{name}.") for each in there)
