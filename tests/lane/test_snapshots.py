"""Snapshots in the log: what counts as one, and what a lane is rebuilt from when the log's beginning is gone."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.lane.content import Content
from service.lane.folding import fold_snapshot, rebuild_content
from service.lane.snapshot import CHUNK_BYTES, KEPT_SNAPSHOTS, KEYS_PER_TURN, thinned
from service.lane.surprise import Fenced, Halted
from service.lane.surroundings import Step, no_step
from service.store.keys import LAYOUT, Layout, Stored
from service.wire.log_forms import SnapshotMark
from service.wire.log_records import Batch, Chunk, Complete, LogRecord, Opening, encode
from service.wire.messages import Message
from tests.core.build import created
from tests.lane.build import LOG, SMALL, Owner, World

EAGER = replace(SMALL, snapshot_min_bytes=1, keep_ms=0)
WHOLE = len(LAYOUT.kinds) + len(LAYOUT.keys) // KEYS_PER_TURN + 3
"""In so many quiet rounds the snapshot of a small state is complete."""


class Dead(Exception):
    """The process is gone."""


def dying_at_the_last_chunk(world: World) -> Step:
    """A step at which the process ends: all chunks of its snapshot are written, and its end is not."""

    def step(name: str) -> None:
        covered = {key for record in world.log if isinstance(record, Chunk) for key in record.content}
        if name == "chunk_written" and len(covered) == len(LAYOUT.keys):
            raise Dead

    return step


async def working(world: World, name: str = "one", *, step: Step = no_step) -> Owner:
    """An owner that has assigned a record and begun a snapshot."""
    world.send(created(f"lead/{name}", "pool:sales"))
    owner = await world.owner(name, limits=EAGER, step=step)
    await owner.work(2)
    assert owner.snapshots.is_open
    return owner


async def test_a_snapshot_and_the_log_after_it_are_the_whole() -> None:
    """A flushed memory is rebuilt from the snapshot when the log's beginning is gone."""
    world = World()
    owner = await working(world)
    await owner.work(WHOLE)
    world.send(created("lead/2", "pool:sales"))
    await owner.work()
    held = world.state
    assert world.broker.partitions[LOG].begin > 0
    world.store.lanes.clear()
    await world.owner("two")
    assert world.state == held


async def test_the_last_batch_is_never_deleted() -> None:
    """The next owner has to publish it again."""
    world = World()
    owner = await working(world)
    await owner.work(WHOLE)
    assert world.broker.partitions[LOG].begin <= owner.tenure.head.revision
    await world.owner("two")


async def test_a_claim_abandons_an_open_snapshot() -> None:
    """Its chunks stay without an end; the next owner starts one of their own."""
    world = World()
    await working(world)
    second = await working(world, "two")
    await second.work(WHOLE)
    (complete,) = [record for record in world.log if isinstance(record, Complete)]
    assert complete.start > second.tenure.token
    world.store.lanes.clear()
    await world.owner("three")


async def test_who_was_fenced_writes_no_snapshot_to_its_end() -> None:
    """A chunk behind somebody's claim makes its writer stop."""
    world = World()
    first = await working(world)
    await world.owner("two")
    with pytest.raises(Fenced):
        await first.work()


async def test_an_incomplete_snapshot_is_ignored() -> None:
    """Without its end, or without all keys, nothing is read from it."""
    world = World()
    owner = await working(world)
    start = next(at for at, record in enumerate(world.log) if isinstance(record, Opening))
    end = len(world.log)
    assert await fold_snapshot(owner.lane.transport, start, end) is None
    head = owner.tenure.head
    early = Complete(owner.tenure.token, start, head.revision, head.checksum, 0)
    world.broker.write(LOG, [Message("", b"", encode(early))])
    assert await fold_snapshot(owner.lane.transport, start, end + 1) is None


