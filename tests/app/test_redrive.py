"""Which dead letters are sent again, from where, in which order, and why not (D37); on a real broker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.app.redrive import Known, NotSent, SentAgain, Superseded, plan, send
from service.config.sources import Sources, SourceState, SourceTopic
from service.kafka.connection import KafkaConnection
from service.kafka.partitions import Place
from service.kafka.publisher import Publisher
from service.kafka.reading import read_topic
from service.kafka.topics import Wanted, create
from service.views.dead_letters import DeadLetter
from service.wire.messages import Message, Position, RawRecord
from service.wire.redrive import Redrive, read_redrive
from service.wire.seals import sealed
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.wire.builders import decoded, plain

pytestmark = pytest.mark.real

SECRETS = frozenset({"authorization"})


@pytest.fixture
async def connection(real_kafka: Kafka, topics: Topics) -> AsyncIterator[KafkaConnection]:
    """A broker with a source topic of two partitions, which holds three records in its first."""
    made = real_kafka.connection()
    await create(made, [Wanted(topics.sources[0], ours=True, is_lanes=False, partitions=2, replication=1, settings={})])
    publisher = Publisher(made)
    await publisher.append(
        Place(topics.sources[0], 0),
        [Message(topics.sources[0], b"k%d" % number, b"v%d" % number, (("h", None),)) for number in range(3)],
    )
    yield made
    await publisher.close()


def state(topic: str, epoch: int = 0) -> SourceState:
    made = SourceState()
    made.fold(Sources(0, "division", 1))
    made.fold(SourceTopic(topic, "a", epoch))
    return made


def letter(position: object, *headers: tuple[str, bytes | None], at_ms: int = 10, **parts: object) -> DeadLetter:
    """A letter of ingest, with its original."""
    known: dict[str, object] = {"reason": "invalid_json", "key": None, "value": b"{", "written_ms": 7, "cut": ""}
    known |= parts
    return DeadLetter(
        position=str(position),
        detail="",
        time_ms=at_ms,
        headers=headers,
        traceback="",
        value_bytes=1,
        sha256="",
        **known,  # type: ignore[arg-type]  # a test says only what matters to it
    )


async def test_originals_are_appended_in_the_order_in_which_they_were_read(
    connection: KafkaConnection, topics: Topics
) -> None:
    """D37: bytes, key and headers are kept, also what is missing; a lane's original is fetched."""
    topic = topics.sources[0]
    letters = [
        letter(Position(0, topic, 0, 2), reason="no_configuration", written_ms=None, value=b"decoded"),
        letter(Position(0, topic, 1, 9), ("Authorization", None), ("x", b"\xff"), key=b"k", value=None),
        letter(Position(0, topic, 0, 1), reason="decide_raised", written_ms=None, cut="value"),
    ]
    made = await plan(letters, connection, Known([topic], state(topic), SECRETS))
    assert made.others == ()
    publisher = Publisher(connection)
    fates = await send(made.sendable, publisher)
    await publisher.close()
    assert fates == [
        SentAgain(f"0/{topic}/0/1", f"{topic}/0"),
        SentAgain(f"0/{topic}/0/2", f"{topic}/0"),
        SentAgain(f"0/{topic}/1/9", f"{topic}/1"),
    ]
    found = [record async for record in read_topic(connection, topic)]
    first, second = [record for record in found if record.partition == 0][3:]
    (third,) = [record for record in found if record.partition == 1]
    assert [(each.key, each.value, each.headers[:-2]) for each in (first, second, third)] == [
        (b"k1", b"v1", (("h", None),)),
        (b"k2", b"v2", (("h", None),)),
        (b"k", None, (("x", b"\xff"),)),
    ]
    assert read_redrive(third.headers) == Redrive(Position(0, topic, 1, 9), 7)
    assert read_redrive(first.headers) == Redrive(Position(0, topic, 0, 1), found_time(found, 1))


def found_time(records: list[RawRecord], offset: int) -> int:
    """When the record of the first partition was written."""
    return next(record.time_ms for record in records if (record.partition, record.offset) == (0, offset))


async def test_of_letters_of_one_event_the_newest_is_sent_and_names_the_first(
    connection: KafkaConnection, topics: Topics
) -> None:
    """D37: it was redriven once and could not be read again."""
    topic = topics.sources[0]
    first, second = Position(0, topic, 1, 3), Position(0, topic, 1, 8)
    ours = (("redrive_position", str(first).encode()), ("redrive_time", b"5"))
    letters = [letter(second, *ours, at_ms=20), letter(first, at_ms=10)]
    made = await plan(letters, connection, Known([topic], state(topic), SECRETS))
    assert [(each.position, each.redrive) for each in made.sendable] == [(str(second), Redrive(first, 5))]
    assert made.others == (Superseded(str(first), str(second)),)


