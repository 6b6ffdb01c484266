"""Show workflows as they stand: what each does and did, how many may be active, and what is free for another one.

Only administrators see workflows (S87): whoever asks on behalf of a person names them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.text import Text

from service.cli.exits import FoundProblems, WrongUsage, require_record
from service.cli.reach import MAIN, KafkaAddress, OneDivision, Reach, RedisAddress, in_reach, of_division
from service.cli.speech import ERRORS, OUT, AsJson, shown_time, table_of, write_json
from service.printable import printable
from service.views.workflows import (
    NotVisible,
    RecordStanding,
    Usable,
    WorkflowsStanding,
    WorkflowStanding,
    record_standing,
    workflow_standings,
)
from service.wire.times import iso_time

NEVER: Final = "never"


def command(
    division: OneDivision = "",
    viewer: Annotated[
        str, typer.Option("--as", metavar="PERSON", help="As this person sees them.", show_default=False)
    ] = "",
    record: Annotated[
        str, typer.Option("--record", metavar="RECORD", help="How far it is, and which cared.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Show each workflow: state, hits and warnings; how many are active, and which fields and steps are free."""
    if record:
        require_record(record)

    async def look(reach: Reach) -> None:
        async with reach.sight(division or (MAIN if record else "")) as (store, configs, lanes):
            try:
                found = await workflow_standings(store, configs, lanes, viewer)
            except NotVisible as error:
                raise WrongUsage(str(error)) from error
            if record:
                config = configs[division or MAIN]
                _tell_record(await record_standing(store, config, record, lanes), as_json=as_json)
                return
        if as_json:
            write_json([_as_json(each) for each in found])
        for each in found if not as_json else ():
            _print(each)
        if not found:
            ERRORS.print("no workflow is configured, and no process")
            raise FoundProblems

    in_reach(look, kafka, redis)


def _tell_record(found: RecordStanding, *, as_json: bool) -> None:
    if as_json:
        weighed = {"weighed": dict(found.weighed), "weighed_at": _time(found.weighed_ms)}
        write_json({**asdict(found), **weighed, "due": due_times(found)})
        return
    where = found.process or "not told"
    OUT.print(f"{printable(found.record)} · process {printable(where)}", markup=False)
    OUT.print(f"marked: {', '.join(map(printable, found.marked)) or 'none that a workflow uses'}", markup=False)
    OUT.print(f"asked for, and not told to be done: {', '.join(map(printable, found.open)) or 'nothing'}", markup=False)
    for answer in found.answers:
        OUT.print(f"  the CRM says of {printable(answer)}", markup=False)
    for workflow in found.paused:
        OUT.print(f"  {printable(workflow)} is paused for this record", style="yellow", markup=False)
    for line in weighed_lines(found):
        OUT.print(f"{printable(line)}, {_time(found.weighed_ms)}", markup=False)
    for line in due_lines(found):
        OUT.print(printable(line), markup=False)


def weighed_lines(found: RecordStanding) -> list[str]:
    """What the workflows did that last cared for a record."""
    return [
        f"  {workflow} acted" if reason is None else f"  {workflow} did nothing: {reason}"
        for workflow, reason in found.weighed
    ]


def due_times(found: RecordStanding) -> dict[str, str]:
    """When a record that waits sets off which workflow."""
    return {workflow: iso_time(at_ms) for workflow, at_ms in found.due}


def due_lines(found: RecordStanding) -> list[str]:
    """The same in words."""
    return [f"  {workflow} is due {at}, if the record still waits then" for workflow, at in due_times(found).items()]


def _as_json(found: WorkflowsStanding) -> dict[str, object]:
    return {
        "division": found.division,
        "active": found.active,
        "allowed": found.allowed,
        "workflows": [
            {**each._asdict(), "last": _time(each.last_ms), "withheld_at": _time(each.withheld_ms)}
            for each in found.workflows
        ],
        "fields": [each._asdict() for each in found.fields],
        "steps": [each._asdict() for each in found.steps],
        "memory": found.memory,
    }


def _print(found: WorkflowsStanding) -> None:
    where = of_division(found.division)
    allowed = "" if found.allowed is None else f" of {found.allowed}"
    title = Text.assemble(("workflows", "bold"), printable(where), f" · {found.active}{allowed} active")
    columns = ("workflow", "name", "state", "does", "hits", "last hit (UTC)")
    table = table_of(*columns, right=("hits",), title=title)
    for each in found.workflows:
        last = NEVER if each.last_ms is None else shown_time(each.last_ms)
        table.add_row(printable(each.id), printable(each.name), each.standing, _does(each), str(each.hits), last)
    OUT.print(table)
    for each in found.workflows:
        for warning in each.warnings:
            OUT.print(f"{printable(each.id)}: {warning}", style="yellow", markup=False)
    for what, usable in (("fields", found.fields), ("steps", found.steps)):
        OUT.print(f"free {what}: {_free(usable)}", markup=False)
        for shut in (each for each in usable if each.remark and not each.holder):
            OUT.print(f"  {_named(shut)} can be used by none", style="dim", markup=False)
        for held in filter(lambda one: one.holder, usable):
            OUT.print(f"  {_named(held)} is used by {printable(held.holder)}", style="dim", markup=False)


def _does(each: WorkflowStanding) -> str:
    return printable(f"{each.trigger}: {', '.join(each.actions)}")


def _free(usable: Iterable[Usable]) -> str:
    return ", ".join(_named(each) for each in usable if not (each.holder or each.remark)) or "none"


def _named(each: Usable) -> str:
    return printable(each.name) + (f" ({each.remark})" if each.remark else "")


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else iso_time(time_ms)
