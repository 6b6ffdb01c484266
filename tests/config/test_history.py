"""The configuration topic: who wins, what was ever valid, and what is published at start."""

from __future__ import annotations

import json
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config import Document
from service.config.compiler import from_wire, hash_of, to_wire
from service.config.history import (
    History,
    Ignored,
    Proposal,
    Version,
    document_of,
    instructions,
    proposal,
    proposals,
    put_in_force,
    replacing,
    sources_record,
)
from service.config.sources import SOURCES_KEY, Agreed, AgreedLevel, Loss, Skip, Sources, SourceTopic
from service.core.state import FIRST_LEVEL


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
    return json.dumps(fields | more).encode()


def test_the_first_document_is_version_one() -> None:
    """Its record carries everything that a reader needs."""
    content = document("ann")
    history = published(content)
    latest = history.latest("main")
    assert latest is not None
    assert (latest.number, latest.hash, history.get("main", 1)) == (1, hash_of(content), latest)
    assert from_wire(history.document("main") or b"", latest.number).users.keys() == {"ann"}
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


AGREED: Final = (
    Sources(0, "tenant", 24),
    SourceTopic("crm.records", "identity", 0),
    Skip(0, "crm.records", 0, 5, 7),
    Loss(0, "crm.records", 1, 9),
    AgreedLevel(FIRST_LEVEL + 1),
)


def test_what_is_in_force_already_is_no_trouble_when_it_comes_again() -> None:
    """Two workers that begin with one directory say the same at once: documents, sources, the level."""
    history = published(document("ann"))
    same, other = (proposal(document(person), History()) for person in ("ann", "bob"))
    assert same is not None
    assert other is not None
    assert (history.fold(same.value), history.fold(other.value)) == (Ignored("repeated"), Ignored("late"))
    assert isinstance(history.fold(record(2, 1, "bob")), Version)
    assert history.fold(same.value) == Ignored("late")


@pytest.mark.parametrize("told", AGREED)
def test_what_is_agreed_on_already_is_no_trouble_when_it_comes_again(told: Agreed) -> None:
    """Whoever comes second said nothing else; what says something else is late (a topic's may follow)."""
    history = History()
    for each in AGREED:
        assert history.fold(sources_record(each).value) == each
    assert history.fold(sources_record(told).value) in (told, Ignored("repeated"))


@pytest.mark.parametrize(
    "other",
    [
        Sources(0, "company", 24),
        SourceTopic("crm.records", "another", 0),
        Skip(0, "crm.records", 0, 5, 8),
        Loss(0, "crm.records", 1, 8),
        AgreedLevel(FIRST_LEVEL + 2),
    ],
)
def test_what_says_something_else_than_was_agreed_on_is_late(other: Agreed) -> None:
    history = History()
    for each in AGREED:
        history.fold(sources_record(each).value)
    assert history.fold(sources_record(other).value) == Ignored("late")


def test_the_first_writer_of_a_version_wins() -> None:
    """Two processes publish at once: the later record does not count, and its process proposes again."""
    start = published(document("ann"))
    one, other = (proposal(document("ann", name), start) for name in ("bob", "eve"))
    assert one is not None
    assert other is not None
    assert isinstance(start.fold(one.value), Version)
    assert start.fold(other.value) == Ignored("late")
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
    counted = []
    for name in order.split():
        made = history.fold(record(int(name[0]), int(name[0]) - 1, name[1]))
        if isinstance(made, Version):
            counted.append(f"{made.number}{next(iter(from_wire(history.document('main') or b'', 1).users))}")
            assert history.latest("main") == made
    assert counted == valid.split()


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
        b'{"sources": {"epoch": 0, "division_attribute": "division", "lanes": 0}}',
        b'{"sources": {"epoch": 0}}',
        b'{"sources": {"epoch": false, "division_attribute": "division", "lanes": true}}',
        b'{"sources": {"epoch": 0, "division_attribute": "division", "lanes": 1e300}}',
        record(True, False, "a"),
        record(2**64 - 1, 2**64 - 2, "a"),
        record(10**400, 10**400 - 1, "a"),
        record(1, 0, "a", division="a/b", document={"division": "a/b"}),
        record(1, 0, "a", division="n\n", document={"division": "n\n"}),
        record(1, 0, "a", hash="h" * 1_000),
        b'{"division":"main","version":1,"expected_version":0,"hash":"h","document":{"division":"main","x":%s}}'
        % (b"[" * 400 + b"]" * 400),
    ],
)
def test_a_record_that_does_not_follow_or_cannot_be_read_does_not_count(value: bytes) -> None:
    """It is as if it were not there; the next good one counts."""
    history = History()
    assert isinstance(history.fold(value), Ignored)
    assert history.divisions() == ()
    assert history.sources is None
    assert isinstance(history.fold(record(1, 0, "a")), Version)


