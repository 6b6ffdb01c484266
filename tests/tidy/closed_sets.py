"""Closed sets are listed once: where a set's members stand together a second time, a new member is forgotten.

A closed set is a `Literal` of words or a union of classes that a module gives a name, or a table that is named in
`TABLES`. Its home is the module that does so; what else is one per member belongs there, or iterates. A second list is
a display, a `Literal`, a union, a `match` or a call's keywords with half of the members, and three at least: fewer are
a choice and no list. Sets may share words: where most of what is listed is something else, or where it is exactly a set
of that module, it is no list of this one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from tests.tidy.tree import Module, Place

LEAST: Final = 3

TABLES: Final[Mapping[str, str]] = {
    "INPUTS": "schemas/events.py",
    "OUTPUTS": "schemas/decisions.py",
    "Settings": "service/settings.py",
}
"""Closed sets that are the keys of a table, or the fields of a class: its name, and the module it stands in."""


class ClosedSet(NamedTuple):
    """A set by its name, the module that defines it, and its members: words, or names of classes."""

    name: str
    home: str
    members: frozenset[str]


def closed_sets(modules: Iterable[Module]) -> list[ClosedSet]:
    """Every closed set of at least three members that the modules define."""
    found = []
    for module in modules:
        known: dict[str, frozenset[str]] = {}
        for statement in module.tree.body:
            name, value = _named(statement)
            members = _members(value, known) if value is not None else frozenset()
            if isinstance(value, ast.Dict) and TABLES.get(name) != module.name:
                members = frozenset()
            if isinstance(statement, ast.ClassDef) and TABLES.get(statement.name) == module.name:
                name, members = statement.name, frozenset(_fields(statement))
            known[name] = members
            if len(members) >= LEAST:
                found.append(ClosedSet(name, module.name, members))
    return found


def listed_again(module: Module, closed: ClosedSet, own: Iterable[frozenset[str]] = ()) -> Iterator[Place]:
    """Where the module lists most of the set, unless it is its home, or may not import from it. `own`: its own sets."""
    enough = max(LEAST, (len(closed.members) + 1) // 2)
    others = frozenset(own) - {closed.members}
    if module.name != closed.home and _may_read(module.name, closed.home):
        for line, words in _lists(module.tree):
            shared = len(closed.members.intersection(words))
            if shared >= enough and 2 * shared >= len(words) and frozenset(words) not in others:
                yield Place(module.name, line, f"lists {closed.name} of {closed.home}")


def _may_read(reader: str, home: str) -> bool:
    """The published language imports nothing of the service, nor core and language anything of it. Both say some words;
    that these are the same is what `tests/schemas` holds.
    """
    if reader.startswith("schemas/"):
        return home.startswith("schemas/")
    return home.startswith("service/") or not reader.startswith(("service/core/", "service/language/"))


def _named(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    """The name and value of an assignment."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return name, value
        case _:
            return "", None


def _members(value: ast.expr, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The members of a `Literal`, those of a set within it too, of a union of classes, or the keys of a table."""
    match value:
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            own = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            return frozenset(own).union(
                *(known.get(part.id, frozenset()) for part in parts if isinstance(part, ast.Name))
            )
        case ast.BinOp(op=ast.BitOr()):
            return frozenset(name for name in _union(value) if name[:1].isupper())
        case ast.Dict(keys=keys):
            return frozenset(_word(key) for key in keys if key is not None)
        case _:
            return frozenset()


@cache
def _lists(tree: ast.AST) -> list[tuple[int, list[str]]]:
    """Everything that says several words side by side, with its line: looked up for each closed set."""
    return list(_listing(tree))


def _listing(tree: ast.AST) -> Iterator[tuple[int, list[str]]]:
    inner = {id(node.left) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}
    for node in ast.walk(tree):
        match node:
            case ast.Dict(keys=keys):
                yield node.lineno, [_word(key) for key in keys if key is not None]
            case ast.Set(elts=elements) | ast.List(elts=elements) | ast.Tuple(elts=elements):
                yield node.lineno, [_word(element) for element in elements]
            case ast.Match(cases=cases):
                yield node.lineno, [word for case in cases for word in _patterns(case.pattern)]
            case ast.BinOp(op=ast.BitOr()) if id(node) not in inner:
                yield node.lineno, _union(node)
            case ast.Call(keywords=keywords):
                yield node.lineno, [keyword.arg or "" for keyword in keywords]
            case ast.ClassDef():
                yield node.lineno, _fields(node)


def _union(value: ast.expr) -> list[str]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        return [*_union(value.left), *_union(value.right)]
    return [_word(value)]


def _patterns(pattern: ast.pattern) -> Iterator[str]:
    match pattern:
        case ast.MatchOr(patterns=patterns):
            for each in patterns:
                yield from _patterns(each)
        case ast.MatchValue(value=value) | ast.MatchClass(cls=value):
            yield _word(value)
        case ast.MatchAs(pattern=ast.pattern() as inner):
            yield from _patterns(inner)
        case _:
            return


def _fields(node: ast.ClassDef) -> list[str]:
    return [
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]


def _word(value: ast.expr) -> str:
    """The word that a constant, a name, an attribute or a call of one says; nothing for anything else."""
    match value:
        case ast.Constant(value=str(word)) | ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Call(func=function):
            return _word(function)
        case _:
            return ""
