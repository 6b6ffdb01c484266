"""What every store promises, checked on each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from service.store.keys import LAYOUT, Layout, Stored, full_name
from service.store.port import NO_REVISION, Head, Reply, Store
from tests.store.losing import Losing, hashes

LANE = 3
OLD, NEW, NEWER = 10, 20, 30
LAID_OUT = LAYOUT.text()
FIRST = Head(100, "aa", layout=LAID_OUT)
SECOND = Head(101, "bb", layout=LAID_OUT)
EMPTY = Head(layout=LAID_OUT)
BUILDING = Head(building=True, layout=LAID_OUT)
MANY = 20_000


def placed(kind: str, field: str) -> tuple[str, str]:
    name = full_name(kind, "main", field)
    return LAYOUT.key(kind, name), name


LEAD = placed("record", "lead/1")
POOL = placed("pool", "sales")
SEAT = placed("seat", "sales/ann")


def setting(at: tuple[str, str], value: bytes = b"[1]") -> Stored:
    return Stored(*at, value)


def removing(at: tuple[str, str]) -> Stored:
    return Stored(*at, None)


async def begun(store: Store, *changes: Stored, token: int = OLD) -> None:
    """A memory at FIRST that holds these changes."""
    await store.fence(LANE, token)
    assert await store.begin(LANE, token, LAYOUT) == "OK"
    assert await store.rebuild(LANE, token, 1, hashes(changes), FIRST) == "OK"


async def held(store: Store, *places: tuple[str, str]) -> list[bytes | None]:
    """What lies there, whoever is the fence."""
    _, contents = await store.peek(LANE, [key for key, _ in places])
    return [fields.get(field) for (_, field), fields in zip(places, contents, strict=True)]


Call = Callable[[Store, int, int], Awaitable[object]]
CALLS_AT_A_REVISION: dict[str, Call] = {
    "load": lambda store, token, revision: store.load(LANE, token, revision, [LEAD]),
    "read": lambda store, token, revision: store.read(LANE, token, revision, [LEAD[0]]),
    "advance": lambda store, token, revision: store.advance(LANE, token, revision, SECOND, [setting(LEAD, b"[2]")]),
}
CALLS: dict[str, Call] = {
    **CALLS_AT_A_REVISION,
    "begin": lambda store, token, _: store.begin(LANE, token, LAYOUT),
    "rebuild": lambda store, token, _: store.rebuild(LANE, token, 1, hashes([setting(LEAD, b"[2]")]), None),
}
at_a_revision = pytest.mark.parametrize("call", CALLS_AT_A_REVISION.values(), ids=CALLS_AT_A_REVISION)
fenced_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


async def test_an_untouched_memory_is_at_no_revision_and_begins_with_a_rebuild(store: Store) -> None:
    """Nothing was folded in, nothing is being built, and nothing can be read before it was laid out."""
    assert await store.fence(LANE, OLD) == Head(NO_REVISION, "", False)
    assert await store.load(LANE, OLD, NO_REVISION, [LEAD]) == "BEHIND"
    assert await store.begin(LANE, OLD, LAYOUT) == "OK"
    assert await store.fence(LANE, OLD) == BUILDING
    assert await store.rebuild(LANE, OLD, 1, {}, Head()) == "OK"
    assert await store.fence(LANE, OLD) == EMPTY
    assert await store.load(LANE, OLD, NO_REVISION, [LEAD]) == [None]
    assert await store.read(LANE, OLD, NO_REVISION, [LEAD[0], POOL[0]]) == [{}, {}]


async def test_fencing_again_with_the_same_token_tells_how_far_the_memory_is(store: Store) -> None:
    """A repeated fence is harmless and always tells the head."""
    await begun(store)
    assert await store.fence(LANE, OLD) == FIRST
    assert await store.fence(LANE, OLD) == FIRST


async def test_a_newer_token_takes_the_memory_as_it_is(store: Store) -> None:
    """The new owner finds the head and the content of the one before."""
    await begun(store, setting(LEAD))
    assert await store.fence(LANE, NEW) == FIRST
    assert await store.load(LANE, NEW, FIRST.revision, [LEAD]) == [b"[1]"]


async def test_an_older_token_cannot_fence_after_a_newer(store: Store) -> None:
    """A late owner does not take the lane back."""
    await store.fence(LANE, NEW)
    assert await store.fence(LANE, OLD) == "FENCED"
    assert await store.fence(LANE, NEW) == Head()


@fenced_call
async def test_an_older_token_is_told_that_it_is_fenced_and_changes_nothing(store: Store, call: Call) -> None:
    """Two writers cannot undo each other."""
    await begun(store, setting(LEAD))
    await store.fence(LANE, NEW)
    assert await call(store, OLD, FIRST.revision) == "FENCED"
    assert await held(store, LEAD) == [b"[1]"]
    assert await store.fence(LANE, NEW) == FIRST


@fenced_call
async def test_a_token_that_never_fenced_is_behind_and_changes_nothing(store: Store, call: Call) -> None:
    """Who did not fence this memory does not know what it holds."""
    await begun(store, setting(LEAD))
    assert await call(store, NEW, FIRST.revision) == "BEHIND"
    assert await held(store, LEAD) == [b"[1]"]


@fenced_call
async def test_after_a_flush_every_call_is_behind(losing: Losing, call: Call) -> None:
    """A memory that lost everything has no fence: the lane must claim again."""
    await begun(losing.store, setting(LEAD))
    await losing.lose()
    assert await call(losing.store, OLD, FIRST.revision) == "BEHIND"
    assert await held(losing.store, LEAD) == [None]
    assert await losing.store.fence(LANE, OLD) == Head()


@at_a_revision
@pytest.mark.parametrize("revision", [NO_REVISION, FIRST.revision - 1, FIRST.revision + 1])
async def test_any_other_revision_is_behind_and_changes_nothing(store: Store, call: Call, revision: int) -> None:
    """The exact revision is the real fence."""
    await begun(store, setting(LEAD))
    assert await call(store, OLD, revision) == "BEHIND"
    assert await held(store, LEAD) == [b"[1]"]
    assert await store.fence(LANE, OLD) == FIRST


@fenced_call
async def test_a_restored_older_memory_does_not_know_the_newer_token(losing: Losing, call: Call) -> None:
    """An older copy of Redis came back while the lane went on: BEHIND, and fencing again tells the older head."""
    await begun(losing.store, setting(LEAD))
    await losing.keep()
    await losing.store.fence(LANE, NEW)
    await losing.store.advance(LANE, NEW, FIRST.revision, SECOND, [setting(LEAD, b"[2]")])
    await losing.go_back()
    assert await call(losing.store, NEW, SECOND.revision) == "BEHIND"
    assert await losing.store.fence(LANE, NEW) == FIRST


@at_a_revision
async def test_a_restored_older_memory_of_the_same_owner_is_behind(losing: Losing, call: Call) -> None:
    """The token alone would let the owner pass; the revision does not."""
    await begun(losing.store, setting(LEAD))
    await losing.keep()
    third = Head(102, "cc")
    await losing.store.advance(LANE, OLD, FIRST.revision, third, [setting(LEAD, b"[2]")])
    await losing.go_back()
    assert await call(losing.store, OLD, third.revision) == "BEHIND"
    assert await held(losing.store, LEAD) == [b"[1]"]


async def test_an_advance_writes_all_changes_and_moves_the_head(store: Store) -> None:
    """Values are final, over any number of keys; loading gives them in the order asked for, none where nothing is."""
    await begun(store, setting(LEAD, b"[1]"), setting(POOL, b"[7]"))
    await store.advance(LANE, OLD, FIRST.revision, SECOND, [setting(LEAD, b"[2]"), setting(SEAT, b"[3]")])
    assert await store.fence(LANE, OLD) == SECOND
    loaded = await store.load(LANE, OLD, SECOND.revision, [SEAT, (LEAD[0], "main/lead/none"), LEAD, POOL, SEAT])
    assert loaded == [b"[3]", None, b"[2]", b"[7]", b"[3]"]


async def test_reading_gives_the_whole_of_each_key_in_order(store: Store) -> None:
    """Fields of one key come together; a key without fields is empty."""
    other = (POOL[0], "main/other")
    await begun(store, setting(POOL, b"[1]"), setting(other, b"[2]"), setting(SEAT, b"[3]"))
    contents = await store.read(LANE, OLD, FIRST.revision, [SEAT[0], "lane:0", POOL[0]])
    assert contents == [{SEAT[1]: b"[3]"}, {}, {POOL[1]: b"[1]", other[1]: b"[2]"}]


async def test_a_change_to_nothing_removes_the_field(store: Store) -> None:
    """Others in the same key stay; removing what is not there is no error."""
    other = (POOL[0], "main/other")
    await begun(store, setting(POOL), setting(other), removing(SEAT))
    await store.advance(LANE, OLD, FIRST.revision, SECOND, [removing(POOL)])
    assert await held(store, POOL, other) == [None, b"[1]"]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([setting(LEAD, b"[1]"), setting(LEAD, b"[2]")], b"[2]"),
        ([setting(LEAD, b"[1]"), removing(LEAD)], None),
        ([removing(LEAD), setting(LEAD, b"[1]")], b"[1]"),
    ],
    ids=["set twice", "set and removed", "removed and set"],
)
async def test_the_last_change_to_a_field_wins(store: Store, changes: list[Stored], left: bytes | None) -> None:
    """A batch may hold several changes to one field, in the order of its decisions."""
    await begun(store, *changes)
    assert await held(store, LEAD) == [left]


async def test_a_repeated_advance_is_ok_and_writes_nothing(store: Store) -> None:
    """After a time-out nobody knows whether the first one arrived; asking again must not hurt."""
    await begun(store, setting(LEAD, b"[1]"))
    assert await store.advance(LANE, OLD, FIRST.revision, SECOND, [setting(LEAD, b"[2]")]) == "OK"
    assert await store.advance(LANE, OLD, FIRST.revision, SECOND, [setting(LEAD, b"[3]")]) == "OK"
    assert await held(store, LEAD) == [b"[2]"]


async def test_an_advance_to_the_same_revision_with_another_checksum_is_behind(store: Store) -> None:
    """The same offset with other bytes belongs to another life of the log."""
    await begun(store, setting(LEAD, b"[1]"))
    assert await store.advance(LANE, OLD, FIRST.revision - 1, Head(FIRST.revision, "zz"), [setting(LEAD)]) == "BEHIND"
    assert await held(store, LEAD) == [b"[1]"]


async def test_lanes_do_not_share_anything(store: Store) -> None:
    """Fence, head and content belong to one lane."""
    await begun(store, setting(LEAD))
    assert await store.fence(LANE + 1, 1) == Head()
    await store.begin(LANE + 1, 1, LAYOUT)
    await store.rebuild(LANE + 1, 1, 1, {}, Head())
    assert await store.load(LANE + 1, 1, NO_REVISION, [LEAD]) == [None]
    assert await held(store, LEAD) == [b"[1]"]


async def test_names_and_values_may_hold_anything(store: Store) -> None:
    """Record ids come from foreign systems; the memory keeps their bytes as they are."""
    odd = [(LEAD[0], f"main/{name}") for name in ("", "ümlaut/漢字", "nul\0", 'quote"\\', "a b\r\n", "🦀")]
    values = [b"", b"\x00\xff", b"[1]", "ü".encode(), b'"', b"\r\n"]
    await begun(store, *(Stored(*at, value) for at, value in zip(odd, values, strict=True)))
    assert await store.load(LANE, OLD, FIRST.revision, odd) == values
    assert await store.read(LANE, OLD, FIRST.revision, [LEAD[0]]) == [
        dict(zip((field for _, field in odd), values, strict=True))
    ]


async def rebuilt_up_to(store: Store, number: int, token: int = OLD) -> None:
    """An open rebuild whose latest chunk is this one; chunk k wrote lead/k."""
    await store.fence(LANE, token)
    assert await store.begin(LANE, token, LAYOUT) == "OK"
    for k in range(1, number + 1):
        assert await store.rebuild(LANE, token, k, hashes([setting(placed("record", f"lead/{k}"))]), None) == "OK"


async def test_a_rebuild_empties_the_lane_and_ends_with_a_head(store: Store) -> None:
    """It begins by removing all that there is, an older layout's keys too; the last chunk sets the head."""
    older = Layout({"record": 2, "gone": 3})
    await store.fence(LANE, OLD)
    await store.begin(LANE, OLD, older)
    await store.rebuild(LANE, OLD, 1, hashes([Stored(key, "main/old", b"[1]") for key in older.keys]), Head(100, "aa"))
    assert await store.fence(LANE, OLD) == Head(100, "aa", layout=older.text())
    assert await store.begin(LANE, OLD, LAYOUT, older.keys) == "OK"
    assert await store.rebuild(LANE, OLD, 1, hashes([setting(LEAD)]), None) == "OK"
    assert await store.rebuild(LANE, OLD, 2, hashes([setting(POOL)]), SECOND) == "OK"
    assert await store.fence(LANE, OLD) == SECOND
    head, contents = await store.peek(LANE, LAYOUT.keys)
    assert head == SECOND
    assert {key: fields for key, fields in zip(LAYOUT.keys, contents, strict=True) if fields} == {
        LEAD[0]: {LEAD[1]: b"[1]"},
        POOL[0]: {POOL[1]: b"[1]"},
    }
    assert (await store.peek(LANE, ["gone:0"]))[0].building


