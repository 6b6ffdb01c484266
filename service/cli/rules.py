"""Review the rules: which entries give records to people, how often, and which never do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import typer
from rich.text import Text

from service.cli.exits import FoundProblems
from service.cli.reach import KafkaAddress, OneDivision, Reach, RedisAddress, in_reach, of_division
from service.cli.speech import ERRORS, OUT, AsJson, shown_time, table_of, write_json
from service.core.hits import DEFAULT, TEAM
from service.printable import printable
from service.views.hits import EntryHits, RuleSetHits, rule_stats
from service.wire.times import iso_time

BEHIND: Final = {TEAM: "(by the team's domain)", DEFAULT: "(by default)"}

command = typer.Typer()


@command.command("stats")
def stats(
    division: OneDivision = "",
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Show how often each entry of the active rule sets was used, and name those that never were."""

    async def look(reach: Reach) -> None:
        async with reach.sight(division) as (store, configs, lanes):
            found = await rule_stats(store, configs, lanes)
        if as_json:
            write_json([_as_json(each) for each in found])
        for each in found if not as_json else ():
            _print(each)
        if not found:
            ERRORS.print("no rule set is active")
            raise FoundProblems

    in_reach(look, kafka, redis)


def _as_json(found: RuleSetHits) -> dict[str, object]:
    entries = [
        {**each._asdict(), "last": None if each.last_ms is None else iso_time(each.last_ms)} for each in found.entries
    ]
    return {**asdict(found), "entries": entries, "never_hit": found.never_hit}


def _print(found: RuleSetHits) -> None:
    where = of_division(found.division)
    title = Text.assemble(
        (printable(found.name or found.rule_set), "bold"), printable(f"{where} · {found.record_type}s")
    )
    table = table_of("entry", "name", "hits", "share", "last hit (UTC)", right=("hits", "share"), title=title)
    for each in found.entries:
        table.add_row(*_row(each))
    OUT.print(table)
    if found.never_hit:
        OUT.print(f"never hit: {', '.join(map(printable, found.never_hit))}")


def _row(each: EntryHits) -> tuple[str, ...]:
    last = "never" if each.last_ms is None else shown_time(each.last_ms)
    name = BEHIND.get(each.entry, each.name)
    entry = "" if each.entry in BEHIND else each.entry
    return (printable(entry), printable(name), str(each.hits), f"{each.share:.0%}", last)