async def test_an_end_that_another_owner_wrote_is_refused() -> None:
    """What began before a claim cannot be completed after it, though nothing is missing and the token is right."""
    world = World()
    first = await working(world, step=dying_at_the_last_chunk(world))
    with pytest.raises(Dead):
        await first.work(WHOLE)
    start = next(at for at, record in enumerate(world.log) if isinstance(record, Opening))
    own = encode(Complete(first.tenure.token, start, first.tenure.head.revision, first.tenure.head.checksum, 0))
    at = world.broker.write(LOG, [Message("", b"", own)])
    assert await fold_snapshot(first.lane.transport, start, at + 1) is not None
    del world.broker.partitions[LOG].records[at]
    second = await world.owner("two")
    foreign = Complete(second.tenure.token, start, second.tenure.head.revision, second.tenure.head.checksum, 0)
    world.broker.write(LOG, [Message("", b"", encode(foreign))])
    assert await fold_snapshot(second.lane.transport, start, len(world.log)) is None


async def test_a_log_without_beginning_and_snapshot_halts() -> None:
    """Nothing there to rebuild from: a person must choose."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await owner.work(2)
    await owner.lane.transport.truncate_log(2)
    world.store.lanes.clear()
    with pytest.raises(Halted, match="holds no complete snapshot"):
        await world.owner("two")


async def test_the_next_owner_knows_a_snapshot_that_ended_after_the_last_batch() -> None:
    """Its batches name it, so that a rebuild finds it without reading far."""
    world = World()
    owner = await working(world)
    while not owner.tenure.snapshots:
        await owner.work()
    assert (await world.owner("two")).tenure.snapshots == owner.tenure.snapshots


async def test_a_snapshot_does_not_call_for_the_next_one() -> None:
    """Its own chunks are no growth of the log: an idle lane does not write snapshots for ever."""
    world = World()
    owner = await working(world)
    await owner.work(3 * WHOLE)
    end = world.broker.partitions[LOG].end
    await owner.work(3 * WHOLE)
    assert world.broker.partitions[LOG].end == end
    assert not owner.snapshots.is_open


def test_the_oldest_snapshot_stays_known_until_it_leaves_the_keep_window() -> None:
    """However often snapshots are written: otherwise none would ever be old enough, and the log grew for ever."""
    marks: tuple[SnapshotMark, ...] = ()
    for number in range(1_000):
        marks = thinned((*marks, SnapshotMark(number, number)))
    assert len(marks) == KEPT_SNAPSHOTS
    assert (marks[0], marks[-1]) == (SnapshotMark(0, 0), SnapshotMark(999, 999))
    assert list(marks) == sorted(marks)


@pytest.mark.parametrize("sizes", [[2_500] * 40, [100] * 2_000, [60_000], [30_000, 10, 30_000]])
async def test_a_bucket_that_is_too_large_for_a_chunk_is_written_in_parts(sizes: list[int]) -> None:
    """Any number of people with names of any length: no chunk outgrows a log record, and nothing is left out."""
    world = World()
    owner = await working(world)
    timers = {f"main/{at}-{'x' * size}": b"[1]" for at, size in enumerate(sizes)}
    key = LAYOUT.keys_of("timer")[3]
    world.memory.content[key].update(timers)
    while not owner.tenure.snapshots:
        await owner.work()
    chunks = [record for record in world.log if isinstance(record, Chunk)]
    assert max(len(encode(chunk)) for chunk in chunks) < 3 * CHUNK_BYTES + max(sizes)
    parts = [chunk for chunk in chunks if chunk.content.get(key)]
    assert len(parts) > 1 or len(sizes) == 1
    assert [chunk.goes_on for chunk in parts[:-1]] == [True] * (len(parts) - 1)
    rebuilt = await rebuild_content(owner.lane.transport, world.broker.partitions[LOG].begin, len_of_log(world))
    assert rebuilt.content.fields["timer"] == timers


def len_of_log(world: World) -> int:
    """The offset of the next record."""
    return world.broker.partitions[LOG].end


@pytest.mark.parametrize("spoilt", ["a batch in between", "another bucket", "no more"])
async def test_parts_that_do_not_follow_one_another_are_no_snapshot(spoilt: str) -> None:
    """A bucket is read once: whatever comes between its parts was not in what was read."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await owner.work(2)
    token = owner.tenure.token
    (batch,) = [record for record in world.log[-1:] if isinstance(record, Batch)]
    start = world.broker.write(LOG, [Message("", b"", encode(Opening(token, {"a": 1, "b": 1})))])
    between: dict[str, list[LogRecord]] = {
        "a batch in between": [batch, Chunk(token, start, {"a:0": {}, "b:0": {}})],
        "another bucket": [Chunk(token, start, {"b:0": {}}), Chunk(token, start, {"a:0": {}})],
        "no more": [Chunk(token, start, {"b:0": {}})],
        "": [Chunk(token, start, {"a:0": {"/2": b"2"}, "b:0": {}})],
    }
    first, end = Chunk(token, start, {"a:0": {"/1": b"1"}}, goes_on=True), Complete(token, start, 2, "", 0)
    rebuilt = None
    for way, is_whole in ((spoilt, False), ("", True)):
        del world.broker.partitions[LOG].records[start + 1 :]
        for record in (first, *between[way], end):
            world.broker.write(LOG, [Message("", b"", encode(record))])
        rebuilt = await fold_snapshot(owner.lane.transport, start, len_of_log(world))
        assert (rebuilt is not None) is is_whole
    assert rebuilt is not None
    assert rebuilt.content.fields["a"] == {"/1": b"1", "/2": b"2"}


