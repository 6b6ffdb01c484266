"""Send dead letters again: find each original, say why where there is none, and append it to its source topic.

What ingest could not read lies in its letter, byte for byte. A lane's letter holds what was decoded: the original is
fetched from where it was read, and where that is gone the event is told again from the letter. What a lane of an older
release could not read, since ingest of a newer one had read it, says itself where that was. A redrive goes to the
partition of the original, in the order in which the events were read at first, and names the position of the first
letter; of letters that name the same one the newest is sent. Sending twice is harmless, since lanes know what they have
decided: so whatever is uncertain is sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from service.config.sources import SourceState
from service.kafka.connection import KafkaConnection
from service.kafka.partitions import Place
from service.kafka.port import Refused
from service.kafka.publisher import Publisher
from service.kafka.reading import NoSuchTopic, partitions_of, read_some
from service.printable import is_secret
from service.views.dead_letters import DeadLetter
from service.wire.inputs import place_of
from service.wire.messages import OF_NO_EVENT, Position, RawRecord
from service.wire.redrive import Redrive, again, read_position, redrive_of
from service.wire.retelling import retold
from service.wire.seals import is_sealed

SENT_AT_ONCE: Final = 100
GONE: Final = "{topic} does not hold the original any more, nor the letter all of the event: have the CRM tell it again"


class Sendable(NamedTuple):
    """A letter that can be sent again: where it was read, its original, and what the redrive names."""

    position: str
    original: RawRecord
    redrive: Redrive


class SentAgain(NamedTuple):
    """The letter's event is in the partition again."""

    position: str
    to: str


class Superseded(NamedTuple):
    """The event was redriven before and is a dead letter again, of another position, which stands for it."""

    position: str
    by: str


class NotSent(NamedTuple):
    """The letter was not sent, and why."""

    position: str
    why: str


class RedrivePlan(NamedTuple):
    """What would be sent, in this order, and what not."""

    sendable: tuple[Sendable, ...]
    others: tuple[Superseded | NotSent, ...]


class _Held(NamedTuple):
    """A letter and the position in it."""

    letter: DeadLetter
    position: Position


class Known(NamedTuple):
    """The CRM's topics, what is agreed on about them, and the headers of which letters keep no value."""

    topics: Collection[str]
    state: SourceState
    dropped_headers: Collection[str]


async def plan(letters: Iterable[DeadLetter], connection: KafkaConnection, known: Known) -> RedrivePlan:
    """What can be done with each letter. Raises `KafkaError`."""
    counts = {topic: await _partitions(connection, topic) for topic in known.topics}
    left: list[Superseded | NotSent] = []
    found: list[tuple[_Held, RawRecord]] = []
    elsewhere: defaultdict[Place, dict[int, _Held]] = defaultdict(dict)
    for letter in letters:
        position = _read_at(letter, known.state)
        why = "its position cannot be read" if position is None else _obstacle(letter, position, counts)
        if position is None or why:
            left.append(NotSent(letter.position, why))
        elif letter.written_ms is None:
            elsewhere[Place(position.topic, position.partition)][position.offset] = _Held(letter, position)
        else:
            found.append((_Held(letter, position), _original(letter, position, known.dropped_headers)))
    for place, held in elsewhere.items():
        records = await read_some(connection, place, [at for at, each in held.items() if _is_current(each, known)])
        for offset, each in held.items():
            original = records.get(offset) or _retold(each, known)
            if original is None:
                left.append(NotSent(each.letter.position, GONE.format(topic=place.topic)))
            else:
                found.append((each, original))
    return _ordered(found, left)


