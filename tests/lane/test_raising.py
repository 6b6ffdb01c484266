"""What a decision raises costs what it was about, and a row of raises halts behind its dead letters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.core.draft import Draft
from service.core.events import MemberEvent, Target
from service.core.pool_spec import Membership
from service.core.rule_sets import Entry
from service.core.state import Timer
from service.lane.raising import MAX_RAISED_IN_A_ROW, PUT_OFF_MS, TooManyDeadLetters
from tests.core.build import MINUTE_MS, created, planted, pool, rules
from tests.lane.build import TOPICS, World
from tests.lane.test_bounds import until_idle


def raises(fact: object) -> bool:
    """A criterion with a bug."""
    raise ZeroDivisionError("planted")


def no_line(*pool: object, **behind: object) -> None:
    """A waiting line with a bug: only a drain looks at it."""
    raise ZeroDivisionError("planted")


BROKEN = rules(Entry("bug", Target("pool", "sales"), (planted("field", raises),)))


def letters(world: World) -> list[tuple[str, Any]]:
    """Reason and content of each dead letter."""
    return [
        (str(dict(each.headers)["dead_letter_reason"] or b"", "utf-8"), json.loads(each.value))
        for each in world.published(TOPICS.dead_letters)
    ]


async def test_a_timer_that_raises_is_told_of_put_off_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It once halted every decision of its lane, again at each start. Now the others go on, and it loses nothing."""
    world = World()
    world.configure(pool("ann"))
    world.send(MemberEvent("away", "ann", "away"), created("lead/1", "pool:sales"))
    owner = await world.owner()
    await until_idle(owner)
    with monkeypatch.context() as patch:
        patch.setattr(Draft, "waiting", no_line)
        world.send(MemberEvent("back", "ann", "available"), created("lead/2", "user:ann"))
        await until_idle(owner)
        assert [reason for reason, _ in letters(world)] == ["timer_raised"]
        assert letters(world)[0][1]["timer"] == "drain/sales"
        assert owner.tenure.book.state("main").timers == {"drain/sales": Timer(world.now_ms + PUT_OFF_MS)}
        assert world.outcomes[-1] != ("dead_letter", "timer_raised")
        world.check()
    world.now_ms += PUT_OFF_MS
    await owner.work(4)
    assert "ann" in world.owners
    assert not owner.tenure.book.state("main").parked
    world.check()


@pytest.mark.parametrize("sick", ["alpha", "omega"])
async def test_of_lines_that_are_served_together_only_the_one_that_raises_is_put_off(
    sick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody could take from another line is not held up by it, whatever the lines are called."""
    world = World()
    world.configure(pool("ann", id="alpha"), pool("ann", id="middle"), pool("ann", id="omega"))
    world.send(MemberEvent("away", "ann", "away"))
    world.send(*(created(f"lead/{name}", f"pool:{name}") for name in ("alpha", "middle", "omega")))
    owner = await world.owner()
    await until_idle(owner)
    waiting = Draft.waiting

    def broken(draft: Draft, name: str, *args: Any, **more: Any) -> Any:
        if name == sick:
            raise ZeroDivisionError("planted")
        return waiting(draft, name, *args, **more)

    monkeypatch.setattr(Draft, "waiting", broken)
    world.send(MemberEvent("back", "ann", "available"))
    await until_idle(owner)
    state = owner.tenure.book.state("main")
    assert [(reason, told["timer"]) for reason, told in letters(world)] == [("timer_raised", f"drain/{sick}")]
    assert list(state.parked) == [f"lead/{sick}"]
    assert state.timers == {f"drain/{sick}": Timer(world.now_ms + PUT_OFF_MS)}
    world.check()


async def test_a_timer_that_always_raises_costs_one_dead_letter_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither fires for ever nor keeps the lane from its inputs."""
    world = World()
    world.configure(pool("ann"))
    world.send(MemberEvent("away", "ann", "away", world.now_ms + MINUTE_MS), created("lead/1", "pool:sales"))
    owner = await world.owner()
    await until_idle(owner)
    monkeypatch.setattr(Draft, "waiting", no_line)
    for _ in range(3):
        world.now_ms += PUT_OFF_MS
        await owner.work(4)
    assert [reason for reason, _ in letters(world)] == ["timer_raised"] * 3


async def test_a_piece_of_a_switch_that_raises_costs_its_pool_only() -> None:
    """The others are seated, the version is in force, and the piece is told of."""
    world = World()
    broken = pool(Membership("cem", weight=1e-320), id="broken")
    world.configure(pool("ann"), broken, pool("bob", id="others"))
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:others"))
    owner = await world.owner()
    await until_idle(owner)
    assert world.owners == ["ann", "bob"]
    assert letters(world) == [("switch_raised", {"division": "main", "step": "pool/broken"})]
    assert not owner.tenure.book.switching
    world.check()


async def test_a_lane_that_gives_up_has_written_the_dead_letters_and_names_them() -> None:
    """What raised is told of and passed; who owns the lane next goes on behind it."""
    world = World()
    world.configure(pool("ann"), rule_sets=BROKEN)
    world.send(*(created(f"lead/{number}") for number in range(MAX_RAISED_IN_A_ROW + 5)))
    owner = await world.owner()
    with pytest.raises(TooManyDeadLetters, match=r"100 events in a row.*0/crm.records/0/0, 1, 2.* and 80 more"):
        await until_idle(owner)
    assert [reason for reason, _ in letters(world)] == ["decide_raised"] * MAX_RAISED_IN_A_ROW
    world.configure(pool("ann"))
    again = await world.owner("two")
    await until_idle(again)
    assert world.outcomes.count(("dead_letter", "decide_raised")) == MAX_RAISED_IN_A_ROW
    assert again.tenure.book.place.offset == MAX_RAISED_IN_A_ROW + 5
    world.check()
