"""Compare what a CRM says is open with what is remembered, and correct what differs through the log.

A correction is an event like any other: it takes its turn among the record's events, and so a replay gives the same.
It tells what the list says, as of the moment of the list; it carries the mark of the record as it was seen, and is
nothing to do where the record changed on the way. All have one key, so that they arrive in the order in which they are
told (see `correctable`), whatever is told of their records beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from uuid import uuid4

import typer
from msgspec.structs import replace

from service.cli.exits import FoundProblems, WrongUsage
from service.cli.reach import (
    MAIN,
    DivisionName,
    KafkaAddress,
    Reach,
    RedisAddress,
    Yes,
    agreed,
    in_reach,
    not_configured,
)
from service.cli.speech import OUT, AsJson, table_of, write_json
from service.cli.times import written_time
from service.cli.told import told_event
from service.connectors.file.open_records import OpenRecord, open_records
from service.connectors.file.opening import FileRefused
from service.core.configuration import Config
from service.core.events import CHANNELS
from service.core.sizing import weight
from service.kafka.publisher import Publisher
from service.printable import printable
from service.views.reconciling import WORDS, Disagreement, Listed, compare, correctable, remembered
from service.wire.messages import Message

SOURCE: Final = "fairlead/cli"
KEY: Final = "reconcile"
STRANGERS_SHOWN: Final = 5
SHOWN: Final = 50
"""So many differences are shown; the rest is counted."""

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="CSV of what is open: record type, id, owner, and maybe size."),
]
OfType = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="A type of record that is compared also where the list names none of it: none is open then. Repeatable.",
        show_default=False,
    ),
]
AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="When the list was made, with its zone: 2026-12-24T08:00+01:00. Without: when the file was written.",
        show_default=False,
    ),
]


def command(
    file: File,
    yes: Yes = False,
    as_of: AsOf = "",
    of_type: OfType = None,
    delimiter: Annotated[str, typer.Option("--delimiter", help="What divides the columns.")] = ",",
    division: DivisionName = MAIN,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Compare a list of what is open with the memory; with --yes correct what differs."""
    made, types = _moment(as_of, file), frozenset(of_type or ())
    _refuse_wrong(types, delimiter)
    try:
        listed = open_records(file, delimiter)
    except FileRefused as error:
        raise WrongUsage(f"{error}; nothing was compared") from error
    types |= {each.record.partition("/")[0] for each in listed}
    if not types:
        raise WrongUsage(
            f"{file}: this list names no record, so nothing was compared; where none is open, say of which type: "
            "--type lead"
        )

    async def work(reach: Reach) -> None:
        async with reach.feed() as feed, reach.store() as store:
            config, lanes = feed.latest().get(division), agreed(feed).lanes
            if config is None:
                raise WrongUsage(not_configured(division, feed.latest()))
            kept = await remembered(store, division, lanes, types)
            attribute = agreed(feed).division_attribute
        if kept.memory != "ready":
            raise WrongUsage(f"the memory of {division} is {kept.memory}: nothing was compared")
        found = list(compare(_by_record(listed, config), kept.records, config, _ms(made)))
        corrected = correctable(found, config)
        if yes and corrected:
            told = ToldWith(config, made, attribute, reach.topics.sources[0])
            await _send(reach, [correction(each, told) for each in corrected])
        _show(found, len(corrected), done=yes, as_json=as_json)
        if not as_json:
            _name_strangers(listed, config)
        if found and not yes:
            raise FoundProblems

    in_reach(work, kafka, redis)


def _refuse_wrong(types: frozenset[str], delimiter: str) -> None:
    if unknown := types - CHANNELS.keys():
        raise WrongUsage(f"--type {min(unknown)}: this is no type of record; there are {', '.join(CHANNELS)}")
    if len(delimiter) != 1:
        raise WrongUsage('--delimiter: write one character, such as ";"')


class ToldWith(NamedTuple):
    """With what corrections are told: as of which moment, the attribute that names the division, and in which topic."""

    config: Config
    made: datetime
    attribute: str
    topic: str


