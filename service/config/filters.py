"""The filters that texts may use: what each is given, and what is wrong with what is written there.

Liquid itself finds out when a text is filled in, and takes a word for zero where a number belongs. So each filter has a
row, and what is written behind it is held against the row before any record comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Final, NamedTuple

from liquid.ast import Node
from liquid.builtin.expressions.arguments import KeywordArgument, PositionalArgument
from liquid.builtin.expressions.filtered import Filter, FilteredExpression
from liquid.builtin.expressions.primitive import Literal
from liquid.context import RenderContext
from liquid.expression import Expression
from liquid.template import BoundTemplate

from service.config.spelling import DATE_WORDS, is_form_of_dates

DATE: Final = "date"
NOW: Final = frozenset({"now", "today"})


class FilterRow(NamedTuple):
    """A filter as it is written, how many values it must be given and may be, which of them are numbers (of what
    divides, none that is 0), and the names of those that are given by name. `of_texts`: it makes a text of a text, and
    of whatever else it is given.
    """

    example: str
    least: int = 0
    most: int = 0
    numbers: int = 0
    divides: bool = False
    named: tuple[str, ...] = ()
    of_texts: bool = False


ROWS: Final[Mapping[str, FilterRow]] = {
    "abs": FilterRow("abs"),
    "append": FilterRow('append: "!"', 1, 1, of_texts=True),
    "at_least": FilterRow("at_least: 1", 1, 1, 1),
    "at_most": FilterRow("at_most: 100", 1, 1, 1),
    "capitalize": FilterRow("capitalize", of_texts=True),
    "ceil": FilterRow("ceil"),
    DATE: FilterRow('date: "%d.%m.%Y"', 1, 1, of_texts=True),
    "default": FilterRow('default: "-"', 0, 1, named=("allow_false",)),
    "divided_by": FilterRow("divided_by: 2", 1, 1, 1, divides=True),
    "downcase": FilterRow("downcase", of_texts=True),
    "escape": FilterRow("escape", of_texts=True),
    "first": FilterRow("first"),
    "floor": FilterRow("floor"),
    "join": FilterRow('join: ", "', 0, 1),
    "last": FilterRow("last"),
    "lstrip": FilterRow("lstrip", of_texts=True),
    "minus": FilterRow("minus: 1", 1, 1, 1),
    "modulo": FilterRow("modulo: 2", 1, 1, 1, divides=True),
    "newline_to_br": FilterRow("newline_to_br", of_texts=True),
    "plus": FilterRow("plus: 1", 1, 1, 1),
    "prepend": FilterRow('prepend: "#"', 1, 1, of_texts=True),
    "remove": FilterRow('remove: "-"', 1, 1, of_texts=True),
    "replace": FilterRow('replace: "-", " "', 1, 2, of_texts=True),
    "round": FilterRow("round: 2", 0, 1, 1),
    "rstrip": FilterRow("rstrip", of_texts=True),
    "size": FilterRow("size"),
    "split": FilterRow('split: ","', 1, 1, of_texts=True),
    "strip": FilterRow("strip", of_texts=True),
    "times": FilterRow("times: 2", 1, 1, 1),
    "truncate": FilterRow("truncate: 20", 0, 2, 1, of_texts=True),
    "truncatewords": FilterRow("truncatewords: 5", 0, 2, 1, of_texts=True),
    "upcase": FilterRow("upcase", of_texts=True),
    "url": FilterRow("url", of_texts=True),
    "url_encode": FilterRow("url_encode", of_texts=True),
}
"""All that there are."""


class Slip(NamedTuple):
    """What is wrong with a filter, and at which character of the template it stands, from 0."""

    message: str
    at: int


def slips_in(parts: BoundTemplate) -> Iterator[Slip]:
    """What can be parsed and never does what was meant: filters that are given too little, too much, or what they
    cannot use, and dates that are none.
    """
    context = RenderContext(parts)
    for node in parts.nodes:
        yield from _in_node(node, context)


def _in_node(node: Node, context: RenderContext) -> Iterator[Slip]:
    for expression in node.expressions():
        yield from _in_expression(expression)
    for child in node.children(context, include_partials=False):
        yield from _in_node(child, context)


def _in_expression(expression: Expression) -> Iterator[Slip]:
    if isinstance(expression, FilteredExpression):
        yield from _in_chain(expression.left, expression.filters or ())
    for child in expression.children():
        yield from _in_expression(child)


def _in_chain(value: Expression, filters: Sequence[Filter]) -> Iterator[Slip]:
    for number, each in enumerate(filters):
        row = ROWS[each.name]
        given = [argument.value for argument in each.args if isinstance(argument, PositionalArgument)]
        named = [argument.name for argument in each.args if isinstance(argument, KeywordArgument)]
        dated = value if number == 0 and each.name == DATE else None
        message = _wrong(row, given) or _misnamed(row, named) or _no_date(dated, given if each.name == DATE else ())
        if message:
            yield Slip(f'the filter "{each.name}" {message}', each.token.start_index)


def _wrong(row: FilterRow, given: Sequence[Expression]) -> str:
    """What is wrong with the values that a filter is given; empty: nothing."""
    if not row.least <= len(given) <= row.most:
        return f"{_bounds(row)}, and is given {len(given) or 'none'}: write it as {row.example}"
    for each in given[: row.numbers]:
        if isinstance(each, Literal) and not _is_number(each.value):
            return f"needs a number, and {each.value!r} is none: write it as {row.example}"
        if isinstance(each, Literal) and row.divides and not float(each.value):
            return f"cannot divide by 0: write it as {row.example}"
    return ""


def _misnamed(row: FilterRow, named: Sequence[str]) -> str:
    for each in named:
        if each not in row.named:
            known = f"; it knows {', '.join(row.named)}" if row.named else ""
            return f'does not know "{each}"{known}: write it as {row.example}'
    return ""


def _no_date(value: Expression | None, form: Sequence[Expression]) -> str:
    """Why a date that is written down, or its form, is none; empty: they are, or nobody knows yet."""
    for each in form:
        if isinstance(each, Literal) and not is_form_of_dates(each.value):
            return f"knows no form {each.value!r}: it is made of {' '.join(f'%{word}' for word in DATE_WORDS)}"
    if not isinstance(value, Literal):
        return ""
    if value.value in NOW:
        return (
            f"has no {value.value!r}: a text is decided with its record, and the same whenever it is decided again; "
            "leave it out, for a message carries its time, or name a date of the record"
        )
    return "" if _is_moment(value.value) else f"is given {value.value!r}, which is no date: write one as 2026-01-31"


def _bounds(row: FilterRow) -> str:
    if row.least == row.most:
        return f"needs {'one value' if row.least == 1 else f'{row.least} values' if row.least else 'no value'}"
    return f"takes {row.least} to {row.most} values"


def _is_number(value: object) -> bool:
    try:
        return not isinstance(value, bool) and isfinite(float(str(value)))
    except ValueError:
        return False


def _is_moment(value: object) -> bool:
    try:
        return bool(datetime.fromisoformat(str(value)))
    except ValueError:
        return False
