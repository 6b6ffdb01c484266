"""Conditions on change in documents: what they become, where they may stand, and what is said where they may not."""

from __future__ import annotations

from typing import Final

import pytest

from service.config.compiler import compile_document
from service.core.past import PAST_FIELDS
from service.language.printing import in_words
from tests.config.files import PEOPLE, SALES, document, refused, rule_set
from tests.config.linting import SALES as TO_SALES
from tests.config.linting import about_entries, warned

ON_UPDATES: Final = "on: updated, target: {pool: sales}"


def told(entry: str, more: str = "") -> list[str]:
    """What is wrong with an entry, without its place in the file."""
    found = refused(people=PEOPLE, config=rule_set(f"{{{entry}}}") + (more or SALES))
    return [each.partition(": ")[2].removeprefix("rule_sets.leads.entries[0]") for each in found]


@pytest.mark.parametrize(
    "before",
    [
        "{criteria: ['stage equals open', 'size > 5'], logic: 1 AND NOT 2}",
        "{when: 'stage == \"open\" and not size > 5'}",
        "{domain: \"[('stage', '=', 'open'), '!', ('size', '>', 5)]\"}",
    ],
)
def test_the_keys_of_an_entry_are_conditions_like_any(before: str) -> None:
    """D43 In any notation; one of several fields is enough, and one needs no list."""
    entry = f"{{criteria: ['size < 9'], changed: [stage, account.tier], before: {before}, {ON_UPDATES}}}"
    (compiled,) = compile_document(document(PEOPLE, SALES, rule_set(entry))).rule_sets["lead"].entries
    assert [in_words(each.condition) for each in compiled.criteria] == [
        "size less than 9",
        "account.tier changed or stage changed",
    ]
    (past,) = compiled.before
    assert past.source.startswith(("before stage equals", "('before stage', '='"))
    config = compile_document(document(PEOPLE, SALES, rule_set(entry)))
    assert config.asked_before == {"lead": {"stage", "account.tier", "size"}}
    (on_creation,) = (
        compile_document(document(PEOPLE, SALES, rule_set(entry.replace("on: updated", "on: [created, updated]"))))
        .rule_sets["lead"]
        .on_created.entries
    )
    assert on_creation.before == ()


def test_one_field_needs_no_list() -> None:
    """D43 S32"""
    one, several = (rule_set(f"{{changed: {written}, {ON_UPDATES}}}") for written in ("stage", "[stage]"))
    assert document(PEOPLE, SALES, one) == document(PEOPLE, SALES, several)


UPDATES_ONLY: Final = 'only an update changes something: add "on: [updated]" to the entry'


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ("changed: stage", ".changed"),
        ("before: {criteria: ['stage equals open']}", ".before"),
        ("criteria: ['size > 5', 'stage changed to won']", ".criteria[1]"),
        ("when: 'before stage == \"open\"'", ".when"),
        ("domain: \"[('stage', 'changed', True)]\"", ".domain"),
    ],
)
def test_an_entry_that_is_asked_on_creations_alone_cannot_ask_what_changed(entry: str, where: str) -> None:
    """D43 With its place and what to write."""
    assert told(f"{entry}, {TO_SALES}") == [f"{where}: {UPDATES_ONLY}"]


def test_of_the_values_before_nothing_is_asked_about_change() -> None:
    """D43"""
    for text in ("stage changed", "before stage equals open"):
        (said,) = told(f"before: {{criteria: ['{text}']}}, {ON_UPDATES}")
        assert said == '.before.criteria[0]: these are the values before: leave "changed" and "before" out here'


def test_a_mistake_in_a_condition_on_the_values_before_has_its_place() -> None:
    """D43 S42"""
    (said,) = told(f"before: {{criteria: ['stage equals']}}, {ON_UPDATES}")
    assert said.startswith(".before.criteria[0]: ")


@pytest.mark.parametrize(
    "text",
    [
        "pools: {sales: {record_type: lead, members: [ann], criteria: ['stage changed']}}\n",
        "pools: {sales: {record_type: lead, members: [{user: ann, when: 'stage changed'}]}}\n",
        SALES + "scores: {lead: [{criteria: ['before size > 5'], points: 5}]}\n",
    ],
)
def test_only_entries_ask_what_changed(text: str) -> None:
    """D43 Pools, members and scores are asked at other times."""
    (said,) = refused(people=PEOPLE, config=text)
    assert said.endswith("here nothing was just changed: only entries that are asked on updates ask what was")


def test_so_many_fields_may_be_asked_for() -> None:
    """D43 They are remembered for each record."""
    named = ", ".join(f"field_{number}" for number in range(PAST_FIELDS))
    most = f"changed: [{named}], {ON_UPDATES}"
    assert compile_document(document(PEOPLE, SALES, rule_set(f"{{{most}}}"))).asked_before
    entries = f"{{{most}}}, {{id: more, before: {{criteria: ['another equals 5']}}, {ON_UPDATES}}}"
    (said,) = refused(config=PEOPLE + SALES + rule_set(entries))
    assert said.endswith(f"at most {PAST_FIELDS} fields may be asked for as they were before: ask for fewer")


def test_fields_are_looked_up_wherever_a_change_is_asked_for() -> None:
    """D43 S50 In keys, too."""
    fields = "fields: {lead: {stage: text, size: number}}\n"
    found = warned(
        rule_set(
            f"{{changed: [size, stagee], before: {{criteria: ['sizes > 5', 'size equals many']}}, {ON_UPDATES}}}, "
            f"{{id: b, criteria: [stage changed, 'size changed to many'], {ON_UPDATES}}}"
        )
        + fields
    )
    said = [each.partition("leads.entries")[2].partition(", ")[0].partition(";")[0] for each in found]
    assert sorted(filter(None, said)) == [
        '[0].before.criteria[0]: "sizes" is not among the fields of leads',
        '[0].before.criteria[1]: "size" is declared as a number',
        '[0].changed[1]: "stagee" is not among the fields of leads',
        '[1].criteria[1]: "size" is declared as a number',
    ]


def test_what_follows_from_a_change_is_known() -> None:
    """D43 S49 S60 A more general entry above hides one below; a narrower one does not."""
    won, any_change = f"criteria: [stage changed to won], {ON_UPDATES}", f"changed: stage, {ON_UPDATES}"
    assert len(about_entries(any_change, won)) == 1
    assert not about_entries(won, any_change)
    assert not about_entries(f"changed: stage, before: {{criteria: [stage equals open]}}, {ON_UPDATES}", won)
    (said,) = about_entries(f"criteria: [stage changed to won, stage equals lost], {ON_UPDATES}")
    assert "no record can fit" in said


def test_what_is_asked_on_updates_alone_hides_nothing_that_is_asked_on_creations() -> None:
    """D43 S49 An entry takes more on a creation where its `before` is not asked."""
    both = "on: [created, updated], target: {pool: sales}"
    open_before = "before: {criteria: [stage equals open]}"
    assert not about_entries(f"{open_before}, {both}", f"criteria: [size > 5], {open_before}, {both}")
    assert not warned(rule_set(f"{{{open_before}, {both}}}"), PEOPLE + SALES)
