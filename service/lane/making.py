"""A batch in the making: what is in it, how much room that takes, and how it stands in the log.

Whoever decides (`deciding`) hands in verdicts with their announcements and whatever is refused. Here that becomes
outcomes with their numbers, changes, outputs and dead letters, and the book moves on with each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson
import structlog

from service.core.case import Verdict
from service.core.configuration import Config
from service.core.holding.retention import MINUTE_MS
from service.core.record import Record
from service.core.state import FIRST_LEVEL, KINDS, Changes
from service.core.telling.timing import Numbers
from service.lane.book import EVERY_KEY, NOTHING_CHANGED, Book, Swept
from service.lane.changed import Changed
from service.lane.estimates import bytes_of
from service.lane.raising import Raised, fitting_letter
from service.limits import Limits
from service.version import ZONE_DATA
from service.wire.inputs import Origin
from service.wire.log_forms import Cursor, OutcomeLine
from service.wire.log_records import NO_OFFSET, Batch, output_bytes
from service.wire.messages import Message, Poison, PoisonReason, Position
from service.wire.outputs import NO_ORIGIN, Context, render
from service.wire.topics import Topics

log = structlog.get_logger()

CODE_VERSION: Final = 1
"""Grows when `decide` changes what it decides; each batch names it."""

MESSAGE_BYTES: Final = 250
OUTCOME_BYTES: Final = 100
"""About what an output and an outcome take in the log, besides the output's value."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a lane decides with, besides its book: the divisions' current configurations and the limits of a batch.

    What belongs to a higher `level` than the lane is at is not written. `too_large` is the offset of an input, or the
    division and name of a timer, of which more came than a log record takes, though it was alone in its batch: it is
    refused.
    """

    lane: int
    topics: Topics
    configs: Mapping[str, Config]
    limits: Limits = Limits()
    drop_taken: bool = True
    level: int = FIRST_LEVEL
    too_large: int | tuple[str, str] | None = None

    def config(self, division: str) -> Config:
        """The division's configuration; an empty one where it was never configured."""
        return self.configs.get(division) or Config(division)


class Paused(NamedTuple):
    """A workflow of a division that acted as often as it may: for this record, or (empty) as a whole."""

    division: str
    workflow: str
    record: str


class Made(NamedTuple):
    """A batch without its token, what it touched, how many of the inputs it used up, what it paused, and which timers
    (division, name) went off in it.
    """

    batch: Batch
    touched: frozenset[tuple[str, str]]
    used: int
    paused: Sequence[Paused] = ()
    fired: Sequence[tuple[str, str]] = ()


class Announcement:
    """A verdict's decisions as the log lists them, and the messages in which the world hears of them."""

    __slots__ = ("lines", "messages")

    def __init__(self, lines: Sequence[OutcomeLine], messages: Sequence[Message]) -> None:
        self.lines = lines
        self.messages = messages


