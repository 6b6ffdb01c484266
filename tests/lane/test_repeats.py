"""What lies at or below a mark is dropped: in silence where it was taken, as a dead letter where it never was."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from service import noticed
from service.core.events import Event, MemberEvent
from service.core.hearing import REMEMBERED_EVENTS
from service.core.workflow_specs import StepName
from service.lane.positions import Positions
from service.lane.repeats import REMEMBERED, Repeats
from service.telemetry.metrics import METERS
from service.wire.inputs import LaneInput, read_input
from service.wire.seals import sealed
from tests.core.build import created, owner_changed, updated
from tests.core.build import event as event_of
from tests.lane.build import LANE, TOPICS, Owner, World, input_of

AWAY = MemberEvent("e", "ann", "away")


def dropped(reason: str) -> float:
    """How many were dropped so far, for this reason."""
    labels = {"lane": str(LANE), "reason": reason}
    return METERS.registry.get_sample_value("fairlead_events_dropped_total", labels) or 0


async def beyond() -> tuple[World, Owner]:
    """A lane whose mark is at 9, though of what is below it has seen nothing, and neither has its owner."""
    world = World()
    world.put(input_of(created("lead/9", "pool:sales"), (0, "crm.records", 0, 9)))
    await (await world.owner()).work(2)
    return world, await world.owner("two")


async def test_what_is_sent_again_is_no_trouble() -> None:
    """Whoever took it, and also after a take-over: nobody has to look at it."""
    world, before = World(), dropped("repeat")
    events = [created("lead/1", "pool:sales"), created("lead/2", "pool:sales")]
    world.send(*events)
    await (await world.owner()).work(2)
    for name in ("two", "three"):
        owner = await world.owner(name)
        for offset, event in enumerate(events):
            world.put(input_of(event, (0, "crm.records", 0, offset)))
        await owner.work()
        assert not owner.lane.noticed.recent()
    assert world.outcomes.count(("dropped", "")) == 4
    assert dropped("repeat") - before == 4
    assert not world.published(TOPICS.dead_letters)
    world.check()


@pytest.mark.parametrize(
    "event",
    [created("lead/3", "pool:sales"), owner_changed("lead/9", "user:bob", version=7)],
    ids=["a record nobody heard of", "news by its version"],
)
async def test_what_a_wrong_mark_would_lose_is_a_dead_letter(event: Event) -> None:
    """It is told in log, metric and readiness, for a while."""
    world, owner = await beyond()
    world.put(input_of(event, (0, "crm.records", 0, 3)))
    with capture_logs() as lines:
        await owner.work()
    assert world.outcomes[-1] == ("dead_letter", "taken_before")
    (letter,) = world.published(TOPICS.dead_letters)
    assert letter.key == b"0/crm.records/0/3"
    assert [line["position"] for line in lines if line["event"] == "event.overtaken"] == ["0/crm.records/0/3"]
    assert dict(owner.lane.noticed.recent()) == {"event_dropped": (1, "0/crm.records/0/3")}
    world.now_ms += noticed.RECENT_MS
    assert not owner.lane.noticed.recent()


PAID = event_of("paid", "lead/9", offer="gold", time_ms=5)
MARKED = event_of("step_marked", "lead/9", step=StepName("hunt", "found"), version=5)


@pytest.mark.parametrize(
    "event",
    [AWAY, owner_changed("lead/9", "user:bob"), PAID, MARKED],
    ids=["a person", "no order", "an offer, which has an order of its own", "a step, which has, too"],
)
async def test_what_nobody_can_tell_is_counted(event: Event) -> None:
    """It may be a repeat of long ago; without version and time the state does not say, once a record heard much."""
    (world, owner), before = await beyond(), dropped("unknown")
    world.sent["crm.records"] = 9
    world.send(*[updated("lead/9") for _ in range(REMEMBERED_EVENTS)])
    await owner.work()
    owner = await world.owner("three")
    world.put(input_of(event, (0, "crm.records", 0, 3)))
    await owner.work()
    assert world.outcomes[-1] == ("dropped", "unknown")
    assert dropped("unknown") - before == 1


async def test_what_another_release_sends_again_is_a_repeat() -> None:
    """It writes the same event with a key more, which this one does not know."""
    world = World()
    value = input_of(created("lead/1", "pool:sales"), (0, "crm.records", 0, 0))
    world.put(value)
    owner = await world.owner()
    await owner.work()
    content = orjson.loads(value)
    del content["seal"]
    world.put(sealed(orjson.dumps(content | {"of_the_next_release": 1})))
    await owner.work()
    assert world.outcomes[-1] == ("dropped", "")
    assert not world.published(TOPICS.dead_letters)


async def test_other_content_at_a_place_that_was_taken_is_a_dead_letter() -> None:
    """A source that was made anew where no broker tells it begins at places that were taken."""
    world = World()
    world.send(created("lead/1", "pool:sales"), AWAY)
    owner = await world.owner()
    await owner.work(2)
    world.put(input_of(created("lead/2", "pool:sales"), (0, "crm.records", 0, 0)))
    world.put(input_of(MemberEvent("f", "ann", "available"), (0, "crm.members", 0, 0)))
    await owner.work()
    assert world.outcomes[-2:] == [("dead_letter", "taken_before")] * 2


def received(offset: int, name: str) -> LaneInput:
    read = read_input(input_of(MemberEvent(name, "ann", "away"), (0, "crm.members", 0, offset)))
    assert isinstance(read, LaneInput)
    return read


@given(st.sets(st.integers(0, 30), min_size=1), st.integers(0, 30), st.booleans())
def test_within_reach_nothing_is_unknown(taken: set[int], offset: int, is_same: bool) -> None:
    """The law: from the first place on that was taken here, each is told apart."""
    repeats = Repeats(Positions())
    for each in sorted(taken):
        repeats.remember(received(each, "e"))
    fate = repeats.fate(received(offset, "e" if is_same else "f"), {})
    if offset < min(taken):
        assert fate == "unknown"
    else:
        assert fate == ("repeat" if is_same and offset in taken else "lost")


def test_what_is_remembered_is_bounded() -> None:
    """Below what was forgotten nothing is claimed."""
    repeats = Repeats(Positions())
    for offset in range(REMEMBERED + 2):
        repeats.remember(received(offset, "e"))
    assert repeats.fate(received(1, "e"), {}) == "unknown"
    assert repeats.fate(received(2, "e"), {}) == "repeat"
    assert len(repeats._taken) == REMEMBERED
