"""What each operator of a domain means: the rules of Odoo's server about case, unset fields and links.

A row of the table says everything about its operator; the page about domains is generated from it. Negative operators
are the exact contrary of the positive ones for the field they name, so they match an unset field; behind a link they
are asked of each linked record. A field of a type that an operator cannot read is matched by none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, Literal, NamedTuple

from service.language.changes import CHANGED, changed_and
from service.language.letters import folded_each
from service.language.odoo.facts import (
    Reached,
    as_number,
    ids,
    in_time,
    is_readable,
    keys,
    nodes,
    places,
    texts,
    through_links,
)
from service.language.odoo.links import any_link, no_link
from service.language.odoo.patterns import MAX_SCANNED, matcher
from service.language.operators import Sense
from service.language.probes import Ask
from service.language.readings import ORDERS
from service.language.tree import Compare, Condition, Constant, Operator, Path, Probe, Span, number_in
from service.language.unset import is_empty, may_be_in_unset

Takes = Literal["value", "ordered", "list", "text", "domain", "place", "values", "truth"]
"""What stands after the operator: any value; a number, text or date; a list; a pattern; a domain; ids, names, paths; a
value or a list; True or False."""
Holds = Callable[[object, int], bool]
"""Whether a field, as of a now in milliseconds since 1970, does what is asked."""


_SCALARS: Final = (str, int, float, bool)


class Row(NamedTuple):
    """An operator, what it takes, how implication understands it (none: not at all), and what people must know.

    That is: its meaning, what holds for an unset field, and letter case.
    """

    operator: Operator
    takes: Takes
    sense: Sense | None
    meaning: str
    unset: str
    case: str

    @property
    def symbol(self) -> str:
        """How it is written."""
        return self.operator.written["domain"]


def _listed(value: Constant) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _asked(holds: Holds) -> Holds:
    """The question put to every value that a path led to: one that holds is enough."""

    def asked(fact: object, now_ms: int) -> bool:
        return any(holds(each, now_ms) for each in fact) if type(fact) is Reached else holds(fact, now_ms)

    return asked


def _probe(holds: Holds, quick: str = "", constant: object = None, kinds: Collection[type] = (str,)) -> Probe:
    """Calls `holds`; for fields of some types `quick`, which must say the same, is faster, and so is null."""
    asked = _asked(holds)
    if not quick:
        return Probe("{0}({field}, {now})", (asked,))
    code = f"({quick} if type({{field}}) in {{1}} else {{2}} if {{field}} is None else {{3}}({{field}}, {{now}}))"
    return Probe(code, (constant, frozenset(kinds), asked(None, 0), asked))


def _contrary(holds: Holds) -> Holds:
    return lambda fact, now_ms: is_readable(fact) and not holds(fact, now_ms)


def _one_of(value: Constant) -> Holds:
    values = _listed(value)
    named = frozenset(each.text if isinstance(each, Span) else each for each in values if isinstance(each, str | Span))
    numbers = frozenset(each for each in values if isinstance(each, int | float) and each is not False)
    numbers_in_text = frozenset(map(number_in, named)) - {None}
    dates = [in_time("=", each) for each in values if isinstance(each, Span)]
    has_unset = any(map(is_empty, values))

    def is_one(key: object, now_ms: int) -> bool:
        if type(key) is not str:
            return key in numbers or key in numbers_in_text
        if key in named or (numbers and number_in(key) in numbers):
            return True
        return any(is_at(key, now_ms) for is_at in dates)

    def one_of(fact: object, now_ms: int) -> bool:
        if is_empty(fact):
            return has_unset or (fact is False and 0 in numbers)
        for key in keys(fact):  # noqa: SIM110  # any(…) costs a third more, and every record with a link comes here
            if is_one(key, now_ms):
                return True
        return False

    return one_of


def _is_plain(value: object) -> bool:
    """A text that is nothing but a text, so that fields which are texts can be compared at once."""
    return type(value) is str and not is_empty(value)


def _equality(symbol: Literal["==", "!="]) -> Callable[[Constant], Probe]:
    def probe(value: Constant) -> Probe:
        holds = _one_of(value) if symbol == "==" else _contrary(_one_of(value))
        if type(value) is int or _is_plain(value):
            return _probe(holds, f"{{field}} {symbol} {{0}}", value, (type(value),))
        return _probe(holds)

    return probe


def _membership(word: Literal["in", "not in"]) -> Callable[[Constant], Probe]:
    def probe(value: Constant) -> Probe:
        values = _listed(value)
        if not values:
            return Probe("True" if word == "not in" else "False")
        holds = _one_of(value) if word == "in" else _contrary(_one_of(value))
        if all(map(_is_plain, values)):
            return _probe(holds, f"{{field}} {word} {{0}}", frozenset(values))
        return _probe(holds)

    return probe


def _equal_if_given(value: Constant) -> Probe:
    return _equality("==")(value) if value else Probe("True")


def _ordering(symbol: str) -> Callable[[Constant], Probe]:
    def probe(value: Constant) -> Probe:
        match value:
            case bool():
                return Probe("False")
            case int() | float():
                return _probe(_number_order(symbol, value), f"{{number}} {symbol} {{0}}", value, _SCALARS)
            case Span():
                return _probe(_time_order(symbol, value))
            case str() if value.strip():
                return _probe(_text_order(symbol, value))
            case _:
                return Probe("False")

    return probe


def _number_order(symbol: str, value: int | float) -> Holds:
    holds = ORDERS[symbol]

    def in_number_order(fact: object, now_ms: int) -> bool:
        numbers = (as_number(each) for each in ids(fact))
        return any(holds(number, value) for number in numbers if number is not None)

    return in_number_order


def _time_order(symbol: str, value: Span) -> Holds:
    stands = in_time(symbol, value)
    return lambda fact, now_ms: any(stands(each, now_ms) for each in ids(fact))


def _text_order(symbol: str, value: str) -> Holds:
    holds = ORDERS[symbol]
    number = number_in(value)

    def in_text_order(fact: object, now_ms: int) -> bool:
        if type(fact) is int or type(fact) is float:
            return number is not None and holds(fact, number)
        return type(fact) is str and not is_empty(fact) and holds(fact, value)

    return in_text_order


class Pattern(NamedTuple):
    """How a kind of `like` reads its pattern."""

    is_whole: bool = False
    has_case: bool = True
    is_negative: bool = False


def _like(kind: Pattern) -> Callable[[Constant], Probe]:
    def probe(value: Constant) -> Probe:
        pattern = "" if value is False else str(value)
        if not pattern:
            return _no_pattern(kind)
        if not kind.has_case:
            pattern = folded_each(pattern)
        holds = _matched(pattern if kind.is_whole else f"%{pattern}%", kind)
        if kind.is_whole or may_be_in_unset(pattern) or any(sign in pattern for sign in "%_\\"):
            return _probe(holds)
        word = "not in" if kind.is_negative else "in"
        return _probe(holds, f"{{0}} {word} {'{field}' if kind.has_case else '{letters}'}", pattern)

    return probe


def _no_pattern(kind: Pattern) -> Probe:
    """An empty pattern is in every text; as a whole it is the field that is not set."""
    if kind.is_whole:
        return _probe(lambda fact, now_ms: is_empty(fact))
    return Probe("False" if kind.is_negative else "True")


def _matched(pattern: str, kind: Pattern) -> Holds:
    matches = matcher(pattern)

    def matched(fact: object, now_ms: int) -> bool:
        scanned = MAX_SCANNED
        for text in () if is_empty(fact) else texts(fact):
            if matches(text if kind.has_case else folded_each(text), scanned):
                return True
            scanned -= len(text)
            if scanned <= 0:
                break
        return False

    if not kind.is_negative:
        return matched
    return lambda fact, now_ms: is_readable(fact) and fact is not True and not matched(fact, now_ms)


def _child_of(value: Constant) -> Probe:
    wanted = [(str(each), nodes(each)) for each in _listed(value) if not is_empty(each)]

    def is_child(fact: object, now_ms: int) -> bool:
        return not is_empty(fact) and any(
            name in own or name in way or (len(node) > 1 and way[: len(node)] == node)
            for way, own in places(fact)
            for name, node in wanted
        )

    return _probe(is_child)


def _parent_of(value: Constant) -> Probe:
    wanted = [(str(each), nodes(each)) for each in _listed(value) if not is_empty(each)]

    def is_parent(fact: object, now_ms: int) -> bool:
        return not is_empty(fact) and any(
            name in own or name in way[-1:] or (node[: len(way)] == way if len(way) > 1 else not own.isdisjoint(node))
            for way, own in places(fact)
            for name, node in wanted
        )

    return _probe(is_parent)


def _row(symbol: str, takes: Takes, probe: Ask, *words: str, sense: Sense | None = None) -> Row:
    meaning, unset, case = words
    operator = Operator(f"domain {symbol}", {"domain": symbol}, probe, through_links)
    return Row(operator, takes, sense, meaning, unset, case)


def _change(symbol: str, meaning: str, unset: str, *, past: bool) -> Row:
    """A row that is made of others: changed, and the value now or before, as `=` and `in` say."""

    def means(path: Path, value: Constant) -> Condition:
        row = OPERATORS["in" if isinstance(value, tuple) else "="]
        return changed_and(Compare(path, row.operator, value), past=past)

    operator = Operator(f"domain {symbol}", {"domain": symbol}, None, through_links, means)
    return Row(operator, "values", None, meaning, unset, "minds case")


TABLE: Final[tuple[Row, ...]] = (
    _row("=", "value", _equality("=="), "is the value", "matches `False`, `None`, `''`", "minds case", sense="equal"),
    _row(
        "!=",
        "value",
        _equality("!="),
        "is not the value",
        "matches, but for `False`, `None`, `''`",
        "minds case",
        sense="not equal",
    ),
    _row("<", "ordered", _ordering("<"), "is less, or earlier", "never matches", "minds case", sense="<"),
    _row(">", "ordered", _ordering(">"), "is greater, or later", "never matches", "minds case", sense=">"),
    _row("<=", "ordered", _ordering("<="), "is at most", "never matches", "minds case", sense="<="),
    _row(">=", "ordered", _ordering(">="), "is at least", "never matches", "minds case", sense=">="),
    _row(
        "in",
        "list",
        _membership("in"),
        "is one of the list",
        "matches if `False` is in the list",
        "minds case",
        sense="one of",
    ),
    _row(
        "not in",
        "list",
        _membership("not in"),
        "is none of the list",
        "matches, unless `False` is in it",
        "minds case",
        sense="none of",
    ),
    _row("like", "text", _like(Pattern()), "contains the pattern", "never matches", "minds case"),
    _row("not like", "text", _like(Pattern(is_negative=True)), "does not contain it", "matches", "minds case"),
    _row("ilike", "text", _like(Pattern(has_case=False)), "contains the pattern", "never matches", "ignores case"),
    _row(
        "not ilike",
        "text",
        _like(Pattern(has_case=False, is_negative=True)),
        "does not contain it",
        "matches",
        "ignores case",
    ),
    _row("=like", "text", _like(Pattern(is_whole=True)), "is as a whole the pattern", "never matches", "minds case"),
    _row(
        "=ilike",
        "text",
        _like(Pattern(is_whole=True, has_case=False)),
        "is as a whole the pattern",
        "never matches",
        "ignores case",
    ),
    _row("=?", "value", _equal_if_given, "is the value, if one is given", "as `=`; always with no value", "minds case"),
    _row("any", "domain", any_link, "a linked record fits the domain", "never matches", "as inside"),
    _row("not any", "domain", no_link, "no linked record fits it", "matches", "as inside"),
    _row("child_of", "place", _child_of, "is the place or below it", "never matches", "minds case"),
    _row("parent_of", "place", _parent_of, "is the place or above it", "never matches", "minds case"),
    Row(CHANGED, "truth", None, "holds another value than before", "matches, if it was set", "minds case"),
    _change("changed to", "changed, and is the value or in the list", "matches `False`, if it was set", past=False),
    _change("changed from", "changed, and was the value or in the list", "matches, if it was the value", past=True),
)
"""Every operator of a domain. Odoo's own has none of those that look at a change."""
CHANGES: Final = frozenset(row.operator for row in TABLE if row.symbol.startswith("changed"))
"""Those that look at a change themselves, so they are not asked of values before."""

OPERATORS: Final = {row.symbol: row for row in TABLE}
