"""Which partition a key belongs to, as Kafka's own clients choose it.

The hash is theirs (murmur2) and is written out here, so that what only rehearses needs no driver to know where a
record would go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

_SEED: Final = 0x9747B28C
_FACTOR_LOW: Final = 0xE995
_FACTOR_HIGH: Final = 0x5BD1
_WORD: Final = 0xFFFFFFFF
_HALF: Final = 0xFFFF
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
        word = _times_factor(key[at] | key[at + 1] << 8 | key[at + 2] << 16 | key[at + 3] << 24)
        mixed = _times_factor(mixed) ^ _times_factor(word ^ word >> 24)
    if whole < len(key):
        for at in range(whole, len(key)):
            mixed ^= key[at] << 8 * (at - whole)
        mixed = _times_factor(mixed)
    mixed = _times_factor(mixed ^ mixed >> 13)
    return mixed ^ mixed >> 15


def _times_factor(word: int) -> int:
    """The product of 32 bits, half by half: no step of it leaves what a compiled program counts with."""
    low, high = word & _HALF, word >> 16
    return low * _FACTOR_LOW + ((low * _FACTOR_HIGH + high * _FACTOR_LOW & _HALF) << 16) & _WORD
