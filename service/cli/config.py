"""Show the configuration that is valid, or was, and put another in force: a directory, or an earlier version.

Whatever is put in force is a new version, also where its content was valid before: versions only grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer
import yaml
from rich.table import Table

from service.app.process import publish_directory
from service.cli.exits import FoundProblems, WrongUsage
from service.cli.joining import print_joining, who_joins
from service.cli.reach import MAIN, DivisionName, KafkaAddress, Reach, in_reach, not_configured
from service.cli.speech import ERRORS, OUT, AsJson, shown_time, write_json
from service.config.compiler import LABEL_CHARACTERS
from service.config.difference import ABSENT, Difference, differences
from service.config.history import History, Version, instructions, replacing
from service.config.levels import above
from service.config.loader import load
from service.core.visibility import is_admin
from service.kafka.configuration import ConfigurationFeed, Unusable, compiled
from service.printable import printable

command = typer.Typer()

VersionNumber = Annotated[int, typer.Argument(metavar="VERSION", min=1, help="As `config history` lists it.")]


@command.command("show")
def show(
    division: DivisionName = MAIN,
    version: Annotated[int, typer.Option("--version", min=0, help="Which; 0: the valid one.")] = 0,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Show a division's configuration as YAML, which `config publish` would take; 1 where there is none."""

    async def tell(reach: Reach) -> None:
        async with reach.feed() as feed:
            history = feed.history
            number = version or (newest.number if (newest := history.latest(division)) else 0)
            found, content = await _held(feed, division, number)
        document = orjson.loads(content)
        if as_json:
            write_json({**_named(found), "document": document})
        else:
            latest = history.latest(division)
            later = "" if latest is None or latest.number == found.number else f", replaced: {latest.number} is newest"
            OUT.print(f"# {printable(division)}, version {found.number}, label {_label(found)}{later}", style="dim")
            OUT.print(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip())

    in_reach(tell, kafka)


