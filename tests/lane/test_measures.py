"""What a lane tells of its own work: the numbers on the metrics page move with it."""

from __future__ import annotations

from collections.abc import Sequence

from service.telemetry.metrics import METERS
from service.wire.inputs import tick
from service.wire.messages import Message
from tests.core.build import created
from tests.lane.build import World


def measured(name: str, **labels: str) -> float:
    """The present value of a sample on the metrics page."""
    return METERS.registry.get_sample_value(f"fairlead_{name}", labels) or 0.0


async def test_the_time_from_an_event_to_its_decision_is_measured() -> None:
    """S37 One observation for each batch that used input: how long its oldest event had to wait."""
    world = World()
    owner = await world.owner()
    before = measured("event_to_decision_seconds_count")
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"))
    await owner.work(3)
    assert measured("event_to_decision_seconds_count") == before + 1
    world.put(tick())
    await owner.work(2)
    assert measured("event_to_decision_seconds_count") == before + 1


async def test_the_time_to_a_decision_ends_when_it_is_published() -> None:
    """Not when it is in the log: whoever waits for it hears of it only then."""
    world = World()
    owner = await world.owner()
    await owner.work()
    before = measured("event_to_decision_seconds_sum")
    publish = owner.lane.transport.publish

    async def slowly(messages: Sequence[Message]) -> None:
        world.now_ms += 7_000
        await publish(messages)

    owner.lane.transport.publish = slowly  # type: ignore[method-assign]  # a broker that takes its time
    world.send(created("lead/1", "pool:sales"))
    await owner.work()
    assert measured("event_to_decision_seconds_sum") == before + 7


async def test_decisions_are_counted_by_outcome() -> None:
    """An operator sees at a glance whether assignments have stopped."""
    world = World()
    owner = await world.owner()
    assigned, rejected = (
        measured("decisions_total", outcome="assigned"),
        measured("decisions_total", outcome="rejected"),
    )
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:nowhere"))
    await owner.work(3)
    assert measured("decisions_total", outcome="assigned") == assigned + 1
    assert measured("decisions_total", outcome="rejected") == rejected + 1


async def test_what_is_about_no_record_is_no_decision() -> None:
    """Time passes and configurations are switched on an idle lane, too: that is no work."""
    world = World()
    owner = await world.owner()
    before = measured("decisions_total", outcome="nothing")
    world.put(tick())
    world.send(created("lead/1", "pool:sales"))
    await owner.work(3)
    assert measured("decisions_total", outcome="nothing") == before


async def test_an_empty_lane_is_not_rebuilt() -> None:
    """The number says that a memory lost something; a lane without a decision has nothing to lose."""
    world = World()
    before = measured("rebuilds_total", lane="0")
    owner = await world.owner()
    assert measured("rebuilds_total", lane="0") == before
    world.send(created("lead/1", "pool:sales"))
    await owner.work(3)
    await world.store.forget(0)
    await world.owner()
    assert measured("rebuilds_total", lane="0") == before + 1
