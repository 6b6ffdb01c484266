"""Standard streams that are always there, whoever began the program.

Where one is closed, the next file or socket gets its number: what is printed would go into a connection, and a process
that is begun with it would take it for its own. So what is missing leads nowhere, as is usual for a service.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
"""By descriptor."""


def complete() -> None:
    """Give each standard stream that is missing a place to which it leads. To be called before anything is opened."""
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            # The system gives the lowest number that is free, which is its own: those below it are there by now.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
