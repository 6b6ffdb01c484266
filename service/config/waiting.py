"""What pools say of records that wait: names that lead somewhere, and circles in which a record would go round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.config import Document, Pool
from schemas.config_waiting import Resort
from service.config.findings import Declared, Finding, undeclared
from service.config.nodes import Steps
from service.config.plans import span_ms
from service.core.events import Target
from service.core.pool_spec import Accepting, Escalation

OF_GIVING: Final = (
    "accept_within",
    "hand_on",
    "ask_again",
    "nobody_eligible",
    "escalate",
    "longest_wait",
    "requires",
    "prefer",
    "credit",
    "drain_per_minute",
)
"""Keys of a pool that say how it gives records out."""


def of_waiting(document: Document, declared: Declared) -> Iterator[Finding]:
    """Mistakes in what pools say of records that nobody can take."""
    for name, pool in document.pools.items():
        fallback = pool.nobody_eligible.fallback
        if fallback is not None:
            path: Steps = ("pools", name, "nobody_eligible", "fallback")
            yield from _of_resort(document, declared, path, fallback, name, pool)
        if pool.escalate is not None:
            yield from _of_resort(document, declared, ("pools", name, "escalate", "to"), pool.escalate.to, name, pool)


def notes_on_waiting(document: Document) -> Iterator[Finding]:
    """Circles are no mistake, for each pool is asked once; and nobody is asked by a queue."""
    helps = {name: helping for name, pool in document.pools.items() if (helping := _helping(pool)) is not None}
    for name in helps:
        way = [name]
        while (following := helps.get(way[-1])) is not None and following not in way:
            way.append(following)
        if following == name and name == min(way):
            circle = " → ".join([*way, name])
            yield Finding(
                ("pools", name, "nobody_eligible", "fallback"),
                f"these pools help each other out in a circle, {circle}: each is asked once, then the record waits",
            )
    for name, pool in document.pools.items():
        yield from _idle_words(("pools", name), pool)


def _idle_words(path: Steps, pool: Pool) -> Iterator[Finding]:
    """Keys that do nothing beside what else is said of a pool."""
    if pool.strategy == "take":
        for key in [key for key in OF_GIVING if key in pool.model_fields_set and getattr(pool, key) is not None]:
            yield Finding((*path, key), "nothing is given out of a queue, so this does nothing here")
        return
    for key in ("hand_on", "ask_again"):
        if pool.accept_within is None and key in pool.model_fields_set:
            yield Finding((*path, key), 'nobody has to accept what this pool gives: say how soon, with "accept_within"')
    escalate = pool.escalate
    if escalate is None or pool.longest_wait is None or escalate.clock == "working":
        return
    if span_ms(escalate.after) <= span_ms(pool.longest_wait):
        message = f"what waits is escalated after {escalate.after}, which is no later: write less, or take this out"
        yield Finding((*path, "longest_wait"), message)


def accepting(pool: Pool) -> Accepting | None:
    """How the pool has its people accept; none: it does not."""
    if pool.accept_within is None:
        return None
    return Accepting(span_ms(pool.accept_within), pool.hand_on, pool.ask_again)


def escalation(pool: Pool) -> Escalation | None:
    """Whom the pool gives what waits too long; none: nobody."""
    if pool.escalate is None:
        return None
    escalate = pool.escalate
    return Escalation(span_ms(escalate.after), target_of(escalate.to), in_working_time=escalate.clock == "working")


def target_of(resort: Resort) -> Target:
    """What is named, in the core's words."""
    if resort.pool is not None:
        return Target("pool", resort.pool)
    if resort.queue is not None:
        return Target("queue", resort.queue)
    return Target("user", resort.user or "")


def _helping(pool: Pool) -> str | None:
    """The pool that helps this one out."""
    fallback = pool.nobody_eligible.fallback
    return None if fallback is None else fallback.pool


def _of_resort(
    document: Document, declared: Declared, path: Steps, resort: Resort, name: str, pool: Pool
) -> Iterator[Finding]:
    if resort.user is not None:
        if resort.user not in declared.users:
            yield undeclared((*path, "user"), resort.user, declared.users)
        return
    key = "pool" if resort.pool is not None else "queue"
    other = resort.pool or resort.queue or ""
    if other == name:
        yield Finding((*path, key), "a pool does not help itself out: name another, or take this away")
        return
    known = document.pools.get(other)
    if known is None:
        if other not in declared.pools:
            yield undeclared((*path, key), other, declared.pools, "pools")
        return
    if known.record_type != pool.record_type:
        yield Finding((*path, key), f'"{other}" serves {known.record_type} records, and this pool {pool.record_type}')
    if (known.strategy == "take") != (key == "queue"):
        yield Finding((*path, key), f'"{other}" is a {"queue" if key == "pool" else "pool"}: write it under that key')
