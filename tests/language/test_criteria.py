"""Criteria: what each operator says about a record, and what a reader is told about text that is no criterion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.language.criteria import parse
from service.language.operators import ROWS
from service.language.printing import found, leaf_text
from service.language.reading import BLANK_SPELLINGS, SPELLINGS
from service.language.tree import MAX_CHARACTERS, MAX_LIST_ITEMS, ConditionError, Operator, reads
from tests.core.build import START_MS, predicate


def fits(criterion: str, facts: dict[str, Any]) -> bool:
    return predicate(criterion).test(facts, START_MS)


def holds(criterion: str, **fields: Any) -> bool:
    return fits(criterion, fields)


@pytest.mark.parametrize(
    ("criterion", "value", "expected"),
    [
        ("country equals de", "DE", True),
        ("country equals DE", "FR", False),
        ("name equals STRASSE", "Straße", True),
        ("country not equal DE", "FR", True),
        ("country not equal DE", "de", False),
        ("score equals 50.0", 50, True),
        ("score equals 50", "50.0", True),
        ("score equals 50", "050", False),
        ('score equals "50"', "50", True),
        ('score equals "50"', 50, False),
        ("score not equal 50", "many", True),
        ("zip equals 01234", "01234", True),
        ("score less than 9.5", 9, True),
        ("score less than 50", "9", True),
        ("score less than 50", 50, False),
        ("score less or equal 50", 50, True),
        ("score greater than 1e3", 1001, True),
        ("score greater or equal -2.5", -2.5, True),
        ('version greater than "b"', "C", True),
        ("title contains sales", "Head of SALES, EMEA", True),
        ("title contains 5", "Room 5", True),
        ("title does not contain sales", "Head of IT", True),
        ("title does not contain it", "Head of IT", False),
        ("title starts with head", "Head of IT", True),
        ("title starts with of", "Head of IT", False),
        ("country in [DE, FR]", "fr", True),
        ("country in [DE, FR]", "IT", False),
        ("country not in [DE, FR]", "IT", True),
        ("country not in [DE, FR]", "de", False),
        ("score in [1, 2]", "2", True),
        ("score in [1, 2]", 2.0, True),
        ("opted_in equals true", True, True),
        ("tags includes [2024-05-31]", ["2024-05-31"], True),
        ("opted_in equals true", "TRUE", True),
        ("opted_in equals true", 1, True),
        ("opted_in equals true", 2, False),
        ("opted_in not equal true", 1, False),
        ("opted_in not equal true", "yes", True),
        ("opted_in equals false", None, True),
        ("opted_in not equal false", "", False),
        ("opted_in in [false]", False, True),
        ("tags includes [web, fair]", ["Fair", "phone"], True),
        ("tags includes web", "phone;Web", True),
        ("tags includes [web]", ["phone"], False),
        ("tags excludes [web, fair]", ["phone"], True),
        ("tags excludes [web, fair]", "phone; fair", False),
    ],
)
def test_an_operator_says_what_its_name_says(criterion: str, value: object, expected: bool) -> None:
    """S34 S42: text ignores case, numbers compare as numbers, a multi-select is asked for any of its choices."""
    assert fits(criterion, {criterion.split(maxsplit=1)[0]: value}) is expected


@pytest.mark.parametrize("unset", [None, "", "  ", []])
@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ('field equals ""', True),
        ('field not equal ""', False),
        ("field equals x", False),
        ("field not equal x", True),
        ("field not in [x]", True),
        ('field not in [x, ""]', False),
        ('field in [x, ""]', True),
        ("field in [x]", False),
        ("field contains x", False),
        ('field contains ""', True),
        ("field does not contain x", True),
        ('field starts with ""', True),
        ("field starts with x", False),
        ("field excludes [x]", True),
        ("field includes [x]", False),
        ('field includes ""', True),
        ("field < 50", False),
        ("field >= 0", False),
        ('field <= "z"', False),
    ],
)
def test_an_unset_field_follows_the_null_rules(criterion: str, expected: bool, unset: object) -> None:
    """D9: a blank value matches unset, so do the negative operators; a lead without a score is not below 50."""
    assert holds(criterion, field=unset) is expected
    assert fits(criterion, {}) is expected


@pytest.mark.parametrize(
    "criterion",
    [
        'field not equal ""',
        'account.name not equal ""',
    ],
)
def test_not_equal_to_nothing_means_that_something_is_there(criterion: str) -> None:
    """D9: the opposite of a blank value is any value at all."""
    assert holds(criterion, field="x", account={"name": "Acme"})
    assert holds(criterion, field=0, account={"name": False})


@pytest.mark.parametrize("odd", [{"a": 1}, [["x"]], [{"x": 1}], object(), {"x"}])
@pytest.mark.parametrize(
    "criterion",
    [
        "field equals x",
        "field not equal x",
        "field < 5",
        'field > "a"',
        "field contains x",
        "field does not contain x",
        "field starts with x",
        "field in [x, 1, true]",
        "field not in [x, 1]",
        "field includes [x]",
    ],
)
def test_a_field_of_an_unexpected_type_is_never_matched_and_never_raises(criterion: str, odd: object) -> None:
    """S50 S51: a company's own fields hold anything; what an operator cannot read, it does not match."""
    assert holds(criterion, field=odd) is False


