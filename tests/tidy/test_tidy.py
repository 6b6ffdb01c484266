"""The repository keeps its own rules of style."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.tidy import rules
from tests.tidy.tree import PRODUCT, ROOT, Module, Place, modules, text_files

Rule = Callable[[Module], Iterator[Place]]

_INDEX_ADDRESS = re.compile(
    r"(extra-)?index-url\s*[=\s]\s*\S*http|\"resolved\":\s*\"http|//[^/\s]*/simple/|//registry\.", re.IGNORECASE
)
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


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


def test_everything_is_caught_only_where_work_is_guarded_from_bugs() -> None:
    """Around the decision of one event, which becomes a dead letter, and around one task, which begins again."""
    places = [place.partition(":")[0] for place in found(rules.catches_everything, *PRODUCT)]

    assert places == ["service/lane/deciding.py", "service/supervision.py"]


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


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [match["body"] for match in _FENCE.finditer(text) if match["language"] == language]


def test_the_readme_shows_yaml_that_can_be_read() -> None:
    for block in blocks("yaml"):
        assert yaml.safe_load(block) is not None


def test_the_readme_shows_python_that_compiles() -> None:
    for block in blocks("python"):
        compile(block, "README.md", "exec")


def test_the_readme_shows_only_commands_that_exist() -> None:
    """In a console block, `$ make …` names a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {target for block in blocks("console") for target in re.findall(r"^\$ make ([a-z]+)", block, re.MULTILINE)}

    assert shown <= targets
