"""Numbers for dashboards.

Every metric has its row in the catalogue below, with the sentence a person reads when it moves; a name that is not
there cannot be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nlargest
from typing import Final, Literal, NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from service.version import PYTHON, VERSION

METRICS_CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
"""The media type of `metrics_page`."""

CountName = Literal[
    "events_ingested",
    "dead_letters",
    "keys_misspelt",
    "decisions",
    "events_dropped",
    "claims",
    "fenced",
    "snapshots",
    "outputs_published",
    "rebuilds",
    "records_forgotten",
    "foreign_records",
    "source_gaps",
    "intake_repeats",
    "commits_refused",
    "task_failures",
    "configuration_ignored",
    "texts_failed",
    "workflows_paused",
    "workers_replaced",
    "log_lines_lost",
]
"""Something that happened; only grows."""
LevelName = Literal[
    "build_info",
    "lane_state",
    "lane_lag",
    "parked",
    "pool_waiting",
    "pool_turns",
    "pool_at_limit",
    "pool_limit_used",
    "pool_limit",
    "configuration_version",
    "source_lag",
    "source_stands",
    "trouble",
    "series_left_out",
]
"""Something that is so now."""
TimingName = Literal["batch_seconds", "event_to_decision_seconds", "takeover_seconds"]
"""How long something took, in seconds."""
LaneState = Literal["claiming", "owned", "silent", "halted"]
"""What a lane of this process is doing; a silent one was fenced and waits for the group. Others have no value here."""
LANE_STATES: Final[tuple[LaneState, ...]] = ("claiming", "owned", "silent", "halted")
BatchStep = Literal["poll", "load", "decide", "append", "advance", "publish"]
"""The steps of a lane's loop, as in the `step` label of `batch_seconds`."""

SERIES_MAX: Final = 200
"""So many series of a metric are shown that has one for each pool, division or partition: a scraper keeps them all."""


Fold = Literal["highest", "sum"]
"""How a level becomes one number where several processes show it on one page (`telemetry.folding`).

`highest`: each series is of one process alone, and of a handover what needs attention is shown; or all are equal.
`sum`: each process has some of it. What happened and how long it took is always summed.
"""


class Metric(NamedTuple):
    """One metric: its labels, in order, and the sentence that says what it tells. `buckets` are seconds."""

    sentence: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    fold: Fold = "highest"


_STEP_BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
_WAIT_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0)

