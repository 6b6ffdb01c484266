"""The process under test: the whole service, with a hook that strikes between two named steps.

It is the production process; only the hook is not, and it is handed in from outside. The hook ends the process with
SIGKILL, or freezes it with SIGSTOP, when a step is reached for the n-th time. What it did stands in a journal, for a
killed process tells nobody. For the sake of the checker a process may be made to neglect something, too: ingest loses
one event, or its dead letters.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import uvicorn

from service.app.process import Extras, Process
from service.ingest import Ingest, Letter
from service.lane.surroundings import Safeguards
from service.settings import Settings
from service.telemetry.logs import configure_logging
from service.wire.messages import RawRecord

INGEST_STEPS: Final = ("ingest_polled", "ingest_sent", "ingest_acknowledged")
BATCH_STEPS: Final = ("polled", "loaded", "decided", "appended", "advanced", "published")
RARE_STEPS: Final = ("parts_appended", "swept", "chunk_written_ahead")
"""Met once a day, by outputs that no log record takes, or by a log that grows fast: the simulation stops there, a
cluster under load does not.
"""
TAKEOVER_STEPS: Final = ("claimed", "fenced", "caught_up", "published_again", "rebuilding")
SNAPSHOT_STEPS: Final = ("chunk_written", "snapshot_completed", "log_truncated")
STEPS: Final = (*INGEST_STEPS, *BATCH_STEPS, *TAKEOVER_STEPS, *SNAPSHOT_STEPS)
"""Every other step that ingest and lanes name."""


Neglect = Literal["", "event", "dead_letters"]
"""What ingest loses on purpose: nothing, one event, or all dead letters."""
SPARED: Final = 20
"""So many events get through before one is lost."""


@dataclass(frozen=True)
class Fault:
    """What happens to a process, and where: at the `nth` time that it reaches the step."""

    step: str
    nth: int = 1
    how: Literal["kill", "freeze"] = "kill"


@dataclass(frozen=True)
class Order:
    """What a worker is told. `journal` and `output` are files of this worker alone."""

    settings: Settings
    journal: Path
    output: Path
    fault: Fault | None = None
    safeguards: Safeguards = Safeguards()
    neglect: Neglect = ""


class Saboteur:
    """The hook: counts how often the step of its fault was reached, and strikes."""

    def __init__(self, fault: Fault | None, journal: Path) -> None:
        self._fault = fault
        self._journal = journal
        self._reached = 0

    def __call__(self, step: str) -> None:
        fault = self._fault
        if fault is None or step != fault.step:
            return
        self._reached += 1
        if self._reached == fault.nth:
            self._journal.write_text(step, "utf-8")
            os.kill(os.getpid(), signal.SIGKILL if fault.how == "kill" else signal.SIGSTOP)


def work(order: Order) -> None:
    """Be a process of the service until SIGTERM, then end in order."""
    with order.output.open("ab", buffering=0) as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    configure_logging(order.settings.log, sys.stdout)
    signal.signal(signal.SIGTERM, _end)
    process = Process(order.settings, Extras(step=Saboteur(order.fault, order.journal), safeguards=order.safeguards))
    neglect(process.ingest, order)
    uvicorn.Server(uvicorn.Config(process.application, port=0, log_config=None, log_level="error")).run()


def neglect(ingest: Ingest, order: Order) -> None:
    """Let ingest lose what the order says. The position of a lost event stands in the journal."""
    handle, seen = ingest.handle, 0

    async def handle_others(records: Sequence[RawRecord]) -> None:
        nonlocal seen
        kept = list(records)
        if seen <= SPARED < seen + len(records):
            lost = kept.pop(SPARED - seen)
            order.journal.write_text(f"{ingest.reading.epoch}/{lost.topic}/{lost.partition}/{lost.offset}", "utf-8")
        seen += len(records)
        await handle(kept)

    async def send_none(letters: Sequence[Letter]) -> None:
        """They are lost."""

    if order.neglect == "event":
        ingest.handle = handle_others  # type: ignore[method-assign]  # the fault that the checker has to find
    elif order.neglect == "dead_letters":
        ingest._send_letters = send_none  # type: ignore[method-assign]  # the same


def _end(number: int, frame: object) -> None:
    """Before the server runs there is nothing to end in order; afterwards it raises its signal once more."""
    raise SystemExit(0)
