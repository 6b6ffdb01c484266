"""What only the in-memory broker can do on request: lose a write in each of the ways a write can be lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.kafka.memory import Fault, MemoryBroker, MemoryTransport, Operation
from service.kafka.partitions import Place
from service.kafka.port import Lost
from service.wire.messages import Message
from service.wire.topics import Topics

TOPICS = Topics.of()
LOG = Place(TOPICS.log, 0)


def once(fault: Fault, at: Operation, topic: str) -> Callable[[Operation, str], Fault | None]:
    """The fault at the first such write, none later."""
    waiting = [fault]

    def choose(operation: Operation, written: str) -> Fault | None:
        return waiting.pop() if waiting and (operation, written) == (at, topic) else None

    return choose


def broker_with(fault: Fault, at: Operation = "append", topic: str = TOPICS.log) -> MemoryBroker:
    return MemoryBroker(clock=lambda: 1_000, fault=once(fault, at, topic))


def log_of(broker: MemoryBroker) -> list[bytes]:
    return [record.value for record in broker.partitions[LOG].records]


@pytest.mark.parametrize(
    ("fault", "kept"),
    [(Fault.BEFORE, []), (Fault.AFTER, [b"x"]), (Fault.LATE, [])],
)
async def test_the_writer_sees_the_same_whatever_went_wrong(fault: Fault, kept: list[bytes]) -> None:
    """A write that fails may or may not be there; nobody can tell by the error."""
    broker = broker_with(fault)
    with pytest.raises(Lost):
        await MemoryTransport(broker, 0, TOPICS).append(b"x")
    assert log_of(broker) == kept


async def test_a_late_write_lands_behind_what_was_written_since() -> None:
    """A zombie's record arrives when the broker says so, with an offset of that moment."""
    broker = broker_with(Fault.LATE)
    zombie, successor = MemoryTransport(broker, 0, TOPICS), MemoryTransport(broker, 0, TOPICS)
    with pytest.raises(Lost):
        await zombie.append(b"late")
    assert await successor.append(b"claim") == 0
    (late,) = broker.late
    assert broker.land(late) == 1
    assert broker.late == []
    assert log_of(broker) == [b"claim", b"late"]


async def test_after_a_loss_nothing_is_written_until_renewed() -> None:
    """Else a later write could arrive without an earlier one."""
    broker = broker_with(Fault.BEFORE)
    transport = MemoryTransport(broker, 0, TOPICS)
    with pytest.raises(Lost):
        await transport.append(b"first")
    with pytest.raises(Lost):
        await transport.append(b"second")
    with pytest.raises(Lost):
        await transport.tick(b"tick")
    with pytest.raises(Lost):
        await transport.publish([Message(TOPICS.assignments, b"k", b"v")])
    assert broker.records(TOPICS.assignments) == []
    await transport.renew()
    assert await transport.append(b"third") == 0


async def test_part_of_a_publication_may_arrive() -> None:
    """One partition's loss does not take back what other partitions have."""
    broker = broker_with(Fault.BEFORE, "publish", TOPICS.assignments)
    transport = MemoryTransport(broker, 0, TOPICS)
    with pytest.raises(Lost):
        await transport.publish(
            [Message(TOPICS.assignments, b"k", b"lost"), Message(TOPICS.notifications, b"k", b"there")]
        )
    assert broker.records(TOPICS.assignments) == []
    assert [record.value for record in broker.records(TOPICS.notifications)] == [b"there"]


async def test_time_is_what_the_clock_says() -> None:
    """The append time comes from the given clock alone."""
    times = iter([5_000, 7_000])
    transport = MemoryTransport(MemoryBroker(clock=lambda: next(times)), 0, TOPICS)
    await transport.tick(b"one")
    await transport.tick(b"two")
    await transport.seek(0)
    assert [arrived.time_ms for arrived in await transport.poll(10, 0)] == [5_000, 7_000]


async def test_lanes_have_partitions_of_their_own() -> None:
    """What one lane writes, another does not see."""
    broker = MemoryBroker(clock=lambda: 0, lanes=2)
    first, second = MemoryTransport(broker, 0, TOPICS), MemoryTransport(broker, 1, TOPICS)
    await first.append(b"x")
    assert await second.log_bounds() == (0, 0)
    assert await first.log_bounds() == (0, 1)
