"""How the layout may change without endangering a promise: new kinds, other buckets, newer levels and formats."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from service.core.parts import PARTS, Part
from service.core.seating import Seat
from service.core.state import KINDS, LEVEL, Changes, Hit, StateKind
from service.lane import making
from service.lane.book import Book
from service.lane.folding import rebuild_content
from service.lane.recovery import survey
from service.lane.surprise import Fenced, Surprise
from service.lane.takeover import LEVEL_REMEDY, Stage, TakeOver
from service.store.keys import LAYOUT, Layout, kind_of
from service.store.memory import MemoryStore
from service.wire.log_records import NO_OFFSET, Batch, Claim, Complete, NewerLog, Opening, encode
from service.wire.messages import Message
from tests.core.build import created, pool
from tests.lane.build import LANE, LOG, SMALL, TOPICS, Owner, World
from tests.lane.test_halted import patient

LATER: dict[str, dict[str, bytes | None]] = {"later": {"main/x": b'{"a":[1,2]}', "/y": b"[]"}, "gone": {"main/z": None}}
LATER_KINDS = {"later": 3, "gone": 1}
EAGER = replace(SMALL, snapshot_min_bytes=1, keep_ms=0)


async def owner_of_a_newer_lane(world: World) -> Owner:
    """A lane in whose log a newer version of the same level wrote kinds that nobody here knows."""
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner("newer")
    await owner.work(2)
    (last,) = [record for record in world.log[-1:] if isinstance(record, Batch)]
    newer = replace(last, start=last.end, outcomes=[], outputs=[], changes=LATER, kinds=LATER_KINDS)
    world.broker.write(LOG, [Message("", b"", encode(newer))])
    return await world.owner("older", limits=EAGER)


def later(world: World) -> dict[str, bytes]:
    """What the memory holds of the kind that nobody here knows."""
    return by_kind(world).get("later", {})


def by_kind(world: World) -> dict[str, dict[str, bytes]]:
    """The memory's state by kind and full name."""
    found: dict[str, dict[str, bytes]] = {}
    for key, fields in world.state.items():
        found.setdefault(kind_of(key), {}).update(fields)
    return found


async def test_a_kind_that_nobody_here_knows_is_carried_along() -> None:
    """From the log into the memory, from there into a snapshot, and from the snapshot into a memory again."""
    world = World()
    owner = await owner_of_a_newer_lane(world)
    assert later(world) == LATER["later"]
    assert owner.tenure.layout.kinds == {**LAYOUT.kinds, **LATER_KINDS}
    world.send(created("lead/2", "pool:sales"))
    while not owner.tenure.snapshots:
        await owner.work()
    assert world.broker.partitions[LOG].begin > 1
    world.store.lanes.clear()
    await world.owner("next")
    assert later(world) == LATER["later"]
    world.send(created("lead/3", "pool:sales"))
    await (await world.owner("last")).work()
    assert world.owners == ["ann", "bob", "cem"]


async def test_a_memory_that_has_no_place_for_a_kind_is_built_anew() -> None:
    """And one that has more places than we need is used as it is."""
    world = World()
    await owner_of_a_newer_lane(world)
    marks = {fields["generation"] for fields in world.memory.content.values()}
    await world.owner("next")
    assert {fields["generation"] for fields in world.memory.content.values()} == marks


