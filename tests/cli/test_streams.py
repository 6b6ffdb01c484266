"""Whoever begins the program may have closed any of its standard streams."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from typing import Final

import pytest

CLOSED: Final = [each for count in range(4) for each in combinations(range(3), count)]
LOOK: Final = """
import os, socket, sys
from service.cli.streams import complete
complete()
there = [os.fstat(number) for number in range(3)]
print("said"), print("said", file=sys.stderr), sys.stdin.isatty()
descriptors = [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)]
os._exit(10 + socket.socket().fileno() if descriptors == [0, 1, 2] else 1)
"""


@pytest.mark.parametrize("closed", CLOSED, ids=str)
def test_each_stream_is_there_and_nothing_else_gets_its_number(closed: tuple[int, ...]) -> None:
    def close() -> None:
        for number in closed:
            os.close(number)

    ended = subprocess.run(
        [sys.executable, "-c", LOOK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=close,
        timeout=60,
        check=False,
    )
    assert ended.returncode > 12, ended.stderr.decode()


def test_a_command_says_nothing_to_nobody_and_ends_as_ever() -> None:
    command = f'exec "{sys.executable}" -m service --version <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", command], timeout=60, check=False).returncode == 0
