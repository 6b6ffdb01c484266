"""The levels on the metrics page that change with the work: what waits, for whom, and how far each topic is read.

They are set together every few seconds from what the lanes hold and the probes were told. Series that are not of this
process any more go with the same look. There may be thousands of pools: `Meters.show` has the rule for too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from service.app.probes import ReadSoFar
from service.core.configuration import Config
from service.core.model import LimitCount
from service.lane.book import Book
from service.telemetry.metrics import METERS, Meters
from service.views.standing import members_at_limit, used_of_pools

MEMBERS_LOOKED_AT: Final = 2_000
"""So many members are asked for their limits with one look, for it holds everything else up: pools come by name."""


def show(
    books: Mapping[int, Book], waiting: Mapping[int, int], sources: Iterable[ReadSoFar], meters: Meters = METERS
) -> None:
    """Set all of them. `books` and `waiting`, the events that wait, are those of the lanes that this process owns."""
    meters.show("lane_lag", {(str(lane),): events for lane, events in waiting.items()})
    meters.show("parked", {(str(lane),): _parked(book) for lane, book in books.items()})
    pools = [
        ((division, name), pool)
        for book in books.values()
        for division, state in book.divisions.items()
        for name, pool in state.pools.items()
    ]
    meters.show("pool_waiting", {of: pool.waiting for of, pool in pools})
    meters.show("pool_turns", {of: pool.turn for of, pool in pools})
    versions = [one for book in books.values() for one in book.versions.items()]
    meters.show("configuration_version", {(division,): version for division, version in versions})
    meters.show("source_lag", {_parted(each.partition): max(0, each.end - each.position) for each in sources})


def show_limits(books: Mapping[int, Book], configs: Mapping[str, Config], now_ms: int, meters: Meters = METERS) -> None:
    """Set how many members of each pool are at a limit, and how much of its own limits each pool has used, by the
    configurations that the lanes have in use.
    """
    found: dict[tuple[str, ...], int] = {}
    used: dict[tuple[str, ...], LimitCount] = {}
    left = MEMBERS_LOOKED_AT
    for book in books.values():
        for division, state in book.divisions.items():
            config = configs.get(division)
            if config is None or config.version != book.versions.get(division):
                continue
            pools = members_at_limit(config, state, now_ms, left)
            left -= sum(len(config.pools[name].members) for name in pools)
            found |= {(division, name): members for name, members in pools.items()}
            whole = used_of_pools(config, state, now_ms)
            used |= {(division, *of): limit for of, limit in whole.items()}
    meters.show("pool_at_limit", found)
    meters.show("pool_limit_used", {of: limit.count for of, limit in used.items()})
    meters.show("pool_limit", {of: limit.at_most for of, limit in used.items()})


def _parked(book: Book) -> int:
    return sum(len(state.parked) for state in book.divisions.values())


def _parted(partition: str) -> tuple[str, str]:
    """Topic and partition, as labels."""
    topic, _, number = partition.rpartition("/")
    return topic, number