@pytest.mark.parametrize("kinds", [{"record": 8}, {"record": 1024, "pool": 1}, dict.fromkeys(LAYOUT.kinds, 2)])
async def test_a_memory_of_another_layout_is_built_anew(kinds: dict[str, int]) -> None:
    """Also where only the number of buckets differs: everything has its place by the layout."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    await (await world.owner()).work(2)
    before = world.state
    head, token = world.memory.head, world.memory.token or 0
    other, store = Layout(kinds), MemoryStore()
    await store.fence(LANE, token)
    await store.begin(LANE, token, other)
    await store.rebuild(LANE, token, 1, {}, head)
    world.store = store
    await world.owner("two")
    assert world.state == before
    assert world.memory.head.layout == LAYOUT.text()
    world.check()


async def snapshot_of(world: World, kinds: dict[str, int]) -> None:
    """A whole snapshot as a version wrote it that has these kinds, with nothing left of the log in front of it."""
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner(limits=EAGER)
    await owner.lane.work_once(owner.tenure)
    await owner.lane.land()
    owner.snapshots._start, owner.snapshots._left = NO_OFFSET, []
    owner.tenure.layout = layout = Layout(kinds)
    head, token, content = world.memory.head, owner.tenure.token, by_kind(world)
    await world.store.begin(LANE, token, layout)
    await world.store.rebuild(LANE, token, 1, layout.filled({kind: content.get(kind, {}) for kind in kinds}), head)
    while not owner.tenure.snapshots:
        await owner.work()


@pytest.mark.parametrize("kinds", [{**LAYOUT.kinds, "record": 4}, {kind: 3 for kind in LAYOUT.kinds if kind != "hit"}])
async def test_a_snapshot_is_complete_by_what_it_declares(kinds: dict[str, int]) -> None:
    """Of an older version, that had fewer kinds or other buckets: what it lacks was empty then."""
    world = World()
    await snapshot_of(world, kinds)
    (opening,) = [record for record in world.log if isinstance(record, Opening)]
    assert opening.kinds == kinds
    begin, end = world.broker.partitions[LOG].begin, world.broker.partitions[LOG].end
    assert begin > 0
    transport = world.lane().transport
    _, content = await rebuild_content(transport, begin, end)
    assert content.fields["record"].keys() == {"main/lead/1"}
    world.store.lanes.clear()
    world.send(created("lead/2", "pool:sales"))
    await (await world.owner("two")).work()
    assert world.owners == ["ann", "bob"]


def newer_level(level: int) -> bytes:
    """A claim by a version that knows a level of which we know nothing."""
    return encode(Claim("newer", level))


def raised(world: World, level: int) -> None:
    """The owner's next record says that the lane is at this level."""
    tokens = [offset for offset, record in enumerate(world.log) if isinstance(record, Claim)]
    world.broker.write(LOG, [Message("", b"", encode(Opening(tokens[-1], {}, level=level)))])


@pytest.mark.parametrize("level", [LEVEL + 1, 10**9])
async def test_a_fresh_lane_that_was_claimed_at_a_level_that_we_do_not_know_is_claimed(level: int) -> None:
    """Where that level was agreed on, nobody who does not know it claims. So this one is nobody's: it is named, and
    keeps nobody out for ever. Whoever made it is fenced, whatever builds read the log.
    """
    world = World()
    world.broker.write(LOG, [Message("", b"", newer_level(level)), Message("", b"", b"no record")])
    await survey(patient(world))
    one = await world.owner("one")
    world.broker.write(LOG, [Message("", b"", encode(Opening(0, {}, level=level)))])
    world.send(created("lead/1", "pool:sales"))
    await one.work(2)
    assert one.lane.noticed.recent()["foreign_record"].times == 2
    world.store.lanes.clear()
    two = await world.owner("two")
    assert (two.tenure.level, world.owners) == (one.tenure.level, ["ann"])
    world.check()


async def test_a_fresh_lane_that_began_at_a_level_that_we_do_not_know_is_not_claimed() -> None:
    """Its owner must not be fenced by somebody who could not go on; the words say what to do."""
    world = World()
    world.broker.write(LOG, [Message("", b"", newer_level(LEVEL + 1))])
    raised(world, LEVEL + 1)
    with pytest.raises(NewerLog, match=f"level {LEVEL + 1} and this version knows {LEVEL}"):
        await world.owner()
    assert len(world.log) == 2


async def test_who_is_fenced_on_a_fresh_lane_by_a_claim_of_another_level_claims_again() -> None:
    """Nothing it wrote behind that claim counts for anybody."""
    world = World()
    one = await world.owner("one")
    world.broker.write(LOG, [Message("", b"", newer_level(LEVEL + 1))])
    world.send(created("lead/1", "pool:sales"))
    with pytest.raises(Fenced):
        await one.work()
    await (await world.owner("one")).work(2)
    assert world.owners == ["ann"]
    world.check()


async def test_what_stands_behind_a_claim_that_is_nobodys_says_no_level() -> None:
    """Somebody claims at a level that nobody agreed on, and writes under that claim: it keeps nobody out."""
    world = World()
    await (await at_level(world, "one", LEVEL - 1)).work()
    world.broker.write(LOG, [Message("", b"", newer_level(LEVEL + 1))])
    raised(world, LEVEL + 1)
    assert (await at_level(world, "two", LEVEL - 1)).tenure.level == LEVEL - 1


