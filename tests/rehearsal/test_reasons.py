"""What stands beside an expectation that did not hold: expected and found, and the criterion that decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.build import beside, played

RULES = (
    "config: {users: {eve: {active: false}}, pools: {sales: {record_type: lead, members: [ann, bob]}}, "
    "rule_sets: {leads: {record_type: lead, active: true, entries: ["
    "{id: near, criteria: ['country in [DE, FR]', 'size >= 50'], target: {user: ann}}, "
    "{id: gone, criteria: ['country equals AT'], target: {user: eve}}, "
    "{id: hot, criteria: ['stage equals hot'], target: {user: bob}, on: updated, reassign: always}, "
    "{id: rest, target: {pool: sales}}, {id: last, target: {user: bob}}]}}}"
)
CHANGES = (
    "config: {users: [ann, bob, zoe], rule_sets: {leads: {record_type: lead, active: true, entries: ["
    "{id: won, changed: stage, before: {criteria: ['stage equals open']}, on: updated, target: {user: ann}, "
    "reassign: always}]}}, defaults: {lead: {user: zoe}}}"
)


@pytest.mark.parametrize(
    ("fields", "rule", "lines"),
    [
        ("{country: US}", "near", ('near: country in [DE, FR] -> the record has "US"', "rest: always matches")),
        (
            "{country: DE, size: 5}",
            "near",
            ("near: size greater or equal 50 -> the record has 5", "rest: always matches"),
        ),
        ("{}", "near", ("near: country in [DE, FR] -> the record has nothing", "rest: always matches")),
        (
            "{country: FR, size: 60}",
            "rest",
            (
                "rest: was not asked, near answered before it",
                'near: country in [DE, FR] -> the record has "FR"; size greater or equal 50 -> the record has 60',
            ),
        ),
        (
            "{country: AT}",
            "gone",
            ("gone: matched, and was passed over: that user is switched off", "rest: always matches"),
        ),
        ("{}", "hot", ("hot: was not asked, it is for what is updated", "rest: always matches")),
        (
            "{}",
            "no-one",
            ("no-one: leads has no such entry; it has near, gone, hot, rest, last", "rest: always matches"),
        ),
        ("{}", "null", ("rest: always matches",)),
    ],
)
async def test_a_rule_that_did_not_answer_says_which_criterion_decided_and_what_it_found(
    tmp_path: Path, fields: str, rule: str, lines: tuple[str, ...]
) -> None:
    """Beside it the rule that did."""
    step = f"{{record: lead/1, fields: {fields}, expect: {{rule: {rule}}}}}"
    assert await beside(tmp_path, step, config=RULES) == lines


async def test_an_update_is_compared_with_what_was_remembered_and_told(tmp_path: Path) -> None:
    """The update tells one field; the other came with the creation."""
    steps = (
        "{record: lead/1, fields: {country: US, size: 60, stage: cold}}",
        "{update: lead/1, fields: {size: 70, stage: hot}, expect: {rule: last}}",
    )
    assert await beside(tmp_path, *steps, config=RULES) == (
        "last: was not asked, hot answered before it",
        'hot: stage equals "hot" -> the record has "hot"',
    )


async def test_what_was_passed_over_is_compared_in_the_same_way(tmp_path: Path) -> None:
    step = "{record: lead/1, fields: {country: US}, expect: {passed_over: {gone: inactive_user}}}"
    assert await beside(tmp_path, step, config=RULES) == ('gone: country equals "AT" -> the record has "US"',)


async def test_where_no_rule_was_asked_the_question_is_named(tmp_path: Path) -> None:
    step = "{record: lead/1, owner: {pool: sales}, expect: {rule: near}}"
    assert await beside(tmp_path, step, config=RULES) == ("no rule was asked: named by the event",)
    assert await beside(tmp_path, "{record: lead/1, expect: {rule: near}}") == ("no rule was asked: by default",)


async def test_a_trace_shows_all_candidates_side_by_side(tmp_path: Path) -> None:
    """Those expected, those found, and those who were both."""
    steps = ("member: {ann: away}", "{record: lead/1, expect: {trace: {bob: full, stranger: null, ann: away}}}")
    report = await played(tmp_path, *steps)
    assert [failure.word for failure in report.failures] == ["trace.bob", "trace.stranger"]
    assert {failure.beside for failure in report.failures} == {
        (
            "ann        expected away   found away",
            "bob        expected full   found free",
            "stranger   expected free   found not a candidate",
        )
    }


async def test_other_words_say_it_all_by_themselves(tmp_path: Path) -> None:
    """The explanation below them has what the record had as well."""
    step = "{record: lead/1, fields: {country: US}, expect: {owner: bob}}"
    (failure,) = (await played(tmp_path, step, config=RULES)).failures
    assert failure.beside == ()
    assert any('country in [DE, FR]   the record has "US"' in line for line in failure.explanation)


async def test_a_change_is_explained_with_the_values_before_and_now(tmp_path: Path) -> None:
    """D43 As they were when it was decided, not as they are since."""
    steps = (
        "{record: lead/1, fields: {stage: open}}",
        "{update: lead/1, fields: {stage: won}, expect: {owner: bob}}",
    )
    (failure,) = (await played(tmp_path, *steps, config=CHANGES)).failures
    assert any('the record had "open" before, and has "won" now' in line for line in failure.explanation)


async def test_what_was_never_decided_has_nothing_beside_it(tmp_path: Path) -> None:
    steps = ("record: lead/1", "{record: lead/1, expect: {rule: near}}")
    assert await beside(tmp_path, *steps) == ()
