"""Conditions become text again: in the notation they came from, and in another where it has the same operators.

What is printed can be read again and is the same condition then. What another notation cannot say is an answer, too:
`Untold` names the comparison, and `why_untold` makes a sentence of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Final, NamedTuple, assert_never
from zoneinfo import ZoneInfo

from service.language.changes import UNCHANGED, Change, asked_before
from service.language.equivalents import Untold, translated
from service.language.letters import folded
from service.language.moments import instant_in, span_in
from service.language.odoo.domains import BEFORE, to_text
from service.language.operators import ROWS
from service.language.reading import NAME
from service.language.readings import TRUTHS
from service.language.tree import (
    MISFIT,
    All,
    Always,
    Any,
    Compare,
    Condition,
    Constant,
    Facts,
    Leaf,
    Never,
    Not,
    Notation,
    Other,
    Path,
    Scalar,
    Span,
    Walk,
    leaves,
    linked,
    number_in,
)
from service.language.unset import is_unset

SHOWN_CHARACTERS: Final = 60
"""How much of a found value an explanation shows."""

_BARE: Final = re.compile(r"[^\W\d][\w.@+/-]*(?: [\w.@+/-]+)*")
_WORDS: Final = frozenset({"true", "false", "none", "null", "nil"})
_TRUTHS: Final = frozenset(text for texts, _ in TRUTHS.values() for text in texts)


class Lines(NamedTuple):
    """Criteria, one a line, and the filter logic that combines them; no logic: all must hold (no lines: always)."""

    criteria: tuple[str, ...]
    logic: str = ""


def as_criteria(condition: Condition) -> Lines | Untold:
    """The condition as criteria and filter logic."""
    if isinstance(condition, Always):
        return Lines(())
    told = _translated(condition, "criteria")
    if isinstance(told, Untold):
        return told
    lines = tuple(map(leaf_text, leaves(told)))
    if all(isinstance(part, Compare) for part in (told.parts if isinstance(told, All) else (told,))):
        return Lines(lines)
    numbers = map(str, count(1))
    return Lines(lines, _joined(told, lambda _: next(numbers)).upper())


def as_expression(condition: Condition) -> str | Untold:
    """The condition as one expression line."""
    told = _translated(condition, "expression")
    return told if isinstance(told, Untold) else _joined(told, _expression)


def as_domain(condition: Condition) -> str | Untold:
    """The condition as an Odoo domain."""
    told = translated(condition, "domain")
    if isinstance(told, Untold):
        return told
    text = to_text(told)
    return Untold(text) if isinstance(text, Compare) else text


def why_untold(untold: Untold, notation: Notation) -> str:
    """A sentence about what another notation cannot say."""
    return f"{_A[notation]} has no words that mean: {leaf_text(untold.leaf)}"


def in_words(condition: Condition) -> str:
    """The whole condition as a trace shows it: comparisons joined by and, or, not."""
    return _joined(condition, leaf_text)


def leaf_text(leaf: Leaf) -> str:
    """One comparison as a trace shows it: a criterion, or the term of a domain."""
    match leaf:
        case Always():
            return "always"
        case Never():
            return "never"
        case Compare() if "criteria" in leaf.operator.written:
            return f"{_field(leaf)} {leaf.operator.written['criteria']} {_compared_with(leaf)}".rstrip()
        case Compare():
            text = to_text(leaf)
            return text.removeprefix("[").removesuffix("]") if isinstance(text, str) else ".".join(leaf.path)
        case _:
            assert_never(leaf)


def found(leaf: Leaf, facts: Facts, change: Change = UNCHANGED) -> str:
    """What the record has where a leaf looks, as the end of a sentence: `the record has "standard"`. Of one that asks
    about a change, also what it had before.

    What was expected is the leaf's text. A value of another type than the expected one is called so.
    """
    if not isinstance(leaf, Compare):
        return "whatever the record has"
    if leaf.past or asked_before(leaf):
        return _found_change(leaf, facts, change)
    fact = _walk(leaf)(leaf.path)(facts)
    if isinstance(leaf.value, Other):
        other = _described(linked(leaf.value.path)(facts))
        return f"the record has {_described(fact)}, and {other} in {_path(leaf.value.path)}"
    return f"the record has {_described(fact)}{_misfit(fact, leaf.value)}"


def _walk(leaf: Compare) -> Walk:
    """How a path is followed for people: of several links in a domain it is enough that there are several."""
    return leaf.operator.walk if "criteria" in leaf.operator.written else linked


def _found_change(leaf: Compare, facts: Facts, change: Change) -> str:
    """The values before and now."""
    name = ".".join(leaf.path)
    before = _described(change.before[name]) if name in change.before else "something we were not told"
    return f"the record had {before} before, and has {_described(_walk(leaf)(leaf.path)(facts))} now"


def _translated(condition: Condition, notation: Notation) -> Condition | Untold:
    """In a notation that has no word for always and never."""
    told = translated(condition, notation)
    if isinstance(told, Untold):
        return told
    constant = next((leaf for leaf in leaves(told) if not isinstance(leaf, Compare)), None)
    return told if constant is None else Untold(constant)


def _joined(condition: Condition, leaf: Callable[[Leaf], str], *, is_inside: bool = False) -> str:
    """The parts with and, or, not, and brackets around whatever stands inside something else."""
    match condition:
        case All(parts) | Any(parts):
            word = " and " if isinstance(condition, All) else " or "
            text = word.join(_joined(part, leaf, is_inside=len(parts) > 1) for part in parts)
            return f"({text})" if is_inside and len(parts) > 1 else text
        case Not(part):
            return f"not {_joined(part, leaf, is_inside=True)}"
        case Compare() | Always() | Never():
            return leaf(condition)
        case _:
            assert_never(condition)


def _expression(leaf: Leaf) -> str:
    if not isinstance(leaf, Compare):
        return leaf_text(leaf)
    written = leaf.operator.written["expression"]
    return f"{_field(leaf)} {written} {_compared_with(leaf, is_quoted=True)}".rstrip()


def _field(leaf: Compare) -> str:
    return f"{BEFORE}{_path(leaf.path)}" if leaf.past else _path(leaf.path)


def _path(path: Path) -> str:
    return ".".join(step if NAME.fullmatch(step) else _in_quotes(step) for step in path)


def _compared_with(leaf: Compare, *, is_quoted: bool = False) -> str:
    if ROWS[leaf.operator].takes == "nothing":
        return ""
    if ROWS[leaf.operator].takes == "range" and isinstance(leaf.value, tuple):
        return " and ".join(map(_value, leaf.value))
    return _value(leaf.value, is_quoted=is_quoted)


def _value(value: Constant, *, is_quoted: bool = False) -> str:
    """A constant as it is written; `is_quoted`: text in a list has quotes, too."""
    match value:
        case tuple():
            return f"[{', '.join(_item(each) if not is_quoted else _value(each) for each in value)}]"
        case bool():
            return str(value).casefold()
        case str():
            return _in_quotes(value)
        case Span():
            return value.text
        case Other():
            return f"field {_path(value.path)}"
        case _:
            return str(value)


def _item(value: Scalar) -> str:
    """Text in a list stands without quotes where nothing else could be meant."""
    if isinstance(value, str) and _BARE.fullmatch(value) and value.casefold() not in _WORDS and span_in(value) is None:
        return value
    return _value(value)


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _described(fact: object) -> str:
    if fact is MISFIT:
        return "no linked record there"
    if is_unset(fact):
        return "nothing"
    match fact:
        case bool():
            return str(fact).casefold()
        case str():
            return _in_quotes(_cut(fact))
        case int() | float():
            return _cut(str(fact))
        case list() | tuple():
            return _cut(f"[{', '.join(map(str, fact[:20]))}]")
        case dict():
            return "a linked record"
        case _:
            return f"a value of the type {type(fact).__name__}"


def _misfit(fact: object, value: Constant) -> str:
    """What the value found is not, where its type cannot be compared with the expected one."""
    if is_unset(fact) or not isinstance(fact, str | int | float | list | tuple):
        return ""
    match value:
        case bool():
            is_fit, kind = isinstance(fact, bool) or folded(str(fact)) in _TRUTHS, "neither true nor false"
        case int() | float():
            is_number = isinstance(fact, int | float) and not isinstance(fact, bool)
            is_fit, kind = is_number or (isinstance(fact, str) and number_in(fact) is not None), "no number"
        case Span():
            is_fit, kind = instant_in(fact, ZoneInfo(value.calendar.zone)) is not None, "no date"
        case str():
            is_fit, kind = isinstance(fact, str), "no text"
        case _:
            return ""
    return "" if is_fit else f", which is {kind}"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


_A: Final[Mapping[Notation, str]] = {
    "criteria": "the list of criteria",
    "domain": "a domain",
    "expression": "the expression line",
}
