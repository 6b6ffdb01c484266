"""Workflows that can be used and do not do what is meant: each kind of mistake has its words, and what is right has
none.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.config.lint import warnings
from service.config.loader import load
from service.config.nodes import from_yaml
from tests.config.linting import warned
from tests.docs.blocks import Block, blocks

BASE = """\
users: {ann: {role: lead, profile: senior, roles: [admin]}, bob: {role: seller}, eve: {active: false}}
fields:
  deal: {budget: number, note: text, stage: text, signed: checkbox, decided: date, tags: list, company: link}
  lead: {title: text, size: number}
processes: {sales: {steps: [call, won]}}
pools: {deals: {record_type: deal, members: [ann]}, leads: {record_type: lead, members: [ann, bob]}}
"""
ACTIVE = "workflows: {w: {active: true, record_type: deal, trigger: %s, %s}}\n"
TELL = "action: {notify: owner}"


def workflow(trigger: str, rest: str = TELL) -> str:
    return ACTIVE % (trigger, rest)


def doing(action: str) -> str:
    return workflow("updated", f"action: {{{action}}}")


def asking(criteria: str, trigger: str = "updated") -> str:
    return workflow(trigger, f"criteria: [{criteria}], {TELL}")


def setting(field: str, value: str) -> str:
    return doing(f"set_field: {{field: {field}, value: {value}}}")


def making(fields: str, record_type: str = "task") -> str:
    return doing(f"create_record: {{type: {record_type}, fields: {{{fields}}}}}")


def giving(first: str, second: str) -> str:
    """Two workflows that give the record away."""
    one = f"  a: {{active: true, record_type: deal, {first}, action: {{assign: {{pool: deals}}}}}}\n"
    other = f"  w: {{active: true, record_type: deal, {second}, action: {{assign: {{user: bob}}}}}}\n"
    return f"workflows:\n{one}{other}"


NAMES = [
    (workflow("{on: updated, changed: stge}"), 'changed[0]: a deal has no field "stge"; did you mean "stage"?'),
    (making("a: {field: bugdet}"), 'fields.a.field: a deal has no field "bugdet"; did you mean "budget"?'),
    (making("titel: x", "lead"), 'fields.titel: a lead has no field "titel"; did you mean "title"?'),
    (setting("budget", "{field: bugdet}"), 'value.field: a deal has no field "bugdet"; did you mean "budget"?'),
    (doing("assign: {owner_of: compny}"), '"compny" is not among the fields of deals; did you mean "company"?'),
    (doing("assign: {user: eve}"), 'assign.user: "eve" is not active and gets nothing'),
    (doing("notify: {user: eve}"), 'notify.user: "eve" is not active: name somebody who is'),
    (doing("notify: {role: leed}"), 'notify.role: nobody has the role "leed"; did you mean "lead"?'),
    (doing("notify: {role: boss}"), 'notify.role: nobody has the role "boss"; write role: boss of users'),
    (
        doing("notify: {role: admin}"),
        'notify.role: nobody has the role "admin"; it is a right, and who is told by role',
    ),
    (doing("notify: {field: budget}"), 'notify.field: "budget" is a number, which names nobody'),
    (asking("actor.rigth equals admin"), '"actor.rigth" of who acts; did you mean "actor.right"?'),
    (asking("actor.team equals x"), "known of them are id, role, profile, right"),
    (asking("actor.right equals boss"), 'nobody has the right "boss"; there are admin, member, reassign'),
    (asking("actor.role not equal leed"), 'nobody has the role "leed"; did you mean "lead"?'),
    (asking("'actor.profile in [senior, juniro]'"), 'nobody has the profile "juniro"; there are senior'),
    (asking("actor.id equals an"), 'nobody has the id "an"; did you mean "ann"?'),
]
VALUES = [
    (setting("decided", "2026-13-01"), '"decided" is a date, and this is none: write one, such as 2026-01-31'),
    (setting("decided", "2026-02-30"), '"decided" is a date, and this is none'),
    (setting("decided", "soon"), '"decided" is a date, and this is none'),
    (making("size: many", "lead"), '"size" is a number, and this is none: write one'),
    (making("size: {field: note}", "lead"), '"size" is a number and "note" a text, which may be none: name a number'),
    (setting("budget", "{field: note}"), '"budget" is a number and "note" a text, which may be none: name a number'),
    (setting("signed", "{field: decided}"), '"signed" is a boolean and "decided" a date'),
    (setting("budget", "{field: budget}"), '"budget" has what it says already, so this does nothing'),
]
NEVER = [
    (asking("budget is empty", "{field_filled: budget}"), 'no record can fit budget equals "" and budget just filled'),
    (
        workflow("{field_filled: budget}", f"domain: [[budget, '=', false]], {TELL}"),
        "and budget just filled: change one of them, or remove the workflow",
    ),
    (asking("stage equals a, stage equals b"), 'no record can fit stage equals "a" and stage equals "b"'),
    (
        workflow("{step_marked: {process: sales, step: call}}", "action: {mark_step: {process: sales, step: call}}"),
        "by then",
    ),
    (workflow("{field_filled: note}", "action: {require_field: note}"), '"note" is filled by then'),
    (workflow("updated", "criteria: [note is not empty], action: {require_field: note}"), "by the condition it is not"),
    (
        workflow("updated", "actions: [{assign: {user: ann}}, {assign: {user: bob}}]"),
        "actions[1].assign: an action above",
    ),
    (
        workflow("updated", "actions: [{set_field: {field: stage, value: a}}, {set_field: {field: stage, value: b}}]"),
        'an action above sets "stage" to something else',
    ),
    (workflow("updated", f"{TELL}, at_most: {{per_day: 3, per_record: 30}}"), "30 for one record are never reached"),
    (
        "workflows: {w: {active: true, record_type: contact, trigger: {waiting_for: 5m}, action: {notify: owner}}}",
        "no pool takes contacts, so none ever waits in a line",
    ),
    (
        giving("trigger: [created, updated]", "trigger: updated, criteria: [stage equals a]"),
        'workflows.w: "a" is set off by the same and gives the record away before',
    ),
]


@pytest.mark.parametrize(("text", "told"), [*NAMES, *VALUES, *NEVER])
def test_what_is_hardly_meant_is_told_once(text: str, told: str) -> None:
    (found,) = warned(text, BASE)
    assert told in found


@pytest.mark.parametrize(
    "text",
    [
        workflow("{on: updated, changed: [stage, company.city]}"),
        asking("budget greater than 3", "{field_filled: budget}"),
        asking("signed equals false", "{field_cleared: signed}"),
        asking("actor.id not equal sync"),
        asking("actor.role is empty"),
        asking("'actor.right in [admin, reassign]', actor.role equals LEAD"),
        making("size: {field: budget}, title: {field: note}", "lead"),
        making("anything: {field: stage}, else: 5"),
        setting("decided", "2026-12-24T08:00:00+01:00"),
        setting("decided", "null"),
        setting("note", "{field: budget}"),
        setting("budget", "{field: score}") + "scores: {deal: [{points: 5, when: budget > 1}]}\n",
        doing("notify: {role: Lead}"),
        doing("notify: {field: company}"),
        workflow("updated", "actions: [{assign: {owner_of: company}}, {assign: {pool: deals}}]"),
        workflow("updated", "criteria: [note is empty], action: {require_field: note}"),
        workflow("updated", f"{TELL}, at_most: {{per_day: 3}}"),
        workflow("{waiting_for: 5m}"),
        giving("trigger: updated, criteria: [stage equals a]", "trigger: updated, criteria: [stage equals b]"),
    ],
)
def test_what_is_right_is_not_told(text: str) -> None:
    assert warned(text, BASE) == []


@pytest.mark.parametrize("text", [NAMES[0][0], NAMES[1][0], making("decided: {field: note}", "deal")])
def test_where_no_fields_are_declared_any_may_be(text: str) -> None:
    """S50 Which fields a record has is known where it is said, and nowhere else."""
    deals = "fields: {lead: {title: text}}\nusers: [ann]\n"
    assert warned(text, deals) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (workflow("[created, created]"), "workflows.w.trigger[1]: this stands here already, as number 1"),
        (workflow("{on: updated, changed: []}"), "workflows.w.trigger.changed: no field is named here"),
        (
            workflow("updated", "actions: [{notify: owner}, {notify: owner}]"),
            "workflows.w.actions[1]: this stands here",
        ),
        ("users: {zoe: {notify: [email, email]}}", "users.zoe.notify[1]: this stands here already"),
        ("settings: {treat_as_unowned: {users: [bot, bot]}}", "treat_as_unowned.users[1]: this stands here already"),
    ],
)
def test_what_stands_in_a_list_twice_is_noted(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    if not text.startswith("users"):
        (tmp_path / "b.yaml").write_text("users: [ann]\n", encoding="utf-8")
    assert [note for note in load(tmp_path).notes if told in str(note)]


def test_the_signs_of_a_domain_may_stand_twice(tmp_path: Path) -> None:
    domain = "['|', '|', [stage, '=', a], [stage, '=', b], [stage, '=', c]]"
    (tmp_path / "a.yaml").write_text(workflow("updated", f"domain: {domain}, {TELL}"), encoding="utf-8")
    assert load(tmp_path).notes == ()


SHOWN = [block for block in blocks("yaml") if "workflows:" in block.text and not block.words]


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_what_pages_show_of_workflows_has_no_warning(block: Block, tmp_path: Path) -> None:
    """What a reader copies is right; of a scenario its configuration is looked at."""
    (root,), _ = from_yaml(block.text.encode(), str(block))
    shown = root.child("config") or root
    (tmp_path / "a.yaml").write_text(json.dumps(shown.plain()), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(block.beside or "{}", encoding="utf-8")
    (document,) = load(tmp_path).documents.values()
    assert [each.message for each in warnings(document) if each.path[0] in ("workflows", "templates")] == []