def test_the_first_sources_of_an_epoch_win() -> None:
    """Division attribute and number of lanes belong to the epoch; a new epoch is above the last, by how much ever."""
    history = History()
    first = Sources(0, "division", 12)
    made = sources_record(first)
    assert made.key == SOURCES_KEY
    assert history.fold(made.value) == first
    assert history.fold(sources_record(Sources(0, "tenant", 24, 0)).value) == Ignored("late")
    assert history.sources == first
    second = Sources(2, "tenant", 24, 0)
    assert history.fold(sources_record(second).value) == second
    assert history.fold(sources_record(Sources(1, "tenant", 24, 2)).value) == Ignored("late")
    assert history.divisions() == ()


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["main", "@sources", "", "crm.records", 0, 1, -1, 2**63, 2**64, 10**400, 1e300])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    ("division", "version", "expected_version", "hash", "document"),
    ("sources",),
    ("source_topic",),
    ("skip",),
]
PARTS = st.one_of(
    JSON_VALUES,
    *(
        st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON_VALUES))
        for names in [
            ("division", "users"),
            Sources._fields,
            SourceTopic._fields,
            Skip._fields,
        ]
    ),
)
FOREIGN = st.one_of(
    st.binary(max_size=60),
    JSON_VALUES.map(lambda content: json.dumps(content).encode()),
    *(
        st.fixed_dictionaries({}, optional=dict.fromkeys(names, PARTS)).map(
            lambda content: json.dumps(content).encode()
        )
        for names in FIELDS
    ),
)


@given(st.lists(FOREIGN, max_size=6))
def test_whatever_a_foreign_writer_leaves_in_the_topic_raises_nothing(values: list[bytes]) -> None:
    """And where it does not count, the history is what it was."""
    history = published(document("ann"))
    for value in values:
        before = history.divisions(), history.latest("main"), history.sources, list(history.source_state.skips())
        if isinstance(history.fold(value), Ignored):
            assert before == (
                history.divisions(),
                history.latest("main"),
                history.sources,
                list(history.source_state.skips()),
            )
        document_of(value)


def test_what_was_first_said_by_somebody_else_is_late_and_what_is_no_record_of_ours_is_foreign() -> None:
    """Whoever watches the metric tells a race from a writer who should not be there."""
    history = published(document("ann"))
    assert history.fold(record(1, 0, "bob")) == Ignored("late")
    assert history.fold(b"null") == Ignored("foreign")


def test_a_person_puts_in_force_what_was_valid_before() -> None:
    """After A and B they say A, and mean it; only a process that starts must not bring it back."""
    old, new = document("ann"), document("ann", "bob")
    history = published(old, new)
    assert proposals([old, new], history) == ()
    assert instructions([new], history) == ()
    (made,) = instructions([old], history)
    third = history.fold(made.value)
    assert isinstance(third, Version)
    assert (third.number, third.hash) == (3, hash_of(old))
    assert history.document("main") == to_wire(old)


def test_an_earlier_version_is_put_back_byte_for_byte() -> None:
    """Also one with keys of a newer release, which this one has no model for."""
    content = json.loads(record(1, 0, "ann"))
    content["document"]["moods"] = {}
    history = History()
    history.fold(json.dumps(content).encode())
    first = history.document("main") or b""
    history.fold(record(2, 1, "bob"))
    made = replacing("main", first, history)
    assert isinstance(history.fold(made.value), Version)
    assert history.document("main") == first


def test_of_documents_only_the_newest_of_each_division_is_kept() -> None:
    """An older one is read again where its record lies."""
    history = History()
    records: list[Proposal] = []
    for number in range(1, 201):
        made = put_in_force(document(f"person{number}"), history)
        assert made is not None
        records.append(made)
        history.fold(made.value, 10 + number, 1_000 * number)
    assert len(history.versions("main")) == 200
    assert history.get("main", 7) == Version("main", 7, hash_of(document("person7")), 17, 7_000)
    assert list(history._documents) == ["main"]
    assert document_of(records[6].value) == to_wire(document("person7"))
