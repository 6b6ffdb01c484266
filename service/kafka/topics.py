"""Are the topics as they must be, and if not, what to do.

What they must be stands in one declarative file, `topics.yaml`, which people and other tools can read, too. A wrong
number of lanes, a log with a retention time or events without the broker's time would break promises silently, so
every process looks before it starts.

The file lies in `deploy/` of the repository and in this package once it is installed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaTimeoutError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from pydantic import BaseModel, ConfigDict, Field

from service.kafka.connection import KafkaConnection, administration
from service.nouns import counted
from service.wire.topics import Topics

SOURCES = "crm.*"
"""The name in the file that stands for all source topics."""
APPEAR_PAUSE_SECONDS = 0.05
"""Between two looks whether created topics have appeared."""


class TopicDeclaration(BaseModel):
    """One topic of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: Literal["fairlead", "crm"] = "fairlead"
    partitions: Literal["lanes"] | int
    settings: Mapping[str, str | int] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    topics: Mapping[str, TopicDeclaration]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One topic as it must be on this deployment. Without `replication` the broker's default counts.

    `declared` is its name in the file, without the deployment's prefix.
    """

    name: str
    ours: bool
    is_lanes: bool
    partitions: int
    replication: int | None
    settings: Mapping[str, str]
    declared: str = ""


Gravity = Literal["refuses", "waits", "unready", "warns"]
"""What a problem does to a process.

`refuses`: to start would decide wrongly, so it ends. `waits`: the start waits until it is mended. `unready`: a promise
does not hold while it lasts. `warns`: people should know. A process that runs is not ready with the first three.
"""


@dataclass(frozen=True, slots=True)
class TopicProblem:
    """Something about a topic that is not as it must be, and what to do."""

    topic: str
    what: str
    remedy: str
    gravity: Gravity = "unready"

    def __str__(self) -> str:
        return f"topic {self.topic}: {self.what}; {self.remedy}"


class CreatedTopics(NamedTuple):
    """What `create` did: names of new topics, and what went wrong."""

    topics: tuple[str, ...]
    problems: tuple[TopicProblem, ...]


def declaration_file() -> Path:
    """Where the file lies: in the installed package, else in the repository."""
    installed = Path(__file__).with_name("topics.yaml")
    return installed if installed.exists() else Path(__file__).parents[2] / "deploy" / "topics.yaml"


def read_wanted(topics: Topics, lanes: int, replication: int | None = None, path: Path | None = None) -> list[Wanted]:
    """All topics of this deployment. Raises `OSError`, `yaml.YAMLError` or `ValueError` for a file that is wrong."""
    declared = _File.model_validate(yaml.safe_load((path or declaration_file()).read_text("utf-8"))).topics
    return [
        Wanted(
            name=name,
            ours=topic.owner == "fairlead",
            is_lanes=topic.partitions == "lanes",
            partitions=lanes if topic.partitions == "lanes" else topic.partitions,
            replication=replication,
            settings={key: str(value) for key, value in topic.settings.items()} | _durability(replication),
            declared=declared_name,
        )
        for declared_name, topic in declared.items()
        for name in (topics.sources if declared_name == SOURCES else (topics.prefix + declared_name,))
    ]


async def check(connection: KafkaConnection, wanted: Sequence[Wanted]) -> list[TopicProblem]:
    """Compare the broker with what is wanted. Raises the driver's `KafkaError` when no broker answers."""
    async with administration(connection) as admin:
        problems = await shape_problems(admin, wanted)
        if not connection.embedded:
            problems += await settings_problems(admin, wanted)
    return problems


async def shape_problems(admin: AIOKafkaAdminClient, wanted: Sequence[Wanted]) -> list[TopicProblem]:
    """What is missing, or has other partitions and copies than are wanted: one small request. Raises `KafkaError`."""
    found = await _found(admin, wanted)
    problems = [_missing(topic) for topic in wanted if topic.name not in found]
    for topic in wanted:
        problems += _shape_problems(topic, found[topic.name]) if topic.name in found else ()
    return problems


async def settings_problems(admin: AIOKafkaAdminClient, wanted: Sequence[Wanted]) -> list[TopicProblem]:
    """Which of our topics have other settings than are wanted; nothing of those that are missing."""
    ours = [topic for topic in wanted if topic.ours]
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in ours]
    responses = await admin.describe_configs(asked)
    answers = {name: rest for response in responses for rest in response.resources for name in [rest[3]]}
    return [problem for topic in ours for problem in _setting_problems(topic, answers[topic.name])]


async def create(connection: KafkaConnection, wanted: Sequence[Wanted]) -> CreatedTopics:
    """Create what is missing and wait until it is there. Raises the driver's `KafkaError` when no broker answers.

    The embedded broker makes topics itself when it is asked for them, with a number of partitions of its own.
    """
    async with administration(connection) as admin:
        found = await _found(admin, wanted)
        missing = [topic for topic in wanted if topic.name not in found]
        if not missing or connection.embedded:
            return CreatedTopics((), ())
        default = await _default_replication(admin)
        response = await admin.create_topics([_new_topic(topic, default) for topic in missing])
        refused = _refusals(response.topic_errors)
        created = [topic for topic in missing if topic.name not in {problem.topic for problem in refused}]
        await _appeared(admin, created, connection.request_timeout_seconds)
    return CreatedTopics(tuple(topic.name for topic in created), tuple(refused))


