"""The repository keeps its own rules of style."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.tidy import rules
from tests.tidy.tree import PRODUCT, ROOT, Module, Place, modules, text_files

Rule = Callable[[Module], Iterator[Place]]

_INDEX_ADDRESS = re.compile(
    r"(extra-)?index-url\s*[=\s]\s*\S*http|\"resolved\":\s*\"http|//[^/\s]*/simple/|//registry\.", re.IGNORECASE
)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")

SETTINGS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
HOOK: Final = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]
ROOMS: Final = ("service/core", "service/lane", "service/language", "service/store", "service/wire")
"""Where what runs for every event is, among other things."""
ALONE: Final = ("service/kafka/partitions.py",)
"""What of other rooms is compiled."""

SHARED_NAMES: Final = {
    "Row": ["service/language/odoo/operators.py", "service/language/operators.py"],
}
"""An operator of our notations, and one of domains."""


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


def test_everything_is_caught_once_in_few_places() -> None:
    """Where a record is read or decided, or a version compiled; where a driver writes or unpacks; around tasks. What
    raises among lines that are served together is told by which of them, and raised.
    """
    places = [place.partition(":")[0] for place in found(rules.catches_everything, *PRODUCT)]

    assert sorted(places) == [
        "service/core/holding/draining.py",
        "service/ingest.py",
        "service/kafka/configuration.py",
        "service/kafka/publisher.py",
        "service/kafka/unpacking.py",
        "service/kafka/unpacking.py",
        "service/lane/raising.py",
        "service/supervision.py",
    ]


def test_no_test_sleeps() -> None:
    """Wait on a signal or move the clock."""
    assert found(rules.sleeps, "tests") == []


def test_only_settings_read_the_environment() -> None:
    places = found(rules.reads_environment, *PRODUCT)

    assert [place for place in places if not place.startswith("service/settings.py:")] == []


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("service/language", ("service.language", "msgspec")),
        ("service/core", ("service.core", "service.language", "msgspec")),
    ],
)
def test_what_decides_imports_only_the_standard_library_and_values(folder: str, allowed: tuple[str, ...]) -> None:
    assert found(lambda module: rules.imports_outside(module, *allowed), folder) == []


def test_no_module_that_is_compiled_defines_a_value() -> None:
    """A compiled struct loses what its class line says: whether it is frozen, and how it is sorted."""
    compiled = {*HOOK["include"]}

    assert [str(place) for place in rules.structs(modules("service")) if place.name in compiled] == []


def test_no_module_that_is_compiled_passes_a_generator_expression_on() -> None:
    """The compiler makes a list of it at once: what is to be asked for one by one is asked for altogether."""
    compiled = [module for module in modules("service") if module.name in HOOK["include"]]

    assert [str(place) for module in compiled for place in rules.generators_passed_on(module)] == []


def test_what_is_compiled_reads_no_field_of_an_event_whose_type_its_class_does_not_tell() -> None:
    """It is read by the type that the declared class has for it: anything else raises there, and only there."""
    told_otherwise = {name for module in modules(*PRODUCT) for name in rules.fields_of_another_type(module)}
    compiled = [module for module in modules("service/wire") if module.name in HOOK["include"]]

    assert told_otherwise == {"offer"}
    assert [str(place) for module in compiled for place in rules.read_as_declared(module, told_otherwise)] == []


def test_no_value_holds_what_is_compiled() -> None:
    """Values are read by the types of their fields, and by those of a named tuple in it, which a compiled one lost.

    News hold what changed, and what is decoded holds misspelt keys: both are never read from bytes.
    """
    compiled = [module for module in modules("service") if module.name in HOOK["include"]]
    classes = {place.what for module in compiled for place in rules.classes(module)}

    assert classes & rules.held_by_structs(modules("service")) == {"Change", "Misspelt"}


def test_of_what_runs_for_every_event_each_module_is_compiled_or_has_a_reason() -> None:
    """Who adds one decides which; who moves one takes its line along."""
    interpreted = [name for names in SETTINGS["tool"]["fairlead"]["interpreted"].values() for name in names]
    there = [module.name for room in ROOMS for module in modules(room) if not module.name.endswith("__init__.py")]

    assert sorted([*HOOK["include"], *interpreted]) == sorted([*there, *ALONE])


def test_a_class_has_its_name_alone() -> None:
    """One word, one meaning: whoever reads a name knows which class it is without its import."""
    homes: dict[str, list[str]] = {}
    for module in modules("service"):
        for place in rules.classes(module):
            homes.setdefault(place.what, []).append(module.name)

    assert {name: found for name, found in homes.items() if len(found) > 1} == SHARED_NAMES


def test_people_are_they() -> None:
    """Nobody knows who is meant, so nobody is he or she. The example's own texts are left: they are part of its label,
    which stands in what is published for it, byte for byte.
    """
    texts = [(name, text) for name, text in text_files() if name.endswith((".py", ".md", ".yaml", ".lua", ".toml"))]

    assert [
        f"{name}:{line} {word}"
        for name, text in texts
        if not name.startswith("tests/tidy/") and name != "deploy/config/rules.yaml"
        for line, word in rules.he_or_she(text)
    ] == []


def test_no_file_names_where_packages_come_from() -> None:
    """A mirror's address would be wrong on every other machine."""
    assert [name for name, text in text_files() if _INDEX_ADDRESS.search(text)] == []


def test_an_index_address_would_be_found() -> None:
    assert _INDEX_ADDRESS.search("--index-url " + "https://example.org/simple")
    assert _INDEX_ADDRESS.search("https://example.org" + "/simple/")


def test_every_link_between_pages_leads_somewhere() -> None:
    """Pages move with what they describe."""
    pages = [ROOT / name for name, _ in text_files() if name.endswith(".md")]
    links = [(page, link) for page in pages for link in _LINK.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 5
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()] == []
