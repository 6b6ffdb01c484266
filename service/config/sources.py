"""What all processes must agree on, as the configuration topic tells it: the CRM's topics, and the level of lanes.

Beside the divisions' versions there are records of five kinds. *Sources* begin an epoch for all topics: they say what
ingest and lanes agree on for as long as it lasts. A *source topic* says under which identity a topic is known and which
epoch its positions belong to: a topic that was deleted and made again has another identity, and its offsets mean
something else. A *skip* lets readers pass what no client can read. A *loss* says that a partition ended below what had
been read: whatever it holds once it has grown again does not follow on that, so nobody reads it before its topic is
reset. An *agreed level* raises the lanes. A record counts only if it follows on what was valid when it arrived, so the
first writer wins, for every reader alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeGuard

import orjson

from service.core.state import FIRST_LEVEL

MAX_NUMBER: Final = 2**63 - 1
"""No broker has larger offsets, and no value of ours is larger."""

SOURCES_KEY: Final = b"@sources"
"""The key of sources records; no division can have this name."""
FIRST_EPOCH: Final = 0
LONGEST_LEAP: Final = 2**31
"""An epoch may leave out so many at most: behind each that counts there is room for the next reset."""


class Sources(NamedTuple):
    """What holds for one epoch: which attribute names an event's division, and how many lanes there are.

    `expected_epoch` is the newest that had begun when it was written, and it counts only behind that one.
    """

    epoch: int
    division_attribute: str
    lanes: int
    expected_epoch: int | None = None


class SourceTopic(NamedTuple):
    """A topic of the CRM as it is known. `identity` is the broker's; empty where the broker does not tell it."""

    name: str
    identity: str
    epoch: int


class Skip(NamedTuple):
    """Offsets of a partition that are passed where they cannot be read: from `start`, up to but without `stop`."""

    epoch: int
    topic: str
    partition: int
    start: int
    stop: int


class Loss(NamedTuple):
    """A partition ended in front of `offset`, up to which it had been read."""

    epoch: int
    topic: str
    partition: int
    offset: int


class AgreedLevel(NamedTuple):
    """The level that lanes are to be raised to (see `core.state.StateKind`), from the `expected_level`. A lower one
    takes that back; no lane goes back that was raised.

    Earlier builds expected none: what they wrote where they began confirms the level, and raises nothing.
    """

    level: int
    expected_level: int = FIRST_LEVEL


Agreed = Sources | SourceTopic | Skip | Loss | AgreedLevel
"""What a record may agree on."""