async def test_a_lane_that_was_raised_to_a_level_that_we_do_not_know_is_not_claimed() -> None:
    """However many have claimed it since."""
    world = World()
    await (await world.owner()).work()
    raised(world, LEVEL + 1)
    world.broker.write(LOG, [Message("", b"", newer_level(LEVEL + 1)) for _ in range(20)])
    before = len(world.log)
    with pytest.raises(NewerLog, match=f"level {LEVEL + 1} and this version knows {LEVEL}"):
        await world.owner("two")
    assert len(world.log) == before


@pytest.mark.parametrize("level", [LEVEL, LEVEL + 1, 10**9])
async def test_a_claim_raises_no_level(level: int) -> None:
    """One that says so, once the lane has begun, is nobody's: it fences no owner, keeps nobody out, and is named."""
    world = World()
    one = await at_level(world, "one", LEVEL - 1)
    await one.work()
    world.broker.write(LOG, [Message("", b"", newer_level(level)) for _ in range(20)])
    world.send(created("lead/1", "pool:sales"))
    await one.work(2)
    assert one.lane.noticed.recent()["foreign_record"].times == 20
    world.store.lanes.clear()
    two = await at_level(world, "two", LEVEL - 1)
    assert (two.tenure.level, world.owners) == (LEVEL - 1, ["ann"])
    world.send(created("lead/2", "pool:sales"))
    await two.work()
    assert two.lane.noticed.recent()["foreign_record"].times == 20


async def test_a_claim_that_was_overtaken_on_a_fresh_lane_is_made_again() -> None:
    """Somebody was quicker and began at a lower level, for they had not heard of ours: our claim is none."""
    world = World()
    lane = world.lane("two")
    append = lane.transport.append

    async def overtaken(*values: bytes) -> int:
        lane.transport.append = append  # type: ignore[method-assign]  # once
        await (await at_level(world, "one", LEVEL - 1)).work()
        return await append(*values)

    lane.transport.append = overtaken  # type: ignore[method-assign]  # the other one begins right before us
    with pytest.raises(Surprise, match=f"claimed at level {LEVEL}"):
        await lane.take_over()
    assert (await lane.take_over()).level == LEVEL - 1


async def test_no_lane_is_claimed_while_it_is_to_be_raised_to_a_level_that_we_do_not_know() -> None:
    """What was agreed on would be kept from it. It is said, and where it is taken back the lane goes on."""
    world = World()
    lane = world.lane()
    levels = [LEVEL + 1, LEVEL + 1, LEVEL]
    lane.around = replace(lane.around, level=lambda: levels.pop(0) if len(levels) > 1 else levels[0])
    seen: list[Stage] = []
    await TakeOver(LANE, lane.transport, world.store, lane.around, seen.append).run()
    assert [stage.todo for stage in seen if "raised to level" in stage.doing] == [LEVEL_REMEDY] * 2
    assert seen[2].doing == "claiming"


async def test_a_level_that_was_raised_meanwhile_is_noticed_behind_the_claim() -> None:
    """The log is read up to the claim in any case."""
    world = World()
    lane = world.lane()
    append = lane.transport.append

    async def overtaken(*values: bytes) -> int:
        world.broker.write(LOG, [Message("", b"", newer_level(LEVEL + 1))])
        raised(world, LEVEL + 1)
        return await append(*values)

    lane.transport.append = overtaken  # type: ignore[method-assign]  # the other one begins right before us
    with pytest.raises(NewerLog):
        await lane.take_over()


async def test_a_record_of_a_newer_format_halts_the_lane() -> None:
    """No guess: half of what it says would be worse than nothing."""
    world = World()
    await (await world.owner()).work()
    world.broker.write(LOG, [Message("", b"", b'{"format":2,"kind":"batch"}')])
    with pytest.raises(NewerLog, match="format 2"):
        await world.owner("two")


async def at_level(world: World, owner: str, level: int) -> Owner:
    """An owner who hears that lanes are raised to this level."""
    lane = world.lane(owner)
    lane.around = replace(lane.around, level=lambda: level)
    tenure = await lane.take_over()
    return Owner(lane, tenure)


def levels(world: World) -> list[int]:
    """Of all records of the log."""
    return [json.loads(record.value)["level"] for record in world.broker.partitions[LOG].records]


