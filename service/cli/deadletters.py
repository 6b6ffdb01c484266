"""Show what could not be read or decided, so that a person can mend its cause and send it again."""

from __future__ import annotations

import base64
import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.table import Table

from service.cli.exits import FoundProblems
from service.cli.reach import KafkaAddress, Reach, in_reach
from service.cli.speech import ERRORS, OUT, AsJson, write_json
from service.kafka.reading import read_key, read_topic
from service.views.dead_letters import DeadLetter, read_dead_letter

command = typer.Typer()

TABLE_WIDTH: Final = 140
"""A position and a sentence about it fit; a narrow terminal scrolls rather than break what is to be copied."""


@command.command("list")
def list_all(
    reason: Annotated[str, typer.Option("--reason", help="Only with this reason.", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """List dead letters, the newest last."""

    async def tell(reach: Reach) -> None:
        found = [read_dead_letter(raw) async for raw in read_topic(reach.connection, reach.topics.dead_letters)]
        wanted = unrepeated([letter for letter in found if reason in ("", letter.reason)])
        if as_json:
            write_json([_line(letter) for letter in wanted[-limit:]])
        else:
            _print(wanted[-limit:], len(wanted))

    in_reach(tell, kafka)


@command.command("show")
def show(
    position: Annotated[str, typer.Argument(metavar="POSITION", help="As listed: epoch/topic/partition/offset.")],
    raw: Annotated[bool, typer.Option("--raw", help="Only the original's bytes, as they were.")] = False,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Show one dead letter: why, the original's key, headers and bytes, and the trace where deciding raised."""

    async def tell(reach: Reach) -> None:
        found = await read_key(reach.connection, reach.topics.dead_letters, position.encode())
        letters = unrepeated([read_dead_letter(record) for record in found])
        if not letters:
            ERRORS.print(f"there is no dead letter of {position}: `fairlead deadletters list` shows the positions")
            raise FoundProblems
        if raw:
            sys.stdout.buffer.write(letters[-1].value or b"")
            sys.stdout.buffer.flush()
        elif as_json:
            write_json(_whole(letters[-1]))
        else:
            _print_whole(letters[-1])

    in_reach(tell, kafka)


def unrepeated(letters: list[DeadLetter]) -> list[DeadLetter]:
    """Each position once, by time: ingest may send a batch again."""
    return sorted({letter.position: letter for letter in letters}.values(), key=lambda letter: letter.time_ms)


def _time(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _line(letter: DeadLetter) -> dict[str, object]:
    return {
        "position": letter.position,
        "reason": letter.reason,
        "detail": letter.detail,
        "time": _time(letter),
        "size_bytes": letter.value_bytes,
        "cut": letter.cut,
    }


def _whole(letter: DeadLetter) -> dict[str, object]:
    return {
        **_line(letter),
        "key": _said(letter.key),
        "value": _said(letter.value),
        "headers": [[name, _said(value)] for name, value in letter.headers],
        "traceback": letter.traceback,
        "sha256": letter.sha256,
    }


def _said(data: bytes | None) -> str | dict[str, str] | None:
    """Text where the bytes are text, else their base64."""
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _print(letters: list[DeadLetter], known: int) -> None:
    table = Table(width=max(OUT.width, TABLE_WIDTH))
    for column in ("time (UTC)", "position", "reason"):
        table.add_column(column, no_wrap=True, overflow="ignore")
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("detail", overflow="fold")
    for letter in letters:
        size = f"{letter.value_bytes} (cut)" if letter.cut else str(letter.value_bytes)
        table.add_row(_time(letter), letter.position, letter.reason, size, letter.detail)
    OUT.print(table if letters else "no dead letters")
    if known > len(letters):
        OUT.print(f"the newest {len(letters)} of {known}: --limit shows more", style="dim")


def _print_whole(letter: DeadLetter) -> None:
    OUT.print(f"[bold]{letter.reason}[/]   {_time(letter)} UTC")
    OUT.print(f"{letter.position}\n{letter.detail}", markup=False)
    if letter.cut:
        OUT.print(
            f"cut: {letter.cut}; the original value has {letter.value_bytes} bytes, SHA-256 {letter.sha256}",
            markup=False,
        )
    OUT.print(f"\nkey      {_shown(letter.key)}", markup=False)
    for name, value in letter.headers:
        OUT.print(f"header   {name}: {_shown(value)}", markup=False)
    OUT.print(f"value    {_shown(letter.value)}", markup=False)
    if letter.traceback:
        OUT.print(f"\n{letter.traceback}", markup=False, style="red")


def _shown(data: bytes | None) -> str:
    """Text as it is; a byte that is none in the form of Python."""
    return "null" if data is None else data.decode(errors="backslashreplace")
