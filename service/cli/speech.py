"""How commands speak: to people in colour where there is a terminal, to machines in JSON.

A command that has `--json` writes exactly one JSON value, or one a line for what never ends, to standard output and
nothing else; everything else goes to standard error.

Text is text here: nothing is read as markup, and nothing reaches a terminal that it would obey, whoever wrote it. Text
from outside is also given through `printable`, which bounds it and keeps it in its line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from service.printable import printable, printable_json
from service.views.published import Foreign
from service.wire.messages import RawRecord

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for machines to read.")]
"""The type of the option that every command shares which a machine may read."""


LAST_TIME_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""


class Speaker(Console):
    """A console on which text has no power: strings are no markup, and what a terminal obeys is written as an escape.

    Strings are made so before they are measured, so that tables fit; whatever else is rendered is looked at again.
    """

    def __init__(self, *, stderr: bool = False, **options: Any) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A string as a renderable."""
        return super().render_str(printable(text, None, lines=True), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of what is printed; those with control codes are the console's own."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, None, lines=True))


OUT: Final = Speaker(soft_wrap=True)
ERRORS: Final = Speaker(stderr=True, soft_wrap=True)


def table_of(*columns: str, right: Collection[str] = (), title: Text | str | None = None) -> Table:
    """An empty table with these columns, those that are `right` with their values at the right.

    Where a terminal is too narrow a value goes on in the next line: half a name or a time says nothing, and an id is
    there to be copied.
    """
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def span(duration_ms: int) -> str:
    """How long something takes or lasts, in the two largest units that tell it: 3 d 4 h, 12 min, 40 s."""
    seconds = max(0, duration_ms // 1000)
    told = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        told.append(f"{count} {name}" if count else "")
    first = next((place for place, words in enumerate(told) if words), len(told) - 1)
    return " ".join(filter(None, told[first : first + 2])) or "0 s"


def shown_time(time_ms: int) -> str:
    """A moment for people, in UTC: its column's head says so. `time_ms` is milliseconds since 1970; what is before that
    or after the year 9999 is shown as the first or last there is.
    """
    return datetime.fromtimestamp(min(max(0, time_ms), LAST_TIME_MS) / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def write_json(value: object) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(printable_json(value) + "\n")
    sys.stdout.flush()


def ours(records: Iterable[RawRecord], read: Callable[[RawRecord], T | Foreign]) -> list[T]:
    """What is read of the records; foreign ones are told and passed over."""
    found: list[T] = []
    for record in records:
        each = read(record)
        if isinstance(each, Foreign):
            tell_foreign(*each)
        else:
            found.append(each)
    return found


def tell_foreign(place: str, why: str) -> None:
    """A record that is none of ours was passed over: say where it lies, once for each."""
    ERRORS.print(f"passed over {printable(place)}, a foreign record: {printable(why)}", style="yellow")
