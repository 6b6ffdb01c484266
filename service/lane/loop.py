"""Own a lane: one batch after the other, until somebody else does.

    poll → load → decide → append → advance and publish

The log record is the decision. When its offset is the one after our last record, nobody else has written in between,
and what it says is the truth; when it is not, the log tells whether we still own the lane. Whatever else surprises
us is answered in one way: claim again.

A batch that is true is landing while the next one is prepared: it is remembered before anything is loaded, and told of
before the next is appended. So one batch at most is in the log and not yet out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Final, TypeVar

import structlog
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from service.core.configuration import Config
from service.core.model import RecordEvent
from service.kafka.connection import MAX_RECORD_BYTES
from service.kafka.port import Lost, Transport, Truncated
from service.lane.deciding import Made, Read, Rules, decide_batch, divisions_named, switch_configuration
from service.lane.folding import entries
from service.lane.measuring import count, measured
from service.lane.snapshot import Snapshots
from service.lane.surprise import Fenced, Halted, Left, Surprise
from service.lane.takeover import Stage, Step, TakeOver, Tenure, expect_ok, load_records
from service.store.port import Head, Store
from service.telemetry import METERS
from service.wire.dead_letters import LIMIT_BYTES
from service.wire.inputs import LaneInput, read_input, tick
from service.wire.log_records import Claim, Place, checksum, encode
from service.wire.topics import Topics

log = structlog.get_logger()

T = TypeVar("T")

TICK_PAUSE_MS: Final = 1_000
"""At most one tick in this time, should the broker's clock be behind ours."""