async def test_a_rebuild_may_be_one_chunk(store: Store) -> None:
    """A small lane is written and done in one call; what can be read then is the new content."""
    await begun(store, setting(LEAD))
    await store.begin(LANE, OLD, LAYOUT)
    assert await store.rebuild(LANE, OLD, 1, hashes([setting(POOL)]), SECOND) == "OK"
    assert await store.load(LANE, OLD, SECOND.revision, [LEAD, POOL]) == [None, b"[1]"]


@at_a_revision
@pytest.mark.parametrize("revision", [NO_REVISION, FIRST.revision])
async def test_nothing_can_be_read_or_advanced_while_building(store: Store, call: Call, revision: int) -> None:
    """What is half built means nothing, whatever revision is asked for, and the head says so."""
    await begun(store, setting(LEAD))
    await rebuilt_up_to(store, 1)
    assert await call(store, OLD, revision) == "BEHIND"
    assert await store.fence(LANE, OLD) == BUILDING
    assert (await store.peek(LANE, []))[0].building


@pytest.mark.parametrize(
    ("number", "reply"),
    [(1, "BEHIND"), (2, "OK"), (3, "OK"), (4, "BEHIND"), (5, "BEHIND")],
    ids=["an earlier one", "the same again", "the next", "one skipped", "two skipped"],
)
@pytest.mark.parametrize("head", [None, FIRST], ids=["more", "last"])
async def test_a_chunk_needs_the_one_before_it(store: Store, number: int, reply: Reply, head: Head | None) -> None:
    """After chunk 2 only chunk 3 is taken, or chunk 2 again after a time-out."""
    await rebuilt_up_to(store, 2)
    assert await store.rebuild(LANE, OLD, number, hashes([setting(POOL)]), head) == reply
    assert await held(store, POOL) == [b"[1]" if reply == "OK" else None]


