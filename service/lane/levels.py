"""Raise a lane to another level, when that was agreed on: what was off below it is on from one batch on.

The level stands in every record of the log. It is never raised by a claim: whoever owns the lane next must see in the
log either all of it or nothing, the level and that the switch to what it switches on was begun.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from service.core.configuration import Config
from service.core.parts import at
from service.core.state import LEVEL
from service.lane.ownership import Tenure

log = structlog.get_logger()


def raise_level(tenure: Tenure, level: int, configs: Mapping[str, Config]) -> None:
    """Raise the lane to this level, as far as this version knows it, where it is higher and no switch is under way.

    The divisions for which that makes a difference are switched once more to the version they have.
    """
    book, level = tenure.book, min(level, LEVEL)
    if level <= tenure.level or book.switching:
        return
    book.begin_switches([name for name, each in configs.items() if at(each, level) is not at(each, tenure.level)])
    log.info("level.raised", lane=tenure.lane, before=tenure.level, level=level)
    tenure.level = level