async def test_what_cannot_be_sent_is_refused_in_words(connection: KafkaConnection, topics: Topics) -> None:
    """D37: cut letters, what nobody could read, what is gone, and what is none of the CRM's."""
    topic = topics.sources[0]
    refused = {
        "nonsense": (letter("nonsense"), "cannot be read"),
        "ours": (letter(Position(0, topics.events, 0, 1), reason="unreadable_event", written_ms=None), "not one of"),
        "timer": (letter(Position(0, topics.events, 0, 1), reason="timer_raised", written_ms=None), "own work"),
        "switch": (
            letter(Position(0, topics.events, 0, 1), reason="switch_raised", written_ms=None),
            "lane's own work",
        ),
        "sweep": (letter(Position(0, topics.events, 0, 1), reason="sweep_raised", written_ms=None), "own work"),
        "partition": (letter(Position(0, topic, 7, 1)), "has no partition 7"),
        "cut": (letter(Position(0, topic, 0, 1), cut="value headers"), "only a part of it is kept (value headers)"),
        "unread": (letter(Position(0, topic, 0, 1), reason="unreadable_record"), "no client could read it"),
        "gone": (letter(Position(0, topic, 0, 50), reason="decide_raised", written_ms=None), "does not hold"),
        "anew": (letter(Position(1, topic, 0, 1), reason="decide_raised", written_ms=None), "does not hold"),
    }
    for given, told in refused.values():
        made = await plan([given], connection, Known([topic, "absent"], state(topic), SECRETS))
        assert made.sendable == ()
        (left,) = made.others
        assert isinstance(left, NotSent)
        assert told in left.why


async def test_what_the_topic_does_not_take_costs_itself_alone(connection: KafkaConnection, topics: Topics) -> None:
    """A source may hold more than we may write: its broker counts compressed bytes."""
    topic = topics.sources[0]
    sizes = {1: 10, 2: 1_200_000, 3: 10}
    letters = [letter(Position(0, topic, 1, number), value=b"x" * size) for number, size in sizes.items()]
    made = await plan(letters, connection, Known([topic], state(topic), SECRETS))
    publisher = Publisher(connection)
    fates = await send(made.sendable, publisher)
    await publisher.close()
    assert [type(fate) for fate in fates] == [SentAgain, NotSent, SentAgain]
    found = [len(record.value or b"") async for record in read_topic(connection, topic, {1})]
    assert set(found) == {10}


async def test_an_original_that_is_gone_is_told_again_from_what_the_lane_has_kept(
    connection: KafkaConnection, topics: Topics
) -> None:
    """D37: unless the letter was cut. It goes to its partition, without the key that nobody knows any more."""
    topic = topics.sources[0]
    kept = decoded(plain(owner={"kind": "pool", "id": "sales"})).value
    gone, anew = Position(0, topic, 0, 50), Position(1, topic, 0, 1)
    cut = gone._replace(offset=51)
    letters = [
        letter(each, reason="no_configuration", written_ms=None, value=kept, cut="value" if each is cut else "")
        for each in (gone, anew, cut)
    ]
    made = await plan(letters, connection, Known([topic], state(topic), SECRETS))
    assert [(each.redrive.position, each.original.partition, each.original.key) for each in made.sendable] == [
        (gone, 0, None),
        (anew, 0, None),
    ]
    assert [fate.position for fate in made.others] == [str(cut)]


async def test_what_an_older_lane_could_not_read_is_sent_again_from_where_ingest_read_it(
    connection: KafkaConnection, topics: Topics
) -> None:
    """While releases run side by side, ingest of the newer one may read what lanes of the older one do not know."""
    topic = topics.sources[0]
    known = state(topic)
    known.fold(SourceTopic(topics.events, "a life", 0))
    told = b'{"at":[0,"%s",0,1],"origin":["e","","",""],"tomorrows":{"kind":"unheard_of"}}' % topic.encode()
    values = {
        0: sealed(told, "a life"),
        1: sealed(told, "of another deployment"),
        2: told,
        3: sealed(b'{"at":"somewhere"}', "a life"),
        4: sealed(told.replace(topic.encode(), b"elsewhere"), "a life"),
    }
    letters = [
        letter(Position(0, topics.events, 0, number), reason="unreadable_event", written_ms=None, value=value)
        for number, value in values.items()
    ]
    made = await plan(letters, connection, Known([topic], known, SECRETS))
    (sent,) = made.sendable
    assert (sent.position, sent.original.value, sent.redrive.position) == (
        letters[0].position,
        b"v1",
        Position(0, topic, 0, 1),
    )
    assert sorted(fate.position for fate in made.others) == [each.position for each in letters[1:]]
    assert all("is not one of" in fate.why for fate in made.others if isinstance(fate, NotSent))