class Making:
    """A batch in the making. The next outcome is listed at `offset` and `ordinal`."""

    def __init__(self, book: Book, grounds: Grounds) -> None:
        self.book = book
        self.grounds = grounds
        self._start = book.place
        self.offset, self.ordinal = book.place
        self._before = book.noted()
        self._changed = Changed(grounds.level)
        self._marked: dict[tuple[str, int], None] = {}
        self._outcomes: list[OutcomeLine] = []
        self._outputs: list[Message] = []
        self._paused: list[Paused] = []
        self.fired: list[tuple[str, str]] = []
        self._bytes = 0
        self._unwritten = frozenset([kind for kind, row in KINDS.items() if row.level > grounds.level])
        self._contexts: dict[str, Context] = {}

    @property
    def room_bytes(self) -> int:
        """How much more the log record takes; below 0: nothing."""
        return self.grounds.limits.record_max_bytes - self._bytes

    @property
    def is_full(self) -> bool:
        """Whether what is in the batch fills a log record."""
        return self.room_bytes < 0

    def has_room(self, raw: bytes) -> bool:
        """Whether the log record takes this input as well. The first it always takes: there is no smaller record.

        What comes of an input is seldom larger than the input, and where it cannot be decided it is the input itself.
        """
        return not self._bytes or _logged_bytes(raw) <= self.room_bytes

    def stand_at(self, offset: int) -> None:
        """What is listed from now on belongs to the input at this offset, or comes before it."""
        if offset != self.offset:
            self.offset, self.ordinal = offset, 0

    def take(self, position: Position) -> None:
        """Remember a source position as taken."""
        self.book.take(position)
        self._marked[position.topic, position.partition] = None

    def record(self, division: str, verdict: Verdict, announced: Announcement) -> None:
        """Make a verdict part of the batch, with what is announced of it."""
        self.change(division, verdict.changes)
        self._outcomes += announced.lines
        self.ordinal += len(announced.lines)
        self._outputs += announced.messages
        self._paused += _paused_by(division, verdict)
        for message in announced.messages:
            self._bytes += _logged_bytes(message.value) + MESSAGE_BYTES

    def change(self, division: str, changes: Changes) -> None:
        """Make changes part of the batch, those that the lane's level knows."""
        if self._unwritten:
            changes = {kind: each for kind, each in changes.items() if kind not in self._unwritten}
        self._changed.add(division, changes, self.book.state(division))
        self.book.apply(division, changes)
        self._bytes += OUTCOME_BYTES + bytes_of(changes)
        for record in changes.get("record", NOTHING_CHANGED).values():
            if isinstance(record, Record):
                record.heard_min = self.book.clock_ms // MINUTE_MS

    def announce(
        self, division: str, verdict: Verdict, numbers: Numbers, origin: Origin = NO_ORIGIN, source: str = ""
    ) -> Announcement:
        """What the log lists and the world hears of a verdict's decisions, by the numbers that it was decided with."""
        context = self._context(division)
        lines: list[OutcomeLine] = []
        messages: list[Message] = []
        for number, decision in enumerate(verdict.decisions, numbers.first):
            decision_id, outcome = numbers.id(number), decision.outcome
            lines.append(OutcomeLine(self.offset, number, outcome.name, outcome.reason, decision_id, source))
            messages.extend(render(decision, decision_id, context, origin))
        return Announcement(lines, messages)

    def numbers(self, ordinal: int) -> Numbers:
        """How decisions are numbered that are listed next, from `ordinal` on."""
        return Numbers(f"{self.grounds.lane}-{self.book.epoch}-{self.offset}-", ordinal)

    def note(self, kind: str, reason: str, source: str) -> None:
        """List one outcome under the input's offset, with the next ordinal."""
        decision_id = self.numbers(self.ordinal).id(self.ordinal)
        self._outcomes.append(OutcomeLine(self.offset, self.ordinal, kind, reason, decision_id, source))
        self._bytes += OUTCOME_BYTES
        self.ordinal += 1

    def give_up(self, reason: PoisonReason, raised: Raised, about: Mapping[str, object]) -> None:
        """Tell with a dead letter of what raised and was no event: it has no source, and stands for this place."""
        log.error("decision.raised", lane=self.grounds.lane, reason=reason, error=type(raised.error).__name__)
        self.note("dead_letter", reason, "")
        self._add_letter(Poison(reason, raised.what, orjson.dumps(about)), self.here(), raised.trace)

    def refuse(self, poison: Poison, position: Position, trace: str = "") -> None:
        """Tell with a dead letter of an input that is not decided."""
        self.note("dead_letter", poison.reason, str(position))
        self._add_letter(poison, position, trace)

    def here(self) -> Position:
        """The place in the lane's input."""
        return Position(self.book.epoch, self.grounds.topics.events, self.grounds.lane, self.offset)

    def finish(self, used: int) -> Made:
        """The batch as it is written to the log; token and snapshots are the caller's to add."""
        book = self.book
        book.place = Cursor(self.offset, self.ordinal)
        if book.swept is None and book.clock_ms:
            book.swept = Swept(book.clock_ms // self.grounds.limits.sweep_every_ms, EVERY_KEY)
        changes = book.own_changes(self._before, self._marked) | self._changed.stored()
        batch = Batch(
            token=NO_OFFSET,
            start=self._start,
            end=book.place,
            time_ms=book.clock_ms,
            versions=dict(book.versions),
            code=CODE_VERSION,
            zones=ZONE_DATA,
            outcomes=self._outcomes,
            changes=changes,
            outputs=self._outputs,
        )
        return Made(batch, self._changed.records, used, self._paused, self.fired)

    def _context(self, division: str) -> Context:
        """What the messages of this moment have in common; many inputs of a batch come at one time."""
        known = self._contexts.get(division)
        time_ms = self.book.clock_ms
        if known is None or known.time_ms != time_ms:
            config = self.grounds.config(division)
            known = Context(self.grounds.topics, division, time_ms, config.version, config.label, config)
            self._contexts[division] = known
        return known

    def _add_letter(self, poison: Poison, position: Position, trace: str) -> None:
        limit_bytes = self.grounds.limits.dead_letter_limit_bytes
        letter = fitting_letter(poison, position, self.grounds.topics, trace, limit_bytes)
        self._outputs.append(letter)
        self._bytes += output_bytes(letter)


def _paused_by(division: str, verdict: Verdict) -> Iterator[Paused]:
    """The workflows that came to one of their caps by this verdict."""
    for decision in verdict.decisions:
        for each in decision.trace.workflows:
            if each.withheld == "cap_reached":
                yield Paused(division, each.workflow, "")
            elif each.withheld == "record_cap_reached":
                yield Paused(division, each.workflow, decision.record)


def _logged_bytes(text: bytes) -> int:
    """About how long a JSON text is as a string within JSON, where its quotes are escaped; at worst it doubles."""
    return len(text) + len(text) // 4
