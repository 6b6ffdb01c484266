"""Scenario files become scripts: checked steps with their configurations compiled, or problems with their places.

A configuration inside a scenario means what the same text means in a directory. Only its people need not be declared:
those that pools and targets name exist, where a directory wants each of them said, so that a misspelt one is found.

Scenarios lie in the folder `scenarios` of a configuration's directory, or of a directory that has nothing else; all
`*.yaml` files below it are read, and one file may hold several scenarios, divided by `---`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from schemas.scenario import Scenario
from service.config.compiler import compile_document
from service.config.levels import above
from service.config.lint import warnings
from service.config.loader import SUFFIXES, compile_inline, load
from service.config.nodes import Node, NotYaml, from_yaml
from service.config.problems import ConfigurationError, Problem
from service.core.configuration import Config
from service.rehearsal.scenarios.mistakes import problems_of
from service.wire.outputs import DEFAULT_DIVISION

FOLDER: Final = "scenarios"


@dataclass(frozen=True, slots=True)
class Script:
    """A scenario that can be played. `switches` holds the configuration of each step that brings a new one."""

    file: str
    root: Node
    scenario: Scenario
    configs: tuple[Config, ...]
    switches: Mapping[int, Config]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.scenario.name

    @property
    def division(self) -> str:
        """Where steps happen that name no division."""
        if self.scenario.division is not None or len(self.configs) != 1:
            return self.scenario.division or DEFAULT_DIVISION
        return self.configs[0].division

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.root.location.line


class Contents(NamedTuple):
    """What a directory holds: scenarios to play, everything that is wrong, hardly meant, or worth a look."""

    scripts: tuple[Script, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def read_directory(directory: Path) -> Contents:
    """The configuration (if there is one) and all scenarios of a directory."""
    reading = _Reading()
    is_folder = directory.resolve().name == FOLDER
    home = directory.resolve().parent if is_folder else directory
    files = _yaml_files(directory if is_folder else directory / FOLDER)
    scripts = [script for file in files for script in reading.scripts(file, home)]
    if not is_folder and (_has_yaml(directory) or not files):
        reading.configs(directory)
    problems, doubts = tuple(sorted(reading.problems)), tuple(sorted(reading.warnings))
    return Contents(tuple(scripts), problems, doubts, tuple(reading.notes))


@dataclass
class _Reading:
    """Reads files, and each configuration's directory once."""

    problems: set[Problem] = field(default_factory=set)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    _directories: dict[Path, tuple[Config, ...]] = field(default_factory=dict)

    def scripts(self, file: Path, home: Path) -> Iterator[Script]:
        """The scenarios of a file. `home` is the configuration of those that name none."""
        try:
            roots, repeated = from_yaml(file.read_bytes(), str(file))
        except NotYaml as error:
            self.problems.add(error.problem)
            return
        self.problems.update(repeated)
        names: set[str] = set()
        for root in roots:
            try:
                scenario = Scenario.model_validate(root.plain())
            except ValidationError as error:
                self.problems.update(problems_of(error, root, str(file)))
                continue
            if scenario.name in names:
                place = root.trail(("name",))[-1].location
                message = f'an earlier scenario of this file is called "{scenario.name}": give each its own name'
                self.problems.add(Problem(str(file), place.line, place.column, message))
            names.add(scenario.name)
            script = self._script(file, root, scenario, home)
            if script is not None:
                yield script

    def configs(self, directory: Path) -> tuple[Config, ...]:
        """The configuration of each division of a directory; none where it cannot be used."""
        known = self._directories.get(directory.resolve())
        if known is None:
            known = self._directories[directory.resolve()] = self._load(directory)
        return known

    def _load(self, directory: Path) -> tuple[Config, ...]:
        try:
            loaded = load(directory)
        except ConfigurationError as error:
            self.problems.update(error.problems)
            return ()
        self.notes += loaded.notes
        for name, document in loaded.documents.items():
            self.notes += map(loaded.locate[name], above(document))
            self.warnings += map(loaded.locate[name], warnings(document))
        return tuple(compile_document(document) for document in loaded.documents.values())

    def _script(self, file: Path, root: Node, scenario: Scenario, home: Path) -> Script | None:
        inline = _inline_configs(root)
        compiled: dict[tuple[str | int, ...], Config] = {}
        for path, node in inline:
            try:
                compiled[path] = compile_inline(node, str(file))
            except ConfigurationError as error:
                self.problems.update(error.problems)
        if scenario.config is None:
            directory = home if scenario.config_dir is None else file.parent / scenario.config_dir
            configs = self.configs(directory)
        else:
            configs = tuple(config for path, config in compiled.items() if path == ("config",))
        if not configs or len(compiled) < len(inline):
            return None
        switches = {int(path[1]): config for path, config in compiled.items() if len(path) > 1}
        return Script(str(file), root, scenario, configs, switches)


def _inline_configs(root: Node) -> list[tuple[tuple[str | int, ...], Node]]:
    """The configurations written into a scenario, with their ways."""
    steps = root.child("steps")
    count = len(steps.value) if steps and isinstance(steps.value, list) else 0
    ways: list[tuple[str | int, ...]] = [("config",), *(("steps", number, "config") for number in range(count))]
    trails = [(way, root.trail(way)) for way in ways]
    return [(way, trail[-1]) for way, trail in trails if len(trail) == len(way) + 1]


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def _has_yaml(directory: Path) -> bool:
    return any(path.suffix in SUFFIXES and path.is_file() for path in directory.iterdir())
