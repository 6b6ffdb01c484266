"""What people are and can do, and what is asked of them: from documents to what the core compares."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.config import User
from schemas.config_skills import FromField, Preference, Requirement, Said
from service.core.traits import NO_TRAITS, Trait, TraitKind, Traits, folded


def traits_of(user: User) -> Traits:
    """All that somebody has; what has no levels is at 1."""
    found: dict[tuple[TraitKind, str], int] = {}
    for skill, level in user.skills.items():
        found["skill", folded(skill)] = level
    if user.role is not None:
        found["role", folded(user.role)] = 1
    if user.profile is not None:
        found["profile", folded(user.profile)] = 1
    for territory in user.territory:
        found["territory", folded(territory)] = 1
    return found or NO_TRAITS


def required(requirements: Sequence[Requirement]) -> tuple[Trait, ...]:
    """The traits that `requires` asks for."""
    return tuple(_trait("skill", each.skill, each.level) for each in requirements)


def preferred(preference: Preference | None) -> tuple[Trait, ...]:
    """The traits of those who come first."""
    if preference is None:
        return ()
    asked: tuple[tuple[TraitKind, Said | None, int], ...] = (
        ("skill", preference.skill, preference.level),
        ("role", preference.role, 1),
        ("profile", preference.profile, 1),
        ("territory", preference.territory, 1),
    )
    return tuple(_trait(kind, said, level) for kind, said, level in asked if said is not None)


def _trait(kind: TraitKind, said: Said, level: int) -> Trait:
    return Trait(kind, path=said.field, level=level) if isinstance(said, FromField) else Trait(kind, said, level=level)
