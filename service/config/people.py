"""Targets that describe people instead of naming them: who is meant, and how they share (S54).

The people who fit are the members of an implied pool with turns of its own, so the choice among them is as fair as in
any other pool, joining order is history, and everything that holds for pools holds for them. Equal descriptions for one
record type are one pool. Its name has a colon and an equals sign, which no name in a document may have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from schemas.config import Document, User
from schemas.config_rules import People, Target, named_by
from service.core.pool_spec import Membership, PoolSpec


def implied_name(record_type: str, people: People) -> str:
    """What the pool of these people is called: `lead:role=rep,territory=dach`."""
    wanted = sorted(people.model_dump(exclude_none=True).items())
    return f"{record_type}:{','.join(f'{attribute}={value}' for attribute, value in wanted)}"


def people_of(document: Document, people: People) -> tuple[str, ...]:
    """Who fits the description, switched on or not, by name."""
    directory = _directory(_Users(document.users))
    wanted = people.model_dump(exclude_none=True).items()
    fewest, *others = sorted((directory.get(each, {}) for each in wanted), key=len)
    return tuple(name for name in fewest if all(name in each for each in others))


def implied_pools(document: Document) -> dict[str, PoolSpec]:
    """The pools of all descriptions in active rule sets and workflows, and in defaults."""
    described = {implied_name(*each): each for each in _described(document)}
    return {
        name: PoolSpec(
            id=name,
            record_type=record_type,
            members=tuple(map(Membership, people_of(document, people))),
            implied=True,
        )
        for name, (record_type, people) in described.items()
    }


def _described(document: Document) -> Iterator[tuple[str, People]]:
    targets: list[tuple[str, Target]] = [
        (rule_set.record_type, entry.target)
        for rule_set in document.rule_sets.values()
        if rule_set.active
        for entry in rule_set.entries
    ]
    targets += [
        (workflow.type_in(document.processes), action.assign)
        for workflow in document.workflows.values()
        if workflow.active
        for _, action in workflow.placed_actions
        if action.assign is not None
    ]
    for record_type, target in [*targets, *document.defaults.items()]:
        steps = [named_by(step) for step in target.steps or ()]
        yield from ((record_type, each.users) for each in (target, *steps) if each.users is not None)


class _Users:
    """The users of one document: equal to themselves only, so that what is made of them can be kept."""

    __slots__ = ("by_name",)

    def __init__(self, by_name: Mapping[str, User]) -> None:
        self.by_name = by_name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Users) and self.by_name is other.by_name

    def __hash__(self) -> int:
        return id(self.by_name)


@lru_cache(maxsize=1)
def _directory(users: _Users) -> Mapping[tuple[str, str], Mapping[str, None]]:
    """By attribute and value, as a description has them: who has it, by name.

    A document asks for the people of each of its targets, several times: each looks at those who fit, not at everybody.
    """
    found: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for name, user in sorted(users.by_name.items()):
        for attribute in ("role", "profile"):
            value = getattr(user, attribute)
            if value is not None:
                found[attribute, value][name] = None
        for territory in user.territory:
            found["territory", territory][name] = None
        for skill in user.skills:
            found["skill", skill][name] = None
    return found
