"""Which operators criteria and the expression line have: one row says everything about one.

The rows are read by whatever has to know operators: the reader, the printer, equivalents in domains, implication,
`check`, the page about rules. What an operator asks of a field is made in `probes`; one that is made of others
(`Operator.means`) needs nothing but its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Literal, NamedTuple

from service.language import probes
from service.language.changes import CHANGED, changed_and
from service.language.tree import All, Compare, Condition, Constant, Operator, Path, linked, linked_each
from service.language.tree import Any as AnyOf

Takes = Literal["value", "order", "text", "list", "choices", "range", "values", "nothing"]
"""What stands after an operator: a value or a field; a number, date, quoted text or field; a text or a list of them; a
list; one choice or a list; two values in order; a value or a list; nothing."""
Change = Literal["number", "numbers", "unset", "text", "beginning", "end", "day"]
"""What a constant must be to have an equivalent in a domain (`equivalents`)."""
Order = Literal["<", "<=", ">", ">="]
Sense = Literal[
    "equal", "not equal", "one of", "none of", Order, "piece", "no piece", "begin", "end", "choice", "no choice"
]
"""How implication understands an operator; none: it knows the same comparison again, and nothing else of it."""


class Row(NamedTuple):
    """An operator of criteria and of the expression line, and all that others must know about it.

    `also`: further ways to write it. `blank`: ways to write it with a blank value, after which none stands. `sense`:
    what implication may conclude. `domain`: which operators of a domain ask the same, with what makes the constant of
    one that of the other (`equivalents`). The rest is for people: what holds, and what holds for an unset field.
    """

    operator: Operator
    takes: Takes
    sense: Sense | None
    domain: tuple[tuple[str, Change], ...]
    also: tuple[str, ...]
    blank: tuple[str, ...]
    meaning: str
    unset: str


class _Said(NamedTuple):
    """How people write an operator and what they must know."""

    name: str
    expression: str
    meaning: str
    unset: str
    also: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


def _row(
    said: _Said,
    takes: Takes,
    sense: Sense | None,
    probe: probes.Ask | None,
    domain: tuple[tuple[str, Change], ...] = (),
    means: Callable[[Path, Constant], Condition | None] = lambda path, value: None,
) -> Row:
    written = {"criteria": said.name, "expression": said.expression}
    walk = linked_each if takes == "choices" else linked
    operator = Operator(said.name, written, probe, walk, means)  # type: ignore[arg-type]  # notations, as literals
    return Row(operator, takes, sense, domain, said.also, said.blank, said.meaning, said.unset)


def _ordered(name: str, sign: Order, meaning: str, *also: str) -> Row:
    """One of the four that compare what has an order. Everywhere it is written with its sign."""
    said = _Said(name, sign, meaning, "never matches", (sign, *also))
    return _row(said, "order", sign, probes.ordering(sign), ((sign, "number"), (sign, "day")))


def _between(path: Path, value: Constant) -> Condition | None:
    assert isinstance(value, tuple)  # the reader takes two
    low, high = value
    return All((Compare(path, GREATER_OR_EQUAL, low), Compare(path, LESS_OR_EQUAL, high)))


def _one_by_one(kind: type[All | AnyOf], operator: str) -> Callable[[Path, Constant], Condition | None]:
    """A comparison with a list as comparisons with each of it."""

    def means(path: Path, value: Constant) -> Condition | None:
        if not isinstance(value, tuple) or not value:
            return None
        row = NAMED[operator].operator
        return kind(tuple(Compare(path, row, each if row not in LISTS else (each,)) for each in value))

    return means


def _changed_and(path: Path, value: Constant, *, past: bool) -> Condition:
    """The field was changed, and it is the value, or one of the list, now or before."""
    row = NAMED["in" if isinstance(value, tuple) else "equals"]
    return changed_and(Compare(path, row.operator, value), past=past)


TABLE: Final[tuple[Row, ...]] = (
    _row(
        _Said(
            "equals",
            "==",
            "is the value",
            'matches `""` and `false`',
            ("=", "==", "equal"),
            ("is empty", "is blank", "is null"),
        ),
        "value",
        "equal",
        probes.equals,
        (("=", "number"), ("=", "unset"), ("=ilike", "text")),
    ),
    _row(
        _Said(
            "not equal",
            "!=",
            "is not the value",
            'matches, but for `""` and `false`',
            ("!=", "<>", "not equals"),
            ("is not empty", "is not blank", "is not null"),
        ),
        "value",
        "not equal",
        probes.not_equal,
        (("!=", "number"), ("!=", "unset")),
    ),
    _ordered("less than", "<", "is less, or earlier"),
    _ordered("less or equal", "<=", "is at most", "less than or equal"),
    _ordered("greater than", ">", "is greater, or later"),
    _ordered("greater or equal", ">=", "is at least", "greater than or equal"),
    _row(
        _Said("between", "between", "is at least the first and at most the second", "never matches"),
        "range",
        None,
        probes.in_range,
        means=_between,
    ),
    _row(
        _Said("contains", "contains", "has the text, or one of them, in it", 'matches `""` only', ("contain",)),
        "text",
        "piece",
        probes.contains,
        (("ilike", "text"),),
        _one_by_one(AnyOf, "contains"),
    ),
    _row(
        _Said(
            "does not contain",
            "not contains",
            "has neither the text nor any of them in it",
            'matches, but for `""`',
            ("not contains", "not contain"),
        ),
        "text",
        "no piece",
        probes.does_not_contain,
        (("not ilike", "text"),),
        _one_by_one(All, "does not contain"),
    ),
    _row(
        _Said(
            "starts with", "starts with", "begins with the text, or one of them", 'matches `""` only', ("begins with",)
        ),
        "text",
        "begin",
        probes.starts_with,
        (("=ilike", "beginning"),),
        _one_by_one(AnyOf, "starts with"),
    ),
    _row(
        _Said("ends with", "ends with", "ends with the text, or one of them", 'matches `""` only'),
        "text",
        "end",
        probes.ends_with,
        (("=ilike", "end"),),
        _one_by_one(AnyOf, "ends with"),
    ),
    _row(
        _Said("in", "in", "is one of the list", 'matches if `""` or `false` is in the list'),
        "list",
        "one of",
        probes.in_list,
        (("in", "numbers"),),
    ),
    _row(
        _Said("not in", "not in", "is none of the list", 'matches, unless `""` or `false` is in it'),
        "list",
        "none of",
        probes.not_in,
        (("not in", "numbers"),),
    ),
    _row(
        _Said("includes", "includes", "has one of the choices", 'matches `""` only'),
        "choices",
        "choice",
        probes.includes,
    ),
    _row(
        _Said("includes all", "includes all", "has all of the choices", 'matches `""` only'),
        "choices",
        None,
        probes.includes_all,
        means=_one_by_one(All, "includes"),
    ),
    _row(
        _Said("excludes", "excludes", "has none of the choices", 'matches, but for `""`'),
        "choices",
        "no choice",
        probes.excludes,
    ),
    Row(CHANGED, "nothing", None, (), (), (), "holds another value than before", "matches, if it was set"),
    _row(
        _Said(
            "changed to",
            "changed to",
            "changed, and is the value or in the list",
            'matches `""`, if it was set',
        ),
        "values",
        None,
        None,
        means=partial(_changed_and, past=False),
    ),
    _row(
        _Said(
            "changed from",
            "changed from",
            "changed, and was the value or in the list",
            "matches, if it was the value",
        ),
        "values",
        None,
        None,
        means=partial(_changed_and, past=True),
    ),
)
"""Every operator of criteria and of the expression line."""

ROWS: Final[Mapping[Operator, Row]] = {row.operator: row for row in TABLE}
NAMED: Final[Mapping[str, Row]] = {row.operator.name: row for row in TABLE}
OPERATORS: Final = tuple(ROWS)
LISTS: Final = frozenset(row.operator for row in TABLE if row.takes in ("list", "choices"))
"""Those whose constant is always a list."""
CHANGES: Final = frozenset({CHANGED, NAMED["changed to"].operator, NAMED["changed from"].operator})
"""Those that look at a change themselves, so they are not asked of values before."""
NOT_EQUAL: Final = NAMED["not equal"].operator
LESS_OR_EQUAL: Final = NAMED["less or equal"].operator
GREATER_OR_EQUAL: Final = NAMED["greater or equal"].operator
