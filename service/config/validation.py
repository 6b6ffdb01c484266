"""A tree of nodes is checked against the schema, and what is right in it is kept.

One wrong key must not hide the other mistakes of the file, so the wrong parts are reported, taken out, and the rest is
checked again: later checks then see everything that could be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.config import Document
from service.config.nodes import Location, Node, Steps, as_written
from service.config.problems import Problem
from service.language.nearest import nearest
from service.wording import worded

ROUNDS: Final = 8
"""How often what is left is checked again; more would mean that taking out does not help."""

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
_ORDERS: Final = frozenset({"position", "order", "rank", "index", "next"})


def validated(root: Node, file: str) -> tuple[Document, list[Problem]]:
    """What can be read of a document, and what cannot. Wrong parts are taken out of `root`."""
    problems: list[Problem] = []
    for _ in range(ROUNDS):
        try:
            return Document.model_validate(root.plain()), problems
        except ValidationError as error:
            details = error.errors(include_url=False)
        located = [(detail, root.trail(detail["loc"])) for detail in details]
        problems += [
            Problem(file, *_where(detail, trail)[:2], _sentence(detail, trail))
            for detail, trail in located
            if not trail[-1].is_cut
        ]
        if any(len(trail) == 1 for _, trail in located):
            break
        for detail, trail in located:
            _take_out(detail, trail)
    return Document(), problems


def location(trail: Sequence[Node], *, of_key: bool = False) -> Location:
    """Where the last node of a trail was written."""
    last = trail[-1]
    return last.key if of_key and last.key else last.location


def _take_out(detail: ErrorDetails, trail: Sequence[Node]) -> None:
    wrong = trail[-1]
    parent = next(node for node in reversed(trail) if node is not wrong)
    parent.remove(wrong)
    parent.is_cut = parent.is_cut or detail["type"] != "extra_forbidden"


def _where(detail: ErrorDetails, trail: Sequence[Node]) -> Location:
    about_key = detail["type"] in ("extra_forbidden", "missing") or "[key]" in detail["loc"]
    return location(trail, of_key=about_key)


def _sentence(detail: ErrorDetails, trail: Sequence[Node]) -> str:
    path: Steps = tuple(detail["loc"][: len(trail) - 1])
    prefix = f"{as_written(path, trail)}: " if path else ""
    return prefix + _said(detail, path)


def _said(detail: ErrorDetails, path: Steps) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return f'the key "{detail["loc"][-1]}" is missing: add it'
    if kind == "literal_error":
        return f"{_quoted(given)} is not known here: write {context['expected']}"
    if kind in _EXPECTED:
        return f"{_EXPECTED[kind]} is expected here, not {_quoted(given)}"
    if kind == "string_pattern_mismatch":
        return f"{_quoted(given)} is no name: use letters, digits, . _ - @ + ' and, inside, spaces"
    if kind == "string_too_long":
        return f"a text has at most {context['max_length']} characters here, this one has {len(given)}: split it"
    if kind == "value_error":
        return str(context["error"])
    return f"{_quoted(given)} does not fit: {worded(detail)}"


def _unknown_key(path: Steps) -> str:
    key, known = str(path[-1]), known_keys(path[:-1])
    if key in _ORDERS and "members" in path[:-1]:
        return "the order of members cannot be set, who joined first is first: leave this key out"
    near = nearest(key, known)
    hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
    return f"this key is unknown; {hint}"


def known_keys(path: Steps) -> tuple[str, ...]:
    """The keys that a document may have at a path."""
    shape: Any = Document
    for step in path:
        shape = _model_in(shape.model_fields[step].annotation if _is_model(shape) else get_args(shape)[-1])
    return tuple(shape.model_fields) if _is_model(shape) else ()


def _model_in(shape: Any) -> Any:
    """The shape without what stands around it: annotations, `| None`, and the dots of a tuple."""
    if get_origin(shape) is Annotated:
        return _model_in(get_args(shape)[0])
    if get_origin(shape) is tuple:
        return tuple[_model_in(get_args(shape)[0])]  # type: ignore[misc]  # a shape made at run time
    if get_origin(shape) in (Union, UnionType):
        return _model_in(get_args(shape)[0])
    return shape


def _is_model(shape: object) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _quoted(given: object) -> str:
    match given:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return str(given).lower()
        case str():
            return f'"{given[:60]}"'
        case _:
            return str(given)[:60]
