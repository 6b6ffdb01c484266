"""Which values of one field satisfy several comparisons at once: asked of every kind of value there can be.

The comparisons of criteria and of the expression line look at a field in few ways: is it unset, which text is it, which
number, which instant; the rows of `operators` say which of them does what. The constants that are compared with cut
texts, numbers and instants into pieces whose values no comparison tells apart, so one value of each piece stands for
all of them. Where a comparison cannot be answered for a whole piece (`contains`, a span that moves with now), the
answer is none, and the piece counts as one that may fit. So "nothing fits" is certain, and "something fits" is not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, assert_never
from zoneinfo import ZoneInfo

from service.language.letters import folded
from service.language.moments import instant_in
from service.language.operators import ROWS
from service.language.probes import Affix, listed, pieces
from service.language.readings import ORDERS, TRUTHS
from service.language.tree import Calendar, Compare, Constant, Other, Span, number_in
from service.language.unset import is_unset

MAX_FACTS: Final = 5_000
"""With more pieces than this nothing is said."""

Kind = Literal["unset", "blank", "text", "number", "truth", "linked", "unreachable"]
Signed = tuple[Compare, bool]
"""A comparison that must hold, or must not."""
Answer = bool | None

_SCALARS: Final[frozenset[Kind]] = frozenset({"unset", "blank", "text", "number", "truth"})
_TEXTS: Final[frozenset[Kind]] = frozenset({"unset", "blank", "text"})
_UNSET: Final[frozenset[Kind]] = frozenset({"unset", "blank"})
_AFFIXES: Final = ("piece", "no piece", "begin", "end")
_LATER_MS: Final = 1_000_000_000_000


class Fact(NamedTuple):
    """One kind of value. Text, number and instant are places on a `_Scale`; none: it is no such thing.

    `written` is the text itself, as it is compared, where it is one of the constants.
    """

    kind: Kind
    text: int | None = None
    number: int | None = None
    instant: int | None = None
    truth: bool | None = None
    written: str | None = None


class _Scale:
    """Constants in order. Constant i stands at 2 i + 1, what lies before it at 2 i."""

    def __init__(self, constants: Iterable[str] | Iterable[int | float]) -> None:
        found = sorted(set(constants))
        self.constants: list[str] | list[int | float] = found  # type: ignore[assignment]  # they are of one kind
        self._places = {constant: 2 * number + 1 for number, constant in enumerate(self.constants)}

    def place(self, value: str | int | float) -> int:
        """Where a value stands; between two constants it need not be one."""
        known = self._places.get(value)
        return 2 * bisect_left(self.constants, value) if known is None else known

    def places(self) -> range:
        """All places, gaps among them; empty without constants."""
        return range(2 * len(self.constants) + 1 if self.constants else 0)

    def gaps(self) -> range:
        """The places between the constants."""
        return range(0, 2 * len(self.constants) + 1, 2)


class Kinds:
    """Every kind of value there can be for these comparisons of one field, and what each comparison says of it."""

    def __init__(self, comparisons: Sequence[Compare]) -> None:
        values = [value for compare in comparisons for value in listed(compare.value)]
        truths = [TRUTHS[value] for value in values if isinstance(value, bool)]
        self._texts = _Scale(
            {folded(value) for value in values if isinstance(value, str)}.union(*(texts for texts, _ in truths))
        )
        self._numbers = _Scale(
            {value for value in values if isinstance(value, int | float) and not isinstance(value, bool)}.union(
                *(numbers for _, numbers in truths)
            )
        )
        self._edges = _edges({(each.text, each.calendar): each for each in values if isinstance(each, Span)})
        self._instants = _Scale(edge for edges in self._edges.values() for edge in edges)
        self._zone = next((ZoneInfo(value.calendar.zone) for value in values if isinstance(value, Span)), None)

    def __iter__(self) -> Iterator[Fact]:
        yield Fact("unset")
        yield Fact("linked")
        yield Fact("unreachable")
        yield from (Fact("truth", truth=truth) for truth in (True, False))
        yield Fact("number")
        yield from (Fact("number", number=place) for place in self._numbers.places())
        for text in self._texts.constants:
            yield from self._written(str(text))
        yield Fact("blank", 0)
        for gap in self._texts.gaps():
            yield Fact("text", gap)
            yield from (Fact("text", gap, number=place) for place in self._numbers.places())
            yield from (Fact("text", gap, instant=place) for place in self._instants.places())

    @property
    def count(self) -> int:
        """How many there are, at most."""
        pieces = len(self._numbers.places()) + len(self._instants.places())
        return len(self._texts.gaps()) * (4 + pieces) + pieces + 6

    def _written(self, text: str) -> Iterator[Fact]:
        """A text that is a constant. Its letter case decides whether it is an instant, and a moving span knows none."""
        number = number_in(text)
        fact = Fact(
            "blank" if is_unset(text) else "text",
            self._texts.place(text),
            number=None if number is None else self._numbers.place(number),
            written=text,
        )
        yield fact
        if self._zone is not None and instant_in(text.upper(), self._zone) is not None:
            yield from (fact._replace(instant=place) for place in self._instants.places())

    def says(self, compare: Compare, fact: Fact) -> Answer:
        """Whether a comparison holds for this kind of value; none: for some of it, perhaps."""
        sense, value = ROWS[compare.operator].sense, compare.value
        if sense is None or isinstance(value, Other):
            return None
        match sense:
            case "choice" | "no choice":
                return None
            case "equal":
                return self._equals(value, fact)
            case "not equal":
                return self._not_equal(value, fact)
            case "one of":
                return _any(self._equals(each, fact) for each in listed(value))
            case "none of":
                return self._not_in(listed(value), fact)
            case "<" | "<=" | ">" | ">=":
                return self._in_order(sense, value, fact)
            case "no piece":
                return _all([_not(self._has(compare, "piece", fact)), fact.kind in _TEXTS])
            case "piece" | "begin" | "end":
                return self._has(compare, sense, fact)
            case _:
                assert_never(sense)

    def _equals(self, value: object, fact: Fact) -> Answer:
        match value:
            case bool():
                texts, numbers = TRUTHS[value]
                return (
                    fact.truth is value
                    or fact.text in set(map(self._texts.place, texts))
                    or fact.number in set(map(self._numbers.place, numbers))
                    or (value is False and fact.kind in _UNSET)
                )
            case int() | float():
                return fact.number == self._numbers.place(value)
            case Span():
                return self._within(value, fact)
            case "" | None:
                return fact.kind in _UNSET
            case _:
                return fact.text == self._texts.place(folded(str(value)))

    def _not_equal(self, value: object, fact: Fact) -> Answer:
        match value:
            case bool():
                return _all([_not(self._equals(value, fact)), fact.kind != "unreachable"])
            case Span():
                return True if fact.kind in _UNSET else self._without(value, fact)
            case "" | None:
                return fact.kind not in _UNSET and fact.kind != "unreachable"
            case _:
                return _all([_not(self._equals(value, fact)), fact.kind in _SCALARS])

    def _not_in(self, values: Sequence[object], fact: Fact) -> Answer:
        if values and all(isinstance(each, Span) for each in values):
            return _all([self._not_equal(each, fact) for each in values])
        return _all([_not(_any(self._equals(each, fact) for each in values)), fact.kind in _SCALARS])

    def _in_order(self, symbol: str, value: Constant, fact: Fact) -> Answer:
        holds = ORDERS[symbol]
        match value:
            case Span():
                return self._in_time(symbol, value, fact)
            case bool():
                return None
            case int() | float():
                return fact.number is not None and holds(fact.number, self._numbers.place(value))
            case str():
                place = self._texts.place(folded(value))
                return fact.kind == "text" and fact.text is not None and holds(fact.text, place)
            case _:
                return None

    def _within(self, span: Span, fact: Fact) -> Answer:
        if self._is_open(span, fact):
            return None
        if fact.instant is None:
            return False
        begin, end = self._edges[span.text, span.calendar]
        return self._instants.place(begin) <= fact.instant < self._instants.place(end)

    def _without(self, span: Span, fact: Fact) -> Answer:
        return _not(self._within(span, fact)) if fact.instant is not None or self._is_open(span, fact) else False

    def _in_time(self, symbol: str, span: Span, fact: Fact) -> Answer:
        """`<` and `>=` look at the span's beginning, `<=` and `>` at its end."""
        if self._is_open(span, fact):
            return None
        if fact.instant is None:
            return False
        edges = self._edges[span.text, span.calendar]
        edge = self._instants.place(edges[symbol in ("<=", ">")])
        return (fact.instant < edge) is (symbol in ("<", "<="))

    def _is_open(self, span: Span, fact: Fact) -> bool:
        """Whether nothing is known of how this text stands to the span."""
        return fact.kind == "text" and (span.text, span.calendar) not in self._edges

    def _has(self, compare: Compare, affix: Affix, fact: Fact) -> Answer:
        (sought,) = pieces(compare.value, affix)
        if not sought:
            return fact.kind in _UNSET
        if fact.kind in _UNSET:
            return False
        if fact.written is not None:
            return _HAS[affix](fact.written, sought)
        return None if fact.kind == "text" else False


