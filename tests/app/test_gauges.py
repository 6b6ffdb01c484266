"""What waits, for whom, and how far each topic is read: shown for what is ours, and never without bound."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry

from service.app.gauges import show, show_limits
from service.app.probes import ReadSoFar
from service.core.limit_spec import Limit
from service.core.parked import Parked
from service.core.pool_spec import Membership
from service.core.seating import Pool
from service.lane.book import Book
from service.telemetry.metrics import SERIES_MAX, Meters
from service.views.standing import members_at_limit
from tests.core.build import Division, pool


def value(meters: Meters, name: str, **labels: str) -> float | None:
    """The present value of a series; none: there is none."""
    return meters.registry.get_sample_value(f"fairlead_{name}", labels)


def book(**waiting: int) -> Book:
    """A lane with pools in which so many wait, each after twice as many turns."""
    made = Book()
    for name, records in waiting.items():
        made.apply("main", {"pool": {name: Pool(turn=2 * records, waiting=records)}})
        parked = {f"lead/{name}-{at}": Parked(pool=name, number=at, since_ms=0) for at in range(records)}
        made.apply("main", {"parked": parked})
    made.versions["main"] = 3
    return made


def test_each_pool_and_each_source_partition_has_its_series() -> None:
    meters = Meters(CollectorRegistry())
    show({0: book(sales=2, care=0), 4: book(deals=1)}, {0: 7, 4: 0}, [ReadSoFar("crm.records/1", 5, 9, 12)], meters)
    assert value(meters, "pool_waiting", division="main", pool="sales") == 2
    assert value(meters, "pool_turns", division="main", pool="sales") == 4
    assert value(meters, "pool_waiting", division="main", pool="care") == 0
    assert value(meters, "parked", lane="4") == 1
    assert value(meters, "lane_lag", lane="0") == 7
    assert value(meters, "configuration_version", division="main") == 3
    assert value(meters, "source_lag", topic="crm.records", partition="1") == 4


def test_what_is_not_ours_any_more_is_not_shown() -> None:
    """Another process shows it now: two values of one pool would be added up."""
    meters = Meters(CollectorRegistry())
    show({0: book(sales=2)}, {0: 7}, [ReadSoFar("crm.records/1", 5, 9, 12)], meters)
    show({}, {}, [], meters)
    assert value(meters, "pool_waiting", division="main", pool="sales") is None
    assert value(meters, "source_lag", topic="crm.records", partition="1") is None
    assert value(meters, "parked", lane="0") is None


def test_of_too_many_pools_those_where_most_waits_are_shown() -> None:
    """And it is said how many are not; the lane's total is there in any case."""
    meters = Meters(CollectorRegistry())
    pools = {f"pool{number}": number for number in range(SERIES_MAX + 5)}
    made = Book()
    made.apply("main", {"pool": {name: Pool(waiting=waiting) for name, waiting in pools.items()}})
    show({0: made}, {0: 0}, [], meters)
    shown = {name for name in pools if value(meters, "pool_waiting", division="main", pool=name) is not None}
    assert shown == {f"pool{number}" for number in range(5, SERIES_MAX + 5)}
    assert value(meters, "series_left_out", metric="fairlead_pool_waiting") == 5
    assert value(meters, "series_left_out", metric="fairlead_parked") == 0


def test_members_at_a_limit_are_counted_for_pools_that_have_one() -> None:
    """D14 By the configuration in use, and for so many members at most."""
    division = Division(
        pool(Membership("ann", max_open=1), Membership("bob", limits=(Limit(5, "day"),))), pool("ann", id="free")
    )
    division.serve("lead/1", "lead/2", "lead/3")
    made = Book()
    made.divisions["main"] = division.state
    made.versions["main"] = division.config.version
    meters = Meters(CollectorRegistry())
    show_limits({0: made}, {"main": division.config}, division.now_ms, meters)
    assert value(meters, "pool_at_limit", division="main", pool="sales") == 1
    assert value(meters, "pool_at_limit", division="main", pool="free") is None
    assert members_at_limit(division.config, division.state, division.now_ms, most=1) == {}
    show_limits({0: made}, {}, division.now_ms, meters)
    assert value(meters, "pool_at_limit", division="main", pool="sales") is None


def test_how_much_a_pool_has_used_of_its_own_limits_is_shown_beside_what_they_allow() -> None:
    """D14 Each limit by what it counts, and of pools without one nothing."""
    limits = (Limit(5, "day"), Limit(2, "open"))
    division = Division(replace(pool("ann", "bob"), limits=limits), pool("ann", id="free"))
    division.serve("lead/1", "lead/2", "lead/3")
    made = Book()
    made.divisions["main"] = division.state
    made.versions["main"] = division.config.version
    meters = Meters(CollectorRegistry())
    show_limits({0: made}, {"main": division.config}, division.now_ms, meters)
    shown = {
        per: (value(meters, "pool_limit_used", **of), value(meters, "pool_limit", **of))
        for per in ("day", "open")
        for of in [{"division": "main", "pool": "sales", "per": per}]
    }
    assert shown == {"day": (2, 5), "open": (2, 2)}
    assert value(meters, "pool_limit", division="main", pool="free", per="day") is None
    show_limits({}, {}, division.now_ms, meters)
    assert value(meters, "pool_limit_used", division="main", pool="sales", per="day") is None
