"""What was measured, whether it is what is expected, and how it is told: a table, or JSON."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from service.core import decide
from service.core.state import Kind
from tests.backends.kafka_server import KAFKA_VERSION
from tests.bench.latency import Latency
from tests.bench.meters import StepCost
from tests.bench.peers import STREAMS
from tests.bench.remembered import Taken
from tests.bench.stage import Pace

COPY: Final = "copy loop"
BATCH_COPY: Final = "copy loop in batches"
NAIVE: Final = "naive service"
INGEST: Final = "ingest alone"
LANE: Final = "lane alone"
SERVICE: Final = "ingest and lane"
PACKAGES: Final = ("aiokafka", "faststream", "redis", "orjson", "pydantic")


LEAST_OF_CPU: Final = {(INGEST, COPY): 0.9}
"""How many events one does per second of processor time while the other does one."""
LEAST_OF_PACE: Final = {(LANE, COPY): 0.4, (SERVICE, COPY): 0.3, (SERVICE, NAIVE): 15.0, (SERVICE, STREAMS): 1.0}
"""How many events one does per second while the other does one."""
MOST_P50_MS: Final = 5.0
MOST_P99_MS: Final = 10.0
MOST_RECORD_BYTES: Final = 120.0
MOST_BYTES: Final[Mapping[Kind, float]] = {"person": 100.0, "pool": 250.0}
"""Of memory for one more, without leaves, windows and members."""
MOST_REBUILD_SECONDS: Final = 1.0


class Expected(NamedTuple):
    """A promise about speed, what was found, and whether it holds. `budget` says what takes how much of what it may."""

    what: str
    wanted: str
    found: float
    holds: bool
    budget: str


@dataclass(frozen=True)
class Steady:
    """A service that gets events at a steady rate: how long assignments took, how many snapshots were completed, and
    what a batch waited for.
    """

    latency: Latency
    snapshots: int
    split: Sequence[StepCost]


@dataclass(frozen=True)
class Memory:
    """What the memory needs, and how quickly it is there again.

    `bytes_per_record` is what one more takes, `fixed_bytes` what all lanes take without any. `rebuild_seconds`: from
    FLUSHALL to an assignment.
    """

    records: int
    bytes_per_record: float
    fixed_bytes: float
    rebuild_seconds: float


@dataclass(frozen=True)
class Report:
    """All that was measured. `paces` has one entry per contestant and round, `skipped` says why a peer has none."""

    machine: Mapping[str, str]
    seed: int
    payload_bytes: int
    events: Mapping[str, int]
    paces: Mapping[str, Sequence[Pace]]
    skipped: Mapping[str, str]
    split: Sequence[StepCost]
    calm: Steady
    steady: Steady
    memory: Memory
    remembered: Sequence[Taken]

    def pace(self, contestant: str) -> Pace:
        """The median of all rounds, in each of the two figures."""
        rounds = self.paces[contestant]
        return Pace(*(median(figures) for figures in zip(*rounds, strict=True)))

    def ratio(self, one: str, other: str) -> float:
        """How many events one does while the other does one."""
        return self.pace(one).events_per_second / self.pace(other).events_per_second

    def cpu_ratio(self, one: str, other: str) -> float:
        """How many events one does per second of processor time while the other does one."""
        return self.pace(other).cpu_us_per_event / self.pace(one).cpu_us_per_event

    def expectations(self) -> list[Expected]:
        """What is wanted on any machine, for most are ratios; the percentiles want two free processors."""
        found = [self._at_least(pair, least, self.cpu_ratio(*pair), " by CPU") for pair, least in LEAST_OF_CPU.items()]
        for pair, least in LEAST_OF_PACE.items():
            if pair[1] in self.paces:
                found.append(self._at_least(pair, least, self.ratio(*pair)))
        latency, memory = self.steady.latency, self.memory
        waits = f"a batch waits for: {_longest(self.steady.split, lambda step: step.ms_per_batch)} ms"
        fixed = f"one more takes so much, all lanes without any {memory.fixed_bytes / 1e6:.1f} MB"
        known = f"{memory.records:,} records are read from the newest snapshot and the log, and written anew"
        return [
            *found,
            _at_most("p50 in ms", MOST_P50_MS, latency.p50_ms, waits),
            _at_most("p99 in ms", MOST_P99_MS, latency.p99_ms, waits),
            _at_most("bytes of memory per record", MOST_RECORD_BYTES, memory.bytes_per_record, fixed),
            *(
                _at_most(f"bytes of memory per {each.kind}", MOST_BYTES[each.kind], each.held_bytes, _sent(each))
                for each in self.remembered
                if each.kind in MOST_BYTES
            ),
            _at_most("FLUSHALL to assignment in s", MOST_REBUILD_SECONDS, memory.rebuild_seconds, known),
        ]

    def _at_least(self, pair: tuple[str, str], least: float, found: float, of: str = "") -> Expected:
        """A ratio of two contestants, with the processor time that one may take if the other takes what it takes."""
        one, other = pair
        taken, other_taken = self.pace(one).cpu_us_per_event, self.pace(other).cpu_us_per_event
        budget = f"{taken:.0f} µs of CPU per event; {least:g} of {other} leaves {other_taken / least:.0f}"
        if one == LANE:
            budget += f"; waits: {_longest(self.split, lambda step: step.us_per_event)} µs"
        return Expected(f"{one} / {other}{of}", f"at least {least:g}", found, found >= least, budget)

    def as_json(self) -> dict[str, object]:
        """Everything, with names."""
        return {
            **asdict(self),
            "paces": {name: [pace._asdict() for pace in rounds] for name, rounds in self.paces.items()},
            "split": [step._asdict() for step in self.split],
            "calm": _steady_as_json(self.calm),
            "steady": _steady_as_json(self.steady),
            "remembered": [each._asdict() for each in self.remembered],
            "expectations": [each._asdict() for each in self.expectations()],
        }


def _steady_as_json(steady: Steady) -> dict[str, object]:
    split = [step._asdict() for step in steady.split]
    return {"latency": steady.latency._asdict(), "snapshots": steady.snapshots, "split": split}


def _at_most(what: str, most: float, found: float, budget: str) -> Expected:
    return Expected(what, f"at most {most:g}", found, found <= most, budget)


def _sent(taken: Taken) -> str:
    return f"name and value have {taken.sent_bytes:.0f} bytes; values above 64 bytes take some 90 more each"


def _longest(split: Sequence[StepCost], cost: Callable[[StepCost], float]) -> str:
    """The steps that take time, the longest first; waiting for inputs is none."""
    steps = sorted((step for step in split if step.step != "poll"), key=cost, reverse=True)
    return ", ".join(f"{step.step} {cost(step):.1f}" for step in steps)


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
    memory = report.memory
    table = Table("figure", "value", title="How long, how large")
    for steady in (report.calm, report.steady):
        latency = steady.latency
        waits = f"p50 {latency.p50_ms:.1f}   p95 {latency.p95_ms:.1f}   p99 {latency.p99_ms:.1f}"
        rate = f"{latency.events_per_second:,.0f}/s, {steady.snapshots} snapshots completed"
        table.add_row(f"event to assignment at {rate}, ms", f"{waits}   worst {latency.worst_ms:.1f}")
    table.add_row(f"FLUSHALL with {memory.records:,} records to the next assignment", f"{memory.rebuild_seconds:.2f} s")
    table.add_row("memory of one more record", f"{memory.bytes_per_record:.0f} bytes")
    for each in report.remembered:
        table.add_row(f"memory of one more {each.kind}", f"{each.held_bytes:.0f} bytes, {each.sent_bytes:.0f} sent")
    table.add_row("memory of all lanes without any", f"{memory.fixed_bytes / 1e6:.1f} MB")
    for name, why in report.skipped.items():
        table.add_row(f"{name} was skipped", why)
    return table


def _expectation_table(report: Report) -> Table:
    table = Table("expected", "wanted", "found", "", "what explains it", title="Expectations")
    for each in report.expectations():
        holds = "holds" if each.holds else "FAILS"
        table.add_row(each.what, each.wanted, f"{each.found:.2f}", holds, "" if each.holds else each.budget)
    return table


def _processors() -> int:
    return Path("/proc/cpuinfo").read_text("utf-8").count("processor\t:")


def _processor_name() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