ROOM_GROWTH: Final = 8
"""After a log record that was too large the room grows back by such a part with each batch."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a lane's work. `record_max_bytes`: about there a batch ends; its log record is never much larger."""

    batch_max: int = 500
    timers_per_batch: int = 100
    poll_wait_ms: int = 200
    record_max_bytes: int = 1_200_000
    snapshot_min_bytes: int = 4_000_000
    keep_ms: int = 7 * 24 * 3_600_000
    dead_letter_limit_bytes: int = LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The checks that keep the promises. Production has them all; a test shows what each is for by leaving it out."""

    contiguity: bool = True
    watermark: bool = True
    republication: bool = True


def no_step(name: str) -> None:
    """Nothing happens between the steps."""


async def all_read() -> None:
    """There is no configuration that would still have to be read."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a lane is given by the process it runs in.

    `configs` tells the newest configuration of each division of this lane; `configured` the one of a given version,
    which is there once the lane's log names it. `now_ms` is the wall clock: it only says when to let time pass.
    `read_up` returns when `configs` knows all that was published before it was called.
    """

    owner: str
    topics: Topics
    configs: Callable[[], Mapping[str, Config]]
    configured: Callable[[str, int], Awaitable[Config]]
    now_ms: Callable[[], int]
    step: Step = no_step
    safeguards: Safeguards = Safeguards()
    read_up: Callable[[], Awaitable[None]] = all_read


@dataclass
class Lane:
    """One lane and its owner. `number` is its partition."""

    number: int
    transport: Transport
    store: Store
    around: Surroundings
    limits: Limits = Limits()
    _configs: dict[str, Config] = field(default_factory=dict)
    _waiting: list[Read] = field(default_factory=list)
    _loaded: set[tuple[str, str]] = field(default_factory=set)
    _landing: tuple[asyncio.Task[None], ...] = ()
    _ticked_ms: int = 0
    _leaving: asyncio.Event = field(default_factory=asyncio.Event)
    stage: Stage = Stage("waiting")
    """How far taking over is, for people; of no meaning once the lane is owned."""
    awaited: tuple[str, int] | None = None
    """Division and version of the configuration that taking over waits for."""
    _room_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self._room_bytes = self.limits.record_max_bytes

    def leave(self) -> None:
        """Stop after the batch that is being written, or in the midst of taking over."""
        self._leaving.set()

    @property
    def is_leaving(self) -> bool:
        """Whether it was told to leave."""
        return self._leaving.is_set()

    async def take_over(self) -> Tenure:
        """Claim the lane and make everything ready for the first batch. Raises `Left` when told to leave meanwhile."""
        attempt = TakeOver(
            self.number,
            self.around.owner,
            self.transport,
            self.store,
            self.around.step,
            self.around.safeguards.republication,
            self._heed,
        )
        started = perf_counter()
        tenure = await attempt.run()
        METERS.timing("takeover_seconds", perf_counter() - started)
        self._waiting, self._loaded = [], set()
        self._configs = {
            division: await self._configured(division, version) for division, version in tenure.book.versions.items()
        }
        return tenure

    def _heed(self, stage: Stage) -> None:
        if self.is_leaving:
            raise Left
        self.stage = stage

    async def _configured(self, division: str, version: int) -> Config:
        """The configuration that the log names, when it has been read: that may be never, but leaving ends the wait."""
        self._heed(Stage(f"waiting for version {version} of the configuration of {division}"))
        self.awaited = (division, version)
        try:
            return await self._unless_leaving(self.around.configured(division, version))
        finally:
            self.awaited = None

    async def _unless_leaving(self, work: Awaitable[T]) -> T:
        """What comes of it, which may be never: leaving ends the wait. Raises `Left`."""
        asked = asyncio.ensure_future(work)
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait({asked, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise Left
            return asked.result()
        finally:
            asked.cancel()
            leaving.cancel()

    async def own(self, on_batch: Callable[[Tenure], None]) -> None:
        """Claim, then work until told to leave, fenced, surprised or halted. `on_batch` is told after each round."""
        try:
            tenure = await self.take_over()
            snapshots = self._snapshots(tenure)
            while not self.is_leaving:
                await self.work_once(tenure, snapshots)
                on_batch(tenure)
            await self.land()
        except Left:
            log.info("takeover.abandoned", lane=self.number, stage=str(self.stage))
        except (Lost, Truncated, KafkaError, RedisError, OSError) as error:
            raise Surprise(f"{type(error).__name__}: {error}") from error
        finally:
            await self._give_up_landing()

    async def land(self) -> None:
        """Wait until the last batch is remembered and told of. Raises what went wrong with it."""
        await _all(self._landing)
        self._landing = ()

    async def _give_up_landing(self) -> None:
        for task in self._landing:
            task.cancel()
        await asyncio.gather(*self._landing, return_exceptions=True)
        self._landing = ()

    def _snapshots(self, tenure: Tenure) -> Snapshots:
        return Snapshots(
            tenure,
            self.store,
            self.transport,
            lambda record: self._append(tenure, encode(record)),
            self.around.step,
            self.limits.snapshot_min_bytes,
            self.limits.keep_ms,
        )

    async def work_once(self, tenure: Tenure, snapshots: Snapshots) -> int:
        """One round: a new configuration, or a batch of inputs, or letting time pass; then a piece of snapshot.

        Returns how many inputs and timers it used up. The batch may still be landing, see `land`.
        """
        newer = self._newer_configuration(tenure)
        if newer is not None:
            done = await self._switch(tenure, newer)
        else:
            done = await self._work_on_inputs(tenure, idle_wait_ms=0 if snapshots.is_open else self.limits.poll_wait_ms)
        if snapshots.is_due:
            await self.land()
            await snapshots.go_on()
        return done

    def _newer_configuration(self, tenure: Tenure) -> Config | None:
        versions = tenure.book.versions
        for division, config in self.around.configs().items():
            if config.version > versions.get(division, 0):
                return config
        return None

    async def _switch(self, tenure: Tenure, config: Config) -> int:
        made = switch_configuration(tenure.book, config, self._rules())
        self._configs[config.division] = config
        await self._commit(tenure, self._sealed(tenure, made), made)
        log.info("configuration.switched", lane=self.number, division=config.division, version=config.version)
        return 1

    async def _work_on_inputs(self, tenure: Tenure, idle_wait_ms: int) -> int:
        timer_due = self._has_due_timer(tenure)
        if not self._waiting:
            self._waiting = await self._poll(tenure.book.place, 0 if timer_due else idle_wait_ms)
            await self._know_divisions(tenure)
            await self._load(tenure)
        if not self._waiting and not timer_due:
            await self.land()
            await self._let_time_pass(tenure)
            return 0
        with measured("decide"):
            made = decide_batch(tenure.book, self._waiting, self._rules())
            value = self._sealed(tenure, made)
        self.around.step("decided")
        await self._commit(tenure, value, made)
        if made.used:
            METERS.timing("event_to_decision_seconds", max(0, self.around.now_ms() - self._waiting[0].time_ms) / 1000)
        self._waiting = self._waiting[made.used :]
        if not self._waiting:
            tenure.book.forget_records(self._loaded)
            self._loaded = set()
        return len(made.batch.outcomes)

    async def _poll(self, place: Place, wait_ms: int) -> list[Read]:
        try:
            with measured("poll"):
                arrived = await self.transport.poll(self.limits.batch_max, wait_ms)
        except Truncated as gone:
            raise Halted(
                f"the input goes on at {place.offset}, and the topic holds {gone.begin} to {gone.end}"
            ) from gone
        if arrived:
            self.around.step("polled")
        return [Read(item.offset, item.time_ms, read_input(item.value), item.value) for item in arrived]

    async def _know_divisions(self, tenure: Tenure) -> None:
        """Before it is said of a division that it has no configuration, read what was published until now."""
        named = {division for item in self._waiting for division in divisions_named(item.content)}
        if named <= self._configs.keys():
            return
        await self.land()
        self.stage = Stage("reading the configurations")
        await self._unless_leaving(self.around.read_up())
        while (newer := self._newer_configuration(tenure)) is not None:
            await self._switch(tenure, newer)

    async def _load(self, tenure: Tenure) -> None:
        """Load the records that the waiting inputs name. A division without a configuration has none."""
        named = {
            (division, item.content.event.record)
            for item in self._waiting
            if isinstance(item.content, LaneInput) and isinstance(item.content.event, RecordEvent)
            for division in divisions_named(item.content)
            if division in self._configs
        }
        if not named:
            return
        await _all(self._landing[:1])
        with measured("load"):
            names = list(named)
            await load_records(self.store, self.number, tenure.token, tenure.head.revision, names, tenure.book)
        self._loaded |= named
        self.around.step("loaded")

    async def _commit(self, tenure: Tenure, value: bytes, made: Made) -> None:
        """Make the batch true; from then on it is remembered and told of, side by side, while others go on."""
        await self.land()
        with measured("append"):
            revision = await self._append(tenure, value)
        tenure.grown += len(value)
        self.around.step("appended")
        before, tenure.head = tenure.head.revision, Head(revision, checksum(value))
        self._landing = (
            asyncio.create_task(self._advance(tenure, before, made)),
            asyncio.create_task(self._publish(made)),
        )
        self._loaded |= made.touched
        count(made)

    async def _advance(self, tenure: Tenure, before: int, made: Made) -> None:
        changes = made.batch.changes
        with measured("advance"):
            expect_ok(await self.store.advance(self.number, tenure.token, before, tenure.head, changes))
        self.around.step("advanced")

    async def _publish(self, made: Made) -> None:
        with measured("publish"):
            await self.transport.publish(made.batch.outputs)
        self.around.step("published")

    async def _append(self, tenure: Tenure, value: bytes) -> int:
        """Append under the token. Raises `Fenced` where anybody has claimed since, `Surprise` where it is not known."""
        offset = await self.transport.append(value)
        if offset <= tenure.last:
            raise Surprise(f"the broker says the record is at {offset}; the one before is at {tenure.last}")
        if self.around.safeguards.contiguity and offset > tenure.last + 1:
            async for entry in entries(self.transport, tenure.last + 1, offset):
                if isinstance(entry.record, Claim):
                    raise Fenced(f"claimed again at {entry.offset}")
        tenure.last = offset
        return offset

    async def _let_time_pass(self, tenure: Tenure) -> None:
        """Nothing comes in: where a timer is due by the wall clock, put a tick into the input."""
        timer = tenure.book.next_timer()
        now_ms = self.around.now_ms()
        if timer is not None and timer[0] <= now_ms and not 0 <= now_ms - self._ticked_ms < TICK_PAUSE_MS:
            self._ticked_ms = now_ms
            await self.transport.tick(tick())

    def _has_due_timer(self, tenure: Tenure) -> bool:
        timer = tenure.book.next_timer()
        return timer is not None and timer[0] <= tenure.book.clock_ms

    def _rules(self) -> Rules:
        return Rules(
            self.number,
            self.around.topics,
            self._configs,
            self.limits.timers_per_batch,
            self._room_bytes,
            self.around.safeguards.watermark,
            self.limits.dead_letter_limit_bytes,
        )

    def _sealed(self, tenure: Tenure, made: Made) -> bytes:
        """The batch's bytes, with the token and what is known of snapshots.

        How large a record becomes is estimated while it is made. Where texts take more than anybody would expect, the
        broker would refuse it for ever: it is given up and decided again with half of the room, which then grows back.
        """
        value = encode(replace(made.batch, token=tenure.token, snapshots=tenure.snapshots, grown=tenure.grown))
        if len(value) > MAX_RECORD_BYTES:
            self._room_bytes = max(1, self._room_bytes // 2)
            raise Surprise(f"a log record of {len(value)} bytes is too large; the next has half of the room")
        self._room_bytes = min(self._room_bytes + self._room_bytes // ROOM_GROWTH + 1, self.limits.record_max_bytes)
        return value


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all, then raise what the first that failed has raised."""
    for answer in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer
