"""What makes a trouble of a worker: from what its parent sees of it to what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from service.nouns import counted
from service.telemetry.troubles import Trouble

SILENT_SECONDS: Final = 10.0
"""A worker that has not answered for so long is in trouble; a moment of much work is none."""
REPLACED_SECONDS: Final = 30.0
"""One that has not answered for so long is replaced."""
BEGIN_SECONDS: Final = 120.0
"""So long a process may take until it answers for the first time."""


class WorkerSeen(NamedTuple):
    """A worker at one moment.

    `has_answered`: the process that runs now, if any; `silent_seconds` counts from its last answer, or from its
    beginning. `ended`: how the one before it did; `times`: so many ended in a row.
    """

    number: int
    is_running: bool = True
    has_answered: bool = True
    silent_seconds: float = 0.0
    ended: str = ""
    times: int = 0

    @property
    def is_given_up(self) -> bool:
        """Whether it has not answered for so long that it is to be replaced."""
        return self.is_running and self.silent_seconds >= (REPLACED_SECONDS if self.has_answered else BEGIN_SECONDS)


def worker_troubles(workers: Iterable[WorkerSeen]) -> Iterator[Trouble]:
    """What keeps workers from their work."""
    for seen in workers:
        yield from _troubles(seen)


def _troubles(seen: WorkerSeen) -> Iterator[Trouble]:
    label, about = f"worker {seen.number}", str(seen.number)
    is_there = seen.is_running and seen.has_answered
    if seen.times and not (is_there and seen.times == 1):
        often = f", {counted(seen.times, 'time')} in a row" if seen.times > 1 else ""
        yield Trouble(
            "worker_ended",
            about,
            f"{label} {seen.ended}{often}; {'another was begun' if seen.is_running else 'another is begun soon'}",
            "nothing, if it does not last: its lanes wait for it for a session, then others have them; else see the "
            "log for why (worker.ended, and the last lines of this worker)",
        )
    elif not is_there:
        yield Trouble("starting", label, f"{label} is starting", "nothing, if it does not last")
    if is_there and seen.silent_seconds >= SILENT_SECONDS:
        yield Trouble(
            "worker_silent",
            about,
            f"{label} runs and has not answered for {seen.silent_seconds:.0f} s",
            f"nothing: after {REPLACED_SECONDS:.0f} s another is begun in its place; where that comes again, see "
            "whether the machine has a core for each worker",
        )
