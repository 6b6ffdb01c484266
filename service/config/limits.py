"""Limits of the documents become what the core reads; and what of them is allowed and yet worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from schemas.config import Document, Member
from schemas.config_limits import Limit as Written
from schemas.config_limits import PersonLimit, seconds
from service.config.findings import Finding
from service.config.nodes import Steps
from service.core.limit_spec import Limit, Per

_HOUR: Final = 3_600
_HOURS: Final[Mapping[str, tuple[int, int]]] = {"day": (23, 25), "week": (167, 169), "month": (671, 745)}
"""So many hours a period has at least and at most, where clocks are set in it."""


def compiled_limits(written: Iterable[Written]) -> tuple[Limit, ...]:
    """The limits in the order in which they stand."""
    return tuple(
        Limit(each.at_most, _per(each), each.types if isinstance(each, PersonLimit) else ()) for each in written
    )


def notes_on_limits(document: Document) -> Iterator[Finding]:
    """A limit of 0 gives nothing, ever; one that is never reached, because another one is before, says nothing."""
    for path, limits in _placed(document):
        for position, limit in enumerate(limits):
            place = (*path, "limits", position)
            if not limit.at_most:
                yield Finding(place, "at most 0 means never: nothing is given here as long as this stands")
            others = [(number, other) for number, other in enumerate(limits) if number != position]
            before = next((number for number, other in others if _is_before(other, limit, number < position)), None)
            if before is not None:
                message = f"number {before + 1} of the list is reached before, so this says nothing: take it out"
                yield Finding(place, message)
    for pool_id, pool in document.pools.items():
        for position, member in enumerate(pool.members):
            yield from _of_open(("pools", pool_id, "members", position), member)


def _of_open(path: Steps, member: Member) -> Iterator[Finding]:
    """`max_open` is a limit of what is open, too."""
    if member.max_open == 0:
        yield Finding((*path, "max_open"), "at most 0 means never: nothing is given here as long as this stands")
    lowest = min((limit.at_most for limit in member.limits if limit.open), default=None)
    if lowest is not None and member.max_open is not None and member.max_open >= lowest:
        message = f"a limit of theirs is {lowest} open, so this says nothing: take one of the two out"
        yield Finding((*path, "max_open"), message)
    for position, limit in enumerate(member.limits):
        if limit.open and member.max_open is not None and member.max_open < limit.at_most:
            message = f"max_open is {member.max_open} and reached before, so this says nothing: take it out"
            yield Finding((*path, "limits", position), message)


def _is_before(one: Written, other: Written, is_above: bool) -> bool:  # noqa: FBT001 - of two equal ones, which is told
    """Whether one limit is always reached when the other one is, or earlier."""
    kinds, others = (each.types if isinstance(each, PersonLimit) else () for each in (one, other))
    if kinds and not (others and {*others} <= {*kinds}):
        return False
    if (_time(one.per), kinds) == (_time(other.per), others):
        return one.at_most < other.at_most or (one.at_most == other.at_most and is_above)
    times = _times(one.per, other.per)
    return times is not None and one.at_most * times <= other.at_most


def _time(per: str | None) -> str | int | None:
    """The time of a limit, the same however it is written: `1h` and `60m` are one."""
    return per if per is None else seconds(per) or per


def _times(one: str | None, other: str | None) -> int | None:
    """How often the time of one limit begins within that of another, at most; none: more often than can be said."""
    if one is None or other is None:
        return 1 if one == other else None
    window, inside = seconds(one), seconds(other)
    if window is not None:
        longest = _HOURS[other][1] * _HOUR if inside is None else inside
        return 1 if longest <= window else None
    if inside is None:
        return {("week", "day"): 1, ("month", "day"): 1, (one, one): 1, ("month", "week"): 2}.get((one, other))
    return 2 if inside <= _HOURS[one][0] * _HOUR else None


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
