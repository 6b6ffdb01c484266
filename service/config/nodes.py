"""YAML text becomes a tree of values that know where they were written.

The reading is that of YAML 1.2: `NO` is a country and `9:30` a time, both text; only true and false are truth values.
Stricter than the standard in three points, each because somebody lost data to it: a key may stand only once, a number
with leading zeros or more than 18 digits stays text (postal codes, ids), anchors and tags are refused.

The tree is built from the parser's events, not by its composer, which recurses and dies of a deeply nested file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import yaml

from service.config.problems import Problem

MAX_DEPTH: Final = 32
MAX_BYTES: Final = 4 * 1024 * 1024

Step = str | int
Steps = tuple[Step, ...]
Scalar = str | int | float | bool | None

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH: Final[Mapping[str, bool]] = {
    word: value for value, words in ((True, "true True TRUE"), (False, "false False FALSE")) for word in words.split()
}
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_OCTAL: Final = re.compile(r"0o[0-7]{1,18}")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_FLOAT_SIGN: Final = re.compile(r"[.eE]")
_TEXT_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:str"})


class Location(NamedTuple):
    """Where something was written, counted from 1; 0: nowhere. `text` is the column where a scalar's text begins."""

    line: int = 0
    column: int = 0
    text: int = 0


NOWHERE: Final = Location()


@dataclass(slots=True)
class Node:
    """A value and its location; `key` is the location of the key it stands behind, `step` the way to it, as written."""

    value: Scalar | dict[str, Node] | list[Node]
    location: Location = NOWHERE
    key: Location | None = None
    step: Step = ""
    is_cut: bool = False
    """Something directly inside was taken out because it was wrong."""
    has_cuts: bool = False
    """Something was taken out of it, however deep: what is wrong with the whole may come of that."""

    def child(self, step: Step) -> Node | None:
        """What is inside under this step. In a list of names, a name is a step, too; a list where a target stands is
        short for its steps, so what is inside under that word is the list itself, and a mapping for a list of one.
        """
        match self.value, step:
            case dict() as children, str():
                return children.get(step)
            case (list(), "steps") | (dict(), 0):
                return self
            case list() as items, int():
                return items[step] if step < len(items) else None
            case list() as items, str():
                return next((item for item in items if str(item.value) == step), None)
            case _:
                return None

    def trail(self, path: Sequence[Step]) -> tuple[Node, ...]:
        """The nodes on the way of a path, from this one to the last that exists."""
        nodes = [self]
        for step in path:
            inside = nodes[-1].child(step)
            if inside is None:
                break
            nodes.append(inside)
        return tuple(nodes)

    def remove(self, child: Node) -> None:
        """Take a child out."""
        if isinstance(self.value, dict):
            self.value = {key: node for key, node in self.value.items() if node is not child}
        elif isinstance(self.value, list):
            self.value = [node for node in self.value if node is not child]

    def plain(self) -> object:
        """The data without the locations."""
        match self.value:
            case dict() as children:
                return {key: child.plain() for key, child in children.items()}
            case list() as items:
                return [item.plain() for item in items]
            case scalar:
                return scalar