def test_a_ticked_box_is_no_number() -> None:
    """S42 D32: a number may be a truth where one is asked for; where a number is asked for, a truth is none."""
    assert not holds("field equals 1", field=True)
    assert not holds("field in [1]", field=True)
    assert holds("field in [true]", field=1)
    assert not holds("field > 0", field=True)


def test_a_field_that_no_schema_knows_can_be_tested() -> None:
    """S34 S36 S50: criteria read custom fields, also with names that are written by people."""
    assert holds("Region__c equals EMEA", Region__c="emea")
    assert holds('"Lead Source" equals web', **{"Lead Source": "Web"})
    assert holds("größe > 3", größe=4)


def test_a_linked_record_is_read_with_a_dot() -> None:
    """S52: `account.sector` is the sector of the linked account; what is not there is unset."""
    assert holds("account.sector equals retail", account={"sector": "Retail"})
    assert holds('account."Annual Revenue" > 5', account={"Annual Revenue": 6})
    unset: object
    for unset in (None, "", "  ", False, [], {}):
        assert holds("account.sector not equal retail", account=unset)
        assert holds("account.owner.country is empty", account={"owner": unset})
    assert holds("account.owner.country in [DE]", account={"owner": {"country": "DE"}})
    assert not holds("account.owner.country in [DE]", account={})


@pytest.mark.parametrize("account", ["Acme", 5, ["Acme"], True, 0])
def test_a_path_through_something_that_is_no_record_is_matched_by_nothing(account: object) -> None:
    """S52: not even a negative operator matches what cannot be reached."""
    for criterion in ("account.sector equals x", "account.sector not equal x", 'account.sector equals ""'):
        assert not holds(criterion, account=account)
    for criterion in ("account.sector not in [x]", "account.sector excludes [x]", 'account.sector not equal ""'):
        assert not holds(criterion, account=account)


@pytest.mark.parametrize(("spelling", "operator"), SPELLINGS.items())
def test_every_spelling_of_an_operator_is_the_same_criterion(spelling: str, operator: Operator) -> None:
    """S42: symbols, words and words with underscores, in any case."""
    takes = ROWS[operator].takes
    value = {"list": '["x"]', "range": '"w" and "x"', "nothing": ""}.get(takes, '"x"')
    for written in (spelling, spelling.upper(), spelling.replace(" ", "_"), spelling.replace(" ", "  ")):
        assert parse(f"field {written} {value}").operator is operator


