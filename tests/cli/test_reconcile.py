"""To compare a list of what is open with the memory: what is shown, what is sent, and what is refused."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.running import Service, until


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A list of a contact that nobody here knows."""
    file = tmp_path / "open.csv"
    file.write_text("record type,id,owner\ncontact,77,ann\n")
    return file


def test_differences_are_shown_and_corrected_through_the_log(run: Run, service: Service, written: Path) -> None:
    """D26 First only shown; then told to the lane, and after that both are the same."""
    shown = run("reconcile", written)
    assert (shown.code, "contact/77" in shown.out, "say --yes" in shown.out) == (1, True, True)

    corrected = run("reconcile", written, "--yes")
    assert (corrected.code, "1 are corrected" in corrected.out) == (0, True)
    service.sent += 1
    service.run(until(lambda: service._taken() >= service.sent))

    again = run("reconcile", written)
    assert (again.code, again.out.strip()) == (0, "what is open is the same in both")


def test_as_json_with_the_mark_of_each_record(run: Run, written: Path) -> None:
    """What changed since the list is named, and not corrected."""
    written.write_text("record type,id,owner\nlead,1,kim\n")
    long_ago = time.time() - 86_400
    os.utime(written, (long_ago, long_ago))
    ended = run("reconcile", written, "--json", "--yes")
    said: Any = ended.json
    by_name = {each["record"]: each for each in said["differences"]}
    assert said["corrected"] == 0
    assert by_name["lead/1"]["what"] == "other_owner"
    assert all(each["is_newer"] and each["mark"] for each in by_name.values())


@pytest.mark.parametrize("row", [f"contact,{'7' * 300},ann", f"contact,78,{'a' * 300}"], ids=["id", "owner"])
def test_what_would_be_a_dead_letter_is_not_sent(run: Run, written: Path, row: str) -> None:
    """It would be said to be corrected, and differ for ever: so nothing of the list is sent."""
    written.write_text(f"record type,id,owner\ncontact,79,ann\n{row}\n")
    ended = run("reconcile", written, "--yes")
    assert (ended.code, "this would be a dead letter" in ended.err) == (2, True)
    assert "contact/79" in run("reconcile", written).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as-of", "yesterday"), "this is no time"),
        (("--as-of", "2026-01-01T10:00"), "the zone is missing"),
        (("--as-of", "0001-01-01T00:00+14:00"), "this is too far away"),
        (("--as-of", "9999-01-01T00:00Z"), "this is still to come"),
        (("--division", "nowhere"), "nowhere has no configuration"),
        (("--delimiter", ";"), "divided by another character"),
        (("--delimiter", ";;"), "write one character"),
        (("--type", "task"), "this is no type of record"),
    ],
)
def test_what_is_refused_says_what_to_do(run: Run, written: Path, arguments: tuple[str, str], said: str) -> None:
    ended = run("reconcile", written, *arguments)
    assert ended.code == 2
    assert said in " ".join(ended.err.split())


def test_a_list_without_a_row_says_of_which_type_it_is(run: Run, written: Path) -> None:
    """D26 Else it says of nothing that it is closed, and nothing that all is the same."""
    written.write_text("record_type,id,owner\n")
    ended = run("reconcile", written)
    assert (ended.code, "this list names no record" in " ".join(ended.err.split())) == (2, True)
    ended = run("reconcile", written, "--type", "lead", "--json")
    said: Any = ended.json
    assert {each["what"] for each in said["differences"]} == {"not_listed"}


def test_owners_who_are_no_users_are_named(run: Run, written: Path) -> None:
    """A list with people's names where their ids belong would give all of it to nobody who is here."""
    written.write_text("record_type,id,owner\ncontact,81,Ann Lindqvist\ncontact,82,bob\n")
    ended = run("reconcile", written)
    assert "no users here" in ended.out
    assert "Ann Lindqvist" in ended.out.split("no users here")[1]
    assert "bob" not in ended.out.split("no users here")[1]
