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
number, listener, asked, stubborn = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), 0, sys.argv[4] == "yes"
signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: os._exit(0))
while True:
    client, _ = listener.accept()
    path = client.recv(4096).split()[1]
    asked += path == b"/ready"
    if path != b"/ready" or asked <= int(sys.argv[3]):
        body = {READY!r} % number if path == b"/ready" else {NUMBERS!r}
        client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + body.encode())
        client.close()
"""


def answering(times: int = 1_000_000, *, stubborn: bool = False) -> Callable[[Post], Sequence[str]]:
    """One that is ready, has the lane of its number, and answers so many times, then no more. A stubborn one stays."""

    def command(post: Post) -> list[str]:
        told = (post.number, post.listener, times, "yes" if stubborn else "no")
        return [sys.executable, "-S", "-c", _ANSWERING, *map(str, told)]

    return command


def ending(code: int) -> Callable[[Post], Sequence[str]]:
    """One that ends at once."""
    return lambda post: [sys.executable, "-S", "-c", f"raise SystemExit({code})"]
