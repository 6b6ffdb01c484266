"""The reader of domains as they are written: literal Python, JSON, or lists that a document holds already.

It knows brackets, texts, numbers, True, False, None and names without quotes, and nothing else: there are no calls, no
arithmetic, no variables, so what a user writes is only ever data. Every value remembers where it stands, for errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Final, NamedTuple

from service.language.tree import MAX_CHARACTERS, MAX_DEPTH, ConditionError

EXAMPLE: Final = "[('country_id', 'in', ['US', 'CA'])]"
MAX_VALUES: Final = 5_000
"""How many values, those in lists included, a domain has that is handed over as lists."""
MAX_DIGITS: Final = 300

_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d+", re.ASCII)
_PLAIN: Final[Mapping[str, re.Pattern[str]]] = {"'": re.compile(r"[^'\\\n]*"), '"': re.compile(r'[^"\\\n]*')}
_ESCAPE: Final = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-7]{1,3})|(?P<one>.))",
    re.DOTALL,
)
_LOW_HALF: Final = re.compile(r"\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_ESCAPED: Final[Mapping[str, str]] = {
    "\\": "\\", "'": "'", '"': '"', "/": "/", "\n": "",
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_WORDS: Final[Mapping[str, bool | None]] = {
    "True": True, "False": False, "None": None, "true": True, "false": False, "null": None,
}  # fmt: skip
_CLOSING: Final[Mapping[str, str]] = {"[": "]", "(": ")"}


class Name(str):
    """A name that stands without quotes: only a field can be written so."""

    __slots__ = ()


class Item(NamedTuple):
    """A value and where it stands: the column in a text (from 1), or the place in lists ("item 2.3")."""

    value: str | int | float | bool | tuple[Item, ...] | None
    column: int
    place: str = ""

    def wrong(self, what: str, example: str = EXAMPLE) -> ConditionError:
        """The error that says what is wrong here."""
        return ConditionError(f"{what} ({self.place})" if self.place else what, self.column, example)


def read(text: str) -> Item:
    """What a text says. Raises `ConditionError`."""
    if len(text) > MAX_CHARACTERS:
        raise ConditionError(
            f"a domain has at most {MAX_CHARACTERS} characters, this one has {len(text)}", MAX_CHARACTERS + 1, EXAMPLE
        )
    reader = _Reader(text)
    item = reader.value(depth=1)
    reader.end()
    return item


def located(value: object, place: str = "", depth: int = 1) -> Item:
    """Lists of a document with their places, as `read` gives them for a text. Raises `ConditionError`."""
    return _located(value, place, depth, [0])


def _located(value: object, place: str, depth: int, seen: list[int]) -> Item:
    seen[0] += 1
    here = Item(None, 1, f"item {place}" if place else "")
    if seen[0] > MAX_VALUES:
        raise here.wrong(f"a domain has at most {MAX_VALUES} values")
    match value:
        case str() | bool() | None:
            return here._replace(value=value)
        case int() | float():
            return here._replace(value=_finite(value, here))
        case list() | tuple():
            if depth > MAX_DEPTH:
                raise here.wrong(_too_deep())
            items = (
                _located(each, f"{place}.{number}" if place else str(number), depth + 1, seen)
                for number, each in enumerate(value, 1)
            )
            return here._replace(value=tuple(items))
        case _:
            raise here.wrong(f"a value of the type {type(value).__name__} has no place in a domain")


def _finite(value: int | float, item: Item) -> int | float:
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise item.wrong(f"a number has at most {MAX_DIGITS} digits")
        return value
    if not isfinite(value):
        raise item.wrong("this number is too large")
    return value


def _too_deep() -> str:
    return f"brackets stand inside each other at most {MAX_DEPTH} times"


class _Reader:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    def value(self, depth: int) -> Item:
        """The next value: a list, a text, a number, a word."""
        at = self._at
        if at == len(self._text):
            raise self._error("here a value is missing")
        character = self._text[at]
        if character in _CLOSING:
            if depth > MAX_DEPTH:
                raise self._error(_too_deep())
            return self._list(character, depth)
        if character in _PLAIN:
            return self._quoted()
        if character in "uU" and self._text[at + 1 : at + 2] in ("'", '"'):
            self._at += 1
            return self._quoted()._replace(column=at + 1)
        if number := _NUMBER.match(self._text, at):
            self._advance(number.end())
            return Item(self._number(number.group(), at), at + 1)
        if word := _NAME.match(self._text, at):
            return self._word(word.group())
        raise self._error(self._stray(character))

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._text):
            shown = self._text[self._at : self._at + 20]
            raise self._error(f'after the domain nothing may follow, here stands "{shown}"')

    def _list(self, bracket: str, depth: int) -> Item:
        """What brackets hold. As in Python, round ones around one value without a comma hold just that value."""
        start = self._at
        closing = _CLOSING[bracket]
        items: list[Item] = []
        has_comma = False
        self._advance(start + 1)
        while not self._text.startswith(closing, self._at):
            if self._at == len(self._text):
                raise ConditionError(f'this "{bracket}" is never closed', start + 1, EXAMPLE)
            if items and not has_comma:
                raise self._error(f'here "," or "{closing}" is missing')
            items.append(self.value(depth + 1))
            has_comma = self._text.startswith(",", self._at)
            if has_comma:
                self._advance(self._at + 1)
        self._advance(self._at + 1)
        if bracket == "(" and len(items) == 1 and not has_comma:
            return items[0]
        return Item(tuple(items), start + 1)

    def _quoted(self) -> Item:
        start = self._at
        quote = self._text[start]
        pieces: list[str] = []
        at = start + 1
        while True:
            plain = _PLAIN[quote].match(self._text, at)
            assert plain is not None  # it matches nothing, too
            pieces.append(plain.group())
            at = plain.end()
            if self._text.startswith(quote, at):
                self._advance(at + 1)
                return Item("".join(pieces), start + 1)
            escape = _ESCAPE.match(self._text, at)
            if escape is None:
                raise ConditionError("this quote is never closed", start + 1, EXAMPLE)
            character, at = self._escaped(escape)
            pieces.append(character)

    def _escaped(self, escape: re.Match[str]) -> tuple[str, int]:
        r"""The character and where it ends. As in Python, a backslash before anything else stays: `50\%`."""
        if (one := escape["one"]) is not None:
            if one in "xuUN":
                raise ConditionError(f'"\\{one}" is no escape', escape.start() + 1, r"'\u00e9' or '\xe9'")
            return _ESCAPED.get(one, escape.group()), escape.end()
        code = int(escape["octal"], 8) if escape["octal"] else int(escape["x"] or escape["u"] or escape["U"], 16)
        low = _LOW_HALF.match(self._text, escape.end())
        if 0xD800 <= code < 0xDC00 and low:
            return chr(0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00), low.end()
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise ConditionError(f'"{escape.group()}" is no character', escape.start() + 1, r"'\u00e9'")
        return chr(code), escape.end()

    def _number(self, text: str, at: int) -> int | float:
        item = Item(None, at + 1)
        if len(text) > MAX_DIGITS:
            raise item.wrong(f"a number has at most {MAX_DIGITS} digits")
        return _finite(int(text) if _WHOLE.fullmatch(text) else float(text), item)

    def _word(self, word: str) -> Item:
        at = self._at
        end = at + len(word)
        if self._text[end : end + 1] in ("'", '"'):
            raise self._error(f'"{word}" has no place before a quote')
        self._advance(end)
        if self._text.startswith("(", self._at):
            raise ConditionError(f'"{word}" cannot be called: a domain holds values only', at + 1, EXAMPLE)
        return Item(_WORDS[word] if word in _WORDS else Name(word), at + 1)

    def _stray(self, character: str) -> str:
        if character in "‘’“”«»„":
            return f'"{character}" is a typographic quote; a text has straight ones'
        if character in "])":
            return f'here "{character}" closes nothing'
        if character.isdigit() or character in "+-.":
            return "this is no number"
        return f'here a value is missing, "{character}" begins none'

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        assert space is not None  # it matches nothing, too
        self._at = space.end()

    def _advance(self, at: int) -> None:
        self._at = at
        self._skip()

    def _error(self, what: str) -> ConditionError:
        return ConditionError(what, self._at + 1, EXAMPLE)
