"""Bring back a lane that halted because its log and its memory contradict each other.

The service never chooses between them: one of the two is another life of the lane, and only a person can know which.
Two choices are offered. *Adopt* the log: the memory is thrown away, and the next claim rebuilds it from the log.
*Restore* from the memory: what it holds is written into the log as a snapshot, then thrown away as well, and the next
claim rebuilds it from that snapshot. Either way there is one path back to work, the one of every claim.

Nothing is taken for granted. Both look first and refuse what would make things worse; a restore counts only with its
last record, and is read back before the memory goes. Both may be run again after an interruption.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from service.kafka.port import Transport, Truncated
from service.lane.book import RESIDENT_KINDS, Book
from service.lane.folding import Rebuilt, entries, level_of, rebuild_content
from service.lane.ownership import ANSWER_MS, Tenure, append, input_bounds
from service.lane.snapshot import Snapshots
from service.lane.strangers import doubt
from service.lane.surprise import Fenced, Surprise
from service.lane.surroundings import NO_LIFE, any_epoch, no_step
from service.limits import Limits
from service.store.keys import LANE as OWN
from service.store.keys import LAYOUT, full_name, kind_of, read_layout
from service.store.memory import MemoryStore
from service.store.port import NO_REVISION, Head, Store
from service.wire.inputs import LaneInput, read_input
from service.wire.log_forms import Cursor
from service.wire.log_records import NO_OFFSET, Batch, Claim, Complete, Fields, ForeignRecord, LogRecord, encode
from service.wire.topics import Topics

KEYS_PER_LOOK: Final = 64
ALL_AT_ONCE: Final = Limits(snapshot_min_bytes=0, keep_ms=2**62)
"""A recovery deletes nothing from the log: what it leaves there may tell a person what happened."""
LOOK_BACK: Final = 500
"""So many inputs before the lane's place are checked: has the lane taken them?"""

Content = dict[str, dict[str, bytes]]
"""A lane's state by kind and full name."""
InputFate = Literal["goes_on", "begun_anew", "lost"]
FATES: Final[Mapping[InputFate, str]] = {
    "goes_on": "goes on where the lane stopped",
    "begun_anew": "is another topic than the one the lane knows: a restore reads it from its beginning",
    "lost": "does not reach back to where the lane stopped: events in between were deleted",
}
"""What has become of the lane's place in its input."""


INTERFERED: Final = (
    "somebody else writes into the log of lane {lane}: stop all processes. Nothing was changed, the unfinished "
    "snapshot does not count"
)


