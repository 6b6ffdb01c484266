"""What was measured, whether it is what is expected, and how it is told: a table, or JSON."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from service.core import decide
from tests.backends.kafka_server import KAFKA_VERSION
from tests.bench.latency import Latency
from tests.bench.meters import StepCost
from tests.bench.stage import Pace

COPY: Final = "copy loop"
BATCH_COPY: Final = "copy loop in batches"
NAIVE: Final = "naive service"
INGEST: Final = "ingest alone"
LANE: Final = "lane alone"
SERVICE: Final = "ingest and lane"
PACKAGES: Final = ("aiokafka", "faststream", "redis", "orjson", "pydantic")


class Expected(NamedTuple):
    """A promise about speed, what was found, and whether it holds."""

    what: str
    wanted: str
    found: float
    holds: bool


@dataclass(frozen=True)
class Memory:
    """What the memory needs, and how quickly it is there again. `rebuild_seconds`: from FLUSHALL to an assignment."""

    records: int
    bytes_per_record: float
    rebuild_seconds: float


@dataclass(frozen=True)
class Report:
    """All that was measured. `paces` has one entry per contestant and round."""

    machine: Mapping[str, str]
    seed: int
    payload_bytes: int
    events: Mapping[str, int]
    paces: Mapping[str, Sequence[Pace]]
    split: Sequence[StepCost]
    latency: Latency
    snapshots: int
    memory: Memory

    def pace(self, contestant: str) -> Pace:
        """The median of all rounds, in each of the two figures."""
        rounds = self.paces[contestant]
        return Pace(*(median(figures) for figures in zip(*rounds, strict=True)))

    def ratio(self, one: str, other: str) -> float:
        """How many events one does while the other does one."""
        return self.pace(one).events_per_second / self.pace(other).events_per_second

    def expectations(self) -> list[Expected]:
        """What must hold on any machine, for they are ratios; the percentile wants two free processors."""
        to_copy, to_naive = self.ratio(SERVICE, COPY), self.ratio(SERVICE, NAIVE)
        waited = self.latency.p99_ms
        return [
            Expected(f"{SERVICE} / {COPY}", "at least 0.3", to_copy, to_copy >= 0.3),
            Expected(f"{SERVICE} / {NAIVE}", "at least 8", to_naive, to_naive >= 8),
            Expected("p99 in ms", "at most 50", waited, waited <= 50),
        ]

    def as_json(self) -> dict[str, object]:
        """Everything, with names."""
        return {
            **asdict(self),
            "paces": {name: [pace._asdict() for pace in rounds] for name, rounds in self.paces.items()},
            "split": [step._asdict() for step in self.split],
            "latency": self.latency._asdict(),
            "expectations": [each._asdict() for each in self.expectations()],
        }


def machine() -> dict[str, str]:
    """What the figures depend on besides the code."""
    return {
        "processor": f"{_processors()} × {_processor_name()}",
        "python": platform.python_version(),
        "core": "interpreted" if str(decide.__file__).endswith(".py") else "compiled",
        "kafka": KAFKA_VERSION,
        **{name: version(name) for name in PACKAGES},
    }


def show(report: Report, console: Console) -> None:
    """Print the tables that people read."""
    told = ", ".join(f"{name} {what}" for name, what in report.machine.items())
    console.print(f"{told}; events of {report.payload_bytes} bytes, seed {report.seed}", highlight=False)
    console.print(_pace_table(report))
    console.print(_split_table(report))
    console.print(_single_figures(report))
    console.print(_expectation_table(report))


def _pace_table(report: Report) -> Table:
    table = Table("contestant", title="How fast (median of the rounds; the first fifth of the events is warm-up)")
    for heading in ("events", "events/s", "CPU µs/event", f"/ {COPY}", f"/ {NAIVE}"):
        table.add_column(heading, justify="right")
    for name in report.paces:
        pace = report.pace(name)
        ratios = (f"{report.ratio(name, COPY):.2f}", f"{report.ratio(name, NAIVE):.1f}")
        figures = (f"{pace.events_per_second:,.0f}", f"{pace.cpu_us_per_event:.1f}")
        table.add_row(name, f"{report.events[name]:,}", *figures, *ratios)
    return table


def _split_table(report: Report) -> Table:
    table = Table("step", title=f"What a batch of the {LANE} waits for")
    table.add_column("ms/batch", justify="right")
    table.add_column("µs/event", justify="right")
    for step in report.split:
        table.add_row(step.step, f"{step.ms_per_batch:.2f}", f"{step.us_per_event:.1f}")
    return table


def _single_figures(report: Report) -> Table:
    latency, memory = report.latency, report.memory
    table = Table("figure", "value", title="How long, how large")
    waits = (
        f"p50 {latency.p50_ms:.1f}   p95 {latency.p95_ms:.1f}   p99 {latency.p99_ms:.1f}   worst {latency.worst_ms:.1f}"
    )
    table.add_row(f"event to assignment at {latency.events_per_second:,.0f}/s, ms", waits)
    table.add_row("… of how many events, with snapshots completed", f"{latency.events:,}, {report.snapshots}")
    table.add_row(f"FLUSHALL with {memory.records:,} records to the next assignment", f"{memory.rebuild_seconds:.2f} s")
    table.add_row("memory per record", f"{memory.bytes_per_record:.0f} bytes")
    return table


def _expectation_table(report: Report) -> Table:
    table = Table("expected", "wanted", "found", "", title="Expectations")
    for each in report.expectations():
        table.add_row(each.what, each.wanted, f"{each.found:.2f}", "holds" if each.holds else "FAILS")
    return table


def _processors() -> int:
    return Path("/proc/cpuinfo").read_text("utf-8").count("processor\t:")


def _processor_name() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
