"""`fairlead publish`: rows become events by a map, in file order; what cannot is told with its place."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import orjson
import pytest

from service.connectors.file.converting import NO_TIME
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
    assert "rows.csv:3:2: 1 cell, the header has 2: add those that are missing" in ended.err


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


FAULTY = "number,country,size,note,note\nL-1,DE,12,,\nL-2,DE\nL-2,FR,many,,\nL-1,DE,7,,\nL-3,DE,3,a,b,c\n"
SIZED = MAP.replace("[country]", "{country: country, size: {column: size, type: number}}")
TOO_MANY = "6 cells, the header has 5: put a cell that contains ',' into quotes, or remove what is too much"


def faulty(folder: Path) -> tuple[str | Path, ...]:
    """A file with three rows that fail and two doubts, and its map."""
    (folder / "map.yaml").write_text(SIZED)
    (folder / "rows.csv").write_text(FAULTY)
    return "publish", folder / "rows.csv", "--map", folder / "map.yaml"


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_a_check_says_what_would_be_sent_and_what_not(alone: Run, tmp_path: Path, option: str) -> None:
    """Without any broker: all of the file is read, all problems have their place, and they end it with 1."""
    ended = alone(*faulty(tmp_path), option)
    told = ended.err.replace(f"{tmp_path}/", "")
    assert ended.code == 1
    assert told.splitlines() == [
        "warning  rows.csv:1:1: 'note' is the name of columns 4 (D) and 5 (E): give each its own",
        "warning  rows.csv:5:1: the event id 'L-1' was in line 2 already: a repeat changes nothing",
        "problem  rows.csv:3:3: 2 cells, the header has 5: add those that are missing",
        "problem  rows.csv:4:3: size: 'many' is not a number: write it like 1234.5",
        f"problem  rows.csv:6:6: {TOO_MANY}",
    ]
    assert "the first event, for crm.records:" in ended.out
    assert '"country": "DE"' in ended.out
    assert ended.out.endswith("2 events would be sent: 2 crm.record.created.v1; 3 rows would be left out\n")


def test_a_check_that_finds_nothing_ends_well(alone: Run, tmp_path: Path) -> None:
    """S34: the map fits the file. The first event is told whole."""
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "rows.csv").write_text(ROWS)
    ended = alone("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml", "--check", "--json")
    said = orjson.loads(ended.out)
    assert (ended.code, said["ok"], said["events"], said["kinds"]) == (0, True, 2, {"crm.record.created.v1": 2})
    assert said["first"] == {
        "specversion": "1.0",
        "id": "1",
        "source": "shop",
        "type": "crm.record.created.v1",
        "data": {"record": {"type": "lead", "id": "1", "fields": {"country": "DE"}}},
    }


def test_a_check_reads_each_event_as_ingest_would(alone: Run, tmp_path: Path) -> None:
    """Not only the first: what would be a dead letter is a problem of its row."""
    events = [
        {"type": "crm.record.created.v1", "id": "e1", "record": {"type": "lead", "id": "1"}},
        {"type": "crm.record.created.v1", "id": "e2", "record": {"type": "lead", "id": "1"}},
        {"type": "crm.record.created.v1", "id": "e3", "record": {"type": "lead", "id": "2", "x": 1}},
        {"type": "crm.record.painted.v1", "id": "e4", "record": {"type": "lead", "id": "3"}},
        {"type": "crm.record.updated.v1", "id": "e5", "task": 1},
    ]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(orjson.dumps, events)))
    said = orjson.loads(alone("publish", tmp_path / "events.jsonl", "--check", "--json").out)
    assert [problem["line"] for problem in said["problems"]] == [3, 4, 5]
    assert [problem["message"].partition(": ")[0] for problem in said["problems"]] == [
        "it has parts that no event has",
        "it would be a dead letter (unknown_type)",
        "an event names a record or a person",
    ]
    assert [warning["message"] for warning in said["warnings"]] == [
        "lead/1 was created in line 1 already: this is heard as a change of it"
    ]
    assert said["first"] == events[0]


def test_a_file_or_a_map_that_cannot_be_used_is_a_problem_of_the_check(alone: Run, tmp_path: Path) -> None:
    """Exit code 1 with the place, as for rows."""
    (tmp_path / "map.yaml").write_text(f"{MAP}channel: {{column: way}}\n")
    (tmp_path / "rows.csv").write_text(ROWS)
    arguments = ("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml", "--check")
    ended = alone(*arguments)
    assert ended.code == 1
    assert "map.yaml:6:10: channel: rows.csv has no column 'way'; it has number, country, size, since" in ended.err
    (tmp_path / "rows.csv").write_text(ROWS.replace(",", ";"))
    ended = alone(*arguments)
    assert ended.code == 1
    assert 'rows.csv:1:1: the header has one column, which contains ";"' in ended.err


def test_of_many_problems_the_first_are_told(alone: Run, tmp_path: Path) -> None:
    """The table of failed rows has them all."""
    (tmp_path / "map.yaml").write_text(SIZED)
    (tmp_path / "rows.csv").write_text("number,country,size\n" + "".join(f"{n},DE,many\n" for n in range(30)))
    arguments = ("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml", "--check")
    ended = alone(*arguments, "--failed", tmp_path / "failed.csv")
    assert ended.err.count("is not a number") == 20
    assert "and 10 more problems" in ended.err
    assert len((tmp_path / "failed.csv").read_text().splitlines()) == 31
    assert "30 rows would be left out" in ended.out
    (tmp_path / "rows.csv").write_text("number,country,size\n1,DE,many\n")
    assert "1 row would be left out" in alone(*arguments).out


def test_failed_rows_become_a_table_that_a_spreadsheet_reads(run: Run, service: Service, tmp_path: Path) -> None:
    """The row as it was, its line and the reason; cells that were too many stand behind. Then the rest is sent."""
    ended = run(*faulty(tmp_path), "--failed", tmp_path / "failed.csv")
    service.sent += 2
    assert ended.code == 1
    assert "3 rows left out" in ended.out
    table = (tmp_path / "failed.csv").read_bytes()
    assert table.startswith(codecs.BOM_UTF8)
    assert list(csv.reader(io.StringIO(table.decode("utf-8-sig")))) == [
        ["number", "country", "size", "note", "note", "line", "reason"],
        ["L-2", "DE", "", "", "", "3", "2 cells, the header has 5: add those that are missing"],
        ["L-2", "FR", "many", "", "", "4", "size: 'many' is not a number: write it like 1234.5"],
        ["L-3", "DE", "3", "a", "b", "6", TOO_MANY, "c"],
    ]


def test_the_table_of_failed_rows_is_divided_like_the_file_and_can_be_published(alone: Run, tmp_path: Path) -> None:
    """Once its cells are mended, by the same map. Its own columns take no name of the file's."""
    (tmp_path / "map.yaml").write_text(f"{SIZED}delimiter: ';'\n")
    (tmp_path / "rows.csv").write_text("number;country;size;line\n1;DE;many;x\n")
    arguments = ("--map", tmp_path / "map.yaml", "--check")
    alone("publish", tmp_path / "rows.csv", *arguments, "--failed", tmp_path / "failed.csv")
    mended = (tmp_path / "failed.csv").read_text(encoding="utf-8-sig").replace(";many;", ";12;")
    assert mended.startswith("number;country;size;line;line_;reason\n1;DE;12;x;2;")
    (tmp_path / "failed.csv").write_text(mended, encoding="utf-8-sig")
    again = alone("publish", tmp_path / "failed.csv", *arguments)
    assert (again.code, again.err) == (0, "")


