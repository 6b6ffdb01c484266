"""`fairlead publish`: rows become events by a map, in file order; what cannot is told with its place."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from service.kafka.reading import read_topic
from tests.cli.conftest import Run
from tests.cli.running import Service

MAP = """
source: shop
id: {column: number}
record: {type: lead, id: {column: number}}
fields: [country]
"""
ROWS = "number,country,size,since\n1,DE,12,1/31/2026\n2,,,\n"


def test_a_file_is_sent_and_what_cannot_be_is_told(run: Run, service: Service, tmp_path: Path) -> None:
    """Exit code 1 where rows were left out, and their lines."""
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "rows.csv").write_text("number,country\npub-1,DE\npub-2\npub-3,FR\n")
    ended = run("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml", "--json")
    service.sent += 2
    assert ended.code == 1
    assert orjson.loads(ended.out)["events"] == 2
    assert "line 3: 1 cells, the header has 2" in ended.err


def test_json_lines_are_events_already(run: Run, service: Service, tmp_path: Path) -> None:
    """Plain events need no map; those about people go to the people's topic."""
    events = [
        {"type": "crm.record.created.v1", "id": "p1", "record": {"type": "lead", "id": "from-a-file"}},
        {"type": "crm.member.changed.v1", "id": "p2", "person": "eve", "availability": "available"},
    ]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(orjson.dumps, events)))
    ended = run("publish", tmp_path / "events.jsonl")
    service.sent += 2
    assert ended.code == 0
    assert ended.out.startswith("2 events in ")
    assert b"from-a-file" in service.run(_values(service, "crm.records"))
    assert b"availability" in service.run(_values(service, "crm.members"))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("rows.csv", ROWS, "a CSV file needs a map"),
        ("rows.txt", ROWS, "ends neither in .csv nor in .jsonl"),
        (
            "rows.jsonl",
            '{"type": "crm.record.created.v1", "record": {"type": "lead", "id": "1", "x": 2}}',
            "parts that no event has: record.x",
        ),
    ],
)
def test_what_cannot_be_published_ends_with_a_sentence(
    run: Run, tmp_path: Path, name: str, content: str, why: str
) -> None:
    """Exit code 2, nothing was sent."""
    (tmp_path / name).write_text(content)
    ended = run("publish", tmp_path / name)
    assert ended.code == 2
    assert why in ended.err


def test_a_map_that_makes_dead_letters_is_told_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    """The first event is read as ingest will read it."""
    (tmp_path / "map.yaml").write_text(f"{MAP}channel: imports\n")
    (tmp_path / "rows.csv").write_text(ROWS)
    ended = run("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml")
    assert ended.code == 2
    assert "the first event came in through imports; there are the channels detail_page" in ended.err
    assert "nothing was sent" in ended.err


async def _values(service: Service, topic: str) -> bytes:
    found = [record.value or b"" async for record in read_topic(service.process.connection, topic)]
    return b"".join(found)
