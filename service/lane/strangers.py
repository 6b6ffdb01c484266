"""What somebody else wrote into a lane's topics: it does not count, and it is named once.

In the log it is stepped over. In the input it becomes a dead letter, like all that cannot be decided. An input that
says it was read in an epoch that nobody began is none of ingest's: its position would stand in the marks for ever, and
everything that comes after it would count as taken before. The epoch may only be new, and be heard of a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from service.core.configuration import Config
from service.core.naming import near_misses
from service.kafka.port import Arrived
from service.lane.needs import divisions_named
from service.lane.surroundings import Surroundings
from service.telemetry import METERS
from service.wire.inputs import LaneInput, Tick, read_input
from service.wire.messages import Poison

log = structlog.get_logger()

LOOKS: Final = 50
LOOK_SECONDS: Final = 0.1
"""So often, and so far apart, it is asked whether an epoch was begun before an input is not believed."""
NAMED_AT_MOST: Final = 10_000
"""So many foreign records are remembered, so that they are not named again when they are read again."""

MISSED_REMEDY: Final = "the two count as two people; say `ids_ignore_case: true` if the CRM takes them for one"


@dataclass
class Strangers:
    """Those of one lane. `_disbelieved` is the lowest epoch that was waited for in vain."""

    lane: int
    around: Surroundings
    _named: set[tuple[str, int]] = field(default_factory=set)
    _disbelieved: int | None = None
    _missed: set[tuple[str, str]] = field(default_factory=set)

    def name(self, topic: str, offset: int, reason: str) -> None:
        """Say once of a record that no lane and no ingest wrote where it is."""
        if (topic, offset) in self._named or len(self._named) == NAMED_AT_MOST:
            return
        self._named.add((topic, offset))
        METERS.count("foreign_records", topic=topic)
        log.error("record.passed_over", topic=topic, lane=self.lane, offset=offset, why=reason)

    async def read(self, item: Arrived) -> LaneInput | Tick | Poison:
        """What an input says, if it can be believed."""
        content = read_input(item.value)
        if isinstance(content, LaneInput) and not await self._was_begun(content.position.epoch):
            content = Poison("unreadable_event", "not a lane input: nobody began its epoch", item.value)
        if isinstance(content, Poison):
            self.name(self.around.topics.events, item.offset, content.detail)
        return content

    def look_for_near_misses(self, content: LaneInput | Tick | Poison, configs: Mapping[str, Config]) -> None:
        """Say once of an id of a person that a declared one differs from it in letter case only (D41)."""
        if not isinstance(content, LaneInput):
            return
        for division in divisions_named(content) or configs:
            config = configs.get(division)
            for told, declared in () if config is None else near_misses(content.event, config):
                if (division, told) not in self._missed and len(self._missed) < NAMED_AT_MOST:
                    self._missed.add((division, told))
                    log.warning("person.missed", division=division, told=told, declared=declared, todo=MISSED_REMEDY)

    async def _was_begun(self, epoch: int) -> bool:
        for _ in range(LOOKS):
            if epoch <= self.around.newest_epoch():
                return True
            if self._disbelieved is not None and epoch >= self._disbelieved:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        self._disbelieved = min(epoch, self._disbelieved or epoch)
        return False
