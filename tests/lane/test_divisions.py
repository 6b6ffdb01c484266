"""Divisions that share a lane have nothing else in common, though all that they name is called the same."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from service.core.events import Event
from service.core.pool_spec import Membership
from service.core.workflow_specs import Action
from tests.core.build import closed, created, pool, reopened, updated, users
from tests.core.flows import catalogue, flow, on, where
from tests.lane.build import TOPICS, World
from tests.lane.test_telling import settle

DIVISIONS: Final = ("acme", "beta")
FULL: Final = Membership("ann", max_open=0)
STORY: Final[tuple[Event, ...]] = (
    *(created(f"lead/{number}", "pool:sales", facts={"x": 0, "stage": ""}) for number in range(3)),
    created("lead/9", "pool:late"),
    updated("lead/1", facts={"stage": "a"}),
    updated("lead/1", facts={"stage": "b"}),
    closed("lead/9"),
    updated("lead/1", facts={"x": 2}),
    updated("lead/1", facts={"x": 1}),
    reopened("lead/9"),
    updated("lead/1", facts={"x": 1, "stage": "c"}),
    created("lead/3", "pool:sales"),
    updated("lead/1", facts={"x": 3}),
)
"""Somebody falls behind, values are told in another order than they were asked for, and what was named is opened
again.
"""


def world_of(*divisions: str) -> World:
    """A lane with these divisions, which are configured alike."""
    asking = [
        flow(
            f"to-{value}", on("updated", changed=("stage",)), Action("set_field", field="x", value=value), criteria=met
        )
        for value, met in ((1, where("stage = a")), (2, where("stage = b")))
    ]
    made = World(configs={})
    for division in divisions:
        made.configure(
            pool(FULL, "bob", manager="boss", skewed_after=1),
            pool(Membership("cem", max_open=0), id="late"),
            users=users("boss", notify=("email",)),
            workflows=catalogue(*asking, flow("seen", on("updated", changed=("x",)))),
            division=division,
        )
    return made


def said(world: World, division: str) -> list[tuple[Any, ...]]:
    """What the division told the world, in order, without what names a place in the lane."""
    found = {}
    for topic in (TOPICS.assignments, TOPICS.notifications, TOPICS.workflow_actions):
        for record in world.published(topic):
            headers = {name: (value or b"").decode() for name, value in record.headers}
            if headers["ce_division"] == division:
                body, about = json.loads(record.value), (record.key or b"").decode().removeprefix(f"{division}/")
                behind = [(each["person"], each.get("behind")) for each in body.get("trace", {}).get("candidates", ())]
                told = [body.get(key) for key in ("kind", "owner", "pool", "reason", "person", "workflow", "value")]
                found[topic, headers["ce_id"]] = (topic, about, *told, behind)
    return list(found.values())


async def lived(world: World, *sent: tuple[str, Event]) -> World:
    """The events came in one after another, and nothing is left to be done."""
    owner = await world.owner()
    for division, event in sent:
        world.send(event, division=division)
        await settle(owner)
    world.check()
    return world


@settings(max_examples=6, derandomize=True, phases=[Phase.generate])
@given(st.permutations([name for name in DIVISIONS for _ in STORY]))
def test_a_division_is_what_it_is_alone(order: list[str]) -> None:
    """However its events and those of another come in between each other."""
    alone = asyncio.run(lived(world_of("acme"), *(("acme", event) for event in STORY)))
    expected = said(alone, "acme")
    stories = {name: iter(STORY) for name in DIVISIONS}
    both = asyncio.run(lived(world_of(*DIVISIONS), *((name, next(stories[name])) for name in order)))
    assert [said(both, name) for name in DIVISIONS] == [expected, expected]


def test_the_story_has_what_it_is_to_have() -> None:
    """A pool that is skewed, and one field that somebody else set: the last one."""
    alone = asyncio.run(lived(world_of("acme"), *(("acme", event) for event in STORY)))
    found = said(alone, "acme")
    assert sum("skewed" in each for each in found) == 1
    assert sum("seen" in each for each in found) == 1
    assert [each[5] for each in found if each[1] == "lead/9"] == ["nobody_eligible", "closed", "nobody_eligible"]