def gravity_of(declared: str, setting: str, actual: str | None, wanted: str) -> Gravity:
    """How bad it is that a topic of the file has another value of a setting than is wanted.

    Compaction would throw away decisions and inputs that have no key of their own; a producer's time would be the clock
    of decisions: with these nothing may begin. A retention on what is the truth loses it some day, a smaller record or
    fewer copies than are wanted fail some day. Whatever else differs is a matter of taste.
    """
    match declared, setting:
        case ("assignment.events", "message.timestamp.type"):
            return "refuses"
        case ("assignment.log" | "assignment.config" | "assignment.events", "cleanup.policy"):
            return "refuses" if "compact" in (actual or "") else "unready"
        case ("assignment.log" | "assignment.config", "retention.ms" | "retention.bytes"):
            return "unready"
        case (_, "max.message.bytes" | "min.insync.replicas") if _is_less(actual, wanted):
            return "unready"
    return "warns"


def _is_less(actual: str | None, wanted: str) -> bool:
    return actual is None or int(actual) < int(wanted)


def _durability(replication: int | None) -> dict[str, str]:
    """With r copies a write waits for r - 1: one broker may be away."""
    return {} if replication is None else {"min.insync.replicas": str(max(1, replication - 1))}


async def _found(admin: AIOKafkaAdminClient, wanted: Iterable[Wanted]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The partitions of each topic that is there, by name."""
    described = await admin.describe_topics([topic.name for topic in wanted])
    found = {}
    for topic in described:
        error = for_code(topic["error_code"])
        if error is UnknownTopicOrPartitionError:
            continue
        if topic["error_code"]:
            raise error(topic["topic"])
        found[topic["topic"]] = topic["partitions"]
    return found


def _missing(topic: Wanted) -> TopicProblem:
    if topic.ours:
        return TopicProblem(topic.name, "does not exist", "run `fairlead topics create`", "waits")
    return TopicProblem(topic.name, "does not exist", "name the CRM's topics in the settings, or create it")


def _shape_problems(topic: Wanted, partitions: Sequence[Mapping[str, Any]]) -> Iterable[TopicProblem]:
    if topic.is_lanes and len(partitions) != topic.partitions:
        verb = "is" if topic.partitions == 1 else "are"
        yield TopicProblem(
            topic.name,
            f"has {counted(len(partitions), 'partition')}, but there {verb} {counted(topic.partitions, 'lane')}",
            f"set the number of lanes to {len(partitions)}; another number for a log in use is a migration: see "
            "`fairlead sources reset`",
            "refuses",
        )
    copies = min((len(partition["replicas"]) for partition in partitions), default=0)
    if topic.ours and topic.replication is not None and copies < topic.replication:
        yield TopicProblem(
            topic.name,
            f"has {counted(copies, 'copy', 'copies')} of a partition, {topic.replication} are wanted",
            "reassign its partitions to more brokers, or lower the replication factor in the settings",
        )


def _setting_problems(topic: Wanted, answer: Sequence[Any]) -> Iterable[TopicProblem]:
    error_code, error_message, _, _, entries = answer
    if error_code == UnknownTopicOrPartitionError.errno:
        return
    if error_code:
        reason = error_message or for_code(error_code).__name__
        yield TopicProblem(topic.name, f"its settings cannot be read: {reason}", "allow DescribeConfigs on it", "warns")
        return
    actual = {entry[0]: entry[1] for entry in entries}
    for key, value in topic.settings.items():
        if actual.get(key) != value:
            remedy = f"alter it with the broker's tools: `--alter --add-config {key}={value}`"
            gravity = gravity_of(topic.declared, key, actual.get(key), value)
            yield TopicProblem(topic.name, f"{key} is {actual.get(key)}, {value} is wanted", remedy, gravity)


async def _default_replication(admin: AIOKafkaAdminClient) -> int:
    """The broker's own replication factor: the driver's version of the request cannot leave the choice to it."""
    node = (await admin.describe_cluster())["brokers"][0]["node_id"]
    asked = ConfigResource(ConfigResourceType.BROKER, str(node), {"default.replication.factor": None})
    (response,) = await admin.describe_configs([asked])
    ((error_code, _, _, _, entries),) = response.resources
    if error_code:
        raise for_code(error_code)("the broker does not tell its replication factor: set one in the settings")
    return int(entries[0][1])


def _new_topic(topic: Wanted, default_replication: int) -> NewTopic:
    replication = topic.replication or default_replication
    return NewTopic(topic.name, topic.partitions, replication, topic_configs=dict(topic.settings))


def _refusals(answers: Iterable[Sequence[Any]]) -> list[TopicProblem]:
    """`create_topics` never raises: every topic's answer must be read. Somebody else was quicker: fine."""
    return [
        TopicProblem(
            name, f"cannot be created: {text or for_code(code).__name__}", "create it with the broker's tools", "waits"
        )
        for name, code, text in answers
        if code not in (0, TopicAlreadyExistsError.errno)
    ]


async def _appeared(admin: AIOKafkaAdminClient, created: Sequence[Wanted], seconds: float) -> None:
    """Wait until every broker's word has got round and each partition has a leader."""
    try:
        async with asyncio.timeout(seconds):
            while not _all_led(created, await _found(admin, created)):  # noqa: ASYNC110  # only the broker can tell
                await asyncio.sleep(APPEAR_PAUSE_SECONDS)
    except TimeoutError:
        raise KafkaTimeoutError(f"topics were created but have not appeared after {seconds:g} s") from None


def _all_led(wanted: Iterable[Wanted], found: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    return all(
        topic.name in found and all(partition["leader"] >= 0 for partition in found[topic.name]) for topic in wanted
    )
