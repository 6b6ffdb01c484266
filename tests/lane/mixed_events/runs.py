"""The runs that are compared: the same events with the example configuration and with one that uses everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.lane.mixed_events.events import steps
from tests.lane.mixed_events.product import play
from tests.lane.mixed_events.taken import Taken

HERE: Final = Path(__file__).parent
RECORDED: Final = HERE / "recorded.json"
RUNS: Final[Mapping[str, Sequence[Path]]] = {
    "example": [HERE.parents[2] / "deploy" / "config"],
    "mixed": [HERE / "first", HERE / "second"],
}
"""Configuration directories by run; the second takes over half-way."""


def run(name: str) -> Taken:
    """Play one run."""
    return play(steps(), RUNS[name])
