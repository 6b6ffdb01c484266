"""Make a batch: inputs in, one log record out, with nothing written anywhere.

Each input is decided with the changes of those before it. Timers that are due by an input's time go off first, a
bounded number of them; when that number is used up the batch ends, possibly in front of an input, and says how far it
came. What a decision raises costs the event, timer or piece of a switch that it is about (see `raising`). An input of a
division that was never configured is a dead letter and leaves no state: whoever invents divisions takes no memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple, assert_never

import orjson
import structlog

from service.core.case import Verdict
from service.core.configuration import Config
from service.core.decide import decide
from service.core.holding.membership import SwitchStep, switch_steps, switched
from service.core.holding.retention import MINUTE_MS, forget
from service.core.state import FIRST_LEVEL, KINDS, Kind, Record, Timer, Value
from service.core.timers import fire
from service.lane.addressing import divisions_of
from service.lane.book import EVERY_KEY, NOTHING_CHANGED, Book, Swept, stored
from service.lane.estimates import bytes_of
from service.lane.raising import MAX_RAISED_IN_A_ROW, PUT_OFF_MS, DoesNotFit, Raised, fitting_letter, guarded
from service.limits import Limits
from service.wire.inputs import LaneInput, Origin, Tick
from service.wire.log_records import NO_OFFSET, Batch, Cursor, OutcomeLine, output_bytes
from service.wire.messages import Message, Poison, PoisonReason, Position
from service.wire.outputs import NO_ORIGIN, Context, render
from service.wire.topics import Topics

log = structlog.get_logger()

CODE_VERSION: Final = 1
"""Grows when `decide` changes what it decides; each batch names it."""

TICKED: Final = "tick"
"""The reason in the log where only time has passed."""
UNCONCERNED: Final = "no_division"
"""The reason where news of a person name no division, and the lane has none that is configured."""
UNDECIDED: Final = frozenset({TICKED, UNCONCERNED, "configuration_switched"})
"""The reasons of outcomes about no record: nothing was decided, whatever stands in the log."""

TAKEN_BEFORE: Final = "the lane has taken later events of its source partition, and never this one"

MESSAGE_BYTES: Final = 250
OUTCOME_BYTES: Final = 100
"""About what an output and an outcome take in the log, besides the output's value."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a lane decides with, besides its book: the divisions' current configurations and the limits of a batch.

    What belongs to a higher `level` than the lane is at is not written. `too_large` is the offset of an input of which
    more came than a log record takes, though it was alone in its batch: it is refused.
    """

    lane: int
    topics: Topics
    configs: Mapping[str, Config]
    limits: Limits = Limits()
    drop_taken: bool = True
    level: int = FIRST_LEVEL
    too_large: int | None = None


class Read(NamedTuple):
    """One input, decoded. `offset` is its position in the lane's input, `time_ms` the broker's time."""

    offset: int
    time_ms: int
    content: LaneInput | Tick | Poison
    raw: bytes


class Made(NamedTuple):
    """A batch without its token, what it touched, and how many of the inputs it used up."""

    batch: Batch
    touched: frozenset[tuple[str, str]]
    used: int


def decide_batch(book: Book, inputs: Sequence[Read], rules: Rules) -> Made:
    """Decide the inputs in order, up to the limits. The book moves on; it is thrown away if nothing comes of it."""
    making = _Making(book, rules)
    used = 0
    for item in inputs:
        book.clock_ms = max(book.clock_ms, item.time_ms)
        if is_at_a_loss(book) or not making.fire_due_timers() or not making.has_room(item):
            break
        making.take(item)
        used += 1
    else:
        making.fire_due_timers()
    return making.finish(used)


def is_at_a_loss(book: Book) -> bool:
    """Whether so many events in a row raised that nothing more is to be decided."""
    return len(book.raised) >= MAX_RAISED_IN_A_ROW


def begin_switch(book: Book, config: Config) -> Iterator[SwitchStep]:
    """The steps of a division's switch to this version, those that are left where it was begun before."""
    return switch_steps(book.kept_state(config.division), config, book.clock_ms)


