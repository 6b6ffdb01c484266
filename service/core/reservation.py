"""What is remembered of a record that people are asked to accept: whom it is offered to, and how often it was."""

from __future__ import annotations

from typing import NamedTuple

from service.core.remembered import Remembered


class Reservation(Remembered):
    """A record is offered to `person` by `pool`; they answer before `deadline_ms`. `kept_bytes`: so much is kept of its
    fields meanwhile. `correlation_id` and `depth` are those of the decision that offered it.
    """

    person: str
    pool: str
    deadline_ms: int
    kept_bytes: int = 0
    correlation_id: str = ""
    depth: int = 0


class OfferedBy(Remembered):
    """The id of the `decision` that offered the record as it is offered now: an answer may name it."""

    decision: str


class Spot(NamedTuple):
    """What one pool did about a record that nobody has accepted yet: its number in the pool's waiting line, which it
    keeps while it is offered, and how often the pool offered it.
    """

    pool: str
    number: int
    times: int = 0


class Handing(Remembered, kw_only=True):
    """A record that was offered. `passed` are those who declined it or let it pass: they are not asked again.

    The rest is over once somebody has it for good: since when it is without an owner who accepted it, its `spots`, how
    many rounds it was offered in, the pool in whose line it waits or would, whether an event named that one, since when
    it waits in the line of a pool (0: it does not), and which pools escalated it. Of a record that was closed while it
    waited, the pool that was named is remembered as well.
    """

    passed: tuple[str, ...] = ()
    since_ms: int = 0
    spots: tuple[Spot, ...] = ()
    rounds: int = 0
    home: str = ""
    named: bool = False
    waited_ms: int = 0
    escalated: tuple[str, ...] = ()

    def spot(self, pool: str) -> Spot | None:
        """What this pool did about the record; none: nothing yet."""
        return next((each for each in self.spots if each.pool == pool), None)