async def test_a_chunk_without_an_open_rebuild_is_behind(store: Store) -> None:
    """Also right after an ended one: its chunks do not go on."""
    await begun(store)
    assert await store.rebuild(LANE, OLD, 1, hashes([setting(LEAD)]), None) == "BEHIND"
    assert await store.rebuild(LANE, OLD, 2, hashes([setting(LEAD)]), SECOND) == "BEHIND"
    assert await held(store, LEAD) == [None]


async def test_the_last_chunk_again_is_ok_and_writes_nothing(store: Store) -> None:
    """After a time-out the rebuild may have ended already."""
    await rebuilt_up_to(store, 0)
    await store.rebuild(LANE, OLD, 1, hashes([setting(POOL, b"[1]")]), FIRST)
    assert await store.rebuild(LANE, OLD, 1, hashes([setting(POOL, b"[2]")]), FIRST) == "OK"
    assert await held(store, POOL) == [b"[1]"]


async def test_a_new_owner_cannot_go_on_with_anothers_rebuild(store: Store) -> None:
    """They see that it is open, start over, and nothing of the first is left."""
    await rebuilt_up_to(store, 1)
    assert await store.fence(LANE, NEW) == BUILDING
    assert await store.rebuild(LANE, NEW, 1, {}, None) == "BEHIND"
    assert await store.rebuild(LANE, NEW, 2, {}, FIRST) == "BEHIND"
    assert await store.rebuild(LANE, OLD, 2, {}, FIRST) == "FENCED"
    assert await store.begin(LANE, NEW, LAYOUT) == "OK"
    assert await store.rebuild(LANE, NEW, 1, hashes([setting(POOL)]), FIRST) == "OK"
    assert await store.load(LANE, NEW, FIRST.revision, [POOL, placed("record", "lead/1")]) == [b"[1]", None]


