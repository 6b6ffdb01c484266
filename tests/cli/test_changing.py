"""The commands that change something: they say what they would do, and do it only when told to."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from service.cli import level
from service.config.history import Proposal, replacing, sources_record
from service.config.sources import AgreedLevel
from service.core.parts import PARTS, Part
from service.core.state import FIRST_LEVEL, LEVEL
from service.kafka.configuration import ConfigurationFeed
from service.kafka.partitions import Place
from service.kafka.publisher import Publisher
from service.wire.messages import Message
from tests.backends.kafka_fixture import Kafka, unique_topics
from tests.cli.conftest import Run
from tests.cli.deployment import DIRECTORY, Deployment


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


@pytest.mark.real
def test_restore_brings_a_lane_back_when_kafka_was_lost(deployment: Deployment) -> None:
    """Without --yes nothing happens; with it the turns go on on the new topics."""
    deployment.work("1", "2", "3", "4")
    deployment.lose_kafka()
    looked = deployment.run("restore", "0")
    assert looked.code == 2
    assert "turns of main/sales" in looked.out
    assert "nothing was changed" in looked.err
    done = deployment.run("restore", "0", "--yes")
    assert (done.code, "its input goes on at 0" in done.out) == (0, True)
    assert deployment.work("5") == 5


@pytest.mark.real
def test_restore_tells_machines_what_it_found_and_did(deployment: Deployment) -> None:
    """One JSON value, before and after."""
    deployment.work("1", "2")
    deployment.lose_kafka()
    told = said(deployment.run("restore", "0", "--yes", "--json").json)
    assert told["before"]["memory"]["turns"] == {"main/sales": 2}
    assert told["before"]["input"] == "begun_anew"
    assert told["restored"]["input"] == {"offset": 0, "ordinal": 0}


@pytest.mark.real
def test_restore_refuses_where_log_and_memory_belong_together(deployment: Deployment) -> None:
    """It would undo what the log decided since."""
    deployment.work("1")
    told = deployment.run("restore", "0", "--yes")
    assert (told.code, "nothing to restore" in told.err) == (2, True)


@pytest.mark.real
def test_adopt_throws_a_memory_of_another_life_away(deployment: Deployment) -> None:
    """It knows a claim the log has not; afterwards the lane goes on by the log."""
    deployment.work("1", "2", knows_claim=10_000)
    looked = deployment.run("adopt", "0")
    assert (looked.code, "nothing was changed" in looked.err) == (2, True)
    done = deployment.run("adopt", "0", "--yes")
    assert (done.code, "is empty" in done.out) == (0, True)
    assert deployment.work("3") == 3


@pytest.mark.real
def test_adopting_an_empty_log_is_warned_of(deployment: Deployment) -> None:
    """The lane would begin from nothing."""
    deployment.work("1")
    deployment.lose_kafka()
    assert "holds no decision at all" in deployment.run("adopt", "0").out


@pytest.mark.real
@pytest.mark.parametrize("command", ["adopt", "restore"])
def test_a_lane_that_there_is_not_is_wrong_usage(deployment: Deployment, command: str) -> None:
    """The answer says which there are."""
    told = deployment.run(command, "7", "--yes")
    assert (told.code, "they are 0 to 0" in told.err) == (2, True)


@pytest.mark.real
def test_the_lanes_are_raised_once_and_what_is_off_until_then_is_named(deployment: Deployment) -> None:
    """As if defaults were what a new release added: raising is agreed on by all, and there is no way back."""
    deployment.monkeypatch.setattr(level, "LEVEL", 2)
    for place in [place for place, part in PARTS.items() if part.level > 2]:
        deployment.monkeypatch.delitem(PARTS, place)
    deployment.monkeypatch.delitem(PARTS, "plans")
    deployment.monkeypatch.setitem(PARTS, "defaults", Part(2, lambda config: config))
    (deployment.directory / "all.yaml").write_text(DIRECTORY.replace("bob, eve", "eve"))
    published = deployment.run("config", "publish", deployment.directory)
    assert "main: defaults.lead: this is off on lanes below level 2" in published.out
    assert "defaults" in said(deployment.run("level", "show", "--json").json)["off"]
    explained = deployment.run("level", "raise")
    assert (explained.code, "There is no way back" in explained.out) == (2, True)
    assert said(deployment.run("level", "raise", "--yes", "--json").json) == {"before": 1, "level": 2}
    assert "nothing to do" in deployment.run("level", "raise", "--yes").out
    assert said(deployment.run("level", "show", "--json").json)["off"] == []
    assert "off on lanes" not in deployment.run("config", "publish", deployment.directory).out


@pytest.mark.real
def test_a_level_that_was_agreed_on_by_mistake_is_named_and_taken_back(deployment: Deployment) -> None:
    """As far as no lane was raised: what a lane's log carries stays."""
    deployment.work("1")
    mistake = sources_record(AgreedLevel(LEVEL + 7, FIRST_LEVEL))
    asyncio.run(written(deployment, mistake))
    shown = deployment.run("level", "show").out
    assert f"level {LEVEL + 7}; this release knows level {LEVEL}" in shown
    assert "fairlead level lower" in shown
    assert deployment.run("level", "raise", "--yes").code == 0
    explained = deployment.run("level", "lower")
    assert (explained.code, f"no log of a lane is above level {LEVEL}" in explained.out) == (2, True)
    assert said(deployment.run("level", "lower", "--yes", "--json").json) == {"before": LEVEL + 7, "level": LEVEL}
    assert "nothing to do" in deployment.run("level", "lower", "--yes").out


