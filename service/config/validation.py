"""A tree of nodes is checked against the schema, and what is right in it is kept.

One wrong key must not hide the other mistakes of the file, so the wrong parts are reported, taken out, and the rest is
checked again: later checks then see everything that could be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.config import Document
from schemas.config_telling import LANGUAGE
from service.config.alternatives import EXPECTED, NONE_OF_THESE, told_once
from service.config.nodes import Location, Node, Steps, as_written
from service.config.problems import Problem
from service.config.shapes import known_keys, short_too, words_at
from service.language.nearest import nearest
from service.wording import worded

ROUNDS: Final = 8
"""How often what is left is checked again; more would mean that taking out does not help."""

DIGITS: Final = 18
"""So many digits a whole number has at most, as documents are read."""
NO_NAME: Final = "no name: use letters, digits, . _ - @ + ' and, inside, spaces"
NO_LANGUAGE: Final = "no tag of a language: write one such as en, de or fr-CA"
KEYS_TOLD: Final = 6
"""Of a mapping with more keys they are not listed."""
SHOWN: Final = 60
"""So many characters of a text are repeated."""
_WORDS: Final = re.compile(r"'([^']+)'")
_ORDERS: Final = frozenset({"position", "order", "rank", "index", "next"})


def validated(root: Node, file: str) -> tuple[Document, list[Problem]]:
    """What can be read of a document, and what cannot. Wrong parts are taken out of `root`."""
    problems: list[Problem] = []
    for _ in range(ROUNDS):
        try:
            return Document.model_validate(root.plain()), problems
        except ValidationError as error:
            details = list(_told(error.errors(include_url=False), root))
        located = [(detail, root.trail(detail["loc"])) for detail in details]
        problems += [
            Problem(file, *_where(detail, trail)[:2], _sentence(detail, trail))
            for detail, trail in located
            if not (trail[-1].is_cut or (detail["type"] == "value_error" and trail[-1].has_cuts))
        ]
        if any(len(trail) == 1 for _, trail in located):
            break
        for detail, trail in located:
            _take_out(detail, trail)
    return Document(), problems


def _told(details: Sequence[ErrorDetails], root: Node) -> Iterator[ErrorDetails]:
    """Each mistake once, at the place where it was written. A key that is missing because it was misspelt is told as
    misspelt.
    """
    details = told_once(details, root)
    misspelt = {(*each["loc"][:-1], _near(each["loc"])) for each in details if each["type"] == "extra_forbidden"}
    yield from (each for each in details if not (each["type"] == "missing" and each["loc"] in misspelt))


def location(trail: Sequence[Node], *, of_key: bool = False) -> Location:
    """Where the last node of a trail was written."""
    last = trail[-1]
    return last.key if of_key and last.key else last.location


def _take_out(detail: ErrorDetails, trail: Sequence[Node]) -> None:
    wrong = trail[-1]
    parent = next(node for node in reversed(trail) if node is not wrong)
    parent.remove(wrong)
    parent.is_cut = parent.is_cut or detail["type"] != "extra_forbidden" or bool(_near(detail["loc"]))
    for node in trail:
        node.has_cuts = True


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
        there_are = str(context["expected"]).replace("True", "true")
        meant = word_meant(given, there_are) or _key_near(given, path) or f": write {there_are}"
        return _key_alone(given, path) or f"{_quoted(given)} is not known here{meant}"
    if kind in EXPECTED or kind == NONE_OF_THESE:
        wanted = str(context.get("expected") or short_too(EXPECTED[kind], path))
        remedy = word_meant(given, wanted) or _form_meant(kind, given, path)
        if kind == "model_type" and (told := _key_alone(given, path)):
            return told
        return no_number(kind, given) or f"{wanted} is expected here, not {_quoted(given)}{remedy}"
    if kind == "value_error":
        return str(context["error"])
    return _unfit(detail)


def _unfit(detail: ErrorDetails) -> str:
    """What is said of a value of the right kind."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "too_long":
        return f"{len(given)} entries are too many: at most {context['max_length']} stand here"
    if kind == "string_too_short" and not given:
        return "this text is empty: write something, or leave it out"
    if kind == "string_pattern_mismatch":
        return f"{_quoted(given)} is {NO_NAME if context['pattern'] != LANGUAGE else NO_LANGUAGE}"
    if kind == "string_too_long":
        return f"a text has at most {context['max_length']} characters here, this one has {len(given)}: split it"
    return f"{_quoted(given)} does not fit: {worded(detail)}"