_HAS: Final[Mapping[Affix, Callable[[str, str], bool]]] = {
    "piece": lambda text, sought: sought in text,
    "begin": str.startswith,
    "end": str.endswith,
}


def nothing_fits(signed: Sequence[Signed]) -> bool:
    """Whether it is certain that no value of a field does what all these comparisons ask."""
    facts = Kinds([compare for compare, _ in signed])
    if facts.count > MAX_FACTS:
        return False
    return not any(_may_fit(facts, fact, signed) for fact in facts)


def _may_fit(facts: Kinds, fact: Fact, signed: Sequence[Signed]) -> bool:
    open_questions = []
    for compare, holds in signed:
        answer = facts.says(compare, fact)
        if answer is None:
            open_questions.append((compare, holds))
        elif answer is not holds:
            return False
    return fact.kind != "text" or _may_be_text(open_questions)


def _may_be_text(signed: Sequence[Signed]) -> bool:
    """Whether one text may have all these pieces, beginnings and ends, and none of those."""
    has: dict[Affix, list[str]] = {"piece": [], "begin": [], "end": []}
    lacks: dict[Affix, list[str]] = {"piece": [], "begin": [], "end": []}
    for compare, holds in signed:
        sense = ROWS[compare.operator].sense
        affix: Affix = "begin" if sense == "begin" else "end" if sense == "end" else "piece"
        if sense in _AFFIXES:
            (has if holds is (sense != "no piece") else lacks)[affix] += pieces(compare.value, affix)
    begin, end = (max(has[affix], key=len, default="") for affix in ("begin", "end"))
    return (
        all(begin.startswith(each) for each in has["begin"])
        and all(end.endswith(each) for each in has["end"])
        and not any(begin.startswith(each) for each in lacks["begin"])
        and not any(end.endswith(each) for each in lacks["end"])
        and not any(each in known for each in lacks["piece"] for known in (*has["piece"], begin, end))
    )


def _edges(spans: Mapping[tuple[str, Calendar], Span]) -> dict[tuple[str, Calendar], tuple[int, int]]:
    """Beginning and end of each span, where their order is known: all of one zone and fixed, or a single one."""
    if len(spans) == 1:
        return _bounds(spans) if is_fixed(*spans.values()) else dict.fromkeys(spans, (0, 1))
    is_comparable = len({calendar.zone for _, calendar in spans}) == 1 and all(map(is_fixed, spans.values()))
    return _bounds(spans) if is_comparable else {}


def _bounds(spans: Mapping[tuple[str, Calendar], Span]) -> dict[tuple[str, Calendar], tuple[int, int]]:
    return {key: span.bounds(0) for key, span in spans.items()}


def is_fixed(span: Span) -> bool:
    """Whether it does not move with now: what moves, moves within thirty years."""
    return span.bounds(0) == span.bounds(_LATER_MS)


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _any(answers: Iterable[Answer]) -> Answer:
    known = list(answers)
    return True if True in known else None if None in known else False


def _all(answers: Sequence[Answer]) -> Answer:
    return False if False in answers else None if None in answers else True
