"""One simulated process of the service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from service.lane.lanes import Lanes


class Killed(BaseException):
    """The process ends here, as with `kill -9`: nobody begins anything again."""


@dataclass
class Process:
    """One process: its lanes, until when it is held, and how much of the configuration it has read."""

    number: int
    lanes: Lanes
    held_until: int = 0
    is_dead: bool = False
    read_versions: dict[str, int] = field(default_factory=dict)
    tasks: dict[asyncio.Task[None], None] = field(default_factory=dict)

    def bugs_met(self) -> list[str]:
        """What ended it that nobody did on purpose."""
        errors = [task.exception() for task in self.tasks if task.done() and not task.cancelled()]
        return [
            f"process {self.number} met {error!r}"
            for error in errors
            if error is not None and not isinstance(error, Killed)
        ]
