"""The configuration topic: who wins, what was ever valid, and what is published at start."""

from __future__ import annotations

import orjson
import pytest

from schemas.config import Document
from service.config.compiler import from_wire, hash_of
from service.config.history import SOURCES_KEY, History, Sources, Version, proposal, proposals, sources_record


def document(*users: str, division: str = "main") -> Document:
    return Document.model_validate({"division": division, "users": list(users)})


def published(*documents: Document) -> History:
    """A history to which each document was proposed in turn."""
    history = History()
    for content in documents:
        record = proposal(content, history)
        assert record is not None
        assert isinstance(history.fold(record.value), Version)
    return history


def record(version: object, expected: object, *users: str, **more: object) -> bytes:
    content = {"division": "main", "users": {user: {} for user in users}}
    fields = {"division": "main", "version": version, "expected_version": expected, "hash": "h", "document": content}
    return orjson.dumps(fields | more)


def test_the_first_document_is_version_one() -> None:
    """Its record carries everything that a reader needs."""
    content = document("ann")
    history = published(content)
    latest = history.latest("main")
    assert latest is not None
    assert (latest.number, latest.hash, history.get("main", 1)) == (1, hash_of(content), latest)
    assert from_wire(latest.document, latest.number).users.keys() == {"ann"}
    assert history.divisions() == ("main",)


def test_a_record_of_a_division_has_its_key() -> None:
    """One key, one partition: all readers see the same order."""
    made = proposal(document("ann", division="north"), History())
    assert made is not None
    assert made.key == b"north"


def test_changed_content_is_the_next_version() -> None:
    """Versions grow by one; older ones stay readable for replay."""
    history = published(document("ann"), document("ann", "bob"))
    latest = history.latest("main")
    assert latest is not None
    assert latest.number == 2
    first = history.get("main", 1)
    assert first is not None
    assert first.hash == hash_of(document("ann"))
    assert history.get("main", 3) is history.get("main", 0) is None


def test_the_first_writer_of_a_version_wins() -> None:
    """Two processes publish at once: the later record does not count, and its process proposes again."""
    start = published(document("ann"))
    one, other = (proposal(document("ann", name), start) for name in ("bob", "eve"))
    assert one is not None
    assert other is not None
    assert start.fold(one.value) is not None
    assert start.fold(other.value) is None
    latest = start.latest("main")
    assert latest is not None
    assert latest.hash == hash_of(document("ann", "bob"))
    assert not start.has_hash("main", hash_of(document("ann", "eve")))
    assert proposal(document("ann", "eve"), start) is not None


@pytest.mark.parametrize(
    ("order", "valid"),
    [
        ("1a 1b 2c 2d", "1a 2c"),
        ("1b 1a 2d 2c", "1b 2d"),
        ("2c 1a 1b 2d", "1a 2d"),
        ("1a 3e 2c 3e 3f", "1a 2c 3e"),
        ("1a 1a 2a 1b", "1a 2a"),
    ],
)
def test_every_reader_finds_the_same_winner(order: str, valid: str) -> None:
    """A record counts only if it follows on what is valid when it arrives; nothing but the order is asked."""
    history = History()
    made = [history.fold(record(int(name[0]), int(name[0]) - 1, name[1])) for name in order.split()]
    counted = [version for version in made if isinstance(version, Version)]
    assert [
        f"{version.number}{next(iter(from_wire(version.document, 1).users))}" for version in counted
    ] == valid.split()
    assert history.latest("main") == counted[-1]


def test_an_old_replica_that_restarts_does_not_roll_back() -> None:
    """Content that was valid at any time is not published again."""
    old, new = document("ann"), document("ann", "bob")
    history = published(old, new)
    assert history.has_hash("main", hash_of(old))
    assert proposal(old, history) is None
    assert proposal(new, history) is None


def test_divisions_have_histories_of_their_own() -> None:
    """The same content in another division is news there."""
    history = published(document("ann"))
    (made,) = proposals([document("ann"), document("ann", division="north")], history)
    version = history.fold(made.value)
    assert isinstance(version, Version)
    assert (version.division, version.number) == ("north", 1)
    assert history.latest("south") is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        record(2, 1, "a"),
        record(2, 0, "a"),
        record(0, -1, "a"),
        record("1", "0", "a"),
        record(1.0, 0, "a"),
        record(1, 0, "a", hash=None),
        record(1, 0, "a", document=[]),
        record(1, 0, "a", document={"users": {}}),
        record(1, 0, "a", division="north"),
        b'{"sources": {"epoch": 1, "division_attribute": "division", "lanes": 12}}',
        b'{"sources": {"epoch": 0, "division_attribute": "division", "lanes": 0}}',
        b'{"sources": {"epoch": 0}}',
    ],
)
def test_a_record_that_does_not_follow_or_cannot_be_read_does_not_count(value: bytes) -> None:
    """It is as if it were not there; the next good one counts."""
    history = History()
    assert history.fold(value) is None
    assert history.divisions() == ()
    assert history.sources is None
    assert history.fold(record(1, 0, "a")) is not None


def test_the_first_sources_of_an_epoch_win() -> None:
    """Division attribute and number of lanes belong to the epoch; a new epoch follows on the last."""
    history = History()
    first = Sources(0, "division", 12)
    made = sources_record(first)
    assert made.key == SOURCES_KEY
    assert history.fold(made.value) == first
    assert history.fold(sources_record(Sources(0, "tenant", 24)).value) is None
    assert history.fold(sources_record(Sources(2, "tenant", 24)).value) is None
    assert history.sources == first
    assert history.fold(sources_record(Sources(1, "tenant", 24)).value) == Sources(1, "tenant", 24)
    assert history.divisions() == ()
