"""What `fairlead check` warns of where conditions ask for fields."""

from __future__ import annotations

import pytest

from tests.config.linting import SALES, entries, warned

FIELDS = (
    "fields: {lead: {country: text, size: number, account: link, born: date, tags: list, vip: boolean, raw: null}}\n"
)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "criteria: [size > 5, contry equals US]",
            (
                '8:31: rule_sets.leads.entries[0].criteria[1]: "contry" is not among the fields of leads; '
                'did you mean "country"?'
            ),
        ),
        (
            'when: size > 5 and zzz == "x"',
            '8:29: rule_sets.leads.entries[0].when: "zzz" is not among the fields of leads; add it under "fields"',
        ),
        (
            "domain: \"[('size', '>', 5), ('zzz.x', '=', 1)]\"",
            '8:40: rule_sets.leads.entries[0].domain: "zzz.x" is not among the fields of leads; add it under "fields"',
        ),
        (
            "criteria: [size equals big]",
            (
                '8:21: rule_sets.leads.entries[0].criteria[0]: "size" is declared as a number, and size equals '
                '"big" asks for a text: compare it with a number, or correct its type under "fields"'
            ),
        ),
    ],
)
def test_a_field_that_no_record_has_is_named(entry: str, said: str) -> None:
    """S34 S42 S50: against the list of fields, at its place in the text."""
    assert warned("\n" + FIELDS + entries(f"{entry}, {SALES}")) == [said]


@pytest.mark.parametrize(
    "entry",
    [
        "criteria: [size > 5, account.sector equals retail, country contains e, raw equals 5]",
        "criteria: [born < today, tags includes fair, vip equals true, size equals '', country > 5]",
        "criteria: [account.parent.name equals Acme]",
        "criteria: ['tags.name includes [VIP]', 'account includes [Acme]']",
        "criteria: [vip equals true, born is empty, size between 1 and 5, 'country ends with [a, b]']",
        "criteria: ['tags includes all [a, b]', country equals field account.country, size > field account.size]",
        "domain: [[vip, '=', True], [vip, '=', 1], [account, ilike, acme], [account, '=', 5], [tags, in, [a, 4]]]",
        "domain: [[size, '>', 5], [size, '=', '5'], [born, '<', today], [born, '=', False], [born, '=like', '2024%']]",
        "domain: [[tags, any, [[name, '=', x]]], [account.size, '>', 5], [country, child_of, Europe]]",
        "domain: [[raw, '>', 5], [raw, '=', True], [size, '=', False]]",
    ],
)
def test_fields_that_are_declared_are_fine(entry: str) -> None:
    """S34 S50 S52: also what lies behind a link of which no more is said."""
    assert not warned(FIELDS + entries(f"{entry}, {SALES}"))


@pytest.mark.parametrize(
    "criterion",
    [
        "vip > 5",
        "born contains 20",
        "size includes fair",
        "tags equals fair",
        "vip ends with x",
        "size between today and tomorrow",
        "tags starts with [a, b]",
        "born includes all [a, b]",
        "size equals field born",
        "tags.name equals VIP",
        "tags.owner.name is not empty",
        "vip equals field size",
    ],
)
def test_a_comparison_with_what_a_field_never_holds_is_named(criterion: str) -> None:
    """S34 S42: numbers, dates, lists and truth values are told apart."""
    (said,) = warned(FIELDS + entries(f"criteria: ['{criterion}'], {SALES}"))
    assert "is declared as" in said


@pytest.mark.parametrize(
    ("term", "asked"),
    [
        ("size, '=', big", "a text"),
        ("size, '>', big", "a text"),
        ("size, in, [5, big]", "a text"),
        ("vip, '=', 5", "a number"),
        ("vip, ilike, x", "a text"),
        ("born, '>', 5", "a number"),
        ("born, '=', soon", "a text"),
        ("size, '>=', today", "a date"),
        ("country, '=', True", "true or false"),
        ("country, any, []", "a link"),
        ("account, '=', True", "true or false"),
        ("vip, child_of, x", "a place in a hierarchy"),
        ("account, any, [[size, '=', big]]", "a text"),
    ],
)
def test_a_domain_that_asks_for_what_a_field_never_holds_is_named(term: str, asked: str) -> None:
    """S34 S75: as in criteria, and a link may be asked for by its id and its name."""
    declared = FIELDS.replace("account: link", "account: link, account.size: number")
    (said,) = warned(declared + entries(f"domain: [[{term}]], {SALES}"))
    assert "is declared as" in said
    assert f" asks for {asked}: compare it with" in said


def test_fields_are_looked_for_wherever_conditions_stand() -> None:
    """S50 S63 S76: of pools, members, scores and links to owners; linked records that are listed are known by name."""
    text = """\
        users: [ann]
        fields: {lead: [size, account.sector]}
        pools:
          a:
            record_type: lead
            criteria: [siize > 5]
            members: [{user: ann, criteria: [account.sektor equals x]}]
        scores:
          lead:
            - {points: 5, when: score > 5 and account.sector != none and other == 1}
        closed_when: {lead: {when: stage == "won"}}
        rule_sets:
          leads:
            record_type: lead
            entries:
              - {target: {owner_of: partner}, criteria: [account not equal ""]}
        """
    said = [each.split('"')[1] for each in warned(text, "defaults: {lead: {pool: a}}")]
    assert said == ["siize", "account.sektor", "other", "stage", "partner"]


def test_without_a_list_of_fields_any_field_may_be_read() -> None:
    """S50: also of a record type of which the list says nothing."""
    assert not warned("fields: {deal: [size]}\n" + entries(f"criteria: [whatever equals 5], {SALES}"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("fields: {lead: {score: list}}", "a list ranks nothing"),
        ("fields: {lead: {score: date}}", "a date ranks nothing"),
        ("fields: {lead: {score: text}}", ""),
        ("fields: {lead: [score]}", ""),
        ("fields: {lead: {score: date}}\nscores: {lead: [{points: 5, when: size > 1}]}", ""),
    ],
)
def test_a_score_that_can_be_no_number_is_named(more: str, said: str) -> None:
    """S63: a text may hold a number, and a table counts instead of the field."""
    found = [each for each in warned(f"{more}\n") if "ranks nothing" in each]
    assert len(found) == bool(said)
    assert all(said in each for each in found)