async def test_a_snapshot_is_found_behind_names_of_others_that_never_were() -> None:
    """What stands last may be a zombie's: where nothing is found at what it names, older records are asked."""
    world = World()
    owner = await working(world)
    while not owner.tenure.snapshots:
        await owner.work()
    (mark,) = owner.tenure.snapshots
    head, end = owner.tenure.head, len_of_log(world)
    zombies = Complete(owner.tenure.token - 1, end - 1, head.revision, head.checksum, 0)
    world.broker.write(LOG, [Message("", b"", encode(zombies))] * 3 * WHOLE)
    rebuilt = await rebuild_content(owner.lane.transport, world.broker.partitions[LOG].begin, len_of_log(world))
    assert rebuilt.fold.snapshots[-1] == mark
    assert rebuilt.content.fields["record"].keys() == {"main/lead/one"}


@given(
    st.dictionaries(st.text("ab", min_size=1), st.binary(max_size=9), max_size=40),
    st.integers(1, 9),
    st.integers(1, 99),
)
def test_all_content_goes_into_the_memory_in_bounded_pieces(
    records: dict[str, bytes], max_changes: int, max_bytes: int
) -> None:
    """Each field once, at its place in this version whatever the snapshot's buckets were; what has one key together."""
    for kinds in ({"record": 3}, {"record": LAYOUT.kinds["record"]}):
        opened, named = Layout(kinds), {f"main/{name}": value for name, value in records.items()}
        content = Content(opened)
        found: dict[str, dict[str, bytes]] = {key: {} for key in opened.keys}
        for name, value in named.items():
            found[opened.key("record", name)][name] = value
        assert content.cover(Chunk(1, 0, found))
        pieces = list(content.slices(max_changes, max_bytes))
        changes = [
            Stored(key, field, value)
            for piece in pieces
            for key, fields in piece.items()
            for field, value in fields.items()
        ]
        assert sorted(changes) == sorted(LAYOUT.placed({"record": named}))
        assert [key for key, _ in itertools.groupby(change.key for change in changes)] == list(
            dict.fromkeys(change.key for change in changes)
        )
        for piece in pieces:
            count = sum(map(len, piece.values()))
            size = sum(len(field) + len(value) for fields in piece.values() for field, value in fields.items())
            assert count <= max_changes
            assert size <= max_bytes or count == 1
        assert (content.is_whole, content.size, content.fields.get("record", {})) == (True, len(named), named)
