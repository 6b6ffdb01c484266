"""What `fairlead check` warns of: a configuration that can be used and is hardly meant."""

from __future__ import annotations

import pytest

from service.config.levels import above
from service.config.lint import warnings
from service.core.parts import Part
from tests.config.files import document, read
from tests.config.linting import DEFAULT, PEOPLE, SALES, about_entries, entries, warned


def test_rules_from_the_most_specific_to_the_most_general_are_fine() -> None:
    """S43 S48 S56 S60: the narrow entry first, then the wide one, then the rest."""
    assert not about_entries(
        f"id: us, criteria: [country equals US], {SALES}",
        f"id: america, criteria: ['country in [US, CA]'], {SALES}",
        f"id: big, criteria: [size > 100], {SALES}",
        f"id: not-small, criteria: [size > 10], {SALES}",
        f"id: rest, {SALES}",
    )


def test_an_entry_below_a_more_general_one_is_never_reached() -> None:
    """S43 S49 S56 S60: with its line, why, and what to do."""
    assert about_entries(
        f"id: america, criteria: ['country in [US, CA]'], {SALES}",
        "id: us, criteria: [country equals us], target: {user: ann}",
    ) == [
        (
            '7:9: entries[1]: entry "america" above is more general and takes every record that fits here, so this '
            "one is never reached: the most specific goes first, move this one above it"
        )
    ]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("criteria: [size > 10]", "criteria: [size > 100]"),
        ("criteria: ['size > 10']", "when: 'size > 100 and country == \"US\"'"),
        ("criteria: [a equals 1, b equals 1], logic: 1 OR 2", "criteria: [b equals 1]"),
        ("criteria: [a equals 1]", "criteria: [a equals 1, b equals 1], logic: 1 AND NOT 2"),
        ("domain: [[country_id, in, [US, CA]]]", "domain: [[country_id, '=', US], [size, '>', 5]]"),
        ("criteria: [account.sector contains tail]", "criteria: [account.sector equals retail]"),
    ],
)
def test_what_an_entry_covers_is_known_in_every_notation(above: str, below: str) -> None:
    """S44 S49: through and, or, not, lists, order and pieces of text; turned round nothing is wrong."""
    assert len(about_entries(f"{above}, {SALES}", f"{below}, {SALES}")) == 1
    assert not about_entries(f"{below}, {SALES}", f"{above}, {SALES}")


def test_an_entry_below_one_for_everything_is_never_reached() -> None:
    """S48 S49: first match wins, and no condition always matches."""
    assert about_entries(f"id: all, {SALES}", f"criteria: [size > 5], {SALES}") == [
        '7:9: entries[1]: entry "all" above takes every record, so this one is never reached: move this one above it'
    ]


def test_two_entries_for_the_same_records_are_one_too_many() -> None:
    """S49: however they are written."""
    assert about_entries(
        f"criteria: ['country in [US, CA]'], {SALES}", f"criteria: ['country in [ca, us]'], {SALES}"
    ) == ['7:9: entries[1]: entry "1" above fits the same records, so this one is never reached: remove one of the two']


def test_several_entries_may_leave_nothing_to_another() -> None:
    """S49: none of them alone covers it."""
    assert about_entries(
        f"criteria: [country equals US], {SALES}",
        f"criteria: [country equals CA], {SALES}",
        f"criteria: ['country in [US, CA]'], {SALES}",
    ) == [
        (
            "8:9: entries[2]: the entries above take together every record that fits here, so this one is "
            "never reached: move it up, or remove it"
        )
    ]


@pytest.mark.parametrize(
    "above",
    [
        "criteria: [size > 5], target: {owner_of: account}",
        "criteria: [size > 5], target: {team: match}",
        "criteria: [size > 5], target: {user: eve}",
        "criteria: [size > 5], target: {users: {territory: alps}}",
        f"criteria: [size > 5], on: updated, {SALES}",
    ],
)
def test_an_entry_that_may_not_take_the_record_hides_nothing(above: str) -> None:
    """S45 S46 S49: its target may lead to nobody, or it is asked for other events; then the next is tried."""
    said = about_entries(f"{above}", f"criteria: [size > 10], {SALES}")
    assert not [each for each in said if "entries[1]" in each]


