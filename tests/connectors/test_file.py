"""Rows of a file become events, as a map says, and are sent in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.events import INPUTS
from schemas.generate import FOLDER
from service.config.problems import ConfigurationError
from service.connectors.file import sending
from service.connectors.file.converting import compile_map
from service.connectors.file.event_map import read_map
from service.connectors.file.progress import Progress
from service.connectors.file.rows import BadRow, NumberedRow
from service.kafka.port import Lost
from service.wire.messages import Message
from service.wire.topics import Topics

EXAMPLES = {path.stem: orjson.loads(path.read_bytes()) for path in (FOLDER / "examples").glob("crm.*.json")}
MAP = """
source: shop
id: {column: number}
record: {type: lead, id: {column: number}}
fields: [country]
"""


def event_of(row: dict[str, Any], map_text: str, folder: Path) -> Message | BadRow:
    """The event that a map makes of a row."""
    (folder / "map.yaml").write_text(map_text)
    found = NumberedRow(7, row, tuple(row.values()))
    return compile_map(read_map(folder / "map.yaml"), folder / "rows.csv", list(row), "crm.records").convert(found)


def told(row: dict[str, Any], map_text: str, folder: Path) -> dict[str, Any]:
    """What that event says."""
    event = event_of(row, map_text, folder)
    assert isinstance(event, Message), event
    found: dict[str, Any] = orjson.loads(event.value)
    return found


def problems(map_text: str, folder: Path, columns: Sequence[str] = ("number", "country")) -> list[str]:
    """What is wrong with a map, with line and column."""
    path = folder / "map.yaml"
    path.write_text(map_text)
    with pytest.raises(ConfigurationError) as refused:
        compile_map(read_map(path), folder / "rows.csv", list(columns), "crm.records")
    return [str(problem).removeprefix(f"{path}:") for problem in refused.value.problems]


def test_columns_become_fields_and_an_empty_cell_leaves_one_unset(tmp_path: Path) -> None:
    """S34: a company's own fields, of whatever name."""
    assert told({"number": "1", "country": "DE"}, MAP, tmp_path)["record"] == {
        "type": "lead",
        "id": "1",
        "fields": {"country": "DE"},
    }
    assert told({"number": "1", "country": ""}, MAP, tmp_path)["record"]["fields"] == {}


def test_numbers_dates_and_constants_have_their_types(tmp_path: Path) -> None:
    """S34: numbers compare as numbers only where they are some."""
    fields = """
fields:
  size: {column: size, type: number}
  share: {column: share, type: number}
  since: {column: since, type: date, format: "%m/%d/%Y"}
  currency: {constant: USD}
"""
    row = {"number": "1", "size": "12", "share": "0.5", "since": "1/31/2026"}
    assert told(row, MAP.replace("fields: [country]\n", fields), tmp_path)["record"]["fields"] == {
        "size": 12,
        "share": 0.5,
        "since": "2026-01-31",
        "currency": "USD",
    }


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("{column: size, type: number}", "a dozen", "7:1: size: 'a dozen' is not a number: write it like 1234.5"),
        ("{column: size, type: number}", "nan", "7:1: size: 'nan' is not a number: write it like 1234.5"),
        ("{column: size, type: number}", "1_000", "7:1: size: '1_000' is not a number: write it like 1234.5"),
        ("{column: size, type: number}", "1.234,5", "7:1: size: '1.234,5' is not a number: write it like 1234.5"),
        (
            "{column: size, type: date}",
            "31.1.2026",
            "7:1: size: '31.1.2026' is not a date like 2026-01-31: write `format:` as your dates are",
        ),
        (
            '{column: size, type: date, format: "%d.%m.%Y"}',
            "1/31/2026",
            "7:1: size: '1/31/2026' is not a date like %d.%m.%Y: mend the cell, or `format:`",
        ),
    ],
)
def test_a_cell_of_the_wrong_type_spoils_its_row(column: str, cell: str, why: str, tmp_path: Path) -> None:
    """With the line and what is wrong; the others go on."""
    text = MAP.replace("[country]", f"{{size: {column}}}")
    assert str(event_of({"size": cell, "number": "1"}, text, tmp_path)) == why


def test_a_linked_record_is_looked_up_in_another_file(tmp_path: Path) -> None:
    """S52: an unknown one keeps its id, none is left out."""
    (tmp_path / "firms.csv").write_text("name,sector,people\nAlder,food,40\n")
    text = f"""{MAP}
linked:
  account: {{file: firms.csv, key: name, from: firm, type: account, fields: [sector, {{column: people, type: number}}]}}
"""
    row = {"number": "1", "country": "DE", "firm": "Alder"}
    known = told(row, text, tmp_path)["record"]["linked"]["account"]
    assert known == {"type": "account", "id": "Alder", "fields": {"sector": "food", "people": 40}}
    unknown = told({**row, "firm": "Birch"}, text, tmp_path)["record"]["linked"]["account"]
    assert unknown == {"type": "account", "id": "Birch", "fields": {}}
    assert "linked" not in told({**row, "firm": ""}, text, tmp_path)["record"]


def test_one_partition_key_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    """S21-S27: it is the message's key; without one, each record has its own."""
    event = event_of({"number": "1", "country": "DE"}, f"{MAP}partitionkey: import\nchannel: import\n", tmp_path)
    assert isinstance(event, Message)
    assert event.key == b"import"
    assert orjson.loads(event.value)["channel"] == "import"
    own = event_of({"number": "1", "country": "DE"}, MAP, tmp_path)
    assert isinstance(own, Message)
    assert own.key == b"lead/1"


