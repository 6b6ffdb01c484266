"""Text from outside has no power: whatever senders and neighbours write, a command shows it and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson
import pytest

from service.core.model import Decision, Trace
from service.kafka.publisher import Publisher
from service.wire.dead_letters import DETAIL, REASON
from service.wire.messages import Message
from service.wire.outputs import Context, render
from service.wire.topics import Topics
from tests.cli.conftest import Run
from tests.cli.running import Service, lead, running_service
from tests.cli.test_looking import sending
from tests.test_printable import is_harmless
from tests.wire.test_outputs import BARE

NASTY: Final = "[/x] [bold]\x1b[2J\x9b31m\u202e\x00\x07\r\nforged"
"""Markup, a terminal's commands in both lengths, a turned line, and a line of its own."""

CONFIGURATION: Final = {
    "users": {"ann": {"name": NASTY}, "bob": {}},
    "pools": {"sales": {"name": NASTY, "record_type": "lead", "members": ["ann", "bob"]}},
    "rule_sets": {
        "leads": {
            "name": NASTY,
            "record_type": "lead",
            "active": True,
            "entries": [{"id": "all", "name": NASTY, "target": {"pool": "sales"}}],
        }
    },
}
RECORD: Final = f"lead/{NASTY}"
FOREIGN: Final = {
    "nothing": b"",
    "text": NASTY.encode(),
    "no text": b"\xff\xfe",
    "list": b"[]",
    "deep": b"[" * 100_000,
    "like ours": b'{"record":{"type":"lead","id":"1"},"sequence":"x","trace":{}}',
}
TYPE: Final = ("ce_type", b"assignment.assigned.v1")


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose configuration, events and topics hold hostile texts and foreign records."""
    directory = tmp_path_factory.mktemp("config")
    (directory / "all.yaml").write_text(json.dumps(CONFIGURATION))
    with running_service(directory) as service:
        service.send(lead(NASTY))
        service.spoil(
            Message(
                "crm.records", NASTY.encode(), NASTY.encode(), ((NASTY, NASTY.encode()), ("Authorization", b"hush"))
            )
        )
        service.spoil(Message("crm.records", b"k", orjson.dumps({"type": NASTY, "id": NASTY})))
        write(service, *foreign(service.process.topics))
        yield service


def foreign(topics: Topics) -> Iterator[Message]:
    """What neighbours write to topics of ours; under the keys that commands look for."""
    for value in FOREIGN.values():
        for headers in ((), (TYPE,), ((NASTY, NASTY.encode()), ("ce_type", NASTY.encode()))):
            yield Message(topics.assignments, RECORD.encode(), value, headers)
            yield Message(topics.notifications, b"", value, headers)
            yield Message(topics.dead_letters, RECORD.encode(), value, headers)
            yield Message(topics.config, b"main", value, headers)
    yield Message(
        topics.dead_letters,
        b"nasty",
        NASTY.encode() * 20_000,
        ((REASON, NASTY.encode()), (DETAIL, NASTY.encode() * 500)),
    )
    context = Context(topics, NASTY, 1_700_000_000_000, 7, NASTY)
    for outcome in BARE.values():
        trace = Trace(question=NASTY, rule_set=NASTY)
        decision = Decision(record=RECORD, outcome=outcome, trace=trace, sequence=1)
        yield from render(decision, "0-0-7-0", context)


def write(service: Service, *messages: Message) -> None:
    """Write to any topics, as anybody may who reaches the broker."""

    async def work() -> None:
        publisher = Publisher(service.process.connection)
        try:
            for message in messages:
                await publisher.publish([message])
        finally:
            await publisher.close()

    service.run(work())


@pytest.fixture
def look(troubled: Service, alone: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the troubled service."""
    monkeypatch.setenv("FAIRLEAD_REDIS__URL", troubled.redis)
    return lambda *arguments: alone(*arguments, "--kafka", troubled.kafka)