class NotYaml(Exception):
    """The text cannot be read at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def from_data(data: object, step: Step = "") -> Node:
    """Nodes without locations, of data that was read by somebody else."""
    match data:
        case Mapping():
            return Node({str(key): from_data(value, str(key)) for key, value in data.items()}, step=step)
        case list() | tuple():
            return Node([from_data(item, position) for position, item in enumerate(data)], step=step)
        case str() | int() | float() | bool() | None:
            return Node(data, step=step)
        case _:
            return Node(str(data), step=step)


def from_yaml(content: bytes, file: str) -> tuple[list[Node], list[Problem]]:
    """The documents of a YAML file, and the keys that stand in it twice. Raises `NotYaml`."""
    if len(content) > MAX_BYTES:
        raise NotYaml(Problem(file, 1, 1, f"the file has more than {MAX_BYTES} bytes: split it"))
    builder = _Builder(file)
    try:
        for event in yaml.parse(content.decode(), Loader=yaml.CSafeLoader):
            builder.take(event)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise NotYaml(Problem(file, line, 1, "not UTF-8: save the file as UTF-8 text")) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if tab := _tab(content, (error.context_mark, error.problem_mark)):
            raise NotYaml(Problem(file, *tab, "a tab stands here: YAML is indented with spaces, replace it")) from error
        what = ", ".join(part for part in (error.context, error.problem) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise NotYaml(Problem(file, line, column, f"not YAML: {what}; look at indents, colons and brackets")) from error
    except yaml.YAMLError as error:
        raise NotYaml(Problem(file, 1, 1, f"not YAML: {' '.join(str(error).split())}")) from error
    return builder.documents, builder.problems


def _tab(content: bytes, marks: Iterable[yaml.Mark | None]) -> tuple[int, int] | None:
    """Line and column of the first tab in an indent around these locations, where the parser stumbled."""
    lines = content.decode().splitlines()
    numbers = [mark.line for mark in marks if mark is not None]
    for number in range(min(numbers, default=0), min(max(numbers, default=-1) + 1, len(lines))):
        line = lines[number]
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            return number + 1, indent.index("\t") + 1
    return None


def resolve(text: str) -> Scalar:
    """What a scalar without quotes means."""
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text) and _FLOAT_SIGN.search(text):
        return float(text)
    return text


class _Builder:
    """Puts the parser's events together to nodes."""

    def __init__(self, file: str) -> None:
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._file = file
        self._open: list[Node] = []
        self._keys: list[tuple[str, Location] | None] = []

    def take(self, event: yaml.Event) -> None:
        location = _location(event)
        match event:
            case yaml.ScalarEvent():
                self._take_scalar(event, location)
            case yaml.MappingStartEvent():
                self._begin(Node({}, location), event)
            case yaml.SequenceStartEvent():
                self._begin(Node([], location), event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._keys.pop()
                self._put(self._open.pop())
            case yaml.AliasEvent():
                raise self._refusal(location, "references (*name) are not read here: write the value again")
            case _:
                pass

    def _take_scalar(self, event: yaml.ScalarEvent, location: Location) -> None:
        if event.tag not in _TEXT_TAGS:
            raise self._refusal(location, f"the tag {event.tag} is not read here: leave it out")
        if self._open and isinstance(self._open[-1].value, dict) and self._keys[-1] is None:
            self._keys[-1] = (event.value, location)
            return
        is_plain = event.implicit[0] and event.tag is None
        self._put(Node(resolve(event.value) if is_plain else event.value, location))

    def _begin(self, node: Node, event: yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            raise self._refusal(node.location, f"the tag {event.tag} is not read here: leave it out")
        if self._open and isinstance(self._open[-1].value, dict) and self._keys[-1] is None:
            raise self._refusal(node.location, "a key must be text")
        if len(self._open) == MAX_DEPTH:
            raise self._refusal(node.location, f"more than {MAX_DEPTH} levels inside each other")
        self._open.append(node)
        self._keys.append(None)

    def _put(self, node: Node) -> None:
        if not self._open:
            self.documents.append(node)
            return
        inside = self._open[-1].value
        if isinstance(inside, list):
            node.step = len(inside)
            inside.append(node)
        elif isinstance(inside, dict) and (pending := self._keys[-1]) is not None:
            key, node.key = pending
            node.step = key
            self._keys[-1] = None
            self._put_behind(key, node, inside)

    def _put_behind(self, key: str, node: Node, inside: dict[str, Node]) -> None:
        first = inside.setdefault(key, node)
        if first is not node and node.key and first.key:
            message = f'the key "{key}" stands here already, in line {first.key.line}: keep one of them'
            self.problems.append(Problem(self._file, node.key.line, node.key.column, message))

    def _refusal(self, location: Location, message: str) -> NotYaml:
        return NotYaml(Problem(self._file, location.line, location.column, message))


def _location(event: yaml.Event) -> Location:
    mark = event.start_mark
    if mark is None:
        return NOWHERE
    quotes = isinstance(event, yaml.ScalarEvent) and event.style in ("'", '"')
    return Location(mark.line + 1, mark.column + 1, mark.column + 1 + int(quotes))


def as_written(path: Sequence[Step], trail: Sequence[Node]) -> str:
    """A path with the steps as they were before anything was taken out; `trail` is how far it leads."""
    written = [node.step for before, node in pairwise(trail) if node is not before]
    return shown([*written, *path[len(trail) - 1 :]])


def shown(path: Sequence[Step]) -> str:
    """A path as people write it: `pools.emea.members[1]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
