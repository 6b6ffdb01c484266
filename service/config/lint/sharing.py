"""How a pool shares out: keys that say nothing under its strategy, and ceilings that are too low."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document, Pool
from service.config.findings import Finding


def of_sharing(document: Document) -> Iterator[Finding]:
    """Pools that do not share out as one may think."""
    for pool_id, pool in document.pools.items():
        yield from _of_priorities(pool_id, pool)
        yield from _of_entry(pool_id, pool)


def _of_priorities(pool_id: str, pool: Pool) -> Iterator[Finding]:
    path = ("pools", pool_id)
    numbered = [position for position, member in enumerate(pool.members) if member.priority is not None]
    if pool.strategy == "ranked" and pool.members and not numbered:
        yield Finding((*path, "strategy"), "nobody has a priority, so all share in turn: give members one, 1 is first")
    if pool.strategy != "ranked" and numbered:
        message = f'a priority says nothing under "strategy: {pool.strategy}": take it out, or write "strategy: ranked"'
        yield Finding((*path, "members", numbered[0], "priority"), message)


def _of_entry(pool_id: str, pool: Pool) -> Iterator[Finding]:
    path = ("pools", pool_id)
    if pool.entry is None:
        return
    if pool.strategy == "take":
        yield Finding((*path, "entry"), "a queue hands nothing out, so nobody is behind in it: take this out")
    ceiling = pool.entry.catch_up
    if ceiling is None or ceiling.at_most is None or ceiling.of is None:
        return
    if ceiling.at_most * len(pool.members) < ceiling.of:
        message = (
            f"{ceiling.at_most} of {ceiling.of} turns is less than a share among {len(pool.members)}, so newcomers "
            "never get level: allow more turns"
        )
        yield Finding((*path, "entry", "catch_up"), message)
