"""A condition as the rest of the program holds it: with the text that people read, and as a function to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from service.language import compiling
from service.language.tree import Condition, Facts, moves, reads


@dataclass(frozen=True)
class Predicate:
    """A condition that can be run, printed and asked which fields it reads. `source` is the text as people read it."""

    source: str
    condition: Condition

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields that are read, as dotted paths."""
        return reads(self.condition)

    @cached_property
    def moves(self) -> bool:
        """Whether the answer for a record may be another one later, though nothing of it has changed."""
        return moves(self.condition)

    @cached_property
    def test(self) -> Callable[[Facts, int], bool]:
        """Whether a record fits, as of a now in milliseconds since 1970 (UTC). Generated when first asked for."""
        return compiling.check(self.condition)
