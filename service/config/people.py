"""Targets that describe people instead of naming them: who is meant, and how they share (S54).

The people who fit are the members of an implied pool with turns of its own, so the choice among them is as fair as in
any other pool, joining order is history, and everything that holds for pools holds for them. Equal descriptions for one
record type are one pool. Its name has a colon and an equals sign, which no name in a document may have.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document, People, Target, User
from service.core.configuration import Membership, PoolSpec


def implied_name(record_type: str, people: People) -> str:
    """What the pool of these people is called: `lead:role=rep,territory=dach`."""
    wanted = sorted(people.model_dump(exclude_none=True).items())
    return f"{record_type}:{','.join(f'{attribute}={value}' for attribute, value in wanted)}"


def people_of(document: Document, people: People) -> tuple[str, ...]:
    """Who fits the description, switched on or not, by name."""
    return tuple(name for name, user in sorted(document.users.items()) if _fits(user, people))


def implied_pools(document: Document) -> dict[str, PoolSpec]:
    """The pools of all descriptions in active rule sets and defaults."""
    return {
        implied_name(record_type, people): PoolSpec(
            id=implied_name(record_type, people),
            record_type=record_type,
            members=tuple(map(Membership, people_of(document, people))),
            implied=True,
        )
        for record_type, people in _described(document)
    }


def _described(document: Document) -> Iterator[tuple[str, People]]:
    targets: list[tuple[str, Target]] = [
        (rule_set.record_type, entry.target)
        for rule_set in document.rule_sets.values()
        if rule_set.active
        for entry in rule_set.entries
    ]
    for record_type, target in [*targets, *document.defaults.items()]:
        if target.users is not None:
            yield record_type, target.users


def _fits(user: User, people: People) -> bool:
    return (
        people.role in (None, user.role)
        and people.profile in (None, user.profile)
        and (people.territory is None or people.territory in user.territory)
        and (people.skill is None or people.skill in user.skills)
    )
