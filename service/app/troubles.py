"""What makes a trouble: from what was observed to what is wrong and what to do, as a pure function.

Short absences are nobody's worry: each kind of trouble has the time after which it is one. Whatever goes on by itself
says so, so that nobody mends what is mending itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from service.kafka.topics import TopicProblem
from service.noticed import Notice, Sighting
from service.nouns import counted
from service.telemetry.metrics import LaneState
from service.telemetry.troubles import Trouble, TroubleName
from service.telemetry.unfailing import LOST

SILENT_SECONDS: Final = 15.0
"""A back end that has not answered for so long is away: two questions in a row were in vain."""
LANE_SECONDS: Final = 30.0
"""A lane that has something to do and does not get on for so long is stuck; taking over may take as long."""
UNCONFIGURED_SECONDS: Final = 10.0
"""A configuration that a lane waits for and that has not come in this time is not just being read."""
FEED_SECONDS: Final = 30.0
INGEST_SECONDS: Final = 60.0
"""A source partition with a backlog may rest for so long: while its member leaves, others wait for a session."""
COMMIT_SECONDS: Final = 60.0
"""Commits that are refused for so long are more than a group that is being shared out anew."""
SAFE_POLICY: Final = "noeviction"
TOLERATED_ATTEMPTS: Final = 3
"""So many claims, or commits, in a row may fail before it is a trouble."""


SENDING_REMEDY: Final = (
    "see whether Kafka answers and `assignment.events` has a partition for each lane; nothing is lost"
)


NOTICED: Final[Mapping[Notice, tuple[str, str]]] = {
    "foreign_record": (
        "{label} passed over records that none of us wrote: {count}, the last at {last}",
        "find out who else writes into our topics, and take that right away; nothing of ours is lost",
    ),
    "event_dropped": (
        "{label} had taken later events than some it never decided, now dead letters: {count}, the last at {last}",
        "find out whether a source lost records or who else writes to the lanes; then run `fairlead sources reset`",
    ),
    "log_line_lost": (
        "{label} has lost lines that could not be written: {count}, the last by {last}",
        "free its disk, or see who is to read it and does not; the work goes on without these lines",
    ),
}
"""Of each kind that is noticed what is wrong, and what to do."""
NOTHING_NOTICED: Final[Mapping[Notice, Sighting]] = {}


class Silence(NamedTuple):
    """How long a back end has not answered, in seconds, and what came instead of an answer."""

    seconds: float = 0.0
    error: str = ""


class LaneSeen(NamedTuple):
    """A lane that was given to this process.

    `todo`: what a person must do about its problem, or about its stage where that lasts.
    `doing` is its stage while it is taken over, and `awaited` the configuration (division, version) that it waits for.
    `held_seconds`: it has been in its state for so long; `still_seconds`: and has shown no sign of work for so long (a
    finished round, a piece of taking over). `waiting`: so many inputs wait for it; `idle_seconds`: though something
    waits or is due, nothing of it was done for so long. `noticed`: what it passed over lately.
    """

    number: int
    state: LaneState
    problem: str = ""
    todo: str = ""
    doing: str = ""
    awaited: tuple[str, int] | None = None
    attempts: int = 0
    held_seconds: float = 0.0
    still_seconds: float = 0.0
    waiting: int = 0
    idle_seconds: float = 0.0
    noticed: Mapping[Notice, Sighting] = NOTHING_NOTICED


class Backlog(NamedTuple):
    """What is left to read of a partition, and for how long nothing of it was read."""

    partition: str
    records: int
    still_seconds: float


class Held(NamedTuple):
    """So many records of a partition stand behind `offset`, where a transaction is open; it is so for `seconds`."""

    partition: str
    offset: int
    records: int
    seconds: float


class Uncommitted(NamedTuple):
    """So many commits of how far the sources are read were refused in a row, `why` the last, and for how long."""

    refused: int = 0
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """All that readiness depends on, as it is at one moment.

    `missing`: what the start waits for; `unclaimed`: lanes that were not taken over yet since then; `leaving`: it was
    told to leave. `unusable`: per division what keeps its newest version from being used; `feed_noticed`: what was
    passed over in the topic of configurations. `unread`: what keeps the CRM's topics from being read;
    `added`: partitions of them that nobody reads yet;
    `ingest_problem`: why ingest cannot send a batch, and `ingest_todo` what to do about that; `batch_seconds`: so long
    it has been sending one. `held`: what transactions hold. `uncommitted`: how far it is read is refused.
    """

    missing: str = ""
    unclaimed: Sequence[int] = ()
    leaving: bool = False
    kafka: Silence = Silence()
    redis: Silence = Silence()
    policies: frozenset[str] = frozenset()
    topics: Sequence[TopicProblem] = ()
    divisions: int = 1
    feed: Backlog = Backlog("", 0, 0.0)
    feed_problem: str = ""
    feed_noticed: Mapping[Notice, Sighting] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)
    lanes: Sequence[LaneSeen] = ()
    sources: Sequence[Backlog] = ()
    held: Sequence[Held] = ()
    ingest_problem: str = ""
    ingest_todo: str = ""
    batch_seconds: float = 0.0
    unread: Sequence[str] = ()
    added: Sequence[str] = ()
    uncommitted: Uncommitted = Uncommitted()


def troubles(seen: Observed) -> Iterator[Trouble]:
    """What keeps the process from its work."""
    if seen.leaving:
        yield Trouble("stopping", "", "the process was told to leave", "nothing: others take over its lanes")
        return
    if seen.missing:
        yield Trouble("starting", "", seen.missing, "nothing, if it does not last: the start goes on by itself")
    if seen.unclaimed:
        lanes = ", ".join(map(str, seen.unclaimed))
        yield Trouble("starting", "", f"not all lanes are taken over yet: {lanes}", "nothing, if it does not last")
    for about in ABOUT:
        yield from about(seen)


def _about_back_ends(seen: Observed) -> Iterator[Trouble]:
    back_ends: tuple[tuple[TroubleName, str, Silence], ...] = (
        ("kafka_silent", "Kafka", seen.kafka),
        ("redis_silent", "Redis", seen.redis),
    )
    for name, label, silence in back_ends:
        if silence.seconds >= SILENT_SECONDS:
            yield Trouble(
                name,
                "",
                f"{label} has not answered for {silence.seconds:.0f} s ({silence.error or 'time-out'})",
                f"see whether {label} runs and can be reached; nothing is lost, and all goes on when it answers",
            )
    for policy in sorted(seen.policies - {SAFE_POLICY}):
        yield Trouble(
            "redis_evicts",
            "",
            f"Redis throws away what it was told to remember: its maxmemory-policy is {policy}",
            f"set maxmemory-policy to {SAFE_POLICY}, and give it the room it needs",
        )


def _about_topics(seen: Observed) -> Iterator[Trouble]:
    for problem in seen.topics:
        if problem.gravity != "warns":
            yield Trouble(
                "topic_unfit",
                f"{problem.topic}: {problem.what}",
                f"topic {problem.topic} {problem.what}",
                problem.remedy,
            )


def _about_configuration(seen: Observed) -> Iterator[Trouble]:
    if seen.missing:
        return
    if not seen.divisions:
        yield Trouble(
            "configuration_missing",
            "",
            "no division has a configuration: nothing can be decided",
            "publish one: `fairlead config publish DIR`",
        )
    if seen.feed_problem or (seen.feed.records and seen.feed.still_seconds >= FEED_SECONDS):
        waiting = counted(seen.feed.records, "record waits", "records wait")
        why = seen.feed_problem or f"{waiting}, none was read for {seen.feed.still_seconds:.0f} s"
        yield Trouble(
            "configuration_unread",
            "",
            f"the topic of configurations cannot be read: {why}",
            "do what it says, or see that the topic is there and may be read; until then decisions follow the versions "
            "read before",
        )
    yield from _about_noticed(seen.feed_noticed, "configuration", "who reads the configurations")
    for division, why in seen.unusable.items():
        yield Trouble(
            "configuration_unusable",
            division,
            f"this release cannot use the newest configuration of {division}: {why}",
            "publish a configuration that it can use, or run the release that the version was made for",
        )


def _about_lanes(seen: Observed) -> Iterator[Trouble]:
    for lane in seen.lanes:
        yield from _about_lane(lane)
        yield from _about_noticed(lane.noticed, str(lane.number), f"lane {lane.number}")


def about_log() -> Iterator[Trouble]:
    """What became of the lines that this process says."""
    yield from _about_noticed(LOST.recent(), "log", "the log")


def _about_noticed(noticed: Mapping[Notice, Sighting], about: str, label: str) -> Iterator[Trouble]:
    for kind, told in noticed.items():
        what, todo = NOTICED[kind]
        yield Trouble(kind, about, what.format(label=label, count=told.times, last=told.last), todo)


def _about_lane(lane: LaneSeen) -> Iterator[Trouble]:
    label, about = f"lane {lane.number}", str(lane.number)
    if lane.state == "halted":
        yield Trouble("lane_halted", about, f"{label} has stopped: {lane.problem}", lane.todo or "do what it says")
    elif lane.state == "claiming" and lane.awaited is not None and lane.held_seconds >= UNCONFIGURED_SECONDS:
        division, version = lane.awaited
        yield Trouble(
            "lane_unconfigured",
            about,
            f"{label} waits for version {version} of the configuration of {division}, which its log names: the "
            "topic of configurations lacks it, or this release cannot use it",
            "bring back the topic's records, or run the release that the version was made for; the lane then goes on "
            "by itself",
        )
    elif lane.state == "claiming" and lane.todo and lane.held_seconds >= UNCONFIGURED_SECONDS:
        yield Trouble("agreement_unknown", about, f"{label} decides nothing: {lane.doing}", lane.todo)
    elif lane.state == "claiming" and lane.attempts > TOLERATED_ATTEMPTS:
        yield Trouble(
            "lane_unclaimed",
            about,
            f"{label} could not be taken over in {counted(lane.attempts, 'attempt')}: {lane.problem}",
            "mend what it names; the lane tries again by itself",
        )
    elif lane.state == "claiming" and lane.still_seconds >= LANE_SECONDS:
        what = f"taking over {label} has not got on for {lane.still_seconds:.0f} s: {lane.doing}"
        yield Trouble("lane_stuck", about, what, "see whether Kafka and Redis answer; else start the process anew")
    elif lane.state == "claiming" and lane.held_seconds >= LANE_SECONDS:
        what = f"{label} is being taken over for {lane.held_seconds:.0f} s: {lane.doing}"
        yield Trouble("lane_taking_over", about, what, "wait: it goes on by itself")
    elif lane.state == "silent" and lane.held_seconds >= LANE_SECONDS:
        what = (
            f"{label} was claimed by another process {lane.held_seconds:.0f} s ago, and the group still says it is ours"
        )
        yield Trouble("lane_stuck", about, what, "see whether another process works on it; else start this one anew")
    elif lane.state == "owned" and (idle := max(lane.idle_seconds, lane.still_seconds)) >= LANE_SECONDS:
        waiting = counted(lane.waiting, "event waits", "events wait")
        what = f"{label} has done nothing for {idle:.0f} s, and {waiting} for it"
        yield Trouble("lane_stuck", about, what, "see whether Kafka and Redis answer; else start the process anew")


def _about_ingest(seen: Observed) -> Iterator[Trouble]:
    if seen.ingest_problem or seen.batch_seconds >= INGEST_SECONDS:
        yield Trouble(
            "ingest_stuck",
            "",
            seen.ingest_problem or f"ingest has been sending one batch for {seen.batch_seconds:.0f} s",
            seen.ingest_todo if seen.ingest_problem and seen.ingest_todo else SENDING_REMEDY,
        )
    for backlog in seen.sources:
        if backlog.records and backlog.still_seconds >= INGEST_SECONDS:
            yield Trouble(
                "ingest_stuck",
                backlog.partition,
                f"nothing was read of {backlog.partition} for {backlog.still_seconds:.0f} s, and {backlog.records} "
                "records wait in it",
                "see the log for what keeps it from reading; else start the process anew",
            )
    for held in seen.held:
        if held.records > 0 and held.seconds >= INGEST_SECONDS:
            yield Trouble(
                "source_held",
                held.partition,
                f"an open transaction holds {held.partition} at {held.offset} for {held.seconds:.0f} s: {held.records} "
                "records stand behind it, those of others included",
                "let its producer end it, or abort it with the broker's tools (`kafka-transactions.sh abort`)",
            )
    if seen.uncommitted.refused > TOLERATED_ATTEMPTS and seen.uncommitted.seconds >= COMMIT_SECONDS:
        yield Trouble(
            "commits_refused",
            "",
            f"Kafka has refused for {seen.uncommitted.seconds:.0f} s to note how far the CRM's topics are read "
            f"({seen.uncommitted.why}, {seen.uncommitted.refused} times)",
            "see whether the group's coordinator is there and this user may read the group; nothing is lost, but who "
            "has the partitions next reads all since then again",
        )
    for partition in seen.added:
        what = f"{partition} was added, and nobody reads it yet"
        yield Trouble("source_unread", partition, what, "nothing: it is read from its beginning within half a minute")
    for what in seen.unread:
        yield Trouble("source_unread", what, what, "do what it says; all else goes on meanwhile")


ABOUT: Final[tuple[Callable[[Observed], Iterator[Trouble]], ...]] = (
    _about_back_ends,
    _about_topics,
    _about_configuration,
    _about_lanes,
    _about_ingest,
)