def test_owner_actor_and_time_take_their_published_form(tmp_path: Path) -> None:
    """D25: an owner is kind and id; a day stands for its first moment."""
    text = f"{MAP}owner: pool:emea\nactor: {{column: by}}\ntime: {{column: day, type: date}}\n"
    event = event_of({"number": "1", "country": "DE", "by": "kate", "day": "2026-01-31"}, text, tmp_path)
    assert isinstance(event, Message)
    said = orjson.loads(event.value)
    assert (said["owner"], said["actor"]) == ({"kind": "pool", "id": "emea"}, {"id": "kate"})
    assert dict(event.headers)["ce_time"] == b"2026-01-31T00:00:00Z"


def test_an_event_without_an_id_is_named_after_its_line(tmp_path: Path) -> None:
    """So that the same file, published again, is recognised."""
    event = event_of({"number": "1", "country": "DE"}, MAP.replace("id: {column: number}\nr", "r"), tmp_path)
    assert isinstance(event, Message)
    assert dict(event.headers)["ce_id"] == b"rows.csv#7"


def test_every_mistake_of_a_map_is_told_with_its_place(tmp_path: Path) -> None:
    """Like a configuration: all at once, file, line and column."""
    fields = "{size: {column: size, type: numbr}, day: {column: x, format: y}}"
    text = f"record: {{type: lead}}\nchanel: import\nfields: {fields}\n"
    found = problems(text, tmp_path)
    assert [line.partition(": ")[0] for line in found] == ["1:1", "2:1", "3:37", "3:50"]
    assert 'record: the key "id" is missing: add it' in found[0]
    assert "chanel: this key is unknown" in found[1]


def test_columns_and_files_that_are_not_there_are_told_before_anything_is_sent(tmp_path: Path) -> None:
    """With the columns that there are."""
    text = f"{MAP}linked: {{account: {{file: firms.csv, key: name, from: frm}}}}\n"
    found = problems(text.replace("[country]", "[contry]"), tmp_path)
    assert any("fields.contry: rows.csv has no column 'contry'; it has number, country" in line for line in found)
    assert any("linked.account.from: rows.csv has no column 'frm'" in line for line in found)
    assert any("linked.account.file" in line and "firms.csv" in line for line in found)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"Owner": None}, "parts that no event has: Owner"),
        ({"priority": 1}, "parts that no event has: priority"),
        ({"channel": "live_chat"}, "came in through live_chat"),
        ({"version": []}, "invalid_schema"),
    ],
)
def test_a_file_is_read_strictly(more: dict[str, object], why: str) -> None:
    """D36 What a producer may send beside what we read is a mistake where a person wrote it."""
    event = {"type": "crm.record.created.v1", "record": {"type": "lead", "id": "1"}}
    topics = Topics.of()
    sound, doubtful = (sending.event_as_it_is(NumberedRow(1, each), topics) for each in (event, event | more))
    assert isinstance(sound, Message)
    assert isinstance(doubtful, Message)
    sending.refuse_unreadable(sound)
    with pytest.raises(sending.NothingFits, match=why):
        sending.refuse_unreadable(doubtful)


@pytest.mark.parametrize("kind", INPUTS)
def test_every_event_that_is_read_can_be_sent_from_a_file(kind: str) -> None:
    """S15: structured or plain, also where it names neither a record nor a person, such as a field that is deleted."""
    structured = EXAMPLES[kind]
    plain = {"type": kind, "id": "e-1", **structured["data"]}
    for event in (structured, plain):
        message = sending.event_as_it_is(NumberedRow(1, event), Topics.of())
        assert isinstance(message, Message), message
        sending.refuse_unreadable(message)


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ({"type": "crm.record.created.v1", "record": {"type": "lead", "id": 4711}}, b"lead/4711"),
        ({"type": "crm.member.changed.v1", "person": 17, "availability": "away"}, b"17"),
        ({"type": "crm.record.created.v1", "record": {"type": "lead", "id": True}}, b""),
        ({"type": "crm.record.created.v1", "record": {"type": "lead", "id": ""}}, b""),
        ({"type": "crm.record.created.v1", "record": {"type": "lead"}}, b""),
        ({"type": "crm.member.changed.v1", "person": None}, b""),
        ({"type": "crm.record.painted.v1"}, b""),
    ],
)
def test_ids_in_a_file_are_read_as_ingest_reads_them(event: dict[str, Any], key: bytes) -> None:
    """D36: a whole number is read as text. What names nothing is told of its row; here it has no key."""
    found = sending.event_as_it_is(NumberedRow(1, event), Topics.of())
    assert (found.key if isinstance(found, Message) else b"") == key


class LosingOnce:
    """A producer whose second batch is in doubt once."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.calls = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        self.calls += 1
        if self.calls == 2:
            raise Lost("no answer")
        self.written += [message.value for message in messages]

    async def renew(self) -> None:
        """Nothing to throw away."""


async def test_a_batch_in_doubt_goes_again_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Order is kept: no later row before an earlier one."""
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(sending, "BATCH", 2)
    lines = [
        NumberedRow(n, {"type": "crm.record.created.v1", "record": {"type": "lead", "id": str(n)}}) for n in range(7)
    ]
    sender, progress = LosingOnce(), Progress("rows.csv")
    await sending.send(lines, lambda row: sending.event_as_it_is(row, Topics.of()), sender, progress, lambda: None)
    assert [orjson.loads(value)["record"]["id"] for value in sender.written] == [str(n) for n in range(7)]
    assert (progress.sent, sender.calls) == (7, 5)
