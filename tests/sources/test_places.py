"""Where reading begins, and which topics are not begun because they are not what was read before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from service.app.sources import not_the_same, places, unknown_topics
from service.config.sources import Sources, SourceState, SourceTopic

TOPIC = "crm.records"
PARTITIONS = [TopicPartition(TOPIC, number) for number in range(3)]


class Consumer:
    """What a group has committed, and where partitions begin."""

    def __init__(self, committed: Mapping[int, int]) -> None:
        self._committed = committed

    async def committed(self, partition: TopicPartition) -> int | None:
        return self._committed.get(partition.partition)

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 10)

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {0, 1, 2}


def known(identity: str | None) -> SourceState:
    """A deployment that has read the topic under this identity; none: never."""
    state = SourceState()
    state.fold(Sources(0, "division", 1))
    if identity is not None:
        state.fold(SourceTopic(TOPIC, identity, 0))
    return state


async def begun(committed: Mapping[int, int], identity: str | None, found: str, first: int = 0) -> Any:
    return await places(Consumer(committed), PARTITIONS[first:], known(identity), {TOPIC: found})


async def test_a_topic_that_nobody_has_read_is_begun() -> None:
    """At the beginning of what there is."""
    there = await begun({}, None, "a")
    assert (there.marks, there.refused) == (dict.fromkeys(PARTITIONS, 10), {})
    assert there.begun == frozenset(PARTITIONS)


async def test_reading_goes_on_where_it_was_committed() -> None:
    """A partition that is new to a known topic is begun."""
    there = await begun({0: 40, 1: 50}, "a", "a")
    assert there.marks == {PARTITIONS[0]: 40, PARTITIONS[1]: 50, PARTITIONS[2]: 10}
    assert there.begun == {PARTITIONS[2]}


async def test_expired_positions_of_the_same_topic_are_begun_again() -> None:
    """Lanes drop what they have taken before."""
    assert (await begun({}, "a", "a")).begun == frozenset(PARTITIONS)


async def test_another_topic_under_the_name_is_refused() -> None:
    """Whether or not there are positions."""
    for committed in ({}, {0: 4}):
        there = await begun(committed, "a", "b")
        assert there.marks == {}
        assert f"fairlead sources reset --topic {TOPIC}" in there.refused[TOPIC]


async def test_without_identities_a_known_topic_without_any_position_is_refused() -> None:
    """It may have been made anew, and begins below what lanes have taken. A position elsewhere shows that it is not."""
    assert TOPIC in (await begun({}, "", "")).refused
    assert (await begun({0: 4}, "", "", first=1)).begun == {PARTITIONS[1], PARTITIONS[2]}


def test_only_what_is_new_is_made_known() -> None:
    """A topic, or the identity of one that was known without."""
    assert unknown_topics(known(None), {TOPIC: "a"}) == [SourceTopic(TOPIC, "a", 0)]
    assert unknown_topics(known(""), {TOPIC: "a"}) == [SourceTopic(TOPIC, "a", 0)]
    assert unknown_topics(known("a"), {TOPIC: "a"}) == unknown_topics(known("a"), {TOPIC: ""}) == []
    assert unknown_topics(known("a"), {TOPIC: "b"}) == []
    assert not_the_same(known("a"), {TOPIC: ""}) == {}
