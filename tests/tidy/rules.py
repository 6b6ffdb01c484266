"""The rules of style that a machine can check, each a function from a module to the places that break it."""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence, Set
from io import StringIO
from pathlib import PurePath
from typing import Final

from tests.tidy.tree import Module, Place

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 50
PARAMETERS: Final = 6
JUNK_DRAWERS: Final = frozenset({"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"})
PEOPLES_DATA: Final = frozenset({"body", "data", "facts", "fields", "linked", "payload", "record_fields", "value"})
"""Names under which a log line would carry what a record says about somebody."""
LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical"})

_EVENT_NAME: Final = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+")
_SILENCER: Final = re.compile(r"#\s*(type:\s*ignore\[[^\]]+\]|noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)(?P<rest>.*)")
_BARE_SILENCER: Final = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:))")
_ANOTHER_TYPE: Final = re.compile(r"#\s*type:\s*ignore\[(assignment|override|misc)\]")
_HE: Final = re.compile(r"(?<![\w./'])(he|him|his|himself|she|her|hers|herself)(?![\w/=]|, theirs)", re.IGNORECASE)
_LEFTOVER: Final = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_long(module: Module) -> Iterator[Place]:
    """A module of more than 400 lines, a function of more than 50."""
    if len(module.lines) > MODULE_LINES:
        yield Place(module.name, 1, f"{len(module.lines)} lines")
    for function in _functions(module):
        size = (function.end_lineno or function.lineno) - function.lineno + 1
        if size > FUNCTION_LINES:
            yield Place(module.name, function.lineno, f"{function.name}: {size} lines")


def too_many_parameters(module: Module) -> Iterator[Place]:
    """More than six parameters, `self` and `cls` apart. A command's are its options: Typer reads them so."""
    for function in _functions(module):
        given = function.args
        count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
        first = [argument.arg for argument in [*given.posonlyargs, *given.args][:1]]
        count -= first in (["self"], ["cls"])
        if count > PARAMETERS:
            yield Place(module.name, function.lineno, f"{function.name}: {count} parameters")


def junk_drawer(module: Module) -> Iterator[Place]:
    """A name that says nothing about what is inside."""
    for part in PurePath(module.name).with_suffix("").parts:
        if part in JUNK_DRAWERS:
            yield Place(module.name, 1, f"{part} is a junk drawer")


def without_docstring(module: Module) -> Iterator[Place]:
    """A module that does not say what it decides. An empty package file has nothing to say."""
    if module.tree.body and ast.get_docstring(module.tree) is None:
        yield Place(module.name, 1, "no docstring")


def catches_everything(module: Module) -> Iterator[Place]:
    """`except:`, `except Exception`, alone or in a tuple."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(each is None or _name(each) in {"Exception", "BaseException"} for each in caught):
                yield Place(module.name, node.lineno, "catches everything")


def sleeps(module: Module) -> Iterator[Place]:
    """`time.sleep`, and `asyncio.sleep` of anything but 0."""
    for call in _calls(module):
        if _name(call.func) == "time.sleep":
            yield Place(module.name, call.lineno, "time.sleep")
        if _name(call.func) == "asyncio.sleep" and not (
            call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
        ):
            yield Place(module.name, call.lineno, "asyncio.sleep")


def reads_environment(module: Module) -> Iterator[Place]:
    """`os.environ` or `os.getenv`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and _name(node) in {"os.environ", "os.getenv", "os.environb"}:
            yield Place(module.name, node.lineno, "reads the environment")


def leftovers(module: Module) -> Iterator[Place]:
    """A note to oneself."""
    for number, line in enumerate(module.lines, 1):
        if found := _LEFTOVER.search(line):
            yield Place(module.name, number, found[0])