def switch_configuration(book: Book, config: Config, steps: Iterable[SwitchStep], rules: Rules) -> Made:
    """A batch with as many steps of a switch as it takes. The first says that the version is in force.

    When none is left, the division is no longer among those that the book calls switching.
    """
    division = config.division
    making = _Making(book, replace(rules, configs={**rules.configs, division: config}))
    if book.versions.get(division) != config.version or division not in book.switching:
        book.versions[division] = config.version
        book.switching.add(division)
        verdict = Verdict((switched(config),), {})
        making.record(division, verdict, making.tell(division, verdict, book.place.ordinal))
    for taken, step in enumerate(steps, 1):
        making.switch(division, step)
        if making.is_full or taken == rules.limits.switch_steps:
            break
    else:
        book.switching.discard(division)
    return making.finish(0)


def sweep(book: Book, gone: Sequence[tuple[str, str]], swept: Swept, rules: Rules) -> Made:
    """A batch that forgets these loaded records (division, name), and says how far the sweep is."""
    making = _Making(book, rules)
    for division, name in gone:
        making.forget(division, name)
    book.swept = swept
    return making.finish(0)


class _Told(NamedTuple):
    """Decisions as the log lists them and as the world hears of them."""

    lines: list[OutcomeLine]
    messages: list[Message]


