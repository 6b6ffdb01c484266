"""The README names all there is: commands, events, words of scenarios, and the pages for users, which lead on."""

from __future__ import annotations

import re
from typing import Final

import pytest

from schemas.events import INPUTS
from schemas.scenario import VERBS, Content
from schemas.scenario_expect import Expect
from service.cli import COMMANDS
from tests.tidy.tree import ROOT

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES: Final = sorted((ROOT / "service/docs").glob("*.md"))
NAMED_ELSEWHERE: Final = frozenset({"event", "repeat", "expect"})
"""Words of steps that stand beside an example, not in the list."""

_SEVERAL: Final = re.compile(r"(?P<start>[\w.]+)\{(?P<words>[\w,]+)\}(?P<end>[\w.]+)")


def words(start: str) -> set[str]:
    """The words that the line which begins like this lists between its backticks."""
    line = next(line for line in README.splitlines() if line.startswith(start))
    return {word.strip(":") for quoted in re.findall(r"`([^`]+)`", line) for word in quoted.split()}


def test_every_command_is_named() -> None:
    assert [name for name in COMMANDS if f"`fairlead {name}" not in README] == []


def test_every_event_is_named() -> None:
    """Several that differ in one word may share a row."""
    spelt = _SEVERAL.sub(
        lambda found: " ".join(f"{found['start']}{word}{found['end']}" for word in found["words"].split(",")), README
    )
    assert [name for name in INPUTS if name not in spelt] == []


def test_every_verb_of_a_scenario_is_named() -> None:
    assert [verb for verb in VERBS if f"`{verb}:" not in README] == []


def test_every_word_of_a_scenario_is_named() -> None:
    assert set(Expect.model_fields) - words("`expect` knows") == set()
    assert set(Content.model_fields) - NAMED_ELSEWHERE - words("Beside a record verb") == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_can_be_found_and_leads_on(page: object) -> None:
    """Somebody who begins at the README, or who came to the wrong page."""
    name = getattr(page, "name", "")
    assert f"service/docs/{name}" in README
    text = (ROOT / "service/docs" / name).read_text(encoding="utf-8")
    others = {other.name for other in PAGES} - {name}
    assert {link for link in re.findall(r"\]\(([\w.-]+)[^)]*\)", text) if link in others}
