"""Text of conditions is read from left to right: what criteria, filter logic and the expression line have in common.

No text is ever run as code, patterns never look back, and everything has a limit, so any text is read in time that
grows with its length and ends as a condition or as a `ConditionError` that names the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

from service.language.moments import EXAMPLES, UTC_ZONE, span_in
from service.language.operators import (
    CONTAINS,
    DOES_NOT_CONTAIN,
    EQUALS,
    GREATER,
    GREATER_OR_EQUAL,
    LESS,
    LESS_OR_EQUAL,
    LIST_ONLY,
    LIST_TOO,
    NOT_EQUAL,
    OPERATORS,
    ORDERINGS,
    TEXT_ONLY,
)
from service.language.tree import (
    MAX_CHARACTERS,
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_LIST_ITEMS,
    MAX_PATH_STEPS,
    All,
    Any,
    Compare,
    Condition,
    ConditionError,
    Constant,
    Not,
    Operator,
    Path,
    Scalar,
    Span,
    is_unset,
    number_in,
)

SPELLINGS: Final[Mapping[str, Operator]] = {
    **{operator.name: operator for operator in OPERATORS},
    "=": EQUALS,
    "==": EQUALS,
    "equal": EQUALS,
    "!=": NOT_EQUAL,
    "<>": NOT_EQUAL,
    "not equals": NOT_EQUAL,
    "<": LESS,
    "less than or equal": LESS_OR_EQUAL,
    "<=": LESS_OR_EQUAL,
    ">": GREATER,
    "greater than or equal": GREATER_OR_EQUAL,
    ">=": GREATER_OR_EQUAL,
    "contain": CONTAINS,
    "not contains": DOES_NOT_CONTAIN,
    "not contain": DOES_NOT_CONTAIN,
}
"""Every way to write an operator; words may be joined by spaces or underscores, in any case."""

NAME: Final = re.compile(r"[^\W\d][\w-]*")
_SPACE: Final = re.compile(r"\s*")
_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_SYMBOL: Final = re.compile(r"[<>=!]+")
_OPERATOR_WORDS: Final = re.compile(
    "(?:{})(?!\\w)".format(
        "|".join(word.replace(" ", r"[\s_]+") for word in sorted(SPELLINGS, key=len, reverse=True) if word[0].isalpha())
    ),
    re.IGNORECASE,
)
_JOINT: Final = re.compile(r"(and|or)(?!\w)", re.IGNORECASE)
_NOT: Final = re.compile(r"not(?!\w)", re.IGNORECASE)
_OPEN: Final = re.compile(r"\(")
_CLOSE: Final = re.compile(r"\)")
SHOWN_CHARACTERS: Final = 40


class Literal(NamedTuple):
    """A value as written: its text without quotes, where it stands, and whether it had quotes."""

    text: str
    at: int
    quoted: bool = False


class Reader:
    """A text and how far it has been read. `example` is what an error shows where it knows no better.

    `zone` is the IANA zone whose days dates mean.
    """

    def __init__(self, text: str, example: str, zone: str = UTC_ZONE) -> None:
        if len(text) > MAX_CHARACTERS:
            what = f"at most {MAX_CHARACTERS} characters are read, these are {len(text)}: split it over entries"
            raise ConditionError(what, MAX_CHARACTERS + 1, example)
        self.text = text
        self.example = example
        self.zone = zone
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

    def operator(self, path: Path) -> Operator:
        """An operator, in any of its spellings."""
        begin = self.at
        name = path[-1]
        if self.is_done:
            raise self.wrong(f'after the field "{name}" an operator is missing', f"{name} == 5")
        token = self.take(_SYMBOL) or self.take(_OPERATOR_WORDS)
        spelling = re.sub(r"[\s_]+", " ", token.group()).casefold() if token else ""
        if spelling in SPELLINGS:
            return SPELLINGS[spelling]
        written = token.group() if token else self.text[begin:].split(maxsplit=1)[0][:SHOWN_CHARACTERS]
        near = get_close_matches(written.casefold(), SPELLINGS, n=1) or ["equals"]
        known = ", ".join(operator.name for operator in OPERATORS)
        what = f'"{written}" is no operator (and a field name with spaces needs quotes); there are: {known}'
        raise self.wrong(what, f"{name} {near[0]} …", begin)

    def value(self, operator: Operator, single: ReadLiteral, item: ReadLiteral) -> Constant:
        """What the operator compares with: a list of what `item` reads where it takes one, else what `single` reads."""
        if self.is_done:
            what = f'after "{operator.name}" a value is missing; an unset field is written ""'
            raise self.wrong(what, 'industry == ""')
        if not self.starts("["):
            literal = single(self)
            value = scalar(self, literal, operator)
            if operator in LIST_ONLY and not isinstance(value, Span):
                example = f'country {operator.name} ["DE", "FR"]'
                raise self.wrong(f'"{operator.name}" needs a list in brackets', example, literal.at)
            return (value,) if operator in LIST_ONLY | LIST_TOO else value
        if operator not in LIST_ONLY | LIST_TOO:
            raise self.wrong(f'"{operator.name}" takes one value, not a list', 'country in ["DE", "FR"]')
        return tuple(scalar(self, literal, operator) for literal in self._list(item))

    def _list(self, item: ReadLiteral) -> list[Literal]:
        self.at += 1
        self.skip()
        items: list[Literal] = []
        while True:
            if self.is_done or self.text[self.at] in ",]":
                raise self.wrong("here an item of the list is missing", 'country in ["DE", "FR"]')
            items.append(item(self))
            if len(items) > MAX_LIST_ITEMS:
                raise self.wrong(f"a list has at most {MAX_LIST_ITEMS} items", 'region == "EMEA"', items[-1].at)
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


def scalar(reader: Reader, literal: Literal, operator: Operator) -> Scalar:
    """The value that a literal means to an operator. Raises `ConditionError` for one that it cannot compare with."""
    if operator in TEXT_ONLY:
        return literal.text
    number = None if literal.quoted else number_in(literal.text)
    if number is not None:
        return number
    span = None if literal.quoted or operator in LIST_TOO else span_in(literal.text, reader.zone)
    if span is not None:
        return span
    if operator in ORDERINGS and (not literal.quoted or is_unset(literal.text)):
        what = f'"{operator.name}" puts numbers and dates in order ({EXAMPLES}); put text in quotes'
        raise reader.wrong(what, f"employees {operator.written['expression']} 500", literal.at)
    if not literal.quoted and literal.text.casefold() in ("true", "false"):
        return literal.text.casefold() == "true"
    return literal.text if literal.text.strip() else ""


def compared(reader: Reader, single: ReadLiteral, item: ReadLiteral) -> Compare:
    """One comparison: field, operator, value. `single` reads a value that stands alone, `item` one of a list."""
    reader.count_comparison()
    path = reader.path()
    operator = reader.operator(path)
    return Compare(path, operator, reader.value(operator, single, item))


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1])
