"""What the service says about itself."""

from __future__ import annotations

import io
import logging
import re
from typing import Any, get_args

import orjson
import pytest
import structlog
from prometheus_client import CollectorRegistry

from service.settings import LogSettings
from service.telemetry.logs import Condensed, configure_logging
from service.telemetry.metrics import (
    COUNTS,
    LANE_STATES,
    LEVELS,
    TIMINGS,
    CountName,
    LaneState,
    LevelName,
    Meters,
    TimingName,
    metrics_page,
)
from service.telemetry.sieve import KINDS_MAX
from service.version import PYTHON, VERSION
from tests.test_printable import is_harmless


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def meters() -> Meters:
    return Meters(CollectorRegistry())


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_where_nobody_reads_along() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)

    structlog.get_logger().info("lane.claimed", lane=3)

    (line,) = lines(stream)
    assert line["event"] == "lane.claimed"
    assert line["lane"] == 3
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_is_readable_on_a_terminal() -> None:
    stream = Terminal()
    configure_logging(LogSettings(), stream)

    structlog.get_logger().info("lane.claimed", lane=3)

    assert "lane.claimed" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_libraries_speak_in_the_same_form() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)

    logging.getLogger("a.library").warning("no broker at %s", "a:1")

    (line,) = lines(stream)
    assert (line["event"], line["logger"]) == ("no broker at a:1", "a.library")


class Flood:
    """A library that says much, at times that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.filter = Condensed(lambda: self.now)
        self.passed: list[tuple[str, int]] = []

    def say(self, message: str, *arguments: object, logger: str = "aiokafka", level: int = logging.ERROR) -> None:
        record = logging.LogRecord(logger, level, "", 0, message, arguments, None)
        if self.filter.filter(record):
            self.passed.append((record.getMessage(), getattr(record, "left_out", 0)))


def test_of_a_flood_the_first_line_passes_and_then_one_a_minute() -> None:
    """38,000 lines of a driver hide the one that says what happened."""
    flood = Flood()
    for tick in range(1_200):
        flood.now = tick / 10
        flood.say("no broker at %s, attempt %d", f"node-{tick % 3}", tick)
    assert flood.passed == [("no broker at node-0, attempt 0", 0), ("no broker at node-0, attempt 600", 599)]


@pytest.mark.parametrize(
    "other",
    [
        {"message": "the group is gone"},
        {"message": "no broker", "logger": "redis"},
        {"message": "no broker", "level": logging.WARNING},
    ],
    ids=str,
)
def test_another_kind_is_not_hidden(other: dict[str, Any]) -> None:
    flood = Flood()
    flood.say("no broker")
    flood.say(**other)
    assert len(flood.passed) == 2


def test_numbers_and_addresses_make_no_kind() -> None:
    """Some libraries put them into the message themselves; of several lines the first counts."""
    flood = Flood()
    for number in range(50):
        flood.say(f"Task {number} at {hex(id(flood) + number)} was never awaited\nsource_traceback {'x' * number}")
    assert len(flood.passed) == 1


def test_kinds_are_bounded() -> None:
    """A library whose every message is another one does not fill the memory, nor the log."""
    flood = Flood()
    for number in range(10 * KINDS_MAX):
        flood.say("kind " + "".join(chr(97 + int(digit)) for digit in str(number)))
    assert len(flood.filter._sieve._kinds) == KINDS_MAX + 1
    assert len(flood.passed) == KINDS_MAX + 1


def test_how_many_lines_were_left_out_is_a_key_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)
    (condensed,) = logging.root.handlers[0].filters
    assert isinstance(condensed, Condensed)
    now = 0.0
    monkeypatch.setattr(condensed._sieve, "_clock", lambda: now)
    for _ in range(5):
        logging.getLogger("a_library").error("no broker")
    now = 61.0
    logging.getLogger("a_library").error("no broker")
    assert [line.get("left_out") for line in lines(stream)] == [None, 4]


def test_what_is_below_the_level_is_not_said() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(level="warning"), stream)

    structlog.get_logger().info("lane.claimed")
    logging.getLogger("a.library").info("joined")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "console"])
def test_a_trace_back_shows_no_variables(stream: io.StringIO) -> None:
    """They would hold people's data."""
    configure_logging(LogSettings(), stream)
    secret = str(40_000 + 2_005)

    try:
        int(secret) / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("event.failed")

    assert "ZeroDivisionError" in stream.getvalue()
    assert secret not in stream.getvalue()


