"""Each mistake in a workflow, a person's wishes or a text is told once: what, where, and what to do."""

from __future__ import annotations

import pytest

from service.config.lint import warnings
from tests.config.files import document, refused

BASE = """
users: {ann: {notify: {NOTIFY}}}
fields: {deal: {FIELDS}}
defaults: {deal: {user: ann}}
workflows:
  w: {active: true, record_type: deal, trigger: {field_filled: budget}, action: {ACTION}}
"""


def text(
    *, notify: str = "", fields: str = "budget: number, note: text", action: str = "create_record: {type: task}"
) -> str:
    return BASE.replace("NOTIFY", notify).replace("FIELDS", fields).replace("ACTION", action)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (text(notify="quiet: {from: '24:00', until: '07:00'}"), "notify.quiet.from: a time of day is written as 21:00"),
        (text(notify="quiet: {from: '21:00'}"), 'notify.quiet: the key "until" is missing: add it'),
        (text(notify="quiet: sometimes"), "notify.quiet: a mapping or 'off' is expected here, not \"sometimes\""),
        (text(notify="digest: {from: 0, within: 10m}"), "notify.digest.from: 0 does not fit: 1 or more is expected"),
        (
            text(notify="digest: {from: 5, within: 2d}"),
            "digest.within: a summary comes within a day: write 24h or less",
        ),
        (text(notify="digest: {from: 5, within: 10m, x: 1}"), "digest.x: this key is unknown; known are from, within"),
        (text(notify="digest: {from: '5', within: 10m}"), 'not the text "5": leave its quotes out'),
        (text(notify="language: deutsch"), '"deutsch" is no tag of a language: write one such as en, de or fr-CA'),
        (text(fields="budget: money"), 'fields.deal.budget: "money" is not known here'),
        (text(action="set_field: {field: note, value: [1]}"), "true or false, a number, text or a mapping is expected"),
        (text(action=f"set_field: {{field: note, value: {'x' * 1_001}}}"), "at most 1000 characters here"),
        (
            text(action="create_record: {type: t, fields: {a: {field: b, c: 1}}}"),
            "fields.a.c: this key is unknown; known",
        ),
        (
            text(action="notify: owner, create_record: {type: t}"),
            "create_record and notify in one: write each as a part",
        ),
        (
            text().replace("active: true", f"active: true, at_most: {{per_day: {10**30}}}"),
            "a number has at most 18 digits here, this one has 31: write a smaller one",
        ),
        (
            text().replace("record_type: deal", "record_type: ticket"),
            'w.record_type: "ticket" is not known here: write',
        ),
        (text() + "closed_when: {deal: {criteria: stage equals won}}", "closed_when.deal.criteria: a list is expected"),
        (
            text() + "settings: {notifications: {link: 'https://x.example/{{ record.id'}}",
            "link: this is never closed: write",
        ),
    ],
)
def test_one_mistake_is_told_once(said: str, told: str) -> None:
    """Of what a value may be only that counts whose form it has; what follows from a mistake is none."""
    (problem,) = refused(config=said)
    assert told in problem


