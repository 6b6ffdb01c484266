"""Show decisions as they are published, one a line, until Ctrl-C or a number of them."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, assert_never

import typer
from rich.text import Text

from service.cli.reach import KafkaAddress, Reach, in_reach
from service.cli.speech import ERRORS, OUT, AsJson, tell_foreign, write_json
from service.core.model import Assigned, Nothing, Outcome, Pending, Queued, Rejected, Released
from service.kafka.reading import follow_topic
from service.printable import printable
from service.views.published import Foreign, Published, read_published


def command(
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="End after so many; 0: never.")] = 0,
    division: Annotated[str, typer.Option("--division", help="Only of this one.", show_default=False)] = "",
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Show assignments as they happen."""

    async def watch(reach: Reach) -> None:
        left = count
        ERRORS.print(f"watching {reach.topics.assignments} at {reach.connection.bootstrap}; Ctrl-C ends", style="dim")
        async with aclosing(follow_topic(reach.connection, reach.topics.assignments)) as arriving:
            async for record in arriving:
                published = read_published(record)
                if isinstance(published, Foreign):
                    tell_foreign(*published)
                    continue
                if division and published.division != division:
                    continue
                show(published, as_json=as_json)
                left -= 1
                if left == 0:
                    return

    try:
        in_reach(watch, kafka)
    except KeyboardInterrupt:
        return


def show(published: Published, *, as_json: bool) -> None:
    """One decision in one line."""
    if as_json:
        write_json(published.as_json())
        return
    word, rest, colour = _said(published.decision.outcome)
    line = Text(f"{printable(published.time[11:23])}  ")
    if published.division != "main":
        line.append(f"{printable(published.division)}  ", style="dim")
    line.append(printable(published.decision.record), style="bold")
    line.append(" → ").append(printable(word), style=colour)
    line.append(f"   {printable(rest)}" if rest else "", style="dim")
    OUT.print(line)


def _said(outcome: Outcome) -> tuple[str, str, str]:
    """Who or what, the rest, and a colour."""
    match outcome:
        case Assigned(owner, pool, turn):
            return owner, f"pool {pool}, turn {turn}" if pool else "", "green"
        case Queued(queue):
            return f"queue {queue}", "any member may take it", "green"
        case Pending(pool, reason):
            return "waits", f"in pool {pool}: {reason}", "yellow"
        case Rejected(reason, detail):
            return "rejected", f"{reason}: {detail}" if detail else reason, "red"
        case Released(previous, _, reason):
            return "released", f"{previous or 'nobody'} had it: {reason}", "cyan"
        case Nothing(reason):
            return "nothing", reason, "dim"
        case _:
            assert_never(outcome)