async def test_a_rebuild_whose_memory_was_lost_must_start_over(losing: Losing) -> None:
    """The next chunk is BEHIND, with the old fence and after fencing again."""
    await rebuilt_up_to(losing.store, 1)
    await losing.lose()
    assert await losing.store.rebuild(LANE, OLD, 2, hashes([setting(POOL)]), FIRST) == "BEHIND"
    await losing.store.fence(LANE, OLD)
    assert await losing.store.rebuild(LANE, OLD, 2, hashes([setting(POOL)]), FIRST) == "BEHIND"
    assert await held(losing.store, POOL) == [None]


@pytest.mark.parametrize("keys", [1, 1000], ids=["in one key", "in a thousand keys"])
async def test_an_advance_may_be_large(store: Store, keys: int) -> None:
    """No limit of the memory's own arithmetic shows: all changes land in one step, and go in one step."""
    places = [(f"record:{number % keys}", f"main/lead/{number}") for number in range(MANY)]
    await begun(store, *(setting(at, b"[%d]" % number) for number, at in enumerate(places)))
    assert await store.load(LANE, OLD, FIRST.revision, places) == [b"[%d]" % number for number in range(MANY)]
    assert await store.advance(LANE, OLD, FIRST.revision, SECOND, [removing(at) for at in places]) == "OK"
    assert await store.load(LANE, OLD, SECOND.revision, places) == [None] * MANY


