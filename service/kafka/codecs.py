"""Unpack what is compressed up to a bound, and no further.

A topic bounds what a batch has when it is compressed; a few kilobytes of zeros unpack to gigabytes, and the driver
would hold them all. Its decoders are functions that its modules look up by name for each batch, so importing this
module puts ours in their place. Ours write into room of a fixed size, or read a stream up to it,
and stop where it is full.

How much may be unpacked is said around a read (`at_most`), for all batches of that read together, since the driver
hands out the records of many at once. Who says nothing has the default for each batch.
"""

from __future__ import annotations

import gzip
import io
import mmap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import cramjam
from aiokafka.record import default_records, legacy_records
from aiokafka.record._crecords import default_records as compiled_default_records
from aiokafka.record._crecords import legacy_records as compiled_legacy_records

from service.limits import UNPACKED_LIMIT_BYTES

NO_ROOM: Final = "failed to write whole buffer"
"""How the library says that its output did not fit."""
XERIAL_MAGIC: Final = b"\x82SNAPPY\0"
XERIAL_HEAD_BYTES: Final = 16
"""Java's Snappy streams begin so; blocks follow, each behind its length."""
XERIAL_LENGTH_BYTES: Final = 4


class TooMuch(Exception):
    """More would be unpacked than is allowed."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"it unpacks to more than {limit_bytes} bytes, see FAIRLEAD_KAFKA__UNPACKED_LIMIT_BYTES")


@dataclass(slots=True)
class Allowance:
    """How many bytes may be unpacked, and how many were."""

    limit_bytes: int
    used_bytes: int = 0

    @property
    def is_spent(self) -> bool:
        return self.used_bytes >= self.limit_bytes


_ALLOWANCE: Final[ContextVar[Allowance | None]] = ContextVar("allowance", default=None)


@contextmanager
def at_most(limit_bytes: int) -> Iterator[Allowance]:
    """Let all that is unpacked in this block be no more than so many bytes; what would be more raises `TooMuch`."""
    allowance = Allowance(limit_bytes)
    token = _ALLOWANCE.set(allowance)
    try:
        yield allowance
    finally:
        _ALLOWANCE.reset(token)


def _gzip(packed: bytes, room_bytes: int) -> bytes | None:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
        content = stream.read(room_bytes + 1)
    return content if len(content) <= room_bytes else None


def _snappy(packed: bytes, room_bytes: int) -> bytes | None:
    """Each block says first how long it becomes."""
    parts, left = [], room_bytes
    for block in _snappy_blocks(packed):
        left -= cramjam.snappy.decompress_raw_len(block)
        if left < 0:
            return None
        parts.append(bytes(cramjam.snappy.decompress_raw(block)))
    return b"".join(parts)


def _snappy_blocks(packed: bytes) -> Iterator[bytes]:
    if not packed.startswith(XERIAL_MAGIC):
        yield packed
        return
    at = XERIAL_HEAD_BYTES
    while at < len(packed):
        length = int.from_bytes(packed[at : at + XERIAL_LENGTH_BYTES], "big", signed=True)
        at += XERIAL_LENGTH_BYTES
        if not 0 < length <= len(packed) - at:
            raise ValueError("a block of Snappy does not end within its stream")
        yield packed[at : at + length]
        at += length


def _into_room(unpack_into: Callable[[bytes, mmap.mmap], int]) -> Callable[[bytes, int], bytes | None]:
    """By a function that fills a buffer. Of a mapping only the pages that are written to take memory."""

    def unpack(packed: bytes, room_bytes: int) -> bytes | None:
        with mmap.mmap(-1, room_bytes) as room:
            try:
                return room[: unpack_into(packed, room)]
            except cramjam.DecompressionError as error:
                if NO_ROOM in str(error):
                    return None
                raise

    return unpack


UNPACKING: Final[Mapping[str, Callable[[bytes, int], bytes | None]]] = {
    "gzip": _gzip,
    "snappy": _snappy,
    "lz4": _into_room(cramjam.lz4.decompress_into),
    "zstd": _into_room(cramjam.zstd.decompress_into),
}
"""Each codec of the protocol: the content, or nothing where it does not fit the room. Raises what its library does."""


def _bounded(unpack: Callable[[bytes, int], bytes | None]) -> Callable[[Any], bytes]:
    """A decoder for the driver, within what is allowed where it is called."""

    def decode(packed: Any) -> bytes:
        allowance = _ALLOWANCE.get() or Allowance(UNPACKED_LIMIT_BYTES)
        content = None if allowance.is_spent else unpack(bytes(packed), allowance.limit_bytes - allowance.used_bytes)
        if content is None:
            raise TooMuch(allowance.limit_bytes)
        allowance.used_bytes += len(content)
        return content

    return decode


def _bound_the_driver() -> None:
    for module in (default_records, legacy_records, compiled_default_records, compiled_legacy_records):
        for codec, unpack in UNPACKING.items():
            if hasattr(module, name := f"{codec}_decode"):
                setattr(module, name, _bounded(unpack))


_bound_the_driver()
