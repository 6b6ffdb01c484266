"""Topics of a real broker as tests need them: made, and made anew under the same name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiokafka.admin import NewTopic

from service.kafka.connection import KafkaConnection, administration


async def make(connection: KafkaConnection, name: str, partitions: int = 1) -> None:
    """Create a topic and wait until each partition has a leader; until then the broker may refuse."""
    async with administration(connection) as admin:

        async def is_made() -> bool:
            await admin.create_topics([NewTopic(name, partitions, 1)])
            (found,) = await admin.describe_topics([name])
            leaders = [partition["leader"] for partition in found["partitions"]]
            return not found["error_code"] and len(leaders) == partitions and min(leaders) >= 0

        await _asked(is_made)


async def remake(connection: KafkaConnection, name: str, partitions: int = 1) -> None:
    """Delete a topic and make it again."""
    async with administration(connection) as admin:

        async def is_gone() -> bool:
            await admin.delete_topics([name])
            (found,) = await admin.describe_topics([name])
            return bool(found["error_code"])

        await _asked(is_gone)
    await make(connection, name, partitions)


async def exists(connection: KafkaConnection, name: str) -> bool:
    """Whether a topic is there."""
    async with administration(connection) as admin:
        (found,) = await admin.describe_topics([name])
    return not found["error_code"]


async def _asked(question: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes; each question takes the broker a moment."""
    for _ in range(1_000):
        if await question():
            return
    raise AssertionError("the broker did not do it")
