"""Programs that a parent takes for workers: small ones, which begin in a moment and do what a test wants of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from service.app.workers.worker import Post

READY: Final = '{"ready":true,"problems":[],"lanes":{"%d":{"state":"owned","doing":""}}}'
NUMBERS: Final = """\
# HELP fairlead_decisions_total Decisions.
# TYPE fairlead_decisions_total counter
fairlead_decisions_total{outcome="assigned"} 5.0
"""
_ANSWERING: Final = f"""
import os, signal, socket, sys
number, listener, stubborn = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), sys.argv[3] == "yes"
signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: os._exit(0))
while True:
    client, _ = listener.accept()
    try:
        body = {READY!r} % number if client.recv(4096).split()[1] == b"/ready" else {NUMBERS!r}
        client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + body.encode())
    except (IndexError, OSError):
        pass
    client.close()
"""


def answering(*, stubborn: bool = False) -> Callable[[Post], Sequence[str]]:
    """One that is ready and has the lane of its number. A stubborn one does not leave when it is told to."""

    def command(post: Post) -> list[str]:
        told = (post.number, post.listener, "yes" if stubborn else "no")
        return [sys.executable, "-S", "-c", _ANSWERING, *map(str, told)]

    return command


def silent() -> Callable[[Post], Sequence[str]]:
    """One that never answers."""
    return lambda post: [sys.executable, "-S", "-c", "import signal; signal.pause()"]


def ending(code: int) -> Callable[[Post], Sequence[str]]:
    """One that ends at once."""
    return lambda post: [sys.executable, "-S", "-c", f"raise SystemExit({code})"]
