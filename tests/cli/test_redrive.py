"""`deadletters redrive` against a running service: what was a dead letter is decided, and once (D37)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from service.embedded.kafka import EMBEDDED_LANES
from service.kafka.reading import read_topic
from service.wire.lanes import lane_of
from service.wire.messages import Message, RawRecord
from tests.cli.conftest import Run
from tests.cli.running import Service, lead, running_service, until

MAIN = "pools: {sales: {record_type: lead, members: [ann]}}\ndefaults: {lead: {pool: sales}}\nusers: {ann: {}}\n"
WEST = f"division: west\n{MAIN}"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Only `main` is configured."""
    directory = tmp_path / "main"
    directory.mkdir()
    (directory / "all.yaml").write_text(MAIN)
    with running_service(directory) as running:
        yield running


@pytest.fixture
def run(service: Service, alone: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against this service."""
    monkeypatch.setenv("FAIRLEAD_REDIS__URL", service.redis)
    return lambda *arguments: alone(*arguments, "--kafka", service.kafka)


async def read_all(service: Service, topic: str) -> list[RawRecord]:
    return [record async for record in read_topic(service.process.connection, topic)]


def wait_for(service: Service, is_so: Callable[[], bool]) -> None:
    service.run(until(is_so))


def taken(service: Service, division: str) -> int:
    """How many inputs the division's lane has used up."""
    tenure = service.process.lanes.running[lane_of(division, EMBEDDED_LANES)].tenure
    return 0 if tenure is None else tenure.book.place.offset


def publish(service: Service, *messages: Message) -> None:
    async def write() -> None:
        await service.process.publisher.publish(messages)

    service.run(write())


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


def test_a_division_that_is_configured_late_gets_its_events_once(service: Service, run: Run, tmp_path: Path) -> None:
    """Redriven twice, and again while the first redrive may still be under way: one decision."""
    record = {"type": "lead", "id": "1", "fields": {"country": "DE"}}
    body = {"type": "crm.record.created.v1", "division": "west", "record": record}
    start = taken(service, "west")
    publish(service, Message("crm.records", b"west/1", orjson.dumps(body)))
    wait_for(service, lambda: taken(service, "west") == start + 1)
    (listed,) = said(run("deadletters", "list", "--json").json)
    assert listed["reason"] == "no_configuration"
    dry = run("deadletters", "redrive", "all", "--dry-run", "--json")
    assert (dry.code, dry.json) == (0, [{"position": listed["position"], "became": "would_be_sent"}])
    west = tmp_path / "west"
    west.mkdir()
    (west / "all.yaml").write_text(WEST)
    assert run("config", "publish", west).code == 0
    sent = run("deadletters", "redrive", "--reason", "no_configuration", "--json")
    assert (sent.code, [each["became"] for each in said(sent.json)]) == (0, ["sent"])
    told = run("deadletters", "redrive", listed["position"])
    assert (told.code, "sent to crm.records/" in told.out) == (0, True)
    wait_for(service, lambda: taken(service, "west") == start + 3)
    assert run("deadletters", "redrive", "all").code == 0
    wait_for(service, lambda: taken(service, "west") == start + 4)
    decided = {
        dict(found.headers)["ce_id"]
        for found in service.run(read_all(service, "assignments"))
        if dict(found.headers)["ce_division"] == b"west"
    }
    assert len(decided) == 1
    assert len(said(run("deadletters", "list", "--json").json)) == 1


def test_what_is_still_unreadable_is_a_letter_of_its_own_that_stands_for_the_first(service: Service, run: Run) -> None:
    """And positions that are no letter's, or no choice at all, are told."""
    service.spoil(Message("crm.records", b"lead/broken", b'{"broken"'))
    (first,) = said(run("deadletters", "list", "--json").json)
    assert run("deadletters", "redrive", "all").code == 0
    service.send(replace(lead("behind"), key=b"lead/broken"))
    letters = said(run("deadletters", "list", "--json").json)
    assert [each["reason"] for each in letters] == ["invalid_json", "invalid_json"]
    found = said(run("deadletters", "redrive", "all", "--json").json)
    assert [each["became"] for each in found] == ["sent", "superseded"]
    assert found[1]["position"] == first["position"]
    unknown = run("deadletters", "redrive", "0/crm.records/0/99999")
    assert (unknown.code, "no dead letter is known of it" in unknown.out) == (1, True)
    for wrong in ((), ("all", first["position"]), (first["position"], "--reason", "invalid_json")):
        ended = run("deadletters", "redrive", *wrong)
        assert (ended.code, "say which" in ended.err) == (2, True)
