"""What keeps the process from its work, since when, and that it is told when it begins and when it ends.

Whoever knows of troubles is asked anew at every look; what was there before has its beginning, what is there no more
has ended. A trouble is known by its kind and what it is about: its sentence may change without being a new one.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, get_args

import structlog

from service.http.routes import OngoingTrouble
from service.telemetry.metrics import METERS
from service.telemetry.troubles import Trouble, TroubleName

log = structlog.get_logger()

EXPECTED: Final = frozenset[TroubleName]({"starting", "stopping"})
"""What belongs to every life of a process alarms nobody."""

Source = Callable[[], Iterable[Trouble]]
"""Tells what is wrong now. It must be quick and may not raise."""


@dataclass
class Health:
    """The troubles of a process. `clock`: seconds since 1970, UTC."""

    sources: list[Source] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    _since: dict[tuple[TroubleName, str], float] = field(default_factory=dict)

    def look(self) -> tuple[OngoingTrouble, ...]:
        """What is wrong now, in the order of the sources; what has begun or ended since the last look is logged."""
        now = self.clock()
        found = {(each.name, each.about): each for source in self.sources for each in source()}
        for key, trouble in found.items():
            if key not in self._since:
                self._since[key] = now
                level = logging.INFO if trouble.name in EXPECTED else logging.ERROR
                log.log(
                    level, "trouble.begun", name=trouble.name, about=trouble.about, what=trouble.what, todo=trouble.todo
                )
        for key in [key for key in self._since if key not in found]:
            name, about = key
            log.info("trouble.ended", name=name, about=about, seconds=round(now - self._since.pop(key), 1))
        counts = Counter(name for name, _ in found)
        for each in get_args(TroubleName):
            METERS.level("trouble", counts[each], kind=each)
        return tuple(
            OngoingTrouble(trouble.name, trouble.what, trouble.todo, self._since[key], max(0.0, now - self._since[key]))
            for key, trouble in found.items()
        )
