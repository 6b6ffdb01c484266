"""What is remembered of a pool and of its members' turns, and who follows that."""

from __future__ import annotations

from typing import Protocol

from service.core.remembered import Remembered
from service.core.waiting_line import Rank


class Pool(Remembered, kw_only=True):
    """A pool's memory: the number of the last turn, how many ever joined, how many records were ever parked here and
    how many are now. It outlives the pool, so that no turn number comes twice. `scanned` is the rank in the waiting
    line behind which a drain goes on; none: at its beginning. `sifting`: under a new configuration each record in the
    line is looked at once, whether it still belongs there. `implied`: it stood for people whom a target described; such
    a pool does not outlive the target, if nothing waits or is open there.
    """

    turn: int = 0
    joins: int = 0
    parkings: int = 0
    waiting: int = 0
    scanned: Rank | None = None
    sifting: bool = False
    implied: bool = False


class Seat(Remembered, kw_only=True):
    """One member in one pool. `served_pass` is in parts of `turns.SCALE`.

    `joined` counts those who joined the pool, from 1. The seat of somebody who left says 0 there, and stays as long as
    they have open items, so that these still count if they join again.
    """

    served_pass: int
    last_turn: int
    joined: int
    open_items: int = 0

    @property
    def is_taken(self) -> bool:
        """Whether the seat is a member's."""
        return self.joined > 0


class KeptOrder(Protocol):
    """An order of a pool's members that is kept up: a state says which of its values have changed."""

    def note(self, field: str) -> None:
        """The seat, or the open items, in this field are others now; or the field is no matter to this order."""
