"""What is wrong with a value that may be one of several things, told as the one mistake that it is.

The validator tries each of them in turn and tells what is wrong with all, by names of its own in the way to the place.
Where the value has the form of one of them, only what is wrong with that one is told; else, once, what it may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic_core import ErrorDetails

from service.config.nodes import Node, Steps

EXPECTED: Final[Mapping[str, str]] = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
"""What a value has to be, by the type of error that says that it is something else."""
NOTHING: Final = "none_required"
OTHER_FORM: Final = frozenset({*EXPECTED, "literal_error", NOTHING})
"""Errors that say that the value is none of this kind at all."""
NONE_OF_THESE: Final = "none_of_these"
"""The type of the one error that is made of several: it is nothing of what it may be (`expected`)."""


class _Located(NamedTuple):
    """An error at its place, and where a value stands of which this was one of several things that it may be: the
    number of steps to there, and which one, as the validator calls it (empty: there is no such value).
    """

    detail: ErrorDetails
    at: int = 0
    which: str = ""

    @property
    def value_at(self) -> Steps:
        """The way to that value; none: there is none."""
        return self.detail["loc"][: self.at] if self.which else ()


def told_once(details: Iterable[ErrorDetails], root: Node) -> list[ErrorDetails]:
    """The errors, with places as they were written, and one of several for each value that may be several things."""
    located = [_located(detail, root) for detail in details]
    tried: dict[Steps, list[_Located]] = {}
    for each in located:
        if each.which:
            tried.setdefault(each.value_at, []).append(each)
    told = {place: _told(errors) for place, errors in tried.items()}
    found: list[ErrorDetails] = []
    for each in located:
        found += told.pop(each.value_at, ()) if each.which else (each.detail,)
    return found


def _located(detail: ErrorDetails, root: Node) -> _Located:
    """Leave out of the way what names no part of the document."""
    node: Node | None = root
    way: list[int | str] = []
    at, which = 0, ""
    for number, step in enumerate(detail["loc"], start=1):
        inside = None if node is None else node.child(step)
        is_absent = step == "[key]" or (number == len(detail["loc"]) and detail["type"] == "missing")
        if inside is not None or is_absent or which == str(step):
            node = inside
            way.append(step)
        elif not which:
            at, which = len(way), str(step)
    return _Located({**detail, "loc": tuple(way)}, at, which)


def _told(errors: Sequence[_Located]) -> Sequence[ErrorDetails]:
    if len({each.which for each in errors}) == 1:
        return [each.detail for each in errors]
    fitting = [each for each in errors if len(each.detail["loc"]) > each.at or each.detail["type"] not in OTHER_FORM]
    if fitting:
        return [each.detail for each in fitting if each.which == fitting[0].which]
    words = dict.fromkeys(_expected(each.detail) for each in errors)
    if EXPECTED["float_type"] in words:
        words.pop(EXPECTED["int_type"], None)
    *others, last = words
    expected = f"{', '.join(others)} or {last}" if others else last
    return [{**errors[0].detail, "type": NONE_OF_THESE, "ctx": {"expected": expected}}]


def _expected(detail: ErrorDetails) -> str:
    if detail["type"] == "literal_error":
        return str(detail.get("ctx", {})["expected"])
    return EXPECTED.get(detail["type"], "nothing")
