"""What somebody else wrote into a lane's topics: it does not count, and it is named once.

In the log it is stepped over. In the input it becomes a dead letter, like all that cannot be decided. An input that
ingest did not seal, or that says it was read in an epoch that nobody began, is none of ingest's: its position would
stand in the marks for ever, and everything that comes after it would count as taken before. Life and epoch may only be
new: ingest writes them into the topic of configurations before it writes anything else, so that topic is read to its
end before an input is not believed. An input with a seal that cannot be read is nobody else's: ingest of a newer
release wrote it, and it is sent again when no older one is left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from service.core.configuration import Config
from service.core.naming import NearMiss, near_misses
from service.kafka.port import Arrived
from service.lane.needs import Read, divisions_named
from service.lane.surroundings import Surroundings
from service.noticed import Noticed
from service.telemetry.metrics import METERS
from service.wire.inputs import LaneInput, Tick, place_of, read_input
from service.wire.messages import Poison
from service.wire.seals import is_sealed

log = structlog.get_logger()

NAMED_AT_MOST: Final = 10_000
"""So many foreign records are remembered, the latest, so that they are not named again when they are read again."""

NAME_REMEDY: Final = "what is told leads to nothing; have the CRM write the name as the configuration does"

OF_A_NEWER_RELEASE: Final = (
    "no lane input that this release knows: ingest of a newer one wrote it. Redrive it once no older process is left"
)
MISSED_REMEDY: Final = "the two count as two people; say `ids_ignore_case: true` if the CRM takes them for one"


@dataclass
class Strangers:
    """Those of one lane, whom `noticed` tells of."""

    lane: int
    around: Surroundings
    noticed: Noticed
    _named: dict[tuple[str, int], None] = field(default_factory=dict)
    _missed: set[tuple[str, NearMiss]] = field(default_factory=set)

    def name(self, topic: str, offset: int, reason: str) -> None:
        """Say once of a record that no lane and no ingest wrote where it is."""
        if (topic, offset) in self._named:
            return
        self._named[topic, offset] = None
        if len(self._named) > NAMED_AT_MOST:
            del self._named[next(iter(self._named))]
        METERS.count("foreign_records", topic=topic)
        self.noticed.note("foreign_record", f"{topic}/{self.lane}/{offset}")
        log.error("record.passed_over", topic=topic, lane=self.lane, offset=offset, why=reason)

    async def read(self, arrived: Sequence[Arrived], read_up: Callable[[], Awaitable[None]]) -> list[Read]:
        """What inputs say, as far as they can be believed. `read_up` reads all that was agreed on until now."""
        contents = [read_input(item.value) for item in arrived]
        doubts = self._doubts(contents, arrived)
        if any(doubts):
            await read_up()
            doubts = self._doubts(contents, arrived)
        return [
            Read(item.offset, item.time_ms, self._judged(content, told, item), item.value)
            for content, told, item in zip(contents, doubts, arrived, strict=True)
        ]

    def _doubts(self, contents: Sequence[LaneInput | Tick | Poison], arrived: Sequence[Arrived]) -> list[str]:
        """Why each of these inputs is none of ingest's, by what is known now; empty: it is."""
        newest_epoch, lives = self.around.newest_epoch(), self.around.input().lives
        pairs = zip(contents, arrived, strict=True)
        return [doubt(content, item.value, newest_epoch, lives) for content, item in pairs]

    def _judged(self, content: LaneInput | Tick | Poison, doubted: str, item: Arrived) -> LaneInput | Tick | Poison:
        if doubted:
            content = Poison("unreadable_event", f"not a lane input: {doubted}", item.value)
        if isinstance(content, Poison) and self._is_of_a_newer_release(item.value):
            return Poison(content.reason, OF_A_NEWER_RELEASE, content.raw)
        if isinstance(content, Poison):
            self.name(self.around.topics.events, item.offset, content.detail)
        return content

    def _is_of_a_newer_release(self, value: bytes) -> bool:
        """Whether what cannot be read here has what ingest of any release writes: a place that may be, and a seal."""
        place = place_of(value)
        is_possible = place is not None and place.epoch <= self.around.newest_epoch()
        return is_possible and is_sealed(value, self.around.input().lives)

    def look_for_near_misses(self, content: LaneInput | Tick | Poison, configs: Mapping[str, Config]) -> None:
        """Say once of an id that leads to nothing that a declared one differs from it in letter case only (D41)."""
        if not isinstance(content, LaneInput):
            return
        for division in divisions_named(content) or configs:
            config = configs.get(division)
            for miss in () if config is None else near_misses(content.event, config):
                if (division, miss) not in self._missed and len(self._missed) < NAMED_AT_MOST:
                    self._missed.add((division, miss))
                    self._tell_of_miss(division, miss)

    @staticmethod
    def _tell_of_miss(division: str, miss: NearMiss) -> None:
        told, declared = miss.told, miss.declared
        if miss.kind == "user":
            log.warning("person.missed", division=division, told=told, declared=declared, todo=MISSED_REMEDY)
        else:
            log.warning(
                "name.missed", division=division, kind=miss.kind, told=told, declared=declared, todo=NAME_REMEDY
            )


def doubt(content: LaneInput | Tick | Poison, value: bytes, newest_epoch: int, lives: Collection[str]) -> str:
    """Why an input is none of ingest's; empty: it is, or it says no position. See `Surroundings` and `InputSeen`."""
    if not isinstance(content, LaneInput):
        return ""
    if content.position.epoch > newest_epoch:
        return "nobody began its epoch"
    if not is_sealed(value, lives):
        return "it has no seal of ingest, or was changed since, or was written for another topic"
    return ""
