"""The player of scenarios: what fails, where, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.rehearsal.scenarios.playing import play
from service.rehearsal.scenarios.reading import read_directory
from tests.rehearsal.build import SALES, failed, played, scenario

AWAY = "member: {ann: away, bob: away}"


async def test_a_wrong_expectation_fails_with_its_place_and_the_explanation(tmp_path: Path) -> None:
    """D16: the report names line and column, what was expected and found, and why it was decided so."""
    report = await played(tmp_path, "record: lead/1", "{record: lead/2, expect: {owner: ann}}")

    (failure,) = report.failures
    assert (failure.line, failure.column, failure.word) == (5, 31, "owner")
    assert (failure.expected, failure.found) == ("ann", "bob")
    assert failure.explanation[0].startswith("lead/2 → bob")
    assert any("ann" in line and "behind" in line for line in failure.explanation)


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        ("{owner: null}", "owner: nobody, found ann"),
        ("{owners: {lead/1: bob}}", "owners.lead/1: bob, found ann"),
        ("{owners: {lead/9: bob}}", "owners.lead/9: bob, found nobody"),
        ("{outcome: pending}", "outcome: pending, found assigned"),
        ("{outcome: [released, assigned]}", "outcome: released, assigned, found assigned"),
        ("{outcome: []}", "outcome: none, found assigned"),
        ("{reason: echo}", "reason: echo, found none"),
        ("{pool: null}", "pool: none, found sales"),
        ("{turn: 2}", "turn: 2, found 1"),
        ("{turn: null}", "turn: none, found 1"),
        ("{rule: vip}", "rule: vip, found none"),
        ("{queue: hot}", "queue: hot, found none"),
        ("{score: 5}", "score: 5, found none"),
        ("{passed_over: {vip: no_team}}", "passed_over.vip: no_team, found none"),
        ("{question: parked}", "question: parked, found default"),
        ("{trace: {bob: away}}", "trace.bob: away, found free"),
        ("{trace: {eve: null}}", "trace.eve: free, found not a candidate"),
        ("{notifications: []}", 'notifications: none, found ann (assigned, en, "Yours: lead 1")'),
        ("{notifications: [ann, bob]}", 'notifications: ann, bob, found ann (assigned, en, "Yours: lead 1")'),
        ("{counts: {ann: 2}}", "counts.ann: 2, found 1"),
        ("{waiting: {sales: 1}}", "waiting.sales: 1, found 0"),
        ("{expects: {owner: bob}}", "expects.owner: user:bob, found nobody"),
        ("{expects: {version: 4}}", "expects.version: 4, found none"),
        ("{correlation: other}", "correlation: other, found chain"),
    ],
)
async def test_every_word_can_fail(tmp_path: Path, expect: str, failure: str) -> None:
    """An expectation that cannot fail tests nothing."""
    found = await failed(tmp_path, f"{{record: lead/1, correlation: chain, expect: {expect}}}")

    assert [line.partition(" ")[2] for line in found] == [failure]


async def test_only_what_is_written_is_expected(tmp_path: Path) -> None:
    assert await failed(tmp_path, "record: lead/1", "{record: lead/2, expect: {}}") == []


async def test_a_scenario_goes_on_behind_a_step_that_fails(tmp_path: Path) -> None:
    """Whoever mends it sees all that is wrong, each with the number and the line of its step."""
    steps = (
        "{record: lead/1, expect: {owner: bob}}",
        "{record: lead/2, expect: {owner: bob}}",
        "{record: lead/3, expect: {owner: bob, turn: 2}}",
    )
    report = await played(tmp_path, *steps)

    assert [(each.step, each.line, each.word, each.found) for each in report.failures] == [
        (1, 4, "owner", "ann"),
        (3, 6, "owner", "ann"),
        (3, 6, "turn", "3"),
    ]


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (
            "time: 2026-07-01T07:59:59Z",
            "2026-07-01T07:59:59.000Z is past, it is 2026-07-01T08:00:00.000Z here: time does not go back",
        ),
        ("time: +999d", "it speaks of a time outside the years that there are: write a nearer one"),
        (
            "{member: {ann: {state: away, until: +9999d}}}",
            "it speaks of a time outside the years that there are: write a nearer one",
        ),
    ],
)
async def test_a_step_that_cannot_be_played_ends_the_scenario(tmp_path: Path, step: str, found: str) -> None:
    """What follows is about a world in which it was played. What failed before is told all the same."""
    config = f"start: {'9989-01-01T00:00:00Z' if '+' in step else '2026-07-01T08:00:00Z'}\n{SALES}"
    steps = ("{record: lead/1, expect: {owner: bob}}", step, "{record: lead/2, expect: {owner: ann}}")
    before, ending = (await played(tmp_path, *steps, config=config)).failures

    assert (before.word, ending.step, ending.line, ending.column, ending.word) == ("owner", 2, 6, 5, "")
    assert ending.expected == "a step that can be played"
    assert ending.found == found


TENANT = """
pools: {sales: {record_type: lead, members: []}}
users: {ann: {}}
defaults: {lead: {pool: sales}}
workflows:
  stuck: {active: true, record_type: lead, trigger: {waiting_for: 5m}, actions: [{create_record: {type: task}}]}
  told: {active: true, record_type: lead, trigger: {waiting_for: 5m}, actions: [{notify: {user: ann}}]}
