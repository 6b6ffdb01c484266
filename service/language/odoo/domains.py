"""Odoo domains: prefix notation of terms becomes a condition, with the meaning Odoo's server gives it.

A domain is a list of terms `(field, operator, value)` and of `&`, `|`, `!`, which stand before what they join; terms
that nothing joins must all hold. It is read from the text an Odoo administrator has, or from lists of a document. What
the operators mean stands in `operators`, what is and is not as in Odoo in `docs/domains.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from service.language.changes import asked_before
from service.language.lookalikes import lookalike
from service.language.moments import UTC_CALENDAR
from service.language.nearest import nearest
from service.language.odoo.dates import EXAMPLES as DATES
from service.language.odoo.dates import date_in, is_meant_as_date
from service.language.odoo.operators import CHANGES, OPERATORS, Row, Takes
from service.language.odoo.patterns import MAX_PATTERN_CHARACTERS
from service.language.odoo.text import Item, Name, located, read
from service.language.tree import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_LIST_ITEMS,
    MAX_PATH_STEPS,
    All,
    Always,
    Any,
    Calendar,
    Compare,
    Condition,
    Constant,
    Never,
    Not,
    Other,
    Path,
    Scalar,
    Span,
    leaves,
    number_in,
)

BEFORE: Final = "before "
"""What stands before a field whose value before is meant."""
OTHER_SPELLINGS: Final[Mapping[str, str]] = {"==": "=", "<>": "!="}
_JOINS: Final[Mapping[str, type[All | Any]]] = {"&": All, "|": Any}
_CONSTANTS: Final[Mapping[tuple[object, ...], Condition]] = {(1, "=", 1): Always(), (0, "=", 1): Never()}
_OPEN_ESCAPE: Final = re.compile(r"(?:[^\\]|\\.)*\\", re.DOTALL)


class _Part(NamedTuple):
    """A condition, how deep it is, how many comparisons it holds."""

    condition: Condition
    depth: int = 1
    size: int = 1


def parse(value: str | list[object], calendar: Calendar = UTC_CALENDAR) -> Condition:
    """Read a domain, a text (literal Python or JSON) or the lists themselves. Raises `ConditionError`.

    Days, and dates without an offset, are those of the calendar.
    """
    return _domain(read(value) if isinstance(value, str) else located(value), calendar).condition


def to_text(condition: Condition) -> str | Compare:
    """A condition written as a domain, or the comparison that no domain can make."""
    pieces: list[str] = []
    parts = condition.parts if isinstance(condition, All) else (condition,)
    for part in parts:
        failed = _write(part, pieces)
        if failed is not None:
            return failed
    return f"[{', '.join(pieces)}]"


def _domain(item: Item, calendar: Calendar) -> _Part:
    """The condition of a list of terms, read from its end, as prefix notation asks for."""
    if not isinstance(item.value, tuple):
        raise item.wrong("a domain is a list of terms")
    _refuse_bare_term(item)
    stack: list[_Part] = []
    for each in reversed(item.value):
        if each.value == "!" or each.value in _JOINS:
            stack.append(_joined(each, stack))
        else:
            stack.append(_term(each, calendar))
        if stack[-1].depth > MAX_DEPTH:
            raise each.wrong(f"conditions stand inside each other at most {MAX_DEPTH} times")
    whole = _join(All, stack[::-1]) if len(stack) != 1 else stack[0]
    if whole.size > MAX_COMPARISONS:
        raise item.wrong(f"a domain has at most {MAX_COMPARISONS} terms, this one has {whole.size}")
    return whole


def _refuse_bare_term(item: Item) -> None:
    assert isinstance(item.value, tuple)
    match [each.value for each in item.value]:
        case [str() as field, str() as symbol, _] if field not in ("!", *_JOINS) and symbol not in ("!", *_JOINS):
            raise item.wrong("this is one term; a domain is a list of terms, so it needs a second pair of brackets")
        case _:
            return


def _joined(sign: Item, stack: list[_Part]) -> _Part:
    needed = 1 if sign.value == "!" else 2
    if len(stack) < needed:
        raise sign.wrong(
            f'"{sign.value}" stands before {"one condition" if needed == 1 else "two conditions"}, '
            f"here {'none follows' if not stack else 'only one follows'}",
            "['|', ('country_id', '=', 'US'), ('country_id', '=', 'CA')]",
        )
    parts = [stack.pop() for _ in range(needed)]
    if sign.value == "!":
        return _Part(Not(parts[0].condition), parts[0].depth + 1, parts[0].size)
    return _join(_JOINS[str(sign.value)], parts)


def _join(kind: type[All | Any], parts: list[_Part]) -> _Part:
    """The parts under one roof; what is under such a roof already moves up, so a long chain is not a deep one."""
    if not parts:
        return _Part(Always(), size=0)
    conditions: list[Condition] = []
    for part in parts:
        conditions += part.condition.parts if isinstance(part.condition, kind) else (part.condition,)
    depth = max(part.depth + (not isinstance(part.condition, kind)) for part in parts)
    return _Part(kind(tuple(conditions)), depth, sum(part.size for part in parts))


def _term(item: Item, calendar: Calendar) -> _Part:
    if not isinstance(item.value, tuple):
        raise item.wrong(f"{_shown(item)} is neither a term nor one of &, |, !")
    if len(item.value) != 3:
        raise item.wrong(f"a term has three parts, field, operator and value, this one has {len(item.value)}")
    field, symbol, value = item.value
    plain = (field.value, symbol.value, value.value)
    if type(field.value) is int and type(value.value) is int and plain in _CONSTANTS:
        return _Part(_CONSTANTS[plain])
    if field.value in ("!", *_JOINS):
        raise field.wrong(f'"{field.value}" joins terms of the list around them, not inside a term', "['|', a, b]")
    path, is_past = _field(field)
    row = _row(symbol)
    if is_past and row.operator in CHANGES:
        what = f'"{BEFORE.strip()}" asks for the value before a change, so "{row.symbol}" does not stand with it'
        raise field.wrong(what, "[('stage', 'changed from', 'open')]")
    if row.takes == "domain":
        inside = _domain(value, calendar)
        if any(asked_before(leaf) for leaf in leaves(inside.condition)):
            what = f'within "{row.symbol}" stand conditions on linked records: of their changes nothing is known'
            raise value.wrong(what, "[('stage', 'changed', True)]")
        compare = Compare(path, row.operator, inside.condition, is_past)
        return _Part(compare, inside.depth + 1, max(inside.size, 1))
    if row.takes == "truth":
        return _truth(path, row, value)
    return _Part(replace(_compare(path, row, value, calendar), past=is_past))


def _truth(path: Path, row: Row, item: Item) -> _Part:
    """The comparison that takes nothing, or its contrary."""
    if not isinstance(item.value, bool):
        raise item.wrong(
            f'"{row.symbol}" takes True or False, not {_shown(item)}', f"[('stage', '{row.symbol}', True)]"
        )
    compare = Compare(path, row.operator, None)
    return _Part(compare) if item.value else _Part(Not(compare), 2)


def _field(item: Item) -> tuple[Path, bool]:
    """A field, and whether its value before is meant (`before stage`)."""
    if not isinstance(item.value, str) or not item.value.strip():
        raise item.wrong(f"a term begins with the name of a field, here stands {_shown(item)}")
    name = item.value.removeprefix(BEFORE)
    steps = tuple(name.split("."))
    if not all(step.strip() for step in steps):
        raise item.wrong(f'a dot in "{item.value}" has no name beside it', "[('partner_id.country_id', '=', 'US')]")
    if len(steps) > MAX_PATH_STEPS:
        raise item.wrong(f"a field has at most {MAX_PATH_STEPS} steps, this one has {len(steps)}")
    return steps, name != item.value


def _row(item: Item) -> Row:
    if not isinstance(item.value, str) or isinstance(item.value, Name):
        raise item.wrong(f"an operator is a text in quotes, here stands {_shown(item)}")
    written = " ".join(item.value.split()).lower()
    written = OTHER_SPELLINGS.get(written, written)
    if written not in OPERATORS:
        near = nearest(written, OPERATORS) or "="
        raise item.wrong(
            f'"{item.value[:20]}" is no operator; there are: {", ".join(OPERATORS)}', f"[('name', '{near}', …)]"
        )
    return OPERATORS[written]


def _compare(path: Path, row: Row, item: Item, calendar: Calendar) -> Compare:
    """The comparison; `=` with a list is `in`, and `in` with one value is a list of it, as Odoo reads them."""
    if row.symbol in ("=", "!=") and isinstance(item.value, tuple) and item.value:
        row = OPERATORS["in" if row.symbol == "=" else "not in"]
    value = _VALUES[row.takes](row, item)
    if row.takes in ("value", "list", "values"):
        dated = tuple(_dated(each, calendar) for each in value) if isinstance(value, tuple) else _dated(value, calendar)
        return Compare(path, row.operator, dated)
    return Compare(path, row.operator, _in_order(row, item, value, calendar) if row.takes == "ordered" else value)


def _dated(value: Constant, calendar: Calendar) -> Scalar:
    assert not isinstance(value, tuple | Other | All | Any | Not | Compare | Always | Never)  # the readers give scalars
    date = date_in(value, calendar) if isinstance(value, str) else None
    return value if date is None else date


def _in_order(row: Row, item: Item, value: Constant, calendar: Calendar) -> Constant:
    dated = _dated(value, calendar)
    if isinstance(dated, str) and is_meant_as_date(dated):
        what = f'"{dated[:40]}" is no date in a domain; there are dates, and Odoo\'s words for them ({DATES})'
        raise item.wrong(what, f"[('create_date', '{row.symbol}', 'today -7d')]")
    if isinstance(dated, str) and number_in(dated) is None and lookalike(dated):
        what = f'"{dated[:40]}" would be put in order as a text: numbers are written as 1000 or 0.5, dates as {DATES}'
        raise item.wrong(what, f"[('size', '{row.symbol}', 1000)]")
    return dated


def _value(row: Row, item: Item) -> Constant:
    return False if item.value == () else _scalar(item)


def _ordered(row: Row, item: Item) -> Constant:
    value = _scalar(item)
    if isinstance(value, bool) and value:
        raise item.wrong(f'"{row.symbol}" puts numbers, texts and dates in order, not True', "[('score', '>', 50)]")
    return value


def _list(row: Row, item: Item) -> Constant:
    if not isinstance(item.value, tuple):
        value = _scalar(item)
        return (value,) if value else ()
    if len(item.value) > MAX_LIST_ITEMS:
        raise item.wrong(f"a list has at most {MAX_LIST_ITEMS} items, this one has {len(item.value)}")
    return tuple(map(_scalar, item.value))


def _values(row: Row, item: Item) -> Constant:
    return _list(row, item) if isinstance(item.value, tuple) and item.value else _value(row, item)


def _text(row: Row, item: Item) -> Constant:
    value = _scalar(item)
    if value is True:
        raise item.wrong(f'"{row.symbol}" takes a text, not True', f"[('name', '{row.symbol}', 'Acme')]")
    if isinstance(value, str):
        if len(value) > MAX_PATTERN_CHARACTERS:
            raise item.wrong(f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters, this one has {len(value)}")
        if _OPEN_ESCAPE.fullmatch(value):
            raise item.wrong("a pattern does not end with a single backslash", r"[('name', '=like', '50\\%')]")
    return value


def _never_here(row: Row, item: Item) -> Constant:
    raise AssertionError(f"{row.symbol} takes no value of a field")


_VALUES: Final[Mapping[Takes, Callable[[Row, Item], Constant]]] = {
    "value": _value,
    "ordered": _ordered,
    "list": _list,
    "values": _values,
    "text": _text,
    "place": _list,
    "domain": _never_here,
    "truth": _never_here,
}


def _scalar(item: Item) -> Scalar:
    """One value; None is written False, as Odoo does."""
    if isinstance(item.value, tuple):
        raise item.wrong("here one value is needed, not a list", "[('country_id', '=', 'US')]")
    if isinstance(item.value, Name):
        raise item.wrong(
            f'"{item.value}" stands without quotes: a name of Odoo\'s session is not known here, a text has quotes',
            f"'{item.value}'",
        )
    return False if item.value is None else item.value


def _shown(item: Item) -> str:
    match item.value:
        case tuple():
            return "a list"
        case str() as text:
            return f'"{text[:20]}"'
        case other:
            return str(other)[:20]


def _write(condition: Condition, pieces: list[str]) -> Compare | None:
    """Add the pieces of one condition; the comparison that cannot be written, if there is one."""
    match condition:
        case All(()) | Always():
            pieces.append("(1, '=', 1)")
        case Any(()) | Never():
            pieces.append("(0, '=', 1)")
        case All(parts) | Any(parts):
            pieces += ["'&'" if isinstance(condition, All) else "'|'"] * (len(parts) - 1)
            return next((failed for part in parts if (failed := _write(part, pieces))), None)
        case Not(part):
            pieces.append("'!'")
            return _write(part, pieces)
        case Compare():
            return _write_term(condition, pieces)
    return None


def _write_term(compare: Compare, pieces: list[str]) -> Compare | None:
    symbol = compare.operator.written.get("domain")
    value = compare.value
    if symbol is None or any("." in step for step in compare.path):
        return compare
    match value:
        case Other():
            return compare
        case All() | Any() | Not() | Compare() | Always() | Never():
            inside = to_text(value)
            if isinstance(inside, Compare):
                return inside
            written = inside
        case tuple():
            written = f"[{', '.join(map(_literal, value))}]"
        case None if OPERATORS[symbol].takes == "truth":
            written = "True"
        case _:
            written = _literal(value)
    field = f"{BEFORE if compare.past else ''}{'.'.join(compare.path)}"
    pieces.append(f"({field!r}, {symbol!r}, {written})")
    return None


def _literal(value: Scalar) -> str:
    return repr(value.text if isinstance(value, Span) else value)