class _Making:
    """A batch in the making. The next outcome is listed at `_offset` and `_ordinal`."""

    def __init__(self, book: Book, rules: Rules) -> None:
        self._book = book
        self._rules = rules
        self._start = book.place
        self._offset, self._ordinal = book.place
        self._before = book.noted()
        self._timers_left = rules.limits.timers_per_batch
        self._changes: defaultdict[tuple[Kind, str], dict[str, Value | None]] = defaultdict(dict)
        self._marked: dict[tuple[str, int], None] = {}
        self._outcomes: list[OutcomeLine] = []
        self._outputs: list[Message] = []
        self._bytes = 0
        self._contexts: dict[str, Context] = {}

    @property
    def is_full(self) -> bool:
        """Whether what is in the batch fills a log record."""
        return self._bytes > self._rules.limits.record_max_bytes

    def has_room(self, item: Read) -> bool:
        """Whether the log record takes this input as well. The first it always takes: there is no smaller record.

        What comes of an input is seldom larger than the input, and where it cannot be decided it is the input itself.
        """
        return not self._bytes or self._bytes + _logged_bytes(item.raw) <= self._rules.limits.record_max_bytes

    def fire_due_timers(self) -> bool:
        """Let the timers go off whose time has come. False: the batch may not fire more, and some are left."""
        book = self._book
        while (timer := book.next_timer()) is not None and timer[0] <= book.clock_ms:
            if self._timers_left == 0 or self.is_full:
                return False
            self._timers_left -= 1
            due_ms, division, name = timer
            fired = guarded(partial(self._fire, division, name))
            if isinstance(fired, Raised):
                later = Timer(book.clock_ms + PUT_OFF_MS)
                self.record(division, Verdict((), {"timer": {name: later}}), _Told([], []))
                self._give_up("timer_raised", fired, {"division": division, "timer": name, "due_ms": due_ms})
            else:
                self.record(division, *fired)
        return True

    def _fire(self, division: str, name: str) -> tuple[Verdict, _Told]:
        """What comes of a timer, and what is told of it; nothing is changed yet."""
        book = self._book
        room_bytes = self._rules.limits.record_max_bytes - self._bytes
        verdict = fire(name, book.state(division), self._config(division), book.clock_ms, room_bytes)
        return verdict, self.tell(division, verdict, self._ordinal)

    def switch(self, division: str, step: SwitchStep) -> None:
        """Take one step of a switch. One that raises is left out: what it is about stays as it was."""
        changes = guarded(step.changes)
        if isinstance(changes, Raised):
            self._give_up("switch_raised", changes, {"division": division, "step": step.about})
        else:
            self.record(division, Verdict((), changes), _Told([], []))

    def take(self, item: Read) -> None:
        """Decide one input and step behind it."""
        if item.offset != self._offset:
            self._offset, self._ordinal = item.offset, 0
        match item.content:
            case Tick():
                self._note("nothing", TICKED, "")
            case Poison() as poison:
                self._refuse(poison, self._here())
            case LaneInput() as received:
                self._take_event(received, item.raw)
            case _:
                assert_never(item.content)
        self._offset, self._ordinal = item.offset + 1, 0

    def record(self, division: str, verdict: Verdict, told: _Told) -> None:
        """Make a verdict part of the batch, with what is told of it."""
        changes = {kind: each for kind, each in verdict.changes.items() if KINDS[kind].level <= self._rules.level}
        self._book.apply(division, changes)
        for kind, fields in changes.items():
            self._changes[kind, "" if KINDS[kind].is_of_lane else division].update(fields)
        self._bytes += bytes_of(changes)
        for record in changes.get("record", NOTHING_CHANGED).values():
            if isinstance(record, Record):
                record.heard_min = self._book.clock_ms // MINUTE_MS
        self._outcomes += told.lines
        self._ordinal += len(told.lines)
        self._publish(told.messages)

    def tell(
        self, division: str, verdict: Verdict, ordinal: int, origin: Origin = NO_ORIGIN, source: str = ""
    ) -> _Told:
        """What the log lists and the world hears of a verdict's decisions, numbered on from `ordinal`."""
        context = self._context(division)
        told = _Told([], [])
        for number, decision in enumerate(verdict.decisions, ordinal):
            line = self._line(number, decision.outcome.name, decision.outcome.reason, source)
            told.lines.append(line)
            told.messages.extend(render(decision, line.decision_id, context, origin))
        return told

    def forget(self, division: str, name: str) -> None:
        """Remember nothing of a record any more."""
        book = self._book
        changes = guarded(partial(forget, name, book.state(division), self._config(division), book.clock_ms))
        if isinstance(changes, Raised):
            self._give_up("sweep_raised", changes, {"division": division, "record": name})
        else:
            self.record(division, Verdict((), changes), _Told([], []))

    def finish(self, used: int) -> Made:
        """The batch as it is written to the log; token and snapshots are the caller's to add."""
        book = self._book
        book.place = Cursor(self._offset, self._ordinal)
        if book.swept is None and book.clock_ms:
            book.swept = Swept(book.clock_ms // self._rules.limits.sweep_every_ms, EVERY_KEY)
        changes = book.own_changes(self._before, self._marked)
        touched: set[tuple[str, str]] = set()
        for (kind, division), fields in self._changes.items():
            changes.setdefault(kind, {}).update(stored(kind, division, fields))
            if kind == "record":
                touched.update((division, name) for name in fields)
        batch = Batch(
            token=NO_OFFSET,
            start=self._start,
            end=book.place,
            time_ms=book.clock_ms,
            versions=dict(book.versions),
            code=CODE_VERSION,
            outcomes=self._outcomes,
            changes=changes,
            outputs=self._outputs,
        )
        return Made(batch, frozenset(touched), used)

    def _take_event(self, received: LaneInput, raw: bytes) -> None:
        position = received.position
        source = str(position)
        if self._rules.drop_taken and self._book.is_taken(position):
            self._drop(received, raw, source)
            return
        self._book.take(position)
        self._book.repeats.remember(position, raw)
        self._marked[position.topic, position.partition] = None
        first = received.redriven
        if first is not None and self._book.redriven.holds(first):
            self._note("nothing", "redriven_already", source)
            return
        divisions = divisions_of(received, self._rules.configs)
        strange = [division for division in divisions if division not in self._rules.configs]
        if strange:
            told = f"the division {strange[0]} has no configuration"
            self._refuse(Poison("no_configuration", told, raw), position)
        elif not divisions:
            self._note("nothing", UNCONCERNED, source)
        elif self._has_decided(received, raw, divisions, source) and first is not None:
            self._book.redriven.remember(first, self._book.clock_ms)

    def _drop(self, received: LaneInput, raw: bytes, source: str) -> None:
        """What was taken before is dropped; what only looks so would be lost, and is a dead letter."""
        book, configs = self._book, self._rules.configs
        divisions = [each for each in divisions_of(received, configs) if each in configs]
        states = {division: (book.state(division), configs[division]) for division in divisions}
        fate = book.repeats.fate(received, raw, states, book.clock_ms - self._rules.limits.deleted_ms)
        if fate == "lost":
            log.error("event.overtaken", lane=self._rules.lane, position=source)
            self._refuse(Poison("taken_before", TAKEN_BEFORE, raw), received.position)
        else:
            self._note("dropped", "" if fate == "repeat" else fate, source)

    def _has_decided(self, received: LaneInput, raw: bytes, divisions: Sequence[str], source: str) -> bool:
        """Decide the event for these divisions. False: that raised, and it went to the dead letters."""
        decided = guarded(partial(self._decide, received, divisions, source))
        if isinstance(decided, Raised):
            self._book.raised.append(received.position)
            log.error("decision.raised", position=source, error=type(decided.error).__name__)
            self._refuse(Poison("decide_raised", decided.what, raw), received.position, decided.trace)
            return False
        self._book.raised.clear()
        for division, verdict, told in decided:
            self.record(division, verdict, told)
        return True

    def _decide(self, received: LaneInput, divisions: Sequence[str], source: str) -> list[tuple[str, Verdict, _Told]]:
        """The verdict of each division concerned, and what is told of it; nothing is changed yet."""
        if self._offset == self._rules.too_large:
            raise DoesNotFit("more comes of it than a log record takes")
        decided = []
        ordinal = self._ordinal
        for division in divisions:
            verdict = decide(received.event, self._book.state(division), self._config(division), self._book.clock_ms)
            decided.append((division, verdict, self.tell(division, verdict, ordinal, received.origin, source)))
            ordinal += len(verdict.decisions)
        return decided

    def _config(self, division: str) -> Config:
        return self._rules.configs.get(division) or Config(division)

    def _context(self, division: str) -> Context:
        """What the messages of this moment have in common; many inputs of a batch come at one time."""
        known = self._contexts.get(division)
        time_ms = self._book.clock_ms
        if known is None or known.time_ms != time_ms:
            config = self._config(division)
            known = Context(self._rules.topics, division, time_ms, config.version, config.label)
            self._contexts[division] = known
        return known

    def _give_up(self, reason: PoisonReason, raised: Raised, about: dict[str, object]) -> None:
        """Tell with a dead letter of what raised and was no event: it has no source, and stands for this place."""
        log.error("decision.raised", lane=self._rules.lane, reason=reason, error=type(raised.error).__name__)
        self._note("dead_letter", reason, "")
        self._add_letter(Poison(reason, raised.what, orjson.dumps(about)), self._here(), raised.trace)

    def _refuse(self, poison: Poison, position: Position, trace: str = "") -> None:
        self._note("dead_letter", poison.reason, str(position))
        self._add_letter(poison, position, trace)

    def _add_letter(self, poison: Poison, position: Position, trace: str) -> None:
        limit_bytes = self._rules.limits.dead_letter_limit_bytes
        letter = fitting_letter(poison, position, self._rules.topics, trace, limit_bytes)
        self._outputs.append(letter)
        self._bytes += OUTCOME_BYTES + output_bytes(letter)

    def _here(self) -> Position:
        """The place in the lane's input."""
        return Position(self._book.epoch, self._rules.topics.events, self._rules.lane, self._offset)

    def _publish(self, messages: Sequence[Message]) -> None:
        self._outputs += messages
        self._bytes += OUTCOME_BYTES
        for message in messages:
            self._bytes += _logged_bytes(message.value) + MESSAGE_BYTES

    def _note(self, kind: str, reason: str, source: str) -> None:
        """List one outcome under the input's offset, with the next ordinal."""
        self._outcomes.append(self._line(self._ordinal, kind, reason, source))
        self._ordinal += 1

    def _line(self, ordinal: int, kind: str, reason: str, source: str) -> OutcomeLine:
        decision_id = f"{self._rules.lane}-{self._book.epoch}-{self._offset}-{ordinal}"
        return OutcomeLine(self._offset, ordinal, kind, reason, decision_id, source)


def _logged_bytes(text: bytes) -> int:
    """About how long a JSON text is as a string within JSON, where its quotes are escaped; at worst it doubles."""
    return len(text) + len(text) // 4