@pytest.mark.parametrize(
    ("text", "source", "read"),
    [
        ("country=US", 'country equals "US"', "country"),
        (" country  not_in  [ US,'Côte d\\'Ivoire' ] ", 'country not in [US, "Côte d\'Ivoire"]', "country"),
        ("in in [in]", "in in [in]", "in"),
        ("account.size>=1e3", "account.size greater or equal 1000.0", "account.size"),
        ("name contains 007", 'name contains "007"', "name"),
        ("name equals O'Brien & Sons", 'name equals "O\'Brien & Sons"', "name"),
        ('name equals "a \\"b\\" \\\\"', 'name equals "a \\"b\\" \\\\"', "name"),
        ("opted_in equals TRUE", "opted_in equals true", "opted_in"),
        (
            '"Lead Source" in [true, "true", Oil and Gas]',
            '"Lead Source" in [true, "true", Oil and Gas]',
            "Lead Source",
        ),
    ],
)
def test_the_source_is_the_criterion_in_its_normal_form(text: str, source: str, read: str) -> None:
    """D16: an explanation shows every criterion in one spelling, and says which field it read."""
    criterion = parse(text)
    assert leaf_text(criterion) == source
    assert reads(criterion) == {read}
    assert parse(source) == criterion


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "the name of a field is missing"),
        ("= 5", 1, "the name of a field is missing"),
        ("account. = 5", 9, "the name of a field is missing"),
        ('"" = 5', 1, "a field has a name"),
        ("a.b.c.d.e.f = 5", 1, "at most 5 steps"),
        ("country", 8, "an operator is missing"),
        ("country is DE", 9, '"is" is no operator'),
        ("country => DE", 9, '"=>" is no operator'),
        ("Lead Source = web", 6, "a field name with spaces needs quotes"),
        ("country equals", 15, 'an unset field is written ""'),
        ("country in DE", 12, "needs a list in brackets"),
        ("country in []", 13, "an item of the list is missing"),
        ("country in [DE,]", 16, "an item of the list is missing"),
        ("country in [DE", 15, '"," or "]" is missing'),
        ("country in [[DE]]", 13, "an item of the list is missing"),
        ('country in ["DE" FR]', 18, '"," or "]" is missing'),
        ("country in [DE] x", 17, 'here stands "x"'),
        ("country equals [DE]", 16, "takes one value, not a list"),
        ('name equals "Acme', 13, "never closed"),
        ("industry equals null", 17, '"null" would be a text here: an unset field is written ""'),
        ("industry in [retail, None]", 22, '"None" would be a text here'),
        ("rate equals .5", 13, '".5" is no number as they are written here'),
        ("rate not equal +5", 16, '"+5" is no number'),
        ("size in [1_000]", 10, '"1_000" is no number'),
        ("size equals 1e999", 13, '"1e999" is no number'),
        ("closed equals 2024-02-30", 15, '"2024-02-30" is no date as they are written here'),
        ("size > 1_000", 8, '"1_000" is no number'),
        ("size equals 10.000.000", 13, '"10.000.000" is no number'),
        ("size equals 10 000", 13, '"10 000" is no number'),
        ("rate equals 50%", 13, '"50%" is no number'),
        ("closed in [31.5.2024]", 12, '"31.5.2024" is no date'),
        ("size > 5,5", 8, '"5,5" is no number as they are written here'),
        ("size equals 1.234,50", 13, '"1.234,50" is no number'),
        ("size equals 1,000,000", 13, '"1,000,000" is no number'),
        ("name equals a,b", 14, '"," in a value without quotes'),
        ("closed equals this_fiscal_year", 15, '"this_fiscal_year" is no time as they are written here'),
        ("closed in [1_day_ago]", 12, '"1_day_ago" is no time'),
        ("closed not equal LAST_N_FISCAL_QUARTERS:2", 18, "is no time as they are written here"),
        ("closed equals next_90_day", 15, '"next_90_day" is no time'),
        ("closed equals today - 3 days", 15, '"today - 3 days" is no time'),
        ("closed >= now - 2hours", 11, '"now - 2hours" is no time'),
        ("size between 5", 14, 'two values with "and" between them'),
        ("size between 5 and", 19, "a value is missing"),
        ("size between 9 and 5", 14, "nothing is between 9 and 5: the smaller one goes first"),
        ("size between 5 and today", 14, "between a date and a number is nothing"),
        ("size between [5, 6]", 14, 'two values with "and" between them, not a list'),
        ("industry is empty x", 19, 'here stands "x"'),
        ("region equals field account.region x", 36, 'here stands "x"'),
        ('name equals "Acme" Ltd', 20, 'here stands "Ltd"'),
        ("country = DE and size > 5", 14, '"and" in a value without quotes'),
        ("country = DE OR size = 5", 14, '"OR" in a value without quotes'),
        ("size = 5 > 3", 10, '">" in a value without quotes'),
        ("close_date >= soon", 15, "puts numbers and dates in order"),
        ("close_date < 2024-02-30", 14, '"2024-02-30" is no date as they are written here'),
        ('score > ""', 9, "puts numbers and dates in order"),
        (f"country in [{','.join('x' * (MAX_LIST_ITEMS + 1))}]", 1013, "at most 500 items"),
        ("a = " + "x" * MAX_CHARACTERS, MAX_CHARACTERS + 1, f"at most {MAX_CHARACTERS} characters"),
    ],
)
def test_text_that_is_no_criterion_is_refused_with_place_and_example(text: str, column: int, what: str) -> None:
    """S42: the error says what is wrong, at which character, and how it is done."""
    with pytest.raises(ConditionError) as refusal:
        parse(text)
    assert what in refusal.value.what
    assert refusal.value.column == column
    assert refusal.value.example in str(refusal.value)


