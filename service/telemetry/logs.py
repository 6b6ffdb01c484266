"""Log lines for people.

They are named `noun.past_participle` and carry key-value pairs, never a record's fields: those are people's data, and a
log is kept where nobody deletes it.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any, Final, TextIO

import structlog

from service.printable import LONGEST, masked, printable, printable_json
from service.settings import LogSettings
from service.telemetry.sieve import Sieve
from service.telemetry.unfailing import unfailing

_CHANGING: Final = re.compile(r"0x[0-9a-fA-F]+|\d+")

_TRACES: Final = frozenset({"exception", "stack"})
LONGEST_TRACE: Final = 50_000
"""Characters of a trace on a console."""


class Condensed(logging.Filter):
    """Lets the first line of a kind pass, then one a minute that says how many were left out.

    For the lines of libraries: a driver whose broker is away writes hundreds a second, among which nobody finds ours.
    Lines are of one kind when logger, level and message agree, but for numbers and what is put into the message.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._sieve = Sieve(clock)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        first_line = str(record.msg).partition("\n")[0][:200]
        kind = (record.name, record.levelno, _CHANGING.sub("#", first_line))
        if not self._sieve.knows(kind):
            kind = (record.name, record.levelno, "")
        left_out = self._sieve.left_out(kind)
        if left_out:
            record.left_out = left_out
        return left_out is not None


def configure_logging(settings: LogSettings, stream: TextIO, *, worker: int | None = None) -> None:
    """Send every log line of the process, the libraries' too, to `stream` in one form.

    A line that cannot be written is lost, and who said it does not hear of it (`unfailing`). Whose output is read by a
    machine passes standard error. A module's logger is `structlog.get_logger()`. `worker` stands in each line where
    several processes share the stream.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json" or (settings.format == "auto" and not stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if worker is None else [_of_worker(worker)]),
    ]
    ending = _json_ending() if as_json else _console_ending(stream)
    lossy = unfailing(stream)
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A line and its end in one write: several processes share the stream.
        logger_factory=structlog.WriteLoggerFactory(lossy),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lossy)
    handler.addFilter(Condensed())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(allow=["left_out"]),
                *shared,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.root.handlers[:] = [handler]
    # Libraries tell at `info` what only their authors need to know.
    logging.root.setLevel(max(level, logging.WARNING))


def _of_worker(worker: int) -> structlog.typing.Processor:
    def named(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**line, "worker": worker}

    return named


def _json_ending() -> list[structlog.typing.Processor]:
    return [structlog.processors.format_exc_info, _masked, structlog.processors.JSONRenderer(_json)]


def _console_ending(stream: TextIO) -> list[structlog.typing.Processor]:
    # The renderer's own trace-backs would show the variables, and with them people's data.
    return [
        structlog.processors.format_exc_info,
        _masked,
        _printable,
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback),
    ]


def _printable(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What a terminal would obey becomes an escape. Traces keep their lines."""
    return {printable(key): _shown(key, value) for key, value in line.items()}


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    is_trace = key in _TRACES
    return printable(str(value), LONGEST_TRACE if is_trace else LONGEST, lines=is_trace)


def _masked(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Addresses, which drivers like to name, lose their logins."""
    return {key: _without_logins(value) for key, value in line.items()}


def _without_logins(value: Any) -> Any:
    match value:
        case str():
            return masked(value)
        case list() | tuple():
            return [_without_logins(each) for each in value]
        case dict():
            return {key: _without_logins(each) for key, each in value.items()}
        case bool() | int() | float() | None:
            return value
        case _:
            return masked(repr(value))


def _json(line: object, **_: Any) -> str:
    return printable_json(line, repr)
