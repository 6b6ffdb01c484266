"""The pages of several processes as one: what `/metrics` of the parent of workers says.

A row of the catalogue says how its metric becomes one (`metrics.Fold`); what is not in the catalogue (processor time,
memory, the garbage collector) is shown of each process, with a label `worker`. What counts never goes back: the counts
of a process that ended stay as they were last seen, since a sum that falls is taken for a start from zero, after which
all that is left would count once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from heapq import nlargest
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from service.telemetry.metrics import COUNTS, LEVELS, SERIES_MAX, TIMINGS, Fold

PREFIX: Final = "fairlead_"
CREATED: Final = "_created"
"""Ends the name of what tells when a counter began, which a sum of several does not have."""
LEFT_OUT: Final = f"{PREFIX}series_left_out"

Labels = tuple[tuple[str, str], ...]
Series = Mapping[tuple[str, Labels], float]
"""By the sample's name and its labels: a histogram has samples of several names."""

_COMBINED: Final[Mapping[Fold, Callable[[float, float], float]]] = {"highest": max, "sum": float.__add__}


@dataclass(frozen=True, slots=True)
class MetricShown:
    """One metric on a page: its sentence, its type in Prometheus' words, and its series."""

    sentence: str
    type: str
    series: Series = field(default_factory=dict)


MetricsPage = Mapping[str, MetricShown]
"""What a process shows, by the name of the metric."""
NOTHING_COUNTED: Final[MetricsPage] = {}


def read_page(page: bytes) -> MetricsPage:
    """A page in the text form. Raises `ValueError` where it is none."""
    return {
        family.name: MetricShown(
            family.documentation,
            family.type,
            {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in family.samples},
        )
        for family in text_string_to_metric_families(page.decode())
        if not family.name.endswith(CREATED)
    }


def counted(page: MetricsPage) -> MetricsPage:
    """Of a process's page what has to be kept when the process is gone: what only grows, and is summed."""
    return {name: shown for name, shown in page.items() if name in _GROWING}


def added(one: MetricsPage, other: MetricsPage) -> MetricsPage:
    """What two processes counted together."""
    return _joined([counted(one), counted(other)])


def folded(pages: Mapping[str, MetricsPage], gone: MetricsPage = NOTHING_COUNTED) -> bytes:
    """One page of those of all processes, by the value of their label `worker`. `gone`: counts of those that ended."""
    joined = _joined([gone, *(_told_apart(page, worker) for worker, page in pages.items())])
    return _written({**joined, **dict(_bounded(joined))})


def _told_apart(page: MetricsPage, worker: str) -> MetricsPage:
    """What is of each process alone gets its label."""
    return {
        name: shown
        if name in _FOLDS
        else replace(
            shown,
            series={(sample, (*labels, ("worker", worker))): value for (sample, labels), value in shown.series.items()},
        )
        for name, shown in page.items()
    }


def _joined(pages: Iterable[MetricsPage]) -> MetricsPage:
    joined: dict[str, MetricShown] = {}
    for page in pages:
        for name, shown in page.items():
            known = joined.get(name)
            joined[name] = shown if known is None else _combined(name, known, shown)
    return joined


def _combined(name: str, one: MetricShown, other: MetricShown) -> MetricShown:
    combine, series = _COMBINED[_FOLDS.get(name, "sum")], dict(one.series)
    for key, value in other.series.items():
        series[key] = combine(series[key], value) if key in series else value
    return replace(one, series=series)


def _bounded(page: MetricsPage) -> Iterator[tuple[str, MetricShown]]:
    """Of what each process bounds by itself (`Meters.show`) as many series in all, and the others counted."""
    left_out = dict(page[LEFT_OUT].series) if LEFT_OUT in page else {}
    for key in left_out:
        ((_, name),) = key[1]
        series = page[name].series if name in page else {}
        if len(series) > SERIES_MAX:
            kept = nlargest(SERIES_MAX, ((value, each) for each, value in series.items()))
            left_out[key] += len(series) - SERIES_MAX
            yield name, replace(page[name], series={each: value for value, each in kept})
    if LEFT_OUT in page:
        yield LEFT_OUT, replace(page[LEFT_OUT], series=left_out)


def _written(page: MetricsPage) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(page))
    return generate_latest(registry)


class _Collected(Collector):
    """A page as the client library wants it."""

    def __init__(self, page: MetricsPage) -> None:
        self._page = page

    def collect(self) -> Iterator[Family]:
        for name, shown in self._page.items():
            family = Family(name, shown.sentence, shown.type)
            for (sample, labels), value in shown.series.items():
                family.add_sample(sample, dict(labels), value)
            yield family


_GROWING: Final = frozenset(f"{PREFIX}{name}" for name in (*COUNTS, *TIMINGS))
_FOLDS: Final[Mapping[str, Fold]] = {
    **{f"{PREFIX}{name}": row.fold for name, row in LEVELS.items()},
    **dict.fromkeys(_GROWING, "sum"),
}
