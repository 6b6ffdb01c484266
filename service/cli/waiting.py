"""Show which records wait, in the order in which they leave their line: why, since when, and when they are tried again.

Everyone may see it (S6): this reads and asks for no right. A record's fields are not shown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer
from rich.text import Text

from service.cli.exits import FoundProblems
from service.cli.reach import KafkaAddress, OneDivision, Reach, RedisAddress, in_reach, of_division
from service.cli.speech import ERRORS, OUT, AsJson, span, table_of, write_json
from service.core.model import StepSeen
from service.core.reasons import EXCLUDED, SKIPPED
from service.language.moments import milliseconds
from service.printable import printable
from service.views.waiting import WHY, WaitingLine, WaitingRecord, waiting
from service.wire.times import iso_time

SHOWN: Final = 20


def command(
    pool: Annotated[str, typer.Option("--pool", help="Only in this one.", show_default=False)] = "",
    division: OneDivision = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="So many of each line.")] = SHOWN,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Show which records wait, why, since when, and when they are tried again."""

    async def look(reach: Reach) -> None:
        async with reach.sight(division) as (store, configs, lanes):
            now_ms = time.time_ns() // 1_000_000
            seen = await waiting(store, configs, lanes, now_ms, limit)
        is_known = any(pool in config.pools for config in configs.values())
        lines = [line for line in seen.lines if pool in ("", line.pool)]
        _show(lines, seen.unready, now_ms, as_json=as_json)
        if not configs or (pool and not lines and not is_known):
            ERRORS.print(f"there is no pool {pool}" if pool else "nothing is configured", markup=False)
            raise FoundProblems
        if not (lines or as_json):
            OUT.print("nothing waits")

    in_reach(look, kafka, redis)


def _show(lines: list[WaitingLine], unready: Mapping[str, str], now_ms: int, *, as_json: bool) -> None:
    for name, memory in unready.items():
        ERRORS.print(f"the memory of {name} is {memory}: what waits there is not known for certain", markup=False)
    if as_json:
        write_json({"lines": [_as_json(line) for line in lines], "unready": dict(unready)})
        return
    for line in lines:
        _print(line, now_ms)


def _as_json(line: WaitingLine) -> dict[str, object]:
    return {
        "division": line.division,
        "pool": line.pool,
        "why": line.why,
        "excluded": dict(line.excluded),
        "next_try": None if line.next_try_ms is None else iso_time(line.next_try_ms),
        "count": line.count,
        "records": [
            {
                "record": each.record,
                "since": iso_time(each.since_ms),
                "score": each.score,
                "queued": each.queued,
                "overdue": each.is_overdue,
                "escalated": None if each.escalated_ms is None else iso_time(each.escalated_ms),
                "not_escalated": each.unfit,
                "steps": [_step_as_json(step) for step in each.steps],
            }
            for each in line.records
        ],
        "more": line.count - len(line.records),
    }


def _step_as_json(step: StepSeen) -> dict[str, object]:
    return {
        "target": step.target,
        "since": None if step.since is None else iso_time(milliseconds(step.since)),
        "begins": None if step.begins is None else iso_time(milliseconds(step.begins)),
        "skipped": step.skipped,
    }


def _print(line: WaitingLine, now_ms: int) -> None:
    told = f"{printable(of_division(line.division))} · {line.count:,} waiting · {_why(line)}{_next_try(line, now_ms)}"
    title = Text.assemble((printable(line.pool), "bold"), told)
    rises = any(each.escalated_ms is not None or each.unfit for each in line.records)
    climbs = any(each.steps for each in line.records)
    more = [*(["escalated in"] if rises else []), *(["steps"] if climbs else [])]
    right = ("waits for", "score", "escalated in")
    table = table_of("record", "waits for", "score", *more, right=right, title=title)
    for each in line.records:
        score = "overdue" if each.is_overdue else "none" if each.score is None else f"{each.score:g}"
        also = {"escalated in": _escalated(each, now_ms), "steps": printable(_steps(each.steps, now_ms))}
        table.add_row(printable(each.record), span(now_ms - each.since_ms), score, *(also[column] for column in more))
    OUT.print(table)
    if line.count > len(line.records):
        OUT.print(f"and {line.count - len(line.records):,} more; --limit shows so many")


def _escalated(record: WaitingRecord, now_ms: int) -> str:
    """In how long it is given to somebody else, or why it cannot be."""
    if record.escalated_ms is not None:
        return span(max(0, record.escalated_ms - now_ms))
    return printable(f"not: {record.unfit}") if record.unfit else ""


def _steps(steps: Sequence[StepSeen], now_ms: int) -> str:
    """For which it waits, which of them is not waited for and why, and when the next is reached."""
    said: list[str] = []
    for step in steps:
        if step.since is not None:
            said.append(f"{step.target} (not waited for: {SKIPPED[step.skipped]})" if step.skipped else step.target)
        elif step.begins is not None:
            said.append(f"{step.target} in {span(max(0, milliseconds(step.begins) - now_ms))}")
    return ", ".join(said)


def _why(line: WaitingLine) -> str:
    summed = ", ".join(f"{count} {EXCLUDED[reason].together}" for reason, count in sorted(line.excluded.items()))
    return WHY[line.why] + (f": {summed}" if summed and line.why == "nobody_eligible" else "")


def _next_try(line: WaitingLine, now_ms: int) -> str:
    if line.next_try_ms is None:
        return ""
    return f" · next try {f'in {span(line.next_try_ms - now_ms)}' if line.next_try_ms > now_ms else 'now'}"
