"""Mistakes in a configuration: what is said about them, and where."""

from __future__ import annotations

import pytest

from tests.config.files import PEOPLE, SALES, refused, rule_set

MISTAKES = {
    "people": """\
        users:
          ann: {roles: [member, boss]}
          bob: {activ: true}
          eve:
        """,
    "pools": """\
        pools:
          sales:
            record_type: lead
            members:
              - ann
              - bop
              - {user: eve, weight: -1}
              - {user: bob, position: 1}
          deals: {record_type: deel, members: [eve]}
          contacts: {record_type: contact, members: [eve, eve]}
        """,
    "rules": """\
        rule_sets:
          leads:
            record_type: lead
            active: true
            entries:
              - criteria: ["size > 5", "country in [DE"]
                target: {pool: contacts}
              - target: {pool: sails}
          drafts: {record_type: lead, active: true}
        defaults:
          lead: {user: zoe}
        """,
}

TOLD = [
    "people.yaml:2:25: users.ann.roles[1]: \"boss\" is not known here: write 'admin', 'reassign' or 'member'",
    'people.yaml:3:9: users.bob.activ: this key is unknown; did you mean "active"?',
    'pools.yaml:6:9: pools.sales.members[1].user: "bop" is not declared under "users"; did you mean "bob"?',
    "pools.yaml:7:29: pools.sales.members[2].weight: -1 does not fit: 0.001 or more is expected",
    (
        "pools.yaml:8:21: pools.sales.members[3].position: the order of members cannot be set, "
        "who joined first is first: leave this key out"
    ),
    'pools.yaml:9:24: pools.deals.record_type: "deel" is not known here; did you mean "deal"?',
    'pools.yaml:10:51: pools.contacts.members[1]: "eve" is a member already: keep one of the two lines',
    (
        'rules.yaml:6:47: rule_sets.leads.entries[0].criteria[1]: here "," or "]" is missing; '
        'for example: country in ["DE", "FR"]'
    ),
    (
        'rules.yaml:7:24: rule_sets.leads.entries[0].target.pool: "contacts" takes contacts, not leads: '
        "name a pool for leads"
    ),
    (
        'rules.yaml:8:24: rule_sets.leads.entries[1].target.pool: "sails" is not declared under "pools"; '
        'did you mean "sales"?'
    ),
    'rules.yaml:9:39: rule_sets.drafts.active: "leads" is active for the record type lead, too: only one may be',
    'rules.yaml:11:16: defaults.lead.user: "zoe" is not declared under "users"; add it under "users"',
]