def silences_without_reason(module: Module) -> Iterator[Place]:
    """An ignored finding that does not name the finding and, once per run of such lines, the reason."""
    reasoned = -1
    for token in tokenize.generate_tokens(StringIO(module.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if _BARE_SILENCER.search(token.string):
            yield Place(module.name, line, "names no finding")
        elif match := _SILENCER.search(token.string):
            if match["rest"].strip(" #") or reasoned == line - 1:
                reasoned = line
            else:
                yield Place(module.name, line, "no reason after it")


def misnamed_log_lines(module: Module) -> Iterator[Place]:
    """A log line whose name is not `noun.past_participle`."""
    for call in _log_calls(module):
        name = call.args[0] if call.args else None
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str) and _EVENT_NAME.fullmatch(name.value)):
            yield Place(module.name, call.lineno, "a log line is named noun.past_participle")


def logs_peoples_data(module: Module) -> Iterator[Place]:
    """A log line with a record's fields."""
    for call in _log_calls(module):
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in PEOPLES_DATA:
                yield Place(module.name, call.lineno, f"logs {keyword.arg or 'an unnamed mapping'}")


def imports_outside(module: Module, *allowed: str) -> Iterator[Place]:
    """An import of anything but the standard library and the packages that are allowed."""
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            is_allowed = any(f"{name}.".startswith(f"{package}.") for package in allowed)
            if name.partition(".")[0] not in sys.stdlib_module_names and not is_allowed:
                yield Place(module.name, getattr(node, "lineno", 1), f"imports {name}")


def structs(found: Sequence[Module]) -> Iterator[Place]:
    """Every class that is a `msgspec.Struct`, by whatever base of these modules."""
    for module, node in _structs(found):
        yield Place(module.name, node.lineno, f"{node.name} is a struct")


def generators_passed_on(module: Module) -> Iterator[Place]:
    """Every generator expression that is returned, or yielded from: whoever gets it counts on its being lazy."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Return | ast.YieldFrom):
            value = node.value
            passed_on = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
            if any(isinstance(each, ast.GeneratorExp) for each in passed_on):
                yield Place(module.name, node.lineno, "passes a generator expression on")


def fields_of_another_type(module: Module) -> set[str]:
    """Every field that a class declares with another type than the class it extends, which mypy is told to bear."""
    lines = module.lines
    return {
        line.target.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        if _ANOTHER_TYPE.search("".join(lines[line.lineno - 1 : line.end_lineno]))
    }


def read_as_declared(module: Module, names: Set[str]) -> Iterator[Place]:
    """Every read of an attribute of one of these names."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield Place(module.name, node.lineno, f"reads .{node.attr}")


def held_by_structs(found: Sequence[Module]) -> set[str]:
    """Every name in the types of their fields."""
    fields = [line for _, node in _structs(found) for line in node.body if isinstance(line, ast.AnnAssign)]
    return {name.id for line in fields for name in ast.walk(line.annotation) if isinstance(name, ast.Name)}


def _structs(found: Sequence[Module]) -> Iterator[tuple[Module, ast.ClassDef]]:
    named = [(module, node) for module in found for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    known: set[str] = {"Struct"}
    grown = 0
    while grown < len(known):
        grown = len(known)
        known |= {node.name for _, node in named if known & {ast.unparse(base).split(".")[-1] for base in node.bases}}
    yield from ((module, node) for module, node in named if node.name in known)


def classes(module: Module) -> Iterator[Place]:
    """Every class that others may import. A name that begins with `_` is its module's own."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield Place(module.name, node.lineno, node.name)


def he_or_she(text: str) -> Iterator[tuple[int, str]]:
    """Lines that call somebody he or she: whoever it is, they are "they"."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _HE.search(line):
            yield number, found[0]


def _functions(module: Module) -> Iterator[Function]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _calls(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node


def _log_calls(module: Module) -> Iterator[ast.Call]:
    """Calls such as `log.info(...)` and `self._log.warning(...)`."""
    for call in _calls(module):
        if isinstance(call.func, ast.Attribute) and call.func.attr in LOG_METHODS:
            owner = (_name(call.func.value) or "").rpartition(".")[2].lstrip("_").lower()
            if owner in {"log", "logger"}:
                yield call


def _name(node: ast.expr) -> str | None:
    """`a.b.c` for attributes of names; none for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _name(node.value)
        return f"{owner}.{node.attr}" if owner else None
    return None
