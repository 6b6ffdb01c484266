"""A directory of YAML files becomes one document per division, or one error that lists every mistake.

Files are only a way to write things down: their names and their order mean nothing, and one division may be spread
over many of them. A name may be declared once, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from schemas.config import Document, User
from schemas.config_plans import Thing
from schemas.config_rules import named_by
from service.config.compiler import compile_document, declared_in, to_wire
from service.config.consistency import findings, notes
from service.config.findings import Declared, Finding
from service.config.holidays import with_public_holidays
from service.config.ids import as_declared
from service.config.nodes import Node, NotYaml, Steps, as_written, from_data, from_yaml, shown
from service.config.plans import named_by_plans
from service.config.problems import ConfigurationError, Problem
from service.config.repeats import of_repeats
from service.config.validation import location, validated
from service.core.configuration import Config
from service.wording import worded

MAX_FILES: Final = 1_000
MAX_WIRE_BYTES: Final = 900_000
"""A version is one Kafka record, and brokers take a megabyte unless told otherwise."""

SECTIONS: Final = (
    "users",
    "calendars",
    "holidays",
    "pools",
    "tools",
    "offers",
    "plans",
    "rule_sets",
    "defaults",
    "scores",
    "closed_when",
    "sizes",
    "fields",
    "processes",
    "workflows",
    "templates",
)
SINGLES: Final = ("ids_ignore_case", "settings")
"""What a division says once and as a whole."""
NOTHING: Final = "nothing stands in the files here, so there is no configuration: write one"
NOBODY: Final = "nothing stands here, so in this division nobody gets anything: write its configuration, or remove this"
SUFFIXES: Final = frozenset({".yaml", ".yml"})


class Loaded(NamedTuple):
    """The configuration of a directory by division, and what is worth knowing without being wrong.

    `locate` gives the place of a finding about a division's document.
    """

    documents: Mapping[str, Document]
    notes: tuple[Problem, ...]
    locate: Mapping[str, Callable[[Finding], Problem]]


class _Part(NamedTuple):
    """One document as written: its nodes, what could be read of it, and the names it declares, readable or not."""

    file: str
    root: Node
    document: Document
    declared: Declared

    def problem(self, finding: Finding) -> Problem:
        """The finding with its place in the file."""
        return _problem(self.file, self.root, finding)


@dataclass(slots=True)
class _Division:
    """The parts of one division put together; `origins` says which part declared what."""

    name: str
    parts: list[_Part] = field(default_factory=list)
    merged: dict[str, Any] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    origins: dict[Steps, _Part] = field(default_factory=dict)

    def add(self, part: _Part) -> Iterator[Problem]:
        """Take a part in; what an earlier one declares stays, and is a problem."""
        self.parts.append(part)
        for section in SECTIONS:
            for name, content in getattr(part.document, section).items():
                yield from self._declare(part, (section, name))
                self.merged[section].setdefault(name, content)
        for single in SINGLES:
            if single in part.document.model_fields_set:
                yield from self._declare(part, (single,))
                self.merged.setdefault(single, getattr(part.document, single))

    def document(self) -> Document:
        """All parts as one. Raises `ValidationError` where they are too much together."""
        return with_public_holidays(as_declared(Document.model_validate({"division": self.name, **self.merged})))

    def problems(self, document: Document) -> Iterator[tuple[Finding, Problem]]:
        """What is wrong with the whole."""
        sections = zip(*(part.declared for part in self.parts), strict=True)
        declared = Declared(*(frozenset().union(*names) for names in sections))
        for finding in findings(document, declared):
            if not _is_unread(self._origin(finding).root, finding):
                yield finding, self.located(finding)

    def located(self, finding: Finding) -> Problem:
        """A finding at its place in the part that declared what it is about."""
        return self._origin(finding).problem(finding)

    def _origin(self, finding: Finding) -> _Part:
        return self.origins.get(finding.path[:2]) or self.origins[finding.path[:1]]

    def _declare(self, part: _Part, path: Steps) -> Iterator[Problem]:
        first = self.origins.setdefault(path, part)
        if first is not part:
            where = f"{first.file}, line {location(first.root.trail(path), of_key=True).line}"
            yield part.problem(Finding(path, f"this is declared already in {where}: keep one of the two"))


def load(directory: Path) -> Loaded:
    """Read every `*.yaml` directly in a directory. Raises `ConfigurationError` with all problems at once."""
    problems: list[Problem] = []
    parts: list[_Part] = []
    is_complete = True
    for path in _files(directory):
        try:
            roots, repeated = from_yaml(path.read_bytes(), str(path))
        except (NotYaml, OSError) as error:
            problems.append(error.problem if isinstance(error, NotYaml) else _unreadable(path, error))
            is_complete = False
            continue
        problems += repeated
        for root in roots:
            part, wrong = _part(root, str(path))
            parts.append(part)
            problems += wrong
            is_complete = is_complete and not _is_lost(part)
    loaded, wrong = _merge(parts, is_complete=is_complete)
    if problems or wrong:
        raise ConfigurationError([*problems, *wrong])
    return loaded if parts else loaded._replace(notes=(Problem(str(directory), 0, 0, NOTHING),))


def compile_inline(data: object, origin: str) -> Config:
    """The configuration inside a scenario: people in pools, plans and targets, tools and offers need not be declared.

    `data` is a mapping, or a `Node` that knows its places. Raises `ConfigurationError`.
    """
    root = data if isinstance(data, Node) else from_data(data)
    part, problems = _part(root, origin)
    given = with_public_holidays(as_declared(part.document))
    document = _with_implied(given)
    declared = Declared(*map(frozenset().union, part.declared, declared_in(document)))
    found = findings(document, declared)
    problems += [_problem(origin, root, finding) for finding in found if not _is_unread(root, finding)]
    if problems:
        raise ConfigurationError(problems)
    return compile_document(document)


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(str(path), 0, 0, f"the file cannot be read ({error.strerror})")


def _files(directory: Path) -> list[Path]:
    try:
        files = sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES and path.is_file())
    except OSError as error:
        message = f"the directory cannot be read ({error.strerror}): name one with YAML files"
        raise ConfigurationError([Problem(str(directory), 0, 0, message)]) from error
    if not 0 < len(files) <= MAX_FILES:
        message = f"here are {len(files)} YAML files: a configuration has between 1 and {MAX_FILES}"
        raise ConfigurationError([Problem(str(directory), 0, 0, message)])
    return files


def _part(root: Node, file: str) -> tuple[_Part, list[Problem]]:
    if root.value is None:
        root.value = {}
    declared = Declared(*(frozenset(_names(root, section)) for section in Declared._fields))
    repeated = list(_repeated_names(root, file))
    document, problems = validated(root, file)
    return _Part(file, root, document, declared), repeated + problems


def _is_lost(part: _Part) -> bool:
    """Whether it is not known what this part would have declared, or for whom."""
    return not isinstance(part.root.value, dict) or (part.root.is_cut and part.root.child("division") is None)


def _names(root: Node, section: str) -> list[str]:
    """The names in a section. Of fields each stands behind its type of record, beside the type itself."""
    names = _names_in(root.child(section))
    if section != "fields":
        return names
    types = [(name, root.trail((section, name))[-1]) for name in names]
    return names + [f"{name}.{each}" for name, node in types for each in _names_in(node)]


def _names_in(node: Node | None) -> list[str]:
    match node.value if node else None:
        case dict() as children:
            return list(children)
        case list() as items:
            return [str(item.value) for item in items]
        case _:
            return []


def _repeated_names(root: Node, file: str) -> Iterator[Problem]:
    users = root.child("users")
    items = users.value if users and isinstance(users.value, list) else []
    seen: set[str] = set()
    for position, item in enumerate(items):
        name = str(item.value)
        if name in seen:
            yield _problem(file, root, Finding(("users", position), f'"{name}" stands here already: keep one of them'))
        seen.add(name)


def _is_unread(root: Node, finding: Finding) -> bool:
    """Whether what seems to be missing may be what could not be read."""
    return finding.is_missing and root.trail(finding.path)[-1].has_cuts


def _problem(file: str, root: Node, finding: Finding) -> Problem:
    trail = root.trail(finding.path)
    is_declaration = len(finding.path) <= 2
    line, column, text = location(trail, of_key=is_declaration)
    message = f"{as_written(finding.path, trail)}: {finding.message}"
    column = text + finding.character - 1 if finding.character and line else column
    return Problem(file, line, column, message, finding.refusal)


def _merge(parts: Iterable[_Part], *, is_complete: bool) -> tuple[Loaded, list[Problem]]:
    divisions: dict[str, _Division] = {}
    problems: list[Problem] = []
    for part in parts:
        name = part.document.division
        problems += divisions.setdefault(name, _Division(name)).add(part)
    documents: dict[str, Document] = {}
    notices: list[Problem] = []
    for name, division in divisions.items():
        try:
            document = documents[name] = division.document()
        except ValidationError as error:
            file = division.parts[0].file
            problems += [
                Problem(file, 1, 1, f"{name}: {shown(detail['loc'])}: {worded(detail)}") for detail in error.errors()
            ]
            continue
        found = division.problems(document)
        problems += [problem for finding, problem in found if is_complete or not finding.is_undeclared]
        problems += _too_large(division, document)
        noted = [*map(division.located, notes(document))]
        places = {(note.file, note.line, note.column) for note in noted}
        repeated = [part.problem(each) for part in division.parts for each in of_repeats(part.root)]
        if not division.origins:
            notices.append(Problem(division.parts[0].file, 1, 1, f"{name}: {NOBODY}"))
        notices += [*noted, *(each for each in repeated if (each.file, each.line, each.column) not in places)]
    locate = {name: division.located for name, division in divisions.items()}
    return Loaded(documents, tuple(sorted(notices)), locate), problems


def _too_large(division: _Division, document: Document) -> Iterator[Problem]:
    size = len(to_wire(document))
    if size > MAX_WIRE_BYTES:
        message = f"division {division.name} takes {size} bytes, at most {MAX_WIRE_BYTES} fit: split the division"
        yield Problem(division.parts[0].file, 1, 1, message)


def _with_implied(document: Document) -> Document:
    """The document with the people, tools and offers that it names and does not declare."""
    tools, offers = named_by_plans(document)
    return document.model_copy(
        update={
            "users": {**dict.fromkeys(_people_named(document), User()), **document.users},
            "tools": {**dict.fromkeys(tools, Thing()), **document.tools},
            "offers": {**dict.fromkeys(offers, Thing()), **document.offers},
        }
    )


def _people_named(document: Document) -> Iterator[str]:
    for pool in document.pools.values():
        yield from (member.user for member in pool.members)
        yield from (pool.manager,) if pool.manager is not None else ()
    for plan in document.plans.values():
        yield from plan.managers
    targets = [entry.target for rule_set in document.rule_sets.values() for entry in rule_set.entries]
    for target in [*targets, *document.defaults.values()]:
        named = (target, *(named_by(step) for step in target.steps or ()))
        yield from (each.user for each in named if isinstance(each.user, str))