class RecoveryRefused(Exception):
    """It would not help or would do harm. The text says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Patient:
    """The lane to bring back, and its two halves. Of its inputs those count that a lane believes: of an epoch up to the
    `newest_epoch`, sealed for its topic in one of its `lives`.
    """

    lane: int
    topics: Topics
    transport: Transport
    store: Store
    newest_epoch: int = any_epoch()
    lives: Collection[str] = NO_LIFE


class Summary(NamedTuple):
    """What a lane's state holds, whether from the memory or the log. `turns`: the last turn number of each pool,
    which is named `division/pool`.
    """

    revision: int
    records: int
    waiting: int
    turns: Mapping[str, int]
    place: Cursor
    clock_ms: int


class Survey(NamedTuple):
    """How a lane stands. `memory` none: it holds nothing whole. `log` none: it cannot be rebuilt from.

    `belong_together`: the memory's last batch is in this log, so that the lane catches up by itself.
    """

    memory: Summary | None
    log: Summary | None
    log_bounds: tuple[int, int]
    input_bounds: tuple[int, int]
    input_fate: InputFate
    belong_together: bool


class RestoredLane(NamedTuple):
    """What a restore did: where the snapshot lies in the log, and where the input goes on."""

    token: int
    start: int
    complete: int
    input: Cursor


async def survey(patient: Patient) -> Survey:
    """Look at both halves and the input; changes nothing. Raises `RecoveryRefused` while somebody works on the lane,
    `NewerLog`, and what the drivers raise.
    """
    head, content = await _read_memory(patient)
    begin, end = await patient.transport.log_bounds()
    rebuilt = await _read_log(patient.transport, begin, end)
    memory = _summary(head, content) if head.revision != NO_REVISION and not head.building else None
    logged = None if rebuilt is None else _summary(rebuilt.fold.head, rebuilt.content.fields)
    bounds = await input_bounds(patient.transport)
    book = _book(content if memory else rebuilt.content.fields if rebuilt else {})
    return Survey(
        memory,
        logged,
        (begin, end),
        bounds,
        await _input_fate(patient, book, bounds) if memory or logged else "goes_on",
        belong_together=await _is_in_log(patient.transport, head),
    )


async def adopt(patient: Patient) -> None:
    """The log is right: throw the memory away. The next claim rebuilds it from the log.

    Outputs of the log's last batch are published once more by that claim, as by any; they are the same bytes. Raises
    `RecoveryRefused` where the log cannot be rebuilt from, because then the memory is all there is.
    """
    begin, end = await patient.transport.log_bounds()
    if await _read_log(patient.transport, begin, end) is None:
        raise RecoveryRefused(
            f"the log begins at {begin} and holds no complete snapshot: it cannot rebuild the memory. "
            "If the memory is right, use `fairlead restore`"
        )
    await patient.store.forget(patient.lane)


async def restore(
    patient: Patient, owner: str, configured: Collection[str], *, input_begun_anew: bool = False
) -> RestoredLane:
    """The memory is right: write what it holds into the log as a snapshot, then throw it away.

    The snapshot stands behind a claim of its own, so nothing that was in this log before counts any more. It counts
    itself only with its last record; what was written is read back and compared before the memory goes.

    Three things of the state are changed on the way. The place in the input: if the topic was begun anew
    (`input_begun_anew` says so even where it cannot be seen), the lane reads it from its beginning, and drops what it
    has taken before; decisions get a new epoch in their ids, since the offsets repeat. The configuration versions are
    forgotten, since that topic may be another one, too: the next claim switches to what is valid now. The revision
    is none until the next batch.

    `configured` are the divisions that have a configuration now. Outputs of the lost log's last batch may never have
    been published; nothing in the memory can tell. Raises `RecoveryRefused`.
    """
    _, seen_up_to = await patient.transport.log_bounds()
    head, content = await _read_memory(patient)
    found = await survey(patient)
    if found.memory is None:
        raise RecoveryRefused(
            "the memory holds nothing whole to restore from. If the log is right, use `fairlead adopt`"
        )
    fate: InputFate = "begun_anew" if input_begun_anew else found.input_fate
    if found.belong_together and fate == "goes_on":
        raise RecoveryRefused(
            "log and memory belong together: there is nothing to restore, the lane catches up by itself"
        )
    book = _book(content)
    unknown = sorted(set(book.versions) - set(configured))
    if unknown:
        raise RecoveryRefused(
            f"no configuration on the topic for {', '.join(unknown)}: publish it first (`fairlead config publish DIR`)"
        )
    own = content.setdefault(OWN, {})
    for name, value in _changes(patient, book, fate, found.input_bounds).items():
        if value is None:
            own.pop(name, None)
        else:
            own[name] = value
    level = await level_of(patient.transport)
    token = await _claim(patient, Claim(owner, level), seen_up_to)
    layout = read_layout(head.layout) or LAYOUT
    tenure = Tenure(patient.lane, token, token, head, book, snapshots=(), grown=0, layout=layout, level=level)
    return await _write_snapshot(patient, tenure, content)


async def _claim(patient: Patient, claim: Claim, seen_up_to: int) -> int:
    """Claim the lane, whose log was looked at up to an offset; the token. What was decided since must not be overruled:
    somebody adopted the lane meanwhile and started a process, or restored it.
    """
    await patient.transport.renew()
    token = await patient.transport.append(encode(claim))
    between = [entry.record async for entry in entries(patient.transport, seen_up_to, token)]
    if not all(isinstance(record, ForeignRecord) for record in between):
        raise RecoveryRefused(INTERFERED.format(lane=patient.lane))
    return token


async def _read_memory(patient: Patient) -> tuple[Head, Content]:
    """All of the memory as of one head. Raises `RecoveryRefused` where it moves meanwhile."""
    first, _ = await patient.store.peek(patient.lane, ())
    keys = (read_layout(first.layout) or LAYOUT).keys
    content: Content = {}
    for at in range(0, len(keys), KEYS_PER_LOOK):
        looked_at = keys[at : at + KEYS_PER_LOOK]
        head, contents = await patient.store.peek(patient.lane, looked_at)
        if head.building and not first.building:
            return head, {}
        if head != first:
            raise RecoveryRefused(
                f"somebody works on lane {patient.lane}: it has not halted, or stop all processes first"
            )
        for key, fields in zip(looked_at, contents, strict=True):
            content.setdefault(kind_of(key), {}).update(fields)
    return first, content


async def _read_log(transport: Transport, begin: int, end: int) -> Rebuilt | None:
    """What the log adds up to; none: its beginning is gone and it holds no complete snapshot."""
    try:
        return await rebuild_content(transport, begin, end)
    except Truncated:
        return None


async def _is_in_log(transport: Transport, head: Head) -> bool:
    """Whether the memory's last batch is in this log, with all of its outputs: else no claim gets past it."""
    begin, end = await transport.log_bounds()
    if head.building or not begin <= head.revision < end:
        return False
    return any(
        [
            entry.digest == head.checksum and begin <= min(entry.record.parts, default=begin)
            async for entry in entries(transport, head.revision, head.revision + 1)
            if isinstance(entry.record, Batch)
        ]
    )


