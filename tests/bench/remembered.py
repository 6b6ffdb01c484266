"""What the memory takes for a person, a pool and a member (its seat), as a part of `make bench`.

The core decides, and what comes of it is put into the memory as a lane puts it there; counted is what so many more
take, so that what all lanes take without any is left out. What one more record takes is measured with very many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from redis import Redis

from service.core.configuration import Config, User
from service.core.decide import decide
from service.core.events import MemberEvent, RecordEvent, Target
from service.core.holding import membership
from service.core.holding.presence import REMEMBERED_EVENTS
from service.core.pool_spec import Membership, PoolSpec
from service.core.state import Changes, Kind, State
from service.lane.changed import stored
from service.store.keys import LAYOUT
from service.store.port import Head
from service.store.redis import RedisStore, connect

PEOPLE: Final = 1_000
"""As many as a company's sales has; so many more are counted."""
POOLS: Final = 500
START_MS: Final = 1_772_442_000_000


class Taken(NamedTuple):
    """What one more of a kind takes: its name and its value as they are sent, and all of it in the memory.

    The memory keeps a small hash of values of at most 64 bytes without an index, which takes a few bytes a field; of
    larger values each takes some 90 bytes more.
    """

    kind: Kind
    sent_bytes: float
    held_bytes: float


def of_people(people: range) -> Iterator[Changes]:
    """What comes of people who are away and back, as often as is remembered: by events with an id and a time."""
    config, state = Config("main", 1, users={_person(number): User(_person(number)) for number in people}), State()
    for number in people:
        for at in range(REMEMBERED_EVENTS):
            word, name = ("away", "available")[at % 2], f"{REMEMBERED_EVENTS * number + at:016x}"
            event = MemberEvent(name, _person(number), word, time_ms=START_MS + at)
            changes = decide(event, state, config, START_MS + at).changes
            state.apply(changes)
    yield {"person": dict(state.people)}


def of_pools(pools: range) -> Iterator[Changes]:
    """What comes of pools of one member that have each given a record."""
    specs = {_pool(number): PoolSpec(_pool(number), "lead", (Membership("ann"),)) for number in pools}
    config, state = Config("main", 1, users={"ann": User("ann")}, pools=specs), State()
    for step in membership.switch_steps(state, config, START_MS):
        state.apply(step.changes())
    for number in pools:
        event = RecordEvent(
            id=str(UUID(int=number)),
            kind="created",
            record_type="lead",
            record_id=str(number),
            owner=Target("pool", _pool(number)),
            facts={},
        )
        state.apply(decide(event, state, config, START_MS).changes)
    yield {"pool": dict(state.pools)}
    yield {"seat": dict(state.seats)}


async def taken(store: RedisStore, redis: Redis, kind: Kind, twice: tuple[Changes, Changes]) -> Taken:
    """Put both into the memory, and tell what one of the second takes."""
    redis.flushall()
    await store.fence(0, 1)
    await store.begin(0, 1, LAYOUT)
    await store.rebuild(0, 1, 1, {}, Head(0))
    used: list[int] = []
    parts = [stored(kind, "main", changes[kind])[kind] for changes in twice]
    for revision, fields in enumerate(parts):
        reply = await store.advance(0, 1, revision, Head(revision + 1), LAYOUT.placed({kind: fields}))
        assert reply == "OK", reply
        used.append(int(redis.info("memory")["used_memory"]))
    more = parts[-1]
    sent = sum(len(name) + len(value or b"") for name, value in more.items())
    return Taken(kind, sent / len(more), (used[-1] - used[0]) / len(more))


async def measured(address: str) -> list[Taken]:
    """Of each kind. The memory at the address is emptied."""
    store = connect(address, "bench")
    found = []
    with Redis.from_url(address) as redis:
        for kinds, size in ((of_people, PEOPLE), (of_pools, POOLS)):
            for first, second in zip(kinds(range(size)), kinds(range(size, 2 * size)), strict=True):
                (kind,) = first
                found.append(await taken(store, redis, kind, (first, second)))
    await store.close()
    return found


def _person(number: int) -> str:
    return f"0055{number:011}"


def _pool(number: int) -> str:
    return f"pool-{number:05}"
