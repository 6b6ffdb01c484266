"""A log that costs nobody their work.

A line is written between any two steps of whatever is done. A disk that is full, a reader who is gone, a pipe that
takes nothing now must not reach who said it: the line is lost, which is counted, and the work goes on.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Final, TextIO

from service.telemetry.metrics import METERS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LOST_TO: Final = (OSError, ValueError)
"""What comes of writing: the system refuses, or the stream was closed."""


def unfailing(stream: TextIO) -> TextIO:
    """A stream to where `stream` leads, on which writing never raises and each text is written in one piece.

    One that leads to no descriptor, as in memory, is what it was.
    """
    try:
        descriptor = stream.fileno()
    except _LOST_TO:
        return stream
    return io.TextIOWrapper(_Lossy(descriptor), "utf-8", "backslashreplace", newline="\n", write_through=True)


class _Lossy(io.BufferedIOBase):
    """Past all buffers: what stands in one when writing fails comes behind other lines, or when the program ends."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    @property
    def name(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: ReadableBuffer, /) -> int:
        """Write it, or count that it is lost, be it a part of it."""
        rest = memoryview(text).cast("B")
        size = len(rest)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except _LOST_TO:
            METERS.count("log_lines_lost")
        return size
