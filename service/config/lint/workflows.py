"""Workflows that can be used and do not do what is meant: names that lead nowhere, values that do not fit, actions that
never come to anything.

What a workflow names is held against what is declared: fields where there are any of its type of record, people and
their roles, and what is known of who acts. Without a list of fields nothing is said of them (S50).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, get_args

from schemas.config import Document, Role
from schemas.config_skills import FromField
from schemas.config_workflows import Action, Audience, NewRecord, SetField, Workflow
from service.config.conditions import calendar_of, comparisons
from service.config.declared_fields import Declared, is_declared
from service.config.findings import Finding
from service.config.lint.fields import known_fields
from service.config.lint.written import conditions_of
from service.config.nodes import Steps
from service.config.workflows import is_fitting
from service.core.filled import FILLED
from service.core.traits import folded
from service.core.workflow.doing import ASKED_OF_ACTORS
from service.core.workflow_specs import ACTOR
from service.language.implication import understood
from service.language.nearest import nearest
from service.language.odoo.operators import TABLE as DOMAIN
from service.language.operators import TABLE
from service.language.probes import listed
from service.language.tree import Compare, leaves

OF_ACTORS: Final = ("id", *ASKED_OF_ACTORS, "right")
"""What is known of who acts."""
EXACT: Final = frozenset(FILLED) - {"text"}
"""Types of field that hold nothing but what is of their type, and so name no people."""
NAMES_TOLD: Final = 10
RIGHTS: Final[tuple[str, ...]] = get_args(Role)
_EQUALITY: Final = ("equal", "not equal", "one of", "none of")
_EQUAL: Final = understood(TABLE, *_EQUALITY) | understood(DOMAIN, *_EQUALITY)


class _Given(NamedTuple):
    """A value that a workflow gives to a field: where it stands, of which type of record the field is (of none that is
    declared: no fields are known), and which field.
    """

    path: Steps
    value: object
    fields: Declared | None
    field: str


def of_workflows(document: Document) -> Iterator[Finding]:
    """Everything of the kind."""
    known = _known_of_actors(document)
    for workflow_id, workflow in document.workflows.items():
        path: Steps = ("workflows", workflow_id)
        record_type = workflow.type_in(document.processes)
        fields = known_fields(document, record_type) or None
        named = _Names(document, workflow, record_type, fields, known["role"])
        yield from _of_changed(named, path)
        for place, action in workflow.placed_actions:
            yield from _of_values(named, (*path, *place), action)
            if action.notify is not None:
                yield from _of_hearers(named, (*path, *place, "notify"), action.notify)
        yield from _of_order(path, workflow)
        yield from _of_cap(path, workflow)
    yield from _of_actors(document, known)


class _Names(NamedTuple):
    """A workflow, with what its names may lead to; `fields` are those of its type of record, none: any may be. `roles`
    are those of people, as they are compared and as they are written.
    """

    document: Document
    workflow: Workflow
    record_type: str
    fields: Declared | None
    roles: Mapping[str, str]


def _of_changed(named: _Names, path: Steps) -> Iterator[Finding]:
    for number, name in enumerate(named.workflow.trigger.changed):
        if _is_unknown(name, named.fields):
            yield _unknown((*path, "trigger", "changed", number), name, named.record_type, named.fields or {})


def _is_unknown(name: str, fields: Declared | None) -> bool:
    return fields is not None and not is_declared(name, fields)


def _unknown(path: Steps, name: str, record_type: str, fields: Iterable[str]) -> Finding:
    near = nearest(name, fields)
    hint = f'did you mean "{near}"?' if near else f'add it under "fields.{record_type}"'
    return Finding(path, f'a {record_type} has no field "{name}"; {hint}')


def _of_values(named: _Names, path: Steps, action: Action) -> Iterator[Finding]:
    """Values that fields are given."""
    if action.set_field is not None:
        yield from _of_set(named, (*path, "set_field"), action.set_field)
    if action.create_record is not None:
        yield from _of_made(named, (*path, "create_record"), action.create_record)


def _of_set(named: _Names, path: Steps, wanted: SetField) -> Iterator[Finding]:
    if isinstance(wanted.value, FromField) and wanted.value.field == wanted.field:
        message = f'"{wanted.field}" has what it says already, so this does nothing: name another field, or a value'
        yield Finding((*path, "value", "field"), message)
        return
    yield from _of_given(named, _Given((*path, "value"), wanted.value, named.fields, wanted.field))


def _of_made(named: _Names, path: Steps, made: NewRecord) -> Iterator[Finding]:
    fields = known_fields(named.document, made.type) or None
    for name, value in made.fields.items():
        place = (*path, "fields", name)
        if _is_unknown(name, fields):
            yield _unknown(place, name, made.type, fields or {})
        yield from _of_given(named, _Given(place, value, fields, name))


def _of_given(named: _Names, given: _Given) -> Iterator[Finding]:
    """A value must lead to a field of the record, and be what the field that gets it can hold."""
    kind = (given.fields or {}).get(given.field)
    if isinstance(given.value, FromField):
        source = given.value.field
        place = (*given.path, "field")
        if _is_unknown(source, named.fields):
            yield _unknown(place, source, named.record_type, named.fields or {})
        other = (named.fields or {}).get(source)
        if kind in EXACT and other is not None and other != kind:
            message = f'"{given.field}" is a {kind} and "{source}" a {other}, which may be none: name a {kind}'
            yield Finding(place, message)
    elif kind is not None and given.value is not None and not is_fitting(kind, given.value):
        example = ", such as 2026-01-31" if kind == "date" else ""
        yield Finding(given.path, f'"{given.field}" is a {kind}, and this is none: write one{example}')


def _of_hearers(named: _Names, path: Steps, told: Audience) -> Iterator[Finding]:
    """People who are to be told and never are."""
    users = named.document.users
    if told.user is not None and told.user in users and not users[told.user].active:
        yield Finding((*path, "user"), f'"{told.user}" is not active: name somebody who is')
    if told.role is not None and folded(told.role) not in named.roles:
        yield Finding((*path, "role"), f'nobody has the role "{told.role}"; {_meant(told.role, named.roles.values())}')
    if told.field is not None and (kind := (named.fields or {}).get(told.field)) in EXACT:
        yield Finding((*path, "field"), f'"{told.field}" is a {kind}, which names nobody: name a text, link or list')


def _meant(role: str, roles: Collection[str]) -> str:
    """Which role is probably meant. Rights are called roles, too, and are none of these."""
    if role in RIGHTS:
        return f"it is a right, and who is told by role has it as theirs: write role: {role} of users"
    near = nearest(role, roles)
    return f'did you mean "{near}"?' if near else f"write role: {role} of users"


def _of_order(path: Steps, workflow: Workflow) -> Iterator[Finding]:
    """Actions of one workflow that undo what an earlier one does."""
    values: dict[str, object] = {}
    for place, action in workflow.placed_actions:
        wanted = action.set_field
        if wanted is not None and values.setdefault(wanted.field, wanted.value) != wanted.value:
            message = f'an action above sets "{wanted.field}" to something else: keep one of the two'
            yield Finding((*path, *place, "set_field", "field"), message)


def _of_cap(path: Steps, workflow: Workflow) -> Iterator[Finding]:
    cap = workflow.at_most
    if cap.per_record > cap.per_day and "per_record" in cap.model_fields_set:
        message = f"{cap.per_record} for one record are never reached where {cap.per_day} for all are the most"
        yield Finding((*path, "at_most", "per_record"), f"{message}: write fewer, or more per day")


def _of_actors(document: Document, known: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Conditions on who acts that ask for what nobody is. Of ids only what is nearly one: others may act, too."""
    calendar = calendar_of(document.settings)
    for path, _, written in conditions_of(document):
        if path[0] != "workflows":
            continue
        for steps, tree in comparisons(written, calendar):
            for leaf in leaves(tree):
                if isinstance(leaf, Compare) and leaf.path[0] == ACTOR:
                    yield from _of_actor((*path, *steps), leaf, known)