LOOKING: Final = {
    "explain": ("explain", RECORD, "--all"),
    "explain of another division": ("explain", RECORD, "--division", NASTY, "--all"),
    "explain nothing": ("explain", f"lead/{NASTY}\ud800"),
    "pools": ("pools",),
    "no such pool": ("pools", NASTY),
    "rules": ("rules", "stats"),
    "deadletters list": ("deadletters", "list"),
    "deadletters of a reason": ("deadletters", "list", "--reason", NASTY),
    "deadletters show": ("deadletters", "show", "0/crm.records/{partition}/0"),
    "deadletters show a foreign one": ("deadletters", "show", "nasty"),
    "deadletters show none": ("deadletters", "show", f"{NASTY}\ud800"),
    "config": ("config", "show"),
    "config of nobody": ("config", "show", "--division", NASTY),
    "topics": ("topics", "check"),
}


@pytest.mark.parametrize("arguments", LOOKING.values(), ids=LOOKING)
def test_whatever_is_looked_at_is_shown_without_power(look: Run, arguments: tuple[str, ...]) -> None:
    """To people no control character but the line's end, to machines JSON that reads back."""
    told = look(*arguments)
    assert told.code in (0, 1)
    assert is_harmless(told.out + told.err, "\n")
    assert not any(line.startswith("forged") for line in (told.out + told.err).splitlines())
    as_json = look(*arguments, "--json")
    assert is_harmless(as_json.out + as_json.err, "\n")
    assert as_json.code == told.code
    if as_json.out:
        orjson.loads(as_json.out)


@pytest.mark.parametrize("command", [("sources", "reset"), ("adopt", "0"), ("restore", "0")], ids=" ".join)
def test_what_would_be_done_is_shown_without_power(look: Run, command: tuple[str, ...]) -> None:
    told = look(*command)
    assert told.code == 2
    assert is_harmless(told.out + told.err, "\n")


def test_foreign_records_are_told_once_with_their_place_and_passed_over(look: Run) -> None:
    """`explain` finds ours among them, and what it passed over it names."""
    told = look("explain", RECORD, "--all")
    passed = [line for line in told.err.splitlines() if line.startswith("passed over assignments/")]
    assert (told.code, len(passed)) == (0, len(FOREIGN) * 3)
    assert len(set(passed)) == len(passed)
    assert "→" in told.out


def test_a_header_that_lets_somebody_in_is_not_shown(look: Run, troubled: Service) -> None:
    """Not to people, not to machines."""
    write(
        troubled,
        Message(
            troubled.process.topics.dead_letters,
            b"secret",
            b"",
            (
                (REASON, b"invalid_json"),
                ("original_header_Authorization", b"hush"),
                ("original_header_origin", b"form"),
            ),
        ),
    )
    for options in ((), ("--json",)):
        told = look("deadletters", "show", "secret", *options)
        assert told.code == 0
        assert "hush" not in told.out
        assert "form" in told.out


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["people", "machines"])
def test_watch_goes_on_whatever_comes(look: Run, troubled: Service, options: tuple[str, ...]) -> None:
    with sending(
        troubled, lambda: write(troubled, *foreign(troubled.process.topics)), lambda: troubled.send(lead(NASTY))
    ):
        told = look("watch", "-n", "5", *options)
    assert told.code == 0
    assert is_harmless(told.out + told.err, "\n")
    assert "passed over assignments/" in told.err
    assert len(told.out.splitlines()) == 5
    for line in told.out.splitlines() if options else ():
        orjson.loads(line)


def test_a_configuration_on_the_disk_is_checked_without_power(alone: Run, tmp_path: Path) -> None:
    """Names of files and what stands in them are foreign, too."""
    spoilt = CONFIGURATION | {NASTY: 1, "pools": {NASTY: {"record_type": NASTY, "members": [NASTY, 1]}}}
    (tmp_path / f"{NASTY.replace('/', '').replace(chr(0), '')}.yaml").write_text(json.dumps(spoilt))
    for told in (alone("check", tmp_path), alone("check", tmp_path, "--json")):
        assert told.code == 1
        assert is_harmless(told.out + told.err, "\n")
