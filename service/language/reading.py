"""Text of conditions is read from left to right: what criteria, filter logic and the expression line have in common.

No text is ever run as code, patterns never look back, and everything has a limit, so any text is read in time that
grows with its length and ends as a condition or as a `ConditionError` that names the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from service.language.lookalikes import lookalike
from service.language.moments import EXAMPLES, UTC_CALENDAR, span_in
from service.language.nearest import nearest
from service.language.operators import CHANGES, LISTS, OPERATORS, ROWS, TABLE, Row
from service.language.tree import (
    MAX_CHARACTERS,
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_LIST_ITEMS,
    MAX_PATH_STEPS,
    All,
    Any,
    Calendar,
    Compare,
    Condition,
    ConditionError,
    Constant,
    Not,
    Operator,
    Other,
    Path,
    Scalar,
    Span,
    number_in,
)
from service.language.unset import is_unset

SPELLINGS: Final[Mapping[str, Operator]] = {
    word: row.operator for row in TABLE for word in (row.operator.name, *row.also)
}
"""Every way to write an operator; words may be joined by spaces or underscores, in any case."""
BLANK_SPELLINGS: Final[Mapping[str, Operator]] = {word: row.operator for row in TABLE for word in row.blank}
"""The ways to write one with a blank value, after which no value stands."""

NAME: Final = re.compile(r"[^\W\d][\w-]*")
_SPACE: Final = re.compile(r"\s*")
_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_SYMBOL: Final = re.compile(r"[<>=!]+")
_OPERATOR_WORDS: Final = re.compile(
    "(?:{})(?!\\w)".format(
        "|".join(
            word.replace(" ", r"[\s_]+")
            for word in sorted([*SPELLINGS, *BLANK_SPELLINGS], key=len, reverse=True)
            if word[0].isalpha()
        )
    ),
    re.IGNORECASE,
)
_JOINT: Final = re.compile(r"(and|or)(?!\w)", re.IGNORECASE)
_NOT: Final = re.compile(r"not(?!\w)", re.IGNORECASE)
_OPEN: Final = re.compile(r"\(")
_CLOSE: Final = re.compile(r"\)")
_OTHER: Final = re.compile(r"field(?=\s+[^\W\d]|\s*[\"'])")
_BEFORE: Final = re.compile(r"before(?=\s+[^\W\d]|\s*[\"'])")
_BETWEEN: Final = re.compile(r"and(?!\w)", re.IGNORECASE)
_TRUTHS: Final = frozenset({"true", "false"})
SHOWN_CHARACTERS: Final = 40


class Literal(NamedTuple):
    """A value as written: its text without quotes, where it stands, and whether it had quotes."""

    text: str
    at: int
    quoted: bool = False


class Reader:
    """A text and how far it has been read. `example` is what an error shows where it knows no better.

    `calendar` is the one whose days dates mean.
    """

    def __init__(self, text: str, example: str, calendar: Calendar = UTC_CALENDAR) -> None:
        if len(text) > MAX_CHARACTERS:
            what = f"at most {MAX_CHARACTERS} characters are read, these are {len(text)}: split it over entries"
            raise ConditionError(what, MAX_CHARACTERS + 1, example)
        self.text = text
        self.example = example
        self.calendar = calendar
        self.at = 0
        self._comparisons = 0
        self.skip()

    def skip(self) -> None:
        """Go on to the next character that is no space."""
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What the pattern finds here; it and the spaces behind it are read then."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            self.skip()
        return match

    def starts(self, text: str) -> bool:
        """Whether this comes next."""
        return self.text.startswith(text, self.at)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to read."""
        return self.at == len(self.text)

    @property
    def rest(self) -> str:
        """The beginning of what is left, for a message."""
        return self.text[self.at : self.at + SHOWN_CHARACTERS].split("\n")[0].strip()

    def wrong(self, what: str, example: str = "", at: int | None = None) -> ConditionError:
        """The error for this place, or for another one (counted from 0)."""
        return ConditionError(what, (self.at if at is None else at) + 1, example or self.example)

    def count_comparison(self) -> None:
        """Note that one more comparison was read. Raises `ConditionError` for one too many."""
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise self.wrong(f"a condition has at most {MAX_COMPARISONS} comparisons: split it over entries")

    def before(self) -> bool:
        """`before stage`: whether the field is asked for as it was. A field may be called so, too."""
        begin = self.at
        if self.take(_BEFORE) is None:
            return False
        if _OPERATOR_WORDS.match(self.text, self.at) is None:
            return True
        self.at = begin
        return False

    def path(self) -> Path:
        """The name of a field, of a linked record's field with dots; names with spaces are quoted."""
        begin = self.at
        steps: list[str] = []
        while True:
            steps.append(self._step())
            if not self.starts("."):
                break
            self.at += 1
        self.skip()
        if len(steps) > MAX_PATH_STEPS:
            example = 'account.parent.sector == "retail"'
            raise self.wrong(f"a field has at most {MAX_PATH_STEPS} steps", example, begin)
        return tuple(steps)

    def _step(self) -> str:
        step = NAME.match(self.text, self.at) or _QUOTED.match(self.text, self.at)
        if step is None:
            raise self.wrong("here the name of a field is missing")
        name = step.group() if step.group()[0] not in "\"'" else _unquoted(step.group())
        if not name:
            raise self.wrong("a field has a name", '"Lead Source" == "web"')
        self.at = step.end()
        return name

    def operator(self, path: Path) -> tuple[Operator, bool]:
        """An operator, in any of its spellings, and whether a blank value is part of it."""
        begin = self.at
        name = path[-1]
        if self.is_done:
            raise self.wrong(f'after the field "{name}" an operator is missing', f"{name} == 5")
        token = self.take(_SYMBOL) or self.take(_OPERATOR_WORDS)
        spelling = re.sub(r"[\s_]+", " ", token.group()).casefold() if token else ""
        for spellings in (SPELLINGS, BLANK_SPELLINGS):
            if spelling in spellings:
                return spellings[spelling], spellings is BLANK_SPELLINGS
        written = token.group() if token else self.text[begin:].split(maxsplit=1)[0][:SHOWN_CHARACTERS]
        near = nearest(written, [*SPELLINGS, *BLANK_SPELLINGS]) or "equals"
        known = ", ".join(operator.name for operator in OPERATORS)
        what = f'"{written}" is no operator (and a field name with spaces needs quotes); there are: {known}'
        raise self.wrong(what, f"{name} {near}{' …' if near in SPELLINGS else ''}", begin)

    def value(self, operator: Operator, literals: Literals) -> Constant:
        """What the operator compares with: a value, another field, two values, or a list."""
        row = ROWS[operator]
        if self.is_done:
            what = f'after "{operator.name}" a value is missing; an unset field is written ""'
            raise self.wrong(what, 'industry == ""')
        if row.takes == "range":
            return self._range(operator, literals)
        if row.takes in ("value", "order") and (other := self._other()):
            return other
        if self.starts("["):
            return self._several(row, literals)
        literal = literals.single(self)
        value = scalar(self, literal, row)
        if row.takes == "list" and not isinstance(value, Span):
            example = f'country {operator.name} ["DE", "FR"]'
            raise self.wrong(f'"{operator.name}" needs a list in brackets', example, literal.at)
        return (value,) if operator in LISTS else value

    def _several(self, row: Row, literals: Literals) -> Constant:
        if row.takes not in ("list", "choices", "text", "values"):
            raise self.wrong(f'"{row.operator.name}" takes one value, not a list', 'country in ["DE", "FR"]')
        return tuple(scalar(self, literal, row) for literal in self._list(literals.item))

    def _other(self) -> Other | None:
        """`field account.region`: another field instead of a value."""
        return Other(self.path(), self.calendar) if self.take(_OTHER) else None

    def _range(self, operator: Operator, literals: Literals) -> Constant:
        begin = self.at
        example = "employees between 50 and 500"
        if self.starts("["):
            raise self.wrong(f'"{operator.name}" takes two values with "and" between them, not a list', example)
        low = scalar(self, literals.low(self), ROWS[operator])
        if not self.take(_BETWEEN):
            raise self.wrong(f'after "{operator.name}" stand two values with "and" between them', example)
        if self.is_done:
            raise self.wrong('after "and" a value is missing', example)
        high = scalar(self, literals.single(self), ROWS[operator])
        kinds = {_kind(low), _kind(high)}
        if len(kinds) > 1:
            raise self.wrong(f"between {' and '.join(sorted(kinds))} is nothing: take two of one kind", example, begin)
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            raise self.wrong(f"nothing is between {low} and {high}: the smaller one goes first", example, begin)
        return low, high

    def _list(self, item: ReadLiteral) -> list[Literal]:
        self.at += 1
        self.skip()
        items: list[Literal] = []
        while True:
            if self.is_done or self.text[self.at] in ",]":
                raise self.wrong("here an item of the list is missing", 'country in ["DE", "FR"]')
            items.append(item(self))
            if len(items) > MAX_LIST_ITEMS:
                what = f"a list has at most {MAX_LIST_ITEMS} items: split it over entries"
                raise self.wrong(what, 'region == "EMEA"', items[-1].at)
            if not (self.starts(",") or self.starts("]")):
                raise self.wrong('here "," or "]" is missing', 'country in ["DE", "FR"]')
            is_last = self.starts("]")
            self.at += 1
            self.skip()
            if is_last:
                return items

    def quoted(self) -> Literal | None:
        """A text in quotes, if one comes next."""
        begin = self.at
        if self.text[begin : begin + 1] not in ("'", '"'):
            return None
        match = self.take(_QUOTED)
        if match is None:
            raise self.wrong("this quote is never closed", 'name == "Acme"')
        return Literal(_unquoted(match.group()), begin, quoted=True)

    def combined(self, leaf: Callable[[Reader], Condition], *, may_mix: bool, depth: int = 0) -> Condition:
        """Parts joined by and, or and not, with brackets. `may_mix`: `and` binds closer than `or`."""
        parts = [[self._part(leaf, may_mix=may_mix, depth=depth)]]
        first = ""
        begin = self.at
        while joint := self.take(_JOINT):
            word = joint[1].casefold()
            first = first or word
            if word != first and not may_mix:
                what = f'"{word}" after "{first}" has two meanings: put brackets around what belongs together'
                raise self.wrong(what, at=begin)
            part = self._part(leaf, may_mix=may_mix, depth=depth)
            if word == "and":
                parts[-1].append(part)
            else:
                parts.append([part])
            begin = self.at
        groups = tuple(group[0] if len(group) == 1 else All(tuple(group)) for group in parts)
        return groups[0] if len(groups) == 1 else Any(groups)

    def _part(self, leaf: Callable[[Reader], Condition], *, may_mix: bool, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self.wrong(f"at most {MAX_DEPTH} brackets stand inside each other")
        if self.take(_NOT):
            return Not(self._part(leaf, may_mix=may_mix, depth=depth + 1))
        begin = self.at
        if not self.take(_OPEN):
            return leaf(self)
        inside = self.combined(leaf, may_mix=may_mix, depth=depth + 1)
        if not self.take(_CLOSE):
            if self.is_done:
                raise self.wrong("this bracket is never closed", at=begin)
            raise self.wrong(f'here "and", "or" or ")" is missing, not "{self.rest}"')
        return inside


ReadLiteral = Callable[[Reader], Literal]


class Literals(NamedTuple):
    """How a notation reads a value: one that stands alone, one of a list, and the first of two with `and` between."""

    single: ReadLiteral
    item: ReadLiteral
    low: ReadLiteral


def scalar(reader: Reader, literal: Literal, row: Row) -> Scalar:
    """The value that a literal means to an operator. Raises `ConditionError` for one that it cannot compare with."""
    if not literal.quoted and _OTHER.match(literal.text):
        what = f'"{row.operator.name}" does not stand before another field; a text that begins with "field" has quotes'
        raise reader.wrong(what, "owner_region equals field account.region", literal.at)
    if row.takes == "text":
        return literal.text
    if row.takes == "choices" and not literal.quoted and ";" in literal.text:
        choices = ", ".join(filter(None, map(str.strip, literal.text.split(";"))))
        what = f'"{literal.text}" is several choices: put each into the list; "includes all" asks for all of them'
        raise reader.wrong(what, f"interests includes all [{choices}]", literal.at)
    number = None if literal.quoted else number_in(literal.text)
    if number is not None:
        return number
    span = None if literal.quoted or row.takes == "choices" else span_in(literal.text, reader.calendar)
    if span is not None:
        return span
    if not literal.quoted and literal.text.casefold() not in _TRUTHS and (hint := lookalike(literal.text)):
        raise reader.wrong(*hint, literal.at)
    if row.takes in ("order", "range") and (not literal.quoted or is_unset(literal.text)):
        what = f'"{row.operator.name}" puts numbers and dates in order ({EXAMPLES}); put text in quotes'
        raise reader.wrong(what, _order_example(row), literal.at)
    if not literal.quoted and literal.text.casefold() in _TRUTHS:
        return literal.text.casefold() == "true"
    return "" if is_unset(literal.text) else literal.text


def _order_example(row: Row) -> str:
    if row.takes == "range":
        return "employees between 50 and 500"
    return f"employees {row.operator.written['expression']} 500"


def _kind(value: Scalar) -> str:
    match value:
        case int() | float():
            return "a number"
        case Span():
            return "a date"
        case _:
            return "a text"


def compared(reader: Reader, literals: Literals) -> Compare:
    """One comparison: field, operator, value."""
    reader.count_comparison()
    begin = reader.at
    is_past = reader.before()
    path = reader.path()
    operator, is_blank = reader.operator(path)
    if is_past and operator in CHANGES:
        what = '"before" asks for the value before a change, so "changed" does not stand with it'
        raise reader.wrong(what, 'stage changed from "open"', begin)
    if ROWS[operator].takes == "nothing":
        return Compare(path, operator, None)
    return Compare(path, operator, "" if is_blank else reader.value(operator, literals), is_past)


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1])
