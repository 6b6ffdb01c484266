"""What may keep a process from its work, and how it is told."""

from __future__ import annotations

from typing import Literal, NamedTuple

TroubleName = Literal[
    "starting",
    "stopping",
    "task_failed",
    "kafka_silent",
    "redis_silent",
    "redis_evicts",
    "topic_unfit",
    "configuration_missing",
    "configuration_unread",
    "configuration_unusable",
    "lane_halted",
    "lane_unclaimed",
    "lane_taking_over",
    "lane_unconfigured",
    "lane_stuck",
    "agreement_unknown",
    "ingest_stuck",
    "commits_refused",
    "source_unread",
    "source_held",
    "event_dropped",
    "foreign_record",
    "log_line_lost",
    "worker_ended",
    "worker_silent",
]
"""A kind of trouble: something that keeps the process from its work."""


class Trouble(NamedTuple):
    """What keeps the process from its work: its kind, which one of the kind, what is wrong, and what to do."""

    name: TroubleName
    about: str
    what: str
    todo: str
