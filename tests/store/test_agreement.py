"""Memory and Redis answer alike, whatever is asked in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple, assert_never

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.store.keys import Layout, Stored
from service.store.memory import LaneMemory
from service.store.port import Head, Store
from tests.store.losing import LosingMemory, LosingRedis, hashes

LANE = 0
SMALL = Layout({"record": 2, "pool": 1, "lane": 1})
SOME_KEYS = ("record:0", "record:1", "pool:0", "lane:0")

_examples = count()


class Fence(NamedTuple):
    newer: int


class Load(NamedTuple):
    newer: int
    ahead: int
    wanted: list[tuple[str, str]]


class Read(NamedTuple):
    newer: int
    ahead: int
    keys: list[str]


class Advance(NamedTuple):
    newer: int
    ahead: int
    step: int
    checksum: str
    changes: list[Stored]


class Rebuild(NamedTuple):
    newer: int
    onward: int
    changes: list[Stored]
    head: Head | None


class Begin(NamedTuple):
    newer: int


class Lose(NamedTuple):
    key: str
    is_spoilt: bool


class Flush(NamedTuple):
    pass


Call = Fence | Load | Read | Advance | Begin | Rebuild | Lose | Flush
"""Tokens, revisions and chunk numbers are relative to what the memory has, so that most calls come near their mark."""

nearly = st.sampled_from((0, 0, 0, 0, 0, 0, 1, -1))
key = st.sampled_from(SOME_KEYS)
field = st.sampled_from(("main/a", "main/b", "/ü"))
checksum = st.sampled_from(("aa", "bb"))
changes = st.lists(st.builds(Stored, key, field, st.none() | st.sampled_from((b"[]", b"[1]", b"\xff\x00"))), max_size=6)
calls = st.lists(
    st.one_of(
        st.builds(Fence, nearly),
        st.builds(Load, nearly, nearly, st.lists(st.tuples(key, field), max_size=4)),
        st.builds(Read, nearly, nearly, st.lists(key, max_size=3)),
        st.builds(Advance, nearly, nearly, st.sampled_from((0, 1, 1, 1, 2)), checksum, changes),
        st.builds(Begin, nearly),
        st.builds(
            Rebuild,
            nearly,
            st.sampled_from((-1, 0, 1, 1, 1, 2)),
            changes,
            st.none() | st.builds(Head, st.integers(-1, 3), checksum, st.just(False)),
        ),
        st.builds(Lose, st.sampled_from((*SOME_KEYS, "head")), st.booleans()),
        st.builds(Flush),
    ),
    max_size=40,
)


async def asked(store: Store, call: Call, now: LaneMemory) -> object:
    """What the store says to the call, made absolute by the memory as it is `now`."""
    token, revision = now.token or 0, now.head.revision
    chunk = now.stage[1] if now.stage else 0
    match call:
        case Fence(newer):
            return await store.fence(LANE, token + newer)
        case Load(newer, ahead, wanted):
            return await store.load(LANE, token + newer, revision + ahead, wanted)
        case Read(newer, ahead, keys):
            return await store.read(LANE, token + newer, revision + ahead, keys)
        case Advance(newer, ahead, step, mark, made):
            head = Head(max(revision + step, 0), mark)
            return await store.advance(LANE, token + newer, revision + ahead, head, made)
        case Rebuild(newer, onward, made, end):
            return await store.rebuild(LANE, token + newer, chunk + onward, hashes(made), end)
        case Begin(newer):
            return await store.begin(LANE, token + newer, SMALL)
        case Lose() | Flush():
            return None
        case _:
            assert_never(call)


async def agree(memory: LosingMemory, redis: LosingRedis, sequence: Sequence[Call]) -> None:
    """Every reply is the same, and in the end head and content are."""
    for call in sequence:
        now = memory.store.lanes.get(LANE, LaneMemory())
        known = LaneMemory(now.token, now.head, now.stage)
        if isinstance(call, Flush):
            memory.store.lanes.clear()
            await redis.lose()
        if isinstance(call, Lose) and LANE in memory.store.lanes:
            await memory.lose_key(LANE, call.key, is_spoilt=call.is_spoilt)
            await redis.lose_key(LANE, call.key, is_spoilt=call.is_spoilt)
        assert await asked(redis.store, call, known) == await asked(memory.store, call, known)
    assert await redis.store.peek(LANE, SMALL.keys) == await memory.store.peek(LANE, SMALL.keys)


@given(sequence=calls)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_memory_and_redis_agree(redis_address: str, sequence: list[Call]) -> None:
    """The fast store of the simulation is only worth something if it behaves as the real one."""
    redis = LosingRedis(redis_address, f"test-agree-{next(_examples)}:")
    try:
        await agree(LosingMemory(), redis, sequence)
    finally:
        await redis.close()