def _known_of_actors(document: Document) -> Mapping[str, Mapping[str, str]]:
    """The values that there are of each thing that is known, as they are compared and as they are written."""
    users = document.users
    found: dict[str, Iterable[str | None]] = {
        "id": users,
        "role": (each.role for each in users.values()),
        "profile": (each.profile for each in users.values()),
        "right": RIGHTS,
    }
    return {name: {folded(each): each for each in values if each is not None} for name, values in found.items()}


def _of_actor(path: Steps, leaf: Compare, known: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    name = ".".join(leaf.path[1:])
    if name not in OF_ACTORS:
        near = nearest(name, OF_ACTORS)
        hint = f'did you mean "{ACTOR}.{near}"?' if near else f"known of them are {', '.join(OF_ACTORS)}"
        yield Finding(path, f'nothing is known as "{".".join(leaf.path)}" of who acts; {hint}')
        return
    for value in listed(leaf.value) if leaf.operator in _EQUAL else ():
        if not isinstance(value, str) or not value or folded(value) in known[name]:
            continue
        near = nearest(value, known[name].values())
        there_are = ", ".join(sorted(known[name].values())[:NAMES_TOLD]) or "none"
        hint = f'did you mean "{near}"?' if near else f"there are {there_are}"
        if near or name != "id":
            yield Finding(path, f'nobody has the {name} "{value}"; {hint}')