def test_ten_mistakes_are_told_at_once_each_with_its_place() -> None:
    """S12 S16 S42 S43 S57: all files, all kinds of mistakes, one error."""
    assert refused(**MISTAKES) == TOLD


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "1:1: a mapping is expected here, not a list"),
        ("bogus: 1", "1:1: bogus: this key is unknown; known are division, users, pools, calendars, "),
        ("division: a/b", '1:11: division: "a/b" is no name'),
        ("zone: Asia/Tokyo", '1:1: zone: this key is unknown; it stands inside "settings"'),
        ("members: [ann]", '1:1: members: this key is unknown; it stands in each of "pools"'),
        ("users: 5", "1:8: users: a list or a mapping is expected here, not 5"),
        ("users: [ann, 1.5]", "1:8: users: item 2 of the list is no name: list names alone, or write what is behind"),
        ("users: [true]", "1:8: users: item 1 of the list is no name: "),
        ("users: [{id: ann}]", "1:8: users: item 1 of the list is no name: "),
        ("fields: {lead: [5]}", "1:16: fields.lead: item 1 of the list is no name: "),
        ("users: [ann, ann]", '1:14: users[1]: "ann" stands here already'),
        ("users: {a/b: }", '1:9: users.a/b: "a/b" is no name: use letters'),
        ("users: {ann: {active: yes}}", '1:23: users.ann.active: true or false is expected here, not "yes"'),
        ("pools: {sales: }", "1:16: pools.sales: a mapping is expected here, not nothing"),
        ("pools: {sales: {members: []}}", '1:9: pools.sales: the key "record_type" is missing: add it'),
        ("pools: {s: {record_type: lead, strategy: fair}}", '1:42: pools.s.strategy: "fair" is not known here'),
        ("pools: {s: {record_type: lead, credit: 1.5}}", "1:40: pools.s.credit: a whole number is expected here"),
        ("pools: {s: {record_type: lead, members: ann}}", '1:41: pools.s.members: a list is expected here, not "ann"'),
        ("defaults: {leed: {user: ann}}", '1:12: defaults.leed: "leed" is not known here'),
        ("settings: {depth_limit: 0}", "1:25: settings.depth_limit: 0 does not fit: 1 or more is expected"),
        ("settings: {treat_as_unowned: {channels: [fax]}}", '1:42: settings.treat_as_unowned.channels[0]: "fax"'),
        ("users: {ann: , ann: }", '1:16: the key "ann" stands here already'),
        ("a: [", "2:1: not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, problem: str) -> None:
    """S12: what is wrong, where, and what is allowed instead."""
    problems = refused(config=text)
    assert [line for line in problems if line.startswith(f"config.yaml:{problem}")], problems


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{target: {}}", "a target names one of user, pool, queue, plan, users, owner_of, team"),
        ("{target: {user: ann, pool: sales}}", "a target names one of user, pool, queue"),
        ("{criteria: [a = 1]}", 'the key "target" is missing'),
        ("{criteria: a = 1, target: {user: ann}}", "a list is expected here"),
        ("{criteria: [a is 1], target: {user: ann}}", '"is" is no operator'),
        ("{id: a, target: {user: ann}}, {id: a, target: {user: bob}}", 'an earlier entry has the id "a"'),
        ("{id: 2, target: {user: ann}}, {target: {user: bob}}", 'an earlier entry has the id "2"'),
        ("{target: {user: joe}}", '"joe" is not declared under "users"'),
    ],
)
def test_a_wrong_entry_is_told_once(entry: str, problem: str) -> None:
    """S43 S49: a part that was taken out because it is wrong makes no second problem."""
    (only,) = refused(config=PEOPLE + SALES + rule_set(entry))
    assert problem in only


def test_a_default_for_every_type_cannot_be_a_pool() -> None:
    """S11 S12: a pool takes one record type, `*` means all."""
    (only,) = refused(config=PEOPLE + SALES + 'defaults: {"*": {pool: sales}}')
    assert only == (
        'config.yaml:3:24: defaults.*.pool: a pool takes one record type, "*" means all: '
        'write "lead" before this target'
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "plans: {p: {name: P, managers: [ann], average_sale: 100 USD}}",
            'average_sale: a number or a mapping is expected here, not "100 USD": its keys are amount, currency',
        ),
        ("plans: {p: {name: P, managers: [ann], label: 5}}", "label: text or a mapping is expected here, not 5"),
        ("pools: {p: {record_type: lead, members: [[ann]]}}", "members[0]: text or a mapping is expected here, not a"),
        ("pools: {p: {record_type: lead, requires: 5}}", "requires: a mapping or a list is expected here, not 5"),
        ("processes: {p: {record_type: lead, steps: 5}}", "steps: a list or a mapping is expected here, not 5"),
        ("defaults: {lead: 5}", "lead: a mapping or a list is expected here, not 5"),
        (
            "workflows: {w: {record_type: lead, trigger: created, action: {notify: 5}}}",
            "action.notify: 'owner' or a mapping is expected here, not 5",
        ),
        ("settings: {notifications: 5}", "notifications: a mapping is expected here, not 5"),
    ],
)
def test_what_may_be_said_in_short_is_told_with_its_short_forms(text: str, told: str) -> None:
    """Whoever wrote `100 USD` for `100` is not sent to write a mapping."""
    assert any(told in problem for problem in refused(config=f"{PEOPLE}{text}"))
