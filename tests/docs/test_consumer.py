"""The consumer that the integrator's page shows: what it does with repeats, late duplicates and quicker people."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import orjson
import pytest

from service.embedded.kafka import EmbeddedKafka
from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.wire.messages import Message
from service.wire.outputs import Context, render
from service.wire.topics import Topics
from tests.cli.running import until

PROGRAM: Final = Path(__file__).parents[2] / "deploy" / "examples" / "consumer" / "consumer.py"
POOL: Final = {"kind": "pool", "id": "inbound"}
ASSIGNED: Final = "assignment.assigned.v1"
RELEASED: Final = "assignment.released.v1"
LINES: Final = 40
"""So much code is enough; what a reader must copy stays small."""


def program() -> Any:
    spec = spec_from_file_location("consumer", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONSUMER: Final = program()


@pytest.fixture
def crm() -> Iterator[sqlite3.Connection]:
    """A CRM in which lead/1 waits in a pool."""
    with closing(sqlite3.connect(":memory:")) as table:
        table.execute(CONSUMER.TABLE)
        give(table, "lead/1", "pool:inbound")
        yield table


def give(crm: sqlite3.Connection, name: str, owner: str | None) -> None:
    """Somebody sets an owner in the CRM."""
    with crm:
        crm.execute(
            "INSERT INTO records (name, owner) VALUES (:name, :owner) "
            "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner",
            {"name": name, "owner": owner},
        )


def owner_of(crm: sqlite3.Connection, name: str = "lead/1") -> str | None:
    (found,) = crm.execute("SELECT owner FROM records WHERE name = ?", (name,)).fetchone()
    return str(found) if found else None


def assigned(person: str, sequence: int, expected: dict[str, str] | None, version: int | None = None) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "owner": {"kind": "user", "id": person},
        "expected_owner": expected,
        "expected_version": version,
    }


def test_an_assignment_is_applied_to_the_owner_it_expects(crm: sqlite3.Connection) -> None:
    assert CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", 1, POOL)) == "applied"
    assert owner_of(crm) == "user:ann"


def test_nobody_is_an_owner_that_can_be_expected(crm: sqlite3.Connection) -> None:
    give(crm, "lead/2", None)
    assert CONSUMER.take(crm, "lead/2", ASSIGNED, assigned("ann", 1, None)) == "applied"


def test_who_was_quicker_wins(crm: sqlite3.Connection) -> None:
    """D21: their event tells us, and we release it; nothing is to be answered."""
    give(crm, "lead/1", "user:zoe")
    assert CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", 1, POOL)).startswith("left")
    assert owner_of(crm) == "user:zoe"


def test_the_version_is_no_condition(crm: sqlite3.Connection) -> None:
    """D21: any edit raises it, and an edit is no reason to leave a lead without an owner."""
    assert CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", 1, POOL, version=0)) == "applied"


def test_a_repeat_changes_nothing(crm: sqlite3.Connection) -> None:
    """Also when somebody has given the record back to the pool since: it would fit then."""
    CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", 1, POOL))
    give(crm, "lead/1", "pool:inbound")
    assert CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", 1, POOL)).startswith("ignored")
    assert owner_of(crm) == "pool:inbound"


def test_a_late_duplicate_does_not_undo_what_came_after(crm: sqlite3.Connection) -> None:
    """What changes no owner counts as well: it is newer than what comes late."""
    CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", 1, POOL))
    assert CONSUMER.take(crm, "lead/1", RELEASED, {"sequence": 2}).startswith("noted")
    CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("bob", 3, {"kind": "user", "id": "ann"}))
    give(crm, "lead/1", "pool:inbound")
    for sequence in (1, 2, 3):
        assert CONSUMER.take(crm, "lead/1", ASSIGNED, assigned("ann", sequence, POOL)).startswith("ignored")
    assert owner_of(crm) == "pool:inbound"


def test_a_record_that_is_gone_is_not_made_anew(crm: sqlite3.Connection) -> None:
    assert CONSUMER.take(crm, "lead/gone", ASSIGNED, assigned("ann", 1, None)).startswith("ignored")
    assert crm.execute("SELECT count(*) FROM records").fetchone() == (1,)


def test_the_program_is_short() -> None:
    """Lines of code, without its words."""
    code = [line for line in PROGRAM.read_text().splitlines() if line.strip() and not line.strip().startswith('"""')]
    assert len(code) <= LINES


async def test_it_reads_what_is_published(crm: sqlite3.Connection) -> None:
    """On a broker, with messages as we publish them, one of them twice, and a start anew in between."""
    from service.core.events import Target
    from service.core.model import Assigned, Decision

    context = Context(Topics.of(), "main", 1_772_000_000_000, 1, "label")
    first = Decision(
        record="lead/1", outcome=Assigned("ann", "inbound", 1), sequence=1, expected_owner=Target("pool", "inbound")
    )
    second = Decision(
        record="lead/1", outcome=Assigned("bob", "inbound", 2), sequence=2, expected_owner=Target("user", "ann")
    )
    (one,), (two,) = render(first, "1-0-1-0", context), render(second, "1-0-2-0", context)
    with EmbeddedKafka() as broker:
        await send(broker.bootstrap, one, one)
        await follow_until(broker.bootstrap, crm, lambda: owner_of(crm) == "user:ann")
        await send(broker.bootstrap, one, two)
        await follow_until(broker.bootstrap, crm, lambda: owner_of(crm) == "user:bob")
    assert crm.execute("SELECT sequence FROM records").fetchone() == (2,)
    assert orjson.loads(two.value)["sequence"] == 2


async def send(bootstrap: str, *messages: Message) -> None:
    publisher = Publisher(KafkaConnection(bootstrap=bootstrap, embedded=True))
    await publisher.publish(messages)
    await publisher.close()


async def follow_until(bootstrap: str, crm: sqlite3.Connection, is_so: Any) -> None:
    following = asyncio.create_task(CONSUMER.follow(bootstrap, crm))
    try:
        await until(lambda: following.done() or is_so())
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