WORKFLOW = "workflows: {w: {record_type: deal, trigger: %s, action: %s}}"
TOLD = "{notify: owner}"
NEAR = [
    (WORKFLOW % ("create", TOLD), 'trigger: "create" is not known here; did you mean "created"?'),
    (WORKFLOW % ("{on: update}", TOLD), 'trigger.on: "update" is not known here; did you mean "updated"?'),
    ("settings: {notifications: {kinds: {asigned: off}}}", '"asigned" is not known here; did you mean "assigned"?'),
    ("templates: {assignd: {en: {subject: x, body: y}}}", '"assignd" is not known here; did you mean "assigned"?'),
    ("users: {ann: {notify: {quiet: of}}}", 'a mapping or \'off\' is expected here, not "of"; did you mean "off"?'),
    ("pools: {p: {record_type: leads}}", '"leads" is not known here; did you mean "lead"?'),
]
FORMS = [
    (WORKFLOW % ("updated", "{mark_step: sales/q}"), 'not "sales/q": its keys are process, step'),
    (WORKFLOW % ("updated", "{set_field: budget}"), 'not "budget": its keys are field, value'),
    (WORKFLOW % ("updated", "{notify: ower}"), '"ower" alone says nobody: write owner, {user: ower}, {role: ower} or'),
    (WORKFLOW % ("{changed: stage}", TOLD), '"changed" and "before" need "on: updated"'),
    (WORKFLOW % ("{on: updated, waiting_for: 30m}", TOLD), "this is on and waiting_for in one: make each a workflow"),
    (WORKFLOW % ("{}", TOLD), "a trigger is one of on, field_filled, field_cleared, step_marked and waiting_for"),
    ("settings: {notifications: {means: email}}", 'a list is expected here, not "email": put it in [ ], [email]'),
    ("settings: {notifications: {kinds: {assigned: none}}}", "means are a list, or off: write [email], or off"),
    ("settings: {notifications: {quiet: 'off'}}", 'not "off": leave this key out'),
    ("users: {ann: {notify: email}}", "means are a list: write [email], or [] for none"),
    ("users: {ann: {notify: 'off'}}", "means are a list: write [email], or [] for none"),
    ("users: {ann: {notify: {kinds: {workflow: chat}}}}", "means are a list, or off: write [chat], or off"),
    (
        WORKFLOW % ("field_filled", TOLD),
        '"field_filled" is a key here, and needs what it is about: write {field_filled: ',
    ),
    (WORKFLOW % ("changed", TOLD), '"changed" is a key here, and needs what it is about: write {changed: '),
    (WORKFLOW % ("fild_filled", TOLD), 'not known here; did you mean the key "field_filled", {field_filled: …}?'),
    (WORKFLOW % ("{created: true}", TOLD), "this key is unknown; it is no key but a word: write on: created"),
    (WORKFLOW % ("updated", "require_field"), '"require_field" is a key here, and needs what it is about: write'),
    ("users: {ann: {notify: {quiet: {from: '24:00', until: '07:00'}}}}", "written as 21:00, and midnight as 00:00"),
]


@pytest.mark.parametrize(("said", "told"), [*NEAR, *FORMS])
def test_what_is_nearly_right_is_told_how_it_is_right(said: str, told: str) -> None:
    """The word that is probably meant, or how a value of another form is written."""
    (problem,) = refused(config=said)
    assert told in problem


@pytest.mark.parametrize("target", ["{pool: p}", "{queue: q}", "{plan: care}", "{team: match}"])
def test_whether_a_target_fits_is_not_said_where_nobody_knows_what_it_is_for(target: str) -> None:
    """What follows from a mistake is none: there is no type of record of which a pool could be another."""
    said = f"""
users: {{ann: {{}}}}
pools: {{p: {{record_type: lead, members: [ann]}}, q: {{record_type: deal, strategy: take, members: [ann]}}}}
plans: {{care: {{name: Care, managers: [ann]}}}}
workflows: {{w: {{trigger: created, actions: [{{assign: {target}}}]}}}}
"""
    (problem,) = refused(config=said)
    assert 'no process says which records are meant: add "record_type"' in problem


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("peson.name", "person"), ("recrod.id", "record"), ("desicion", "decision"), ("feilds.stage", "fields")],
)
def test_where_no_fields_are_declared_a_slip_of_the_pen_is_a_warning(asked: str, meant: str) -> None:
    """It counts as a field, which nobody meant."""
    letters = "templates: {assigned: {en: {subject: '{{ %s }}', body: b}}}"
    (warning,) = [each.message for each in warnings(document(letters % asked))]
    assert warning.startswith(f'"{asked}" counts as a field of the record; if you meant "{meant}", correct it')


@pytest.mark.parametrize("asked", ["stage", "region", "sector", "account.name", "record.id", "fields.region", "fields"])
def test_what_may_well_be_a_field_is_none(asked: str) -> None:
    letters = "templates: {assigned: {en: {subject: '{{ %s }}', body: b}}}"
    assert list(warnings(document(letters % asked))) == []