@pytest.mark.parametrize("value", [b"", b"\0", b"c0", b"\xff\x00\r\n", b"x" * 100_000], ids=len)
async def test_a_value_is_kept_byte_for_byte(store: Store, value: bytes) -> None:
    """Whatever it is, an empty one too, and those beside it; by an advance as by a rebuild."""
    places = [(SEAT[0], f"main/{name}") for name in ("sales/ann", "ü", "sales/eve")]
    await begun(store, *(setting(at, value) for at in (places[0], POOL)), setting(places[1]))
    assert await store.advance(LANE, OLD, FIRST.revision, SECOND, [setting(places[2], value), removing(POOL)]) == "OK"
    assert await store.load(LANE, OLD, SECOND.revision, [*places, POOL]) == [value, b"[1]", value, None]


async def test_peeking_needs_no_fence(store: Store) -> None:
    """A person may look at any time, at any lane, also one that was never used. Marks are in no answer."""
    assert await store.peek(LANE, [POOL[0]]) == (Head(), [{}])
    await begun(store, setting(POOL), token=NEWER)
    assert await store.peek(LANE, [LEAD[0], POOL[0]]) == (FIRST, [{}, {POOL[1]: b"[1]"}])


async def test_a_forgotten_memory_is_as_if_it_had_never_been(store: Store) -> None:
    """Content, head and fence are gone: a token older than the last fences, and finds nothing."""
    wider = LAYOUT.joined({"later": 4})
    await store.fence(LANE, NEWER)
    await store.begin(LANE, NEWER, wider)
    await store.rebuild(LANE, NEWER, 1, hashes([Stored(key, "main/old", b"[1]") for key in wider.keys]), FIRST)
    await store.forget(LANE)
    head, contents = await store.peek(LANE, wider.keys)
    assert (head, [fields for fields in contents if fields]) == (Head(), [])
    assert await store.fence(LANE, OLD) == Head()


@fenced_call
async def test_whoever_owned_a_forgotten_memory_is_behind(store: Store, call: Call) -> None:
    """Forgetting does no harm to a lane at work: it claims again."""
    await begun(store, setting(LEAD))
    await store.forget(LANE)
    assert await call(store, OLD, FIRST.revision) == "BEHIND"
    assert await held(store, LEAD) == [None]


async def test_an_open_rebuild_is_forgotten_too(store: Store) -> None:
    """Its next chunk does not go on."""
    await rebuilt_up_to(store, 1)
    await store.forget(LANE)
    assert await store.fence(LANE, OLD) == Head()
    assert await store.rebuild(LANE, OLD, 2, {}, FIRST) == "BEHIND"


async def test_forgetting_a_lane_leaves_the_others_and_may_be_repeated(store: Store) -> None:
    """It is one lane that halted."""
    await store.fence(LANE + 1, OLD)
    await store.begin(LANE + 1, OLD, LAYOUT)
    await store.rebuild(LANE + 1, OLD, 1, hashes([setting(LEAD)]), FIRST)
    await store.forget(LANE)
    await store.forget(LANE)
    assert await store.load(LANE + 1, OLD, FIRST.revision, [LEAD]) == [b"[1]"]
