"""Nothing that a lane does outgrows a record of its log, and nothing that does is tried for ever."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from schemas.config import MEMBERS_LIMIT
from service.core.acting import OPEN_CHARACTERS, WANTED_MAX, Answerable, Answerables, ToSet
from service.core.configuration import User
from service.core.events import MemberEvent
from service.core.pool_spec import PoolSpec
from service.core.skew import Skew
from service.core.state import Kind, Value
from service.core.workflow_specs import Action, FromField, Trigger
from service.kafka.port import MAX_RECORD_BYTES
from service.lane import sealing
from service.lane.estimates import bytes_of
from service.lane.loop import Lane
from service.lane.raising import PUT_OFF_MS
from service.lane.surprise import Surprise
from service.lane.surroundings import Step
from service.wire.log_records import Outputs
from service.wire.values import pack
from tests.core.build import MINUTE_MS, created, pool
from tests.core.flows import catalogue, flow
from tests.lane.build import LOG, SMALL, TOPICS, Owner, World

ROOM = 20_000
TIGHT = replace(SMALL, record_max_bytes=ROOM)
NOBODY_IS_LATE = 200


class Dead(Exception):
    """The process is gone."""


def dies_at(name: str, number: int) -> Step:
    """A step at which the process ends: when it was done so often."""
    done = Counter[str]()

    def step(each: str) -> None:
        done[each] += 1
        if each == name and done[each] == number:
            raise Dead

    return step


def sizes(world: World) -> list[int]:
    """The sizes of all records of the log."""
    return [len(record.value) for record in world.broker.partitions[LOG].records]


def many_pools(count: int, members: int) -> list[PoolSpec]:
    """So many pools with so many members each."""
    return [pool(*(f"p{number}-{at}" for at in range(members)), id=f"pool{number}") for number in range(count)]


def switched(world: World) -> int:
    """How many outcomes say that a configuration was switched to."""
    return sum(reason == "configuration_switched" for _, reason in world.outcomes)


def asked(world: World) -> Counter[str]:
    """How many actions were asked for of each record, however often they were published."""
    records = {dict(each.headers)["ce_id"]: each.value for each in world.published(TOPICS.workflow_actions)}
    return Counter(json.loads(value)["record"]["id"] for value in records.values())


async def until_settled(lane: Lane) -> None:
    """Work until nothing is written any more, and claim anew where something surprises."""
    for _ in range(30):
        tenure = await lane.take_over()
        try:
            return await until_idle(Owner(lane, tenure))
        except Surprise:
            continue
    raise AssertionError("it never settles")


async def until_idle(owner: Owner) -> None:
    """Work until nothing is written any more."""
    before = -1
    while before != len(owner.lane.transport._broker.partitions[LOG].records):  # type: ignore[attr-defined]  # a list
        before = len(owner.lane.transport._broker.partitions[LOG].records)  # type: ignore[attr-defined]  # see above
        await owner.work()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("skew", Skew({f"person-{number}": 10**15 + number for number in range(MEMBERS_LIMIT)}, 10**13)),
        (
            "answerable",
            Answerables(
                values=(Answerable(ToSet("workflow", 1, "field", '"' * (OPEN_CHARACTERS // WANTED_MAX)), 10**13),)
                * WANTED_MAX
            ),
        ),
    ],
)
def test_what_grows_with_a_pool_or_a_text_is_estimated_as_large_as_it_is(kind: Kind, value: Value) -> None:
    """Else many of them in one batch are found too large when all is decided, and it is decided again."""
    assert len(pack(value)) <= bytes_of({kind: {"x": value}}) <= 2 * len(pack(value))


async def test_a_switch_comes_in_pieces() -> None:
    """Of any number of pools: the first piece says that the version is in force, all together seat everybody."""
    world = World()
    world.configure(*many_pools(60, 30), pool("ann", "bob"))
    owner = await world.owner(limits=TIGHT)
    await until_idle(owner)
    assert max(sizes(world)) < 2 * ROOM
    assert len(world.batches) > 5
    assert switched(world) == 1
    assert {batch.versions["main"] for batch in world.batches} == {2}
    assert len(owner.tenure.book.state("main").seats) == 60 * 30 + 2
    assert not owner.tenure.book.switching
    world.check()


async def test_450_pools_of_100_members_fit() -> None:
    """Once 2.17 MB in one record, which no broker took."""
    world = World()
    world.configure(*many_pools(450, 100))
    owner = await world.owner()
    await until_idle(owner)
    assert max(sizes(world)) < MAX_RECORD_BYTES
    assert len(owner.tenure.book.state("main").seats) == 45_000


async def test_between_the_pieces_of_a_switch_nothing_else_is_decided() -> None:
    """Neither inputs, nor timers, nor a newer version, which comes behind."""
    world = World()
    owner = await world.owner(limits=TIGHT)
    await owner.work()
    world.send(created("lead/1", "pool:sales"))
    world.configure(*many_pools(60, 30), pool("ann", "bob"))
    await owner.work()
    world.configure(pool("cem"))
    await until_idle(owner)
    assert [reason or kind for kind, reason in world.outcomes] == ["configuration_switched"] * 3 + ["assigned"]
    assert [line.decision_id for batch in world.batches for line in batch.outcomes][1:3] == ["0-0-0-1", "0-0-0-2"]
    assert world.owners == ["cem"]
    world.check()


@pytest.mark.parametrize("step", ["appended", "advanced"])
@pytest.mark.parametrize("piece", [1, 2, 4])
async def test_a_new_owner_finishes_the_switch_that_was_begun(step: str, piece: int) -> None:
    """Before any input or newer version, with no second word that it is in force; and seats nobody twice."""
    world = World()
    world.configure(*many_pools(60, 30), pool("ann", "bob"))
    world.send(created("lead/1", "pool:sales"))
    dying = await world.owner(limits=TIGHT, step=dies_at(step, piece))
    with pytest.raises(Dead):
        await until_idle(dying)
    world.configure(pool("cem"))
    owner = await world.owner("two", limits=TIGHT)
    assert owner.tenure.book.switching == {"main"}
    await until_idle(owner)
    assert switched(world) == 2
    versions = [batch.versions["main"] for batch in world.batches]
    assert versions == sorted(versions)
    assert world.owners == ["cem"]
    world.check()


async def test_the_state_after_pieces_is_that_of_a_whole() -> None:
    """However a switch is divided, and however often it is begun again."""
    states = []
    for limits, piece in ((SMALL, 99), (TIGHT, 99), (TIGHT, 3)):
        world = World()
        world.configure(*many_pools(30, 30), pool("ann", "bob"))
        dying = await world.owner(limits=limits, step=dies_at("advanced", piece))
        try:
            await until_idle(dying)
        except Dead:
            await until_idle(await world.owner("two", limits=limits))
        world.configure(*many_pools(25, 29), pool("bob", "ann", "cem"))
        await until_idle(await world.owner("three", limits=limits))
        states.append({key: fields for key, fields in world.state.items() if key.partition(":")[0] != "lane"})
    assert states[0] == states[1] == states[2]


def telling(*members: str) -> tuple[PoolSpec, tuple[User, ...]]:
    """A queue that tells its members, who want to be told."""
    users = tuple(User(name, notify=("in_app", "email")) for name in members)
    return pool(*members, strategy="take", notify_members=True), users


@pytest.fixture
def small_records(monkeypatch: pytest.MonkeyPatch) -> int:
    """A broker that takes less, so that a thousand people are many; its limit in bytes."""
    monkeypatch.setattr(sealing, "MAX_RECORD_BYTES", 200_000)
    monkeypatch.setattr(sealing, "PART_BYTES", 100_000)
    return 200_000


async def test_what_one_record_tells_a_thousand_people_goes_out_in_parts(small_records: int) -> None:
    """One outcome, all its outputs, in their order; no record of the log is larger than a broker takes."""
    world = World()
    queue, users = telling(*(f"person-{number:04}" for number in range(1_000)))
    world.configure(queue, users=users)
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await until_idle(owner)
    assert max(sizes(world)) <= small_records
    assert sum(isinstance(record, Outputs) for record in world.log) > 1
    told = [json.loads(record.value)["person"] for record in world.published(TOPICS.notifications)]
    assert told == sorted(told)
    assert len(told) == 1_000
    world.check()


@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.usefixtures("small_records")
async def test_parts_count_only_with_their_batch_and_are_published_again(part: int) -> None:
    """A process that dies between them has decided nothing; one that dies behind them leaves all of it to the next."""
    world = World()
    queue, users = telling(*(f"person-{number:04}" for number in range(1_000)))
    world.configure(queue, users=users)
    await until_idle(await world.owner())
    world.send(created("lead/1", "pool:sales"))
    dying = await world.owner("dying")
    append, written = dying.lane.transport.append, 0

    async def dies_in_between(*values: bytes) -> int:
        nonlocal written
        written += 1
        if written > part:
            raise Dead
        return await append(*values)

    dying.lane.transport.append = dies_in_between  # type: ignore[method-assign]  # dies when so many parts are written
    with pytest.raises(Dead):
        await until_idle(dying)
    assert world.published(TOPICS.notifications) == []
    late = await world.owner("late", step=dies_at("appended", 1))
    with pytest.raises(Dead):
        await until_idle(late)
    owner = await world.owner("two")
    assert len(world.published(TOPICS.notifications)) == 1_000
    assert owner.tenure.outputs_from < owner.tenure.head.revision
    await until_idle(owner)
    world.check()


@pytest.mark.usefixtures("small_records")
async def test_the_parts_of_the_last_batch_are_never_deleted() -> None:
    """The next owner has to publish them again."""
    world = World()
    queue, users = telling(*(f"person-{number:04}" for number in range(1_000)))
    world.configure(queue, users=users)
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner(limits=replace(SMALL, snapshot_min_bytes=1, keep_ms=0))
    while not world.broker.partitions[LOG].begin:
        await owner.work()
    assert 0 < world.broker.partitions[LOG].begin <= owner.tenure.outputs_from < owner.tenure.head.revision
    await world.owner("two")


async def test_a_pool_that_becomes_a_queue_tells_everybody_of_all_that_waited() -> None:
    """Sixty records, two hundred people: a firing ends early, and the rest goes off again."""
    world = World()
    people = [f"person-{number:03}" for number in range(200)]
    world.configure(pool(*people))
    world.send(*(MemberEvent(f"away-{name}", name, "away") for name in people))
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(60)))
    owner = await world.owner()
    await until_idle(owner)
    queue, users = telling(*people)
    world.configure(queue, users=users)
    await until_idle(owner)
    assert len(world.published(TOPICS.notifications)) == 60 * 200
    assert max(sizes(world)) <= MAX_RECORD_BYTES
    assert not any(isinstance(record, Outputs) for record in world.log)
    world.check()


async def test_waiting_records_with_much_to_remember_drain_in_bounded_pieces() -> None:
    """What is remembered of a record is written with it, when it is given out."""
    world = World()
    world.configure(pool("ann"))
    world.send(MemberEvent("away", "ann", "away"))
    owner = await world.owner(limits=TIGHT)
    await until_idle(owner)
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(60)))
    await until_idle(owner)
    world.send(MemberEvent("back", "ann", "available"))
    await until_idle(owner)
    world.now_ms += 60_000 * NOBODY_IS_LATE
    await until_idle(owner)
    assert max(sizes(world)) < 3 * ROOM
    world.check()


async def test_an_input_of_which_too_much_comes_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried once alone, then refused; those around it are decided."""
    monkeypatch.setattr(sealing, "MAX_RECORD_BYTES", 8_000)
    monkeypatch.setattr(sealing, "PART_BYTES", 4_000)
    world = World()
    odd = "x" * 9_000
    world.send(created("lead/1", "pool:sales"), created(f"lead/{odd}", "pool:sales"), created("lead/2", "pool:sales"))
    await until_settled(world.lane(limits=replace(SMALL, record_max_bytes=4_000)))
    assert world.owners == ["ann", "bob"]
    assert [kind for kind, _ in world.outcomes] == ["nothing", "assigned", "dead_letter", "assigned"]


