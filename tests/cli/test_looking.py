"""The commands that look at a running service: what they say, to people and to machines, and how they end."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from service.cli.speech import Speaker, span, table_of
from tests.cli.conftest import LARGE_BYTES, Run
from tests.cli.running import Service, lead, member


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


def test_explain_says_why_in_words(run: Run) -> None:
    """D16: rule entries with their result, and each member with the reason they were left out."""
    told = run("explain", "lead/2")
    assert told.code == 0
    assert "lead/2 → bob" in told.out
    assert "pool sales, turn 2" in told.out
    assert '"Key accounts"' in told.out
    assert 'country equals "US"' in told.out
    assert "ann (Ann Lindqvist)" in told.out


def test_explain_as_json_holds_the_decision_and_the_words(run: Run) -> None:
    """Both what the topic says and what a person would read."""
    told = said(run("explain", "lead/4", "--json").json)
    (decision,) = told["decisions"]
    assert (decision["owner"]["id"], decision["turn"], decision["type"]) == ("ann", 4, "assignment.assigned.v1")
    assert decision["explanation"][0].startswith("lead/4 → ann")


def test_explain_knows_older_decisions_too(run: Run, service: Service) -> None:
    """D5: the human's choice released ours; `--all` tells both, without it only the last."""
    service.send(lead("moved"), lead("moved", "owner_changed", ("user", "eve")))
    types = [each["type"] for each in said(run("explain", "lead/moved", "--all", "--json").json)["decisions"]]
    assert types == ["assignment.assigned.v1", "assignment.released.v1"]
    last = run("explain", "lead/moved")
    assert "released" in last.out
    assert "1 earlier decision: --all shows it" in last.out
    service.send(lead("moved", "deleted"))


def test_explain_finds_nothing_about_an_unknown_record(run: Run) -> None:
    """Exit code 1, and JSON that says so."""
    told = run("explain", "lead/none", "--json")
    assert (told.code, said(told.json)["decisions"]) == (1, [])
    assert "nothing is known of lead/none" in told.err


def test_explain_wants_type_and_id(run: Run) -> None:
    """Wrong usage says how it is written."""
    told = run("explain", "2")
    assert told.code == 2
    assert "lead/2" in told.err


def test_pools_shows_who_is_next_and_why_others_are_not(run: Run) -> None:
    """S6: no right is needed. Who is full is named with the reason, and stands where their turn is."""
    found = {pool["pool"]: pool for pool in said(run("pools", "--json").json)}
    sales = found["sales"]
    members = {member["person"]: member for member in sales["members"]}
    assert members["eve"]["excluded"] == "full"
    assert members["eve"]["open_items"] == 1
    assert sales["next"] in {"ann", "bob"}
    assert sales["turn"] == max(member["last_turn"] for member in sales["members"]) >= 6
    assert sales["memory"] == "ready"
    assert (found["spare"]["turn"], found["spare"]["next"], found["spare"]["members"][0]["last_turn"]) == (0, "bob", 0)


def test_pools_names_who_the_next_assignment_goes_to(run: Run, service: Service) -> None:
    """The command asks the code that decides."""
    foretold = said(run("pools", "sales", "--json").json)[0]["next"]
    service.send(lead("next-one"))
    assert said(run("explain", "lead/next-one", "--json").json)["decisions"][0]["owner"]["id"] == foretold


def test_pools_as_a_table(run: Run) -> None:
    """One table a pool; a name chooses one; an unknown name is a problem."""
    table = run("pools", "sales")
    assert table.code == 0
    assert "sales" in table.out
    assert "1 of 1" in table.out
    assert "spare" not in table.out
    assert run("pools", "nothing").code == 1


@pytest.fixture
def line(service: Service) -> Iterator[None]:
    """Everybody is away until evening, and two leads wait; afterwards all are back."""
    until = datetime.now(UTC) + timedelta(hours=5)
    for name in ("ann", "bob"):
        service.send(member(name, "away", until=until.isoformat()))
    for name in ("low", "high"):
        service.send(lead(f"waits-{name}", score=2 if name == "high" else 1))
    yield
    for name in ("ann", "bob"):
        service.send(member(name, "available"))


