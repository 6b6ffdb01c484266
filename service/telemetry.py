"""How the service says what it does: log lines for people, numbers for dashboards.

Every metric has its row in the catalogue below, with the sentence a person reads when it moves; a name that is not
there cannot be used. Log lines are named `noun.past_participle` and carry key-value pairs, never a record's fields:
those are people's data, and a log is kept where nobody deletes it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TextIO

import orjson
import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from service.settings import LogSettings

METRICS_CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
"""The media type of `metrics_page`."""

CountName = Literal[
    "events_ingested",
    "dead_letters",
    "decisions",
    "claims",
    "fenced",
    "snapshots",
    "outputs_published",
    "rebuilds",
    "foreign_records",
]
"""Something that happened; only grows."""
LevelName = Literal["lane_state", "lane_lag", "parked", "configuration_version"]
"""Something that is so now."""
TimingName = Literal["batch_seconds", "event_to_decision_seconds", "takeover_seconds"]
"""How long something took, in seconds."""
LaneState = Literal["claiming", "owned", "silent", "halted"]
"""What a lane of this process is doing; a silent one was fenced and waits for the group. Others have no value here."""
LANE_STATES: Final[tuple[LaneState, ...]] = ("claiming", "owned", "silent", "halted")
BatchStep = Literal["poll", "load", "decide", "append", "advance", "publish"]
"""The steps of a lane's loop, as in the `step` label of `batch_seconds`."""


class Row(NamedTuple):
    """One metric: its labels, in order, and the sentence that says what it tells. `buckets` are seconds."""

    sentence: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_STEP_BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
_WAIT_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0)

COUNTS: Final[Mapping[CountName, Row]] = {
    "events_ingested": Row("Events read from the CRM's topics and sent to a lane.", ("topic",)),
    "dead_letters": Row("Events that could not be read or decided; a person should look at each.", ("reason",)),
    "decisions": Row("Decisions by outcome: assigned, pending, rejected, released, nothing.", ("outcome",)),
    "claims": Row("Times a lane was taken over; more than one per restart means the owners disagree.", ("lane",)),
    "fenced": Row("Times a lane found a newer owner and stopped.", ("lane",)),
    "snapshots": Row("Snapshots that landed complete in the log.", ("lane",)),
    "outputs_published": Row("Messages published, those sent again after a take-over included.", ("topic",)),
    "rebuilds": Row(
        "Times the memory was written anew from the log; more than expected means it loses data.", ("lane",)
    ),
    "foreign_records": Row("Records that somebody else wrote into a lane's topics; find out who does.", ("topic",)),
}
LEVELS: Final[Mapping[LevelName, Row]] = {
    "lane_state": Row("1 for the state a lane is in, 0 for the others; `halted` needs a person.", ("lane", "state")),
    "lane_lag": Row("Events that wait for a lane; growing means it cannot keep up.", ("lane",)),
    "parked": Row("Records that wait for somebody to take them.", ("lane",)),
    "configuration_version": Row("The newest configuration version in use.", ("division",)),
}
TIMINGS: Final[Mapping[TimingName, Row]] = {
    "batch_seconds": Row("What a lane's batch spends its time on, by step.", ("step",), _STEP_BUCKETS),
    "event_to_decision_seconds": Row(
        "From an event's arrival in its lane to its published decision; the longest of each batch.", (), _WAIT_BUCKETS
    ),
    "takeover_seconds": Row("From claiming a lane to its first batch.", (), _WAIT_BUCKETS),
}


class Meters:
    """The metrics of the catalogue in one registry. Labels are given by name, exactly those of the row."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._counts = {
            name: Counter(f"fairlead_{name}", row.sentence, row.labels, registry=registry)
            for name, row in COUNTS.items()
        }
        self._levels = {
            name: Gauge(f"fairlead_{name}", row.sentence, row.labels, registry=registry) for name, row in LEVELS.items()
        }
        self._timings = {
            name: Histogram(f"fairlead_{name}", row.sentence, row.labels, buckets=row.buckets, registry=registry)
            for name, row in TIMINGS.items()
        }

    def count(self, name: CountName, amount: int = 1, **labels: str) -> None:
        """Something happened `amount` times."""
        metric = self._counts[name]
        (metric.labels(**labels) if labels else metric).inc(amount)

    def level(self, name: LevelName, value: float, **labels: str) -> None:
        """Something is at `value` now."""
        metric = self._levels[name]
        (metric.labels(**labels) if labels else metric).set(value)

    def timing(self, name: TimingName, seconds: float, **labels: str) -> None:
        """Something took so long."""
        metric = self._timings[name]
        (metric.labels(**labels) if labels else metric).observe(seconds)

    def lane_is(self, lane: int, state: LaneState | None) -> None:
        """Show the state of a lane; none: it is not ours any more, and its numbers go."""
        if state is None:
            self._forget(str(lane))
            return
        for each in LANE_STATES:
            self.level("lane_state", int(each == state), lane=str(lane), state=each)

    def _forget(self, lane: str) -> None:
        for name, row in LEVELS.items():
            if "lane" in row.labels:
                self._levels[name].remove_by_labels({"lane": lane})


METERS: Final = Meters(REGISTRY)
"""The process's own metrics."""


def metrics_page(meters: Meters = METERS) -> bytes:
    """All numbers in the text form that Prometheus reads."""
    return generate_latest(meters.registry)


def configure_logging(settings: LogSettings, stream: TextIO) -> None:
    """Send every log line of the process, the libraries' too, to `stream` in one form.

    Whose output is read by a machine passes standard error. A module's logger is `structlog.get_logger()`.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json" or (settings.format == "auto" and not stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending = _json_ending() if as_json else _console_ending(stream)
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.root.handlers[:] = [handler]
    # Libraries tell at `info` what only their authors need to know.
    logging.root.setLevel(max(level, logging.WARNING))


def _json_ending() -> list[structlog.typing.Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]


def _console_ending(stream: TextIO) -> list[structlog.typing.Processor]:
    # The renderer's own trace-backs would show the variables, and with them people's data.
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)]


def _json(line: object, **_: Any) -> str:
    return orjson.dumps(line, default=repr).decode()
