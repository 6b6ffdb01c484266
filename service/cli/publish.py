"""Send a file of records as CRM events, in the file's order.

What a row cannot give is told with its line and left out; the rest is sent, and the command ends with 1.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from service.cli.exits import FoundProblems, WrongUsage
from service.cli.reach import KafkaAddress, NoConnection, Reach, in_reach
from service.cli.speech import ERRORS, AsJson, write_json
from service.config.problems import ConfigurationError
from service.connectors.file import sending
from service.connectors.file.event_map import ReadMap, read_map
from service.connectors.file.rows import BadRow, NumberedRow, format_of
from service.kafka.publisher import Publisher

TOLD_ROWS: Final = 20


def command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines or CSV.")],
    map_file: Annotated[
        Path | None, typer.Option("--map", exists=True, dir_okay=False, help="How a row becomes an event.")
    ] = None,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Publish a file."""
    progress = sending.Progress()

    async def work(reach: Reach) -> None:
        await publish(reach, file, None if map_file is None else read_map(map_file), progress)

    begun = time.perf_counter()
    try:
        in_reach(work, kafka)
    except ConfigurationError as error:
        raise WrongUsage(str(error).replace("the configuration has", "the map has", 1)) from error
    except sending.NothingFits as error:
        raise WrongUsage(f"{error}; nothing was sent") from error
    except NoConnection as error:
        sent = f"{progress.sent:,} events were sent; publish the file again, what arrived is recognised by its id"
        raise NoConnection(f"{error}. {sent}" if progress.sent else str(error)) from error
    _report(progress, time.perf_counter() - begun, as_json=as_json)
    if progress.bad:
        raise FoundProblems


async def publish(reach: Reach, file: Path, read: ReadMap | None, progress: sending.Progress) -> None:
    """Publish a file to the CRM's topics. Raises `WrongUsage`, `ConfigurationError`, `NothingFits`, `Lost`."""
    form = (read and read.content.format) or format_of(file)
    if form is None:
        raise WrongUsage(
            f"{file.name} ends neither in .csv nor in .jsonl: say `format: csv` or `format: jsonl` in the map"
        )
    if form == "csv" and read is None:
        raise WrongUsage("a CSV file needs a map: --map MAP.yaml says how a row becomes an event")
    delimiter = read.content.delimiter if read else ","
    publisher = Publisher(reach.connection)
    try:
        with sending.opened(file, form, delimiter) as (columns, rows, raw):
            convert = sending.converter(read, file, columns, reach.topics)
            await _send(rows, convert, publisher, progress, raw)
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{file.name} is not UTF-8 ({error.reason} at byte {error.start} of a piece)") from error
    finally:
        await publisher.close()


async def _send(
    rows: Iterable[NumberedRow | BadRow],
    convert: sending.Convert,
    publisher: Publisher,
    progress: sending.Progress,
    raw: BinaryIO,
) -> None:
    columns = (TextColumn("publishing"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]:,.0f}/s"))
    with Progress(*columns, console=ERRORS, transient=True, disable=not ERRORS.is_terminal) as shown:
        bar = shown.add_task("", total=_size(raw), rate=0.0)
        begun = time.perf_counter()

        def told() -> None:
            shown.update(bar, completed=raw.tell(), rate=progress.sent / (time.perf_counter() - begun))

        await sending.send(rows, convert, publisher, progress, told)


def _size(raw: BinaryIO) -> int:
    return Path(raw.name).stat().st_size


def _report(progress: sending.Progress, seconds: float, *, as_json: bool) -> None:
    for row in progress.bad[:TOLD_ROWS]:
        ERRORS.print(str(row), markup=False)
    if len(progress.bad) > TOLD_ROWS:
        ERRORS.print(f"and {len(progress.bad) - TOLD_ROWS:,} more rows")
    rate = progress.sent / seconds
    if as_json:
        write_json({"events": progress.sent, "bad_rows": len(progress.bad), "seconds": round(seconds, 3)})
    else:
        left_out = f", {len(progress.bad):,} rows left out" if progress.bad else ""
        print(f"{progress.sent:,} events in {seconds:.1f} s ({rate:,.0f} a second){left_out}")
