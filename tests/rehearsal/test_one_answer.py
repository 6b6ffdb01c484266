"""A configuration means the same inside a scenario, in the files of a directory, and in a version on the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml

from service.config.compiler import compile_document, from_wire, to_wire
from service.config.defaults import implied_defaults
from service.config.loader import compile_inline, load
from service.config.nodes import Node
from service.core.configuration import Config
from service.rehearsal.scenarios.playing import play
from service.rehearsal.scenarios.reading import Script, read_directory
from tests.config.files import document
from tests.rehearsal.build import SALES, scenario
from tests.rehearsal.test_scenarios import EXAMPLE, OURS, label

ROOT: Final = Path(__file__).parents[2]
DIRECTORIES: Final = sorted({file.parent for file in (ROOT / "deploy").rglob("pools.yaml")})


def inline_configs(script: Script) -> Iterator[tuple[Node, Config]]:
    """Each configuration that is written into a scenario, as written and as compiled."""
    places: list[tuple[tuple[str | int, ...], Config]] = [
        *((("config",), config) for config in script.configs if script.scenario.config is not None),
        *((("steps", number, "config"), config) for number, config in script.switches.items()),
    ]
    for path, config in places:
        yield script.root.trail(path)[-1], config


def declared(written: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The same with all its people, tools and offers declared, as a directory wants them."""
    sections = {"users": config.users, "tools": config.tools, "offers": config.offers}
    said = dict(written)
    for section, names in sections.items():
        found = written.get(section) or {}
        known = dict.fromkeys(found) if isinstance(found, list) else found
        said[section] = {name: known.get(name) for name in names}
    return said


@pytest.mark.parametrize("script", OURS.scripts, ids=label)
def test_what_a_scenario_says_a_directory_says_too(script: Script, tmp_path: Path) -> None:
    """Each section in a file of its own; the two compile to equal configurations."""
    for number, (node, config) in enumerate(inline_configs(script)):
        folder = tmp_path / str(number)
        folder.mkdir()
        written = node.plain()
        assert isinstance(written, dict)
        said = declared(written, config)
        division = {"division": said.pop("division")} if "division" in said else {}
        for section, content in said.items():
            (folder / f"{section}.yaml").write_text(yaml.safe_dump({**division, section: content}), encoding="utf-8")
        (loaded,) = load(folder).documents.values()
        assert compile_document(loaded) == config
        assert from_wire(to_wire(loaded), 0) == config


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda directory: str(directory.relative_to(ROOT)))
def test_what_a_directory_says_a_scenario_says_too(directory: Path) -> None:
    """The configurations that we ship."""
    for loaded in load(directory).documents.values():
        assert compile_inline(orjson.loads(to_wire(loaded)), "inline") == compile_document(loaded)


def test_the_law_covers_what_it_speaks_of() -> None:
    """An empty list of cases would prove nothing."""
    assert sum(1 for script in OURS.scripts for _ in inline_configs(script)) > 100
    assert EXAMPLE.scripts
    assert ROOT / "deploy" / "config" in DIRECTORIES


STEPS = "steps: [{record: lead/1, expect: {owner: ann, question: default}}]\n"


async def test_the_only_pool_is_the_default_in_a_directory_as_in_a_scenario(tmp_path: Path) -> None:
    """The same sentence, the same answer; whoever checks the directory is told."""
    inside = read_directory(scenario(tmp_path / "inside", f"name: x\n{SALES}\n{STEPS}"))
    around = tmp_path / "around"
    pools = SALES.removeprefix("config: ").strip("{}")
    scenario(around, f"name: x\n{STEPS}")
    (around / "all.yaml").write_text(f"users: [ann, bob]\n{pools}}}}}\n", encoding="utf-8")
    found = read_directory(around)
    assert [(await play(read.scripts[0])).failures for read in (inside, found)] == [(), ()]
    assert [note.message for note in found.notes] == [
        "pools.sales: every lead goes here, to the only pool for them: neither rules nor defaults say otherwise"
    ]


@pytest.mark.parametrize(
    ("text", "implied"),
    [
        ("pools: {a: {record_type: lead}, b: {record_type: deal}}", {"lead": "a", "deal": "b"}),
        ("pools: {a: {record_type: lead}, b: {record_type: lead}}", {}),
        ("pools: {a: {record_type: lead}, b: {record_type: lead, criteria: [country equals DE]}}", {"lead": "a"}),
        ("pools: {a: {record_type: lead, when: country == 'DE'}}", {}),
        ('pools: {a: {record_type: lead, domain: "[]"}}', {}),
        ("pools: {a: {record_type: lead, strategy: take}}", {"lead": "a"}),
        ("{users: [ann], pools: {a: {record_type: lead}}, defaults: {deal: {user: ann}}}", {}),
        ("{pools: {a: {record_type: lead}}, rule_sets: {x: {record_type: deal}}}", {}),
        ("{}", {}),
    ],
)
def test_only_what_nobody_said_is_implied(text: str, implied: Mapping[str, str]) -> None:
    """A rule set counts as said, active or not: to switch the last one off must not begin to share records out."""
    written = document(text)
    assert implied_defaults(written) == implied
    targets = {record_type: target.id for record_type, target in compile_document(written).defaults.items()}
    assert targets == implied or written.defaults
