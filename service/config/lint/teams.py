"""Teams that accept the same records: the one that is asked first gets them all (S65, S69, S73).

A sequence says who is asked first, so a narrow team before a wide one is no mistake. Two of one sequence are: there the
name decides, which nobody means. That they overlap is only said with a record to show it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import Final, NamedTuple

from schemas.config import Document
from service.config.conditions import calendar_of
from service.config.findings import Finding
from service.config.lint.written import whole
from service.language.compiling import check
from service.language.fact_kinds import is_fixed
from service.language.implication import implies, never
from service.language.probes import listed
from service.language.tree import All, Always, Compare, Condition, Path, Span, leaves

MAX_PAIRS: Final = 5_000
"""So many pairs of teams are compared for one record type."""
MAX_EXAMPLES: Final = 2_000
"""So many records are tried, to find one that both accept."""

Example = Mapping[Path, object]


class _Team(NamedTuple):
    sequence: int
    name: str
    domain: Condition


def of_teams(document: Document) -> Iterator[Finding]:
    """Pools with a condition that nothing fits, to which an earlier one leaves nothing, or that overlap by chance."""
    teams: dict[str, list[_Team]] = defaultdict(list)
    for name, pool in document.pools.items():
        domain = whole(pool, calendar_of(document.settings))
        if never(domain):
            yield Finding(("pools", name), "no record can fit this pool's condition: change it, or leave it out")
            continue
        yield from _of_members(document, name, domain)
        if domain != Always():
            teams[pool.record_type].append(_Team(pool.sequence, name, domain))
    for each in teams.values():
        for first, second in islice(combinations(sorted(each, key=lambda team: team[:2]), 2), MAX_PAIRS):
            said = _overlap(first, second)
            if said is not None:
                yield Finding(("pools", second.name), said)


def _of_members(document: Document, name: str, domain: Condition) -> Iterator[Finding]:
    """Members whom nothing that comes into their pool fits."""
    for position, member in enumerate(document.pools[name].members):
        asked = whole(member, calendar_of(document.settings))
        if asked != Always() and never(All((domain, asked))):
            message = "no record of this pool can fit this, so they get nothing here: change it, or leave it out"
            yield Finding(("pools", name, "members", position), message)


def _overlap(first: _Team, second: _Team) -> str | None:
    """What two teams have in common that they should not, as a sentence; `first` is asked first."""
    both = All((first.domain, second.domain))
    if never(both):
        return None
    if implies(second.domain, first.domain):
        return (
            f'team "{first.name}" is asked first and accepts every record that this one accepts, so this one gets '
            "none by matching: give this one a lower sequence"
        )
    if first.sequence != second.sequence:
        return None
    example = _example(both)
    if example is None:
        return None
    return (
        f'team "{first.name}" accepts some of the same records, such as one with {_in_words(example)}, and only the '
        "name decides who gets them: give one of the two a lower sequence, or let them exclude each other"
    )


def _example(condition: Condition) -> Example | None:
    """Fields of a record that fits, made of the values the condition names; none: not found."""
    compares = [leaf for leaf in leaves(condition) if isinstance(leaf, Compare)]
    candidates: dict[Path, dict[object, None]] = defaultdict(dict)
    for compare in compares:
        for value in listed(compare.value):
            if isinstance(value, Span) and not is_fixed(value):
                return None
            candidates[compare.path].update(dict.fromkeys(_near(value)))
    fits = check(condition)
    choices = [[*values, None] for values in candidates.values()]
    for values in islice(product(*choices), MAX_EXAMPLES):
        facts = dict(zip(candidates, values, strict=True))
        if fits(_record(facts), 0):
            return facts
    return None


def _near(value: object) -> Sequence[object]:
    """Values that a comparison with this one may accept."""
    match value:
        case bool():
            return [value] if value else []
        case int() | float():
            return [value, value + 1, value - 1]
        case str():
            return [value] if value else []
        case Span():
            return [value.text]
        case _:
            return []


def _record(facts: Example) -> dict[str, object]:
    """The record that has these values at these paths."""
    record: dict[str, object] = {}
    for (*way, last), value in facts.items():
        if value is None:
            continue
        inside = record
        for step in way:
            known = inside.setdefault(step, {})
            if not isinstance(known, dict):
                break
            inside = known
        else:
            inside[last] = value
    return record


def _in_words(facts: Example) -> str:
    return ", ".join(
        f"no {'.'.join(path)}" if value is None else f"{'.'.join(path)} {value}" for path, value in facts.items()
    )
