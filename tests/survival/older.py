"""A process of an older build beside those of this one, as in a deployment that goes over to a new release.

It runs from a checkout of its own, with the same libraries, and is told what to do by the same order: what an older
build does not know of its settings it does not read.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.survival.worker import Order

WORK: Final = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
import pickle
from pathlib import Path
from tests.survival.worker import work
work(pickle.loads(Path(sys.argv[1]).read_bytes()))
"""


class OlderProcess:
    """A process of the build that is checked out at `root`. It ends as any other does."""

    def __init__(self, order: Order, root: Path) -> None:
        told = order.journal.with_suffix(".order")
        told.write_bytes(pickle.dumps(order))
        environment = {**os.environ, "PYTHONPATH": str(root)}
        self._process = subprocess.Popen([sys.executable, "-c", WORK, str(told)], cwd=root, env=environment)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exitcode(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def join(self, timeout: float | None = None) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
