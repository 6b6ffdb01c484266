"""The chart that is committed is the one that today's code draws."""

from __future__ import annotations

import pytest

from tests.charts.__main__ import CHART, drawn
from tests.charts.drawing import HIGHEST
from tests.charts.simulation import RECORDS, Course, course, stories


def test_the_committed_chart_is_what_is_drawn() -> None:
    """Else it shows how records were shared out once: `make charts` draws it anew."""
    assert CHART.read_text(encoding="utf-8") == drawn()


@pytest.mark.parametrize("told", [course(story) for story in stories()], ids=lambda told: told.story.title)
def test_a_panel_shows_every_record(told: Course) -> None:
    assert sum(counts[-1] for counts in told.counts.values()) == RECORDS
    assert max(counts[-1] for counts in told.counts.values()) <= HIGHEST
