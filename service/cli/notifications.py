"""Show what people would be told, before anybody is: `fairlead notifications preview DIR`.

Nothing is connected to. The directory is a configuration, as for `check`; what of a record stands in a text is given as
fields, or as a file with the record's fields in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import orjson
import typer

from service.cli.exits import WrongUsage
from service.cli.reach import MAIN
from service.cli.speech import ERRORS, OUT, AsJson, write_json
from service.config.compiler import compile_document
from service.config.declared_fields import Declared, fields_of, is_declared
from service.config.loader import load
from service.config.texts import SUMMARY
from service.core.configuration import Config, User
from service.core.events import CHANNELS
from service.core.model import (
    Assigned,
    Decision,
    NewsSummary,
    Notification,
    NotificationKind,
    Pending,
    Queued,
    Rejected,
    Released,
)
from service.language.nearest import nearest
from service.printable import printable
from service.wire.outputs import Context, render
from service.wire.topics import Topics

KINDS: Final[tuple[NotificationKind, ...]] = get_args(NotificationKind)
DECIDED: Final = "0-0-0-0"
AT_MS: Final = 1_772_000_000_000

command = typer.Typer()

Directory = Annotated[
    Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="A configuration's directory.")
]


@command.callback()
def _group() -> None:
    """What people are told."""


@command.command("preview")
def preview(
    directory: Directory,
    kind: Annotated[str, typer.Option("--kind", help=f"Which news: {', '.join(KINDS)}.")] = "assigned",
    person: Annotated[str, typer.Option("--person", help="Who reads it.", show_default=False)] = "",
    language: Annotated[
        str, typer.Option("--language", help="In this language, whatever they read.", show_default=False)
    ] = "",
    record: Annotated[str, typer.Option("--record", metavar="RECORD", help="Type and id.")] = "lead/1",
    pool: Annotated[str, typer.Option("--pool", help="The pool or queue.", show_default=False)] = "",
    count: Annotated[int, typer.Option("--count", min=0, help="A summary of so many; 0: one piece of news.")] = 0,
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="The record's fields, in JSON.", show_default=False),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="A field, again for more; dots lead into linked records."),
    ] = None,
    division: Annotated[str, typer.Option("--division", help="Of this division.", show_default=False)] = MAIN,
    as_json: AsJson = False,
) -> None:
    """Show subject and body of a piece of news as somebody would get it."""
    if kind not in KINDS:
        near = nearest(kind, KINDS)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(KINDS)}"
        hint = "a summary is of one of the kinds, so many of it: --count 5" if kind == SUMMARY else hint
        raise WrongUsage(f"there is no news of the kind {kind}; {hint}")
    documents = load(directory).documents
    if division not in documents:
        raise WrongUsage(f"the division {division} is not configured here; there are {', '.join(sorted(documents))}")
    config = compile_document(documents[division])
    reader = config.person(person) if person else next(iter(config.users), "somebody")
    _refuse_unknown(reader, record, pool, config)
    facts = {**_read(file), **_given(field or ())}
    for line in _undeclared(field or (), fields_of(documents[division], record.partition("/")[0]) or {}):
        ERRORS.print(line, markup=False)
    said = told(_for(reader, language, config), kind, reader, (record, pool), facts, count)
    if as_json:
        write_json(said)
        return
    _show(said)


def told(
    config: Config,
    kind: NotificationKind,
    person: str,
    about: tuple[str, str],
    facts: Mapping[str, Any],
    count: int = 0,
) -> dict[str, Any]:
    """The data of the event that tells somebody such news; `about` is a record and a pool. A `count` above 0 makes it a
    summary.
    """
    record, pool = about
    pool = pool or next(iter(config.pools), "")
    summary = NewsSummary(count, AT_MS - 600_000, AT_MS, (record,)) if count else None
    workflow = next(iter(config.workflows.all), "") if kind == "workflow" else ""
    notification = Notification(kind, person, ("email",), summary=summary, about=workflow)
    decision = Decision(
        record="" if count else record,
        outcome=_OUTCOMES[kind](person, pool),
        notifications=(notification,),
        sequence=1,
        facts=facts,
    )
    context = Context(Topics.of(), config.division, AT_MS, config.version, config.label, config)
    said: dict[str, Any] = orjson.loads(render(decision, DECIDED, context)[-1].value)
    return said


_OUTCOMES: Final[Mapping[NotificationKind, Any]] = {
    "assigned": lambda person, pool: Assigned(person, pool, 1),
    "offered": lambda person, pool: Assigned(person, pool, 1, AT_MS),
    "queued": lambda _, pool: Queued(pool),
    "refused": lambda person, _: Rejected("not_a_member", person),
    "withdrawn": lambda person, pool: Released(person, pool, "not_accepted"),
    "reassigned": lambda person, pool: Released(person, pool, "owner_chosen"),
    "waiting": lambda _, pool: Pending(pool, "nobody_eligible"),
    "escalated": Assigned,
    "skewed": lambda person, pool: Assigned(person, pool, 1),
    "workflow": lambda person, pool: Assigned(person, pool, 1),
}
"""A decision of which each kind of news could tell."""


def _refuse_unknown(person: str, record: str, pool: str, config: Config) -> None:
    """Whom, what and where there is not, nobody is told of."""
    record_type, slash, record_id = record.partition("/")
    if record_type not in CHANNELS or not (slash and record_id):
        raise WrongUsage(f"{record} names no record: write a type, a slash and an id; types are {', '.join(CHANNELS)}")
    for word, name, known in (("person", person, config.users), ("pool or queue", pool, config.pools)):
        if name and known and name not in known:
            near = nearest(name, known)
            raise WrongUsage(
                f"there is no {word} {name} in this configuration{f'; did you mean {near}?' if near else ''}"
            )


def _for(person: str, language: str, config: Config) -> Config:
    """The configuration in which the reader reads this language."""
    if not language:
        return config
    user = config.users.get(person) or User(person)
    return replace(
        config, users={**config.users, person: replace(user, wishes=replace(user.wishes, language=language))}
    )


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        said = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise WrongUsage(f"{file} is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise WrongUsage(f"{file} has to be an object with the record's fields")
    fields = said.get("fields", said)
    linked = said.get("linked", {})
    return {**fields, **linked} if isinstance(fields, dict) and isinstance(linked, dict) else said


def _undeclared(fields: Iterable[str], declared: Declared) -> Iterator[str]:
    """Fields that no text can mean, where it is said which there are."""
    for each in fields if declared else ():
        name = each.partition("=")[0]
        if not is_declared(name, declared):
            near = nearest(name, declared)
            hint = f'did you mean "{near}"?' if near else "no text that is checked can say it"
            yield f'"{printable(name)}" is declared nowhere as a field of such a record; {hint}'


def _given(fields: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in fields:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise WrongUsage(f'"{each}" is no field: write name=value')
        *links, last = name.split(".")
        place = found
        for link in links:
            place = place.setdefault(link, {})
            if not isinstance(place, dict):
                raise WrongUsage(f'"{name}" leads into a field that has a value already')
        place[last] = value
    return found


def _show(said: Mapping[str, Any]) -> None:
    OUT.print(f"to: {printable(said['person'])}", markup=False)
    for word in ("language", "subject", "reason", "link"):
        if said.get(word):
            OUT.print(f"{word}: {printable(said[word])}", markup=False)
    OUT.print()
    for line in said["body"].splitlines():
        OUT.print(printable(line), markup=False)
    if said.get("html"):
        ERRORS.print("there is HTML as well: --json shows it")
