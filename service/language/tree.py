"""What a condition is: one tree, in whatever notation it was written, and what its parts have to know.

Three notations are read into this tree: criteria with filter logic (`criteria`, `logic`), Odoo domains (`odoo`) and
the expression line (`expression`). The tree knows how parts are combined; what a comparison means (letter case, unset
fields, unexpected types) is part of its operator, so each notation keeps its own meaning. `compiling` makes functions
of trees, `printing` makes text of them.

An operator says what it tests as a piece of Python code that we wrote, with places for the field and for constants.
Constants are handed over by reference, so no text of a user ever becomes code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from math import isinf
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from service.language.unset import MAX_ELEMENTS, is_empty

MAX_CHARACTERS: Final = 50_000
"""How long the text of one condition may be: a list of as many items as there may be, of a hundred characters each."""
MAX_DEPTH: Final = 20
"""How many brackets may stand inside each other; also how often `any` may stand in `any`."""
MAX_COMPARISONS: Final = 500
"""How many comparisons one condition may have."""
MAX_LIST_ITEMS: Final = 500
MAX_PATH_STEPS: Final = 5

Notation = Literal["criteria", "domain", "expression"]
Path = tuple[str, ...]
Facts = Mapping[str, object]
"""A record's fields, or those of a record linked to it."""
Walk = Callable[[Path], Callable[[Facts], object]]

CALLED_BY: Final = ("id", "display_name", "name")
"""Where a linked record carries what it is called by."""

MISFIT: Final = object()
"""Stands for a field that could not be reached because something on the way is not a record."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WHOLE_DIGITS: Final = 300
"""Whole numbers up to here stay exact; longer ones are compared as floats."""
_NUMBER_CHARACTERS: Final = 400
"""A text that is longer is no number, whatever its digits, so that reading one takes no time."""


class Calendar(NamedTuple):
    """Where days begin (the IANA name of a zone), and on which day weeks do (0: Monday)."""

    zone: str = "UTC"
    week_starts: int = 0


_A_LIFETIME_MS: Final = 100 * 366 * 24 * 60 * 60 * 1000
"""Whatever moves with now has moved after so long."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, from included, to excluded: a day, an instant (one millisecond), or one that moves with now.

    `text` is how people write it, `calendar` the one its days and weeks are of. `bounds` gives from and to, in
    milliseconds since 1970 (UTC), as of a now in the same unit. Made by `moments.span_in`.
    """

    text: str
    calendar: Calendar
    bounds: Callable[[int], tuple[int, int]] = field(compare=False)

    @property
    def moves(self) -> bool:
        """Whether it moves with now."""
        return self.bounds(0) != self.bounds(_A_LIFETIME_MS)


@dataclass(frozen=True, slots=True)
class Other:
    """Another field of the same record, whose value a field is compared with; dates are of the calendar's zone."""

    path: Path
    calendar: Calendar = Calendar()


Scalar = str | int | float | bool | Span | None
Constant: TypeAlias = "Scalar | Other | tuple[Scalar, ...] | Condition"
"""What a field is compared with: a value, another field, a list of values, or a condition on linked records."""


class Probe(NamedTuple):
    """What a comparison asks, in a form that can be put into a generated function.

    `code` is a Python expression, written by us and never made of a user's text. In braces stand `{0}`, `{1}`, … for
    the `constants`, `{now}` for now (milliseconds since 1970), `{field}` for the value of the field, `{other}` for that
    of the field it is compared with (see `Other`), and readings of it that all comparisons of a field share:

    * `{text}`: the text it is, as `letters.folded` gives it; None where it is not text. `{letters}`: the same as
      `letters.folded_each` gives it.
    * `{number}`: the number it is (`number_in`), or not-a-number, to which nothing is equal and nothing in order.

    `{path}` is the field's path with dots, and `{changed}` the set of paths whose value was changed.

    The simplest probe calls a function: `Probe("{0}({field})", (holds,))`. Whatever it gives is read as true or
    false. It must never raise, whatever the field holds.
    """

    code: str
    constants: tuple[object, ...] = ()


def linked(path: Path) -> Callable[[Facts], object]:
    """How a path is followed through linked records: unset where a link is, `MISFIT` where it is no record."""
    first, *further = path

    def read(record: Facts) -> object:
        value = record.get(first)
        for step in further:
            if is_empty(value):
                return None
            if not isinstance(value, dict):
                return MISFIT
            value = value.get(step)
        return value

    return read


def linked_each(path: Path) -> Callable[[Facts], object]:
    """The same where a link may be several: what stands behind them is a list, of which one link may add several.

    `MISFIT` where none of several is a record.
    """
    first, *further = path

    def read(record: Facts) -> object:
        value = record.get(first)
        for step in further:
            if is_empty(value):
                return None
            if isinstance(value, list | tuple):
                links = [each for each in islice(value, MAX_ELEMENTS) if isinstance(each, dict)]
                behind = [each.get(step) for each in links]
                value = list(islice(chain.from_iterable(map(_listed, behind)), MAX_ELEMENTS)) if links else MISFIT
            else:
                value = value.get(step) if isinstance(value, dict) else MISFIT
        return value

    return read


