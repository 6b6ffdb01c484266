"""How the process keeps the memory that its batches take and free, again and again: mostly small values, a few large.

Both measures are about time, not about room, and were measured with `make bench`.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Final

GARBAGE_AFTER: Final = 100_000
"""So many objects more than before make the collector look for cycles: more than one batch of a lane has at a time."""
KEPT_BYTES: Final = 64 * 1024 * 1024
"""So much freed memory stays with the process: some batches' worth."""
LARGE_BYTES: Final = 32 * 1024 * 1024
"""Only larger pieces are given back at once; the C library takes no larger limit."""

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
"""Names and numbers as in `malloc.h` of the GNU C library."""


def expect_batches() -> None:
    """Call it once, when all is loaded that stays."""
    _spare_the_collector()
    _keep_what_is_freed()


def _spare_the_collector() -> None:
    """Keep the garbage collector from looking where there is nothing to find.

    A batch is made of many small values that are in no cycle and go together at its end. By default the collector
    walks through them dozens of times while they are made, and now and then through everything that was imported:
    that costs more than a tenth of a lane's time. What is there after the start stays, and is not looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)


def _keep_what_is_freed() -> None:
    """Have the C library keep what a batch frees for the next one.

    By default the system gets it back and hands it out again page by page: a twentieth of a lane's time. Other C
    libraries than GNU's have no such settings, and are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
