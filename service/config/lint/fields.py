"""Conditions that read what no record has, where the configuration says which fields there are.

Without a list of fields nothing is said: records may carry any (S50). With one, a misspelt name is found before it
quietly matches nothing, and so is a comparison with what the field never holds. Domains compare more freely than
criteria (a link by its id or name, a list by one of it), so more is allowed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from schemas import config_rules
from schemas.config import Document, FieldType
from schemas.config_rules import Target, TargetStep
from schemas.config_skills import FromField
from service.config.conditions import calendar_of, comparisons
from service.config.declared_fields import Declared, fields_of, is_declared
from service.config.findings import Finding
from service.config.lint.written import conditions_of, targets_of
from service.config.nodes import Steps
from service.core.score import FIELD as SCORE
from service.core.workflow_specs import ACTOR
from service.language.changes import CHANGED
from service.language.nearest import nearest
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.odoo.operators import Takes as DomainTakes
from service.language.operators import ROWS
from service.language.printing import leaf_text
from service.language.probes import listed
from service.language.tree import (
    All,
    Always,
    Any,
    Compare,
    Condition,
    Never,
    Not,
    Other,
    Path,
    Span,
    leaves,
    number_in,
    reads,
)
from service.language.unset import is_empty, is_unset

_A: Final[Mapping[FieldType, str]] = {
    "text": "a text",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "list": "a list",
    "link": "a link",
}
_ALSO: Final[Mapping[FieldType, frozenset[FieldType]]] = {
    "text": frozenset({"text"}),
    "number": frozenset({"number", "text"}),
    "boolean": frozenset({"boolean", "number", "text"}),
    "date": frozenset({"date", "text"}),
    "list": frozenset({"list", "text"}),
    "link": frozenset(),
}
"""By what is compared with, the fields that can hold it: a number, a date or a truth may come as text."""
_LINKS: Final[frozenset[FieldType]] = frozenset({"link", "list"})
_IN_DOMAINS: Final[Mapping[DomainTakes, frozenset[FieldType]]] = {
    "text": frozenset({"text", "number", "date", "link", "list"}),
    "domain": _LINKS,
    "place": frozenset({"link", "list", "text", "number"}),
}
"""The fields that an operator of a domain can read, whatever it is compared with."""


class _Named(NamedTuple):
    """The fields that a type of record has, and the text that reads some."""

    declared: Declared
    record_type: str
    text: str


def of_fields(document: Document) -> Iterator[Finding]:
    """Fields that are read and not declared, or declared to hold something else."""
    calendar = calendar_of(document.settings)
    for path, record_type, written in conditions_of(document):
        declared = known_fields(document, record_type)
        if declared is None:
            continue
        if path[0] == "workflows":
            declared = {**declared, ACTOR: "link"}
        for steps, tree in comparisons(written, calendar):
            named = _Named(declared, record_type, _text(written, steps))
            yield from _of_condition(named, (*path, *steps), tree)
    yield from _of_targets(document)
    yield from _of_scores(document)


def _of_scores(document: Document) -> Iterator[Finding]:
    """Fields that are to rank what waits and hold no number."""
    for record_type, fields in document.fields.items():
        kind = fields.get(SCORE)
        if kind is not None and record_type not in document.scores and kind not in _ALSO["number"]:
            message = f"{_A[kind]} ranks nothing: what waits is in the order of this field only where it is a number"
            yield Finding(("fields", record_type, SCORE), message)


def _of_targets(document: Document) -> Iterator[Finding]:
    """Fields and links that entries, defaults and workflows name outside of conditions."""
    for path, record_type, target in targets_of(document):
        declared = known_fields(document, record_type)
        if declared is not None:
            yield from _of_target(_Named(declared, record_type, ""), path, target)
    for set_id, rule_set in document.rule_sets.items():
        declared = known_fields(document, rule_set.record_type)
        if declared is None:
            continue
        for position, entry in enumerate(rule_set.entries):
            for number, name in enumerate(entry.changed):
                if not is_declared(name, declared):
                    path = ("rule_sets", set_id, "entries", position, "changed", number)
                    yield Finding(path, _unknown(name, declared, rule_set.record_type))


def _of_target(named: _Named, path: Steps, target: Target | TargetStep) -> Iterator[Finding]:
    """Fields and links by which a target, or a step of it, finds somebody."""
    if isinstance(target, Target):
        for position, step in enumerate(target.steps or ()):
            yield from _of_target(named, (*path, "steps", position), step)
    if target.owner_of is not None and not is_declared(target.owner_of, named.declared):
        yield Finding((*path, "owner_of"), _unknown(target.owner_of, named.declared, named.record_type))
    if isinstance(target.user, FromField) and not is_declared(target.user.field, named.declared):
        place = (*path, "user", "field")
        yield Finding(place, _unknown(target.user.field, named.declared, named.record_type))


def known_fields(document: Document, record_type: str) -> Declared | None:
    """The fields of a type of record, its score among them where there is one; none: anything goes."""
    found = fields_of(document, record_type)
    return {SCORE: "number", **found} if found and record_type in document.scores else found


def _text(written: config_rules.Condition, steps: Steps) -> str:
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
        if not is_declared(name, declared):
            yield Finding(path, _unknown(name, declared, named.record_type), named.text.find(name) + 1)
    for leaf in compares(condition):
        yield from _of_type(declared, path, leaf)


def compares(condition: Condition, before: Path = ()) -> Iterator[Compare]:
    """The comparisons, those within `any` with the whole path to their field."""
    for leaf in leaves(condition):
        if isinstance(leaf, Compare):
            yield Compare((*before, *leaf.path), leaf.operator, leaf.value)
            if isinstance(leaf.value, All | Any | Not | Compare | Always | Never):
                yield from compares(leaf.value, (*before, *leaf.path))


def _unknown(name: str, declared: Declared, record_type: str) -> str:
    near = nearest(name, declared)
    hint = f'did you mean "{near}"?' if near else 'add it under "fields"'
    return f'"{name}" is not among the fields of {record_type}s; {hint}'


def _of_type(declared: Declared, path: Steps, leaf: Compare) -> Iterator[Finding]:
    name = ".".join(leaf.path)
    kind = declared.get(name)
    if leaf.operator == CHANGED:
        return
    is_domain = "domain" in leaf.operator.written
    several = None if is_domain or ROWS[leaf.operator].takes == "choices" else _list_above(name, declared)
    if several is not None:
        message = (
            f'"{several}" is declared as {_A["list"]}, so "{name}" may be several values, which {leaf_text(leaf)} '
            f'never finds: ask "{name} includes [...]", or correct its type under "fields"'
        )
        yield Finding(path, message)
        return
    if kind is None:
        return
    for value in listed(leaf.value):
        if isinstance(value, Other):
            fitting, wanted = _fitting_other(declared, kind, value)
        elif is_domain:
            fitting, wanted = _fitting_in_domain(leaf, value)
        else:
            fitting, wanted = _fitting(leaf, value)
        if kind not in fitting:
            message = (
                f'"{name}" is declared as {_A[kind]}, and {leaf_text(leaf)} asks for {wanted}: compare it with '
                f'{_A[kind]}, or correct its type under "fields"'
            )
            yield Finding(path, message)
            return


def _list_above(name: str, declared: Declared) -> str | None:
    """The list of linked records behind which a field stands; none: it stands behind none."""
    steps = name.split(".")
    return next((above for end in range(1, len(steps)) if declared.get(above := ".".join(steps[:end])) == "list"), None)


_ANY_KIND: Final = frozenset(_A)
Fitting = tuple[frozenset[FieldType], str]
"""The kinds of field that a comparison can be true of, and what it asks for, in words."""


def _fitting(leaf: Compare, value: object) -> Fitting:
    if is_unset(value):
        return _ANY_KIND, ""
    match ROWS[leaf.operator].takes:
        case "choices":
            return _ALSO["list"] | {"link"}, _A["list"]
        case "text":
            return _ALSO["text"], _A["text"]
        case _:
            kind = _kind_of(value)
            return _ALSO[kind], _A[kind]


def _fitting_other(declared: Declared, kind: FieldType, other: Other) -> Fitting:
    """Two fields can be the same if one can hold what the other does."""
    another = declared.get(".".join(other.path))
    if another is None or another in ("link", "list"):
        return _ANY_KIND, ""
    return _ALSO[another] | ({another} if kind != "text" else {kind}), _A[another]


def _fitting_in_domain(leaf: Compare, value: object) -> Fitting:
    takes = DOMAIN[leaf.operator.written["domain"]].takes
    if takes in _IN_DOMAINS:
        asked = {"domain": "a link", "place": "a place in a hierarchy"}.get(takes, "a text")
        return _IN_DOMAINS[takes], asked
    if is_empty(value):
        return _ANY_KIND, ""
    kind = _kind_of(value)
    fitting = _ALSO[kind] - {"text"} if kind == "boolean" else _ALSO[kind]
    if kind in ("number", "text"):
        fitting |= _LINKS
    if kind == "text" and isinstance(value, str) and number_in(value) is not None:
        fitting |= {"number"}
    if type(value) in (int, float) and value in (0, 1):
        fitting |= {"boolean"}
    return fitting, _A[kind]


def _kind_of(value: object) -> FieldType:
    """What a field must hold to be compared with this."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case Span():
            return "date"
        case _:
            return "text"