class SourceState:
    """What counts of all these records. Starts empty; grows by `fold`."""

    __slots__ = ("_lives", "_losses", "_skips", "_topics", "current", "level")

    def __init__(self) -> None:
        self.current: Sources | None = None
        self._topics: dict[str, SourceTopic] = {}
        self._skips: list[Skip] = []
        self._lives: dict[str, frozenset[str]] = {}
        self._losses: dict[tuple[str, int], Loss] = {}
        self.level = FIRST_LEVEL

    @property
    def next_epoch(self) -> int:
        """The epoch that the next reset begins: above that of each topic, or its positions would look old."""
        return FIRST_EPOCH if self.current is None else self.newest_epoch + 1

    @property
    def newest_epoch(self) -> int:
        """The highest that was begun, of all sources or of one topic; no position has a higher one."""
        epochs = [topic.epoch for topic in self._topics.values()]
        return max(FIRST_EPOCH, *epochs, self.current.epoch if self.current else FIRST_EPOCH)

    @property
    def expected_epoch(self) -> int | None:
        """What the next sources have to expect; none: nothing has begun."""
        return None if self.current is None else self.newest_epoch

    @property
    def topic_epochs(self) -> Mapping[str, int]:
        """The epochs of the topics that are known by name."""
        return {name: topic.epoch for name, topic in self._topics.items()}

    def topic(self, name: str) -> SourceTopic | None:
        """What is known of a topic; none: nobody has ever read it in this epoch."""
        return self._topics.get(name)

    def lives(self, name: str) -> frozenset[str]:
        """All identities under which a topic was ever known, and the empty one: not every broker tells them."""
        return self._lives.get(name, frozenset()) | {""}

    def epoch_of(self, name: str) -> int:
        """The epoch of a topic's positions."""
        known = self._topics.get(name)
        return known.epoch if known else self.current.epoch if self.current else FIRST_EPOCH

    def skip_at(self, topic: str, partition: int, offset: int) -> Skip | None:
        """The skip that allows to pass this offset."""
        epoch = self.epoch_of(topic)
        for skip in self._skips:
            if skip[:3] == (epoch, topic, partition) and skip.start <= offset < skip.stop:
                return skip
        return None

    def loss_of(self, topic: str, partition: int) -> Loss | None:
        """That the partition lost what had been read; none: nobody has seen that since the topic was last reset."""
        loss = self._losses.get((topic, partition))
        return loss if loss is not None and loss.epoch == self.epoch_of(topic) else None

    def skips(self) -> Iterator[Skip]:
        """All that ever counted, oldest first."""
        return iter(self._skips)

    def fold(self, told: Agreed) -> Agreed | None:
        """Take in the next record. Returns what became valid; none: it does not follow on what is valid."""
        match told:
            case Sources():
                return self._fold_sources(told)
            case SourceTopic():
                return self._fold_topic(told)
            case Skip():
                return self._fold_skip(told)
            case Loss():
                return self._fold_loss(told)
            case AgreedLevel():
                return self._fold_level(told)

    def holds(self, told: Agreed) -> bool:
        """Whether just this is valid now: who says it once more only did not hear of it in time."""
        match told:
            case Sources():
                return told == self.current
            case SourceTopic():
                return told == self._topics.get(told.name)
            case Skip():
                return told == self.skip_at(told.topic, told.partition, told.start)
            case Loss():
                return told == self.loss_of(told.topic, told.partition)
            case AgreedLevel():
                return told.level == self.level

    def _fold_level(self, agreed: AgreedLevel) -> AgreedLevel | None:
        if agreed.expected_level != self.level or agreed.level < FIRST_LEVEL:
            return None
        self.level = agreed.level
        return agreed

    def _fold_sources(self, sources: Sources) -> Sources | None:
        is_next = self.next_epoch <= sources.epoch <= self.next_epoch + LONGEST_LEAP
        if sources.expected_epoch != self.expected_epoch or not is_next or sources.lanes < 1:
            return None
        self.current = sources
        self._topics.clear()
        return sources

    def _fold_topic(self, topic: SourceTopic) -> SourceTopic | None:
        if self.current is None:
            return None
        known = self._topics.get(topic.name)
        if topic == known:  # two processes that began at the same moment say the same
            return topic
        if known is None:
            follows = topic.epoch in (self.current.epoch, self.next_epoch)
        else:
            is_identified = not known.identity and topic.identity and topic.epoch == known.epoch
            follows = bool(is_identified) or topic.epoch == self.next_epoch
        if not follows:
            return None
        self._topics[topic.name] = topic
        self._lives[topic.name] = self.lives(topic.name) | {topic.identity}
        return topic

    def _fold_skip(self, skip: Skip) -> Skip | None:
        is_new = self.skip_at(skip.topic, skip.partition, skip.start) is None
        if not is_new or skip.epoch != self.epoch_of(skip.topic) or not 0 <= skip.start < skip.stop:
            return None
        self._skips.append(skip)
        return skip

    def _fold_loss(self, loss: Loss) -> Loss | None:
        if loss.epoch != self.epoch_of(loss.topic) or self.loss_of(loss.topic, loss.partition) is not None:
            return None
        self._losses[loss.topic, loss.partition] = loss
        return loss


def read_source(content: object) -> Agreed | None:
    """What a record's content tells; none: it is none of ours, whatever it is."""
    match content:
        case {
            "sources": {
                "epoch": epoch,
                "division_attribute": str(attribute),
                "lanes": lanes,
                "expected_epoch": expected,
            }
        } if is_number(epoch) and is_number(lanes) and (expected is None or is_number(expected)):
            return Sources(epoch, attribute, lanes, expected)
        case {"source_topic": {"name": str(name), "identity": str(identity), "epoch": epoch}} if is_number(epoch):
            return SourceTopic(name, identity, epoch)
        case {"skip": {"epoch": epoch, "topic": str(topic), "partition": partition, "start": start, "stop": stop}} if (
            is_number(epoch) and is_number(partition) and is_number(start) and is_number(stop)
        ):
            return Skip(epoch, topic, partition, start, stop)
        case {"loss": {"epoch": epoch, "topic": str(topic), "partition": partition, "offset": offset}} if (
            is_number(epoch) and is_number(partition) and is_number(offset)
        ):
            return Loss(epoch, topic, partition, offset)
        case {"level": level, **rest} if is_number(level) and is_number(expected := rest.get("expected_level", level)):
            return AgreedLevel(level, expected)
        case _:
            return None


def is_number(value: object) -> TypeGuard[int]:
    """Whether it is a whole number as we write them: none below zero, none too large, and no truth value."""
    return type(value) is int and 0 <= value <= MAX_NUMBER


def source_content(record: Agreed) -> bytes:
    """The value of the record that says it."""
    content: dict[str, Any] = record._asdict()
    match record:
        case Sources():
            return orjson.dumps({"sources": content})
        case SourceTopic():
            return orjson.dumps({"source_topic": content})
        case Skip():
            return orjson.dumps({"skip": content})
        case Loss():
            return orjson.dumps({"loss": content})
        case AgreedLevel():
            return orjson.dumps(content)
