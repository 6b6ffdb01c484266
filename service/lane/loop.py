"""Own a lane: one batch after the other, until somebody else does.

    poll → load → decide → append → advance and publish

The log record is the decision. When its offset is the one after our last record, nobody else has written in between,
and what it says is the truth; when it is not, the log tells whether we still own the lane. Whatever else surprises
us is answered in one way: claim again.

A batch that is true is landing while the next one is prepared (`landing`): it is remembered before anything is loaded,
and told of before the next is appended. So one batch at most is in the log and not yet out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Final

import structlog

from service.core.configuration import Config
from service.core.holding.membership import SwitchStep
from service.core.parts import at
from service.kafka.port import BrokerUnreachable, Lost, Transport, Truncated
from service.lane.deciding import begin_switch, decide_batch, is_at_a_loss, sweep, switch_configuration
from service.lane.landing import Landing
from service.lane.levels import raise_level
from service.lane.making import Grounds, Made
from service.lane.measuring import count, first_arrival, measured
from service.lane.needs import Read, divisions_named, records_for_timers, records_named
from service.lane.ownership import Tenure, append, load_records
from service.lane.raising import TooManyDeadLetters
from service.lane.sealing import Sealed, Sealing
from service.lane.snapshot import QUIET_MS, Snapshots
from service.lane.strangers import Strangers
from service.lane.surprise import Halted, Leaving, Left, Surprise, unless_left, until_left
from service.lane.surroundings import Surroundings
from service.lane.sweep import Sweep
from service.lane.takeover import Stage, TakeOver
from service.lane.watching import MemoryWatch
from service.limits import Limits
from service.noticed import Noticed
from service.store.port import Head, Store, StoreUnreachable
from service.telemetry.metrics import METERS
from service.wire.inputs import tick
from service.wire.log_forms import Cursor
from service.wire.log_records import checksum, encode

log = structlog.get_logger()

LEAST_WAIT_MS: Final = 50
"""A round that waits for inputs waits so long, also when the tick for a timer is on its way."""
TICK_PAUSE_MS: Final = 1_000
"""At most one tick in this time, should the broker's clock be behind ours."""


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
    _is_prepared: bool = True
    _loaded: set[tuple[str, str]] = field(default_factory=set)
    _steps: Iterator[SwitchStep] | None = None
    _ticked_ms: int = 0
    _leaving: Leaving = field(default_factory=Leaving)
    stage: Stage = Stage("waiting")
    """How far taking over is, for people; of no meaning once the lane is owned."""
    awaited: tuple[str, int] | None = None
    """Division and version of the configuration that taking over waits for."""
    noticed: Noticed = field(init=False)
    _sealing: Sealing = field(init=False)
    _landing: Landing = field(init=False)
    _strangers: Strangers = field(init=False)
    _sweep: Sweep = field(init=False)
    _watch: MemoryWatch = field(init=False)
    snapshots: Snapshots = field(init=False)

    def __post_init__(self) -> None:
        self.noticed = Noticed(self.around.now_ms)
        self._strangers = Strangers(self.number, self.around, self.noticed)
        self._sealing = Sealing(self.limits.record_max_bytes)
        self._landing = Landing(self.transport, self.store, self.around)

    def leave(self) -> None:
        """Stop after the batch that is being written, or in the midst of taking over."""
        self._leaving.tell()

    @property
    def is_leaving(self) -> bool:
        """Whether it was told to leave."""
        return self._leaving.is_told

    async def take_over(self) -> Tenure:
        """Claim the lane and make everything ready for the first batch. Raises `Left` when told to leave meanwhile."""
        started = perf_counter()
        tenure = await TakeOver(self.number, self.transport, self.store, self.around, self._heed).run()
        METERS.timing("takeover_seconds", perf_counter() - started)
        self._name_foreign(tenure)
        self._waiting, self._is_prepared, self._loaded, self._steps = [], True, set(), None
        self._sweep = Sweep(tenure, self.store, self.limits)
        self._watch = MemoryWatch(tenure, self.store)
        self.snapshots = Snapshots(
            tenure,
            self.store,
            self.transport,
            lambda record: self._append(tenure, encode(record)),
            self.around.step,
            self.limits,
        )
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
            return await unless_left(self._leaving, self.around.configured(division, version))
        finally:
            self.awaited = None

    async def own(self, on_batch: Callable[[Tenure], None]) -> None:
        """Claim, then work until told to leave, fenced, surprised or halted. `on_batch` is told after each round."""
        try:
            await self._work(await self.take_over(), on_batch)
        except Left:
            log.info("takeover.abandoned", lane=self.number, stage=str(self.stage))
        except (Lost, Truncated, BrokerUnreachable, StoreUnreachable) as error:
            raise Surprise(f"{type(error).__name__}: {error}") from error
        finally:
            await self._landing.give_up()

    async def _work(self, tenure: Tenure, on_batch: Callable[[Tenure], None]) -> None:
        try:
            while not self.is_leaving:
                await self.work_once(tenure)
                on_batch(tenure)
            await self.land()
        finally:
            await self.snapshots.give_up()

    async def land(self) -> None:
        """Wait until the last batch is remembered and told of. Raises what went wrong with it."""
        await self._landing.ended()

    async def work_once(self, tenure: Tenure) -> int:
        """One round: a new configuration, or a batch of inputs, or letting time pass; then the snapshot's part.

        Returns how many inputs and timers it used up. The batch may still be landing, see `land`.
        """
        if problem := self.around.input().problem:
            raise Halted("input_lost", problem)
        raise_level(tenure, self.around.level(), self._configs)
        config = self._configuration_to_switch_to(tenure)
        if config is not None:
            done = await self._go_over(tenure, config)
        else:
            done = await self._work_on_inputs(tenure, idle_wait_ms=self._idle_wait_ms(tenure))
            await self._go_on_sweeping(tenure)
        await self.snapshots.work(self._landing.remembered, is_quiet=not done)
        return done

    def _configuration_to_switch_to(self, tenure: Tenure) -> Config | None:
        """The one whose switch was begun, before any newer one."""
        for division in tenure.book.switching:
            return self._configs[division]
        versions = tenure.book.versions
        for division, config in self.around.configs().items():
            if config.version > versions.get(division, 0):
                return config
        return None

    async def _go_over(self, tenure: Tenure, config: Config) -> int:
        """The next steps of a switch. It begins at the time of the input that it stands before: whoever asks then
        whether hours, limits or deadlines are over is not answered by the clock of a lane that was at rest. Of a
        division that is configured for the first time nothing is remembered whose time could have come.
        """
        book = tenure.book
        if self._steps is None and config.division in book.versions:
            if not self._waiting:
                await self._have_input(tenure)
            if not self._waiting:
                return 0
            book.clock_ms = max(book.clock_ms, self._waiting[0].time_ms)
        return await self._switch(tenure, config)

    async def _have_input(self, tenure: Tenure) -> None:
        """Poll for inputs; a lane at rest gets a tick of its own."""
        await self._read_in(tenure, 0)
        if not self._waiting:
            await self.land()
            await self.transport.tick(tick())
            await self._read_in(tenure, self.limits.poll_wait_ms)

    async def _switch(self, tenure: Tenure, config: Config) -> int:
        """Take the next steps of a switch. Until the last one nothing else is decided."""
        book, division = tenure.book, config.division
        self._configs[division] = config
        held = at(config, tenure.level)
        steps = self._steps or begin_switch(book, held)
        made = switch_configuration(book, held, steps, self._grounds(tenure))
        self._steps = steps if division in book.switching else None
        await self._commit(tenure, self._sealing.seal(made, tenure), made)
        if self._steps is None:
            log.info("configuration.switched", lane=self.number, division=division, version=config.version)
        return 1

    async def _go_on_sweeping(self, tenure: Tenure) -> None:
        """Look through a few more records, if it is time, and forget what was kept long enough."""
        if not self._sweep.is_due:
            return
        await self.land()
        gone, swept, is_last = await self._sweep.look()
        if not (gone or is_last):
            tenure.book.swept = swept
            return
        made = sweep(tenure.book, gone, swept, self._grounds(tenure))
        await self._commit(tenure, self._sealing.seal(made, tenure), made)
        METERS.count("records_forgotten", len(gone), lane=str(self.number))
        self.around.step("swept")
        if is_last:
            self.snapshots.ask()

    async def _work_on_inputs(self, tenure: Tenure, idle_wait_ms: int) -> int:
        timer_due = tenure.book.has_due_timer(tenure.book.clock_ms)
        if not self._waiting:
            await self._read_in(tenure, 0 if timer_due else idle_wait_ms)
        if not self._is_prepared:
            await self._know_divisions(tenure)
            await self._load(tenure)
            self._is_prepared = True
        await self._load_for_timers(tenure)
        if not self._waiting and not timer_due:
            await self.land()
            await self._let_time_pass(tenure)
            await self._watch.look(self.around.now_ms())
            return 0
        with measured("decide"):
            made = decide_batch(tenure.book, self._waiting, self._grounds(tenure))
            sealed = self._sealing.seal(made, tenure)
        self.around.step("decided")
        await self._commit(tenure, sealed, made, arrived_ms=first_arrival(self._waiting[: made.used]))
        if is_at_a_loss(tenure.book):
            await self.land()
            raise TooManyDeadLetters(tenure.book.raised)
        self._waiting = self._waiting[made.used :]
        if not self._waiting:
            tenure.book.forget_records(self._loaded)
            self._loaded = set()
        return len(made.batch.outcomes)

    async def _read_in(self, tenure: Tenure, wait_ms: int) -> None:
        """Have the next inputs wait, which are to be prepared before they are decided."""
        self._waiting = await self._poll(tenure.book.place, wait_ms)
        self._is_prepared = not self._waiting

    async def _poll(self, place: Cursor, wait_ms: int) -> list[Read]:
        try:
            with measured("poll"):
                poll = self.transport.poll(self.limits.batch_max, wait_ms)
                arrived = await (until_left(self._leaving, poll, ()) if wait_ms else poll)
        except Truncated as gone:
            raise Halted(
                "input_lost", f"the input goes on at {place.offset}, and the topic holds {gone.begin} to {gone.end}"
            ) from gone
        if arrived:
            self.around.step("polled")
        return await self._strangers.read(arrived, self._read_up)

    async def _read_up(self) -> None:
        """Hear of all that was published until now; leaving ends the wait."""
        self.stage = Stage("reading the configurations")
        await unless_left(self._leaving, self.around.read_up())

    async def _know_divisions(self, tenure: Tenure) -> None:
        """Before it is said of a division that it has no configuration, read what was published until now."""
        named = {division for item in self._waiting for division in divisions_named(item.content)}
        if named <= self._configs.keys():
            return
        await self.land()
        await self._read_up()
        while (config := self._configuration_to_switch_to(tenure)) is not None:
            await self._go_over(tenure, config)

    async def _load(self, tenure: Tenure) -> None:
        """Load the records that the waiting inputs name. A division without a configuration has none."""
        named = records_named(self._waiting, self._configs)
        if named:
            await self._load_records(tenure, list(named))
        self._loaded |= named
        for item in self._waiting:
            self._strangers.look_for_near_misses(item.content, self._configs)

    async def _load_for_timers(self, tenure: Tenure) -> None:
        """Load what the timers look at that go off before the next input, or are due now."""
        now_ms = max(tenure.book.clock_ms, self._waiting[0].time_ms if self._waiting else 0)
        named = records_for_timers(tenure.book, self._configs, now_ms, self.limits.timers_per_batch)
        if named:
            await self._load_records(tenure, named)
            tenure.book.keep_loaded(named)

    async def _load_records(self, tenure: Tenure, names: Sequence[tuple[str, str]]) -> None:
        await self._landing.remembered()
        with measured("load"):
            await load_records(self.store, tenure, names)
        self.around.step("loaded")

    async def _commit(self, tenure: Tenure, sealed: Sealed, made: Made, arrived_ms: int | None = None) -> None:
        """Make the batch true; from then on it is remembered and told of, side by side, while others go on.

        `arrived_ms`: when its first event arrived in the lane.
        """
        await self.land()
        ahead = [encode(chunk) for chunk in await self.snapshots.ahead()]
        with measured("append"):
            value, offsets = sealed.value, list[int]()
            if sealed.parts:
                await self._append(tenure, *ahead)
                ahead = []
                offsets = [await self._append(tenure, part) for part in sealed.parts]
                self.around.step("parts_appended")
                value = encode(replace(sealed.batch, parts=tuple(offsets)))
            revision = await self._append(tenure, *ahead, value)
        for _ in ahead:
            self.around.step("chunk_written_ahead")
        tenure.grown += len(value) + sum(map(len, sealed.parts))
        self.around.step("appended")
        before, tenure.head = tenure.head.revision, Head(revision, checksum(value))
        tenure.outputs_from = offsets[0] if offsets else revision
        self._landing.begin(tenure, before, made, arrived_ms)
        self._loaded |= made.touched
        count(self.number, made, self.noticed)

    async def _append(self, tenure: Tenure, *values: bytes) -> int:
        """See `ownership.append`."""
        offset = await append(tenure, self.transport, *values, is_contiguous=self.around.safeguards.contiguity)
        self._name_foreign(tenure)
        return offset

    def _name_foreign(self, tenure: Tenure) -> None:
        """Say of each record of the log that no lane wrote where it is. It is passed over."""
        for offset, reason in tenure.foreign:
            self._strangers.name(self.around.topics.log, offset, reason)
        tenure.foreign.clear()

    async def _let_time_pass(self, tenure: Tenure) -> None:
        """Nothing comes in: where a timer or a sweep is due by the wall clock, put a tick into the input."""
        now_ms = self.around.now_ms()
        swept = tenure.book.swept
        is_new_period = swept is not None and swept.period < now_ms // self.limits.sweep_every_ms
        is_due = is_new_period or tenure.book.has_due_timer(now_ms)
        if is_due and not 0 <= now_ms - self._ticked_ms < TICK_PAUSE_MS:
            self._ticked_ms = now_ms
            await self.transport.tick(tick())

    def _idle_wait_ms(self, tenure: Tenure) -> int:
        """How long to wait for inputs: until a timer is due by the wall clock, and no longer than a round may take.

        A sweep goes on at once, a snapshot when the moment is quiet.
        """
        if self._sweep.is_due:
            return 0
        timer = tenure.book.next_timer()
        wait_ms = min(self.limits.poll_wait_ms, QUIET_MS) if self.snapshots.is_open else self.limits.poll_wait_ms
        return wait_ms if timer is None else min(wait_ms, max(LEAST_WAIT_MS, timer[0] - self.around.now_ms()))

    def _grounds(self, tenure: Tenure) -> Grounds:
        return Grounds(
            self.number,
            self.around.topics,
            {division: at(config, tenure.level) for division, config in self._configs.items()},
            replace(self.limits, record_max_bytes=self._sealing.max_bytes),
            self.around.safeguards.watermark,
            tenure.level,
            self._sealing.too_large,
        )
