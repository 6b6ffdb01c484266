"""A log that costs nobody their work.

A line is written between any two steps of whatever is done. A disk that is full, a reader who is gone, a pipe that
takes nothing now must not reach who said it: the line is lost, which is counted and told by readiness, and the work
goes on.
"""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING, Final, TextIO

from service.noticed import Noticed
from service.telemetry.metrics import METERS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LOST_TO: Final = (OSError, ValueError)
"""What comes of writing: the system refuses, or the stream was closed."""
LOST: Final = Noticed(lambda: time.time_ns() // 1_000_000)
"""The lines of this process that were lost lately: no line can say so, so readiness does."""


def unfailing(stream: TextIO) -> TextIO:
    """A stream to where `stream` leads, on which writing never raises and each text is written in one piece.

    One that leads to no descriptor, as in memory, is what it was.
    """
    try:
        stream.fileno()
    except _LOST_TO:
        return stream
    return io.TextIOWrapper(_Lossy(stream), "utf-8", "backslashreplace", newline="\n", write_through=True)


class _Lossy(io.BufferedIOBase):
    """Past all buffers: what stands in one when writing fails comes behind other lines, or when the program ends.

    The descriptor is asked for each time: once the stream is closed, its number is another's.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @property
    def name(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: ReadableBuffer, /) -> int:
        """Write it, or count that it is lost, be it a part of it."""
        rest = memoryview(text).cast("B")
        size = len(rest)
        try:
            descriptor = self._stream.fileno()
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except _LOST_TO as error:
            METERS.count("log_lines_lost")
            LOST.note("log_line_lost", str(error))
        return size
