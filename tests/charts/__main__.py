"""Draws the charts of the pages for users: `make charts`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.charts.drawing import picture
from tests.charts.simulation import course, stories

CHART: Final = Path(__file__).parents[2] / "service" / "docs" / "sharing.svg"


def drawn() -> str:
    """The chart as it should be."""
    return picture([course(story) for story in stories()])


if __name__ == "__main__":
    CHART.write_text(drawn(), encoding="utf-8")