@pytest.mark.usefixtures("line")
def test_waiting_shows_the_line_in_its_order(run: Run) -> None:
    """Why, since when, score, and the next try where somebody's return is known; `--limit` says how many more."""
    (found,) = said(run("waiting", "--json").json)["lines"]
    assert (found["pool"], found["why"], found["excluded"]) == ("sales", "nobody_eligible", {"away": 2, "full": 1})
    assert [(each["record"], each["score"]) for each in found["records"]] == [
        ("lead/waits-high", 2.0),
        ("lead/waits-low", 1.0),
    ]
    assert (found["count"], found["more"]) == (2, 0)
    assert datetime.fromisoformat(found["next_try"]) > datetime.now(UTC) + timedelta(hours=4)
    table = run("waiting", "--pool", "sales", "-n", "1")
    assert table.out.startswith("sales · 2 waiting · ")
    assert "no member can take it now: 2 away, 1 full · next try in 4 h 59 min" in table.out
    assert "lead/waits-high" in table.out
    assert "lead/waits-low" not in table.out
    assert "and 1 more" in table.out


@pytest.mark.parametrize("value", ["note-after-each-call-of-a-customer", "2026-03-02 17:00:00", "1,234,567", "ann"])
@pytest.mark.parametrize("width", [24, 40, 80])
def test_a_table_cuts_no_value_however_narrow_it_is(value: str, width: int) -> None:
    """What is cut cannot be copied, nor told from what begins the same."""
    table = table_of("id", "told", "count", right=["count"])
    table.add_row(value, value, value)
    written = io.StringIO()
    Speaker(file=written, width=width).print(table)
    rows = [line.split("│")[1:-1] for line in written.getvalue().splitlines() if line.startswith("│")]
    cells = ["".join("".join(parts).split()) for parts in zip(*rows, strict=True)]
    assert cells == ["".join(value.split())] * 3


