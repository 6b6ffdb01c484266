"""A worker does not outlive its parent, however that ends.

Its standard input is a pipe of which the parent has the other end and writes nothing. When the parent is gone, the
system closes that end, on every system alike, and the worker leaves as if it had been told to. A thread of its own
watches the pipe, which also runs where the worker's loop does not turn any more.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

from service.app.workers.worker import LEAVE_SECONDS

STANDARD_INPUT: Final = 0
_PIECE_BYTES: Final = 1_024


def leave_with_the_parent(pipe: int = STANDARD_INPUT) -> None:
    """Have this process end when `pipe` does: in order, or by force where that takes too long."""
    threading.Thread(target=_watch, args=(pipe,), name="lifeline", daemon=True).start()


def _watch(pipe: int) -> None:
    # Not by a buffered reader: its lock would be held when the interpreter ends, which it takes for a fault.
    while os.read(pipe, _PIECE_BYTES):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
