"""What the benchmark expects: each goal is judged by what was measured; what is missed says what takes how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from rich.console import Console

from service.core.state import Changes, Kind
from tests.bench.latency import Latency
from tests.bench.meters import StepCost, split_of
from tests.bench.peers import PEERS, STREAMS
from tests.bench.remembered import Taken, of_people, of_pools
from tests.bench.report import (
    BATCH_COPY,
    COPY,
    INGEST,
    LANE,
    NAIVE,
    SERVICE,
    Expected,
    Memory,
    Report,
    Steady,
    machine,
    show,
)
from tests.bench.stage import Pace

FAST = {COPY: 10_000, BATCH_COPY: 20_000, NAIVE: 200, INGEST: 9_000, LANE: 4_000, SERVICE: 3_000, STREAMS: 3_000}
SMALL = [Taken("person", 60.0, 100.0), Taken("pool", 41.0, 250.0), Taken("seat", 34.0, 45.0)]
SPLIT = [StepCost("poll", 9.0, 90.0), StepCost("decide", 2.0, 134.0), StepCost("append", 1.0, 12.5)]


def report(
    paces: dict[str, int],
    p50_ms: float = 5.0,
    p99_ms: float = 10.0,
    memory: Memory | None = None,
    remembered: Sequence[Taken] = SMALL,
) -> Report:
    """A run in which a contestant takes all of a processor while it works."""
    steady = Steady(Latency(p50_ms, 7.0, p99_ms, 20.0, 9_000, 1_000.0), 3, SPLIT)
    return Report(
        machine=machine(),
        seed=1,
        payload_bytes=856,
        events=dict.fromkeys(paces, 10_000),
        paces={name: [Pace(pace, 1e6 / pace)] for name, pace in paces.items()},
        skipped={} if STREAMS in paces else {STREAMS: "there is no mvn"},
        split=SPLIT,
        calm=steady,
        steady=steady,
        memory=memory or Memory(100_000, 120.0, 7e6, 1.0),
        remembered=remembered,
    )


def missed(found: Report) -> list[Expected]:
    return [each for each in found.expectations() if not each.holds]


def test_what_is_just_reached_holds() -> None:
    """Every figure at its bound."""
    found = report(FAST)
    assert (len(found.expectations()), missed(found)) == (11, [])


@pytest.mark.parametrize(
    ("slower", "what", "budget"),
    [
        (INGEST, f"{INGEST} / {COPY} by CPU", "167 µs of CPU per event; 0.9 of copy loop leaves 111"),
        (LANE, f"{LANE} / {COPY}", "leaves 250; waits: decide 134.0, append 12.5 µs"),
        (SERVICE, f"{SERVICE} / {STREAMS}", "500 µs of CPU per event; 1 of Kafka Streams leaves 333"),
    ],
)
def test_what_is_missed_says_what_it_takes_and_what_it_may(slower: str, what: str, budget: str) -> None:
    (told,) = [each for each in missed(report(FAST | {slower: FAST[slower] * 2 // 3})) if each.what == what]
    assert budget in told.budget


def test_each_single_figure_has_its_bound() -> None:
    found = report(FAST, p50_ms=5.1, p99_ms=10.1, memory=Memory(100_000, 121.0, 7e6, 1.1))
    assert [each.wanted for each in missed(found)] == ["at most 5", "at most 10", "at most 120", "at most 1"]


def test_what_takes_too_much_memory_is_told_with_what_is_sent() -> None:
    """A member's seat has no bound of its own."""
    found = report(
        FAST, remembered=[Taken("person", 175.0, 265.0), Taken("pool", 41.0, 251.0), Taken("seat", 34.0, 900.0)]
    )
    assert [(each.what, each.budget[:29]) for each in missed(found)] == [
        ("bytes of memory per person", "name and value have 175 bytes"),
        ("bytes of memory per pool", "name and value have 41 bytes;"),
    ]


@pytest.mark.parametrize(("of", "kinds"), [(of_people, ["person"]), (of_pools, ["pool", "seat"])])
def test_what_is_counted_is_there(of: Callable[[range], Iterator[Changes]], kinds: list[Kind]) -> None:
    """As many as are asked for, each with what was heard of it."""
    for kind, changes in zip(kinds, of(range(3, 6)), strict=True):
        assert [len(each) for each in changes.values()] == [3]
        assert list(changes) == [kind]


def test_a_peer_that_cannot_run_is_told_with_its_reason_and_nothing_is_expected_of_it() -> None:
    found = report({name: pace for name, pace in FAST.items() if name != STREAMS})
    console = Console(record=True, width=200)
    show(found, console)
    assert "there is no mvn" in console.export_text()
    assert [each.what for each in found.expectations() if STREAMS in each.what] == []
    assert [peer.name for peer in PEERS] == [STREAMS]


def test_all_of_it_is_in_the_json() -> None:
    told = report(FAST).as_json()
    assert {"calm", "steady", "memory", "skipped", "expectations"} <= told.keys()


def test_the_split_is_of_what_passed_since() -> None:
    """A process that has worked before is measured from a moment on."""
    before = {("fairlead_decisions_total", "assigned"): 10.0}
    after = {("fairlead_decisions_total", "assigned"): 30.0}
    for step in ("poll", "load", "decide", "append", "advance", "publish"):
        before |= {("fairlead_batch_seconds_count", step): 5.0, ("fairlead_batch_seconds_sum", step): 1.0}
        after |= {("fairlead_batch_seconds_count", step): 15.0, ("fairlead_batch_seconds_sum", step): 1.1}
    found = {cost.step: (round(cost.ms_per_batch, 6), round(cost.us_per_event, 6)) for cost in split_of(after, before)}
    assert found["decide"] == (10.0, 5_000.0)
