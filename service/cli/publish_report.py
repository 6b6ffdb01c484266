"""What `fairlead publish` says of a file: problems and warnings with their places, then what was or would be sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from rich.text import Text

from service.cli.speech import ERRORS, OUT, write_json
from service.config.problems import Problem
from service.connectors.file.progress import Progress, attributes
from service.nouns import counted
from service.wire.messages import Message


def show_published(progress: Progress, seconds: float, *, as_json: bool) -> None:
    """What was sent. Of many rows left out, the first are told."""
    _show_places(progress, ())
    if as_json:
        write_json({"events": progress.sent, **_places(progress, ()), "seconds": round(seconds, 3)})
        return
    left_out = f", {counted(progress.bad_rows, 'row')} left out" if progress.bad_rows else ""
    print(f"{counted(progress.sent, 'event')} in {seconds:.1f} s ({progress.sent / seconds:,.0f} a second){left_out}")


def show_check(progress: Progress, wrong: Sequence[Problem], seconds: float, *, as_json: bool) -> None:
    """What would be sent, and the first event whole. `wrong` is what forbids the file or the map altogether."""
    count = progress.kinds.total()
    if as_json:
        first = None if progress.first is None else _event(progress.first)
        said = {"events": count, "kinds": dict(progress.kinds), "first": first, **_places(progress, wrong)}
        write_json({"ok": not (wrong or progress.bad_rows), **said, "seconds": round(seconds, 3)})
        return
    _show_places(progress, wrong)
    if progress.first is not None:
        OUT.print(f"the first event, for {progress.first.topic}:")
        OUT.print(orjson.dumps(_event(progress.first), option=orjson.OPT_INDENT_2).decode(), markup=False)
    events = f"{counted(count, 'event')} would be sent"
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(progress.kinds.items()))
    left_out = f"; {counted(progress.bad_rows, 'row')} would be left out" if progress.bad_rows else ""
    OUT.print(f"{events}{': ' if kinds else ''}{kinds}{left_out}")


def _show_places(progress: Progress, wrong: Sequence[Problem]) -> None:
    _list("warning", "magenta", progress.warnings, progress.doubts)
    _list("problem", "bold red", [*wrong, *progress.bad], len(wrong) + progress.bad_rows)


def _list(word: str, style: str, told: Sequence[Problem], count: int) -> None:
    for problem in told:
        ERRORS.print(Text.assemble((word, style), f"  {problem}"))
    if count > len(told):
        ERRORS.print(f"and {counted(count - len(told), f'more {word}')}")


def _places(progress: Progress, wrong: Sequence[Problem]) -> dict[str, object]:
    return {
        "bad_rows": progress.bad_rows,
        "doubts": progress.doubts,
        "problems": _listed([*wrong, *progress.bad]),
        "warnings": _listed(progress.warnings),
    }


def _listed(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [problem._asdict() for problem in problems]


def _event(message: Message) -> object:
    """The event as one JSON object, its attributes beside its data, whatever its form on the topic."""
    value, named = orjson.loads(message.value), attributes(message)
    return {**named, "data": value} if named else value