def word_meant(given: object, expected: str) -> str:
    """Which of the words that are expected is probably meant; empty: none."""
    near = nearest(given, _WORDS.findall(expected)) if isinstance(given, str) else None
    return f'; did you mean "{near}"?' if near else ""


def _form_meant(kind: str, given: object, path: Steps) -> str:
    """How a value of another form is written as what is expected; empty: that goes without saying."""
    keys = known_keys(path)
    match kind, given:
        case "tuple_type", dict():
            return ": put it in [ ], or a dash before it"
        case "tuple_type", str():
            return f": put it in [ ], [{given}]" if len(given) <= SHOWN else ": put it in [ ]"
        case _, "off" | "none":
            return ": leave this key out"
        case "model_type", str() | int() if 0 < len(keys) <= KEYS_TOLD:
            return f": its keys are {', '.join(keys)}"
        case _:
            return ""


def _key_alone(given: object, path: Steps) -> str:
    """What is said of a word that is a key of what stands here; empty: it is none."""
    if not isinstance(given, str) or given not in known_keys(path):
        return ""
    return f"{_quoted(given)} is a key here, and needs what it is about: write {{{given}: …}}"


def _key_near(given: object, path: Steps) -> str:
    """Which key is probably meant by a word in the place of a mapping; empty: none."""
    near = nearest(given, known_keys(path)) if isinstance(given, str) else None
    return f'; did you mean the key "{near}", {{{near}: …}}?' if near else ""


def no_number(kind: str, given: object) -> str:
    """Why a text that looks like a whole number is none; empty: it does not, or no number is expected."""
    if kind != "int_type" or not isinstance(given, str) or not given.lstrip("+-").isdecimal():
        return ""
    digits = len(given.lstrip("+-"))
    if digits > DIGITS:
        return f"a number has at most {DIGITS} digits here, this one has {digits}: write a smaller one"
    return f"a whole number is expected here, not the text {_quoted(given)}: leave its quotes out"


def _unknown_key(path: Steps) -> str:
    key, known = str(path[-1]), known_keys(path[:-1])
    if key in _ORDERS and "members" in path[:-1]:
        return "the order of members cannot be set, who joined first is first: leave this key out"
    near = _near(path)
    hint = f'did you mean "{near}"?' if near else _elsewhere(path) or f"known are {', '.join(known)}"
    return f"this key is unknown; {hint}"


def _elsewhere(path: Steps) -> str:
    """Where a key that is unknown here stands, one level further in or out; empty: it is not known there, either."""
    *above, key = path
    for words, further in (("inside", ()), ("in each of", (0,))):
        for inner in known_keys(tuple(above)):
            if key in known_keys((*above, inner, *further)):
                return f'it stands {words} "{inner}"'
    for inner in known_keys(tuple(above)):
        if key in words_at((*above, inner)):
            return f"it is no key but a word: write {inner}: {key}"
    if key in known_keys(()):
        return "it is a section, at the beginning of a line"
    outside = next((above[:end] for end in range(len(above) - 1, 0, -1) if key in known_keys(tuple(above[:end]))), None)
    return "" if outside is None else f'it stands outside of "{above[len(outside)]}", beside it'


def _near(path: Steps) -> str | None:
    """The key that is probably meant at the end of a path by one that is unknown."""
    return nearest(str(path[-1]), known_keys(path[:-1]))


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
            return f'"{given[:SHOWN]}"'
        case _:
            return str(given)[:SHOWN]
