"""Which lane a division belongs to.

The answer must be the same in every process, release and language for as long as a log lives, so it is a plain,
documented hash and not the broker client's choice of partitioner.
"""

from __future__ import annotations

from zlib import crc32


def lane_of(division: str, lanes: int) -> int:
    """The lane (0 to lanes - 1) that decides the division's events: CRC-32 of its name in UTF-8, modulo the lanes."""
    return crc32(division.encode()) % lanes
