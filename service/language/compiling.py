"""Conditions become Python functions: one for a condition, one for all entries of a rule set.

This is the one place of the product that generates code. It is generated from a checked tree: names are numbered,
operators bring code that we wrote, and whatever a user wrote (field names, values) is handed over by reference, so
there is no text of a user that could be run. A function for a whole rule set reads each field once, when the first
entry asks for it, and costs the same in whatever notation the conditions were written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import nan
from typing import Final, Protocol, assert_never, cast

from service.language.changes import UNCHANGED, UNKNOWN, Change, past_reader
from service.language.letters import folded, folded_each
from service.language.tree import (
    All,
    Always,
    Any,
    Compare,
    Condition,
    Facts,
    Never,
    Not,
    Other,
    Path,
    Walk,
    leaves,
    number_in,
)


class Fits(Protocol):
    """Whether a record fits, as of a now in milliseconds since 1970 and after a change. Never raises."""

    def __call__(self, record: Facts, now: int, change: Change = UNCHANGED, /) -> bool:
        """True: it fits."""


class Ask(Protocol):
    """Which of several conditions is the first to hold (-1: none), and which leaf decided that an earlier one does not.

    The leaf that decided is the one that was asked last, counted as `tree.leaves` lists them. What is not in the
    mapping is 0.
    """

    def __call__(self, record: Facts, now: int, change: Change = UNCHANGED, /) -> tuple[int, Mapping[int, int]]:
        """Its position, and the leaves by position."""


WIDTH: Final = 16
"""So many parts are asked one by one; more are taken together in groups, so that generated code nests little."""

_READINGS: Final = {
    "text": "({0}.strip().casefold() if {0}.isascii() else folded({0})) if type({0}) is str else None",
    "letters": "({0}.casefold() if {0}.isascii() else folded_each({0})) if type({0}) is str else None",
    "number": "{0} if (kind := type({0})) is int or kind is float else number({0}) if kind is str else nan",
}


def check(condition: Condition) -> Fits:
    """The function of one condition."""
    code = _Code()
    holds = code.holds(_narrow(condition))
    return cast(Fits, code.function([*code.new_readings(), f"return True if {holds} else False"]))


def first_match(conditions: Sequence[Condition]) -> Ask:
    """The function of several conditions, asked in order until one holds."""
    code = _Code()
    lines = ["late = {}"]
    for position, condition in enumerate(conditions):
        branches = list(code.branches(_narrow(condition), position))
        lines += [*code.new_readings(), *branches]
    return cast(Ask, code.function([*lines, "return -1, late"]))


class _Code:
    """A function while it is written: the constants it refers to, the fields it reads."""

    def __init__(self) -> None:
        self._names: dict[str, object] = {
            "number": _number,
            "nan": nan,
            "folded": folded,
            "folded_each": folded_each,
            "unchanged": UNCHANGED,
            "unknown": UNKNOWN,
        }
        self._fields: dict[tuple[Path, Walk, bool], str] = {}
        self._known: set[str] = set()
        self._new: list[str] = []

    def function(self, lines: Sequence[str]) -> object:
        """The function `(record, now, change)` with this body."""
        body = "\n ".join(["def ask(record, now, change=unchanged):", "get = record.get", *lines])
        exec(compile(body, "<conditions>", "exec"), self._names)  # noqa: S102  # no text of a user is in it
        return self._names["ask"]

    def new_readings(self) -> list[str]:
        """The lines that read the fields which were asked for since the last time."""
        lines, self._new = self._new, []
        return lines

    def branches(self, condition: Condition, position: int) -> Iterator[str]:
        """The lines that ask a condition part by part, so that the part that decides is known."""
        word, first = "if", 0
        for part in condition.parts if isinstance(condition, All) else (condition,):
            decided = self._decided_by(part, first, holds=False, sure=True)
            yield f"{word} not {self.holds(part)}: {'pass' if decided == '0' else f'late[{position}] = {decided}'}"
            word, first = "elif", first + len(leaves(part))
        yield f"else: return {position}, late"

    def holds(self, condition: Condition, *, sure: bool = True) -> str:
        """An expression that is true where the condition holds: for certain, or (not `sure`) where it may.

        Of a value before that is not known nothing is certain, so what it is compared with holds nowhere: neither
        by itself nor behind a `not`, for which what may be is asked.
        """
        match condition:
            case All(parts):
                return f"({' and '.join([self.holds(part, sure=sure) for part in parts])})"
            case Any(parts):
                return f"({' or '.join([self.holds(part, sure=sure) for part in parts])})"
            case Not(part):
                return f"(not {self.holds(part, sure=not sure)})"
            case Compare():
                return self._compare(condition, sure=sure)
            case Always():
                return "True"
            case Never():
                return "False"
            case _:
                assert_never(condition)

    def _decided_by(self, condition: Condition, first: int, *, holds: bool, sure: bool) -> str:
        """An expression for the leaf that is asked last where the condition has this result."""
        match condition:
            case Not(part):
                return self._decided_by(part, first, holds=not holds, sure=not sure)
            case Compare() | Always() | Never():
                return str(first)
            case All(parts) | Any(parts):
                firsts = [first]
                for part in parts[:-1]:
                    firsts.append(firsts[-1] + len(leaves(part)))
                deciders = [
                    self._decided_by(part, at, holds=holds, sure=sure) for part, at in zip(parts, firsts, strict=True)
                ]
                if holds is isinstance(condition, All):
                    return deciders[-1]
                word = "" if holds else "not "
                asked = [
                    f"{by} if {word}{self.holds(part, sure=sure)} else "
                    for by, part in zip(deciders, parts, strict=True)
                ]
                return f"({''.join(asked[:-1])}{deciders[-1]})"
            case _:
                assert_never(condition)

    def _compare(self, condition: Compare, *, sure: bool) -> str:
        operator, value = condition.operator, condition.value
        if operator.probe is None:
            assert condition.meaning is not None, "an operator without a question of its own is made of others"
            return self.holds(condition.meaning, sure=sure)
        probe = operator.probe(value)
        names = {"now": "now", "changed": "change.changed"}
        if "{path}" in probe.code:
            return f"({probe.code.format(path=self._constant('.'.join(condition.path)), **names)})"
        field = self._field(condition.path, operator.walk, past=condition.past)
        asked = [field]
        names |= {name: self._reading(name, field) for name in _READINGS if f"{{{name}}}" in probe.code}
        if isinstance(value, Other):
            names["other"] = self._field(value.path, operator.walk, past=condition.past)
            asked.append(names["other"])
        holds = f"({probe.code.format(*map(self._constant, probe.constants), field=field, **names)})"
        if not condition.past:
            return holds
        known = [f"{name} is {'not ' if sure else ''}unknown" for name in asked]
        return f"({(' and ' if sure else ' or ').join([*known, holds])})"

    def _constant(self, value: object) -> str:
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def _field(self, path: Path, walk: Walk, *, past: bool) -> str:
        name = self._fields.get((path, walk, past))
        if name is None:
            name = self._fields[path, walk, past] = f"f{len(self._fields)}"
            if past:
                read = f"{self._constant(past_reader(path, walk))}(change.before)"
            elif len(path) == 1:
                read = f"get({self._constant(path[0])})"
            else:
                read = f"{self._constant(walk(path))}(record)"
            self._new.append(f"{name} = {read}")
        return name

    def _reading(self, kind: str, field: str) -> str:
        name = f"{kind}_{field}"
        if name not in self._known:
            self._known.add(name)
            self._new.append(f"{name} = {_READINGS[kind].format(field)}")
        return name


def _number(text: str) -> int | float:
    number = number_in(text)
    return nan if number is None else number


def _same(condition: Condition, kind: type[All] | type[Any]) -> tuple[Condition, ...]:
    """The parts of a condition of this kind; another condition is its only part."""
    return condition.parts if isinstance(condition, All | Any) and type(condition) is kind else (condition,)


def _narrow(condition: Condition) -> Condition:
    """The same condition, with the same leaves in the same order, in which nothing has more than `WIDTH` parts."""
    match condition:
        case All(()):
            return Always()
        case Any(()):
            return Never()
        case All(parts) | Any(parts):
            kind = type(condition)
            narrow: tuple[Condition, ...] = tuple(inner for part in parts for inner in _same(_narrow(part), kind))
            while len(narrow) > WIDTH:
                narrow = tuple(kind(narrow[at : at + WIDTH]) for at in range(0, len(narrow), WIDTH))
            return kind(narrow)
        case Not(part):
            return Not(_narrow(part))
        case Compare() | Always() | Never():
            return condition
        case _:
            assert_never(condition)