COUNTS: Final[Mapping[CountName, Metric]] = {
    "events_ingested": Metric("Events read from the CRM's topics and sent to a lane.", ("topic",)),
    "dead_letters": Metric("Events that could not be read or decided; a person should look at each.", ("reason",)),
    "keys_misspelt": Metric(
        "Keys of events that were ignored and look like a known one, `key`: its sender may mean that.", ("key",)
    ),
    "decisions": Metric("Decisions by outcome: assigned, pending, rejected, released, nothing to do.", ("outcome",)),
    "events_dropped": Metric(
        "Events whose place a lane had taken before: `repeat`, a few after a restart and all that is sent again, or "
        "`unknown`, too old to tell. What was never decided is a dead letter, `taken_before`.",
        ("lane", "reason"),
    ),
    "claims": Metric("Times a lane was taken over; more than one per restart means the owners disagree.", ("lane",)),
    "fenced": Metric("Times a lane found a newer owner and stopped.", ("lane",)),
    "snapshots": Metric("Snapshots that landed complete in the log.", ("lane",)),
    "outputs_published": Metric("Messages published, those sent again after a take-over included.", ("topic",)),
    "rebuilds": Metric(
        "Times what a log holds was written anew into the memory; more than expected: it loses data.", ("lane",)
    ),
    "records_forgotten": Metric("Records forgotten by the daily sweeps: nothing was heard of them lately.", ("lane",)),
    "foreign_records": Metric("Records that somebody else wrote into a lane's topics; find out who does.", ("topic",)),
    "source_gaps": Metric(
        "Times a read of a source began above the last one's end and was repeated: `legal` gaps are left by "
        "transactions and compaction, `recovered` records had been dropped by the driver.",
        ("result",),
    ),
    "intake_repeats": Metric(
        "Times something unforeseen came up with a batch of source records and it was tried again."
    ),
    "commits_refused": Metric(
        "Commits of how far the CRM's topics are read that the broker refused: what they name may be read again."
    ),
    "task_failures": Metric("Times a part of the process met a bug and was begun again; the log has the stack."),
    "configuration_ignored": Metric(
        "Records of the configuration topic that do not count: `late` (somebody was first, with something else), "
        "`foreign` (not ours), `unreadable` (no client can read them).",
        ("why",),
    ),
    "texts_failed": Metric(
        "Texts for people that could not be filled in, so that the shipped one was sent, or no link: mend the template "
        "that the log names.",
        ("part",),
    ),
    "workflows_paused": Metric(
        "Times a workflow acted as often as it may in a day and was paused, for one `record` or as a `whole`; "
        "`fairlead workflows` says which, and any change of it but of `name`, `description` or `active` has it go on.",
        ("scope",),
    ),
    "workers_replaced": Metric(
        "Times a worker of `fairlead run --workers` had ended, or did not answer, and another was begun in its place; "
        "the log says why (`worker.ended`).",
        ("worker",),
    ),
    "log_lines_lost": Metric(
        "Lines of the log that could not be written: its disk is full, or nobody reads it any more. The work goes on."
    ),
}
LEVELS: Final[Mapping[LevelName, Metric]] = {
    "build_info": Metric("Always 1; the labels say which build this is, and on which Python.", ("version", "python")),
    "lane_state": Metric("1 for the state a lane is in, 0 for the others; `halted` needs a person.", ("lane", "state")),
    "lane_lag": Metric("Events that wait for a lane; growing means it cannot keep up.", ("lane",)),
    "parked": Metric("Records that wait for somebody to take them.", ("lane",)),
    "pool_waiting": Metric("Records that wait in a pool, or lie in a queue.", ("division", "pool")),
    "pool_turns": Metric("Turns that a pool has given since it began.", ("division", "pool")),
    "pool_at_limit": Metric("Members of a pool with limits who have no room now.", ("division", "pool")),
    "pool_limit_used": Metric(
        "How much of a limit of a pool as a whole is used now; `fairlead_pool_limit` says how much it allows.",
        ("division", "pool", "per"),
    ),
    "pool_limit": Metric("How much a limit of a pool as a whole allows.", ("division", "pool", "per")),
    "configuration_version": Metric("The newest configuration version in use.", ("division",)),
    "source_lag": Metric(
        "Records of a source partition that this process has still to read; growing means intake cannot keep up.",
        ("topic", "partition"),
    ),
    "source_stands": Metric(
        "1 for a source partition that cannot be read further; `/ready` says where and what to do.",
        ("topic", "partition"),
    ),
    "trouble": Metric(
        "How many things of a kind keep the process from being ready; `/ready` names them.", ("kind",), fold="sum"
    ),
    "series_left_out": Metric(
        "Of a metric with too many series, how many are not shown: those with the lowest values.",
        ("metric",),
        fold="sum",
    ),
}
TIMINGS: Final[Mapping[TimingName, Metric]] = {
    "batch_seconds": Metric("What a lane's batch spends its time on, by step.", ("step",), _STEP_BUCKETS),
    "event_to_decision_seconds": Metric(
        "From an event's arrival in its lane until what was decided is published; the longest of each batch.",
        (),
        _WAIT_BUCKETS,
    ),
    "takeover_seconds": Metric("From claiming a lane until it reads its first input.", (), _WAIT_BUCKETS),
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

    def show(self, name: LevelName, values: Mapping[tuple[str, ...], float]) -> None:
        """Show exactly these series, by the values of their labels in order; others of the metric go.

        Of more than `SERIES_MAX` those with the highest values are shown, and `series_left_out` says how many are not.
        """
        metric = self._levels[name]
        metric.clear()
        shown = values if len(values) <= SERIES_MAX else nlargest(SERIES_MAX, values, key=lambda of: (values[of], of))
        for labels in shown:
            metric.labels(*labels).set(values[labels])
        self.level("series_left_out", max(0, len(values) - SERIES_MAX), metric=f"fairlead_{name}")

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
METERS.level("build_info", 1, version=VERSION, python=PYTHON)


def metrics_page(meters: Meters = METERS) -> bytes:
    """All numbers in the text form that Prometheus reads."""
    return generate_latest(meters.registry)
