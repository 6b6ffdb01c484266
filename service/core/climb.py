"""How far a record has come on the steps of its target: what is remembered of one that waits, or is offered."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from service.core.reasons import Skipped
from service.core.remembered import Remembered


class StepReached(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A step since `since_ms`. `skipped`: why nothing waits for it, and the next was reached at once, or before its
    wait was over; empty: it has its wait.
    """

    since_ms: int
    skipped: Literal[Skipped, ""] = ""


class Climb(Remembered):
    """A record on the ladder with this id, at the last of the steps it has `reached`. It waits for all of them; those
    of their people who are named one by one are `awaited`, as long as it stands in a line.
    """

    ladder: str
    reached: tuple[StepReached, ...]
    awaited: tuple[str, ...] = ()
