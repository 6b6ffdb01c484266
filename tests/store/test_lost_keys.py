"""What every store does with layouts it does not know, and when whoever runs it loses a part of it."""

from __future__ import annotations

import pytest

from service.store.keys import LAYOUT
from service.store.port import Head, Store
from tests.store.losing import Losing, hashes
from tests.store.test_contract import (
    CALLS_AT_A_REVISION,
    FIRST,
    LANE,
    LEAD,
    NEW,
    OLD,
    POOL,
    Call,
    at_a_revision,
    begun,
    fenced_call,
    rebuilt_up_to,
    setting,
)


@at_a_revision
@pytest.mark.parametrize("how", ["gone", "spoilt", "of an older rebuild"])
@pytest.mark.parametrize("was", ["filled", "empty"])
async def test_a_lost_key_is_behind_until_the_next_rebuild(losing: Losing, call: Call, how: str, was: str) -> None:
    """S15: evicted, deleted, overwritten or restored alone. It is noticed by the call that needs it, also if it held
    nothing, and from then on by every call: a memory with a part missing decided known records again.
    """
    store = losing.store
    await begun(store, *([setting(LEAD)] if was == "filled" else []))
    if how == "of an older rebuild":
        await losing.keep()
        await begun(store, *([setting(LEAD)] if was == "filled" else []), token=NEW)
        await losing.get_back(LANE, LEAD[0])
        token = NEW
    else:
        await losing.lose_key(LANE, LEAD[0], is_spoilt=how == "spoilt")
        token = OLD
    assert (await store.peek(LANE, [LEAD[0]]))[0].building
    assert await call(store, token, FIRST.revision) == "BEHIND"
    for each in CALLS_AT_A_REVISION.values():
        assert await each(store, token, FIRST.revision) == "BEHIND"
    assert (await store.fence(LANE, token)).building  # type: ignore[union-attr]  # the token is the fence
    await begun(store, setting(LEAD, b"[7]"), token=token)
    assert await store.load(LANE, token, FIRST.revision, [LEAD]) == [b"[7]"]


@at_a_revision
async def test_a_lost_key_that_is_not_touched_is_not_looked_for(losing: Losing, call: Call) -> None:
    """It is found when it is needed, or when a snapshot reads it."""
    await begun(losing.store, setting(POOL))
    await losing.lose_key(LANE, POOL[0], is_spoilt=False)
    assert await call(losing.store, OLD, FIRST.revision) != "BEHIND"


@fenced_call
@pytest.mark.parametrize("is_spoilt", [False, True])
async def test_a_lost_head_is_behind_and_can_be_fenced_again(losing: Losing, call: Call, is_spoilt: bool) -> None:
    """Also where something else stands in its place."""
    await begun(losing.store, setting(LEAD))
    await losing.lose_key(LANE, "head", is_spoilt=is_spoilt)
    assert await call(losing.store, OLD, FIRST.revision) == "BEHIND"
    assert await losing.store.fence(LANE, OLD) == Head()
    await begun(losing.store, setting(LEAD))
    assert await losing.store.load(LANE, OLD, FIRST.revision, [LEAD]) == [b"[1]"]


async def test_a_key_that_is_lost_while_the_memory_is_rebuilt_is_noticed(losing: Losing) -> None:
    """Else the rebuild would write into a key without a mark, or end without it."""
    await rebuilt_up_to(losing.store, 1)
    await losing.lose_key(LANE, POOL[0], is_spoilt=False)
    assert await losing.store.rebuild(LANE, OLD, 2, hashes([setting(POOL)]), FIRST) == "BEHIND"
    assert await losing.store.rebuild(LANE, OLD, 3, {}, FIRST) == "BEHIND"


async def test_a_layout_may_have_kinds_that_nobody_here_knows(store: Store) -> None:
    """Their keys are marked, written and read like all others."""
    wider = LAYOUT.joined({"later": 4})
    await store.fence(LANE, OLD)
    await store.begin(LANE, OLD, wider)
    await store.rebuild(LANE, OLD, 1, hashes(wider.placed({"later": {"main/x": b"{}"}})), FIRST)
    assert await store.fence(LANE, OLD) == FIRST._replace(layout=wider.text())
    contents = await store.read(LANE, OLD, FIRST.revision, wider.keys_of("later"))
    assert [fields for fields in contents if fields] == [{"main/x": b"{}"}]