def correction(found: Disagreement, told: ToldWith) -> Message:
    """The event that tells what the list says of a record. Raises `WrongUsage` where ingest could not read it."""
    record_type, _, record_id = found.record.partition("/")
    record: dict[str, object] = {"type": record_type, "id": record_id, "status": "closed"}
    data: dict[str, object] = {"record": record, "if_unchanged": found.mark}
    kind = "crm.record.updated.v1"
    if found.listed is not None:
        kind, record["status"] = "crm.record.owner_changed.v1", "open"
        data["owner"] = {"kind": "user", "id": found.listed.owner} if found.listed.owner else None
        field = told.config.sizes.get(record_type, "")
        if found.listed.size is not None and field and "." not in field:
            record["fields"] = {field: found.listed.size}
    attributes = {
        "id": str(uuid4()),
        "source": SOURCE,
        "type": kind,
        "time": told.made.isoformat(),
        told.attribute: told.config.division,
    }
    return replace(told_event(told.topic, found.record, attributes, data, told.attribute), key=KEY.encode())


async def _send(reach: Reach, messages: Sequence[Message]) -> None:
    publisher = Publisher(reach.connection)
    try:
        await publisher.publish(list(messages))
    finally:
        await publisher.close()


def _by_record(listed: Iterable[OpenRecord], config: Config) -> dict[str, Listed]:
    return {
        each.record: Listed(owner_in(each, config), None if each.size is None else weight(each.size)) for each in listed
    }


def owner_in(listed: OpenRecord, config: Config) -> str:
    """Whom a row names: a person's id alone, or as an owner is told elsewhere, `user:ann`."""
    kind, colon, name = listed.owner.partition(":")
    is_told = bool(colon) and kind == "user" and config.person(listed.owner) not in config.users
    return name if is_told else listed.owner


def _name_strangers(listed: Iterable[OpenRecord], config: Config) -> None:
    """A list with names where ids belong gives every record to people who are not there: say so."""
    owners = {owner_in(each, config) for each in listed}
    strangers = sorted(owner for owner in owners if owner and config.person(owner) not in config.users)
    if strangers:
        named = ", ".join(map(printable, strangers[:STRANGERS_SHOWN]))
        more = f" and {len(strangers) - STRANGERS_SHOWN:,} more" if len(strangers) > STRANGERS_SHOWN else ""
        OUT.print(f"owners that are no users here, whose records count for nobody else: {named}{more}", markup=False)


def _moment(as_of: str, file: Path) -> datetime:
    """When the list was made. What is told of a time to come would be newer than all that the CRM tells until then."""
    made = written_time("--as-of", as_of) if as_of else datetime.fromtimestamp(file.stat().st_mtime, UTC)
    if made > datetime.now(UTC):
        told = made.isoformat(timespec="seconds")
        raise WrongUsage(f"{told}: this is still to come; say with --as-of when the list was made")
    return made


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1_000)


def _show(found: Sequence[Disagreement], corrected: int, *, done: bool, as_json: bool) -> None:
    if as_json:
        write_json({"differences": [_as_json(each) for each in found], "corrected": corrected if done else 0})
        return
    if not found:
        OUT.print("what is open is the same in both")
        return
    columns = ("record", "difference", "in the list", "here", "")
    table = table_of(*columns, title=f"{len(found):,} differ")
    for each in found[:SHOWN]:
        left = "changed since the list" if each.is_newer else ""
        table.add_row(printable(each.record), WORDS[each.what], _words(each.listed), _words(each.kept), left)
    OUT.print(table)
    if len(found) > SHOWN:
        counted = Counter(each.what for each in found[SHOWN:])
        more = ", ".join(f"{number:,} {WORDS[what]}" for what, number in counted.most_common())
        OUT.print(f"and {len(found) - SHOWN:,} more: {more}", markup=False)
    does = "are corrected: each is an event, decided in its turn" if done else "can be corrected: say --yes to do it"
    OUT.print(f"{corrected:,} {does}; what changed since the list was made stays as it is", markup=False)


def _words(what: Listed | None) -> str:
    if what is None:
        return ""
    size = "" if what.size in (None, 1) else f", size {what.size}"
    return printable(f"{what.owner or 'nobody'}{size}")


def _as_json(found: Disagreement) -> dict[str, object]:
    return {
        **found._asdict(),
        "listed": None if found.listed is None else found.listed._asdict(),
        "kept": None if found.kept is None else found.kept._asdict(),
    }
