"""What is decided in which order: inputs in, one batch out (see `making`), with nothing written anywhere.

Each input is decided with the changes of those before it. Timers that are due by an input's time go off first, a
bounded number of them; when that number is used up the batch ends, possibly in front of an input, and says how far it
came. What a decision raises costs the event, timer or piece of a switch that it is about (see `raising`). An input of a
division that was never configured is a dead letter and leaves no state: whoever invents divisions takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, assert_never

import structlog

from service.core.case import Verdict
from service.core.configuration import Config
from service.core.decide import decide
from service.core.holding.draining import LineRaised
from service.core.holding.membership import SwitchStep, switch_steps, switched
from service.core.holding.retention import forget
from service.core.state import Timer
from service.core.timers import fire
from service.lane.book import Book, Swept
from service.lane.making import Announcement, Grounds, Made, Making
from service.lane.needs import Read, divisions_named, records_missing
from service.lane.raising import MAX_RAISED_IN_A_ROW, PUT_OFF_MS, DoesNotFit, Raised, guarded
from service.wire.inputs import LaneInput, Tick
from service.wire.messages import Poison, Position

log = structlog.get_logger()

TICKED: Final = "tick"
"""The reason in the log where only time has passed."""
UNCONCERNED: Final = "no_division"
"""The reason where news of a person name no division, and the lane has none that is configured."""
UNDECIDED: Final = frozenset({TICKED, UNCONCERNED, "configuration_switched"})
"""The reasons of outcomes about no record: nothing was decided, whatever stands in the log."""

TOO_MUCH: Final = "more comes of it than a log record takes"
TAKEN_BEFORE: Final = "the lane has taken later events of its source partition, and never this one"


def decide_batch(book: Book, inputs: Sequence[Read], grounds: Grounds) -> Made:
    """Decide the inputs in order, up to the limits. The book moves on; it is thrown away if nothing comes of it."""
    deciding = _Deciding(Making(book, grounds))
    used = 0
    for item in inputs:
        book.clock_ms = max(book.clock_ms, item.time_ms)
        if is_at_a_loss(book) or not deciding.fire_due_timers() or not deciding.making.has_room(item.raw):
            break
        deciding.take(item)
        used += 1
    else:
        deciding.fire_due_timers()
    return deciding.making.finish(used)


def is_at_a_loss(book: Book) -> bool:
    """Whether so many events in a row raised that nothing more is to be decided."""
    return len(book.raised) >= MAX_RAISED_IN_A_ROW


def begin_switch(book: Book, config: Config) -> Iterator[SwitchStep]:
    """The steps of a division's switch to this version, those that are left where it was begun before."""
    return switch_steps(book.kept_state(config.division), config, book.clock_ms)


def switch_configuration(book: Book, config: Config, steps: Iterable[SwitchStep], grounds: Grounds) -> Made:
    """A batch with as many steps of a switch as it takes. The first says that the version is in force.

    When none is left, the division is no longer among those that the book calls switching.
    """
    division = config.division
    making = Making(book, replace(grounds, configs={**grounds.configs, division: config}))
    if book.versions.get(division) != config.version or division not in book.switching:
        book.versions[division] = config.version
        book.switching.add(division)
        verdict = Verdict((switched(config),), {})
        making.record(division, verdict, making.announce(division, verdict, making.numbers(book.place.ordinal)))
    for taken, step in enumerate(steps, 1):
        _take_step(making, division, step)
        if making.is_full or taken == grounds.limits.switch_steps:
            break
    else:
        book.switching.discard(division)
    return making.finish(0)


def sweep(book: Book, gone: Sequence[tuple[str, str]], swept: Swept, grounds: Grounds) -> Made:
    """A batch that forgets these loaded records (division, name), and says how far the sweep is."""
    making = Making(book, grounds)
    for division, name in gone:
        changes = guarded(partial(forget, name, book.state(division), grounds.config(division), book.clock_ms))
        if isinstance(changes, Raised):
            making.give_up("sweep_raised", changes, {"division": division, "record": name})
        else:
            making.change(division, changes)
    book.swept = swept
    return making.finish(0)


def _blamed(timer: str, raised: Raised) -> tuple[str, Raised]:
    """The timer that is put off, and why: of lines that are served together that of the one for which it raised."""
    error = raised.error
    return (error.timer, Raised(error.error)) if isinstance(error, LineRaised) else (timer, raised)


def _take_step(making: Making, division: str, step: SwitchStep) -> None:
    """Take one step of a switch. One that raises is left out: what it is about stays as it was."""
    changes = guarded(step.changes)
    if isinstance(changes, Raised):
        making.give_up("switch_raised", changes, {"division": division, "step": step.about})
    else:
        making.change(division, changes)