def failing(text: str) -> None:
    raise ValueError(text)


NASTY = "a\x1b[2J\x9b31m\u202e\ud800\x00\nforged"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["json", "console"])
def test_no_line_holds_what_a_terminal_obeys(stream: type[io.StringIO]) -> None:
    """Drivers quote what others sent; only the colours are ours."""
    written = stream()
    configure_logging(LogSettings(), written)

    try:
        failing(NASTY)
    except ValueError as error:
        structlog.get_logger().exception("event.failed", why=NASTY, more=[NASTY], error=error, **{NASTY: NASTY})
        logging.getLogger(NASTY).warning("said %s", NASTY)

    text = re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())
    assert is_harmless(text, "\n")
    assert not any(line.startswith("forged") for line in text.splitlines() if "Traceback" not in text)
    if stream is io.StringIO:
        assert len(lines(written)) == 2


@pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["json", "console"])
def test_no_line_holds_the_login_of_an_address(stream: type[io.StringIO]) -> None:
    written = stream()
    configure_logging(LogSettings(), written)
    address = "redis://ann:hush@example.org/0?password=hush"

    try:
        failing(address)
    except ValueError as error:
        structlog.get_logger().exception("event.failed", why=address, more=[{"at": address}], error=error)
        logging.getLogger("a.library").warning("no answer from %s", address)

    assert "hush" not in written.getvalue()
    assert "example.org" in written.getvalue()


def test_a_line_is_written_in_one_piece_and_names_its_worker() -> None:
    """Several processes may share the stream, which writes through: between two pieces another's line would stand."""
    pieces: list[str] = []

    class Pieces(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    configure_logging(LogSettings(), Pieces(), worker=2)
    structlog.get_logger().info("thing.done", much="x" * 20_000)
    logging.getLogger("a.library").warning("trouble")

    assert [piece.count("\n") for piece in pieces] == [1, 1]
    assert [orjson.loads(piece)["worker"] for piece in pieces] == [2, 2]


def test_the_catalogue_has_a_sentence_for_every_name() -> None:
    assert set(COUNTS) == set(get_args(CountName))
    assert set(LEVELS) == set(get_args(LevelName))
    assert set(TIMINGS) == set(get_args(TimingName))
    assert set(LANE_STATES) == set(get_args(LaneState))
    assert all(row.sentence.endswith(".") for table in (COUNTS, LEVELS, TIMINGS) for row in table.values())


def test_numbers_are_on_the_page_under_their_names(meters: Meters) -> None:
    meters.count("decisions", 3, outcome="assigned")
    meters.level("lane_lag", 7, lane="2")
    meters.timing("batch_seconds", 0.2, step="append")

    page = metrics_page(meters).decode()

    assert 'fairlead_decisions_total{outcome="assigned"} 3.0' in page
    assert 'fairlead_lane_lag{lane="2"} 7.0' in page
    assert 'fairlead_batch_seconds_count{step="append"} 1.0' in page


def test_the_page_says_which_build_this_is() -> None:
    assert f'fairlead_build_info{{python="{PYTHON}",version="{VERSION}"}} 1.0' in metrics_page().decode()


def test_a_label_that_the_catalogue_does_not_have_is_an_error(meters: Meters) -> None:
    with pytest.raises(ValueError, match="label"):
        meters.count("decisions", person="ann")


def test_a_lane_is_in_one_state_and_disappears_when_it_is_not_ours(meters: Meters) -> None:
    meters.lane_is(3, "claiming")
    meters.lane_is(3, "owned")
    page = metrics_page(meters).decode()
    assert 'fairlead_lane_state{lane="3",state="owned"} 1.0' in page
    assert 'fairlead_lane_state{lane="3",state="claiming"} 0.0' in page

    meters.lane_is(3, None)

    assert 'lane="3"' not in metrics_page(meters).decode()
