"""What is remembered of a record between decisions, whoever it is given to."""

from __future__ import annotations

from typing import Final, NamedTuple

from service.core.order import Moment
from service.core.remembered import Remembered

NOBODY: Final = ""
"""Among our outstanding choices: that nobody has the record, whom it was offered to did not take it."""


class StatusTold(NamedTuple):
    """What was last told of a record being open or closed: when, and whether in so many words (else `closed_when` told
    it). `conversion` is the chain of events in which the record was converted, in short (empty: it was not).
    """

    at: Moment
    in_words: bool
    conversion: str = ""


class Record(Remembered, kw_only=True):
    """A record we have heard of.

    `owner` is the person who has it and `by_us` whether we chose them; `told` is the owner the CRM last named
    (`user:ann`, empty: none), at `told_version` and `told_time_ms`, or within `told_act` where it has neither: newer
    news of other fields do not make news of the owner old. Where the CRM has never named anybody,
    `nobody_since` is when it first said so. `outstanding` are the latest people whom we chose and were not told yet.
    `pool` gave it to them. `counted`: it is an open item of theirs, and of the pool's (see `holding.load`). `seen` are
    the latest event ids in short (see `order.short_id`). `created` tells whether its creation was decided: an update
    may overtake it. `facts` are the fields that later decisions need, as JSON text (see `tracking`). A deleted record
    stays as a tombstone: `owner`, `by_us` and `pool` are those it had. `heard_min` is the minute since 1970 in which
    record last changed here, noted where changes are written; 0: not known. `closed`: it is no open item of its
    owner and given to nobody; `status` is when that, or the opposite, was last told (see `status`; none: never).
    `owed`: that `owner` has it again is still to be published, once it is open.
    `has_past`: values before stand beside it (see `past`). `in_plans`, `contacted`, `has_progress`, `handed`: more is
    remembered of it beside this (see `in_plan`, `in_process` and `acting`, `handing`). `offered`: its owner did not
    accept it yet.
    `sized`: it is counted with another weight than 1 (see `sizing`).
    """

    owner: str = ""
    by_us: bool = False
    told: str = ""
    pool: str = ""
    sequence: int = 0
    version: int | None = None
    time_ms: int | None = None
    seen: tuple[str, ...] = ()
    created: bool = False
    parked: bool = False
    deleted: bool = False
    told_version: int | None = None
    told_time_ms: int | None = None
    facts: str = ""
    counted: bool = False
    told_act: str = ""
    nobody_since: Moment | None = None
    outstanding: tuple[str, ...] = ()
    heard_min: int = 0
    closed: bool = False
    status: StatusTold | None = None
    has_past: bool = False
    has_progress: bool = False
    in_plans: bool = False
    contacted: bool = False
    owed: bool = False
    sized: bool = False
    offered: bool = False
    handed: bool = False

    @property
    def moment(self) -> Moment:
        """The newest that is known of it."""
        return Moment(self.version, self.time_ms)

    @property
    def told_moment(self) -> Moment:
        """When its owner was last told."""
        return Moment(self.told_version, self.told_time_ms, self.told_act)


UNHEARD: Final = Record()
"""A record that nobody has heard of, to be read only. It stands for one that was looked for and is not there."""
