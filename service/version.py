"""Which build this is: what the command line, the metrics and whoever reports a fault name."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Final


def _installed() -> str:
    try:
        return version("fairlead")
    except PackageNotFoundError:
        return "not installed"


VERSION: Final = _installed()
"""Of the package; a checkout that is only on the path has none."""
PYTHON: Final = python_version()
ZONE_DATA: Final = version("tzdata")
"""The release of the time zones by which it decides; each batch of a lane's log names it."""