def test_a_misspelt_operator_gets_the_nearest_one_as_example() -> None:
    """S42: the example is the writer's own field."""
    with pytest.raises(ConditionError) as refusal:
        parse("industry startswith tech")
    assert refusal.value.example == "industry starts with …"


@pytest.mark.parametrize(
    ("criterion", "facts", "sentence"),
    [
        ('tier equals "vip"', {"tier": "standard"}, 'the record has "standard"'),
        ("score > 5", {"score": 4.5}, "the record has 4.5"),
        ("score > 5", {}, "the record has nothing"),
        (
            "region equals field account.region",
            {"region": "EMEA"},
            'the record has "EMEA", and nothing in account.region',
        ),
        ("opted_in = true", {"opted_in": False}, "the record has false"),
        ("tags includes [a]", {"tags": ["b", 1]}, "the record has [b, 1]"),
        ("account equals x", {"account": {"name": "x"}}, "the record has a linked record"),
        ("account.name equals x", {"account": {"name": "y"}}, 'the record has "y"'),
        ("account.name equals x", {"account": "y"}, "the record has no linked record there"),
        ("note equals x", {"note": "y" * 100}, f'the record has "{"y" * 59}…"'),
        ("note equals x", {"note": object()}, "the record has a value of the type object"),
    ],
)
def test_an_explanation_says_what_was_found(criterion: str, facts: dict[str, object], sentence: str) -> None:
    """D16: the criterion's source is what was expected, this is what was there."""
    assert found(parse(criterion), facts) == sentence


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        *(
            *SPELLINGS,
            *BLANK_SPELLINGS,
            "field",
            "account.",
            "[",
            "]",
            ",",
            '"',
            "'",
            "\\",
            ".",
            "5",
            "-",
            "x",
            " ",
            "and",
        ),
        *("now - 99999y", "today + 3mo", "null", ".5", "1_000", "31.5.2024", "true"),
    ]
)


@given(st.text() | st.lists(WORDS, max_size=12).map(" ".join), VALUES)
@example("field equals " + "9" * 400, "9" * 5_000)
@example("field < 1e999", 1)
def test_no_text_and_no_record_make_it_crash(text: str, value: object) -> None:
    """S50 S51: every text is a criterion or a `ConditionError`; a criterion answers for every record."""
    try:
        criterion = parse(text)
    except ConditionError:
        return
    facts = dict.fromkeys(("field", "account", criterion.path[0]), value)
    assert predicate(text).test(facts, START_MS) in (True, False)
    assert found(criterion, facts).startswith(("the record has ", "the record had "))
    assert parse(leaf_text(criterion)) == criterion


@given(
    st.sampled_from(["equals x", "in [x, 5]", "includes [x, 5]", "contains x"]), st.none() | st.text() | st.just("x")
)
def test_a_negative_operator_says_the_opposite_of_its_positive(rest: str, value: str | None) -> None:
    """D9: for text and for nothing, one of the two always holds."""
    opposite = {"equals": "not equal", "in": "not in", "includes": "excludes", "contains": "does not contain"}
    operator, values = rest.split(maxsplit=1)
    assert holds(f"field {rest}", field=value) is not holds(f"field {opposite[operator]} {values}", field=value)