@command.command("publish")
def publish(
    directory: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)],
    actor: Annotated[
        str, typer.Option("--as", metavar="PERSON", help="On behalf of this person.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Put a directory in force: it is the next version of its divisions, unless it is valid now.

    1 where the directory has mistakes, or somebody else published at the same moment. Where it is said on whose behalf,
    they must be an administrator of each division that has a configuration.
    """

    async def make(reach: Reach) -> None:
        async with reach.feed() as feed:
            _expect_admin(actor, feed, load(directory).documents)
            before = dict(feed.latest())
            published = await publish_directory(feed, directory, instructions)
            left = [record.key.decode() for record in instructions(load(directory).documents.values(), feed.history)]
            level = feed.history.source_state.level
            off = {name: list(above(document, level)) for name, document in load(directory).documents.items()}
            now = [latest for name in published if (latest := feed.history.latest(name)) is not None]
            joining = await who_joins(reach, feed, before)
        if as_json:
            said = {"published": [_named(each) for each in now if each.division not in left], "refused": left}
            write_json({**said, "joining": [each._asdict() for each in joining]})
        else:
            for each in now:
                if each.division not in left:
                    OUT.print(f"{printable(each.division)} is at version {each.number}, label {_label(each)}")
            for name, findings in off.items():
                for finding in findings:
                    OUT.print(f"{name}: {'.'.join(map(str, finding.path))}: {finding.message}", style="magenta")
            print_joining(joining)
            if not published:
                OUT.print("nothing new: this is what is valid")
        if left:
            ERRORS.print(f"somebody else published {', '.join(left)} at the same moment: look at it, then try again")
            raise FoundProblems

    in_reach(make, kafka)


def _expect_admin(actor: str, feed: ConfigurationFeed, divisions: Iterable[str]) -> None:
    """Raise `WrongUsage` where a person who is known may not change what is configured (D10)."""
    latest = feed.latest()
    for division in divisions if actor else ():
        if division in latest and not is_admin(actor, latest[division]):
            raise WrongUsage(f"{actor} may not change the configuration of {division}: only administrators may")


@command.command("rollback")
def rollback(
    version: VersionNumber, division: DivisionName = MAIN, as_json: AsJson = False, kafka: KafkaAddress = ""
) -> None:
    """Put an earlier version in force again: its content is the next version.

    1 where it cannot be, or somebody else published at the same moment.
    """

    async def put_back(reach: Reach) -> None:
        async with reach.feed() as feed:
            _, document = await _held(feed, division, version)
            if document == feed.history.document(division):
                _fail(f"nothing to do: version {version} of {division} is what is valid")
            found = compiled(document, version)
            if isinstance(found, Unusable):
                _fail(f"this release cannot use version {version} of {division}: {found.why}")
            before = dict(feed.latest())
            await feed.publish([replacing(division, document, feed.history)])
            joining = await who_joins(reach, feed, before)
            newest, content = feed.history.latest(division), feed.history.document(division)
        if newest is None or content != document:
            _fail(f"somebody else published {division} at the same moment: look at it, then try again")
        elif as_json:
            write_json({**_named(newest), "joining": [each._asdict() for each in joining]})
        else:
            OUT.print(f"{division} is at version {newest.number}, which is version {version} again")
            print_joining(joining)

    in_reach(put_back, kafka)


@command.command("history")
def list_versions(
    division: DivisionName = MAIN,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="The newest so many.")] = 20,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """List a division's versions, the newest first: since when, which is in force, and which cannot be used and why."""

    async def tell(reach: Reach) -> None:
        async with reach.feed() as feed:
            known = feed.history.versions(division)
            if not known:
                _fail(_nothing(feed.history, division, 0))
            in_force = feed.latest().get(division)
            shown = [
                {
                    **_named(each),
                    "since": shown_time(each.time_ms),
                    "in_force": in_force is not None and in_force.version == each.number,
                    "unusable": found.why if isinstance(found, Unusable) else None,
                }
                for each in reversed(known[-limit:])
                for found in [await feed.version(division, each.number)]
            ]
        if as_json:
            write_json(shown)
        else:
            _print_versions(shown, len(known))

    in_reach(tell, kafka)


@command.command("diff")
def diff(
    before: Annotated[int, typer.Argument(metavar="A", min=1, help="A version's number.")],
    after: Annotated[int, typer.Argument(metavar="B", min=1, help="Another's.")],
    division: DivisionName = MAIN,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Show what differs between two versions of a division, key by key."""

    async def tell(reach: Reach) -> None:
        async with reach.feed() as feed:
            old, new = [orjson.loads((await _held(feed, division, each))[1]) for each in (before, after)]
        found = list(differences(old, new))
        if as_json:
            write_json([_difference(each) for each in found])
        else:
            for each in found:
                OUT.print(each.path, style="bold")
                if each.before is not ABSENT:
                    OUT.print(f"  - {_shown(each.before)}", style="red")
                if each.after is not ABSENT:
                    OUT.print(f"  + {_shown(each.after)}", style="green")
            if not found:
                OUT.print("no difference")

    in_reach(tell, kafka)


async def _held(feed: ConfigurationFeed, division: str, number: int) -> tuple[Version, bytes]:
    """A version and its document. Raises `FoundProblems`, having said why, where there is none."""
    found = feed.history.get(division, number)
    if found is None:
        _fail(_nothing(feed.history, division, number))
    document = (await feed.documents([found])).get(number)
    if document is None:
        _fail(f"the topic does not hold version {number} of {division} any more")
    return found, document


def _fail(why: str) -> NoReturn:
    ERRORS.print(printable(why))
    raise FoundProblems


def _print_versions(shown: Sequence[Mapping[str, object]], known: int) -> None:
    table = Table()
    for column in ("version", "label", "since (UTC)"):
        table.add_column(column, no_wrap=True)
    table.add_column("", overflow="fold")
    for each in shown:
        told = "in force" if each["in_force"] else ""
        if each["unusable"]:
            told = f"cannot be used: {printable(str(each['unusable']))}"
        table.add_row(str(each["version"]), printable(str(each["label"])), str(each["since"]), told)
    OUT.print(table)
    if known > len(shown):
        OUT.print(f"the newest {len(shown)} of {known}: --limit shows more", style="dim")


def _difference(found: Difference) -> dict[str, object]:
    """As JSON: a side on which there is nothing is left out."""
    sides = {"before": found.before, "after": found.after}
    return {"path": found.path, **{name: value for name, value in sides.items() if value is not ABSENT}}


def _shown(value: object) -> str:
    return printable(orjson.dumps(value).decode())


def _label(version: Version) -> str:
    return version.hash[:LABEL_CHARACTERS]


def _named(version: Version) -> dict[str, object]:
    return {"division": version.division, "version": version.number, "label": _label(version)}


def _nothing(history: History, division: str, version: int) -> str:
    latest = history.latest(division)
    if latest is not None:
        return f"{printable(division)} has no version {version}: it has 1 to {latest.number}"
    return not_configured(division, history.divisions())
