"""What others do to a lane's memory and log."""

from __future__ import annotations

import copy
from random import Random
from typing import Final

from service.store.memory import LaneMemory

FOREIGN: Final = (
    b"",
    b"garbage",
    b"null",
    b"[]",
    b'{"kind":"claim","owner":"somebody"}',
    b'{"format":1,"level":1,"kind":"chunk","token":0,"start":0,"content":[],"goes_on":false,"snapshots":[]}',
    b'{"format":1,"level":1,"kind":"batch","token":0}',
)
"""What is no record of a lane: nothing, garbage, an older format, the right shape with a wrong one inside."""


def lose_keys(random: Random, memory: LaneMemory, older: LaneMemory) -> None:
    """Some whole keys are evicted, overwritten, or those of an older copy."""
    for key in random.sample(sorted(memory.content), min(len(memory.content), random.choice((1, 20, 600)))):
        how = random.randrange(3)
        if how == 0:
            memory.content.pop(key)
        elif how == 1:
            memory.content[key] = {}
        elif older.generation != memory.generation:
            memory.content[key] = copy.deepcopy(older.content.get(key, {}))
