"""Conditions as text: in the notation they came from, in the others, and what was found where they look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import criteria, expression, logic
from service.language.equivalents import Untold
from service.language.odoo import domains
from service.language.printing import Lines, as_criteria, as_domain, as_expression, found, in_words, why_untold
from service.language.tree import Always, Condition, Never, leaves
from tests.language.trees import COMPARISONS, conditions, fits, line

SIMPLE = line('country in ["DE", "FR"] and (size > 500 or not source == "web")')


def test_a_condition_is_printed_in_each_notation() -> None:
    """S43 S75: criteria with logic, one line, or a domain where it has the same operators."""
    assert as_criteria(SIMPLE) == Lines(
        ("country in [DE, FR]", "size greater than 500", 'source equals "web"'), "1 AND (2 OR NOT 3)"
    )
    assert as_expression(SIMPLE) == 'country in ["DE", "FR"] and (size > 500 or not source == "web")'
    assert (
        as_domain(line('size > 500 or not source == "web"'))
        == "['|', ('size', '>', 500), '!', ('source', '=ilike', 'web')]"
    )
    assert in_words(SIMPLE) == 'country in [DE, FR] and (size greater than 500 or not source equals "web")'


def test_criteria_that_must_all_hold_need_no_logic() -> None:
    """S43: the plain list is the usual form; no criteria at all is always."""
    assert as_criteria(line('a == "x" and b > 1')) == Lines(('a equals "x"', "b greater than 1"))
    assert as_criteria(Always()) == Lines(())


@pytest.mark.parametrize(
    ("untold", "sentence"),
    [
        (as_domain(SIMPLE), "a domain has no words that mean: country in [DE, FR]"),
        (as_domain(line("created == today")), "a domain has no words that mean: created equals today"),
        (
            as_criteria(domains.parse("[('name', 'like', 'x')]")),
            "the list of criteria has no words that mean: ('name', 'like', 'x')",
        ),
        (as_expression(Never()), "the expression line has no words that mean: never"),
        (as_criteria(Never()), "the list of criteria has no words that mean: never"),
    ],
)
def test_what_another_notation_cannot_say_is_said(untold: Any, sentence: str) -> None:
    """S75: a domain minds case where criteria do not, so not everything goes over."""
    assert isinstance(untold, Untold)
    notation = "domain" if sentence.startswith("a domain") else "criteria" if "criteria" in sentence else "expression"
    assert why_untold(untold, notation) == sentence  # type: ignore[arg-type]  # one of the three


@given(conditions())
def test_what_is_printed_is_read_as_the_same_condition(condition: Condition) -> None:
    """S43: no detail gets lost on the way, in either notation."""
    text = as_expression(condition)
    assert isinstance(text, str)
    assert expression.parse(text) == condition
    lines = as_criteria(condition)
    assert isinstance(lines, Lines)
    comparisons = [criteria.parse(each) for each in lines.criteria]
    if lines.logic:
        assert logic.parse(lines.logic, comparisons) == condition
    else:
        assert list(leaves(condition)) == comparisons


@pytest.mark.parametrize(
    ("criterion", "domain"),
    [
        ("size equals 5", "[('size', '=', 5)]"),
        ("size not equal 5", "[('size', '!=', 5)]"),
        ('name equals ""', "[('name', '=', False)]"),
        ('name not equal ""', "[('name', '!=', False)]"),
        ("size < 5", "[('size', '<', 5)]"),
        ("size <= 5.5", "[('size', '<=', 5.5)]"),
        ("size > 5", "[('size', '>', 5)]"),
        ("size >= 5", "[('size', '>=', 5)]"),
        ("size in [5, 6]", "[('size', 'in', [5, 6])]"),
        ("size not in [5, 6]", "[('size', 'not in', [5, 6])]"),
        ("name equals Web", "[('name', '=ilike', 'Web')]"),
        ("name contains Web", "[('name', 'ilike', 'Web')]"),
        ("name does not contain Web", "[('name', 'not ilike', 'Web')]"),
        ("name starts with Web", "[('name', '=ilike', 'Web%')]"),
        ("account.name contains Web", "[('account.name', 'ilike', 'Web')]"),
        ("name ends with Web", "[('name', '=ilike', '%Web')]"),
        ("created < today", "[('created', '<', 'today')]"),
        ("created >= today - 7d", "[('created', '>=', 'today -7d')]"),
        ("created > today + 3mo", "[('created', '>', 'today +3m')]"),
        ("created <= 2024-05-01", "[('created', '<=', '2024-05-01')]"),
    ],
)
def test_equivalents_are_printed_as_each_other(criterion: str, domain: str) -> None:
    """S75 S76: the same question in two notations, there and back."""
    ours = criteria.parse(criterion)
    assert as_domain(ours) == domain
    back = as_criteria(domains.parse(domain))
    assert isinstance(back, Lines)
    assert tuple(map(criteria.parse, back.criteria)) == (ours,)


TEXTS = st.sampled_from([None, "", " ", "web", "WEB", "Website", "the web", "5", "5.0", "x"]) | st.text(
    alphabet=st.characters(max_codepoint=127), max_size=4
)
NUMBERS = st.none() | st.integers(3, 8) | st.sampled_from([5.0, 5.5, "5", "6.0", ""])


@given(st.sampled_from([each for each in COMPARISONS if "account" not in each]), TEXTS, NUMBERS)
def test_equivalents_agree_about_text_numbers_and_nothing(criterion: str, text: str | None, number: object) -> None:
    """S75 D9: where a condition can be printed as a domain, the domain gives the same answer."""
    condition = criteria.parse(criterion)
    domain = as_domain(condition)
    if isinstance(domain, str):
        facts = {"country": text, "size": number}
        assert fits(domains.parse(domain), facts) is fits(condition, facts)


@pytest.mark.parametrize(
    ("text", "facts", "sentence"),
    [
        ("size > 5", {"size": "many"}, 'the record has "many", which is no number'),
        ("size > 5", {"size": "4"}, 'the record has "4"'),
        ("size == 5", {"size": True}, "the record has true, which is no number"),
        ('country == "DE"', {"country": 5}, "the record has 5, which is no text"),
        ('country == "DE"', {"country": ["DE"]}, "the record has [DE], which is no text"),
        ("closed < today", {"closed": "soon"}, 'the record has "soon", which is no date'),
        ("closed < today", {"closed": "2024-05-01"}, 'the record has "2024-05-01"'),
        ("vip == true", {"vip": 2}, "the record has 2, which is neither true nor false"),
        ("vip == true", {}, "the record has nothing"),
    ],
)
def test_a_value_of_an_unexpected_type_is_called_so(text: str, facts: dict[str, Any], sentence: str) -> None:
    """D16 S51: it never matches, and whoever asks why is told."""
    (leaf,) = leaves(line(text))
    assert not fits(leaf, facts)
    assert found(leaf, facts) == sentence
