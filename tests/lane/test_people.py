"""People are remembered in short once their lane was raised to the level from which that is written."""

from __future__ import annotations

import json
from typing import Any

from service.core.events import MemberEvent
from service.wire.people import IN_SHORT_FROM
from tests.core.build import created, pool
from tests.lane.build import World
from tests.lane.test_layout import at_level


def of_people(made: World) -> dict[str, Any]:
    """What the memory holds of them."""
    held = [fields for key, fields in made.state.items() if key.startswith("person:")]
    return {name: json.loads(value) for fields in held for name, value in fields.items()}


async def test_people_are_stored_in_short_from_a_level_on_and_repeats_of_before_are_known() -> None:
    """D28 Who was written below it is read as they are, and written anew with the next news of them."""
    made = World()
    made.configure(pool("ann", "bob"))
    away = MemberEvent("0123456789abcdef", "ann", "away")
    made.send(away, MemberEvent("e1", "bob", "away"))
    await (await at_level(made, "one", IN_SHORT_FROM - 1)).work(3)
    assert of_people(made)["main/ann"] == [[True, None, None], [False] + [None] * 2, [False] + [None] * 2, [away.id], 0]

    made.send(MemberEvent("e2", "ann", "available"), MemberEvent("e3", "ann", "off_shift"))
    made.send(MemberEvent("e4", "ann", "available"))
    await (await at_level(made, "two", IN_SHORT_FROM)).work(4)
    assert {name: len(value) for name, value in of_people(made).items()} == {"main/ann": 2, "main/bob": 5}

    made.send(away, MemberEvent("e1", "bob", "away"), created("lead/1", "pool:sales"))
    await (await at_level(made, "three", IN_SHORT_FROM)).work(4)
    assert made.outcomes[-3:-1] == [("nothing", "duplicate_event")] * 2
    assert made.owners == ["ann"]
    made.check()
