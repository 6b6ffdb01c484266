"""Send a file of records as CRM events, in the file's order, or check what would be sent.

What a row cannot give is told with its place and left out; the rest is sent, and the command ends with 1. A check does
all of it but sending, connects to nothing, and reads each event as ingest would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from service.app.connections import topics_of
from service.cli.exits import FoundProblems, WrongUsage
from service.cli.publish_report import show_check, show_published
from service.cli.reach import KafkaAddress, NoConnection, Reach, addressed, in_reach
from service.cli.speech import ERRORS, AsJson
from service.config.problems import ConfigurationError, Problem
from service.connectors.file import sending
from service.connectors.file.converting import OTHER_DELIMITER, doubts_of
from service.connectors.file.event_map import ReadMap, read_map
from service.connectors.file.opening import FileRefused, opened
from service.connectors.file.progress import Convert, Progress, events_of, failed_rows
from service.connectors.file.rows import BadRow, Format, NumberedRow, format_of
from service.kafka.publisher import Publisher
from service.nouns import counted
from service.settings import Settings
from service.wire.topics import Topics


def command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines or CSV.")],
    map_file: Annotated[
        Path | None, typer.Option("--map", exists=True, dir_okay=False, help="How a row becomes an event.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", "--dry-run", help="Send nothing and connect to nothing: say what would be sent.")
    ] = False,
    failed: Annotated[
        Path | None,
        typer.Option("--failed", metavar="CSV", dir_okay=False, help="Write the rows left out to this table."),
    ] = None,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Publish a file, or check it."""
    if failed is not None and failed.exists() and failed.samefile(file):
        raise WrongUsage("--failed names the file that is published: name another one")
    given = _Given(file, map_file, failed)
    progress = Progress(str(file))
    if check:
        _check(given, progress, addressed(kafka, ""), as_json=as_json)
    else:
        _publish(given, progress, kafka, as_json=as_json)
    if progress.bad_rows:
        raise FoundProblems


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command was told."""

    file: Path
    map_file: Path | None
    failed: Path | None

    @contextmanager
    def read(self, topics: Topics, progress: Progress) -> Iterator[_Reading]:
        """The file's rows and how they become events. Raises `WrongUsage`, `ConfigurationError`, `FileRefused`."""
        read = None if self.map_file is None else read_map(self.map_file)
        delimiter = read.content.delimiter if read else ","
        with opened(self.file, self._form(read), delimiter, OTHER_DELIMITER) as (columns, rows, raw):
            convert = sending.converter(read, self.file, columns, topics)
            for doubt in doubts_of(read, columns or ()) if read else ():
                progress.warn(1, doubt)
            table = nullcontext() if self.failed is None else failed_rows(self.failed, columns, delimiter)
            with table as progress.failed:
                yield _Reading(rows, convert, raw)

    def _form(self, read: ReadMap | None) -> Format:
        form = (read and read.content.format) or format_of(self.file)
        if form is None:
            raise WrongUsage(
                f"{self.file.name} ends neither in .csv nor in .jsonl: say `format: csv` or `format: jsonl` in the map"
            )
        if form == "csv" and read is None:
            raise WrongUsage("a CSV file needs a map: --map MAP.yaml says how a row becomes an event")
        return form


class _Reading(NamedTuple):
    """A file that is being read. `raw` are the bytes beneath, which tell how far it is."""

    rows: Iterable[NumberedRow | BadRow]
    convert: Convert
    raw: BinaryIO


def _check(given: _Given, progress: Progress, settings: Settings, *, as_json: bool) -> None:
    wrong: tuple[Problem, ...] = ()
    begun = time.perf_counter()
    try:
        with given.read(topics_of(settings), progress) as (rows, convert, _):
            for _event in events_of(rows, sending.readable(convert), progress):
                pass
    except ConfigurationError as error:
        wrong = error.problems
    except FileRefused as error:
        wrong = (error.problem,)
    show_check(progress, wrong, time.perf_counter() - begun, as_json=as_json)
    if wrong:
        raise FoundProblems


def _publish(given: _Given, progress: Progress, kafka: str, *, as_json: bool) -> None:
    async def work(reach: Reach) -> None:
        await _send(given, reach, progress)

    begun = time.perf_counter()
    try:
        in_reach(work, kafka)
    except ConfigurationError as error:
        raise WrongUsage(str(error).replace("the configuration has", "the map has", 1)) from error
    except (sending.NothingFits, FileRefused) as error:
        raise WrongUsage(f"{error}; nothing was sent") from error
    except NoConnection as error:
        sent = f"{_sent(progress)}; publish the file again, what arrived is recognised by its id"
        raise NoConnection(f"{error}. {sent}" if progress.sent else str(error)) from error
    show_published(progress, time.perf_counter() - begun, as_json=as_json)


def _sent(progress: Progress) -> str:
    return f"{counted(progress.sent, 'event was', 'events were')} sent"


async def _send(given: _Given, reach: Reach, progress: Progress) -> None:
    """Publish to the CRM's topics. Raises `WrongUsage`, `ConfigurationError`, `FileRefused`, `NothingFits`, `Lost`."""
    publisher = Publisher(reach.connection)
    try:
        with given.read(reach.topics, progress) as (rows, convert, raw), _bar(raw, progress) as told:
            await sending.send(rows, convert, publisher, progress, told)
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{given.file.name} is not UTF-8 ({error.reason}); {_sent(progress)}") from error
    finally:
        await publisher.close()


@contextmanager
def _bar(raw: BinaryIO, progress: Progress) -> Iterator[Callable[[], None]]:
    """How far it is, shown where somebody looks."""
    columns = (TextColumn("publishing"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]:,.0f}/s"))
    with Bar(*columns, console=ERRORS, transient=True, disable=not ERRORS.is_terminal) as shown:
        bar = shown.add_task("", total=Path(raw.name).stat().st_size, rate=0.0)
        begun = time.perf_counter()
        yield lambda: shown.update(bar, completed=raw.tell(), rate=progress.sent / (time.perf_counter() - begun))
