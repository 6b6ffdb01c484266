"""Which dead letters were sent again and decided: so that another redrive of one is nothing to do.

A letter is known by the position where its event was first read. Many letters of one fault lie side by side, so
positions are kept in blocks of `BLOCK` offsets, a bit each: a million in a row take 31,250 blocks over all lanes. A
block is forgotten when as much time has passed since its newest decision as dead letters are kept: nobody can redrive
them then. A lane keeps `MAX_BLOCKS` at most, two megabytes of its memory; beyond that the oldest go early.
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


class Redriven:
    """The blocks of a lane, the one with the oldest decision first. A field is `epoch/topic/partition/block`."""

    __slots__ = ("_blocks", "_changed", "_is_sorted")

    def __init__(self) -> None:
        self._blocks: dict[str, tuple[int, int]] = {}
        self._changed: dict[str, None] = {}
        self._is_sorted = True

    def __len__(self) -> int:
        return len(self._blocks)

    def holds(self, first: Position) -> bool:
        """Whether the event that was first read there was redriven and decided."""
        bits, _ = self._blocks.get(_field(first), (0, 0))
        return bool(bits & _bit(first))

    def remember(self, first: Position, now_ms: int) -> None:
        """It was decided now; what is too old or too much is forgotten."""
        field = _field(first)
        bits, _ = self._blocks.pop(field, (0, 0))
        self._forget(now_ms)
        self._blocks[field] = (bits | _bit(first), now_ms)
        self._changed[field] = None

    def take_changes(self) -> list[tuple[str, bytes | None]]:
        """What changed since the last call, in its stored form; none: gone."""
        changed, self._changed = self._changed, {}
        return [(field, orjson.dumps(self._blocks[field]) if field in self._blocks else None) for field in changed]

    def absorb(self, field: str, value: bytes) -> None:
        """Take in a block as it is stored."""
        bits, time_ms = orjson.loads(value)
        self._blocks[field] = (bits, time_ms)
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


def _field(first: Position) -> str:
    return f"{first.epoch}/{first.topic}/{first.partition}/{first.offset // BLOCK}"


def _bit(first: Position) -> int:
    return 1 << first.offset % BLOCK
