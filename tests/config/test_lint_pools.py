"""Pools, limits, time, skills and telling that can be used and are hardly meant: each kind of mistake has its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.config.loader import load
from tests.config.linting import warned

USERS = """\
users:
  ann: {skills: {german: 2}, role: lead}
  bob: {skills: [french]}
  eve: {active: false}
"""
TWO = "pools: {o: {record_type: lead, members: [bob]}, p: {record_type: lead, members: [ann, bob], %s}}\n"


ENTRY = "rule_sets: {r: {record_type: lead, active: true, entries: [%s]}}\n"


def pool(said: str) -> str:
    return f"{TWO % said}defaults: {{lead: {{pool: p}}}}\n"


def member(said: str) -> str:
    return f"pools: {{p: {{record_type: lead, members: [{{user: ann, {said}}}]}}}}\n"


WARNED = [
    (pool("manager: eve"), 'pools.p.manager: "eve" is not active'),
    (pool("escalate: {after: 5m, to: {user: eve}}"), 'pools.p.escalate.to.user: "eve" is not active'),
    (pool("nobody_eligible: {fallback: {user: eve}}"), 'fallback.user: "eve" is not active'),
    (
        pool("requires: {skill: germn}"),
        'nobody who could get it has the skill "germn", so its records wait; did',
    ),
    (pool("requires: [{skill: german}, {skill: french}]"), 'nobody who could get it has all of "french" and "german"'),
    (
        pool("prefer: {skill: frensh}"),
        'prefer.skill: nobody here has the skill "frensh", so nobody comes first; did',
    ),
    (pool("prefer: {role: boss}"), 'prefer.role: nobody here has the role "boss"'),
    (
        pool("") + ENTRY % "{requires: {skill: french}, target: {users: {skill: german}}}",
        'entries[0].requires: nobody who could get it has the skill "french"',
    ),
    (
        f"{pool('')}plans: {{a: {{name: A, managers: [ann], requires: {{skill: french}}}}}}\n",
        'plans.a.requires: nobody who could get it has the skill "french"',
    ),
    (
        pool("criteria: [c equals DE]").replace("members: [ann,", "members: [{user: ann, criteria: [c equals FR]},"),
        "pools.p.members[0]: no record of this pool can fit this",
    ),
    (
        f"{pool('')}fields: {{lead: {{size: number}}}}\nsizes: {{lead: sise}}\n",
        'sizes.lead: "sise" is not among',
    ),
    (
        f"{pool('')}fields: {{lead: {{size: date}}}}\nsizes: {{lead: size}}\n",
        '"size" is a date, so every lead',
    ),
    (f"{pool('')}scores: {{lead: [{{criteria: [a equals 1], points: 0}}]}}\n", "0 points are none"),
    (
        f"{pool('')}scores: {{lead: [{{criteria: [a equals 1, a equals 2], points: 5}}]}}\n",
        "scores.lead[0]: no record can fit this row",
    ),
    (
        f"{pool('')}holidays: {{old: [2019-12-25]}}\n",
        "holidays.old: these days end with 2019-12-25",
    ),
]
NOTED = [
    (
        pool("hand_on: 2"),
        'pools.p.hand_on: nobody has to accept what this pool gives: say how soon, with "accept_within"',
    ),
    (pool("ask_again: true"), "pools.p.ask_again: nobody has to accept"),
    (pool("longest_wait: 2d, escalate: {after: 5m, to: {user: ann}}"), "what waits is escalated after 5m"),
    (pool("strategy: take, requires: {skill: german}"), "pools.p.requires: nothing is given out of a queue"),
    (pool("strategy: take, nobody_eligible: {fallback: {user: bob}}"), "pools.p.nobody_eligible: nothing is given out"),
    (
        pool("accept_within: 30m").replace("{pool: p}", "[{pool: p, wait: 5m}, {pool: o}]"),
        'defaults.lead[0].wait: whoever of "p" is asked has 30m to accept',
    ),
    (member("max_open: 0"), "members[0].max_open: at most 0 means never"),
    (member("max_open: 10, limits: [{at_most: 3, open: true}]"), "max_open: a limit of theirs is 3 open"),
    (member("max_open: 3, limits: [{at_most: 5, open: true}]"), "limits[0]: max_open is 3 and reached before"),
    (
        member("limits: [{at_most: 50, per: 1h}, {at_most: 10, per: day}]"),
        "limits[0]: number 2 of the list is",
    ),
    (
        member("limits: [{at_most: 5, per: 2h}, {at_most: 10, per: 1h}]"),
        "limits[1]: number 1 of the list is",
    ),
    (member("limits: [{at_most: 5, per: day}, {at_most: 5, per: day}]"), "limits[1]: number 1 of the list is reached"),
    (member("limits: [{at_most: 5, per: 60m}, {at_most: 5, per: 1h}]"), "limits[1]: number 1 of the list is reached"),
    (
        "users: {zoe: {limits: [{at_most: 2, open: true}, {at_most: 5, open: true, types: [lead]}]}}",
        "limits[1]: number",
    ),
    ("users: {zoe: {hours: {mon: '17:00-09:00'}}}", "hours.mon: this lasts 16 hours, over midnight"),
    ("users: {zoe: {leave: [{from: 2026-12-20, until: 2206-12-31}]}}", "leave[0]: this leave lasts 180 years"),
    (
        "settings: {notifications: {quiet: {from: '00:00', until: '23:59'}}}",
        "quiet: this leaves 1 minute of a day in which",
    ),
    ("settings: {notifications: {language: fr}}", 'language: nothing is written in "fr"'),
    ("users: {zoe: {notify: {language: pt-BR}}}", 'zoe.notify.language: nothing is written in "pt-br"'),
    ("users: {zoe: {notify: []}}\npools: {p: {record_type: lead, manager: zoe}}", 'manager: "zoe" is told by no means'),
]
RIGHT = [
    pool("accept_within: 5m").replace("{pool: p}", "[{pool: p, wait: 5m}, {pool: o}]"),
    pool("accept_within: 15m, hand_on: 2, ask_again: true"),
    pool("longest_wait: 5m, escalate: {after: 2h, to: {user: ann}}"),
    pool("longest_wait: 5h, escalate: {after: 2h, to: {user: ann}, clock: working}"),
    pool("requires: {skill: german}, prefer: {skill: german, level: 2}"),
    pool("requires: [{skill: {field: language}}, {skill: german}]"),
    member("max_open: 3, limits: [{at_most: 2, per: 1h}, {at_most: 10, per: day}]"),
    member("limits: [{at_most: 15, per: 1h}, {at_most: 10, per: day}, {at_most: 60, per: week}]"),
    "users: {zoe: {hours: {mon: '22:00-06:00'}, notify: {language: de-AT, quiet: {from: '20:00', until: '08:00'}}}}\n",
    "users: {zoe: {leave: [{from: 2026-12-20, until: 9999-12-31}]}}\n",
]


def noted(text: str, directory: Path) -> list[str]:
    (directory / "a.yaml").write_text(text if "users:" in text else USERS + text, encoding="utf-8")
    usual = ("to the only pool for them", "nobody is in this pool")
    return [str(note) for note in load(directory).notes if not any(each in note.message for each in usual)]


@pytest.mark.parametrize(("text", "told"), WARNED)
def test_what_is_hardly_meant_is_a_warning(text: str, told: str) -> None:
    (found,) = warned(text, USERS)
    assert told in found


@pytest.mark.parametrize(("text", "told"), NOTED)
def test_what_may_be_meant_is_a_note(text: str, told: str, tmp_path: Path) -> None:
    (found,) = noted(text, tmp_path)
    assert told in found


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_not_told(text: str, tmp_path: Path) -> None:
    assert noted(text, tmp_path) == []
    assert warned(text, "" if "users:" in text else USERS) == []