async def test_a_level_is_raised_by_a_batch_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever claims later carries it on, whatever they heard of it."""
    monkeypatch.setattr("service.lane.folding.LEVEL", 2)
    world = World()
    await (await at_level(world, "one", 1)).work()
    owner = await at_level(world, "two", 2)
    assert owner.tenure.level == 1
    world.send(created("lead/1", "pool:sales"))
    await owner.work()
    later = await at_level(world, "three", 1)
    world.send(created("lead/2", "pool:sales"))
    await later.work()
    assert levels(world) == [1, 1, 1, 2, 2, 2]
    for at in range(20):
        world.broker.write(LOG, [Message("", b"", b"%d" % at)])
    assert (await at_level(world, "four", 1)).tenure.level == 2
    world.check()


async def test_a_fresh_log_begins_at_the_agreed_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody older has ever owned it."""
    monkeypatch.setattr("service.lane.folding.LEVEL", 2)
    world = World()
    await at_level(world, "one", 2)
    assert levels(world) == [2]


@pytest.fixture
def of_level_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if pools with a default, and hits, were what a new release added."""
    monkeypatch.setattr("service.lane.folding.LEVEL", 2)
    without = Part(2, lambda config: replace(config, pools={}) if config.pools else config)
    for place in list(PARTS):
        monkeypatch.delitem(PARTS, place)
    monkeypatch.setitem(PARTS, "pools", without)
    monkeypatch.setattr(making, "KINDS", {**KINDS, "seat": StateKind("seat", Seat, level=2)})


@pytest.mark.usefixtures("of_level_two")
async def test_rules_of_a_higher_level_are_off_until_the_lane_is_raised() -> None:
    """Then they are switched on for what is in force, by the same switch that a new version takes."""
    world = World()
    owner = await at_level(world, "one", 1)
    world.send(created("lead/1", "pool:sales"))
    await owner.work(3)
    assert world.owners == []
    assert not owner.tenure.book.state("main").seats
    owner = await at_level(world, "two", 2)
    world.send(created("lead/2", "pool:sales"))
    await owner.work(3)
    assert world.owners == ["ann"]
    assert [json.loads(record.value).get("versions") for record in world.broker.partitions[LOG].records][-1] == {
        "main": 1
    }
    world.check()


@pytest.mark.usefixtures("of_level_two")
async def test_a_switch_to_a_level_is_finished_by_the_next_owner() -> None:
    """The batch that raises the level says that the switch was begun; what is left of it is done first."""
    world = World()
    world.configure(pool("ann"), pool("bob", id="second"), pool("cem", id="third"))
    await (await at_level(world, "one", 1)).work(2)
    owner = await at_level(world, "two", 2)
    owner.lane.limits = replace(SMALL, switch_steps=1)
    await owner.work()
    assert owner.tenure.book.switching == {"main"}
    later = await at_level(world, "three", 1)
    assert later.tenure.book.switching == {"main"}
    world.send(created("lead/1", "pool:third"))
    while later.tenure.book.switching:
        await later.work()
    await later.work()
    assert world.owners == ["cem"]
    world.check()


def test_what_belongs_to_a_higher_level_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the level is raised: an older version that took the lane over would not know what it means."""
    kinds: Any = {**KINDS, "hit": StateKind("hit", Hit, level=2)}
    monkeypatch.setattr(making, "KINDS", kinds)
    changes: Changes = {"hit": {"inbound/vip": Hit(1)}}
    for level, written in ((1, False), (2, True)):
        book = Book()
        batch = making.Making(book, making.Grounds(LANE, TOPICS, {}, level=level))
        batch.change("main", changes)
        assert ("hit" in batch.finish(0).batch.changes) is written
        assert bool(book.state("main").hits) is written


async def test_a_snapshot_that_lacks_what_it_declares_is_none() -> None:
    """Its end says nothing when a bucket is missing."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await owner.work(2)
    tenure, head = owner.tenure, owner.tenure.head
    start = world.broker.write(LOG, [Message("", b"", encode(Opening(tenure.token, {"record": 1})))])
    end = Complete(tenure.token, start, head.revision, head.checksum, 0)
    world.broker.write(LOG, [Message("", b"", encode(end))])
    await owner.lane.transport.truncate_log(2)
    world.store.lanes.clear()
    with pytest.raises(Exception, match="no complete snapshot"):
        await world.owner("two")
