"""Write the published language to a folder: JSON Schemas of events, configuration and scenarios, examples, AsyncAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schemas.generate import artifacts, write
from service.cli.speech import OUT, AsJson, write_json

command = typer.Typer()


@command.command("export")
def export(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to; made if it is not there.", file_okay=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Write the JSON Schemas of events, configuration and scenarios, the examples and the AsyncAPI document."""
    write(directory)
    paths = sorted(artifacts())
    if as_json:
        write_json({"directory": str(directory), "files": paths})
    else:
        OUT.print(f"{len(paths)} files below {directory}: json/ (JSON Schema), examples/, asyncapi.yaml")
