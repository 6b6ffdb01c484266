"""Show the sales plans: whose clients are how many, what they are worth, the label as it will look.

With a name, the plan's clients, and through which tool or offer each of them came.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.text import Text

from service.cli.exits import FoundProblems
from service.cli.reach import KafkaAddress, OneDivision, Reach, RedisAddress, in_reach, of_division
from service.cli.speech import ERRORS, OUT, AsJson, shown_time, table_of, write_json
from service.core.configuration import Config
from service.core.model import Label
from service.core.telling.way_in import brought_by
from service.language.nearest import nearest
from service.nouns import counted
from service.printable import printable
from service.views.plans import Client, PlanStanding, clients_of, plan_standings
from service.wire.times import iso_time

NOBODY = "(nobody yet)"
SHOWN: Final = 50
"""So many managers and clients of a plan are shown where nobody asks for more."""


def command(
    name: Annotated[str, typer.Argument(metavar="[PLAN]", help="Only this one, with its clients.")] = "",
    person: Annotated[str, typer.Option("--as", metavar="PERSON", help="Only what this person may see.")] = "",
    division: OneDivision = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100_000, help="So many managers and clients.")
    ] = SHOWN,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Show each sales plan: clients, counts per manager, what it is worth; of one plan its clients."""

    async def look(reach: Reach) -> None:
        async with reach.sight(division) as (store, configs, lanes):
            found = await plan_standings(store, configs, lanes, person or None)
            chosen = [plan for plan in found if name in ("", plan.plan)]
            clients = {
                plan.division: await clients_of(store, configs[plan.division], plan.plan, lanes, limit, person or None)
                for plan in chosen
                if name
            }
        if as_json:
            write_json([_as_json(plan, clients.get(plan.division)) for plan in chosen])
        for plan in chosen if not as_json else ():
            _print(plan, limit)
            if name:
                _print_clients(clients[plan.division], plan.clients, configs[plan.division])
        if not chosen:
            ERRORS.print(printable(_nothing(name, [plan.plan for plan in found])), highlight=False)
            raise FoundProblems

    in_reach(look, kafka, redis)


def label_preview(label: Label) -> Text:
    """The label as it will look: its text on its colour."""
    style = "reverse" if label.colour is None else f"{_ink(label.colour)} on {label.colour}"
    return Text(f" {printable(label.text)} ", style=style)


def _ink(colour: str) -> str:
    """Black or white, whichever can be read on this colour."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "black" if 299 * red + 587 * green + 114 * blue > 128_000 else "white"


def _nothing(name: str, seen: list[str]) -> str:
    """What to say where no plan is shown. Only what may be seen is named."""
    if not name:
        return "there is no plan to see"
    near = nearest(name, seen)
    return f"there is no plan {name} to see{f'; did you mean {near}?' if near else ''}"


def _as_json(plan: PlanStanding, clients: list[Client] | None) -> dict[str, object]:
    potential = plan.potential
    label = plan.label
    said: dict[str, object] = asdict(plan) | {
        "label": None if label is None else {"text": label.text, "colour": label.colour},
        "managers": [each._asdict() for each in plan.managers],
        "potential": None if potential is None else {"amount": float(potential.amount), "currency": potential.currency},
    }
    if clients is not None:
        said["leads"] = [each._asdict() | {"since": iso_time(each.since_ms)} for each in clients]
    return said


def _print(plan: PlanStanding, limit: int) -> None:
    where = of_division(plan.division)
    mode = "linked" if plan.is_linked else "uniform"
    title = Text.assemble((printable(plan.name), "bold"), f" ({printable(plan.plan)}{printable(where)}) · {mode} · ")
    title.append(counted(plan.clients, "client"))
    if plan.potential is not None:
        title.append(f" · potential {plan.potential.amount:,} {plan.potential.currency}")
    if plan.label is not None:
        title.append(" · label ").append_text(label_preview(plan.label))
    if plan.memory != "ready":
        title.append(" · ").append(f"its memory is {plan.memory}", style="yellow")
    if not plan.managers:
        OUT.print(title.append(" · ").append("nobody works on it", style="yellow"))
        return
    table = table_of("manager", "clients", "", right=("clients",), title=title)
    for each in plan.managers[:limit]:
        table.add_row(
            printable(each.person) or NOBODY, str(each.clients), "" if each.is_manager else "no manager of it"
        )
    OUT.print(table)
    _say_how_many_more(len(plan.managers) - limit)


def _say_how_many_more(count: int) -> None:
    if count > 0:
        OUT.print(f"and {count:,} more; --limit shows so many")


def _print_clients(clients: list[Client], count: int, config: Config) -> None:
    if not clients:
        OUT.print("it has no client yet", style="dim")
        return
    table = table_of("client", "with", "came in by", "since (UTC)")
    for each in clients:
        owner, came = printable(each.owner) or NOBODY, printable(brought_by(each.by, each.through, config))
        table.add_row(printable(each.record), owner, came, shown_time(each.since_ms))
    OUT.print(table)
    _say_how_many_more(count - len(clients))
