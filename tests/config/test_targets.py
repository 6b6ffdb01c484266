"""Targets, teams, queues and scores as documents say them, and the mistakes that can be made."""

from __future__ import annotations

import pytest

from service.config.compiler import compile_document, from_wire, to_wire
from service.core.events import Target
from service.core.pool_spec import Membership
from service.core.rule_sets import OwnerOf, TeamMatch
from tests.config.files import PEOPLE, document, refused, rule_set

TEAMS = """\
pools:
  dach:
    {record_type: lead, domain: "[('country', 'in', ['DE', 'AT'])]", sequence: 3, members: [{user: ann, when: a > 1}]}
  hot: {record_type: lead, strategy: take, notify_members: true, members: [bob]}
"""


def test_every_kind_of_target_is_compiled() -> None:
    """S35 S45 S54 S62 S66 A user, a pool, a queue, people, a related owner, a team."""
    text = rule_set(
        "{target: {user: ann}}, {target: {pool: dach}}, {target: {queue: hot}}, {target: {owner_of: account.parent}}, "
        "{target: {team: match}, on: [updated, created], reassign: always}, {target: {users: {role: rep, skill: de}}}"
    )
    config = compile_document(document(PEOPLE, TEAMS, text))
    (found,) = config.rule_sets.values()

    assert [entry.target for entry in found.entries] == [
        Target("user", "ann"),
        Target("pool", "dach"),
        Target("queue", "hot"),
        OwnerOf(("account", "parent")),
        TeamMatch(),
        Target("pool", "lead:role=rep,skill=de"),
    ]
    assert [entry.reassign for entry in found.on_updated.entries] == ["always"]
    assert len(found.on_created.entries) == 6


def test_pools_and_members_have_conditions_in_any_notation() -> None:
    """S73 S76 The wire form keeps them."""
    config = from_wire(to_wire(document(PEOPLE, TEAMS)), 3)
    dach, hot = config.pools["dach"], config.pools["hot"]

    assert dach.domain is not None
    assert dach.domain.test({"country": "AT"}, 0)
    assert not dach.domain.test({}, 0)
    assert dach.members[0].domain is not None
    assert dach.members[0].domain.reads == {"a"}
    assert hot.is_queue
    assert hot.notify_members
    assert [spec.id for spec in config.teams["lead"].specs] == ["dach"]
    assert config.tracked == {"lead": {"a"}}


def test_people_who_fit_are_the_members_of_an_implied_pool() -> None:
    """S54 By role, profile, territory and skill; a list or a name alone; one pool for equal descriptions."""
    users = """\
        users:
          ann: {territory: dach, role: rep, skills: [de, en]}
          bob: {territory: [nordics, dach], role: rep}
          eve: {territory: dach, profile: partner}
        """
    target = "{target: {users: {territory: dach, role: rep}}}"
    config = compile_document(document(users, rule_set(f"{target}, {target}, {{target: {{users: {{skill: en}}}}}}")))

    assert {name: spec.members for name, spec in config.pools.items()} == {
        "lead:role=rep,territory=dach": (Membership("ann"), Membership("bob")),
        "lead:skill=en": (Membership("ann"),),
    }
    assert all(spec.implied for spec in config.pools.values())


def test_a_score_is_a_list_of_conditions_with_points() -> None:
    """S63 A row without a condition gives its points to all."""
    config = compile_document(document("scores: {lead: [{points: 1}, {criteria: [a = 1, b = 2], points: -2.5}]}"))
    rows = config.scores["lead"]

    assert [(row.points, row.predicate.test({"a": 1, "b": 2}, 0), row.predicate.test({}, 0)) for row in rows] == [
        (1.0, True, True),
        (-2.5, True, False),
    ]


def test_what_is_closed_is_a_condition_in_any_notation() -> None:
    """D33 What it reads is remembered of each record."""
    for written in ("criteria: [stage equals won]", "domain: [[stage, '=', won]]", 'when: stage == "won"'):
        config = compile_document(document(f"closed_when: {{lead: {{{written}}}}}"))
        assert [config.closed_when["lead"].test({"stage": stage}, 0) for stage in ("won", "new")] == [True, False]
        assert config.tracked == {"lead": {"stage"}}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{}", "1:15: closed_when.lead: without a condition every lead is closed: say which"),
        ("{criteria: [a ~ b]}", "closed_when.lead.criteria[0]"),
        ("{when: a ==}", "closed_when.lead.when"),
        ("{when: a == 1, criteria: [a equals b]}", "one of criteria, domain and when"),
        ("{stage: won}", "closed_when.lead.stage"),
    ],
)
def test_a_wrong_condition_of_what_is_closed_is_told(written: str, problem: str) -> None:
    """D33 With its place; without a condition everything would be closed."""
    assert any(problem in each for each in refused(config=f"closed_when: {{lead: {written}}}\n"))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{target: {plan: gold}}", '"gold" is not declared under "plans"'),
        ("{target: {queue: dach}}", '"dach" hands records out: write "pool: dach"'),
        ("{target: {queue: hto}}", '"hto" is not declared under "pools"; did you mean "hot"?'),
        ("{target: {users: {}}}", "users are named by role, profile, territory or skill"),
        ("{target: {users: {role: rep, teritory: dach}}}", 'did you mean "territory"?'),
        ("{target: {team: mine}}", "write 'match'"),
        ("{target: {owner_of: .account}}", '".account"'),
        ("{target: {owner_of: account, within: 90d}}", '"within" and "contacted" go together'),
        ("{target: {owner_of: account, counts_as_turn: true}}", "needs the pool whose turn it is"),
        ("{target: {owner_of: account, among: hot}}", '"hot" is a queue, in which nobody has a turn'),
        ("{target: {owner_of: account, among: nobody}}", '"nobody" is not declared under "pools"'),
        ("{target: {user: ann, among: dach}}", "are about the target owner_of: leave them out here"),
        ("{target: {user: ann}, on: [deleted]}", "'created' or 'updated'"),
        ("{target: {user: ann}, on: []}", "entries[0].on"),
        ("{target: {user: ann}, reassign: sometimes}", "'never', 'if_unowned' or 'always'"),
    ],
)
def test_a_wrong_target_is_told(entry: str, problem: str) -> None:
    """S33 Each with what to do instead."""
    (only,) = refused(config=PEOPLE + TEAMS + rule_set(entry))

    assert problem in only


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("defaults: {lead: {team: match}}", "this may lead to nobody, so it is no default"),
        ("defaults: {lead: {owner_of: account}}", "this may lead to nobody, so it is no default"),
        ('defaults: {"*": {users: {role: rep}}}', "people share one record type"),
        ("pools: {p: {record_type: lead, notify_members: true}}", "only a queue tells all its members"),
        ("pools: {p: {record_type: lead, when: 'a >'}}", "pools.p.when"),
        ("pools: {p: {record_type: lead, members: [{user: ann, domain: '[(1)]'}]}}", "pools.p.members[0].domain"),
        ("scores: {lead: [{when: 'a >', points: 1}]}", "scores.lead[0].when"),
        ("scores: {lead: [{when: a > 1}]}", 'the key "points" is missing'),
        ("rule_sets: {r: {record_type: deal, entries: [{target: {team: match}}]}}", "no pool for deals says"),
    ],
)
def test_a_wrong_default_pool_or_score_is_told(text: str, problem: str) -> None:
    """S63 S73 S74 S76 With its place."""
    (only,) = refused(config=PEOPLE + text)

    assert problem in only