async def written(deployment: Deployment, record: Proposal) -> None:
    """Somebody writes this into the topic of configurations."""
    publisher = Publisher(deployment.kafka.connection())
    topic = deployment.topics.config
    try:
        await publisher.append(Place(topic, 0), [Message(topic, record.key, record.value)])
    finally:
        await publisher.close()


@pytest.mark.real
def test_config_publish_makes_a_version_once(deployment: Deployment) -> None:
    """New content is the next version; what is valid now is none."""
    directory = deployment.directory
    (directory / "all.yaml").write_text(DIRECTORY.replace("bob, eve", "eve"))
    told = said(deployment.run("config", "publish", directory, "--json").json)
    assert [(each["division"], each["version"]) for each in told["published"]] == [("main", 2)]
    assert "nothing new" in deployment.run("config", "publish", directory).out
    older = deployment.run("config", "show", "--version", "1")
    assert "replaced: 2 is newest" in older.out
    assert "bob" in older.out


@pytest.mark.real
def test_config_publish_and_rollback_put_in_force_what_was_valid_before(deployment: Deployment) -> None:
    """A person who says A after A and B means it; a version that was replaced is named with both its numbers."""
    directory = deployment.directory
    (directory / "all.yaml").write_text(DIRECTORY.replace("bob, eve", "eve"))
    deployment.run("config", "publish", directory)
    (directory / "all.yaml").write_text(DIRECTORY)
    told = said(deployment.run("config", "publish", directory, "--json").json)
    assert [(each["division"], each["version"]) for each in told["published"]] == [("main", 3)]
    back = said(deployment.run("config", "rollback", "2", "--json").json)
    assert (back["division"], back["version"]) == ("main", 4)
    again = deployment.run("config", "rollback", "2")
    assert (again.code, "nothing to do" in again.err) == (1, True)
    assert "it has 1 to 4" in deployment.run("config", "rollback", "9").err
    listed = said(deployment.run("config", "history", "--json").json)
    assert [(each["version"], each["in_force"], each["unusable"]) for each in listed] == [
        (4, True, None),
        (3, False, None),
        (2, False, None),
        (1, False, None),
    ]
    assert listed[0]["label"] == listed[2]["label"] != listed[1]["label"]
    told = deployment.run("config", "history", "--limit", "2")
    assert "in force" in told.out
    assert "the newest 2 of 4" in told.out
    changed = said(deployment.run("config", "diff", "1", "2", "--json").json)
    assert changed == [{"path": "pools.sales.members[bob]", "before": {"user": "bob"}}]
    shown = deployment.run("config", "diff", "2", "3")
    assert (shown.code, shown.out) == (0, 'pools.sales.members[bob]\n  + {"user":"bob"}\n')
    assert deployment.run("config", "diff", "1", "3").out == "no difference\n"


@pytest.mark.real
def test_a_version_of_a_newer_release_is_listed_with_why_and_replaced(deployment: Deployment) -> None:
    """What was in force stays so until somebody publishes again."""

    async def publish_unknown() -> None:
        feed = ConfigurationFeed(deployment.kafka.connection(), deployment.topics.config)
        await feed.start()
        document = orjson.loads(feed.history.document("main") or b"") | {"moods": {}}
        await feed.publish([replacing("main", orjson.dumps(document), feed.history)])
        await feed.stop()

    asyncio.run(publish_unknown())
    listed = said(deployment.run("config", "history", "--json").json)
    assert [(each["version"], each["in_force"]) for each in listed] == [(2, False), (1, True)]
    assert "moods" in listed[0]["unusable"]
    refused = deployment.run("config", "rollback", "2")
    assert (refused.code, "nothing to do" in refused.err) == (1, True)
    assert deployment.run("config", "rollback", "1").code == 0
    refused = deployment.run("config", "rollback", "2")
    assert (refused.code, "moods" in refused.err) == (1, True)
    listed = said(deployment.run("config", "history", "--json").json)
    assert [(each["version"], each["in_force"]) for each in listed] == [(3, True), (2, False), (1, False)]


@pytest.mark.real
def test_config_publish_tells_every_mistake_and_publishes_nothing(deployment: Deployment) -> None:
    """One error with file and line for each."""
    (deployment.directory / "all.yaml").write_text(
        "pools: {sales: {record_type: lead, members: [nobody]}}\ndefaults: {lead: {pool: none}}\n"
    )
    told = deployment.run("config", "publish", deployment.directory)
    assert told.code == 1
    assert "nobody" in told.err
    assert "none" in told.err
    assert "it has 1 to 1" in deployment.run("config", "show", "--version", "2").err


@pytest.mark.real
def test_topics_are_created_and_then_in_order(alone: Run, real_kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before: each missing one is a problem with what to do."""
    monkeypatch.setenv("FAIRLEAD_KAFKA__TOPIC_PREFIX", unique_topics().prefix)
    monkeypatch.setenv("FAIRLEAD_KAFKA__LANES", "2")
    at = ("--kafka", real_kafka.bootstrap)
    before = alone("topics", "check", *at)
    assert (before.code, "topics create" in before.out) == (1, True)
    made = said(alone("topics", "create", "--json", *at).json)
    assert len(made["created"]) == 9
    assert alone("topics", "check", *at).code == 0
    assert "nothing to do" in alone("topics", "create", *at).out


@pytest.mark.real
def test_a_deployment_that_never_was_is_said_in_one_line(
    alone: Run, real_kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prefix is the usual reason."""
    monkeypatch.setenv("FAIRLEAD_KAFKA__TOPIC_PREFIX", unique_topics().prefix)
    told = alone("explain", "lead/1", "--kafka", real_kafka.bootstrap)
    assert (told.code, told.err.count("\n"), "prefix" in told.err) == (2, 1, True)
