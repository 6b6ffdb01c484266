"""The repository keeps its own rules of style."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.tidy import rules
from tests.tidy.tree import PRODUCT, Module, Place, modules, text_files

Rule = Callable[[Module], Iterator[Place]]

_INDEX_ADDRESS = re.compile(
    r"(extra-)?index-url\s*[=\s]\s*\S*http|\"resolved\":\s*\"http|//[^/\s]*/simple/|//registry\.", re.IGNORECASE
)


def found(rule: Rule, *folders: str) -> list[str]:
    return [str(place) for module in modules(*folders) for place in rule(module)]


@pytest.mark.parametrize(
    "rule",
    [
        rules.too_long,
        rules.junk_drawer,
        rules.leftovers,
        rules.silences_without_reason,
        rules.without_docstring,
    ],
    ids=lambda rule: rule.__name__,
)
def test_every_module_keeps(rule: Rule) -> None:
    assert found(rule, *PRODUCT, "tests") == []


@pytest.mark.parametrize("rule", [rules.misnamed_log_lines, rules.logs_peoples_data], ids=lambda rule: rule.__name__)
def test_every_log_line_keeps(rule: Rule) -> None:
    assert found(rule, "service") == []


def test_a_function_has_at_most_six_parameters() -> None:
    """A command's parameters are its options, which Typer reads from the signature."""
    places = found(rules.too_many_parameters, *PRODUCT)

    assert [place for place in places if not place.startswith("service/cli/")] == []


def test_everything_is_caught_in_one_place_at_most() -> None:
    assert len(found(rules.catches_everything, *PRODUCT)) <= 1


def test_no_test_sleeps() -> None:
    """Wait on a signal or move the clock."""
    assert found(rules.sleeps, "tests") == []


def test_only_settings_read_the_environment() -> None:
    places = found(rules.reads_environment, *PRODUCT)

    assert [place for place in places if not place.startswith("service/settings.py:")] == []


def test_the_core_imports_only_the_standard_library() -> None:
    places = [
        str(place) for module in modules("service/core") for place in rules.imports_outside(module, "service.core")
    ]

    assert places == []


def test_no_file_names_where_packages_come_from() -> None:
    """A mirror's address would be wrong on every other machine."""
    assert [name for name, text in text_files() if _INDEX_ADDRESS.search(text)] == []


def test_an_index_address_would_be_found() -> None:
    assert _INDEX_ADDRESS.search("--index-url " + "https://example.org/simple")
    assert _INDEX_ADDRESS.search("https://example.org" + "/simple/")