class _Deciding:
    """Decides inputs and timers, one after another, into a batch."""

    def __init__(self, making: Making) -> None:
        self.making = making
        self._book = making.book
        self._grounds = making.grounds
        self._timers_left = making.grounds.limits.timers_per_batch

    def fire_due_timers(self) -> bool:
        """Let the timers go off whose time has come. False: the batch may not fire more, and some are left. One whose
        records are not loaded ends it: they are loaded for the next.
        """
        book, making = self._book, self.making
        while (timer := book.next_timer(book.clock_ms)) is not None and timer[0] <= book.clock_ms:
            due_ms, division, name = timer
            config = self._grounds.config(division)
            if self._timers_left == 0 or making.is_full or records_missing(book, division, name, config, book.clock_ms):
                return False
            self._timers_left -= 1
            making.fired.append((division, name))
            fired = guarded(partial(self._fire, division, name))
            if isinstance(fired, Raised):
                name, fired = _blamed(name, fired)
                due_ms = book.state(division).timers[name].due_ms
                later = Timer(book.clock_ms + PUT_OFF_MS)
                making.change(division, {"timer": {name: later}})
                making.give_up("timer_raised", fired, {"division": division, "timer": name, "due_ms": due_ms})
            else:
                making.record(division, *fired)
        return True

    def take(self, item: Read) -> None:
        """Decide one input and step behind it."""
        making = self.making
        making.stand_at(item.offset)
        match item.content:
            case Tick():
                making.note("nothing", TICKED, "")
            case Poison() as poison:
                making.refuse(poison, making.here())
            case LaneInput() as received:
                self._take_event(received, item.raw)
            case _:
                assert_never(item.content)
        making.stand_at(item.offset + 1)

    def _fire(self, division: str, name: str) -> tuple[Verdict, Announcement]:
        """What comes of a timer, and what is announced of it; nothing is changed yet."""
        book, making = self._book, self.making
        if (division, name) == self._grounds.too_large:
            raise DoesNotFit(TOO_MUCH)
        config = self._grounds.config(division)
        numbers = making.numbers(making.ordinal)
        verdict = fire(name, book.state(division), config, book.clock_ms, making.room_bytes, numbers)
        return verdict, making.announce(division, verdict, numbers)

    def _take_event(self, received: LaneInput, raw: bytes) -> None:
        making = self.making
        position = received.position
        source = str(position)
        if self._grounds.drop_taken and self._book.is_taken(position):
            self._drop(received, raw)
            return
        making.take(position)
        self._book.repeats.remember(received)
        first = received.redriven
        if first is not None and self._book.redriven.holds(first):
            making.note("nothing", "redriven_already", source)
            return
        divisions = self._divisions_of(received)
        strange = [division for division in divisions if division not in self._grounds.configs]
        if strange:
            told = f"the division {strange[0]} has no configuration"
            self._refuse(Poison("no_configuration", told, raw), position)
        elif not divisions:
            making.note("nothing", UNCONCERNED, source)
        elif self._has_decided(received, raw, divisions, source) and first is not None:
            self._book.redriven.remember(first, self._book.clock_ms)

    def _drop(self, received: LaneInput, raw: bytes) -> None:
        """What was taken before is dropped; what only looks so would be lost, and is a dead letter."""
        book, grounds, source = self._book, self._grounds, str(received.position)
        if received.redriven is not None and book.redriven.holds(received.redriven):
            self.making.note("dropped", "", source)
            return
        divisions = [each for each in self._divisions_of(received) if each in grounds.configs]
        states = {division: (book.state(division), grounds.config(division)) for division in divisions}
        fate = book.repeats.fate(received, states, book.clock_ms - grounds.limits.kept_least_ms)
        if fate == "lost":
            log.error("event.overtaken", lane=grounds.lane, position=source)
            book.repeats.remember_lost(received)
            self._refuse(Poison("taken_before", TAKEN_BEFORE, raw), received.position)
        else:
            self.making.note("dropped", "" if fate == "repeat" else fate, source)

    def _refuse(self, poison: Poison, position: Position, trace: str = "") -> None:
        """Tell of an event with a dead letter, and remember that this is what became of it: the state does not say."""
        self._book.refused.remember(position, self._book.clock_ms)
        self.making.refuse(poison, position, trace)

    def _has_decided(self, received: LaneInput, raw: bytes, divisions: Sequence[str], source: str) -> bool:
        """Decide the event for these divisions. False: that raised, and it went to the dead letters."""
        decided = guarded(partial(self._decide, received, divisions, source))
        if isinstance(decided, Raised):
            self._book.raised.append(received.position)
            log.error("decision.raised", position=source, error=type(decided.error).__name__)
            self._refuse(Poison("decide_raised", decided.what, raw), received.position, decided.trace)
            return False
        self._book.raised.clear()
        for division, verdict, announced in decided:
            self.making.record(division, verdict, announced)
        return True

    def _decide(
        self, received: LaneInput, divisions: Sequence[str], source: str
    ) -> list[tuple[str, Verdict, Announcement]]:
        """The verdict of each division concerned, and what is announced of it; nothing is changed yet."""
        book, making = self._book, self.making
        if making.offset == self._grounds.too_large:
            raise DoesNotFit(TOO_MUCH)
        decided = []
        ordinal = making.ordinal
        for division in divisions:
            config = self._grounds.config(division)
            numbers = making.numbers(ordinal)
            verdict = decide(received.event, book.state(division), config, book.clock_ms, numbers)
            announced = making.announce(division, verdict, numbers, received.origin, source)
            decided.append((division, verdict, announced))
            ordinal += len(verdict.decisions)
        return decided

    def _divisions_of(self, received: LaneInput) -> Sequence[str]:
        """An event about a person concerns every configured division of the lane, unless it names one."""
        return divisions_named(received) or sorted(self._grounds.configs)