def test_waiting_says_where_nothing_waits(run: Run) -> None:
    """All well; a pool that nobody knows is a problem."""
    nothing = run("waiting", "--pool", "spare")
    assert (nothing.code, nothing.out) == (0, "nothing waits\n")
    unknown = run("waiting", "--pool", "nowhere")
    assert unknown.code == 1
    assert "there is no pool nowhere" in unknown.err
    assert run("waiting", "--division", "elsewhere").code == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (40, "40 s"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (7_500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_span_of_time_is_told_in_its_two_largest_units(seconds: int, words: str) -> None:
    """Nobody who waits for days asks for seconds."""
    assert span(seconds * 1_000 + 999 * (seconds >= 0)) == words


def test_dead_letters_are_listed_with_reason_and_position(run: Run) -> None:
    """D24: what cannot be read is not lost."""
    (letter,) = said(run("deadletters", "list", "--reason", "invalid_json", "--json").json)
    assert letter["reason"] == "invalid_json"
    assert letter["position"].startswith("0/crm.records/")
    assert letter["size_bytes"] == len(b'{"broken": "ja\xff')
    table = run("deadletters", "list")
    assert letter["reason"] in table.out
    assert said(run("deadletters", "list", "--reason", "unknown_type", "--json").json) == []


def test_a_dead_letter_is_shown_as_it_came(run: Run) -> None:
    """Key, headers and bytes are the original's; bytes that are no text come in base64."""
    position = said(run("deadletters", "list", "--reason", "invalid_json", "--json").json)[0]["position"]
    letter = said(run("deadletters", "show", position, "--json").json)
    assert letter["key"] == "lead/broken"
    assert letter["headers"] == [["origin", {"base64": "Zm9ybSD+"}]]
    assert letter["value"] == {"base64": "eyJicm9rZW4iOiAiamH/"}
    shown = run("deadletters", "show", position)
    assert '{"broken": "ja\\xff' in shown.out
    assert "origin: form \\xfe" in shown.out


def test_of_a_cut_dead_letter_the_original_size_is_shown(run: Run) -> None:
    """Whoever looks must not take a part for the whole."""
    (letter,) = said(run("deadletters", "list", "--reason", "too_large", "--json").json)
    assert (letter["size_bytes"], letter["cut"]) == (LARGE_BYTES, "value")
    assert f"{LARGE_BYTES} (cut)" in run("deadletters", "list").out
    assert f"the original value has {LARGE_BYTES} bytes, SHA-256" in run("deadletters", "show", letter["position"]).out


def test_an_unknown_dead_letter_is_a_problem(run: Run) -> None:
    """The list says which there are."""
    told = run("deadletters", "show", "0/crm.records/0/99999")
    assert told.code == 1
    assert "deadletters list" in told.err


def test_the_valid_configuration_is_shown_as_it_could_be_published(run: Run) -> None:
    """YAML with its version in a comment; the people's names are in it."""
    told = run("config", "show")
    assert told.code == 0
    assert "version 1" in told.out
    assert yaml.safe_load(told.out)["users"]["ann"] == {"name": "Ann Lindqvist"}
    document = said(run("config", "show", "--json").json)
    assert (document["version"], sorted(document["document"]["pools"])) == (1, ["sales", "spare"])


def test_a_configuration_that_is_not_there_is_a_problem(run: Run) -> None:
    """The answer names what there is."""
    assert "it has 1 to" in run("config", "show", "--version", "99").err
    told = run("config", "show", "--division", "acme")
    assert (told.code, "main" in told.err) == (1, True)


def test_topics_of_the_embedded_broker_are_in_order(run: Run) -> None:
    """Its number of lanes is its own, whatever the settings say."""
    told = said(run("topics", "check", "--json").json)
    assert told == {"created": [], "problems": []}
    assert "all" in run("topics", "create").out


@contextmanager
def sending(service: Service, *before: Callable[[], None]) -> Iterator[None]:
    """New leads keep coming, for somebody who watches, each after what else shall happen `before`."""
    done = threading.Event()

    def send() -> None:
        number = 0
        while not done.wait(0.1):
            number += 1
            for each in before:
                each()
            service.send(lead(f"watched-{number}"))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_watch_shows_assignments_as_they_happen(run: Run, service: Service) -> None:
    """One JSON line each, as many as asked for."""
    with sending(service):
        told = run("watch", "--count", "2", "--json")
    lines = [orjson.loads(line) for line in told.out.splitlines()]
    assert told.code == 0
    assert len(lines) == 2
    assert all(line["record"]["id"].startswith("watched-") and line["owner"]["id"] for line in lines)


def test_watch_writes_a_line_for_people(run: Run, service: Service) -> None:
    """Record, owner, pool and turn."""
    with sending(service):
        told = run("watch", "-n", "1")
    assert "lead/watched-" in told.out
    assert "pool sales, turn" in told.out
    assert "Ctrl-C ends" in told.err


def test_schemas_are_exported_without_any_broker(alone: Run, tmp_path: Path) -> None:
    """What others validate against."""
    told = alone("schemas", "export", tmp_path / "out")
    assert told.code == 0
    schema = orjson.loads((tmp_path / "out" / "json" / "assignment.assigned.v1.json").read_bytes())
    assert "owner" in schema["properties"]
    assert yaml.safe_load((tmp_path / "out" / "asyncapi.yaml").read_text())["asyncapi"].startswith("3.")
    for name, part in {"configuration": "rule_sets", "scenario": "steps"}.items():
        written = orjson.loads((tmp_path / "out" / "json" / f"{name}.json").read_bytes())
        assert part in written["properties"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("pools",), 2),
        (("pools", "sales"), 2),
        (("plans",), 2),
        (("waiting",), 2),
        (("waiting", "--json"), 2),
        (("rules", "stats"), 2),
        (("workflows",), 2),
        (("workflows", "--record", "lead/2"), 2),
        (("members", "back", "ann"), 2),
        (("config", "show"), 1),
        (("explain", "lead/2"), 1),
    ],
)
def test_a_division_that_there_is_not_is_said_to_be_none(run: Run, arguments: tuple[str, ...], code: int) -> None:
    """D37 Else a misspelt name looks like a deployment in which there is nothing."""
    ended = run(*arguments, "--division", "mian")
    assert ended.code == code
    assert "mian has no configuration; divisions that have: main" in " ".join(ended.err.split())


@pytest.mark.parametrize("name", ["lead", "lead/", "/2", "/"])
@pytest.mark.parametrize("command", [("explain",), ("workflows", "--record")])
def test_what_names_no_record_is_wrong_usage(alone: Run, command: tuple[str, ...], name: str) -> None:
    """D16: of it nothing could ever be known, so an empty answer would mislead; no broker is asked."""
    ended = alone(*command, name)
    assert (ended.code, f'"{name}" names no record: write type and id' in ended.err) == (2, True)