def test_an_entry_asked_for_two_events_hides_one_for_either() -> None:
    """S41 S49: but not the other way round."""
    both = f"criteria: [size > 5], on: [created, updated], {SALES}"
    updated = f"criteria: [size > 5], on: updated, {SALES}"
    assert len(about_entries(both, updated)) == 1
    assert not about_entries(updated, both)


def test_a_pool_takes_only_what_its_condition_accepts() -> None:
    """S49 S60 S73: what it does not accept goes on to the next entry, which is still the wrong way round."""
    dach = "id: dach, criteria: [size > 5], target: {pool: dach}"
    assert about_entries(dach, f"criteria: [size > 10], {SALES}") == [
        (
            '7:9: entries[1]: entry "dach" above is more general, so what fits here comes this far only when '
            '"dach" does not accept it: the most specific goes first, move this one above it'
        )
    ]
    assert "never reached" in about_entries(dach, f"criteria: [size > 10, country equals at], {SALES}")[0]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("criteria: [a equals 1, b equals 3, a equals 2]", "a equals 1 and a equals 2: change one of them"),
        ("criteria: [size > 5, size < 3]", "size greater than 5 and size less than 3: change one of them"),
        ("domain: [[a, in, []]]", "('a', 'in', []): change it"),
        ("when: 'a == 1 and (b == 2 and a == 2 or a > 3)'", "a == 1 and (b == 2 and a == 2 or a > 3): change it"),
    ],
)
def test_an_entry_that_nothing_fits_is_named(entry: str, said: str) -> None:
    """S47 S49: with what excludes what."""
    assert about_entries(f"{entry}, {SALES}") == [f"6:9: entries[0]: no record can fit {said}, or remove the entry"]


def test_an_inactive_rule_set_is_looked_at_before_it_is_used() -> None:
    """S57 S58: it does nothing yet, so nobody misses its default."""
    only = entries(f"criteria: [a equals 1, a equals 2], {SALES}", active=False)
    assert len(warned(only, PEOPLE)) == 1


def test_a_rule_set_that_leaves_records_over_needs_a_default() -> None:
    """S48 D8: what no entry fits is rejected; where the entries leave nothing over, none is needed."""
    assert warned(entries(f"criteria: [size > 5], {SALES}"), PEOPLE) == [
        '2:3: rule_sets.leads: a lead that fits no entry is rejected: name who gets it, "defaults: {lead: …}"'
    ]
    assert not warned(entries(f"criteria: [size > 5], {SALES}", SALES), PEOPLE)
    assert not warned(entries(f"criteria: [size > 5], {SALES}", f"when: not size > 5, {SALES}"), PEOPLE)
    assert len(warned(entries(f"on: updated, {SALES}"), PEOPLE)) == 1
    assert not warned(entries(f"criteria: [size > 5], {SALES}"), PEOPLE + "defaults: {'*': {user: ann}}")


def test_who_is_switched_off_is_no_target() -> None:
    """S33 S54: an entry, a default, a pool and a description of people with nobody active behind them."""
    text = entries(
        "criteria: [a equals 1], target: {user: eve}", "criteria: [a equals 2], target: {users: {territory: alps}}"
    )
    more = "\npools: {asleep: {record_type: lead, members: [eve]}}\ndefaults: {lead: {user: eve}}"
    assert warned(text + more, PEOPLE) == [
        '6:49: rule_sets.leads.entries[0].target.user: "eve" is not active and gets nothing: name somebody who is',
        (
            "7:50: rule_sets.leads.entries[1].target.users: nobody who fits this is active, so it gives nothing: "
            "name somebody who is"
        ),
        "8:9: pools.asleep: nobody in this pool is active, so its records wait: add somebody who is",
        '9:25: defaults.lead.user: "eve" is not active and gets nothing: name somebody who is',
    ]


def test_a_member_who_is_switched_off_is_noted() -> None:
    """S33: they keep their place, so it may be meant; a pool with nobody else has a warning."""
    (note,) = read(config=PEOPLE.replace("[ann, bob]", "[ann, eve]") + DEFAULT).notes
    assert (note.line, note.column) == (3, 45)
    assert '"eve" is not active and gets nothing here' in note.message