"""


STEPS = """
  - {record: lead/1, division: acme}
  - {record: lead/1, division: beta, expect: {actions: [], notifications: []}}
  - {time: +5m, expect: {actions: %s, notifications: %s}}
"""


@pytest.mark.parametrize(
    ("division", "actions", "told"), [("acme", "{stuck: {record: lead/1}}", "[ann]"), ("main", "[]", "[]")]
)
async def test_a_scenario_of_one_tenant_never_sees_what_another_is_told(
    tmp_path: Path, division: str, actions: str, told: str
) -> None:
    """Though it has records, people and workflows of the same names, whose timers go off at the same time."""
    for name in ("acme", "beta", "main"):
        (tmp_path / f"{name}.yaml").write_text(f"division: {name}\n{TENANT}", encoding="utf-8")
    text = f"name: tenants\ndivision: {division}\nsteps: {STEPS % (actions, told)}"
    found = read_directory(scenario(tmp_path, text))
    assert found.problems == ()
    assert (await play(found.scripts[0])).failures == ()


async def test_a_failure_is_explained_by_what_each_tenant_did(tmp_path: Path) -> None:
    """Without a division of its own a scenario sees all, each record as the one of its division."""
    acting = TENANT.replace("stuck: {", "stuck: {name: NAME, ")
    for name in ("acme", "beta"):
        (tmp_path / f"{name}.yaml").write_text(f"division: {name}\n{acting.replace('NAME', name)}", encoding="utf-8")
    found = read_directory(scenario(tmp_path, f"name: tenants\nsteps: {STEPS % ('[]', '[ann, ann]')}"))
    (failure,) = (await play(found.scripts[0])).failures
    assert failure.found == "stuck, stuck"
    said = " ".join(failure.explanation)
    assert ['workflow "acme"' in said, 'workflow "beta"' in said] == [True, True]


async def test_what_was_not_decided_is_said_in_words(tmp_path: Path) -> None:
    report = await played(tmp_path, "record: lead/1", "{record: lead/1, expect: {outcome: assigned}}")

    assert report.failures[0].found == "nothing (record_updated)"
    assert report.failures[0].explanation == ("nothing: a change that gives the record to nobody",)


async def test_timers_go_off_when_they_are_due_and_in_order(tmp_path: Path) -> None:
    """D3: what comes back at different times gets the waiting records one after the other."""
    steps = (
        "member: {ann: {state: away, until: +2h}, bob: {state: away, until: +1h30m}}",
        "{record: 'lead/{n}', repeat: 2}",
        "{time: +1h29m, expect: {waiting: {sales: 2}}}",
        "{time: +8h, expect: {counts: {bob: 2, ann: 0}, notifications: [bob, bob]}}",
    )

    assert await failed(tmp_path, *steps) == []


async def test_what_a_new_configuration_sets_off_is_explained_without_an_event(tmp_path: Path) -> None:
    """It stands before the next event, and there is none yet."""
    steps = (
        "member: {ann: away, bob: away}",
        "{record: lead/1, expect: {outcome: pending}}",
        "{config: {pools: {sales: {record_type: lead, members: [eve]}}}, expect: {owners: {lead/1: bob}}}",
    )

    report = await played(tmp_path, *steps)
    assert [failure.found for failure in report.failures] == ["eve"]


async def test_a_time_may_be_written_out(tmp_path: Path) -> None:
    config = f"start: 2026-07-01T08:00:00Z\n{'config: {pools: {sales: {record_type: lead, members: [ann]}}}'}"
    steps = (
        "member: {ann: {state: away, until: 2026-07-01T12:00:00+02:00}}",
        "{record: lead/1, expect: {outcome: pending}}",
        "{time: 2026-07-01T09:59:59Z, expect: {waiting: {sales: 1}}}",
        "{time: 2026-07-01T10:00:00Z, expect: {owners: {lead/1: ann}}}",
    )

    assert await failed(tmp_path, *steps, config=config) == []


async def test_without_rules_and_defaults_a_record_goes_to_the_only_pool_of_its_type(tmp_path: Path) -> None:
    """A scenario says only what it is about."""
    config = (
        "config: {pools: {sales: {record_type: lead, members: [ann]}, care: {record_type: contact, members: [eve]}}}"
    )
    steps = ("{record: contact/1, expect: {owner: eve}}", "{record: deal/1, expect: {reason: no_target}}")

    assert await failed(tmp_path, *steps, config=config) == []


async def test_a_crm_that_is_told_late_news_keeps_what_it_knows(tmp_path: Path) -> None:
    """D19: an old version in a step changes the owner neither here nor there."""
    steps = (
        "{record: lead/1, owner: ann, version: 5}",
        "{owner: {lead/1: bob}, version: 3, expect: {owner: ann, reason: older_version}}",
        "{record: lead/1, owner: bob, expect: {owner: ann}}",
    )

    assert await failed(tmp_path, *steps) == []


async def test_a_repeated_event_changes_nothing_in_the_crm(tmp_path: Path) -> None:
    """D19: what is sent again happened once."""
    steps = (
        "{owner: {lead/1: ann}, id: e1}",
        "{owner: {lead/1: bob}, expect: {owner: bob}}",
        "{owner: {lead/1: ann}, id: e1, expect: {owner: bob, reason: duplicate_event}}",
    )

    assert await failed(tmp_path, *steps) == []


async def test_ten_thousand_records_are_one_step(tmp_path: Path) -> None:
    """S4 S5: whatever the number, counts differ by at most one."""
    step = "{record: 'lead/{n}', repeat: 10000, expect: {counts: {ann: 5000, bob: 5000}}}"

    assert await failed(tmp_path, step) == []


FLOWS = """\
config:
  users: {zoe: {}, eve: {}}
  fields: {deal: {x: number, s: text}}
  pools: {line: {record_type: deal, members: []}}
  workflows:
    gone: {active: true, record_type: deal, trigger: deleted, action: {create_record: {type: t}}}
    lost: {active: true, record_type: deal, trigger: deleted, when: s == "won", action: {create_record: {type: t}}}
    late: {active: true, record_type: deal, trigger: {waiting_for: 10m}, action: {create_record: {type: t}}}
    two:
      active: true
      record_type: deal
      trigger: {on: updated, changed: s}
      actions: [{set_field: {field: x, value: 1}}, {create_record: {type: q}}]
