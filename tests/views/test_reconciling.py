"""A list of what is open in the CRM against what is remembered: what differs, and what a correction brings about."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from service.cli.reconcile import ToldWith, correction, owner_in
from service.connectors.file.open_records import OpenRecord, open_records
from service.connectors.file.opening import FileRefused
from service.core.events import RecordEvent
from service.core.given import USUAL
from service.core.model import Nothing, Outcome
from service.core.pool_spec import Membership
from service.views.reconciling import Disagreement, Kept, Listed, compare, correctable
from service.wire.inputs import LaneInput, decode, read_input
from service.wire.messages import Poison, RawRecord
from tests.core.build import MINUTE_MS, Division, closed, deleted, owner_changed, pool, reopened, updated

PEOPLE: Final = ("ann", "bob", "cem", "zoe")


TOLD: Final = ToldWith(Division().config, datetime(2026, 3, 2, tzinfo=UTC), "division", "crm.records")


def kept(division: Division) -> dict[str, Kept]:
    """All that is remembered of records."""
    state = division.state
    return {
        name: Kept(record, state.sizes[name].size if name in state.sizes else USUAL)
        for name, record in state.records.items()
    }


def differences(division: Division, listed: dict[str, Listed]) -> list[Disagreement]:
    """What differs from a list of this moment."""
    return list(compare(listed, kept(division), division.config, division.now_ms))


def correct(division: Division, found: Disagreement, made_ms: int) -> tuple[Outcome, ...]:
    """Tell the division what the list says, in the bytes of the command."""
    made = datetime.fromtimestamp(made_ms / 1_000, UTC)
    message = correction(found, ToldWith(division.config, made, "division", "crm.records"))
    decoded = decode(RawRecord(message.topic, 0, 0, message.key, message.value, message.headers, 0), epoch=0)
    assert not isinstance(decoded, Poison)
    read = read_input(decoded.value)
    assert isinstance(read, LaneInput)
    assert isinstance(read.event, RecordEvent)
    return division.send(read.event)


def told_by_time(division: Division) -> Division:
    """A division whose clock is a minute later, so that a list of now is newer than all that was told."""
    division.later(minutes=1)
    return division


def test_each_difference_is_corrected_by_one_event() -> None:
    """D26 D33 Also where the CRM has an earlier choice of ours, so that what it tells looks like an echo."""
    division = Division(pool("ann", "bob"), sizes={"lead": "effort"})
    division.serve("lead/same", "lead/closed", "lead/gone", "lead/moved", "lead/size", "lead/shut")
    for record in ("lead/closed", "lead/gone"):
        division.send(closed(record) if record == "lead/closed" else deleted(record))
    told_by_time(division)
    listed = {
        "lead/same": Listed("ann", None),
        "lead/closed": Listed("bob", 1),
        "lead/gone": Listed("cem", None),
        "lead/moved": Listed("ann", None),
        "lead/size": Listed("ann", 3),
        "lead/new": Listed("bob", 2),
        "lead/none": Listed("", None),
    }

    found = differences(division, listed)
    assert {each.record: each.what for each in found} == {
        "lead/closed": "closed",
        "lead/gone": "deleted",
        "lead/moved": "other_owner",
        "lead/new": "not_known",
        "lead/none": "not_known",
        "lead/shut": "not_listed",
        "lead/size": "other_size",
    }
    for each in correctable(found, division.config):
        correct(division, each, division.now_ms)
    assert differences(division, listed) == []
    assert division.state.open["lead/ann"].open_items == 5
    assert division.record("lead/shut").closed


def test_a_freed_place_wakes_who_waits() -> None:
    """D26 b5"""
    division = Division(pool(Membership("ann", max_open=1)))
    division.serve("lead/1", "lead/2")
    (found,) = differences(division, {})
    correct(division, found, division.now_ms)
    assert division.record("lead/2").owner == "ann"


def test_what_waits_gets_no_place_that_the_list_takes() -> None:
    """D26 D55 Closings are told last: what is freed goes to what waits at once, and nobody has more than they may."""
    division = Division(pool(Membership("ann", max_open=2)))
    division.serve("lead/1", "lead/2", "lead/3")
    told_by_time(division)
    listed = {"lead/2": Listed("ann", None), "lead/4": Listed("ann", None), "lead/5": Listed("", None)}
    corrected = correctable(differences(division, listed), division.config)
    assert [each.record for each in corrected] == ["lead/4", "lead/5", "lead/1"]
    for each in corrected:
        correct(division, each, division.now_ms)
    assert division.state.open["lead/ann"].open_items == 2
    assert division.record("lead/3").parked


@pytest.mark.parametrize("seed", range(30))
def test_corrections_come_in_an_order_that_frees_last(seed: int) -> None:
    """D26 Owners before those whom nobody has, before what is closed; of one rank by name."""
    rng = random.Random(seed)
    division = Division(pool("ann", "bob"))
    names = [f"lead/{number}" for number in range(8)]
    for _ in range(30):
        happen(rng, division, rng.choice(names))
    told_by_time(division)
    listed = {name: Listed(rng.choice(["", *PEOPLE]), None) for name in names if rng.random() < 0.7}
    corrected = correctable(differences(division, listed), division.config)
    ranks = [2 if each.listed is None else 1 if not each.listed.owner else 0 for each in corrected]
    assert ranks == sorted(ranks)
    assert {correction(each, TOLD).key for each in corrected} <= {b"reconcile"}


@pytest.mark.parametrize("seed", range(30))
def test_after_the_corrections_nothing_differs_but_what_changed_meanwhile(seed: int) -> None:
    """D26 D33 Any history, any list; and what changes between the look and the correction is not touched."""
    rng = random.Random(seed)
    division = Division(pool("ann", "bob"), sizes={"lead": "effort"})
    names = [f"lead/{n}" for n in range(8)]
    for _ in range(40):
        happen(rng, division, rng.choice(names))
    told_by_time(division)
    listed = {
        name: Listed(rng.choice(["", *PEOPLE]), rng.choice([None, 0, 1, 4])) for name in names if rng.random() < 0.7
    }
    found, made_ms = differences(division, listed), division.now_ms
    meanwhile = [each.record for each in found if rng.random() < 0.3]
    division.later(ms=1)
    for name in meanwhile:
        happen(rng, division, name)
    before = {name: division.record(name) for name in meanwhile}
    for each in found:
        outcomes = correct(division, each, made_ms)
        has_changed = each.record in meanwhile and outcomes == (Nothing("changed_meanwhile"),)
        assert has_changed == (each.record in meanwhile)
    assert {name: division.record(name) for name in meanwhile} == before
    assert {each.record for each in differences(division, listed)} <= {*meanwhile}


def happen(rng: random.Random, division: Division, name: str) -> None:
    """Something is told of a record, with or without a time."""
    time_ms: dict[str, Any] = {"time_ms": division.now_ms} if rng.random() < 0.5 else {}
    match rng.randrange(6):
        case 0:
            division.create(name, facts={"effort": rng.choice([0, 1, 2])}, **time_ms)
        case 1:
            division.send(owner_changed(name, rng.choice(PEOPLE), **time_ms))
        case 2:
            division.send(closed(name, **time_ms))
        case 3:
            division.send(reopened(name, **time_ms))
        case 4:
            division.send(deleted(name, **time_ms))
        case _:
            division.send(updated(name, facts={"effort": rng.choice([0, 1, 5])}, **time_ms))


def test_what_was_heard_since_the_list_was_made_is_not_corrected() -> None:
    """D26 The list is of a moment, and says nothing of what came later."""
    division = Division(pool("ann"))
    division.serve("lead/1")
    division.record("lead/1").heard_min = division.now_ms // MINUTE_MS
    (found,) = compare({}, kept(division), division.config, division.now_ms)
    assert found.is_newer
    assert correctable([found], division.config) == []
    later = compare({}, kept(division), division.config, division.now_ms + MINUTE_MS)
    assert [each.is_newer for each in later] == [False]


def test_a_size_that_a_linked_record_tells_is_shown_and_not_corrected() -> None:
    """D26"""
    division = Division(pool("ann"), sizes={"lead": "account.effort"})
    division.serve("lead/1")
    found = differences(division, {"lead/1": Listed("ann", 3)})
    assert [each.what for each in found] == ["other_size"]
    assert correctable(found, division.config) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("record type,id\nlead,1\n", "1:1: the column owner is missing"),
        ("type,id,owner\nticket,1,ann\n", "2:1: this is no type of record"),
        ("type,id,owner\nlead,,ann\n", "2:1: the id is missing"),
        ("type,id,owner,size\nlead,1,ann,big\n", "2:1: this is no size"),
        ("type,id,owner\nlead,1,ann\nlead,2\n", "3:3: 2 cells, the header has 3"),
        ("type,id,owner\nlead,1,ann\nlead,1,bob\n", "3:1: lead/1 stands in line 2 already"),
        ("type,id,owner\nLead,1,ann\nlead, 1,bob\n", "3:1: lead/1 stands in line 2 already"),
        ("type,id,record_id,owner\nlead,1,99,ann\n", "1:3: the column id stands there twice"),
        ("type,id,owner,Owner ID\nlead,1,Ann Lee,ann\n", "1:4: the column owner stands there twice"),
        ("type,id,ID,owner\nlead,1,2,ann\n", "1:3: the column id stands there twice"),
        ("type,id,owner,size,Size\nlead,1,ann,1,2\n", "1:5: the column size stands there twice"),
        ("type,id,owner\nlead,1,queue:inbox\n", "2:1: this owner is no person"),
        ("type,id,owner\nlead,1,pool:sales\n", "2:1: this owner is no person"),
    ],
)
def test_a_list_that_is_not_whole_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """D26 Of what was not read it would say that it is closed."""
    file = tmp_path / "open.csv"
    file.write_text(content)
    with pytest.raises(FileRefused, match=said):
        open_records(file)


def test_a_list_is_read_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_text("Record Type;ID;Owner;Size\nLead;1; ann ;2\ndeal;2;;\n")
    assert [tuple(each) for each in open_records(file, ";")] == [("lead/1", "ann", 2.0), ("deal/2", "", None)]


def test_what_the_list_does_not_ask_for_may_stand_there_twice(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_text("note,type,id,note,owner\nx,lead,1,y,ann\n")
    assert [each.record for each in open_records(file)] == ["lead/1"]


@pytest.mark.parametrize(("told", "owner"), [("user:ann", "ann"), ("ann", "ann"), ("zoe:x", "zoe:x"), ("", "")])
def test_an_owner_may_be_written_as_events_tell_them(told: str, owner: str) -> None:
    """D41 Else all that ann has would be given to somebody called user:ann."""
    assert owner_in(OpenRecord("lead/1", told, None), Division(pool("ann")).config) == owner