def _book(content: Content) -> Book:
    book = Book()
    for kind in RESIDENT_KINDS:
        book.absorb(kind, content.get(kind, {}))
    return book


def _summary(head: Head, content: Content) -> Summary:
    book = _book(content)
    turns = {
        f"{division}/{name}": pool.turn
        for division, state in book.divisions.items()
        for name, pool in state.pools.items()
    }
    return Summary(
        head.revision, len(content.get("record", {})), len(book.parked_records()), turns, book.place, book.clock_ms
    )


async def _input_fate(patient: Patient, book: Book, bounds: tuple[int, int]) -> InputFate:
    """Whether the lane's place is still where it was: everything before it must have been taken."""
    transport, (begin, end) = patient.transport, bounds
    offset = book.place.offset
    if offset > end:
        return "begun_anew"
    at = max(begin, offset - LOOK_BACK)
    await transport.seek(at)
    while at < offset:
        arrived = await transport.poll(offset - at, ANSWER_MS)
        if not arrived:
            raise TimeoutError(f"the lane's input could not be read up to {offset}")
        if any(_is_untaken(patient, book, item.value) for item in arrived):
            return "begun_anew"
        at = arrived[-1].offset + 1
    return "lost" if offset < begin else "goes_on"


def _is_untaken(patient: Patient, book: Book, value: bytes) -> bool:
    content = read_input(value)
    is_believed = not doubt(content, value, patient.newest_epoch, patient.lives)
    return is_believed and isinstance(content, LaneInput) and not book.is_taken(content.position)


def _changes(patient: Patient, book: Book, fate: InputFate, bounds: tuple[int, int]) -> Fields:
    """What is different in the restored state. The book is moved along."""
    marked: list[tuple[str, int]] = []
    if fate != "goes_on":
        book.place = Cursor(bounds[0])
    if fate == "begun_anew":
        # A mark on the lane's own input stands for no source; it only makes the epoch of new decision ids a new one.
        marked = [(patient.topics.events, patient.lane)]
        book.marks[marked[0]] = (book.epoch + 1, NO_OFFSET)
    fields = [f"config/{division}" for division in book.versions]
    fields += [f"switching/{division}" for division in book.switching]
    fields += ["input_topic"] if fate == "begun_anew" else []
    forgotten = {full_name(OWN, "", field): None for field in fields}
    return {**book.own_changes(book.noted(), marked)[OWN], **forgotten}


async def _write_snapshot(patient: Patient, tenure: Tenure, content: Content) -> RestoredLane:
    token, layout = tenure.token, tenure.layout
    copy = MemoryStore()
    await copy.fence(patient.lane, token)
    await copy.begin(patient.lane, token, layout)
    await copy.rebuild(patient.lane, token, 1, layout.filled(content), tenure.head)
    snapshots = Snapshots(
        tenure, copy, patient.transport, lambda record: _append(patient, tenure, record), no_step, ALL_AT_ONCE
    )
    await snapshots.go_on()
    while snapshots.is_open:
        await snapshots.go_on()
    rebuilt = await _read_log(patient.transport, token, tenure.last + 1)
    if rebuilt is None or _filled(rebuilt.content.fields) != _filled(content):
        raise RecoveryRefused("what was written into the log does not read back as the memory: nothing was thrown away")
    await patient.store.forget(patient.lane)
    return RestoredLane(token, tenure.snapshots[-1].start, tenure.last, tenure.book.place)


async def _append(patient: Patient, tenure: Tenure, record: LogRecord) -> int:
    """Append the next record of the snapshot, under the newest claim."""
    if isinstance(record, Complete):
        record = replace(record, batch=NO_REVISION, checksum="")
    try:
        return await append(tenure, patient.transport, encode(record))
    except (Fenced, Surprise) as error:
        raise RecoveryRefused(INTERFERED.format(lane=patient.lane)) from error


def _filled(content: Content) -> Content:
    return {kind: fields for kind, fields in content.items() if fields}