async def test_a_timer_of_which_too_much_comes_is_put_off_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it decides is one piece. Others go off, events are decided, and it goes off again: it may fit by then."""
    world = World()
    fields = (("text", FromField("note")),)
    tasks = [Action("create_record", record_type=f"task{each}", fields=fields) for each in "abc"]
    waits = flow("waits", Trigger(("waiting_for",), after_ms=MINUTE_MS), *tasks)
    world.configure(pool("ann"), workflows=catalogue(waits))
    world.send(MemberEvent("away", "ann", "away"))
    notes = {"lead/1": "short", "lead/2": "x" * 3_800, "lead/3": "short"}
    world.send(*(created(name, "pool:sales", facts={"note": note}) for name, note in notes.items()))
    owner = await world.owner()
    await until_idle(owner)
    monkeypatch.setattr(sealing, "MAX_RECORD_BYTES", 10_000)
    monkeypatch.setattr(sealing, "PART_BYTES", 4_000)
    world.now_ms += MINUTE_MS
    world.send(created("lead/4", "user:ann"))
    lane = world.lane()
    await until_settled(lane)
    assert world.outcomes[-1] == ("nothing", "owner_kept")
    assert asked(world) == {"1": 3, "3": 3}
    letter = world.published(TOPICS.dead_letters)[0]
    assert (dict(letter.headers)["dead_letter_reason"], b"stay/lead/2" in letter.value) == (b"timer_raised", True)
    monkeypatch.undo()
    world.now_ms += PUT_OFF_MS
    world.send(created("lead/5", "user:ann"))
    await until_settled(lane)
    assert asked(world) == {"1": 3, "2": 3, "3": 3}
    assert [kind for kind, _ in world.outcomes].count("dead_letter") == 1
    world.check()
