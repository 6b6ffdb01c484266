"""Targets with steps and persons whom a field names, as documents say them: read, refused, looked at."""

from __future__ import annotations

import pytest

from service.config.compiler import compile_document, from_wire, to_wire
from service.config.levels import above
from service.core.events import Target
from service.core.rule_sets import FieldUser, Ladder, LadderStep, OwnerOf
from tests.config.files import document, read, refused
from tests.config.linting import warned

BASE = """\
users: [ann, eve, boss]
pools:
  emea: {record_type: lead, members: [ann]}
  world: {record_type: lead, members: [eve]}
  rest: {record_type: lead, strategy: take, members: [ann]}
  deals: {record_type: deal, members: [ann]}
"""


def entry(target: str) -> str:
    """A configuration whose one entry has this target."""
    return f"{BASE}rule_sets: {{leads: {{record_type: lead, active: true, entries: [{{target: {target}}}]}}}}\n"


def default(target: str) -> str:
    return f"{BASE}defaults: {{lead: {target}}}\n"


def test_steps_are_read_in_order_with_their_waits() -> None:
    """D56 A list in the place of a target is short for its steps, here and on the log."""
    written = document(
        default(
            "[{user: {field: account.manager}}, {owner_of: account, wait: 2m}, "
            "{pool: emea, wait: 15s, skip_if: nobody_present}, {pool: world, wait: 3d}, {queue: rest}]"
        )
    )
    compiled = compile_document(written)
    ladder = Ladder(
        "lead",
        (
            LadderStep(FieldUser(("account", "manager"))),
            LadderStep(OwnerOf(("account",)), 120_000),
            LadderStep(Target("pool", "emea"), 15_000, skips_absent=True),
            LadderStep(Target("pool", "world"), 259_200_000),
            LadderStep(Target("queue", "rest")),
        ),
    )

    assert compiled.defaults == {"lead": ladder}
    assert {name for name, spec in compiled.pools.items() if spec.implied} == {
        ladder.steps[0].line("lead"),
        ladder.steps[1].line("lead"),
    }
    assert not any("account" in name for name in compiled.pools), "names of pools stand in logs"
    assert from_wire(to_wire(written), 7).defaults == {"lead": ladder}


def test_an_entry_may_have_steps_and_name_a_person_by_a_field() -> None:
    steps = compile_document(document(entry("[{users: {role: rep}, wait: 1h}, {user: boss}]")))
    named = compile_document(document(entry("{user: {field: manager}}")))

    assert str(steps.rule_sets["lead"].entries[0].target) == "pool:lead:role=rep → user:boss"
    assert named.rule_sets["lead"].entries[0].target == FieldUser(("manager",))


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("[{pool: emea, wait: 15x}, {user: boss}]", "target[0].wait: a time is a whole number"),
        ("[{pool: emea}, {user: boss, wait: 1h}]", "nothing comes behind the last step"),
        ("[{queue: rest}, {user: boss}]", "a queue takes at once"),
        ("[{pool: rest, wait: 1h}, {user: boss}]", "is a queue and takes at once"),
        ("[{plan: spring}, {user: boss}]", '"plan" cannot stand in a step'),
        ("[{team: match}, {user: boss}]", '"team" cannot stand in a step'),
        ("[{pool: emea, user: ann}, {user: boss}]", "a step names one of"),
        ("[{pool: emea, skip_if: nobody_present}, {user: boss}]", '"skip_if" skips the wait'),
        ("[{pool: emea, skip_if: nobody}, {user: boss}]", "nobody_present"),
        ("[{pool: emea, wait: 1h}, {pool: world, wait: 1h}, {pool: emea}]", "step 1 asks pool emea, too"),
        ("[{pool: elsewhere, wait: 1h}, {user: boss}]", '"elsewhere" is not declared'),
        ("[{pool: deals, wait: 1h}, {user: boss}]", '"deals" takes deals, not leads'),
        ("[{user: nobody, wait: 1h}, {user: boss}]", '"nobody" is not declared'),
        ("[{user: boss}]", "one step needs no list"),
    ],
)
def test_steps_that_cannot_be_meant_are_refused(target: str, what: str) -> None:
    """D56 Whether they stand in an entry or in a default; a circle is one of them."""
    assert [line for line in refused(config=entry(target)) if what in line]
    assert [line for line in refused(config=default(target)) if what.replace("target[", "lead[") in line]


def test_steps_are_of_one_record_type() -> None:
    said = f'{BASE}defaults: {{"*": [{{user: ann, wait: 1h}}, {{user: boss}}]}}'

    assert [line for line in refused(config=said) if '"*" means all' in line]


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("{user: {field: manager}}", "may lead to nobody"),
        ("[{user: {field: manager}, wait: 1h}, {owner_of: account}]", "all these steps may lead to nobody"),
    ],
)
def test_a_default_names_somebody_for_certain(target: str, what: str) -> None:
    assert [line for line in refused(config=default(target)) if what in line]


@pytest.mark.parametrize(
    "place",
    [
        "nobody_eligible: {fallback: [{user: ann}, {user: boss}]}",
        "escalate: {after: 1h, to: [{user: ann}, {user: boss}]}",
    ],
)
def test_steps_stand_where_a_target_does_and_nowhere_else(place: str) -> None:
    said = f"users: [ann, boss]\npools: {{emea: {{record_type: lead, members: [ann], {place}}}}}\n"

    assert [line for line in refused(config=said) if "steps stand in entries and in defaults" in line]


def test_a_step_for_a_pool_that_helps_an_earlier_one_out_is_named() -> None:
    helped = default("[{pool: emea, wait: 1h}, {pool: world}]").replace(
        "members: [ann]}\n  world", "members: [ann], nobody_eligible: {fallback: {pool: world}}}\n  world"
    )
    told = [str(note) for note in read(config=helped).notes]

    assert [line for line in told if '"world" helps out "emea" and is asked with it' in line]


def test_fields_that_name_people_are_among_those_of_the_records() -> None:
    """D30 As the fields of conditions are."""
    fields = "fields: {lead: {account.manager: text}}\n"
    for target, wrong in (
        ("{user: {field: account.manger}}", 1),
        ("[{user: {field: account.manger}, wait: 1h}, {user: boss}]", 1),
        ("[{user: {field: account.manager}, wait: 1h}, {user: boss}]", 0),
    ):
        told = [each for each in warned(entry(target) + fields, "") if "account.manger" in each]
        assert len(told) == wrong
        assert all('did you mean "account.manager"?' in each for each in told)


def test_steps_are_off_below_their_level_and_that_is_said() -> None:
    (told,) = above(document(default("[{pool: emea, wait: 1h}, {user: boss}]")))

    assert told.path[:2] == ("defaults", "lead")
    assert "this is off on lanes below level 4" in told.message


def test_a_plan_asks_for_skills_prefers_and_is_limited_like_a_pool() -> None:
    """D14 S39"""
    said = """\
users: {ann: {skills: {german: 2}}, bob: {skills: [german], territory: dach}}
plans:
  spring:
    name: Spring
    managers: [ann, bob]
    requires: {skill: german}
    prefer: {territory: dach}
    limits: [{at_most: 3, per: day}]
"""
    spec = compile_document(document(said)).pools["spring"]

    assert (len(spec.requires), len(spec.prefer), len(spec.limits)) == (1, 1, 1)
    assert [
        note for note in map(str, read(config=said.replace("at_most: 3", "at_most: 0")).notes) if "means never" in note
    ]
