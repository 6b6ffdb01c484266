"""A file of leads names the tool they came in through, and a file of what happened to offers becomes offer events.

Both bring leads into sales plans (S121-S124, D47); what a map or a row has not, which such an event needs, is told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from service.connectors.file import sending
from service.connectors.file.converting import doubts_of
from service.connectors.file.event_map import read_map
from service.wire.messages import Message
from tests.connectors.test_file import MAP, event_of, problems, told

OFFERS: Final = """
source: shop
event: {column: state, words: {Bought: ordered, settled: paid, bounced: payment_failed}}
time: {column: at, type: time, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
record: {type: lead, id: {column: lead}}
offer: {column: offer}
"""
ROW: Final = {"state": "settled", "at": "31.01.2026 09:30", "lead": "7", "offer": "starter"}


def attribute(row: dict[str, Any], map_text: str, folder: Path, name: str) -> bytes | None:
    """One attribute of the event that a map makes of a row."""
    event = event_of(row, map_text, folder)
    assert isinstance(event, Message), event
    return dict(event.headers)[f"ce_{name}"]


def test_a_lead_names_the_tool_it_came_in_through(tmp_path: Path) -> None:
    """S121: a number in a file is its digits; an empty cell names none."""
    text = f"{MAP}tool: {{column: tool}}\n"
    assert told({"number": "1", "country": "DE", "tool": "chat"}, text, tmp_path)["tool"] == "chat"
    assert told({"number": "1", "country": "DE", "tool": 12}, text, tmp_path)["tool"] == "12"
    assert "tool" not in told({"number": "1", "country": "DE", "tool": ""}, text, tmp_path)
    assert told({"number": "1", "country": "DE"}, f"{MAP}tool: chat\n", tmp_path)["tool"] == "chat"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Bought", "crm.offer.ordered.v1"),
        ("bought ", "crm.offer.ordered.v1"),
        ("SETTLED", "crm.offer.paid.v1"),
        ("bounced", "crm.offer.payment_failed.v1"),
    ],
)
def test_the_words_of_a_file_say_what_happened_to_an_offer(state: str, kind: str, tmp_path: Path) -> None:
    """S122-S124: each of the three has a list of its own, so none is taken for another."""
    row = ROW | {"state": state}
    assert attribute(row, OFFERS, tmp_path, "type") == kind.encode()
    assert told(row, OFFERS, tmp_path) == {"record": {"type": "lead", "id": "7", "fields": {}}, "offer": "starter"}


@pytest.mark.parametrize("state", ["paid", "Paid", "crm.offer.paid.v1"])
def test_what_happened_may_be_said_for_short_or_in_full(state: str, tmp_path: Path) -> None:
    """In a column as in the map itself."""
    text = OFFERS.replace(", words: {Bought: ordered, settled: paid, bounced: payment_failed}", "")
    assert attribute(ROW | {"state": state}, text, tmp_path, "type") == b"crm.offer.paid.v1"
    whole = OFFERS.replace("{column: state, words: {Bought: ordered, settled: paid, bounced: payment_failed}}", "paid")
    assert attribute(ROW, whole, tmp_path, "type") == b"crm.offer.paid.v1"


@pytest.mark.parametrize(
    ("time", "cell", "moment"),
    [
        ('{column: at, type: time, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}', "31.01.2026 09:30", "08:30:00Z"),
        ('{column: at, type: time, format: "%d.%m.%Y %H:%M"}', "31.01.2026 09:30", "09:30:00Z"),
        ("{column: at, type: time}", "2026-01-31T09:30:15+02:00", "07:30:15Z"),
        ("{column: at, type: time}", "2026-01-31 09:30", "09:30:00Z"),
        ("{column: at, type: time, zone: America/New_York}", "2026-01-31T09:30:00Z", "09:30:00Z"),
    ],
)
def test_a_time_is_one_moment_whatever_the_file_writes(time: str, cell: str, moment: str, tmp_path: Path) -> None:
    """S122: what happened to one offer is put in order by it, so an hour too much would be a wrong plan."""
    text = OFFERS.replace('{column: at, type: time, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}', time)
    assert attribute(ROW | {"at": cell}, text, tmp_path, "time") == f"2026-01-31T{moment}".encode()


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"state": "setled"}, "7:1: state: 'setled' is no word of the map: did you mean 'settled'?"),
        ({"state": "x"}, "7:1: state: 'x' is no word of the map: there are Bought, settled, bounced"),
        ({"state": ""}, "7:1: state: it does not say what happened: fill it with one of created, owner_changed"),
        ({"at": "yesterday"}, "7:2: at: 'yesterday' is not a time like %d.%m.%Y %H:%M: mend the cell, or `format:`"),
        ({"offer": ""}, "7:1: crm.offer.paid.v1 names no offer: fill what the map reads as `offer`"),
        ({"lead": ""}, "7:1: the record has no id"),
    ],
)
def test_a_row_that_says_too_little_of_an_offer_is_left_out(cells: dict[str, str], why: str, tmp_path: Path) -> None:
    """With its place and what to do; the others go on."""
    assert str(event_of(ROW | cells, OFFERS, tmp_path)).startswith(why)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{MAP}event: paid\n", '6:8: event: crm.offer.paid.v1 is about an offer: add the key "offer"'),
        (f"{MAP}event: contacted\n", '6:8: event: crm.record.contacted.v1 is about a person: add the key "person"'),
        (
            f"{MAP}offer: starter\n",
            "6:8: offer: crm.record.created.v1 is not about an offer: say `event: ordered or paid or payment_failed`",
        ),
        (f"{MAP}person: ann\n", "6:9: person: crm.record.created.v1 is not about a person: say `event: contacted`"),
        (f"{MAP}offer: {{column: deal}}\nevent: paid\n", "6:8: offer: rows.csv has no column 'deal'"),
        (f"{MAP}time: {{column: country, type: time, zone: Berlin}}\n", "6:43: time.zone: there is no such time zone"),
        (f"{MAP}time: {{column: country, zone: Europe/Berlin}}\n", "6:7: time: only a time has a zone"),
        (f"{MAP}time: {{column: country, words: {{}}}}\n", "6:32: time.words"),
    ],
)
def test_a_map_that_says_too_little_or_too_much_of_offers_is_refused(text: str, why: str, tmp_path: Path) -> None:
    """D47: before anything is sent, with line and column."""
    (found,) = problems(text, tmp_path)
    assert found.startswith(why)


def test_offers_without_a_time_are_doubtful(tmp_path: Path) -> None:
    """What happened to one offer is in no order then but that of the file."""
    path = tmp_path / "map.yaml"
    path.write_text("\n".join(line for line in OFFERS.splitlines() if not line.startswith("time:")))
    assert "the map reads no `time`" in doubts_of(read_map(path), ())[0]
    path.write_text(OFFERS)
    assert doubts_of(read_map(path), ()) == []


def test_a_person_who_was_in_contact_is_named(tmp_path: Path) -> None:
    """S127: what linked mode goes by can come from a file as well."""
    said = told(
        {"number": "1", "country": "DE", "by": "ann"}, f"{MAP}event: contacted\nperson: {{column: by}}\n", tmp_path
    )
    assert said["person"] == "ann"


def test_a_file_of_offers_is_read_as_it_will_be(tmp_path: Path) -> None:
    """What the map makes is what ingest takes: no part of it is unknown."""
    event = event_of(ROW, OFFERS, tmp_path)
    assert isinstance(event, Message)
    sending.refuse_unreadable(event)
    assert orjson.loads(event.value)["offer"] == "starter"
