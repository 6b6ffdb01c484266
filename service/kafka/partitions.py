"""Which partition a key belongs to, as Kafka's own clients choose it.

The hash is theirs (murmur2) and is written out here, so that what only rehearses needs no driver to know where a
record would go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF
_NOT_NEGATIVE: Final = 0x7FFFFFFF


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key. Kept, for it is hashed byte by byte."""
    return (_murmur2(key) & _NOT_NEGATIVE) % partitions


def _murmur2(key: bytes) -> int:
    """The hash of a key, 32 bits without a sign."""
    whole = len(key) & ~3
    mixed = _SEED ^ len(key)
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * _FACTOR & _WORD
        word = (word ^ word >> 24) * _FACTOR & _WORD
        mixed = mixed * _FACTOR & _WORD ^ word
    if whole < len(key):
        mixed = (mixed ^ int.from_bytes(key[whole:], "little")) * _FACTOR & _WORD
    mixed = (mixed ^ mixed >> 13) * _FACTOR & _WORD
    return mixed ^ mixed >> 15
