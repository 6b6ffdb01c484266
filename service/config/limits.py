"""Limits of the documents become what the core reads; and what of them is allowed and yet worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from schemas.config import Document
from schemas.config_limits import Limit as Written
from schemas.config_limits import PersonLimit, seconds
from service.config.findings import Finding
from service.config.nodes import Steps
from service.core.limit_spec import Limit, Per


def compiled_limits(written: Iterable[Written]) -> tuple[Limit, ...]:
    """The limits in the order in which they stand."""
    return tuple(
        Limit(each.at_most, _per(each), each.types if isinstance(each, PersonLimit) else ()) for each in written
    )


def notes_on_limits(document: Document) -> Iterator[Finding]:
    """A limit of 0 gives nothing, ever; of two that count the same, the higher one never says anything."""
    for path, limits in _placed(document):
        lowest: dict[tuple[str | None, tuple[str, ...]], int] = {}
        for position, limit in enumerate(limits):
            place = (*path, "limits", position)
            if not limit.at_most:
                yield Finding(place, "at most 0 means never: nothing is given here as long as this stands")
            counts = (limit.per, limit.types if isinstance(limit, PersonLimit) else ())
            if counts in lowest:
                yield Finding(place, "a limit above counts the same: the lower of the two holds, take the other out")
            lowest[counts] = min(limit.at_most, lowest.get(counts, limit.at_most))


def _per(limit: Written) -> Per:
    if limit.per is None:
        return "open"
    length = seconds(limit.per)
    return cast("Per", limit.per) if length is None else length * 1_000


def _placed(document: Document) -> Iterator[tuple[Steps, tuple[Written, ...]]]:
    """All limits, with the place of what they are of."""
    for user_id, user in document.users.items():
        yield ("users", user_id), user.limits
    for plan_id, plan in document.plans.items():
        yield ("plans", plan_id), plan.limits
    for pool_id, pool in document.pools.items():
        yield ("pools", pool_id), pool.limits
        for position, member in enumerate(pool.members):
            yield ("pools", pool_id, "members", position), member.limits
