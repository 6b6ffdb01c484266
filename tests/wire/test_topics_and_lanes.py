"""Names of topics, and which lane a division belongs to."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from service.wire.lanes import lane_of
from service.wire.topics import Topics


def test_a_prefix_stands_before_every_topic() -> None:
    """Several deployments can share a broker."""
    prefix, sources, *names = astuple(Topics.of("t1."))
    assert prefix == "t1."
    assert all(name.startswith("t1.") for name in (*sources, *names))
    assert len({*sources, *names}) == len(sources) + len(names)


def test_without_a_prefix_the_topics_have_their_documented_names() -> None:
    """The names of the design, word for word."""
    assert astuple(Topics.of(sources=("crm.a",))) == (
        "",
        ("crm.a",),
        "assignment.events",
        "assignment.log",
        "assignment.config",
        "assignments",
        "notifications",
        "workflow-actions",
        "assignment.dead-letters",
    )


@pytest.mark.parametrize(("division", "lane"), [("main", 8), ("acme", 2), ("Köln", 11)])
def test_a_divisions_lane_never_changes(division: str, lane: int) -> None:
    """A log lives longer than a release: these numbers are for ever."""
    assert lane_of(division, 12) == lane


def test_divisions_spread_over_all_lanes() -> None:
    """No lane is left without work."""
    assert {lane_of(f"company-{n}", 12) for n in range(200)} == set(range(12))
