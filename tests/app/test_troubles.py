"""What makes a trouble, as tables: each observation alone, just before it is one and when it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.app.troubles import (
    COMMIT_SECONDS,
    FEED_SECONDS,
    INGEST_SECONDS,
    LANE_SECONDS,
    SILENT_SECONDS,
    TOLERATED_ATTEMPTS,
    UNCONFIGURED_SECONDS,
    Backlog,
    Held,
    LaneSeen,
    Observed,
    Silence,
    Uncommitted,
    troubles,
)
from service.kafka.topics import Gravity, TopicProblem
from service.noticed import Sighting
from service.telemetry.troubles import Trouble

WELL = Observed()
CLAIMING = LaneSeen(3, "claiming", doing="reading the log, 5 of 9")
OWNED = LaneSeen(3, "owned")


def topic(gravity: Gravity) -> TopicProblem:
    return TopicProblem("assignment.log", "retention.ms is 5, -1 is wanted", "alter it", gravity)


def found(**observed: Any) -> list[Trouble]:
    return list(troubles(replace(WELL, **observed)))


FINE: list[dict[str, Any]] = [
    {},
    {"kafka": Silence(SILENT_SECONDS - 1, "TimeoutError")},
    {"redis": Silence(SILENT_SECONDS - 1, "TimeoutError")},
    {"policies": frozenset({"noeviction"})},
    {"topics": [topic("warns")]},
    {"feed": Backlog("", 5, FEED_SECONDS - 1)},
    {"feed": Backlog("", 0, 10 * FEED_SECONDS)},
    {"lanes": [OWNED._replace(held_seconds=1e6)]},
    {"lanes": [OWNED._replace(waiting=10_000, idle_seconds=LANE_SECONDS - 1)]},
    {"lanes": [LaneSeen(3, "silent", held_seconds=LANE_SECONDS - 1)]},
    {"lanes": [CLAIMING._replace(held_seconds=LANE_SECONDS - 1, attempts=TOLERATED_ATTEMPTS)]},
    {"lanes": [CLAIMING._replace(awaited=("main", 7), held_seconds=UNCONFIGURED_SECONDS - 1)]},
    {"lanes": [CLAIMING._replace(todo="reset", held_seconds=UNCONFIGURED_SECONDS - 1)]},
    {"sources": [Backlog("crm.records/1", 50, INGEST_SECONDS - 1)]},
    {"uncommitted": Uncommitted(TOLERATED_ATTEMPTS, "NotCoordinatorError", 1e6)},
    {"uncommitted": Uncommitted(900, "NotCoordinatorError", COMMIT_SECONDS - 1)},
    {"sources": [Backlog("crm.records/1", 0, 10 * INGEST_SECONDS)]},
    {"batch_seconds": INGEST_SECONDS - 1},
    {"held": [Held("crm.records/1", 40, 0, 1e6), Held("crm.records/2", 40, 3, INGEST_SECONDS - 1)]},
]

WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"missing": "waiting for topics"}, "starting", "", "waiting for topics"),
    ({"kafka": Silence(SILENT_SECONDS, "X")}, "kafka_silent", "", "Kafka has not answered for 15 s (X)"),
    ({"redis": Silence(90)}, "redis_silent", "", "Redis has not answered for 90 s (time-out)"),
    ({"policies": frozenset({"noeviction", "allkeys-lru"})}, "redis_evicts", "", "maxmemory-policy is allkeys-lru"),
    (
        {"topics": [topic("unready")]},
        "topic_unfit",
        "assignment.log: retention.ms is 5, -1 is wanted",
        "topic assignment.log retention.ms is 5",
    ),
    ({"topics": [topic("refuses")]}, "topic_unfit", "assignment.log: retention.ms is 5, -1 is wanted", ""),
    ({"topics": [topic("waits")]}, "topic_unfit", "assignment.log: retention.ms is 5, -1 is wanted", ""),
    ({"divisions": 0}, "configuration_missing", "", "no division has a configuration"),
    ({"feed_problem": "KafkaError()"}, "configuration_unread", "", "cannot be read: KafkaError()"),
    ({"feed": Backlog("", 5, FEED_SECONDS)}, "configuration_unread", "", "5 records wait"),
    ({"unusable": {"main": "version 3: no"}}, "configuration_unusable", "main", "version 3: no"),
    ({"lanes": [LaneSeen(3, "halted", "another log")]}, "lane_halted", "3", "lane 3 has stopped: another log"),
    (
        {"lanes": [CLAIMING._replace(awaited=("main", 7), held_seconds=UNCONFIGURED_SECONDS)]},
        "lane_unconfigured",
        "3",
        "waits for version 7 of the configuration of main",
    ),
    (
        {"lanes": [CLAIMING._replace(todo="reset", held_seconds=UNCONFIGURED_SECONDS, still_seconds=1e6)]},
        "agreement_unknown",
        "3",
        "lane 3 decides nothing",
    ),
    (
        {"lanes": [CLAIMING._replace(attempts=TOLERATED_ATTEMPTS + 1, problem="no broker")]},
        "lane_unclaimed",
        "3",
        "4 attempts: no broker",
    ),
    (
        {"lanes": [CLAIMING._replace(held_seconds=LANE_SECONDS)]},
        "lane_taking_over",
        "3",
        "reading the log, 5 of 9",
    ),
    (
        {"lanes": [CLAIMING._replace(held_seconds=99, still_seconds=LANE_SECONDS)]},
        "lane_stuck",
        "3",
        "has not got on for 30 s: reading the log, 5 of 9",
    ),
    (
        {"lanes": [OWNED._replace(waiting=7, idle_seconds=LANE_SECONDS)]},
        "lane_stuck",
        "3",
        "done nothing for 30 s, and 7 events wait for it",
    ),
    ({"lanes": [OWNED._replace(still_seconds=LANE_SECONDS)]}, "lane_stuck", "3", "done nothing for 30 s"),
    (
        {"lanes": [OWNED._replace(state="silent", held_seconds=LANE_SECONDS)]},
        "lane_stuck",
        "3",
        "was claimed by another process 30 s ago",
    ),
    (
        {"lanes": [OWNED._replace(noticed={"foreign_record": Sighting(2, "assignment.log/3/7")})]},
        "foreign_record",
        "3",
        "lane 3 passed over records that none of us wrote: 2, the last at assignment.log/3/7",
    ),
    (
        {"feed_noticed": {"foreign_record": Sighting(1, "assignment.config/0/7")}},
        "foreign_record",
        "configuration",
        "who reads the configurations passed over records that none of us wrote: 1",
    ),
    (
        {"lanes": [OWNED._replace(noticed={"event_dropped": Sighting(5, "0/crm.records/1/9")})]},
        "event_dropped",
        "3",
        "later events than some it never decided, now dead letters: 5, the last at 0/crm.records/1/9",
    ),
    ({"ingest_problem": "events are not sent on"}, "ingest_stuck", "", "events are not sent on"),
    ({"unclaimed": (1, 2)}, "starting", "", "not all lanes are taken over yet: 1, 2"),
    ({"batch_seconds": INGEST_SECONDS}, "ingest_stuck", "", "one batch for 60 s"),
    (
        {"sources": [Backlog("crm.records/1", 50, INGEST_SECONDS)]},
        "ingest_stuck",
        "crm.records/1",
        "nothing was read of crm.records/1 for 60 s, and 50 records wait",
    ),
    (
        {"held": [Held("crm.records/1", 40, 3, INGEST_SECONDS)]},
        "source_held",
        "crm.records/1",
        "an open transaction holds crm.records/1 at 40 for 60 s: 3 records stand behind it",
    ),
    (
        {"added": ["crm.records/4"]},
        "source_unread",
        "crm.records/4",
        "crm.records/4 was added, and nobody reads it yet",
    ),
    (
        {"uncommitted": Uncommitted(TOLERATED_ATTEMPTS + 1, "NotCoordinatorError", COMMIT_SECONDS)},
        "commits_refused",
        "",
        "refused for 60 s to note how far the CRM's topics are read (NotCoordinatorError, 4 times)",
    ),
    ({"unread": ["crm.records/1/5 cannot be read"]}, "source_unread", "crm.records/1/5 cannot be read", "crm.records"),
]


@pytest.mark.parametrize("observed", FINE, ids=str)
def test_what_does_not_last_is_nobody_s_worry(observed: dict[str, Any]) -> None:
    assert found(**observed) == []


@pytest.mark.parametrize(("observed", "name", "about", "what"), WRONG)
def test_each_trouble_is_named_with_what_to_do(observed: dict[str, Any], name: str, about: str, what: str) -> None:
    (trouble,) = found(**observed)
    assert (trouble.name, trouble.about) == (name, about)
    assert what in trouble.what
    assert trouble.todo


def test_every_observation_that_lasts_is_told() -> None:
    """The union: none hides another."""
    everything: dict[str, Any] = {}
    for observed, _, _, _ in WRONG[1:]:
        everything |= observed
    names = {name for observed, name, _, _ in WRONG[1:] if observed.items() <= everything.items()}
    assert names <= {trouble.name for trouble in found(**everything)}


def test_before_the_start_nothing_is_said_of_what_cannot_be_there_yet() -> None:
    names = [trouble.name for trouble in found(missing="waiting for topics", divisions=0, topics=[topic("waits")])]
    assert names == ["starting", "topic_unfit"]


def test_who_leaves_says_only_that() -> None:
    assert [trouble.name for trouble in found(leaving=True, divisions=0, missing="x")] == ["stopping"]


def test_what_the_broker_refuses_is_named_with_its_own_remedy() -> None:
    """Another one would lead astray."""
    (trouble,) = found(ingest_problem="refused", ingest_todo="raise max.message.bytes of assignment.events")
    assert trouble.todo == "raise max.message.bytes of assignment.events"
    (trouble,) = found(ingest_problem="no broker")
    assert "see whether Kafka answers" in trouble.todo