async def send(sendable: Sequence[Sendable], publisher: Publisher) -> list[SentAgain | NotSent]:
    """Append them to their topics, and say what became of each. Raises `Lost`: then do all of it again."""
    placed: defaultdict[Place, list[Sendable]] = defaultdict(list)
    for each in sendable:
        placed[Place(each.original.topic, each.original.partition)].append(each)
    fates: list[SentAgain | NotSent] = []
    for place, own in placed.items():
        for start in range(0, len(own), SENT_AT_ONCE):
            part = own[start : start + SENT_AT_ONCE]
            try:
                fates += await _append(publisher, place, part)
            except Refused:
                await publisher.renew()
                fates += [fate for each in part for fate in await _append_alone(publisher, place, each)]
    return fates


async def _append(publisher: Publisher, place: Place, part: Sequence[Sendable]) -> list[SentAgain | NotSent]:
    await publisher.append(place, [again(each.original, each.redrive) for each in part])
    return [SentAgain(each.position, f"{place.topic}/{place.partition}") for each in part]


async def _append_alone(publisher: Publisher, place: Place, each: Sendable) -> list[SentAgain | NotSent]:
    try:
        return await _append(publisher, place, [each])
    except Refused as refused:
        await publisher.renew()
        return [NotSent(each.position, str(refused))]


async def _partitions(connection: KafkaConnection, topic: str) -> int:
    try:
        return len(await partitions_of(connection, topic))
    except NoSuchTopic:
        return 0


def _read_at(letter: DeadLetter, state: SourceState) -> Position | None:
    """Where the letter's event was read; none: it says nothing that can be read.

    The letter of an input that a lane could not read is about the input's own place. Ingest wrote what has its seal.
    """
    position = read_position(letter.position)
    if position is None or letter.reason != "unreadable_event" or letter.value is None:
        return position
    return (place_of(letter.value) if is_sealed(letter.value, state.lives(position.topic)) else None) or position


def _is_current(held: _Held, known: Known) -> bool:
    """Whether the topic is still the one in which the position was read."""
    return known.state.epoch_of(held.position.topic) == held.position.epoch


def _retold(held: _Held, known: Known) -> RawRecord | None:
    """The event as a lane has kept it, if all of it is in the letter."""
    letter, position = held
    sources = known.state.current
    if letter.cut or letter.value is None or sources is None:
        return None
    return retold(letter.value, position, letter.time_ms, sources.division_attribute)


def _obstacle(letter: DeadLetter, position: Position, counts: Mapping[str, int]) -> str:
    """Why a letter cannot be sent again, whatever else there is; empty: nothing is known."""
    if letter.reason in OF_NO_EVENT:
        return "it tells of a lane's own work and not of an event: nothing was lost that could be sent"
    if position.topic not in counts:
        return f"{position.topic} is not one of the CRM's topics: whoever wrote there must not"
    if position.partition >= counts[position.topic]:
        return f"{position.topic} has no partition {position.partition} any more"
    if letter.reason == "unreadable_record":
        return "no client could read it, so nothing is kept of it: have the CRM tell it again"
    if letter.cut and letter.written_ms is not None:
        return f"only a part of it is kept ({letter.cut}): have the CRM tell it again"
    return ""


def _original(letter: DeadLetter, position: Position, dropped: Collection[str]) -> RawRecord:
    """The record as it was, but for headers whose values the letter does not have: without one they would spoil it."""
    kept = tuple((name, value) for name, value in letter.headers if value is not None or not is_secret(name, dropped))
    return RawRecord(*position[1:], letter.key, letter.value, kept, letter.written_ms or 0)


def _ordered(found: Iterable[tuple[_Held, RawRecord]], left: list[Superseded | NotSent]) -> RedrivePlan:
    """One letter of each event, in the order in which they were read at first."""
    newest: dict[Position, Sendable] = {}
    for held, original in sorted(found, key=lambda each: each[0].letter.time_ms):
        redrive = redrive_of(original, held.position.epoch)
        earlier = newest.get(redrive.position)
        newest[redrive.position] = Sendable(held.letter.position, original, redrive)
        if earlier is not None:
            left.append(Superseded(earlier.position, held.letter.position))
    return RedrivePlan(tuple(newest[first] for first in sorted(newest)), tuple(left))