def _listed(value: object) -> list[object] | tuple[object, ...]:
    return value if isinstance(value, list | tuple) else (value,)


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of a notation's table of operators.

    `written` says how it is spelled in each notation that has it; notations that share a row share its meaning.
    `probe` makes what a comparison with a constant asks; it is asked once, when the condition is compiled. None: what
    it means is asked. `walk` follows a path of more than one step (a path of one step is the field of that name,
    whatever the operator).
    `means` says a comparison in other operators, where it can be said so: whatever is known of those is then known of
    this one. None: it cannot, with this constant or at all.
    """

    name: str
    written: Mapping[Notation, str] = field(hash=False)
    probe: Callable[[Constant], Probe] | None = field(compare=False, repr=False)
    walk: Walk = field(default=linked, compare=False, repr=False)
    means: Callable[[Path, Constant], Condition | None] = field(
        default=lambda path, value: None, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a constant. `past`: as the field was before the change that is looked at (`changes.Change`)."""

    path: Path
    operator: Operator
    value: Constant
    past: bool = False

    @property
    def meaning(self) -> Condition | None:
        """The same, said in operators that are simpler; none: there are none."""
        meaning = self.operator.means(self.path, self.value)
        return in_past(meaning) if self.past and meaning is not None else meaning


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts: always."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part at least holds; without parts: never."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for every record."""


@dataclass(frozen=True, slots=True)
class Never:
    """Holds for no record."""


Leaf = Compare | Always | Never
Condition = All | Any | Not | Compare | Always | Never


class ConditionError(ValueError):
    """A text that is no condition: what is wrong, at which character (from 1), and how it is done."""

    def __init__(self, what: str, column: int, example: str) -> None:
        super().__init__(f"{what}; for example: {example}")
        self.what = what
        self.column = column
        self.example = example


def leaves(condition: Condition) -> tuple[Leaf, ...]:
    """The parts that ask something, in the order in which they are asked; a trace counts them from 0."""
    match condition:
        case All(()):
            return (Always(),)
        case Any(()):
            return (Never(),)
        case All(parts) | Any(parts):
            return tuple(leaf for part in parts for leaf in leaves(part))
        case Not(part):
            return leaves(part)
        case Compare() | Always() | Never():
            return (condition,)
        case _:
            assert_never(condition)


def reads(condition: Condition) -> frozenset[str]:
    """The fields that are read, as dotted paths."""
    paths: set[str] = set()
    for leaf in leaves(condition):
        match leaf:
            case Compare(path, _, All() | Any() | Not() | Compare() | Always() | Never() as inside):
                paths |= {".".join((*path, further)) for further in reads(inside)} or {".".join(path)}
            case Compare(path, _, Other(path=other)):
                paths |= {".".join(path), ".".join(other)}
            case Compare(path):
                paths.add(".".join(path))
            case _:
                pass
    return frozenset(paths)


def moves(condition: Condition) -> bool:
    """Whether the answer for a record may be another one later, though nothing of it has changed."""
    for leaf in leaves(condition):
        match leaf:
            case Compare(value=All() | Any() | Not() | Compare() | Always() | Never() as inside):
                if moves(inside):
                    return True
            case Compare(value=tuple(values)):
                if any(isinstance(each, Span) and each.moves for each in values):
                    return True
            case Compare(value=Span() as span) if span.moves:
                return True
            case _:
                pass
    return False


def in_past(condition: Condition) -> Condition:
    """The same condition, asked of the values before."""
    match condition:
        case All(parts) | Any(parts):
            return type(condition)(tuple(map(in_past, parts)))
        case Not(part):
            return Not(in_past(part))
        case Compare():
            return replace(condition, past=True)
        case Always() | Never():
            return condition
        case _:
            assert_never(condition)


def depth(condition: Condition) -> int:
    """How many conditions stand inside each other at the deepest place; a comparison alone: 1."""
    match condition:
        case All(parts) | Any(parts):
            return 1 + max(map(depth, parts), default=0)
        case Not(part):
            return 1 + depth(part)
        case Compare(value=All() | Any() | Not() | Compare() | Always() | Never() as inside):
            return 1 + depth(inside)
        case Compare() | Always() | Never():
            return 1
        case _:
            assert_never(condition)


def number_in(text: str) -> int | float | None:
    """The number that a text is; none where it is none or infinite. Leading zeros make a text (postal codes, ids)."""
    text = text.strip()
    if len(text) > _NUMBER_CHARACTERS or not _NUMBER.fullmatch(text):
        return None
    if len(text) <= _WHOLE_DIGITS and text.lstrip("-").isdigit():
        return int(text)
    number = float(text)
    return None if isinf(number) else number