def test_a_description_that_nobody_fits_is_named() -> None:
    """S54: it would be passed over for ever."""
    assert "nobody fits this" in about_entries("target: {users: {territory: nowhere}}")[0]


def teams(*conditions: str) -> list[str]:
    """Warnings about pools a, b, … with these conditions, a line each."""
    lines = [
        f"  {name}: {{record_type: lead, members: [ann], {condition}}}"
        for name, condition in zip("abcdef", conditions, strict=False)
    ]
    return warned("pools:\n" + "\n".join(lines), "users: [ann]")


def test_teams_that_share_records_by_chance_are_named() -> None:
    """S65 S66 S67 S69: with a record that both accept; a value on the boundary goes to exactly one."""
    assert teams("criteria: [size <= 50]", "criteria: [size >= 50]", "criteria: [size > 100, size < 90]") == [
        (
            '3:3: pools.b: team "a" accepts some of the same records, such as one with size 50, and only the name '
            "decides who gets them: give one of the two a lower sequence, or let them exclude each other"
        ),
        "4:3: pools.c: no record can fit this pool's condition: change it, or leave it out",
    ]
    assert not teams("criteria: [size < 50]", "criteria: [size >= 50]")
    assert not teams("domain: [[country_id, '=', US]]", "criteria: [size >= 50, seen equals today]")


def test_a_sequence_says_which_team_is_asked_first() -> None:
    """S65 S73: the narrow one before the wide one is fine, the other way round it gets nothing."""
    wide, narrow = "criteria: ['country in [US, CA]']", "criteria: [country equals US]"
    assert not teams(f"{wide}, sequence: 2", f"{narrow}, sequence: 1")
    assert teams(f"{wide}, sequence: 1", f"{narrow}, sequence: 2") == [
        (
            '3:3: pools.b: team "a" is asked first and accepts every record that this one accepts, so this one '
            "gets none by matching: give this one a lower sequence"
        )
    ]
    assert "such as one with country US" in teams(narrow, wide)[0]


def test_a_team_that_speaks_all_other_languages_overlaps_with_none() -> None:
    """S68: one in the list, one not in it."""
    english = "country_id, {}, [US, GB]"
    assert not teams(f"domain: [[{english.format('in')}]]", f"domain: [[{english.format('not in')}]]")


def test_where_entries_are_too_many_to_compare_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """S49: those above are still looked at."""
    monkeypatch.setattr("service.config.lint.entries.MAX_PAIRS", 50)
    widening = [f"criteria: [size > {1_000 - number}], {SALES}" for number in range(12)]
    (said,) = about_entries(*widening)
    assert "were not compared with those above: split the rule set" in said


def test_a_thousand_entries_are_compared() -> None:
    """S49: entries that ask for different values are told apart at once."""
    lines = [f"  - {{criteria: [country equals c{number}, size > {number}], {SALES}}}" for number in range(1_000)]
    last = f"  - {{criteria: [country equals c7, size > 10], {SALES}}}"
    text = "rule_sets:\n leads:\n  record_type: lead\n  entries:\n" + "\n".join([*lines, last])
    checked = document(PEOPLE, text)
    assert [each.path[-1] for each in warnings(checked)] == [1_000]


@pytest.mark.parametrize(
    ("place", "where"),
    [("defaults", ("defaults", "lead")), ("pools.*.name", ("pools", "sales", "name")), ("pools.*.domain", None)],
)
def test_what_needs_a_level_that_lanes_may_not_have_is_named(
    place: str, where: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if this was what a new release added: told where it stands first, wherever in a document it may stand."""
    monkeypatch.setattr("service.config.levels.PARTS", {place: Part(2, lambda config: config)})
    pools = """\
pools:
  aside: {record_type: lead, members: [ann]}
  sales: {record_type: lead, members: [ann], name: Sales}
"""
    told = list(above(document("users: {ann: {}}\n", pools, DEFAULT)))
    assert [each.path for each in told] == ([] if where is None else [where])
    assert all("this is off on lanes below level 2" in each.message for each in told)
