"""Show the configuration that is valid, or was, and make a directory the next version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
import yaml

from service.app.process import publish_directory
from service.cli.exits import FoundProblems
from service.cli.reach import MAIN, DivisionName, KafkaAddress, Reach, in_reach
from service.cli.speech import ERRORS, OUT, AsJson, write_json
from service.config.compiler import LABEL_CHARACTERS
from service.config.history import History, Version, proposals
from service.config.loader import load
from service.printable import printable

command = typer.Typer()


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
        found = history.get(division, version) if version else history.latest(division)
        if found is None:
            ERRORS.print(_nothing(history, division, version))
            raise FoundProblems
        document = orjson.loads(found.document)
        if as_json:
            write_json({**_named(found), "document": document})
        else:
            latest = history.latest(division)
            newest = "" if latest is None or latest.number == found.number else f", replaced: {latest.number} is valid"
            OUT.print(f"# {printable(division)}, version {found.number}, label {_label(found)}{newest}", style="dim")
            OUT.print(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip())

    in_reach(tell, kafka)


@command.command("publish")
def publish(
    directory: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)],
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Make a directory the next version of its divisions, unless its content was valid before.

    1 where the directory has mistakes, or somebody else published at the same moment.
    """

    async def make(reach: Reach) -> None:
        async with reach.feed() as feed:
            published = await publish_directory(feed, directory)
            left = [record.key.decode() for record in proposals(load(directory).documents.values(), feed.history)]
            now = [latest for name in published if (latest := feed.history.latest(name)) is not None]
        if as_json:
            write_json({"published": [_named(each) for each in now if each.division not in left], "refused": left})
        else:
            for each in now:
                if each.division not in left:
                    OUT.print(f"{printable(each.division)} is at version {each.number}, label {_label(each)}")
            if not published:
                OUT.print("nothing new: this content was published before")
        if left:
            ERRORS.print(f"somebody else published {', '.join(left)} at the same moment: look at it, then try again")
            raise FoundProblems

    in_reach(make, kafka)


def _label(version: Version) -> str:
    return version.hash[:LABEL_CHARACTERS]


def _named(version: Version) -> dict[str, object]:
    return {"division": version.division, "version": version.number, "label": _label(version)}


def _nothing(history: History, division: str, version: int) -> str:
    latest = history.latest(division)
    if latest is not None:
        return f"{printable(division)} has no version {version}: it has 1 to {latest.number}"
    known = ", ".join(map(printable, history.divisions())) or "none"
    return f"{printable(division)} has no configuration; divisions that have: {known}"
