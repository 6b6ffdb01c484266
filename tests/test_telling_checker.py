"""The checker finds what people were told and ought not to have been, or ought to have been and were not: each rule
beside a story that keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.giving_words import Hearer, Quiet, Terms
from tests.log_reader import Seen, read_log
from tests.telling_checker import DAY_MS, telling_violations

START: Final = datetime(2026, 3, 2, 21, tzinfo=UTC)
"""On a Monday, an hour before somebody's quiet hours, which end at 7 the next morning."""
NIGHT: Final = Quiet("UTC", tuple((day * 1_440 + 22 * 60, day * 1_440 + 31 * 60) for day in range(7)))
KINDS: Final = frozenset({"assigned", "offered", "reassigned"})
HEARERS: Final = {"ann": Hearer(KINDS, NIGHT), "bob": Hearer(KINDS, alone=1)}
TERMS: Final = {("main", 1): Terms(hearers=HEARERS, skewed={"sales": 2})}
SINCE_MS: Final = round(START.timestamp() * 1_000)
Batches = list[dict[str, Any]]


def gives(hours: float, person: str, number: int, **said: Any) -> list[Any]:
    """A lead is given to somebody: the decision about input `number`."""
    owner, candidates = {"kind": "user", "id": person}, [{"person": "eve", "behind": 3}, {"person": person}]
    trace = {"question": "rule_set", "candidates": candidates}
    given = {"sequence": 1, "owner": owner, "pool": "sales", "trace": trace}
    body = {"record": {"type": "lead", "id": str(number)}, **given, **said}
    return _row("assignment.assigned.v1", f"0-0-{number}-0", f"lead/{number}", hours, body)


def takes(hours: float, person: str, number: int, reason: str) -> list[Any]:
    """It is taken from somebody, in the decision about input `number`."""
    body = {"record": {"type": "lead", "id": "1"}, "sequence": 2, "reason": reason}
    return _row("assignment.released.v1", f"0-0-{number}-0", "lead/1", hours, body)


def tells(hours: float, person: str, number: int, kind: str = "assigned") -> list[Any]:
    """Somebody is told of the decision about input `number`."""
    body = {"person": person, "kind": kind, "decision": f"0-0-{number}-0"}
    return _row("notification.requested.v1", f"0-0-{number}-0/{kind}/{person}", person, hours, body)


def sums_up(hours: float, person: str, count: int) -> list[Any]:
    body = {"person": person, "kind": "assigned", "count": count, "since": START.isoformat()}
    return _row("notification.summary_requested.v1", f"{person}/assigned/{SINCE_MS}", person, hours, body)


