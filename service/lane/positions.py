"""Positions of events that a lane must tell apart for long: redriven and decided, or refused.

*Redriven* are the dead letters that were sent again and decided, by the position where their event was first read: so
that another redrive of one is nothing to do. *Refused* are the events that became dead letters, which leave no other
trace: so that one that ingest sends again is told from one that was never answered.

Many letters of one fault lie side by side, so positions are kept in blocks of `BLOCK` offsets, a bit each: a million in
a row take 31,250 blocks over all lanes. A block is forgotten when as much time has passed since its newest position as
dead letters are kept: nobody can redrive them then. A lane keeps `MAX_BLOCKS` of each kind at most, two megabytes of
its memory; beyond that the oldest go early. What was forgotten leaves how far it reached in its source partition.
"""

from __future__ import annotations

from typing import Final

import orjson

from service.wire.messages import Position

BLOCK: Final = 32
"""Offsets of a block: so many bits any reader of JSON has."""

KEPT_MS: Final = 30 * 24 * 3_600_000
"""As long as the topic of dead letters keeps them, see `deploy/topics.yaml`."""

MAX_BLOCKS: Final = 20_000
MAX_FORGOTTEN: Final = 100
"""So many blocks at most are forgotten with one that is remembered."""


class Positions:
    """The blocks of a lane, the one with the oldest newcomer first. A field is `epoch/topic/partition/block`, with the
    bits and the time of the newest; or `topic/partition`, with the last epoch and offset that may have been forgotten.
    """

    __slots__ = ("_blocks", "_changed", "_is_sorted", "_reach")

    def __init__(self) -> None:
        self._blocks: dict[str, tuple[int, int]] = {}
        self._reach: dict[str, tuple[int, int]] = {}
        self._changed: dict[str, None] = {}
        self._is_sorted = True

    def __len__(self) -> int:
        return len(self._blocks)

    def holds(self, position: Position) -> bool:
        """Whether it is among them."""
        bits, _ = self._blocks.get(_field(position), (0, 0))
        return bool(bits & _bit(position))

    def may_have_held(self, position: Position) -> bool:
        """Whether it is among them, or may have been and was forgotten."""
        reach = self._reach.get(f"{position.topic}/{position.partition}")
        return self.holds(position) or (reach is not None and (position.epoch, position.offset) <= reach)

    def remember(self, position: Position, now_ms: int) -> None:
        """It is one of them from now on; what is too old or too much is forgotten."""
        field = _field(position)
        bits, _ = self._blocks.pop(field, (0, 0))
        self._forget(now_ms)
        self._blocks[field] = (bits | _bit(position), now_ms)
        self._changed[field] = None

    def take_changes(self) -> list[tuple[str, bytes | None]]:
        """What changed since the last call, in its stored form; none: gone."""
        changed, self._changed = self._changed, {}
        kept = self._blocks | self._reach
        return [(field, orjson.dumps(kept[field]) if field in kept else None) for field in changed]

    def absorb(self, field: str, value: bytes) -> None:
        """Take in a field as it is stored."""
        first, second = orjson.loads(value)
        if field.count("/") == 1:
            self._reach[field] = (first, second)
            return
        self._blocks[field] = (first, second)
        self._is_sorted = False

    def _forget(self, now_ms: int) -> None:
        if not self._is_sorted:
            self._blocks = dict(sorted(self._blocks.items(), key=lambda block: (block[1][1], block[0])))
            self._is_sorted = True
        for _ in range(MAX_FORGOTTEN):
            field = next(iter(self._blocks), None)
            if field is None:
                return
            if len(self._blocks) < MAX_BLOCKS and self._blocks[field][1] + KEPT_MS > now_ms:
                return
            del self._blocks[field]
            self._changed[field] = None
            self._note_forgotten(field)

    def _note_forgotten(self, field: str) -> None:
        epoch, topic, partition, block = field.split("/")
        where = f"{topic}/{partition}"
        last = int(epoch), (int(block) + 1) * BLOCK - 1
        self._reach[where] = max(last, self._reach.get(where, last))
        self._changed[where] = None


def _field(position: Position) -> str:
    return f"{position.epoch}/{position.topic}/{position.partition}/{position.offset // BLOCK}"


def _bit(position: Position) -> int:
    return 1 << position.offset % BLOCK
