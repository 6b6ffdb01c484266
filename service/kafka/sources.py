"""Read the source topics partition by partition, so that one partition's trouble is never another's.

The driver reads all partitions in one call, and where one of them raises while it is unpacked (a codec that is not
there, a header name that is not UTF-8, a checksum) it drops what it had drained of the others and goes on behind it.
Here each partition has a read of its own under way, and a *mark* of its own: the offset of the next record that was
not handed out yet. The driver's position is believed only where it agrees with the mark.

* A read that begins above the mark is a gap. It is put back to the mark and read again; what comes a second time is
  what there is (transactions and compaction leave legal gaps).
* A read that finds no such offset in the partition lost records, or positions: it stands there until somebody resets
  the topic. Where the partition grows past the mark, what was in between would be passed over.
* A read that raises is put back to the mark and repeated record by record, so that all good records before the bad one
  are handed out (so is a read that would unpack more than is allowed, which may be of many good batches). Where that
  raises, the batch is taken apart (`unpacking`), which tells a bad record from the good ones behind it. What nobody can
  read *stands* at the mark: the others go on, it is tried again now and then, and `problems` names it with what to do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, OffsetOutOfRangeError

from service.config.sources import Skip
from service.kafka.codecs import at_most
from service.kafka.unpacking import Stretch, is_unreadable
from service.limits import UNPACKED_LIMIT_BYTES
from service.telemetry.metrics import METERS

log = structlog.get_logger(__name__)

Records = Sequence["ConsumerRecord[Any, Any]"]

PATIENCE_MS: Final = 20_000
"""A read without data ends after so long. Data end it at once."""
LOOK_SECONDS: Final = 0.2
"""How often to look for partitions while there are none."""
RETRY_SECONDS: Final = 1.0
LONGEST_RETRY_SECONDS: Final = 30.0
"""A partition that stands is tried again after a second, then less and less often."""
SINGLY: Final = 1_000
"""After an error so many records are read one by one before larger reads are trusted again."""


class Consumer(Protocol):
    """What is needed of the driver's consumer."""

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Records]: ...

    async def position(self, partition: TopicPartition) -> int: ...

    def seek(self, partition: TopicPartition, offset: int) -> None: ...

    def pause(self, *partitions: TopicPartition) -> None: ...

    def resume(self, *partitions: TopicPartition) -> None: ...


class Passed(NamedTuple):
    """What was skipped: offsets from `start`, up to but without `stop`; `why` names the error."""

    partition: TopicPartition
    start: int
    stop: int
    why: str


class CannotBeRead(Exception):
    """Why nobody can read the records from the mark on, up to but without `stop`."""

    def __init__(self, why: str, stop: int) -> None:
        super().__init__(why)
        self.stop = stop


class Page(NamedTuple):
    """Records to send, each partition's in order, and the marks that may be committed once they are sent."""

    assignment: int
    records: Records
    passed: Sequence[Passed]
    marks: Mapping[TopicPartition, int]


class _Read(NamedTuple):
    """How a read ended: what came, and where the driver would go on."""

    records: Records
    position: int


@dataclass(slots=True)
class _Stand:
    """Why a partition does not move, and when it is tried again (seconds, monotonic)."""

    error: BaseException
    since: float
    attempts: int = 1
    retry_at: float = 0.0

    @property
    def is_unreadable(self) -> bool:
        """Whether the records are to blame. The broker's own errors pass by themselves."""
        return is_unreadable(self.error)

    @property
    def lasts(self) -> bool:
        """Whether it must not be tried again: what comes then is not what follows on the mark."""
        return isinstance(self.error, OffsetOutOfRangeError)


@dataclass(slots=True)
class _Source:
    """Where we are in a partition. `singly`: so many records still come one by one; `doubt`: what followed on a gap."""

    partition: TopicPartition
    mark: int
    singly: int = 0
    is_taken_apart: bool = False
    doubt: int | None = None
    stand: _Stand | None = None
    refusal: str = ""
    task: asyncio.Task[_Read] | None = field(default=None)

    def rests(self, now: float) -> bool:
        """Whether it is not to be read now."""
        return bool(self.refusal) or (self.stand is not None and (self.stand.lasts or self.stand.retry_at > now))


