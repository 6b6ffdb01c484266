"""Show what could not be read or decided, and send it again once a person has mended its cause."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from service.app.redrive import Known, NotSent, Sendable, SentAgain, Superseded, plan, send
from service.cli.exits import FoundProblems, WrongUsage
from service.cli.reach import KafkaAddress, Reach, in_reach
from service.cli.speech import ERRORS, OUT, AsJson, ours, write_json
from service.kafka.publisher import Publisher
from service.kafka.reading import read_key, read_topic
from service.printable import HIDDEN, is_secret, printable
from service.views.dead_letters import DeadLetter, read_dead_letter

command = typer.Typer()

LAST_TIME_MS: Final = 253_402_300_800_000
"""The year 10000, which no calendar of the machine knows."""
LONGEST_VALUE: Final = 20_000
"""Characters of an original that are shown; `--raw` and `--json` give all."""
ALL: Final = "all"
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
        found = ours([raw async for raw in read_topic(reach.connection, reach.topics.dead_letters)], read_dead_letter)
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
        found = await read_key(reach.connection, reach.topics.dead_letters, position.encode(errors="surrogatepass"))
        wanted = unrepeated(ours(found, read_dead_letter))
        if not wanted:
            ERRORS.print(
                f"no dead letter is known of {printable(position)}: `fairlead deadletters list` shows the positions"
            )
            raise FoundProblems
        if raw:
            sys.stdout.buffer.write(wanted[-1].value or b"")
            sys.stdout.buffer.flush()
        elif as_json:
            write_json(_whole(wanted[-1]))
        else:
            _print_whole(wanted[-1])

    in_reach(tell, kafka)


@command.command("redrive")
def redrive(
    which: Annotated[
        list[str] | None,
        typer.Argument(metavar="POSITION...", help="As listed; or `all`.", show_default=False),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="All with this reason.", show_default=False)] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing: say what would be sent.")] = False,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
) -> None:
    """Send events again once their cause is mended. Each is decided once, however often it is sent.

    1 where some cannot be sent; it says why of each.
    """
    positions = which or []
    if bool(positions) == bool(reason) or (ALL in positions and len(positions) > 1):
        raise WrongUsage("say which: `all`, --reason REASON, or positions as `fairlead deadletters list` shows them")

    async def send_again(reach: Reach) -> None:
        found = ours([raw async for raw in read_topic(reach.connection, reach.topics.dead_letters)], read_dead_letter)
        wanted, unknown = _chosen(unrepeated(found), positions, reason)
        async with reach.feed() as feed:
            dropped = reach.settings.ingest.dropped_headers
            known = Known(reach.topics.sources, feed.history.source_state, dropped)
            made = await plan(wanted, reach.connection, known)
        sent: Sequence[SentAgain | NotSent] = [] if dry_run else await _send(reach, made.sendable)
        fates = [*sent, *made.others, *unknown]
        (_write_fates if as_json else _print_fates)(made.sendable if dry_run else (), fates)
        if any(isinstance(fate, NotSent) for fate in fates):
            raise FoundProblems

    in_reach(send_again, kafka)


def _chosen(
    known: Sequence[DeadLetter], positions: Sequence[str], reason: str
) -> tuple[list[DeadLetter], list[NotSent]]:
    """The letters that are meant, and the positions that are no letter's."""
    if reason or ALL in positions:
        return [letter for letter in known if reason in ("", letter.reason)], []
    by_position = {letter.position: letter for letter in known}
    named = dict.fromkeys(positions)
    unknown = [NotSent(position, "no dead letter is known of it") for position in named if position not in by_position]
    return [by_position[position] for position in named if position in by_position], unknown


async def _send(reach: Reach, sendable: Sequence[Sendable]) -> Sequence[SentAgain | NotSent]:
    publisher = Publisher(reach.connection)
    try:
        return await send(sendable, publisher)
    finally:
        await publisher.close()


def _write_fates(sendable: Sequence[Sendable], fates: Sequence[SentAgain | Superseded | NotSent]) -> None:
    planned = [{"position": each.position, "became": "would_be_sent"} for each in sendable]
    write_json([*planned, *({"position": fate.position, **_became(fate)} for fate in fates)])


def _became(fate: SentAgain | Superseded | NotSent) -> dict[str, str]:
    match fate:
        case SentAgain(_, to):
            return {"became": "sent", "to": to}
        case Superseded(_, by):
            return {"became": "superseded", "by": by}
        case NotSent(_, why):
            return {"became": "refused", "why": why}


def _print_fates(sendable: Sequence[Sendable], fates: Sequence[SentAgain | Superseded | NotSent]) -> None:
    for each in sendable:
        OUT.print(f"{printable(each.position)}   would be sent")
    for fate in fates:
        match fate:
            case SentAgain(position, to):
                OUT.print(f"{printable(position)}   sent to {printable(to)}", style="green")
            case Superseded(position, by):
                OUT.print(f"{printable(position)}   {printable(by)} is of the same event and newer", style="dim")
            case NotSent(position, why):
                OUT.print(f"{printable(position)}   refused: {printable(why)}", style="red")
    if not sendable and not fates:
        OUT.print("no dead letters")


def unrepeated(letters: list[DeadLetter]) -> list[DeadLetter]:
    """Each position once, by time: ingest may send a batch again."""
    return sorted({letter.position: letter for letter in letters}.values(), key=lambda letter: letter.time_ms)


def _time(letter: DeadLetter) -> str:
    """In UTC; whoever writes to the topic may write any time beside it."""
    if not 0 <= letter.time_ms < LAST_TIME_MS:
        return "unknown"
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
        "headers": [[name, _said(_masked(name, value))] for name, value in letter.headers],
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
        table.add_row(_time(letter), *map(printable, (letter.position, letter.reason, size, letter.detail)))
    OUT.print(table if letters else "no dead letters")
    if known > len(letters):
        OUT.print(f"the newest {len(letters)} of {known}: --limit shows more", style="dim")


def _print_whole(letter: DeadLetter) -> None:
    OUT.print(Text.assemble((printable(letter.reason), "bold"), f"   {_time(letter)} UTC"))
    OUT.print(f"{printable(letter.position)}\n{printable(letter.detail)}")
    if letter.cut:
        OUT.print(
            f"cut: {printable(letter.cut)}; the original value has {letter.value_bytes} bytes, "
            f"SHA-256 {printable(letter.sha256)}"
        )
    OUT.print(f"\nkey      {_shown(letter.key)}")
    for name, value in letter.headers:
        OUT.print(f"header   {printable(name)}: {_shown(_masked(name, value))}")
    OUT.print(f"value    {_shown(letter.value)}")
    if letter.traceback:
        OUT.print(f"\n{printable(letter.traceback, LONGEST_VALUE, lines=True)}", style="red")


def _masked(name: str, value: bytes | None) -> bytes | None:
    """The header's value, hidden where its name says that it lets somebody in."""
    return HIDDEN.encode() if value and is_secret(name) else value


def _shown(data: bytes | None) -> str:
    """Text as it can be shown; a byte that is none in the form of Python."""
    return "null" if data is None else printable(data.decode(errors="backslashreplace"), LONGEST_VALUE)
