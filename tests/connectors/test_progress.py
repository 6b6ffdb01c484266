"""What is told of a file's rows is bounded, however long the file is."""

from __future__ import annotations

import pytest

from service.connectors.file import progress as counted
from service.connectors.file.progress import TOLD, Progress, events_of
from service.connectors.file.rows import BadRow, NumberedRow
from service.wire.cloudevents import binary_message
from service.wire.messages import Message


def event(number: int, event_id: str, record: str = "") -> Message:
    """A creation of a record, of its own unless said otherwise."""
    said = {"record": {"type": "lead", "id": record or str(number), "fields": {}}}
    return binary_message("crm.records", "key", {"id": event_id, "source": "x", "type": "crm.record.created.v1"}, said)


def warnings(*events: Message) -> list[str]:
    """What is doubtful about the events of a file, from its second line on."""
    progress = Progress("rows.csv")
    rows = [NumberedRow(line, {}) for line in range(2, len(events) + 2)]
    sent = list(events_of(rows, lambda row: events[row.line - 2], progress))
    assert sent == list(events)
    return [str(each) for each in progress.warnings]


def test_an_event_id_that_comes_twice_is_doubted() -> None:
    """The second event would be taken for a repeat, whatever it says."""
    assert warnings(event(1, "a"), event(2, "b"), event(3, "a")) == [
        "rows.csv:4:1: the event id 'a' was in line 2 already: a repeat changes nothing"
    ]


def test_a_creation_that_comes_twice_is_doubted() -> None:
    """Pasted together, a list has some leads twice, under ids of their own."""
    assert warnings(event(1, "a", "L-1"), event(2, "b"), event(3, "c", "L-1")) == [
        "rows.csv:4:1: lead/L-1 was created in line 2 already: this is heard as a change of it"
    ]


def test_where_repeats_are_looked_for_no_longer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the file; nobody must take silence for a promise."""
    monkeypatch.setattr(counted, "REMEMBERED_NAMES", 4)
    assert warnings(event(1, "a"), event(2, "b"), event(3, "c"), event(3, "c"), event(1, "a")) == [
        "rows.csv:3:1: repeats are looked for among the first 4 ids, up to here",
        "rows.csv:6:1: the event id 'a' was in line 2 already: a repeat changes nothing",
    ]


def test_only_the_first_problems_are_kept_and_all_are_counted() -> None:
    rows = [BadRow(line, "no") for line in range(2, 102)]
    progress = Progress("rows.csv")
    assert list(events_of(rows, lambda row: BadRow(row.line, "no"), progress)) == []
    assert (progress.bad_rows, len(progress.bad)) == (100, TOLD)
