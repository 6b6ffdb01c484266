"""What nobody would write: no text makes the reader crash, hang or run code, no record makes a domain raise."""

from __future__ import annotations

import ast
import builtins
import json
import re
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.language.compiling import check
from service.language.odoo import domains
from service.language.odoo.operators import OPERATORS, TABLE
from service.language.odoo.patterns import MAX_PATTERN_CHARACTERS, MAX_SCANNED, matcher
from service.language.odoo.text import Item, read
from service.language.tree import Condition, ConditionError

NOW: Final = 1_772_000_000_000
PIECES: Final = (
    "[", "]", "(", ")", ",", " ", "'", '"', "\\", "'a'", "'&'", "'|'", "'!'", "a.b", "True", "None", "-1", "1e9", "0x",
    "__import__('os').system('x')", "lambda: 0", "{", "%s", "\\ud800", "\\x41", "u'é'", "\n", "\0", "[('a', '=', 1)]",
    *(f"'{row.symbol}'" for row in TABLE),
)  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(
        ["", " ", "a", "A", "ab", "%", "_", "1", "01", "1.0", "1/4/9/", "2026-03-01", "2026-03-01 10:00:00"]
    ),
)
links = st.dictionaries(st.sampled_from(["id", "name", "display_name", "parent_path", "a"]), scalars, max_size=4)
facts = st.one_of(scalars, links, st.lists(st.one_of(scalars, links, st.lists(scalars, max_size=2)), max_size=3))
anything = st.one_of(facts, st.just(object()), st.just(b"a"), st.just({1}), st.just([[[]]]))
plain = st.sampled_from([row.symbol for row in TABLE if row.takes not in ("domain", "ordered")])


def parsed(value: Any) -> Condition | None:
    try:
        return domains.parse(value)
    except ConditionError:
        return None


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
@example("[" * 9_999)
@example("'" + "\\" * 9_998)
@example("[" + "1" * 9_000 + "]")
@example("(" * 19 + "'a'" + ")" * 19)
def test_no_text_makes_the_reader_crash(text: str) -> None:
    """S74: a text is a domain, which can be asked, or it is refused with place and example."""
    refused: ConditionError | None = None
    try:
        assert check(domains.parse(text))({}, NOW) in (True, False)
    except ConditionError as error:
        refused = error
    assert refused is None or (refused.what and refused.example and 1 <= refused.column <= len(text) + 1)


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_text_reaches_the_interpreter(text: str) -> None:
    """S74: reading uses neither eval nor exec nor compile."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("eval", "exec", "compile"):
            patch.setattr(builtins, name, lambda *given, called=name: pytest.fail(f"{called} was called"))
        parsed(text)


literals = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(literals)
def test_literals_are_read_as_python_reads_them(value: object) -> None:
    """S75: differential: Python's own reader of literals is the oracle."""
    assert values(repr(value)) == ast.literal_eval(repr(value))


@given(literals)
def test_literals_are_read_as_json_reads_them(value: object) -> None:
    """S75: differential: with and without escapes beyond ASCII."""
    for is_ascii in (True, False):
        assert values(json.dumps(value, ensure_ascii=is_ascii)) == value


def values(text: str) -> object:
    def bare(item: Item) -> object:
        return [bare(each) for each in item.value] if isinstance(item.value, tuple) else item.value

    return bare(read(text))


@given(st.sampled_from([row.symbol for row in TABLE]), st.one_of(scalars, st.lists(scalars, max_size=3)), anything)
def test_no_record_makes_a_domain_raise(symbol: str, value: object, fact: object) -> None:
    """A field of an unexpected type does not match; and a quick answer is the thorough one.

    Behind a list of links every value takes the thorough way, so both must say the same.
    """
    inside = [["a", "=", 1]] if OPERATORS[symbol].takes == "domain" else value
    near, far = parsed([["a", symbol, inside]]), parsed([["l.a", symbol, inside]])
    assert (near is None) == (far is None)
    if near is not None and far is not None:
        assert check(near)({"a": fact}, NOW) == check(far)({"l": [{"a": fact}]}, NOW)


@given(plain, st.one_of(scalars, st.lists(scalars, max_size=3)), facts)
def test_a_negative_operator_is_the_contrary_of_its_positive(symbol: str, value: object, fact: object) -> None:
    """D9: on a field they can read exactly one of the two matches, an unset field included."""
    negative = {"=": "!=", "in": "not in", "like": "not like", "ilike": "not ilike"}.get(symbol)
    yes, no = parsed([["a", symbol, value]]), parsed([["a", negative, value]])
    if yes is None or no is None or (fact is True and "like" in symbol):
        return
    assert check(yes)({"a": fact}, NOW) != check(no)({"a": fact}, NOW)


@given(st.text("aAb%_\\", max_size=8), st.text("aAb%_", max_size=8))
def test_patterns_match_what_a_regular_expression_would(pattern: str, text: str) -> None:
    """S75: differential: the pattern translated sign by sign is the oracle."""
    signs = re.findall(r"\\.|.", pattern)
    meaning = {"%": ".*", "_": "."}
    oracle = "".join(meaning.get(sign) or re.escape(sign[-1]) for sign in signs)
    assert matcher(pattern)(text, MAX_SCANNED) == bool(re.fullmatch(oracle, text, re.DOTALL))


def test_no_pattern_takes_long() -> None:
    """The pattern that makes regular expressions hang is answered after a scan of the field."""
    pattern = ("%a" * MAX_PATTERN_CHARACTERS)[: MAX_PATTERN_CHARACTERS - 2] + "%b"
    assert not matcher(pattern)("a" * 100_000, MAX_SCANNED)
    assert matcher("%a_%b")("xaxab", MAX_SCANNED)
