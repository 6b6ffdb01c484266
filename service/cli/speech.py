"""How commands speak: to people in colour where there is a terminal, to machines in JSON.

A command that has `--json` writes exactly one JSON value, or one a line for what never ends, to standard output and
nothing else; everything else goes to standard error.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for machines to read.")]
"""The type of the option that every command shares which a machine may read."""

OUT: Final = Console(highlight=False, soft_wrap=True)
ERRORS: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def span(duration_ms: int) -> str:
    """How long something takes or lasts, in the two largest units that tell it: 3 d 4 h, 12 min, 40 s."""
    seconds = max(0, duration_ms // 1000)
    told = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        told.append(f"{count} {name}" if count else "")
    first = next((place for place, words in enumerate(told) if words), len(told) - 1)
    return " ".join(filter(None, told[first : first + 2])) or "0 s"


def write_json(value: object) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()
