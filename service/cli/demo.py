"""A first look: a made-up CRM, the whole service and both back ends inside this process.

The last line of what is shown is the count, for machines.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from service.cli.demo_report import show
from service.cli.exits import FoundProblems
from service.cli.run import with_embedded
from service.cli.speech import ERRORS
from service.demo.running import Plan, tell
from service.demo.story import FEWEST_EVENTS
from service.settings import LaneSettings, LogSettings, Settings, read_settings
from service.telemetry.logs import configure_logging

SNAPSHOT_MIN_BYTES: Final = 500_000


def command(
    events: Annotated[int, typer.Option(min=FEWEST_EVENTS, max=1_000_000, help="How many events.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed tells another story.")] = 1,
) -> None:
    """Share out made-up records."""
    plan = Plan(events, seed, begun=time.perf_counter())
    log = read_settings().log
    configure_logging(LogSettings(level=log.level if "level" in log.model_fields_set else "error"), sys.stderr)
    with ExitStack() as stack:
        settings = with_embedded(_settings(), stack)
        result = asyncio.run(tell(settings, plan, _progress(events)))
    show(result)
    if result.tally.missing or result.tally.doubles:
        raise FoundProblems


def _settings() -> Settings:
    """Only defaults: what the environment says about a real deployment does not belong here."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    return Settings(**{**defaults, "lane": LaneSettings(snapshot_min_bytes=SNAPSHOT_MIN_BYTES, poll_wait_ms=20)})


@contextmanager
def _progress(events: int) -> Iterator[Callable[[int], None]]:
    """A bar that grows with the count it is told."""
    columns = (TextColumn("sharing out"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=ERRORS, transient=True, disable=not ERRORS.is_terminal) as progress:
        bar = progress.add_task("events", total=events)
        yield lambda answered: progress.update(bar, completed=answered)
