"""The checkers of steps, of who is idle and of open items find what is planted: each rule beside what keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import pytest

from tests.giving_words import Bound, Circle, Known, Stage, Stages, Terms
from tests.log_outputs import Output
from tests.log_reader import Line, Reader, Seen
from tests.open_items_checker import open_item_violations
from tests.steps_checker import step_violations
from tests.test_giving_checker import START, at_minute

STEPS: Final = (Stage("user:{keeper}", 60_000), Stage("pool:sales", 300_000, True), Stage("user:boss"))
SLOWER: Final = (STEPS[0], STEPS[1]._replace(wait_ms=600_000), STEPS[2])
NAMES: Final = tuple(step.target for step in STEPS)
CIRCLES: Final = {
    "sales": Circle("lead", ("ann", "bob"), "pool:help"),
    "help": Circle("lead", ("eve",), "user:zed"),
    "empty": Circle("lead", ()),
}
IN_STEPS: Final = Terms(
    circles=CIRCLES, stages=(Stages("/lead", STEPS),), people=frozenset({"ann", "bob", "eve", "boss", "kim", "zed"})
)
PLAIN: Final = IN_STEPS._replace(stages=())
OPEN: Final = PLAIN._replace(
    bounds=(
        Bound("member", "sales", "ann", "open", 5),
        Bound("person", "", "ann", "open", 9, ("deal", "lead")),
        Bound("pool", "sales", "", "open", 7),
    )
)
Told = dict[str, Any]


def on(*reached: float | tuple[float, str], begins: float | None = None, names: Sequence[str] = NAMES) -> Told:
    """The steps of a decision: since when each was reached (minutes), and why it has no wait; when the next begins."""
    rows: list[dict[str, str]] = [{"target": name} for name in names]
    for row, each in zip(rows, reached, strict=False):
        since, skipped = each if isinstance(each, tuple) else (each, "")
        row |= {"since": at_minute(since)} | ({"skipped": skipped} if skipped else {})
    if begins is not None:
        rows[len(reached)]["begins"] = at_minute(begins)
    return {"steps": rows}


def waits(minutes: float, steps: Told, **more: Any) -> Told:
    """The lead waits."""
    return {"at": minutes, "kind": "pending", "pool": "sales", "reason": "nobody_eligible", "trace": steps, **more}


def gives(minutes: float, person: str, steps: Told, pool: str | None = "sales", **more: Any) -> Told:
    owner = {"kind": "user", "id": person}
    return {"at": minutes, "kind": "assigned", "owner": owner, "pool": pool, "trace": steps, **more}


def takes(minutes: float, person: str = "ann", reason: str = "not_accepted") -> Told:
    return {"at": minutes, "kind": "released", "previous_owner": {"kind": "user", "id": person}, "reason": reason}


def hears(minutes: float, kind: str = "updated", reason: str = "record_updated", **more: Any) -> Told:
    """News of the lead, of which nothing is published."""
    return {"at": minutes, "heard": {"record": {"kind": kind, "record_type": "lead", **more}}, "reason": reason}


def comes(minutes: float, person: str, word: str = "available", reason: str = "member_changed", **more: Any) -> Told:
    """News of a person."""
    return {"at": minutes, "heard": {"member": {"person": person, "availability": word, **more}}, "reason": reason}


def recorded(*told: Told, ends: float = 0, climbs: Told | None = None) -> tuple[Reader, list[Seen]]:
    """A lane in which this was decided and heard, of one lead unless said otherwise, and that ends by then."""
    reader, inputs = Reader(0), []
    for number, each in enumerate(told):
        ms = round(START.timestamp() * 1_000 + each["at"] * 60_000)
        name, source, output = each.get("name", "1"), "", None
        if "heard" in each:
            event = dict(each["heard"])
            if "record" in event:
                event["record"] = {"record_id": name, **event["record"]}
            inputs.append(Seen("events", 0, number, b"", json.dumps(event).encode()))
            source = f"0/crm/0/{number}"
        if "kind" in each:
            trace = {"question": "default", "candidates": [], **each.get("trace", {})}
            said = {"record": {"type": "lead", "id": name}, "configuration": {"version": 1}, **each, "trace": trace}
            named = {"type": f"assignment.{each['kind']}.v1", "division": "main", "id": f"#{number}"}
            named["time"] = at_minute(each["at"])
            headers = tuple((f"ce_{key}", value.encode()) for key, value in named.items())
            output = Output("assignments", b"", json.dumps(said).encode(), headers)
        reader.story.append(Line(number, each.get("reason", "") if output is None else "", source, output, "", ms))
    reader.clock = round(START.timestamp() * 1_000 + ends * 60_000)
    reader.content = {"climb": climbs or {}}
    return reader, inputs


def complaints(*told: Told, terms: Terms = IN_STEPS, others: Sequence[Terms] = (), **more: Any) -> list[str]:
    """What the checker of steps finds in a run that is over."""
    reader, inputs = recorded(*told, **more)
    known: Known = {("main", number): each for number, each in enumerate((terms, *others), 1)}
    return list(step_violations(known, reader, inputs, is_finished="ends" in more))


def climb(*reached: float | tuple[float, str]) -> Told:
    """What a lane keeps of a record on its steps."""
    rows = [each if isinstance(each, tuple) else (each, "") for each in reached]
    ms = [[round(START.timestamp() * 1_000 + since * 60_000), skipped] for since, skipped in rows]
    return {"main/lead/1": ["0af3", ms, []]}


UNSET: Final = (0, "field_unset")
KIM: Final = hears(0, facts={"keeper": "kim"})
CLEARED: Final = hears(0.5, facts={"keeper": None})
GONE: Final = (comes(0, "ann", "away"), comes(0, "bob", "leave"), comes(0, "eve", "off_shift"))


@pytest.mark.parametrize(
    "told",
    [
        [waits(0, on(UNSET, 0, begins=5)), gives(5, "boss", on(UNSET, 0, 5), pool=None)],
        [waits(0, on(UNSET, 0, begins=5)), gives(2, "bob", on(UNSET, 0, begins=5))],
        [waits(0, on(UNSET, 0, begins=5)), gives(2, "eve", on(UNSET, 0, begins=5), "help")],
        [KIM, waits(0, on(0, begins=1)), gives(0.5, "kim", on(0, begins=1), None)],
        [KIM, waits(0, on(0, begins=1)), gives(9, "zed", on(0, 1, 6), None)],
        [*GONE, waits(1, on((1, "field_unset"), (1, "nobody_present"), 1))],
        [*GONE, comes(1, "eve"), gives(1, "eve", on((1, "field_unset"), (1, "nobody_present"), 1), "help")],
        [KIM, waits(0, on(0, begins=1)), CLEARED, waits(0.5, on(UNSET, 0.5, begins=5.5))],
        [waits(0, on(UNSET, 0, begins=5)), takes(1, reason="closed"), waits(2, on((2, "field_unset"), 2, begins=7))],
        [
            gives(0, "ann", on(UNSET, 0, begins=5), accept_by=at_minute(3)),
            takes(3),
            waits(3, on(UNSET, 0, begins=5)),
        ],
        [
            gives(0, "ann", on(UNSET, 0, begins=5), accept_by=at_minute(3)),
            hears(1),
            waits(2, on((2, "field_unset"), 2, begins=7)),
        ],
    ],
)
def test_what_is_right_is_not_complained_of(told: list[Told]) -> None:
    assert complaints(*told) == []


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ([waits(0, on(UNSET, begins=5, names=NAMES[:2]))], "configured is"),
        ([waits(0, {})], "which has steps, and tells of none"),
        ([waits(0, on(UNSET, 0, begins=4))], "is at"),
        ([waits(0, on(UNSET, 0))], "is at"),
        ([waits(6, on(UNSET, 0, begins=5))], "is at"),
        ([waits(0, on(UNSET, 0, begins=5)), gives(4, "boss", on(UNSET, 0, 4), None)], "is at"),
        ([waits(0, on(UNSET, 0, begins=5)), gives(9, "boss", on(UNSET, (0, "nobody_present"), 9), None)], "is at"),
        ([waits(1, on(UNSET, 1, begins=6))], "begins anew"),
        ([waits(0, on(UNSET, 0, begins=5)), waits(2, on(UNSET, (0, "nobody_present"), 2))], "is at"),
        ([waits(0, on(UNSET, 0, begins=5)), waits(2, on(UNSET, (0, "domain"), 2))], "skipped: domain"),
        ([waits(0, on(UNSET, 0, begins=5)), waits(2, on(UNSET, (0, "full"), 2))], "skipped: full"),
        ([KIM, waits(0, on(0, begins=1)), waits(0.5, on(UNSET, 0.5, begins=5.5))], "skipped: field_unset"),
        ([KIM, waits(0, on(0, begins=1)), waits(2, on((0, "inactive_user"), 1.5, begins=6.5))], "is at"),
        ([waits(0, on(UNSET, (0, "nobody_present"), 0))], "skipped: nobody_present"),
        ([*GONE, comes(1, "eve"), waits(2, on((2, "field_unset"), (2, "nobody_present"), 2))], "nobody_present"),
        ([*GONE, waits(1, on((1, "field_unset"), 1, begins=6))], "skipped: no"),
        ([KIM, waits(0, on(UNSET, 0, begins=5))], "skipped: field_unset"),
        ([KIM, waits(0, on((0, "unknown_user"), 0, begins=5))], "skipped: unknown_user"),
        ([waits(0, on(0, begins=1))], "skipped: no"),
        ([waits(0, on(UNSET, (0, "nobody"), 0))], "skipped: nobody"),
        ([KIM, waits(0, on(0, begins=1)), gives(0.5, "ann", on(0, begins=1))], "gives to ann of sales"),
        ([KIM, waits(0, on(0, begins=1)), gives(0.5, "boss", on(0, begins=1), None)], "gives to boss"),
        ([KIM, waits(0, on(0, begins=1)), gives(2, "zed", on(0, 1, begins=6), None)], "gives to zed"),
        ([waits(0, on(UNSET, 0, begins=5)), gives(2, "kim", on(UNSET, 0, begins=5))], "gives to kim of sales"),
        ([waits(0, on(UNSET, 0, begins=5)), waits(2, on((2, "field_unset"), 2, begins=7))], "begins anew"),
        ([waits(0, on(UNSET, 0, begins=5)), hears(1), waits(2, on((2, "field_unset"), 2, begins=7))], "begins anew"),
        ([waits(0, on(UNSET, 0, begins=5)), waits(4, on(UNSET, 1, begins=6))], "begins anew"),
        ([waits(0, on(UNSET, 0, begins=5)), gives(4, "ann", {"question": "parked"})], "on no step any more"),
        (
            [
                gives(0, "ann", on(UNSET, 0, begins=5), accept_by=at_minute(3)),
                takes(3),
                waits(3, on((3, "field_unset"), 3, begins=8)),
            ],
            "begins anew",
        ),
    ],
)
def test_what_is_planted_is_found(told: list[Told], complaint: str) -> None:
    """D56 By what is published and told alone."""
    found = complaints(*told)
    assert [complaint in each for each in found] == [True], found


CHOOSY: Final = IN_STEPS._replace(
    circles=CIRCLES | {"sales": CIRCLES["sales"]._replace(helped_by="", choosy=frozenset({"ann", "bob"}))}
)


def test_a_wait_ends_where_nobody_could_ever_take_the_record() -> None:
    """D56 c5 Who has a condition may not want it, and a limit of nothing is sure: no wait is right then."""
    cut_short = waits(2, on(UNSET, (0, "domain"), 2))
    assert complaints(waits(0, on(UNSET, 0, begins=5)), cut_short, terms=CHOOSY) == []
    assert complaints(waits(0, on(UNSET, (0, "nobody"), 0)), terms=CHOOSY) == []
    nothing = tuple(Bound("member", "sales", person, "day", 0) for person in ("ann", "bob"))
    barred = CHOOSY._replace(bounds=nothing)
    assert complaints(waits(0, on(UNSET, (0, "limit"), 0)), terms=barred) == []
    (found,) = complaints(waits(0, on(UNSET, 0, begins=5)), terms=barred)
    assert "skipped: no" in found


@pytest.mark.parametrize("is_other", [True, False])
def test_only_another_target_begins_anew(is_other: bool) -> None:
    """D56 Under another configuration the same steps go on."""
    other = IN_STEPS._replace(stages=(Stages("/lead", SLOWER if is_other else STEPS),))
    begins = 12 if is_other else 7
    again = waits(2, on((2, "field_unset"), 2, begins=begins), configuration={"version": 2})
    found = complaints(waits(0, on(UNSET, 0, begins=5)), again, others=[other])
    assert ["begins anew" in each for each in found] == ([] if is_other else [True])


def test_what_was_decided_before_a_lane_was_restored_may_be_decided_again() -> None:
    begun = waits(2, on((2, "field_unset"), 2, begins=7))
    assert complaints(begun, waits(1, on((1, "field_unset"), 1, begins=6))) == []
    assert len(complaints(begun, waits(3, on((3, "field_unset"), 3, begins=8)))) == 1


def test_a_step_that_is_due_is_asked() -> None:
    """D56 What waits in the end waits for no step that is due, and the log keeps what was told."""
    waiting = (*GONE, waits(0.5, on((0.5, "field_unset"), (0.5, "nobody_present"), 0.5)))
    assert complaints(*GONE, KIM, waits(0.5, on(0.5, begins=1.5)), ends=1, climbs=climb(0.5)) == []
    assert complaints(*waiting, ends=9, climbs=climb((0.5, "field_unset"), (0.5, "nobody_present"), 0.5))
    (found,) = complaints(
        *GONE, comes(0, "kim", "away"), KIM, waits(0.5, on(0.5, begins=1.5)), ends=9, climbs=climb(0.5)
    )
    assert "it is" in found
    (found,) = complaints(*GONE, KIM, waits(0.5, on(0.5, begins=1.5)), ends=1, climbs=climb(0.7))
    assert "the log keeps" in found


def test_nobody_is_idle_while_a_record_waits_that_they_can_take() -> None:
    """D3 Somebody is beyond doubt free where nothing at all keeps them."""

    def found(*told: Told, terms: Terms = PLAIN, **more: Any) -> list[str]:
        return complaints(*GONE, waits(1, {}, **more), *told, terms=terms, ends=9)

    assert found() == []
    assert ["bob can take it" in each for each in found(comes(2, "bob", "leave_ended"))] == [True]
    assert ["eve can take it" in each for each in found(comes(2, "eve"))] == [True]
    assert found(comes(2, "eve", until_ms=5)) == []
    assert found(comes(2, "eve", begins_ms=5)) == []
    assert found(comes(8.99, "eve")) == []
    assert found(comes(2, "eve", reason="older_news")) == []
    assert found(comes(2, "eve"), gives(9, "eve", {}, "help", name="2")) == []
    assert found(comes(2, "bob", "leave_ended"), comes(2, "bob", "away", "older_news")) != []
    assert found(comes(2, "eve"), terms=PLAIN._replace(bounds=(Bound("person", "", "eve", "open", 3),))) == []
    assert found(comes(2, "eve"), terms=PLAIN._replace(timed=frozenset({"eve"}))) == []


def counted(*told: Told, member: int, person: int | None = None, pool: int | None = None) -> list[str]:
    """What is found where, behind all this, ann is given another lead with these numbers told."""
    rows = [{"of": "member", "per": "open", "at_most": 5, "count": member}]
    rows.append({"of": "person", "per": "open", "at_most": 9, "count": member if person is None else person})
    whole = [{"of": "pool", "per": "open", "at_most": 7, "count": member if pool is None else pool}]
    trace = {"candidates": [{"person": "ann", "limits": rows}], "limits": whole}
    reader, inputs = recorded(*told, gives(9, "ann", trace, name="last"))
    return list(open_item_violations({("main", 1): OPEN}, reader, inputs))


USER: Final = {"kind": "user", "id": "ann"}
ANN_HAS_IT: Final = gives(0, "ann", {})


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ([], {"member": 0}),
        ([ANN_HAS_IT], {"member": 1}),
        ([ANN_HAS_IT, gives(1, "bob", {}, name="2")], {"member": 1, "pool": 2}),
        ([gives(0, "ann", {}, "help")], {"member": 1, "pool": 0}),
        ([gives(0, "ann", {}, None, name="2")], {"member": 1, "pool": 0}),
        ([ANN_HAS_IT, takes(1)], {"member": 0}),
        ([ANN_HAS_IT, takes(1), waits(1, {})], {"member": 0}),
        ([ANN_HAS_IT, hears(1, reason="closed", status="closed")], {"member": 0}),
        ([ANN_HAS_IT, hears(1, reason="closed"), hears(2, reason="reopened")], {"member": 1}),
        ([ANN_HAS_IT, takes(1, reason="deleted")], {"member": 0}),
        ([ANN_HAS_IT, hears(1, "accepted", "accepted", person="ann")], {"member": 1}),
        ([hears(1, "created", "owner_kept", owner=USER)], {"member": 1, "pool": 0}),
        ([gives(0, "bob", {}), hears(1, "owner_changed", "owner_kept", owner=USER)], {"member": 1, "pool": 0}),
        ([ANN_HAS_IT, hears(1, "owner_changed", "echo", owner={"kind": "user", "id": "bob"})], {"member": 1}),
        ([ANN_HAS_IT, hears(1, "deleted", "deleted")], {"member": 0}),
    ],
)
def test_open_items_are_counted_again(told: list[Told], counts: dict[str, int]) -> None:
    """D26 D55 One more or one less than there are is found, wherever it counts."""
    assert counted(*told, **counts) == []
    full = {"person": counts["member"], "pool": counts["member"], **counts}
    for name, count in full.items():
        for other in (count - 1, count + 1):
            assert ["open of a" in each for each in counted(*told, **(full | {name: other}))] == [True]


def test_what_an_event_may_have_ended_without_a_word_is_a_range() -> None:
    told = ANN_HAS_IT, hears(1, "owner_changed", "owner_kept")
    assert counted(*told, member=0) == counted(*told, member=1, pool=0) == []
    assert counted(*told, member=2)


def test_a_record_that_is_forgotten_counts_for_nobody() -> None:
    """And begins anew on its steps."""
    reader, _ = recorded(ANN_HAS_IT)
    reader.story.append(Line(1, "", "", None, "main/lead/1"))
    again, _ = recorded(ANN_HAS_IT, gives(9, "ann", {"candidates": [{"person": "ann", "limits": [_row(0)]}]}))
    reader.story.append(again.story[-1])
    bounds = OPEN.bounds[:1]
    assert list(open_item_violations({("main", 1): OPEN._replace(bounds=bounds)}, reader, [])) == []


def _row(count: int) -> dict[str, Any]:
    return {"of": "member", "per": "open", "at_most": 5, "count": count}
