"""Conditions that read what no record has, where the configuration says which fields there are.

Without a list of fields nothing is said: records may carry any (S50). With one, a misspelt name is found before it
quietly matches nothing, and so is a comparison with what the field never holds. Domains compare more freely than
criteria, so of them only the names are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

from schemas import config as documents
from schemas.config import Document, FieldType
from service.config.conditions import comparisons
from service.config.consistency import Finding
from service.config.lint.written import conditions_of
from service.config.nodes import Steps
from service.core.score import FIELD as SCORE
from service.language.operators import CONTAINS, DOES_NOT_CONTAIN, EXCLUDES, INCLUDES, STARTS_WITH, listed
from service.language.printing import leaf_text
from service.language.tree import Compare, Condition, Span, is_unset, leaves, reads

Declared = Mapping[str, FieldType | None]

_LISTS: Final = frozenset({INCLUDES, EXCLUDES})
_TEXTS: Final = frozenset({CONTAINS, DOES_NOT_CONTAIN, STARTS_WITH})


class _Holds(NamedTuple):
    """What a declared field holds, in words, and which types may hold what is compared with it."""

    what: str
    also_in: frozenset[FieldType]


_HOLDS: Final[Mapping[FieldType, _Holds]] = {
    "text": _Holds("a text", frozenset({"text"})),
    "number": _Holds("a number", frozenset({"number", "text"})),
    "boolean": _Holds("true or false", frozenset({"boolean", "text"})),
    "date": _Holds("a date", frozenset({"date", "text"})),
    "list": _Holds("a list", frozenset({"list", "text"})),
    "link": _Holds("a link", frozenset()),
}
"""By type: a number or a date may come as text."""


class _Named(NamedTuple):
    """The fields that a type of record has, and the text that reads some."""

    declared: Declared
    record_type: str
    text: str


def of_fields(document: Document) -> Iterator[Finding]:
    """Fields that are read and not declared, or declared to hold something else."""
    zone = document.settings.zone
    for path, record_type, written in conditions_of(document):
        declared = _declared(document, record_type)
        if declared is None:
            continue
        for steps, tree in comparisons(written, zone):
            named = _Named(declared, record_type, _text(written, steps))
            yield from _of_condition(named, (*path, *steps), tree)
    for set_id, rule_set in document.rule_sets.items():
        declared = _declared(document, rule_set.record_type)
        for position, entry in enumerate(rule_set.entries):
            link = entry.target.owner_of
            if declared is not None and link is not None and not _is_declared(link, declared):
                path = ("rule_sets", set_id, "entries", position, "target", "owner_of")
                yield Finding(path, _unknown(link, declared, rule_set.record_type))


def _declared(document: Document, record_type: str) -> Declared | None:
    """The fields of a type of record; none: anything goes."""
    found: Declared | None = next((each for name, each in document.fields.items() if name == record_type), None)
    return {SCORE: "number", **found} if found and record_type in document.scores else found


def _text(written: documents.Condition, steps: Steps) -> str:
    """The text at these steps; empty where the condition was written as lists."""
    match steps:
        case ("criteria", int() as number):
            return written.criteria[number]
        case ("when",):
            return written.when or ""
        case _:
            return written.domain if isinstance(written.domain, str) else ""


def _of_condition(named: _Named, path: Steps, condition: Condition) -> Iterator[Finding]:
    declared = named.declared
    for name in sorted(reads(condition)):
        if not _is_declared(name, declared):
            yield Finding(path, _unknown(name, declared, named.record_type), named.text.find(name) + 1)
    for leaf in leaves(condition):
        if isinstance(leaf, Compare) and "criteria" in leaf.operator.written:
            yield from _of_type(declared, path, leaf)


def _is_declared(name: str, declared: Declared) -> bool:
    """Whether it is in the list, leads through a link of which no more is said, or is itself such a link."""
    if name in declared or any(each.startswith(f"{name}.") for each in declared):
        return True
    above = name
    while "." in above:
        above = above.rpartition(".")[0]
        if above in declared and not any(each.startswith(f"{above}.") for each in declared):
            return declared[above] in (None, "link", "list")
    return False


def _unknown(name: str, declared: Declared, record_type: str) -> str:
    near = get_close_matches(name, declared, n=1)
    hint = f'did you mean "{near[0]}"?' if near else 'add it under "fields"'
    return f'"{name}" is not among the fields of {record_type}s; {hint}'


def _of_type(declared: Declared, path: Steps, leaf: Compare) -> Iterator[Finding]:
    name = ".".join(leaf.path)
    kind = declared.get(name)
    if kind is None:
        return
    for value in listed(leaf.value):
        wanted = _wanted(leaf, value)
        if wanted is not None and kind not in _HOLDS[wanted].also_in:
            held = _HOLDS[kind].what
            message = (
                f'"{name}" is declared as {held}, and {leaf_text(leaf)} asks for {_HOLDS[wanted].what}: compare it '
                f'with {held}, or correct its type under "fields"'
            )
            yield Finding(path, message)
            return


def _wanted(leaf: Compare, value: object) -> FieldType | None:
    """What a field must hold to be compared with this; none: anything."""
    if is_unset(value):
        return None
    if leaf.operator in _LISTS:
        return "list"
    if leaf.operator in _TEXTS:
        return "text"
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case Span():
            return "date"
        case _:
            return "text"