@dataclass
class SourceReader:
    """Reads what was assigned. `skip_at` says which skip allows to pass an offset that cannot be read. `unpack` takes
    the batch at an offset apart; none: what the driver cannot read stands.

    Not safe for concurrent use; `revoke` and `expect` may be called while a `read` waits.
    """

    consumer: Callable[[], Consumer]
    limit: int
    skip_at: Callable[[str, int, int], Skip | None]
    unpack: Callable[[TopicPartition, int], Awaitable[Stretch]] | None = None
    unpacked_limit_bytes: int = UNPACKED_LIMIT_BYTES
    clock: Callable[[], float] = time.monotonic
    assignment: int = 0
    expected: set[TopicPartition] = field(default_factory=set)
    _places: dict[TopicPartition, _Source] = field(default_factory=dict)
    _gone: dict[tuple[TopicPartition, int], _Stand] = field(default_factory=dict)
    """Marks that a partition once did not hold, also while it is not ours."""

    def revoke(self) -> None:
        """Nothing is ours any more. What was handed out and not committed is read again by whoever gets it."""
        self.assignment += 1
        self.expected = set()
        for place in self._places.values():
            _show(place, stands=False)
            if place.task is not None:
                place.task.cancel()
        self._places = {}

    def expect(self, partitions: Iterable[TopicPartition]) -> None:
        """These are ours now; each is read when its place is known, see `begin` and `refuse`."""
        self.revoke()
        self.expected = set(partitions)

    def begin(self, partition: TopicPartition, mark: int) -> None:
        """Read a partition from this offset on. Raises `IllegalStateError` where it is not ours any more."""
        self.consumer().seek(partition, mark)
        self.consumer().resume(partition)  # it may have been refused, or have stood, before it was taken up anew
        self.expected.discard(partition)
        place = self._places[partition] = _Source(partition, mark, stand=self._gone.get((partition, mark)))
        _show(place, stands=place.stand is not None)

    def refuse(self, partition: TopicPartition, why: str) -> None:
        """Do not read a partition (any more), and name the reason as a problem."""
        self.expected.discard(partition)
        place = self._places.setdefault(partition, _Source(partition, -1))
        if not place.refusal:
            log.error("source.refused", partition=_named(partition), why=why)
        place.refusal = why
        _show(place, stands=True)
        with suppress(IllegalStateError):
            self.consumer().pause(partition)

    def partitions(self) -> Sequence[TopicPartition]:
        """What has its place."""
        return list(self._places)

    def lost(self) -> Mapping[TopicPartition, int]:
        """The marks of ours that their partitions did not hold."""
        return {each.partition: each.mark for each in self._places.values() if each.stand and each.stand.lasts}

    def forget_lost(self) -> None:
        """Another epoch has begun: what partitions once did not hold says nothing of its positions."""
        self._gone.clear()

    def problems(self) -> list[str]:
        """What cannot be read: which partition, where, and what to do."""
        return [_problem(place) for place in self._places.values() if place.refusal or place.stand]

    async def read(self) -> Page:
        """What came next, as soon as anything came. Empty when it is time to look at the assignment again."""
        now = self.clock()
        passed = [skipped for place in self._places.values() if (skipped := self._pass(place)) is not None]
        for place in self._places.values():
            if place.task is None and not place.rests(now):
                self._start(place)
        tasks = [place.task for place in self._places.values() if place.task is not None]
        if tasks and not passed:
            await asyncio.wait(tasks, timeout=RETRY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        elif not passed:
            await asyncio.sleep(LOOK_SECONDS)
        return self._harvest(passed)

    async def stop(self) -> None:
        """End all reads. Nothing can be read afterwards."""
        tasks = [place.task for place in self._places.values() if place.task is not None]
        self.revoke()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, place: _Source) -> None:
        if place.stand is not None:
            self.consumer().resume(place.partition)
        limit = 1 if place.singly else self.limit
        read = self._take_apart(place) if place.is_taken_apart else self._read(place.partition, limit)
        place.task = asyncio.create_task(read)

    async def _read(self, partition: TopicPartition, limit: int) -> _Read:
        consumer = self.consumer()
        with at_most(self.unpacked_limit_bytes):
            pages = await consumer.getmany(partition, timeout_ms=PATIENCE_MS, max_records=limit)
        return _Read(pages.get(partition, ()), await consumer.position(partition))

    async def _take_apart(self, place: _Source) -> _Read:
        """The batch at the mark, up to what nobody can read. Raises `CannotBeRead` where that is at the mark."""
        assert self.unpack is not None, "else nothing is taken apart"
        batch = await self.unpack(place.partition, place.mark)
        stop = min((broken.start for broken in batch.broken), default=batch.stop)
        if batch.broken and stop <= place.mark:
            raise CannotBeRead(batch.broken[0].why, batch.broken[0].stop)
        return _Read([record for record in batch.records if record.offset < stop], stop)

    def _harvest(self, passed: Sequence[Passed]) -> Page:
        """Take what has come, up to about the limit; the rest keeps, and is first next time."""
        records: list[ConsumerRecord[Any, Any]] = []
        marks = {skipped.partition: skipped.stop for skipped in passed}
        for place in list(self._places.values()):
            if place.task is None or not place.task.done() or len(records) >= self.limit:
                continue
            task, place.task = place.task, None
            before = place.mark
            records += self._take(place, task)
            if place.mark != before:
                marks[place.partition] = place.mark
            self._places[place.partition] = self._places.pop(place.partition)
        return Page(self.assignment, records, passed, marks)

    def _take(self, place: _Source, task: asyncio.Task[_Read]) -> Records:
        """What a read brought, as far as it follows on the mark."""
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if isinstance(error, ConsumerStoppedError):
            raise error
        if isinstance(error, IllegalStateError | asyncio.CancelledError) or place.refusal:
            return ()
        if error is not None:
            self._stumble(place, error)
            return ()
        read = task.result()
        records = [record for record in read.records if record.offset >= place.mark]
        first = records[0].offset if records else read.position
        if first > place.mark and first != place.doubt and not place.is_taken_apart:
            self._doubt(place, first)
            return ()
        if place.doubt is not None:
            METERS.count("source_gaps", result="legal" if first == place.doubt else "recovered")
        place.doubt = None
        was_taken_apart, place.is_taken_apart = place.is_taken_apart, False
        place.singly = max(0, place.singly - len(records)) if records or was_taken_apart else 0
        if place.stand is not None:
            log.info("source.moved", partition=_named(place.partition), offset=place.mark)
            place.stand = None
            _show(place, stands=False)
        place.mark = max(place.mark, read.position, *(record.offset + 1 for record in records[-1:]))
        if was_taken_apart:
            self._put_back(place)
        return records

    def _doubt(self, place: _Source, first: int) -> None:
        """Something is missing before `first`: see whether it comes when it is asked for again."""
        log.debug("gap.doubted", partition=_named(place.partition), mark=place.mark, first=first)
        place.doubt = first
        self._put_back(place)

    def _stumble(self, place: _Source, error: BaseException) -> None:
        """A read raised: read singly up to the place where it does, take that batch apart, and stand there."""
        now = self.clock()
        if not place.singly and not isinstance(error, OffsetOutOfRangeError):
            place.singly = SINGLY
            log.info("source.stumbled", partition=_named(place.partition), mark=place.mark, error=repr(error))
        elif self.unpack is not None and not place.is_taken_apart and is_unreadable(error):
            place.is_taken_apart = True
        else:
            stand = place.stand or _Stand(error, now, attempts=0)
            stand.error, stand.attempts = error, stand.attempts + 1
            stand.retry_at = now + min(RETRY_SECONDS * 2.0 ** (stand.attempts - 1), LONGEST_RETRY_SECONDS)
            if place.stand is None:
                log.error("source.stood", partition=_named(place.partition), offset=place.mark, error=repr(error))
            place.stand = stand
            if stand.lasts:
                self._gone[place.partition, place.mark] = stand
            _show(place, stands=True)
            with suppress(IllegalStateError):
                self.consumer().pause(place.partition)
        self._put_back(place)

    def _put_back(self, place: _Source) -> None:
        """The driver forgets with it what it holds of the partition, a reader that broke included."""
        with suppress(IllegalStateError):
            self.consumer().seek(place.partition, place.mark)

    def _pass(self, place: _Source) -> Passed | None:
        """Go on behind what cannot be read, where somebody has decided so; a skip that says more passes no more."""
        if place.stand is None or not place.stand.is_unreadable or place.task is not None or place.refusal:
            return None
        partition = place.partition
        skip = self.skip_at(partition.topic, partition.partition, place.mark)
        if skip is None:
            return None
        error = place.stand.error
        stop = min(skip.stop, error.stop) if isinstance(error, CannotBeRead) else skip.stop
        passed = Passed(partition, place.mark, stop, _why(error))
        log.warning("records.skipped", partition=_named(partition), start=passed.start, stop=passed.stop)
        place.mark, place.stand, place.singly, place.doubt, place.is_taken_apart = stop, None, SINGLY, None, False
        _show(place, stands=False)
        with suppress(IllegalStateError):
            self.consumer().resume(partition)
        self._put_back(place)
        return passed


def _show(place: _Source, *, stands: bool) -> None:
    topic, partition = place.partition
    METERS.level("source_stands", int(stands), topic=topic, partition=str(partition))


def _named(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _why(error: BaseException) -> str:
    return str(error) if isinstance(error, CannotBeRead) else repr(error)


def _problem(place: _Source) -> str:
    where = f"{place.partition.topic}/{place.partition.partition}"
    if place.refusal:
        return place.refusal
    assert place.stand is not None
    error = place.stand.error
    if isinstance(error, OffsetOutOfRangeError):
        return (
            f"positions out of range: {where} at {place.mark}; the topic did not hold that offset, and nothing is read "
            f"of it any more: stop all processes and run `fairlead sources reset --topic {place.partition.topic}`"
        )
    at = f"{where}/{place.mark} cannot be read ({_why(error)})"
    if place.stand.is_unreadable:
        return f"{at}: mend it (a codec?), or pass it knowingly with `fairlead sources skip {where}/{place.mark}`"
    return f"{at}: see what keeps the broker from giving it; it is tried again"
