"""Ids of people in another letter case: one person where ids ignore case, else a near miss that is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

import pytest
from pydantic import BaseModel

from schemas.config import Document
from service.config.compiler import compile_document
from service.config.loader import compile_inline
from tests.config.files import document, refused
from tests.config.linting import warned

USERS = "users: {Ann@x.org: {}, bob: {}}\n"
IGNORED = "ids_ignore_case: true\n"
POOL = "pools: {sales: {record_type: lead, members: [ann@X.org, bob]}}\n"
RULES = """\
rule_sets: {leads: {record_type: lead, active: true, entries: [{target: {user: ANN@x.org}}]}}
defaults: {lead: {user: BOB}}
settings: {treat_as_unowned: {users: [BOB, system]}}
"""


def test_people_are_called_as_they_were_declared() -> None:
    """D41: in pools, targets, defaults and among those who count as nobody."""
    config = compile_document(document(IGNORED, USERS, POOL, RULES))
    assert [member.person for member in config.pools["sales"].members] == ["Ann@x.org", "bob"]
    assert config.rule_sets["lead"].entries[0].target.id == "Ann@x.org"  # type: ignore[union-attr]  # a person
    assert config.defaults["lead"].id == "bob"
    assert config.unowned_users == {"bob", "system"}


PERSON = frozenset({"user", "manager", "managers"})
"""Keys behind which people's ids stand."""
UNOWNED = "settings.treat_as_unowned.users"
EVERYWHERE = """\
pools:
  sales:
    record_type: lead
    members: [ANN@x.org]
    manager: BOB
    nobody_eligible: {fallback: {user: BOB}}
    escalate: {after: 30m, to: {user: BOB}}
plans: {spring: {name: Spring, managers: [ANN@x.org, BOB]}}
rule_sets:
  leads:
    record_type: lead
    active: true
    entries:
      - {criteria: [tier equals vip], target: {user: ANN@x.org}}
      - {target: [{user: BOB, wait: 5m}, {pool: sales}]}
defaults: {"*": {user: BOB}, lead: [{pool: sales, wait: 5m}, {user: BOB}]}
workflows:
  one: {record_type: lead, trigger: created, action: {assign: {user: BOB}}}
  two: {record_type: lead, trigger: created, action: {assign: {steps: [{user: BOB, wait: 5m}, {pool: sales}]}}}
  three: {record_type: lead, trigger: created, action: {notify: {user: BOB}}}
  four: {record_type: lead, trigger: created, actions: [{notify: {user: BOB}}, {assign: {user: BOB}}]}
  five:
    record_type: lead
    trigger: created
    actions: [{assign: {steps: [{user: BOB, wait: 5m}, {pool: sales}]}}]
settings: {treat_as_unowned: {users: [BOB]}}
"""


def test_people_are_called_as_they_were_declared_wherever_they_stand() -> None:
    """D41: behind each key that names a person, be it of a pool, a plan, a target, a step or a workflow."""
    named = dict(_named((), document(IGNORED, USERS, EVERYWHERE)))
    assert {person for people in named.values() for person in people} == {"Ann@x.org", "bob"}
    assert named.keys() == set(_places((), Document))


