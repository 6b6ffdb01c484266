"""An entry says what fits in one of three notations; mistakes are told with file, line and column of the text."""

from __future__ import annotations

from typing import Any

import pytest

from service.config.compiler import compile_document, from_wire, to_wire
from service.core.rules import match
from tests.config.files import PEOPLE, SALES, document, refused, rule_set

NOW_MS = 1_700_000_000_000
"""2023-11-14T22:13:20Z: in Auckland it is the 15th already."""

SAME = [
    'criteria: ["country in [DE, FR]", "size > 500", "source equals web"], logic: "1 AND (2 OR NOT 3)"',
    'when: \'country in ["DE", "FR"] and (size > 500 or not source == "web")\'',
    "domain: [[country, in, [DE, FR]], '|', [size, '>', 500], '!', [source, '=ilike', web]]",
    "domain: \"[('country', 'in', ['DE', 'FR']), '|', ('size', '>', 500), ('source', 'not ilike', 'web')]\"",
]


def winner(entry: str, facts: dict[str, Any], settings: str = "") -> bool:
    """Whether the one entry of a rule set matches."""
    given = document(PEOPLE, SALES, rule_set(f"{{{entry}, target: {{pool: sales}}}}"), settings)
    config = from_wire(to_wire(given), 1)
    assert config.rule_sets == compile_document(given).rule_sets
    return match(config.rule_sets["lead"], facts, NOW_MS)[0] is not None


@pytest.mark.parametrize("entry", SAME)
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"country": "DE", "size": 501, "source": "web"}, True),
        ({"country": "FR", "source": "fair"}, True),
        ({"country": "FR"}, True),
        ({"country": "DE", "size": 500, "source": "web"}, False),
        ({"country": "US", "size": 501}, False),
        ({}, False),
    ],
)
def test_three_notations_say_the_same(entry: str, facts: dict[str, Any], expected: bool) -> None:
    """S43 S75: and the bytes of a configuration carry each of them."""
    assert winner(entry, facts) is expected


def test_an_entry_without_any_of_them_takes_everything() -> None:
    """S43: the last entry of a rule set is often such a one; an empty domain is the same."""
    assert winner("name: rest", {})
    assert winner("domain: []", {})


def test_the_days_of_relative_dates_are_those_of_the_division() -> None:
    """D12: `settings.zone` says where midnight is; without it, days are those of UTC."""
    fact = {"created": "2023-11-15T09:00:00+13:00"}
    for entry in ('criteria: ["created equals today"]', "when: created == today"):
        assert winner(entry, fact, "settings: {zone: Pacific/Auckland}\n")
        assert winner(entry, {"created": "2023-11-14"})
        assert not winner(entry, {"created": "2023-11-14"}, "settings: {zone: Pacific/Auckland}\n")


def test_dates_without_an_offset_are_of_one_zone_in_every_notation() -> None:
    """D12: that of the division, whoever wrote the date, the record or the condition."""
    auckland = "settings: {zone: Pacific/Auckland}\n"
    for entry in (
        'criteria: ["created >= 2026-03-01"]',
        "when: created >= 2026-03-01",
        "domain: [[created, '>=', '2026-03-01']]",
    ):
        for fact in ("2026-02-28T11:00:00Z", "2026-03-01 00:00:00", "2026-03-01"):
            assert winner(entry, {"created": fact}, auckland)
        assert not winner(entry, {"created": "2026-02-28T10:59:59Z"}, auckland)
        assert not winner(entry, {"created": "2026-02-28T11:00:00Z"})


def test_weeks_begin_when_the_division_says() -> None:
    """S42: the same day is of this week or of the last one; a domain says it in Odoo's words."""
    sunday = "settings: {week_starts: sunday}\n"
    for entry in ("criteria: [created in this_week]", "domain: [[created, '>=', 'today =week_start']]"):
        assert winner(entry, {"created": "2023-11-12"}, sunday)
        assert not winner(entry, {"created": "2023-11-12"})
        assert winner(entry, {"created": "2023-11-13"})


def test_the_logic_of_one_criterion_may_be_a_number() -> None:
    """S43: without quotes `1` is no text in YAML, and nobody thinks of it."""
    assert winner("criteria: [size > 5], logic: 1", {"size": 6})


def test_a_list_of_five_hundred_values_fits() -> None:
    """S42: as many as a list may have, as long as names of companies are; what is too long is said with a remedy."""
    companies = [f"The {number} Quite Long Names Company of Somewhere" for number in range(500)]
    assert winner(f"criteria: ['company in [{', '.join(companies)}]']", {"company": companies[-1].upper()})
    (problem,) = refused(rules=rule_set(f"{{criteria: [a = {'x' * 50_000}], target: {{user: ann}}}}"), people=PEOPLE)
    assert "a text has at most 50000 characters here, this one has 50004: split it" in problem


@pytest.mark.parametrize(
    ("entry", "at", "what"),
    [
        ("logic: 1 AND 2 OR 3, criteria: [a = 1, b = 1, c = 1]", "OR 3", '"or" after "and" has two meanings'),
        ("logic: '1 AND 4', criteria: [a = 1]", "4'", "there is no criterion 4, there is 1"),
        ("when: 'size > many'", "many'", '"many" is no value: text needs quotes'),
        ("when: size >", ", target", "a value is missing"),
        ("criteria: ['size > 5', 'country in [DE']", "'], target", '"," or "]" is missing'),
        ("domain: \"[('size', '>>', 5)]\"", "'>>'", ">>"),
        ("domain: [[size, '>>', 5]]", "[[size", ">>"),
        ("domain: 5", "5, target", "a domain is a list of terms"),
        ("when: size > 5, criteria: [a = 1]", "{when", "an entry has one of criteria, domain and when"),
        ("when: size > 5, domain: []", "{when", "an entry has one of criteria, domain and when"),
        ("logic: 1 AND 2", "{logic", "logic combines criteria, and there are none"),
    ],
)
def test_a_mistake_is_told_with_its_place(entry: str, at: str, what: str) -> None:
    """S74 S43: line and column are those of the text in the file."""
    rules = rule_set(f"{{{entry}, target: {{pool: sales}}}}")
    (problem,) = refused(people=PEOPLE, pools=SALES, rules=rules)
    file, line, column, message = problem.split(":", 3)
    assert (file, line) == ("rules.yaml", "1")
    assert what in message
    assert rules[int(column) - 1 :].startswith(at)


def test_an_unknown_zone_is_refused() -> None:
    """D12: IANA names only, so that days have a beginning and an end."""
    (problem,) = refused(people=PEOPLE, settings="settings: {zone: CEST}\n")
    assert problem.startswith("settings.yaml:1:18: settings.zone: this is no time zone")
