"""Targets with steps: from documents to what the core climbs, and what of them cannot be meant.

A step of one person has a line of its own, in which a record waits whose target begins with it: a pool without members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.config import Document
from schemas.config_rules import WAITING_WORDS, Target, TargetStep
from service.config.findings import Finding
from service.config.nodes import Steps
from service.config.plans import span_ms
from service.core.events import Target as Named
from service.core.pool_spec import PoolSpec
from service.core.rule_sets import Ladder, LadderStep


def lines_of(ladders: Iterable[Ladder]) -> dict[str, PoolSpec]:
    """The lines in which records wait for one person."""
    return {
        line: PoolSpec(line, ladder.record_type, (), implied=True)
        for ladder in ladders
        for step in ladder.steps
        if (line := step.line(ladder.record_type)) is not None and not _is_pool(step)
    }


def _is_pool(step: LadderStep) -> bool:
    return isinstance(step.target, Named) and step.target.kind == "pool"


def of_steps(document: Document, path: Steps, target: Target, *, is_default: bool) -> Iterator[Finding]:
    """Steps that come back to what was asked already, or of a default that may lead to nobody."""
    steps = target.steps or ()
    seen: dict[str, int] = {}
    for position, step in enumerate(steps):
        place = (*path, "steps", position)
        name = _said(step)
        first = seen.setdefault(name, position)
        if first != position:
            message = f"step {first + 1} asks {name}, too, and what was reached is asked on: take one of the two out"
            yield Finding(place, message)
        pool = document.pools.get(step.pool or "")
        if pool is not None and pool.strategy == "take" and position < len(steps) - 1:
            message = f'"{step.pool}" is a queue and takes at once what comes to it: move it to the end'
            yield Finding((*place, "pool"), message)
    if is_default and steps and path[-1] == "*":
        message = 'what waits in steps is of one record type, "*" means all: write lead, contact or deal before them'
        yield Finding((*path, "steps"), message)
    if is_default and steps and not any(_is_certain(step) for step in steps):
        message = "all these steps may lead to nobody: name a pool, queue or user in one of them"
        yield Finding((*path, "steps"), message)


def notes_on_steps(document: Document) -> Iterator[Finding]:
    """What helps an earlier step out is asked with it, so a step of its own for it does nothing; and waits that are
    shorter than what people have to accept.
    """
    for path, target in _targets(document):
        yield from _of_accepting(document, path, target)
        asked: dict[str, str] = {}
        for position, step in enumerate(target.steps or ()):
            if step.pool is None:
                continue
            if step.pool in asked:
                message = f'"{step.pool}" helps out "{asked[step.pool]}" and is asked with it: this step does nothing'
                yield Finding((*path, "steps", position), message)
            for name in _helping(document, step.pool):
                asked.setdefault(name, step.pool)


def _of_accepting(document: Document, path: Steps, target: Target) -> Iterator[Finding]:
    """While somebody may still accept a record, no later step is asked."""
    for position, step in enumerate(target.steps or ()):
        pool = document.pools.get(step.pool or "")
        if step.wait is None or pool is None or pool.accept_within is None:
            continue
        if span_ms(pool.accept_within) > span_ms(step.wait):
            message = (
                f'whoever of "{step.pool}" is asked has {pool.accept_within} to accept, and nobody else is asked '
                "meanwhile: this wait counts only where nobody of it can be asked"
            )
            yield Finding((*path, "steps", position, "wait"), message)


def _targets(document: Document) -> Iterator[tuple[Steps, Target]]:
    for set_id, rule_set in document.rule_sets.items():
        for position, entry in enumerate(rule_set.entries):
            yield ("rule_sets", set_id, "entries", position, "target"), entry.target
    for record_type, target in document.defaults.items():
        yield ("defaults", record_type), target


def _helping(document: Document, name: str) -> list[str]:
    """The pools that help one out, in order."""
    found: list[str] = []
    pool = document.pools.get(name)
    while pool is not None and pool.nobody_eligible.fallback is not None:
        following = pool.nobody_eligible.fallback.pool
        if following is None or following in {name, *found}:
            break
        found.append(following)
        pool = document.pools.get(following)
    return found


def _said(step: TargetStep) -> str:
    ((key, value),) = step.model_dump(exclude_none=True, exclude=set(WAITING_WORDS)).items()
    return f"{key} {value if isinstance(value, str) else ', '.join(f'{name} {each}' for name, each in value.items())}"


def _is_certain(step: TargetStep) -> bool:
    return isinstance(step.user, str) or any(each is not None for each in (step.pool, step.queue, step.users))
