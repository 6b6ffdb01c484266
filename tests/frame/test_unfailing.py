"""A line of the log that cannot be written costs nobody their work."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

import orjson
import pytest
import structlog

from service.app.troubles import about_log
from service.settings import LogSettings
from service.telemetry.logs import configure_logging
from service.telemetry.metrics import METERS, metrics_page
from service.telemetry.unfailing import unfailing

PIECE: Final = b"x" * 4_096


def lost() -> float:
    """How many lines the process has lost."""
    page = metrics_page(METERS).decode()
    return next((float(line.split()[1]) for line in page.splitlines() if line.startswith("fairlead_log_lines_lost")), 0)


def full_disk(_: Path) -> TextIO:
    return Path("/dev/full").open("w", encoding="utf-8")  # the test closes it


def reader_is_gone(_: Path) -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w", encoding="utf-8")


def pipe_that_takes_nothing(_: Path) -> TextIO:
    """Whoever else has the pipe may have said that nobody waits for it."""
    _reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, PIECE):
            pass
    return os.fdopen(writing, "w", encoding="utf-8")


def read_only(folder: Path) -> TextIO:
    (folder / "log").touch()
    return os.fdopen(os.open(folder / "log", os.O_RDONLY), "w", encoding="utf-8")


@pytest.fixture(params=[full_disk, reader_is_gone, pipe_that_takes_nothing, read_only])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TextIO]:
    with request.param(tmp_path) as stream:
        yield stream


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("form", ["json", "console"])
def test_who_says_something_never_hears_that_nobody_could_write_it(broken: TextIO, form: str) -> None:
    before = lost()
    configure_logging(LogSettings(level="info", format=form), broken)  # type: ignore[arg-type]  # a word of two

    structlog.get_logger().info("lane.claimed", lane=3)
    structlog.get_logger().error("thing.failed", much="x" * 100_000)
    logging.getLogger("a.library").warning("no broker at %s", "a:1")

    assert lost() - before == 3
    (told,) = about_log()
    assert told.name == "log_line_lost"
    assert "lines that could not be written: 3, the last by " in told.what
    broken.flush()  # nothing is kept back that would fail when the program ends


def test_nothing_is_written_to_whoever_has_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    stream = (tmp_path / "log").open("w", encoding="utf-8")
    lossy, number = unfailing(stream), stream.fileno()
    stream.close()
    with (tmp_path / "other").open("w", encoding="utf-8") as other:
        assert other.fileno() == number
        lossy.write("line\n")
    assert (tmp_path / "other").read_text() == ""


def test_a_closed_stream_is_as_good_as_none() -> None:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    stream = unfailing(os.fdopen(descriptor, "w", encoding="utf-8", closefd=False))
    os.close(descriptor)
    stream.write("line\n")
    stream.flush()


def test_what_can_be_written_is_there_at_once_and_in_one_piece(tmp_path: Path) -> None:
    """Nothing waits in a buffer: who is killed has said what they said."""
    with (tmp_path / "log").open("w", encoding="ascii") as file:
        configure_logging(LogSettings(), file)
        for number in range(3):
            structlog.get_logger().info("thing.done", number=number, text="é" * 50_000)
            written = (tmp_path / "log").read_bytes().splitlines()
            assert [orjson.loads(line)["number"] for line in written] == list(range(number + 1))


def test_what_is_in_memory_is_written_as_it_was() -> None:
    stream = io.StringIO()
    assert unfailing(stream) is stream
