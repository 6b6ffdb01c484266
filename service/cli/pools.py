"""Show each pool as it stands: who is next, the order behind them, who has how many, and what waits.

Everyone may see pools (S6): this reads and asks for no right.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from msgspec import structs
from rich.text import Text

from service.cli.exits import FoundProblems
from service.cli.reach import KafkaAddress, OneDivision, Reach, RedisAddress, in_reach, of_division
from service.cli.speech import ERRORS, OUT, AsJson, table_of, write_json
from service.core.model import LimitCount
from service.core.reasons import ABSENT, EXCLUDED
from service.core.sharing.strategies import STRATEGIES
from service.core.telling.explain import limit_words
from service.printable import printable
from service.views.standing import MemberStanding, PoolStanding, standings


def command(
    name: Annotated[str, typer.Argument(metavar="[POOL]", help="Only this one.", show_default=False)] = "",
    division: OneDivision = "",
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Show each pool: who is next, who has how many, what waits."""

    async def look(reach: Reach) -> None:
        async with reach.sight(division) as (store, configs, lanes):
            now_ms = time.time_ns() // 1_000_000
            found = await standings(store, configs, lanes, now_ms)
        chosen = [pool for pool in found if name in ("", pool.pool)]
        if as_json:
            write_json([_as_json(pool) for pool in chosen])
        for pool in chosen if not as_json else ():
            _print(pool)
        if not chosen:
            ERRORS.print(f"there is no pool {printable(name)}" if name else "no pool is configured")
            raise FoundProblems

    in_reach(look, kafka, redis)


def _as_json(pool: PoolStanding) -> dict[str, object]:
    return {
        **asdict(pool),
        "members": [member._asdict() | {"limits": _as_objects(member.limits)} for member in pool.members],
        "limits": _as_objects(pool.limits),
    }


def _print(pool: PoolStanding) -> None:
    where = of_division(pool.division)
    title = Text.assemble(
        (printable(pool.pool), "bold"),
        f"{printable(where)} · {printable(pool.record_type)}s by {STRATEGIES[pool.strategy].words} · "
        f"last turn {pool.turn} · {pool.waiting} waiting",
    )
    if pool.memory != "ready":
        title.append(" · ").append(f"its memory is {pool.memory}", style="yellow")
    if pool.limits:
        title.append(f" · {_limits(pool.limits)} together")
    has_limits = any(_beside(member) for member in pool.members)
    counts = ("open", "last turn", "weight")
    table = table_of("", "member", *counts, *(("limits", "") if has_limits else ("",)), right=counts, title=title)
    for member in pool.members:
        table.add_row(*_row(member, is_next=member.person == pool.next, has_limits=has_limits))
    OUT.print(table)


def _row(member: MemberStanding, *, is_next: bool, has_limits: bool) -> tuple[str, ...]:
    limit = "" if member.max_open is None else f" of {member.max_open}"
    limits = (_limits(_beside(member)),) if has_limits else ()
    return (
        "→" if is_next else "",
        printable(member.person),
        f"{member.open_items}{limit}",
        str(member.last_turn or "never"),
        f"{member.weight:g}",
        *limits,
        _says(member, is_next=is_next),
    )


def _beside(member: MemberStanding) -> Sequence[LimitCount]:
    """The limits that are not shown with the open records themselves."""
    shown = ("member", "open", member.max_open)
    return [limit for limit in member.limits if (limit.of, limit.per, limit.at_most) != shown]


def _limits(limits: Iterable[LimitCount]) -> str:
    return ", ".join(map(limit_words, limits))


def _as_objects(limits: Iterable[LimitCount]) -> list[dict[str, object]]:
    return [structs.asdict(limit) for limit in limits]


def _says(member: MemberStanding, *, is_next: bool) -> str:
    """Who is next, who is left out and why, and until when somebody is there or away."""
    if member.excluded is not None:
        until = f" until {member.until}" if member.until and member.excluded in ABSENT else ""
        return EXCLUDED[member.excluded].alone + until
    there = f"there until {member.until}" if member.until else ""
    return ", ".join(word for word in ("next" if is_next else "", there) if word)