def _named(path: tuple[str, ...], value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Who is named in a part of a document, by the keys that lead there."""
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from _named((*path, key), getattr(value, key))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _named(path, each)
    elif isinstance(value, str) and _names_people(path):
        yield ".".join(path), (value,)
    elif isinstance(value, tuple) and _names_people(path):
        yield ".".join(path), value
    elif isinstance(value, tuple):
        for each in value:
            yield from _named(path, each)


def _places(path: tuple[str, ...], kind: object) -> Iterator[str]:
    """The keys that lead to people in a document of this form."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for key, field in kind.model_fields.items():
            yield from _places((*path, key), field.annotation)
    elif _names_people(path):
        yield ".".join(path)
    else:
        for inside in get_args(kind):
            yield from _places(path, inside)


def _names_people(path: tuple[str, ...]) -> bool:
    return path[-1:] != () and (path[-1] in PERSON or ".".join(path) == UNOWNED)


def test_whoever_is_declared_twice_is_one() -> None:
    """D41: where ids ignore case, two spellings are a mistake."""
    (problem,) = refused(one=IGNORED, two="users: {ann: {}, Ann: {}}\n")
    assert problem.endswith('"Ann" is "ann" in another letter case, and ids ignore case: keep one of the two')
    (problem,) = refused(one=IGNORED + USERS, two=POOL.replace("bob", "ANN@x.org"))
    assert problem.endswith('"Ann@x.org" is a member already: keep one of the two lines')


def test_another_spelling_is_nobody_unless_the_setting_says_so() -> None:
    """D41: and the message names both ways out."""
    (problem,) = refused(one=USERS + POOL)
    assert '"Ann@x.org" differs only in letter case: write one of the two everywhere' in problem
    assert 'say "ids_ignore_case: true"' in problem


@pytest.mark.parametrize("users", ["users: {ann: {}, Ann: {}}\n", "users: [ann, Ann]\n"])
def test_check_names_people_who_are_probably_one(users: str) -> None:
    """D41: and those who count as nobody in another spelling."""
    (said,) = [each for each in warned(users, "defaults: {lead: {user: ann}}\n") if "letter case" in each]
    assert 'this differs from "ann" only in letter case' in said
    (said,) = warned("users: [ann]\nsettings: {treat_as_unowned: {users: [ANN]}}\n", "defaults: {lead: {user: ann}}\n")
    assert '"ANN" differs from "ann" only in letter case' in said


def test_a_scenario_may_say_so_too() -> None:
    """D41: there nobody need be declared; the spelling that is declared counts."""
    config = compile_inline(
        {
            "ids_ignore_case": True,
            "users": ["Ann"],
            "pools": {"sales": {"record_type": "lead", "members": ["ANN", "bob"]}},
        },
        "inline",
    )
    assert set(config.users) == {"Ann", "bob"}


def test_the_setting_is_said_once() -> None:
    """D41: for the whole division, in one of its files."""
    (problem,) = refused(one=IGNORED, two=IGNORED)
    assert "this is declared already in" in problem


def test_names_that_differ_in_letter_case_only_are_named() -> None:
    """D41: an event that means one of them may name the other; people's ids have rules of their own."""
    pools = "pools: {inbound: {record_type: contact}, Inbound: {record_type: deal}}\n"
    said = warned(f"{pools}tools: [web, WEB]\n")
    assert [each.partition(" ")[2] for each in said] == [
        'pools.Inbound: this differs from "inbound" only in letter case, so one is taken for the other: rename it',
        'tools[1]: this differs from "web" only in letter case, so one is taken for the other: rename it',
    ]


def test_words_that_are_one_without_their_letter_case_are_named() -> None:
    """D28 S19: of a CRM's words for presence, and of the languages of texts, only one would be heard."""
    words = "settings: {presence: {words: {busy: away, BUSY: available, idle: away}}}\n"
    letter = "{subject: New, body: New}"
    said = warned(f"{words}templates: {{assigned: {{en: {letter}, EN: {letter}, de: {letter}}}}}\n")
    alike = "in another letter case, which says nothing here: keep one of the two"
    assert [each.partition(" ")[2] for each in said] == [
        f'settings.presence.words.BUSY: this is "busy" {alike}',
        f'templates.assigned.EN: this is "en" {alike}',
    ]


def test_a_name_in_another_letter_case_is_what_was_meant() -> None:
    """D41 S74: of pools, queues and plans as of people."""
    (problem,) = refused(
        one=USERS, two="pools: {sales: {record_type: lead, members: [bob]}}\ndefaults: {lead: {pool: SALES}}\n"
    )
    assert problem.endswith('"SALES" is not declared under "pools"; did you mean "sales"?')


def test_check_names_what_people_can_do_in_two_spellings() -> None:
    """D41: a requirement takes them for one, a target that describes people for two."""
    users = (
        "users: {ann: {skills: [German], role: Rep}, bob: {skills: {german: 2}, role: rep}, cem: {skills: german}}\n"
    )
    said = [each for each in warned(f"{users}\n", "defaults: {lead: {user: ann}}\n") if "letter case" in each]
    assert [each.partition(": ")[2] for each in said] == [
        'users.bob.skills: "german" differs from "German" only in letter case: write one of the two everywhere',
        'users.bob.role: "rep" differs from "Rep" only in letter case: write one of the two everywhere',
    ]