"""
CREATED = "{record: deal/1, owner: zoe, fields: {x: 1, s: a}}"
WRONG = "expect: {outcome: dead_letter}"


async def explained(tmp_path: Path, *steps: str) -> tuple[str, ...]:
    """What is said of workflows below the last step."""
    report = await played(tmp_path, *steps, config=FLOWS)
    return tuple(" ".join(line.split()) for line in report.failures[-1].explanation if "workflow" in line)


async def test_an_explanation_names_the_workflows_of_a_deletion(tmp_path: Path) -> None:
    """D16 Nothing is remembered of a record that is gone, but what was asked for is."""
    assert await explained(tmp_path, CREATED, f"{{delete: deal/1, {WRONG}}}") == (
        'workflow "gone" yes deleted: make a t',
        'workflow "lost" no its condition does not hold: s equals "won"',
    )


async def test_an_explanation_names_what_was_done_and_what_there_was_no_need_for(tmp_path: Path) -> None:
    """D16 A field that has its value already is not set."""
    said = await explained(tmp_path, CREATED, f"{{update: deal/1, fields: {{x: 1, s: b}}, {WRONG}}}")
    assert said == ('workflow "two" yes updated (s changed): make a q; nothing to do for: set x to 1',)


async def test_an_explanation_names_who_only_told_somebody_beside_what_was_asked_for(tmp_path: Path) -> None:
    """D16 The news of people stand in no action, and are done all the same."""
    telling = "    a: {active: true, record_type: deal, trigger: updated, action: {notify: {user: eve}}}\n"
    changed = f"{{update: deal/1, fields: {{x: 2, s: b}}, {WRONG}}}"
    report = await played(tmp_path, CREATED, changed, config=FLOWS + telling)
    said = [" ".join(line.split()) for line in report.failures[-1].explanation if "workflow" in line]
    assert said == [
        'workflow "a" yes updated: tell eve',
        'workflow "two" yes updated (s changed): set x to 1, make a q',
    ]


async def test_what_no_workflow_cared_for_is_not_explained_with_those_of_an_earlier_event(tmp_path: Path) -> None:
    """D16 They stand with the event that they cared for."""
    changed = "{update: deal/1, fields: {x: 1, s: b}}"
    assert await explained(tmp_path, CREATED, changed, f"{{update: deal/1, fields: {{z: 1}}, {WRONG}}}") == ()


async def test_what_waits_names_the_workflows_that_it_will_set_off(tmp_path: Path) -> None:
    """D16 With the time."""
    said = await explained(tmp_path, f"{{record: deal/1, owner: {{pool: line}}, {WRONG}}}")
    assert said == ('workflow "late" due Mon 2026-03-02 09:10 UTC if it still waits then: make a t',)
    said = await explained(tmp_path, "{record: deal/1, owner: {pool: line}}", f"{{time: +10m, {WRONG}}}")
    assert said == (
        "nothing: the record has waited as long as a workflow says",
        'workflow "late" yes waiting for 10m: make a t',
    )
