"""The repository's own files, as the tidy checks look at them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("service", "schemas")
_SKIPPED: Final = frozenset({"__pycache__", "build", "node_modules"})


class Module(NamedTuple):
    """One Python file: where, its text, its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


class Place(NamedTuple):
    """A line that breaks a rule."""

    name: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line} {self.what}"


def module_of(name: str, text: str) -> Module:
    """A module made of its text."""
    return Module(name, text, ast.parse(text))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file below the folders."""
    paths = (path for folder in folders for path in files(folder, "*.py"))
    return tuple(module_of(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths)


def files(folder: str, pattern: str) -> Iterator[Path]:
    """Files below a folder, without hidden ones and what tools leave behind."""
    for path in sorted((ROOT / folder).rglob(pattern)):
        inside = path.relative_to(ROOT).parts
        if path.is_file() and not any(part in _SKIPPED or part.startswith(".") for part in inside):
            yield path


def text_files() -> Iterator[tuple[str, str]]:
    """Every text file a reader may open, as (name, text)."""
    for path in sorted(ROOT.iterdir()):
        found = [path] if path.is_file() and path.name != ".git" else []
        if path.is_dir() and path.name not in _SKIPPED and (not path.name.startswith(".") or path.name == ".ci"):
            found = [each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts]
        for each in found:
            try:
                yield str(each.relative_to(ROOT)), each.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
