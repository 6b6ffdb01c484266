"""What repeats itself is told once, then once a minute, with how often it was left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Final

KINDS_MAX: Final = 500
"""So many kinds are told apart."""
REPEATED_SECONDS: Final = 60.0


class Sieve:
    """Lets the first of a kind pass, then one a minute, which is told how many were left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[tuple[Hashable, ...], tuple[float, int]] = {}

    def knows(self, kind: tuple[Hashable, ...]) -> bool:
        """Whether it tells this kind apart, or still has room for it."""
        return kind in self._kinds or len(self._kinds) < KINDS_MAX

    def left_out(self, kind: tuple[Hashable, ...]) -> int | None:
        """How many of this kind were left out before this one; none: it is to be left out as well."""
        now = self._clock()
        told, left_out = self._kinds.get(kind, (now - REPEATED_SECONDS, 0))
        if now - told < REPEATED_SECONDS:
            self._kinds[kind] = (told, left_out + 1)
            return None
        self._kinds[kind] = (now, 0)
        return left_out
