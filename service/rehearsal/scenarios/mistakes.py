"""What is wrong in a scenario file, in words that say what to do, with the place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.scenario import VERBS, Scenario
from schemas.scenario_expect import Expect, ExpectedOwner
from schemas.scenario_values import Linked, MemberState, OwnerValue
from service.config.nodes import Node, Steps, as_written
from service.config.problems import Problem
from service.config.validation import location, no_number, word_meant
from service.language.nearest import nearest
from service.wording import worded

_INSIDE: Final[Mapping[str, type[BaseModel]]] = {
    "expect": Expect,
    "expects": ExpectedOwner,
    "linked": Linked,
    "member": MemberState,
    "owner": OwnerValue,
}
"""What may stand behind a word of a step."""

_STEP_AND_VERB: Final = 3
"""The beginning of an error's way: `steps`, the number, and the verb, which is not written as a level of its own."""

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_type": "a whole number",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}


def problems_of(error: ValidationError, root: Node, file: str) -> Iterator[Problem]:
    """Every mistake of a scenario, once."""
    said: set[tuple[int, int]] = set()
    for detail in error.errors(include_url=False):
        path = _as_in_file(detail["loc"])
        trail = root.trail(path)
        if detail["type"] == "too_short" and trail[-1].value:
            continue  # the steps are there, and each was refused
        line, column, _ = location(trail, of_key=detail["type"] == "extra_forbidden")
        if (line, column) in said:
            continue
        said.add((line, column))
        where = as_written(path[: len(trail) - 1], trail)
        yield Problem(file, line, column, f"{where}: {_said(detail, trail)}" if where else _said(detail, trail))


def _as_in_file(loc: Steps) -> Steps:
    """An error's way through the file: a step's verb, by which its form was chosen, is no level of the file."""
    return (*loc[: _STEP_AND_VERB - 1], *loc[_STEP_AND_VERB:]) if loc[:1] == ("steps",) else loc


def _said(detail: ErrorDetails, trail: tuple[Node, ...]) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    match kind:
        case "union_tag_not_found":
            return _no_verb(given)
        case "extra_forbidden":
            return _unknown_word(detail["loc"])
        case "missing":
            return f'the word "{detail["loc"][-1]}" is missing: add it'
        case "literal_error":
            there_are = str(context["expected"])
            return f'"{given}" is not known here{word_meant(given, there_are) or f": write {there_are}"}'
        case "too_short":
            return "add at least one"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch" if detail["loc"][-1] in VERBS or "[key]" in detail["loc"]:
            return f'"{given}" names no record: write its type and id, such as lead/1'
        case _ if kind in _EXPECTED:
            return no_number(kind, given) or f"{_EXPECTED[kind]} is expected here"
        case _:
            return worded(detail)


def _no_verb(step: object) -> str:
    verbs = ", ".join(VERBS)
    words = [str(word) for word in step] if isinstance(step, Mapping) else []
    near = next(filter(None, (nearest(word, VERBS) for word in words)), None)
    hint = f'did you mean "{near}"?' if near else "add one"
    return f"a step has one of the words {verbs}; {hint}"


def _unknown_word(loc: Steps) -> str:
    word, known = str(loc[-1]), tuple(_model_at(loc).model_fields)
    if word in VERBS and len(loc) == _STEP_AND_VERB + 1:
        return f'this step is about "{loc[2]}" already: make "{word}" a step of its own'
    near = nearest(word, known)
    hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
    return f"this word is unknown; {hint}"


def _model_at(loc: Steps) -> type[BaseModel]:
    """The form that the last word of an error's way should have been a part of."""
    if loc[0] != "steps":
        return Scenario
    inside = [step for step in loc[_STEP_AND_VERB:-1] if step in _INSIDE]
    return _INSIDE[str(inside[-1])] if inside else VERBS[str(loc[_STEP_AND_VERB - 1])]