def batch(number: int, *rows: list[Any], outcomes: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """What came of input `number`: an assignment, unless other outcomes (`kind reason`) are named. What `changes` holds
    is of the division main.
    """
    told = ["assigned "] if outcomes is None else outcomes
    source = "" if any("told" in each for each in told) else f"0/crm/0/{number}"
    return {
        "format": 1,
        "kind": "batch",
        "token": 0,
        "level": 4,
        "versions": {"main": 1},
        "from": [number, 0],
        "to": [number + 1, 0],
        "time": number,
        "parts": [],
        "kinds": {},
        "outcomes": [[number, at, *each.split(" "), f"0-0-{number}-{at}", source] for at, each in enumerate(told)],
        "changes": {kind: {f"main/{name}": value for name, value in said.items()} for kind, said in changes.items()},
        "rows": list(rows),
    }


def good() -> Batches:
    """Ann hears of one lead at once, of three others after the night; they have one of these no more. Bob hears of one
    lead, and of two in a summary. At the end something is held back for ann, and bob has a summary to come.
    """

    def held(number: int) -> list[str]:
        return ["assigned", f"lead/{number}", f"0-0-{number}-0"]

    def since(told: int, summed: int) -> list[Any]:
        return [SINCE_MS, told, summed]

    return [
        batch(0, gives(0, "ann", 0), tells(0, "ann", 0)),
        batch(1, gives(1, "ann", 1), held={"ann/0": held(1)}, hush={"ann": [0, 1]}),
        batch(2, gives(2, "ann", 2), held={"ann/1": held(2)}, hush={"ann": [0, 2]}),
        batch(3, gives(3, "ann", 3), held={"ann/2": held(3)}, hush={"ann": [0, 3]}),
        batch(
            4,
            tells(10, "ann", 1),
            tells(10, "ann", 3),
            outcomes=["nothing told_late", "nothing untold_moved", "nothing told_late"],
            held=dict.fromkeys(("ann/0", "ann/1", "ann/2")),
            hush={"ann": None},
        ),
        batch(5, gives(11, "bob", 5), tells(11, "bob", 5), digest={"bob/assigned": since(1, 0)}),
        batch(6, gives(11, "bob", 6), digest={"bob/assigned": since(1, 1)}),
        batch(7, gives(11, "bob", 7), digest={"bob/assigned": since(1, 2)}),
        batch(8, sums_up(12, "bob", 2), outcomes=["nothing told_late"], digest={"bob/assigned": None}),
        batch(
            9,
            gives(26, "ann", 9),
            held={"ann/0": held(9)},
            hush={"ann": [0, 1]},
            timer={"hush/ann": [0], "summary/bob/assigned": [0]},
            digest={"bob/assigned": [SINCE_MS + 1, 1, 0]},
        ),
    ]


def complaints(batches: Batches, *inputs: dict[str, Any], is_finished: bool = True) -> str:
    """What the checker finds; `inputs` are the records of those from the first on."""
    records = [json.dumps({"format": 1, "kind": "claim", "owner": "one"}).encode(), *map(_written, batches)]
    log = [Seen("log", 0, at, b"", value) for at, value in enumerate(records)]
    seen = [Seen("events", 0, at, b"", json.dumps({"record": each}).encode()) for at, each in enumerate(inputs)]
    return "\n".join(telling_violations(TERMS, read_log(0, log), log, seen, is_finished=is_finished))


def _written(told: dict[str, Any]) -> bytes:
    headers = [header for row in told["rows"] for header in row[3]]
    rows = [[*row[:3], [headers.index(header) for header in row[3]]] for row in told["rows"]]
    return json.dumps({**told, "headers": headers, "outputs": rows}).encode()


def _row(kind: str, name: str, key: str, hours: float, body: dict[str, Any]) -> list[Any]:
    time = (START + timedelta(hours=hours)).isoformat()
    headers = [["ce_type", kind], ["ce_id", name], ["ce_division", "main"], ["ce_time", time]]
    return ["outputs", key, json.dumps(body), headers]


def test_a_story_that_keeps_all_rules_is_right() -> None:
    assert complaints(good()) == ""


def test_what_is_kept_and_left_with_a_reason_in_one_batch_is_no_news_that_was_lost() -> None:
    """The night may end while a batch is decided; each of these pieces has a reason of its own."""
    outcomes = ["assigned ", "nothing untold_moved"]
    kept = batch(0, gives(0, "ann", 0), held={"ann/0": ["assigned", "lead/0", "0-0-0-0"]}, hush={"ann": [0, 1]})
    gone = {"held": {"ann/0": None}, "hush": {"ann": None}}
    assert complaints([batch(0, gives(0, "ann", 0), outcomes=outcomes)]) == ""
    assert "was never told" in complaints([kept, batch(1, gives(0, "ann", 1), outcomes=outcomes, **gone)])


def _double(story: Batches) -> None:
    story[5]["rows"].append(story[5]["rows"][1])


def _double_later(story: Batches) -> None:
    story[6]["rows"].append(tells(11, "bob", 5))


def _reorder(story: Batches) -> None:
    story[4]["rows"].reverse()


def _overtake(story: Batches) -> None:
    """Somebody is told at once while something is held back for them."""
    story[3]["rows"].append(tells(0.5, "ann", 3))
    del story[3]["changes"]["held"], story[3]["changes"]["hush"], story[4]["changes"]["held"]["main/ann/2"]
    story[4]["rows"].pop()


def _drop(story: Batches) -> None:
    story[4]["rows"].pop()


def _drop_the_reason(story: Batches) -> None:
    story[4]["outcomes"].pop(1)


def _drop_from_the_middle(story: Batches) -> None:
    story[4]["changes"] = {"held": {"main/ann/1": None}, "hush": {}}
    story[4]["rows"] = []


def _keep_what_is_told(story: Batches) -> None:
    del story[4]["changes"]["held"]["main/ann/0"]


def _put_another_in_its_place(story: Batches) -> None:
    story[3]["changes"]["held"]["main/ann/1"] = ["assigned", "lead/9", "0-0-3-0"]


def _wake(story: Batches) -> None:
    story[1]["rows"].append(tells(1, "ann", 1))
    del story[1]["changes"]["held"], story[1]["changes"]["hush"], story[4]["changes"]["held"]["main/ann/0"]
    story[4]["rows"].pop(0)


def _forget(story: Batches) -> None:
    story[5]["rows"].pop()
    story[5]["changes"] = story[6]["changes"]["digest"] = {}


def _lose_the_summary(story: Batches) -> None:
    story[8]["rows"].pop()


def _sum_up_too_few(story: Batches) -> None:
    story[8]["rows"][0] = sums_up(12, "bob", 1)


def _count_back(story: Batches) -> None:
    story[7]["changes"]["digest"]["main/bob/assigned"] = [SINCE_MS, 1, 0]


def _tell_too_many(story: Batches) -> None:
    story[6]["rows"].append(tells(11, "bob", 6))
    story[6]["changes"]["digest"]["main/bob/assigned"] = [SINCE_MS, 2, 0]


def _go_on_with_what_is_summed_up(story: Batches) -> None:
    story[8]["changes"] = {}


def _leave_a_hole(story: Batches) -> None:
    story[9]["changes"]["hush"]["main/ann"] = [0, 2]


def _lose_the_timer(story: Batches) -> None:
    del story[9]["changes"]["timer"]["main/hush/ann"]


def _lose_the_timer_of_a_summary(story: Batches) -> None:
    del story[9]["changes"]["timer"]["main/summary/bob/assigned"]


def _tell_of_skew(story: Batches, told_ms: int, *, is_kept: bool = True) -> None:
    story[5]["changes"]["skew"] = {"main/sales": [{"eve": 1}, SINCE_MS]}
    story[5]["rows"].append(tells(11, "kim", 5, "skewed"))
    if is_kept:
        story[7]["changes"]["skew"] = {"main/sales": [{"eve": 1}, told_ms]}
    story[7]["rows"].append(tells(11, "kim", 7, "skewed"))


def test_once_a_day_a_pool_may_be_skewed() -> None:
    story = good()
    _tell_of_skew(story, SINCE_MS + DAY_MS)
    assert complaints(story) == ""


def _tell_of_skew_again(story: Batches) -> None:
    _tell_of_skew(story, SINCE_MS + DAY_MS - 1)


def _forget_that_it_was_told(story: Batches) -> None:
    _tell_of_skew(story, 0, is_kept=False)


def _tell_of_who_is_not_behind(story: Batches) -> None:
    _tell_of_skew(story, SINCE_MS + DAY_MS)
    story[7]["rows"][0][2] = story[7]["rows"][0][2].replace('"behind": 3', '"behind": 2')


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_tell_of_skew_again, "main/sales is told to be skewed at 1772485200000, and again at 1772571599999"),
        (_forget_that_it_was_told, "tell of skewed pools, and it is kept of 0"),
        (_tell_of_who_is_not_behind, "0-0-7-0 shows somebody 2 behind in sales, which has 2"),
        (_double, "is told twice"),
        (_double_later, "is told twice"),
        (_reorder, "behind what was decided later"),
        (_overtake, "behind what was decided later"),
        (_drop, "were held back and are gone"),
        (_drop_the_reason, "were held back and are gone"),
        (_drop_from_the_middle, "is gone before what came earlier"),
        (_keep_what_is_told, "was told and is held back"),
        (_put_another_in_its_place, "and neither was told"),
        (_wake, "in the quiet hours of main/ann"),
        (_forget, "and was never told"),
        (_lose_the_summary, "is gone and was not told"),
        (_sum_up_too_few, "sums up 1, and there were 2"),
        (_count_back, "had [1772485200000, 1, 1] and has [1772485200000, 1, 0]"),
        (_tell_too_many, "was told 2 one by one, and 1 are wanted"),
        (_go_on_with_what_is_summed_up, "is told, and its time goes on"),
        (_leave_a_hole, "should have 0 to 2"),
        (_lose_the_timer, "the hush of main/ann has no timer"),
        (_lose_the_timer_of_a_summary, "the summary of main/bob/assigned has no timer"),
    ],
)
def test_a_story_that_is_spoilt_is_found(spoil: Callable[[Batches], None], complaint: str) -> None:
    story = good()
    spoil(story)
    assert complaint in complaints(story)


@pytest.mark.parametrize(
    ("kind", "reason", "is_found"),
    [
        ("assigned", "", True),
        ("reassigned", "owner_chosen", True),
        ("reassigned", "reassigned", False),
        ("waiting", "", False),
    ],
)
def test_who_did_it_is_not_told_of_it(kind: str, reason: str, is_found: bool) -> None:
    """D53 Of what our rules did, they are."""
    row = takes(0, "ann", 0, reason) if reason else gives(0, "ann", 0)
    story = [batch(0, row, tells(0, "ann", 0, kind), outcomes=["released " if reason else "assigned "])]
    chosen = {"kind": "owner_changed", "actor": "ann", "owner": {"kind": "user", "id": "bob" if reason else "ann"}}
    assert ("what they did themselves" in complaints(story, chosen)) is is_found


def test_below_its_level_a_lane_tells_at_once_and_what_is_not_over_may_be_missing() -> None:
    """What a lane does not know yet is no fault of it."""
    story = [{**batch(0, gives(2, "ann", 0), tells(2, "ann", 0)), "level": 3}]
    assert complaints(story) == ""
    without_timers = good()
    _lose_the_timer(without_timers)
    assert complaints(without_timers, is_finished=False) == ""
