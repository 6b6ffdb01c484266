"""The pages of several processes as one: every number is there, none is counted twice, and what counts never falls."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from service.telemetry.folding import MetricsPage, added, counted, folded, read_page
from service.telemetry.metrics import COUNTS, LEVELS, SERIES_MAX, TIMINGS, LevelName, Meters, metrics_page

OUTCOMES = ("assigned", "pending")


def page(meters: Meters) -> MetricsPage:
    return read_page(metrics_page(meters))


def showing(decided: Mapping[str, int], seconds: list[float], lag: Mapping[str, int]) -> MetricsPage:
    """What a process shows that has decided so much, taken so long, and has these lanes."""
    meters = Meters(CollectorRegistry())
    for outcome, times in decided.items():
        meters.count("decisions", times, outcome=outcome)
    for each in seconds:
        meters.timing("takeover_seconds", each)
    meters.show("lane_lag", {(lane,): events for lane, events in lag.items()})
    return page(meters)


def drawn(chance: Random) -> MetricsPage:
    """Some page. Seconds are such that their sum is exact in any order."""
    return showing(
        {outcome: chance.randrange(1_000) for outcome in OUTCOMES if chance.random() < 0.7},
        [chance.choice([0.25, 7.0, 8_192.0]) for _ in range(chance.randrange(4))],
        {lane: chance.randrange(50) for lane in "0123" if chance.random() < 0.5},
    )


PAGES = st.sampled_from([drawn(Random(seed)) for seed in range(12)])
CREWS = st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), PAGES, min_size=1)


def of(folded_page: MetricsPage, name: str) -> dict[tuple[str, ...], float]:
    """The series of a metric, by the values of their labels, and the sample's name where it is not the metric's."""
    series = folded_page[name].series if name in folded_page else {}
    return {
        (*(value for _, value in labels), sample.removeprefix(name)): value
        for (sample, labels), value in series.items()
    }


@settings(max_examples=40)
@given(CREWS)
def test_what_was_counted_is_the_sum_and_a_level_is_the_highest(crew: dict[str, MetricsPage]) -> None:
    said = read_page(folded(crew))
    for name, combine in (("fairlead_decisions", sum), ("fairlead_takeover_seconds", sum), ("fairlead_lane_lag", max)):
        each = [of(one, name) for one in crew.values()]
        keys = {key for series in each for key in series}
        assert of(said, name) == {key: combine(one[key] for one in each if key in one) for key in keys}


@settings(max_examples=40)
@given(CREWS)
def test_the_order_of_workers_means_nothing(crew: dict[str, MetricsPage]) -> None:
    backwards = dict(reversed(crew.items()))
    assert read_page(folded(backwards)) == read_page(folded(crew))


@settings(max_examples=40)
@given(CREWS, PAGES)
def test_a_worker_that_ends_takes_nothing_with_it_that_was_counted(
    crew: dict[str, MetricsPage], gone: MetricsPage
) -> None:
    """What falls is taken for a start from zero: all that is left would count once more."""
    before = read_page(folded(crew, counted(gone)))
    ended, left = crew.popitem()[1], crew
    after = read_page(folded(left, added(gone, ended)))
    for name in ("fairlead_decisions", "fairlead_takeover_seconds"):
        assert of(after, name) == of(before, name)


@settings(max_examples=40)
@given(PAGES)
def test_one_worker_alone_shows_what_it_shows(alone: MetricsPage) -> None:
    """All of it, but for the moments at which counters began."""
    assert read_page(folded({"1": alone})) == alone


def test_each_row_of_the_catalogue_is_folded_and_nothing_else_is() -> None:
    """What the client library tells of a process is told of each."""
    registry = CollectorRegistry()
    meters = Meters(registry)
    for count, row in COUNTS.items():
        meters.count(count, 3, **dict.fromkeys(row.labels, "x"))
    for level, row in LEVELS.items():
        meters.level(level, 3, **dict.fromkeys(row.labels, "x"))
    for timing, row in TIMINGS.items():
        meters.timing(timing, 3, **dict.fromkeys(row.labels, "x"))
    one = page(meters)
    two = read_page(folded({"1": one, "2": one}))
    summed = {f"fairlead_{name}" for name in (*COUNTS, *TIMINGS, "trouble", "series_left_out")}
    assert two.keys() == one.keys()
    for name, shown in two.items():
        times = 2 if name in summed else 1
        assert shown.series == {key: value * times for key, value in one[name].series.items()}, name


def test_what_is_of_a_process_alone_says_whose_it_is() -> None:
    both = folded({"parent": read_page(metrics_page()), "1": read_page(metrics_page())}).decode()
    assert 'process_resident_memory_bytes{worker="parent"}' in both
    assert 'process_resident_memory_bytes{worker="1"}' in both
    assert "_created" not in both


@pytest.mark.parametrize("counts", [(0,), (200,), (201,), (150, 150), (250, 10, 0), (250, 250, 250)], ids=str)
def test_a_page_is_bounded_however_many_workers_there_are(counts: tuple[int, ...]) -> None:
    """The highest are shown, and how many are not, as of one process."""
    crew: dict[str, MetricsPage] = {}
    for worker, pools in enumerate(counts):
        meters = Meters(CollectorRegistry())
        meters.show("pool_waiting", {("main", f"{worker}-{number}"): number for number in range(pools)})
        crew[str(worker)] = page(meters)
    said = read_page(folded(crew))
    shown = of(said, "fairlead_pool_waiting")
    (left_out,) = of(said, "fairlead_series_left_out").values()
    assert len(shown) == min(SERIES_MAX, sum(counts))
    assert left_out == sum(counts) - len(shown)
    best = sorted((number for pools in counts for number in range(pools)), reverse=True)[:SERIES_MAX]
    assert sorted(shown.values(), reverse=True) == best


@settings(max_examples=40)
@given(CREWS)
def test_the_page_is_one_that_prometheus_reads(crew: dict[str, MetricsPage]) -> None:
    """Each name once, with its type; each series once; buckets that do not fall, the last of which is the count."""
    families = list(text_string_to_metric_families(folded(crew).decode()))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
        assert len(set(keys)) == len(keys)
        assert family.type != "unknown"
    (timing,) = [family for family in families if family.name == "fairlead_takeover_seconds"]
    buckets = [sample.value for sample in timing.samples if sample.name.endswith("_bucket")]
    (count,) = [sample.value for sample in timing.samples if sample.name.endswith("_count")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == count


def test_every_level_has_its_row() -> None:
    assert {name for name in get_args(LevelName) if LEVELS[name].fold == "sum"} == {"trouble", "series_left_out"}