def test_json_rows_that_failed_are_one_cell_each(alone: Run, tmp_path: Path) -> None:
    """They have no columns."""
    (tmp_path / "events.jsonl").write_text("[1]\n")
    alone("publish", tmp_path / "events.jsonl", "--check", "--failed", tmp_path / "failed.csv")
    assert (tmp_path / "failed.csv").read_text(encoding="utf-8-sig") == (
        "row,line,reason\n[1],1,not a JSON object: write one object a line\n"
    )


def test_failed_rows_are_not_written_over_the_file_itself(alone: Run, tmp_path: Path) -> None:
    """Wrong usage; the file stays as it was."""
    ended = alone(*faulty(tmp_path), "--check", "--failed", tmp_path / "rows.csv")
    assert ended.code == 2
    assert "--failed names the file that is published" in ended.err
    assert (tmp_path / "rows.csv").read_text() == FAULTY


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"number,country,country\n1,DE,FR\n", "'country' is the name of columns 2 (B) and 3 (C): give each its own"),
        (b"number;country\n1;DE\n", 'contains ";": that is the delimiter'),
        (b"number,country\n" + b"1,DE\n" * 9_000 + b"2,\xfc\n", "byte 45,018 of the file, in line 9002, is 0xFC"),
    ],
)
def test_a_file_that_cannot_be_meant_so_is_refused_before_anything_is_sent(
    run: Run, service: Service, tmp_path: Path, content: bytes, why: str
) -> None:
    """Wherever in the file it is seen."""
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "rows.csv").write_bytes(content)
    before = len(service.run(_values(service, "crm.records")))
    ended = run("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml")
    assert ended.code == 2
    assert why in ended.err
    assert len(service.run(_values(service, "crm.records"))) == before


async def _values(service: Service, topic: str) -> bytes:
    found = [record.value or b"" async for record in read_topic(service.process.connection, topic)]
    return b"".join(found)


OFFERS = "event: {column: what}\nrecord: {type: lead, id: {column: lead}}\noffer: {column: offer}\n"


def test_a_file_of_offers_is_checked_and_its_gaps_are_told(alone: Run, tmp_path: Path) -> None:
    """S122, D47: what happened to which offer, and which rows do not say it; without a time the order is in doubt."""
    (tmp_path / "map.yaml").write_text(OFFERS)
    (tmp_path / "rows.csv").write_text(
        "lead,offer,what\n1,starter,ordered\n1,,paid\n1,starter,piad\n2,pro,payment_failed\n"
    )
    ended = alone("publish", tmp_path / "rows.csv", "--map", tmp_path / "map.yaml", "--check")
    assert ended.code == 1
    assert ended.err.replace(f"{tmp_path}/", "").splitlines() == [
        f"warning  rows.csv:1:1: {NO_TIME}",
        "problem  rows.csv:3:1: crm.offer.paid.v1 names no offer: fill what the map reads as `offer`",
        "problem  rows.csv:4:3: what: 'piad' is no event: did you mean 'paid'?",
    ]
    assert "2 events would be sent: 1 crm.offer.ordered.v1, 1 crm.offer.payment_failed.v1; 2 rows" in ended.out
