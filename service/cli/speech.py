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


def write_json(value: object) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()
